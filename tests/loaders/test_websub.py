"""The websub feed: recorded requests to a hub, and on to a subscriber."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from reading import FIXTURES, check_good, check_hostile, files, load, load_text, only, rejects

from lineage.facts import Finding, HandoffEvent, Said
from loaders.websub import read as FEED  # noqa: N812  (it is the feed)


def told(said: list[Said]) -> list[tuple[object, ...]]:
    return [
        (e.source.rpartition(":")[2], e.type, e.raw_type, e.from_, e.to, e.identifiers[0], e.time)
        for e in only(HandoffEvent, said)
    ]


@pytest.mark.parametrize("path", files("websub", FEED), ids=lambda path: path.name)
def test_good(path: Path) -> None:
    check_good(FEED, path)


@pytest.mark.parametrize("path", files("hostile/websub", FEED), ids=lambda path: path.name)
def test_hostile(path: Path) -> None:
    check_hostile(FEED, path)


def test_a_publisher_tells_the_hub() -> None:
    at = datetime(2026, 3, 1, 6, tzinfo=UTC)
    assert told(load(FEED, FIXTURES / "websub" / "publish.http")) == [
        ("hub.example.com", "received", "publish", "transistor", "hub.example.com", "rss:feed:feeds.transistor.fm/foco", at),
        ("hub.example.com", "received", "publish", "example.org", "hub.example.com", "rss:feed:example.org/feed.xml", at),
    ]


def test_the_hub_tells_a_subscriber() -> None:
    path, at = FIXTURES / "websub" / "distribution.http", datetime(2026, 3, 1, 6, 0, 4, tzinfo=UTC)
    name = "rss:feed:feeds.transistor.fm/foco"
    assert told(load(FEED, path)) == [
        ("ingest.example.net", "received", "content distribution", "hub.example.com", "ingest.example.net", name, at)
    ]
    assert told(load(FEED, path, hub="hub", subscriber="ingest", recorded_by="sender")) == [
        ("hub", "sent", "content distribution", "hub", "ingest", name, at)
    ]


def test_without_a_date_it_has_no_time() -> None:
    (event,) = only(HandoffEvent, load(FEED, FIXTURES / "websub" / "undated.request"))
    assert event.time is None
    found = load(FEED, FIXTURES / "hostile" / "websub" / "no-address.http")
    assert [one.subject for one in only(Finding, found)] == ["Date"]


@pytest.mark.parametrize(
    "request_",
    [
        "GET /callback?hub.mode=subscribe&hub.topic=https%3A%2F%2Fa.example%2F&hub.challenge=x HTTP/1.1\nHost: a.example\n\n",
        "POST / HTTP/1.1\nHost: hub.example\nContent-Type: application/x-www-form-urlencoded\n\nhub.mode=subscribe&hub.topic=x",
    ],
)
def test_subscribing_hands_on_nothing(request_: str) -> None:
    assert load_text(FEED, "a.http", request_) == []


def test_a_request_without_host_is_rejected() -> None:
    request = "POST / HTTP/1.1\nContent-Type: application/x-www-form-urlencoded\n\nhub.mode=publish&hub.url=https://a.example/f"
    assert [reject.reason for reject in rejects(load_text(FEED, "a.http", request))] == ["the request names no Host"]
