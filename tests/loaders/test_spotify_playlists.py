"""The spotify-playlists feed on saved answers."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from harness import Say
from reading import FIXTURES, check_good, check_hostile, files, load, load_text, only, rejects, sample

from lineage.facts import Fact, Finding, HandoffEvent, Identifier, Item, Said
from lineage.session import Lineage
from loaders.spotify_playlists import read as FEED  # noqa: N812  (it is the feed)

VERSION = "playlist:spotify:59ZbFPES4DQwEjBpWHzrtC@bNLWdmhh+HDsbHzhckXeDC0uyKyg4FjPI/KEsKjAE526usnz2LxwgyBoMShVL+z+"
NEW = "playlist:spotify:3cEYpjA9oz9GiPac4AsH4n@AAAAEgRTzIqjEpCBxRPAxlbVfDYTOnEX"
REAL = (
    "java-AddItemsToPlaylistRequest.json", "java-CreatePlaylistRequest.json", "java-GetPlaylistRequest.json",
    "java-GetPlaylistsItemsRequest.json", "js-user_new_playlist.json",
)  # fmt: skip


def fixture(name: str) -> list[Said]:
    return load(FEED, FIXTURES / "spotify-playlists" / name)


def named(said: list[Said], item: str) -> set[str]:
    return {one.identifier for one in only(Identifier, said) if one.item == item}


def one(said: list[Said], kind: str) -> Item:
    (found,) = [item for item in only(Item, said) if item.kind == kind]
    return found


@pytest.mark.parametrize("path", files("spotify-playlists", FEED), ids=lambda path: path.name)
def test_good(path: object) -> None:
    check_good(FEED, path)  # type: ignore[arg-type]


@pytest.mark.parametrize("path", files("hostile/spotify-playlists", FEED), ids=lambda path: path.name)
def test_hostile(path: object) -> None:
    check_hostile(FEED, path)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", REAL)
def test_real_samples_load(name: str) -> None:
    said = load(FEED, sample(f"spotify_web_api/{name}"))
    assert only(Fact, said) and rejects(said) == []


def test_a_playlist_is_a_version_of_its_work_and_was_published() -> None:
    said = fixture("java-GetPlaylistRequest.json")
    playlist = one(said, "playlist")
    assert (playlist.id, playlist.name) == (VERSION, "Dinner with Friends")
    assert playlist.details["owner"] == "spotify" and playlist.details["followers"] == "143350"
    assert playlist.published_at is None  # one entry of 105 is here
    snapshot = VERSION.partition("@")[2]
    assert named(said, VERSION) == {"spotify:playlist:59ZbFPES4DQwEjBpWHzrtC", f"spotify:snapshot:{snapshot}"}
    (event,) = only(HandoffEvent, said)
    assert (event.type, event.item, event.time, event.route, event.to, event.from_) == (
        "published", VERSION, None, "playlist-publish", "spotify-playlists", None,
    )  # fmt: skip


def test_a_track_is_a_version_of_its_recording() -> None:
    said = fixture("java-GetPlaylistRequest.json")
    track = one(said, "track")
    assert track.id == "track:spotify:track:4i9sYtSIlR80bxje5B3rUb"
    assert (track.part_of, track.version_of, track.duration_s) == ((VERSION,), "recording:isrc:GBUM71403920", 204.732)
    assert named(said, "recording:isrc:GBUM71403920") == {"isrc:GBUM71403920"}
    assert named(said, track.id) == {"spotify:track:4i9sYtSIlR80bxje5B3rUb"}


def test_the_new_shape_local_files_episodes_and_what_is_gone() -> None:
    said = fixture("synthetic-new-shape.json")
    playlists = {item.id: item for item in only(Item, said) if item.kind == "playlist"}
    assert set(playlists) == {NEW, "playlist:spotify:7d2D2S200NyUE5KYs80PwO@s0o3TSuYnRLl2jch"}
    assert playlists[NEW].published_at == datetime(2026, 3, 2, 9, tzinfo=UTC)
    assert playlists[NEW].details["local_files"] == ("Store jingle",)
    assert playlists[NEW].details["unavailable"] == "1"
    assert playlists[NEW].details["owner_name"] == "Acme"
    tracks = {item.id.rpartition(":")[2]: item for item in only(Item, said) if item.kind == "track"}
    assert set(tracks) == {"4i9sYtSIlR80bxje5B3rUb", "7pk3EpFtmsOdj8iUhjmeCM"}  # the second has its old name only
    assert tracks["4i9sYtSIlR80bxje5B3rUb"].version_of == "recording:isrc:GBUM71403920"
    assert one(said, "episode").part_of == ("show:spotify:show:7qV2tMPbnZu18p2h0w6vvR", NEW)
    assert [event.item for event in only(HandoffEvent, said)] == list(playlists)  # its episode was not read in the catalogue


def test_a_page_of_entries_belongs_to_the_work() -> None:
    said = fixture("java-GetPlaylistsItemsRequest.json")
    assert one(said, "track").part_of == ("playlist:spotify:playlist:21THa8j9TaSGuXYNBU5tsC",)
    assert [one.finding for one in only(Finding, said)] == ["unnamed-entries"]


def test_a_playlist_without_snapshot_is_the_work_and_no_evidence() -> None:
    text = json.dumps({"type": "playlist", "id": "7Kud0O2IdWLbEGgvBkW9di", "name": "Test", "tracks": None, "images": [None]})
    said = load_text(FEED, "playlist.json", text)
    assert one(said, "playlist").id == "playlist:spotify:playlist:7Kud0O2IdWLbEGgvBkW9di"
    assert only(HandoffEvent, said) == []


def test_the_answer_to_a_write_accepts_the_version_that_it_made() -> None:
    (event,) = only(
        HandoffEvent, load(FEED, FIXTURES / "spotify-playlists" / "java-AddItemsToPlaylistRequest.json", sender="tool")
    )
    assert (event.type, event.raw_type, event.from_) == ("accepted", "snapshot_id", "tool")
    assert event.identifiers == (f"spotify:snapshot:{event.item.removeprefix('playlist:spotify:snapshot:')}",)  # type: ignore[union-attr]


def test_receipt_and_playlist_meet_by_the_snapshot_in_either_order(session: Lineage, say: Say) -> None:
    about = {"feed": "spotify-playlists", "authority": "observed"}
    receipt = load_text(FEED, "answer.json", '{"snapshot_id": "AAAAEgRTzIqjEpCBxRPAxlbVfDYTOnEX"}', sender="tool")
    say(*receipt, **about, source="answers")
    say(*load(FEED, FIXTURES / "spotify-playlists" / "synthetic-new-shape.json", sender="tool"), **about, source="playlists")
    trace = session.trace("spotify:playlist:3cEYpjA9oz9GiPac4AsH4n")
    assert trace.item.id == NEW
    (hop,) = trace.hops
    assert (hop.acknowledgement, hop.processing, hop.secured) == ("accepted", "published", True)
