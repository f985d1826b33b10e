"""The podping feed: transactions of the chain, the watcher's log, and what they say of a show."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from harness import Say
from reading import FIXTURES, check_good, check_hostile, files, load, load_text, only, rejects, sample

from lineage.facts import Finding, HandoffEvent, Said
from lineage.session import Lineage
from loaders.podcast import read as PODCAST  # noqa: N812  (it is the feed)
from loaders.podping import read as FEED  # noqa: N812  (it is the feed)


def fixture(name: str) -> list[Said]:
    return load(FEED, FIXTURES / "podping" / name)


@pytest.mark.parametrize("path", files("podping", FEED), ids=lambda path: path.name)
def test_good(path: Path) -> None:
    check_good(FEED, path)


@pytest.mark.parametrize("path", files("hostile/podping", FEED), ids=lambda path: path.name)
def test_hostile(path: Path) -> None:
    check_hostile(FEED, path)


def test_the_whole_watcher_log_loads() -> None:
    said = load(FEED, sample("podping/hivewatcher-very-first-trans.log"))
    assert len(only(HandoffEvent, said)) == 91
    assert rejects(said) == []


def test_a_schema_is_no_podping() -> None:
    assert len(rejects(load(FEED, sample("podping/podping.schema.json")))) == 1


def test_a_transaction_is_an_announcement_by_the_host() -> None:
    (seen,) = only(HandoffEvent, fixture("hive-transaction-2022-12-15-pp_podcast_update.json"))
    assert (seen.type, seen.raw_type, seen.from_, seen.to, seen.route) == ("received", "update", "transistor", "podping", None)
    assert seen.time == datetime(2022, 12, 15, 13, 46, 43, 175134, tzinfo=UTC)
    assert seen.identifiers == ("rss:feed:feeds.transistor.fm/lieux-dits",)
    assert seen.detail == "podcast; written by podping.bbb"


def test_every_form_is_read() -> None:
    told = [(one.identifiers[0].partition("rss:feed:")[2], one.raw_type, one.time and one.time.isoformat(), one.message_id)
            for one in only(HandoffEvent, fixture("synthetic-forms.jsonl"))]  # fmt: skip
    ids = {letter: f"{letter}1".rjust(40, "0") for letter in "abd"}
    assert told[0][:3] == ("feeds.buzzsprout.com/901954.rss", None, None)
    assert told[1:] == [
        ("feeds.buzzsprout.com/673345.rss", None, None, ids["a"]),
        ("feeds.captivate.fm/ubcnewsworld", "feed_update", "2021-06-01T12:00:03+00:00", ids["b"]),
        ("feeds.transistor.fm/foco", "feed_update", "2021-06-01T12:00:03+00:00", ids["b"]),
        ("example.org/feed.xml", "live", "2023-01-02T03:04:06+00:00", "c2".rjust(40, "0")),
        ("example.org/music.xml", "liveEnd", "2023-01-02T03:05:00+00:00", ids["d"]),
    ]


def test_time_is_exact_to_the_microsecond_and_a_float_is_none() -> None:
    ping = {
        "version": "1.1",
        "medium": "podcast",
        "reason": "update",
        "iris": ["https://a.example/feed"],
        "sessionId": 2**64 - 1,
    }

    def time_of(ns: object) -> datetime | None:
        (one,) = only(HandoffEvent, load_text(FEED, "ping.json", json.dumps({**ping, "timestampNs": ns})))
        return one.time

    exact = datetime(2022, 12, 15, 13, 46, 43, 175134, tzinfo=UTC)
    assert time_of(1671112003175134976) == time_of("1671112003175134976") == exact
    assert [time_of(ns) for ns in (1.671112003175135e18, -1, True, "soon", 2**64)] == [None] * 5


def test_a_wrong_count_is_a_finding() -> None:
    said = load_text(FEED, "ping.json", '{"version": "0.2", "num_urls": 3, "urls": ["https://a.example/feed"]}')
    assert [one.finding for one in only(Finding, said)] == ["wrong-count"]
    assert len(only(HandoffEvent, said)) == 1


def test_a_block_without_podpings_is_nothing_odd() -> None:
    block = {"block": {"timestamp": "2023-01-02T03:04:06", "transactions": [{"operations": [["vote", {"voter": "a"}]]}]}}
    assert load_text(FEED, "block.json", json.dumps(block)) == []


def test_it_is_about_the_show_of_that_feed_and_log_and_chain_are_one_attempt(session: Lineage, say: Say) -> None:
    about = {"source": "all", "authority": "observed"}
    say(*fixture("synthetic-forms.jsonl"), feed="podping", **about)
    say(*fixture("synthetic-watcher.log"), feed="podping", **about)
    rss = (
        '<rss xmlns:p="https://podcastindex.org/namespace/1.0"><channel><title>Ours</title><p:guid>{}</p:guid></channel></rss>'
    )
    guid = "917393e3-1b1e-5cef-ace4-edaa54e1f810"
    feed = load_text(PODCAST, "feed.xml", rss.format(guid), url="https://example.org/feed.xml")
    say(*feed, feed="podcast", **about)
    trace = session.trace("rss:feed:example.org/feed.xml")
    assert trace.item.name == "Ours"
    (hop,) = trace.hops
    assert (hop.from_, hop.to, hop.secured, hop.attempts, len(hop.evidence)) == ("example.org", "podping", True, 1, 2)
