"""The Spotify Web API read live through spotipy, against a local server that checks calls by its OpenAPI document."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from reading import only, rejects
from tenacity import wait_none
from web_api_server import CLIENT, FIXTURES, REFRESH, SECRET, WebApiServer, serving

from lineage.digest import digest
from lineage.facts import Fact, Finding, HandoffEvent, Item, Said
from lineage.graph import Graph
from lineage.loading import load, opened
from lineage.session import Lineage
from loaders import _api_http

SHOW, PLAYLIST = "7qV2tMPbnZu18p2h0w6vvR", "59ZbFPES4DQwEjBpWHzrtC"
EPISODES = f"/shows/{SHOW}/episodes/"


def sample(name: str) -> Any:
    return json.loads((FIXTURES / name).read_text("utf-8"))


def episode(number: int) -> dict[str, Any]:
    return {"type": "episode", "id": f"episode{number}", "name": f"No {number}", "release_date": "2026-03-01",
            "release_date_precision": "day", "duration_ms": 600_000}  # fmt: skip


def entry(number: int) -> dict[str, Any]:
    added = f"2026-03-01T00:{number // 60:02}:{number % 60:02}Z"
    return {"added_at": added, "is_local": False, "item": {"type": "track", "id": f"track{number}", "name": f"Track {number}"}}


def hold(server: WebApiServer, entries: int, snapshot: str = "one") -> None:
    """Give the playlist so many entries, of which the object itself holds a hundred."""
    listed = [entry(number) for number in range(entries)]
    own = sample("spotify-playlists/java-GetPlaylistRequest.json")
    items = {"items": listed[:100], "total": entries, "limit": 100, "offset": 0, "next": None, "previous": None, "href": ""}
    server.served[f"/playlists/{PLAYLIST}"] = {**own, "snapshot_id": snapshot, "tracks": items, "items": items}
    server.served[f"/playlists/{PLAYLIST}/items"] = listed


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[WebApiServer]:
    monkeypatch.setenv("SPOTIPY_CLIENT_ID", CLIENT)
    monkeypatch.setenv("SPOTIPY_CLIENT_SECRET", SECRET)
    monkeypatch.delenv("SPOTIPY_REFRESH_TOKEN", raising=False)
    monkeypatch.setenv("LINEAGE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(_api_http, "_BACKOFF", wait_none())
    monkeypatch.chdir(tmp_path)
    with serving() as server:
        server.served = {
            f"/shows/{SHOW}": sample("spotify-catalog/js-episode.json")["show"],
            EPISODES.rstrip("/"): [episode(number) for number in range(120)],
            "/episodes/47nrkWxUkjYqkfJrAIYeAI": sample("spotify-catalog/js-episode.json"),
        }
        hold(server, 3)
        yield server


def read(server: WebApiServer, feed: str, **settings: str) -> list[Said]:
    with opened(feed, server.url, given={"token_url": server.token_url, **settings}) as reading:
        return list(reading.said())


def catalogue(server: WebApiServer, **settings: str) -> list[Said]:
    return read(server, "spotify-catalog", **{"shows": SHOW, **settings})


def playlists(server: WebApiServer, **settings: str) -> list[Said]:
    return read(server, "spotify-playlists", **{"playlists": PLAYLIST, **settings})


def ids(said: list[Said], kind: str) -> set[str]:
    return {item.id for item in only(Item, said) if item.kind == kind}


def spooled(tmp_path: Path) -> list[Path]:
    return sorted((tmp_path / "cache").rglob("*.json"))


def test_a_show_is_read_with_all_its_episodes(server: WebApiServer, tmp_path: Path) -> None:
    said = catalogue(server, market="SE", episodes="spotify:episode:47nrkWxUkjYqkfJrAIYeAI")
    assert rejects(said) == []
    assert len(ids(said, "episode")) == 121
    assert len(only(HandoffEvent, said)) == 121
    assert server.calls == [
        f"/shows/{SHOW}?market=SE",
        *(f"{EPISODES}?limit=50&offset={offset}&market=SE" for offset in (0, 50, 100)),
        "/episodes/47nrkWxUkjYqkfJrAIYeAI?market=SE",
    ]
    assert server.tokens == ["client_credentials"]
    assert spooled(tmp_path) == []
    assert not (tmp_path / ".cache").exists()  # where spotipy would put the token


def test_a_playlist_is_read_with_all_its_entries(server: WebApiServer) -> None:
    hold(server, 230)
    said = playlists(server)
    assert rejects(said) == []
    assert len(ids(said, "track")) == 230
    (version,) = [item for item in only(Item, said) if item.kind == "playlist"]
    assert version.id == f"playlist:spotify:{PLAYLIST}@one"
    assert version.published_at is not None and version.published_at.minute == 229 // 60
    path = f"/playlists/{PLAYLIST}"
    assert [call.partition("&additional")[0] for call in server.calls] == [
        f"{path}?additional_types=track%2Cepisode",
        *(f"{path}/items?limit=50&offset={offset}" for offset in (100, 150, 200)),
        f"{path}?fields=snapshot_id",
    ]


def test_all_playlists_of_the_user(server: WebApiServer, monkeypatch: pytest.MonkeyPatch) -> None:
    server.served["/me/playlists"] = [{"id": PLAYLIST, "type": "playlist"}, None]
    monkeypatch.setenv("SPOTIPY_REFRESH_TOKEN", REFRESH)
    assert ids(playlists(server, playlists=""), "playlist") == {f"playlist:spotify:{PLAYLIST}@one"}
    assert server.tokens == ["refresh_token"]


def test_of_somebody_elses_playlist_the_version_is_known(server: WebApiServer) -> None:
    held = server.served[f"/playlists/{PLAYLIST}"]
    server.served[f"/playlists/{PLAYLIST}"] = {name: value for name, value in held.items() if name not in {"items", "tracks"}}
    said = playlists(server)
    assert rejects(said) == []
    assert [one.finding for one in only(Finding, said)] == ["no-items"]
    assert ids(said, "playlist") == {f"playlist:spotify:{PLAYLIST}@one"}


def test_a_playlist_that_changes_while_it_is_read_is_read_anew(server: WebApiServer, monkeypatch: pytest.MonkeyPatch) -> None:
    hold(server, 120)
    given = server.answer

    def changing(target: str, authorization: str) -> Any:
        answer = given(target, authorization)
        if "/items?" in target and len(server.calls) < 3:
            hold(server, 121, "two")
        return answer

    monkeypatch.setattr(server, "answer", changing)
    first = playlists(server)
    assert [reject.reason for reject in rejects(first)] == ["the playlist was changed while it was read"]
    assert only(Fact, first) == []
    second = playlists(server)
    assert rejects(second) == []
    assert ids(second, "playlist") == {f"playlist:spotify:{PLAYLIST}@two"}
    assert len(ids(second, "track")) == 121


def test_a_rate_limit_is_waited_out(server: WebApiServer) -> None:
    server.fault(EPISODES, 429, times=2, Retry_After="1")
    started = time.monotonic()
    assert rejects(catalogue(server)) == []
    assert time.monotonic() - started >= 2


def test_a_rate_limit_beyond_the_patience_ends_the_read(server: WebApiServer) -> None:
    server.fault(EPISODES, 429, Retry_After="86400")
    (reject,) = rejects(catalogue(server, patience="5"))
    assert reject.position == f"{server.url}/shows/{SHOW}/episodes?limit=50&offset=0"
    assert reject.reason == "too many requests (429); it asks to wait 86400 s, and 5 s of patience are left"
    assert len(server.calls) == 2


@pytest.mark.parametrize(
    "status, body, reason",
    [
        (502, b"<html>bad gateway</html>", "the API answers 502: "),
        (200, b'{"items": [{"id"', "the answer is not JSON"),
        (200, b"", "the answer is not JSON"),
    ],
)
def test_a_read_that_broke_off_is_gone_on_with(
    server: WebApiServer, tmp_path: Path, status: int, body: bytes, reason: str
) -> None:
    second = f"{EPISODES}?limit=50&offset=50"
    server.fault(second, status, body)
    first = catalogue(server)
    (reject,) = rejects(first)
    assert reject.reason.startswith(reason)
    assert "run the same load again" in reject.hint
    assert len(ids(first, "episode")) == 70  # also the page behind the broken one
    assert len(spooled(tmp_path)) == 3

    server.faults.clear()
    server.calls.clear()
    whole = catalogue(server)
    assert server.calls == [second]
    assert rejects(whole) == []
    assert len(ids(whole, "episode")) == 120
    assert spooled(tmp_path) == []


def test_an_id_that_is_not_there_is_a_reject_and_the_rest_is_read(server: WebApiServer) -> None:
    said = catalogue(server, shows=f"nothing,{SHOW}")
    assert len(ids(said, "episode")) == 120
    assert {reject.reason.partition(":")[0] for reject in rejects(said)} == {"the API answers 404"}


def test_a_list_that_gives_less_than_it_counts_is_not_taken_for_whole(server: WebApiServer) -> None:
    server.fault(f"{EPISODES}?limit=50&offset=0", 200, json.dumps({"items": [episode(1)], "total": 130}).encode(), times=1)
    server.fault(f"{EPISODES}?limit=50&offset=1", 200, json.dumps({"items": [], "total": 130}).encode(), times=1)
    (reject,) = rejects(catalogue(server))
    assert reject.reason == "the API counts 130 and gives 1"


def test_a_token_that_was_taken_back_is_renewed_once(server: WebApiServer) -> None:
    server.revoked = "token-1"
    assert rejects(catalogue(server)) == []
    assert len(server.tokens) == 2


@pytest.mark.parametrize("feed, hint", [("spotify-catalog", "shows"), ("spotify-playlists", "SPOTIPY_REFRESH_TOKEN")])
def test_what_cannot_be_asked_is_said(server: WebApiServer, feed: str, hint: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if feed == "spotify-playlists":
        monkeypatch.delenv("SPOTIPY_CLIENT_SECRET")
    (reject,) = rejects(read(server, feed))
    assert hint in reject.hint
    assert server.calls == []


def test_a_token_does_not_travel_in_the_clear(server: WebApiServer) -> None:
    with opened("spotify-catalog", "http://api.example.com/v1", given={"shows": SHOW}) as reading:
        (reject,) = rejects(list(reading.said()))
    assert "in the clear" in reject.reason


SECRETS = json.dumps({"error": {"message": f"{SECRET} {REFRESH} token-1"}}).encode()


@pytest.mark.parametrize(
    "call, status, body",
    [
        (EPISODES, 400, SECRETS),
        (EPISODES, 500, f"{SECRET} {REFRESH} token-1".encode()),
        (EPISODES, 403, json.dumps([SECRET, REFRESH, "token-1"]).encode()),
        (EPISODES, 403, json.dumps({"error": f"{SECRET} {REFRESH} token-1"}).encode()),
        ("token", 400, json.dumps({"error": SECRET, "error_description": REFRESH}).encode()),
        ("token", 200, json.dumps({"access": SECRET}).encode()),
        ("token", 200, SECRET.encode()),
        ("token", 503, SECRET.encode()),
    ],
)
def test_no_secret_is_in_a_message(
    server: WebApiServer,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    call: str,
    status: int,
    body: bytes,
) -> None:
    monkeypatch.setenv("SPOTIPY_REFRESH_TOKEN", REFRESH)
    server.fault(call, status, body)
    with caplog.at_level(logging.DEBUG):
        found = rejects(catalogue(server, patience="0"))
    assert found
    logged = "".join(record.getMessage() for record in caplog.records if record.name.startswith("spotipy"))
    told = "".join(reject.model_dump_json() for reject in found) + logged + "".join(capfd.readouterr())
    assert not [secret for secret in (SECRET, REFRESH, "token-1") if secret in told]


def test_it_is_loaded_and_reading_again_changes_nothing(server: WebApiServer, graph: Graph, tmp_path: Path) -> None:
    def loaded() -> tuple[int, int, int]:
        settings = {"token_url": server.token_url, "playlists": PLAYLIST}
        report = load(graph, "spotify-playlists", server.url, rejects=lambda: tmp_path / "rejects", settings=settings)
        return report.rejected, report.created + report.changed, report.retired

    assert loaded()[0] == 0
    before = digest(graph)
    assert loaded() == (0, 0, 0)
    assert digest(graph) == before
    hold(server, 2, "two")
    assert loaded()[0] == 0
    versions = "MATCH (v:Playlist)-[:VERSION_OF]->(:Item {id: $work}) RETURN v.id AS id, v.retired AS retired ORDER BY id"
    assert graph.read(versions, work=f"playlist:spotify:playlist:{PLAYLIST}").rows == [
        {"id": f"playlist:spotify:{PLAYLIST}@one", "retired": True},
        {"id": f"playlist:spotify:{PLAYLIST}@two", "retired": None},
    ]
    # Its latest addition is older than that of the version before, from which something was only taken away.
    assert Lineage(graph).trace(f"spotify:playlist:{PLAYLIST}").item.id == f"playlist:spotify:{PLAYLIST}@two"
