"""The spotify-catalog feed on saved answers, its crosswalk, and what comes of a podcast's feed with it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from evidence import at, event
from harness import Run, Say
from reading import FIXTURES, check_good, check_hostile, files, load, load_text, only, rejects, sample

from lineage.errors import UsageError
from lineage.facts import Fact, HandoffEvent, Identifier, Item, Route, Said, System
from lineage.graph import Graph
from lineage.loading import opened, settings_for
from lineage.session import Lineage
from loaders.podcast import read as PODCAST  # noqa: N812  (it is the feed)
from loaders.spotify_catalog import read as FEED  # noqa: N812  (it is the feed)

EPISODE = "episode:spotify:episode:47nrkWxUkjYqkfJrAIYeAI"
SHOW = "show:spotify:show:7qV2tMPbnZu18p2h0w6vvR"
REAL = ("java-GetEpisodeRequest.json", "java-GetShowRequest.json", "js-episode.json", "js-show_episodes.json")


def fixture(name: str, **settings: str) -> list[Said]:
    return load(FEED, FIXTURES / "spotify-catalog" / name, **settings)


@pytest.mark.parametrize("path", files("spotify-catalog", FEED), ids=lambda path: path.name)
def test_good(path: Path) -> None:
    check_good(FEED, path)


@pytest.mark.parametrize("path", files("hostile/spotify-catalog", FEED), ids=lambda path: path.name)
def test_hostile(path: Path) -> None:
    check_hostile(FEED, path)


@pytest.mark.parametrize("name", REAL)
def test_real_samples_load(name: str) -> None:
    said = load(FEED, sample(f"spotify_web_api/{name}"))
    assert only(HandoffEvent, said) and rejects(said) == []


def test_an_episode_in_the_catalogue_was_published_there() -> None:
    said = fixture("js-episode.json", sender="acme-host", route="host-to-spotify")
    episode = next(item for item in only(Item, said) if item.kind == "episode")
    assert (episode.id, episode.name, episode.part_of) == (EPISODE, "Torsdag 30 april 2020", (SHOW,))
    assert (episode.published_at, episode.duration_s) == (datetime(2020, 4, 30, tzinfo=UTC), 729.0)
    (seen,) = only(HandoffEvent, said)
    assert (seen.type, seen.item, seen.from_, seen.to, seen.route) == (
        "published", EPISODE, "acme-host", "spotify-catalogue", "host-to-spotify",
    )  # fmt: skip
    assert seen.time is None
    names = {(one.item, one.identifier) for one in only(Identifier, said)}
    assert names == {(EPISODE, "spotify:episode:47nrkWxUkjYqkfJrAIYeAI"), (SHOW, "spotify:show:7qV2tMPbnZu18p2h0w6vvR")}


def test_the_same_episode_in_any_answer_is_the_same_event() -> None:
    alone, listed = only(HandoffEvent, fixture("js-episode.json")), only(HandoffEvent, fixture("js-show_episodes.json"))
    assert alone[0].model_dump() in [one.model_dump() for one in listed]  # but for where it stands
    assert [item.part_of for item in only(Item, fixture("js-show_episodes.json"))] == [(SHOW,), (SHOW,)]


def test_a_date_without_day_is_no_time_and_what_cannot_be_played_proves_nothing() -> None:
    said = fixture("synthetic-several.jsonl")
    first, second = [item for item in only(Item, said) if item.kind == "episode"]
    assert (first.published_at, second.published_at) == (None, None)
    assert (first.details["release_date"], first.details["restriction"], second.duration_s) == ("2015", "market", None)
    assert [(one.type, one.raw_type) for one in only(HandoffEvent, said)] == [("unknown", "not playable"), ("published", None)]


CROSSWALK = """spotify,item,guid,feed,kind
spotify:episode:47nrkWxUkjYqkfJrAIYeAI,,the-guid,,
https://open.spotify.com/episode/6eV4cQt2Du8shnRjj6vO7o?si=1,episode:acme-42,,,
7qV2tMPbnZu18p2h0w6vvR,,,https://Feeds.example.com/show.xml/,show
spotify:show:5AvwZVawapvyhJUIx71pdJ,,9B024349-ccf0-5f69-a609-6b82873eab3c,,
"""


def crosswalked(folder: Path, text: str) -> list[Said]:
    path = folder / "crosswalk.csv"
    path.write_text(text, "utf-8")
    with opened(
        "spotify-catalog", str(FIXTURES / "spotify-catalog" / "js-episode.json"), given={"crosswalk": str(path)}
    ) as reading:
        return list(reading.said())


def test_a_crosswalk_says_what_is_what(tmp_path: Path) -> None:
    said = crosswalked(tmp_path, CROSSWALK)
    assert rejects(said) == []
    assert [(one.item, one.identifier) for one in only(Identifier, said)][-4:] == [
        ("episode:rss:guid:the-guid", "spotify:episode:47nrkWxUkjYqkfJrAIYeAI"),
        ("episode:acme-42", "spotify:episode:6eV4cQt2Du8shnRjj6vO7o"),
        (SHOW, "rss:feed:feeds.example.com/show.xml"),
        ("show:spotify:show:5AvwZVawapvyhJUIx71pdJ", "podcast:guid:9b024349-ccf0-5f69-a609-6b82873eab3c"),
    ]


def test_rows_of_a_crosswalk_that_say_nothing_are_rejected(tmp_path: Path) -> None:
    rows = [
        "spotify:album:1,,g-1234,,",
        "x!,,g-1234,,",
        "abc,,12,,",
        "abc,show:1,,,",
        "abc,,,https://a.example/feed,",
        "abc,,,,",
    ]
    found = rejects(crosswalked(tmp_path, "\n".join(["spotify,item,guid,feed,kind", *rows])))
    assert [reject.position for reject in found] == [f"crosswalk.csv: line {number}" for number in range(2, 8)]
    assert all(reject.reason and reject.hint and reject.record for reject in found)
    (reject,) = rejects(crosswalked(tmp_path, "a,b\n1,2\n"))
    assert reject.reason == "not a crosswalk: its columns are a, b"


def test_another_crosswalk_is_another_meaning_and_none_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "crosswalk.csv"
    path.write_text(CROSSWALK, "utf-8")
    before = settings_for(FEED, {"crosswalk": str(path)}).model_dump_json()
    path.write_text(CROSSWALK + "\n", "utf-8")
    assert settings_for(FEED, {"crosswalk": str(path)}).model_dump_json() != before
    with pytest.raises(UsageError, match="cannot be read"):
        settings_for(FEED, {"crosswalk": str(tmp_path / "nothing.csv")})


# With the podcast's own feed.

RSS = """<rss version="2.0" xmlns:itunes="http://www.itunes.com/dtds/podcast-1.0.dtd"><channel><title>The Dev Meeting</title>
<item><guid>guid-0001</guid><title>Budget news</title><pubDate>Sun, 01 Mar 2026 05:00:00 GMT</pubDate>
<itunes:duration>30:01</itunes:duration><enclosure url="https://media.acme.example/1.mp3"/></item></channel></rss>"""
ANSWER = json.dumps(
    {"type": "episode", "id": "abc", "name": "Budget News", "release_date": "2026-03-01", "release_date_precision": "day",
     "duration_ms": 1_801_400, "show": {"type": "show", "id": "def", "name": "The Dev Meeting"}}
)  # fmt: skip
MAP: tuple[Fact, ...] = (
    System(id="media.acme.example"),
    Route.model_validate(
        {"id": "episode-publish", "from": "media.acme.example", "to": "spotify-catalogue", "item_kind": "episode", "after": (),
         "deliver_within": "PT6H"}
    ),
)  # fmt: skip
OURS = "episode:rss:guid:guid-0001"


def test_feed_and_catalogue_meet_by_a_score_or_by_a_crosswalk(session: Lineage, say: Say, tmp_path: Path) -> None:
    queued = event("q", "queued", 5 * 60, "media.acme.example", item=OURS, route="episode-publish")
    say(*MAP), say(queued, feed="handoffs", source="log", authority="observed")
    say(*load_text(PODCAST, "feed.xml", RSS), feed="podcast", source="feed.xml", authority="observed")
    assert [row.item for row in session.late(as_of=at(24 * 60)).rows] == [OURS]  # expected there, and not seen
    say(*load_text(FEED, "answer.json", ANSWER), feed="spotify-catalog", source="answer.json", authority="observed")

    (match,) = session.trace(OURS).item.may_be
    assert (match.id, match.score) == ("episode:spotify:episode:abc", 1.0)
    verdict = session.last_handoff(OURS, as_of=at(24 * 60)).verdict
    assert (verdict.zone, verdict.rule) == ("undetermined", "not-sent")
    assert "it may be episode:spotify:episode:abc, which was seen published at spotify-catalogue" in verdict.reason

    path = tmp_path / "crosswalk.csv"
    path.write_text("spotify,guid\nspotify:episode:abc,guid-0001\n", "utf-8")
    said = load_text(FEED, "answer.json", ANSWER, crosswalk=str(path))
    say(*said, feed="spotify-catalog", source="answer.json", authority="observed")
    assert session.last_handoff(OURS, as_of=at(24 * 60)).verdict.rule == "arrived"
    assert session.trace("spotify:episode:abc").item.id == OURS
    assert session.late(as_of=at(24 * 60)).rows == ()


def test_told_as_text_it_says_that_nobody_knows_when(run_cli: Run, say: Say, graph: Graph) -> None:
    say(*fixture("js-episode.json"), feed="spotify-catalog", source="answer.json", authority="observed")
    told = run_cli("last-handoff", "spotify:episode:47nrkWxUkjYqkfJrAIYeAI").out
    assert "? → spotify-catalogue, nobody says when (route episode-publish)" in " ".join(told.split())
