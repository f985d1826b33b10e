"""The podcast feed."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reading import FIXTURES, check_good, check_hostile, files, load, load_text, only, rejects, sample

from lineage.facts import Dataset, Identifier, Interface, Item, Partner, Route, Said, System
from loaders._rss import feed_guid, moment, normal_feed_url
from loaders.podcast import read

# file -> (shows, episodes, live items, routes, rejects)
SAMPLES = {
    "legacy.xml": (1, 3, 0, 0, 0),
    "podcastindex-namespace-example.xml": (1, 3, 1, 0, 0),
    "podcastindex-schema-example.xml": (0, 0, 0, 0, 1),
    "podcastparser-episode_podcast_person.rss": (1, 1, 0, 0, 0),
    "podcastparser-episode_podcast_transcript.rss": (1, 1, 0, 0, 0),
    "podcastparser-multi_enclosures.rss": (1, 1, 0, 0, 0),
    "podcastparser-no_guid.rss": (1, 1, 0, 0, 0),
    "podcastparser-podcast_locked_feed.rss": (1, 0, 0, 0, 0),
    "podcastparser-redirect_new_location.rss": (1, 0, 0, 0, 0),
    "podverse-test-feed.xml": (1, 5, 4, 0, 0),
    "publisher-feed.xml": (1, 0, 0, 0, 0),
    "real-1865-art19-podtrac-chartable-podsights.xml": (1, 61, 0, 3, 0),
    "real-pc20.xml": (1, 56, 0, 0, 0),
}


def rss(*parts: str, head: str = "<title>Show</title>") -> str:
    body = "".join(f"<item>{part}</item>" for part in parts)
    return f"<rss version='2.0'><channel>{head}{body}</channel></rss>"


def feed(*parts: str, head: str = "<title>Show</title>", url: str | None = None) -> list[Said]:
    return load_text(read, "feed.xml", rss(*parts, head=head), url=url)


def enclosure(url: str) -> str:
    return f"<enclosure url='{url}'/>"


def episode(said: list[Said]) -> Item:
    (found,) = (item for item in only(Item, said) if item.kind == "episode")
    return found


@pytest.mark.parametrize("path", files("podcast", read), ids=lambda path: path.name)
def test_fixture(path: Path) -> None:
    check_good(read, path)


@pytest.mark.parametrize("path", files("hostile/podcast", read), ids=lambda path: path.name)
def test_hostile(path: Path) -> None:
    check_hostile(read, path)


@pytest.mark.parametrize("name", SAMPLES)
def test_sample(name: str) -> None:
    said = load(read, sample(f"podcast_rss/{name}"))
    kinds = [item.kind for item in only(Item, said)]
    counts = [kinds.count(kind) for kind in ("show", "episode", "live")]
    assert (*counts, len(only(Route, said)), len(rejects(said))) == SAMPLES[name]


@pytest.mark.parametrize(
    ("url", "guid"),
    [
        # The documented examples (docs/tags/guid.md of the podcast namespace).
        ("https://podnews.net/rss", "9b024349-ccf0-5f69-a609-6b82873eab3c"),
        ("http://podnews.net/rss/", "9b024349-ccf0-5f69-a609-6b82873eab3c"),
        ("https://mp3s.nashownotes.com/pc20rss.xml", "917393e3-1b1e-5cef-ace4-edaa54e1f810"),
    ],
)
def test_feed_guid(url: str, guid: str) -> None:
    assert str(feed_guid(url)) == guid


def test_normal_feed_url() -> None:
    assert normal_feed_url("HTTPS://Feeds.Example.com/Show/") == "feeds.example.com/Show"


def test_a_show_with_a_chain() -> None:
    said = load(read, FIXTURES / "podcast" / "prefixed-show.xml")
    show, ferry, pier = only(Item, said)
    key = str(feed_guid("https://Feeds.Megaphone.fm/harbour/"))
    assert show.id == f"show:{key}"
    assert show.details["new_feed_url"] == "https://feeds.acast.com/harbour"
    assert (show.details["locked"], show.details["locked_owner"]) == ("yes", "feeds@harbour.example")
    assert show.details["txt"] == "verify: h4rb0ur"
    assert (ferry.id, ferry.name, ferry.origin) == ("episode:rss:guid:harbour-0002", "The ferry", "megaphone")
    assert ferry.published_at == datetime(2026, 11, 3, 5, tzinfo=UTC)
    assert ferry.details["transcripts"] == "https://text.harbour.example/2.vtt text/vtt en"
    assert ferry.details["persons"] == "Ada Lindqvist (Guest)"
    assert pier.id == f"episode:rss:guid:{key}/1"
    assert {(i.item, i.identifier) for i in only(Identifier, said)} == {
        (show.id, f"podcast:guid:{key}"),
        (show.id, "rss:feed:feeds.megaphone.fm/harbour"),
        (show.id, "rss:feed:feeds.acast.com/harbour"),
        (ferry.id, "rss:guid:harbour-0002"),
        (ferry.id, "enclosure:https://traffic.megaphone.fm/HBR0002.mp3"),
        (pier.id, "rss:guid:1"),
        (pier.id, "enclosure:https://traffic.megaphone.fm/HBR0001.mp3"),
    }
    assert [(s.id, s.kind, s.partner) for s in only(System, said)] == [
        ("megaphone", "podcast-host", "spotify"),
        ("op3", "measurement", "op3"),
        ("podtrac", "measurement", "podtrac"),
        ("spotify-ad-analytics", "measurement", "spotify"),
        ("text.harbour.example", "transcript-host", None),
    ]
    assert [(p.id, p.zone) for p in only(Partner, said)] == [
        ("spotify", "spotify"),
        ("op3", "middleware"),
        ("podtrac", "middleware"),
    ]
    assert [(r.from_, r.to, r.item_kind) for r in only(Route, said)] == [
        ("op3", "podtrac", ()),
        ("podtrac", "spotify-ad-analytics", ()),
        ("spotify-ad-analytics", "megaphone", ()),
    ]
    assert [i.id for i in only(Interface, said)] == ["rss:feeds.megaphone.fm/harbour", "transcripts:text.harbour.example"]
    assert [d.id for d in only(Dataset, said)] == [f"rss:{key}", f"enclosure:{key}"]


def test_a_real_chain_is_said_once() -> None:
    said = load(read, sample("podcast_rss/real-1865-art19-podtrac-chartable-podsights.xml"))
    assert [(r.from_, r.to) for r in only(Route, said)] == [
        ("podtrac", "chartable"),
        ("chartable", "podsights"),
        ("podsights", "art19"),
    ]
    assert {item.origin for item in only(Item, said)[1:]} == {"art19"}
    assert all(item.published_at for item in only(Item, said)[1:])


def test_both_namespaces_and_undeclared_prefixes_say_the_same() -> None:
    text = (FIXTURES / "podcast" / "podcastindex-namespace-example.xml").read_text("utf-8")
    new = "https://podcastindex.org/namespace/1.0"
    assert new in text
    old = text.replace(new, "https://github.com/Podcastindex-org/podcast-namespace/blob/main/docs/1.0.md")
    none = text.replace(f'xmlns:podcast="{new}"', "")
    said = load_text(read, "feed.xml", text)
    assert only(Item, said)[2].details["persons"] == (
        "Adam Curry (host)",
        "Dave Jones (guest)",
        "Becky Smith (cover art designer)",
    )
    assert load_text(read, "feed.xml", old) == load_text(read, "feed.xml", none) == said


@pytest.mark.parametrize(
    ("guid", "key"),
    [
        ("https://example.com/?p=1", "https://example.com/?p=1"),
        ("cd1ca7b7-3fdb-4bc4-bb2a-3ee8bd8bcd4a", "cd1ca7b7-3fdb-4bc4-bb2a-3ee8bd8bcd4a"),
        ("PC2057", "PC2057"),
        ("ep1", "show/ep1"),
        ("123456789", "show/123456789"),
        (" 42\n", "show/42"),
    ],
)
def test_episode_ids(guid: str, key: str) -> None:
    said = feed(f"<guid>{guid}</guid>{enclosure('https://a.com/1.mp3')}")
    assert episode(said).id == f"episode:rss:guid:{key}"
    assert f"rss:guid:{guid.strip()}" in {i.identifier for i in only(Identifier, said)}


def test_no_guid_and_no_enclosure() -> None:
    said = feed(enclosure("https://a.com/1.mp3"), "<title>Lost</title>", "<guid>guid-3</guid>", "<enclosure/>")
    assert episode(said).id == "episode:enclosure:https://a.com/1.mp3"
    assert episode(said).details["guid_missing"] == "true"
    assert [(r.position, r.reason) for r in rejects(said)] == [
        ("item[2] (line 1)", "the item has neither guid nor enclosure"),
        ("item[3] (line 1)", "the item has no enclosure"),
        ("item[4] (line 1)", "the item has neither guid nor enclosure"),
    ]
    assert rejects(said)[0].record == {"title": "Lost", "guid": None}


@pytest.mark.parametrize(
    "declared", ["y0ur-gu1d-g035-h3r3", "00000000-0000-0000-0000-000000000000", "917393e31b1e5ceface4edaa54e1f810"]
)
def test_a_guid_that_is_none_merges_nothing(declared: str) -> None:
    said = load_text(read, "f.xml", rss(head=f"<title>Show</title><podcast:guid>{declared}</podcast:guid>"))
    (show,) = only(Item, said)
    assert (show.id, show.details["guid_raw"]) == ("show:show", declared)
    assert only(Identifier, said) == []


def test_where_a_feed_was_fetched_identifies_it() -> None:
    said = feed(url="https://podnews.net/rss")
    assert {i.identifier for i in only(Identifier, said)} == {
        "podcast:guid:9b024349-ccf0-5f69-a609-6b82873eab3c",
        "rss:feed:podnews.net/rss",
    }
    (interface,) = only(Interface, said)
    assert (interface.endpoint, interface.system) == ("https://podnews.net/rss", "podnews")


@pytest.mark.parametrize(
    ("raw", "published", "certain"),
    [
        ("Wed, 03 Nov 2021 08:00:00 -0000", datetime(2021, 11, 3, 8, tzinfo=UTC), True),
        ("Thu, 01 Apr 2021 08:00:00 EST", datetime(2021, 4, 1, 13, tzinfo=UTC), True),
        ("2021-11-03T08:00:00+01:00", datetime(2021, 11, 3, 7, tzinfo=UTC), True),
        ("Wed, 03 Nov 2021 08:00:00", datetime(2021, 11, 3, 8, tzinfo=UTC), False),
        ("Κυρ, 11 Ιούλ 2004 12:00:00 EST", datetime(2004, 7, 11, 17, tzinfo=UTC), True),
        ("soon", None, False),
        ("Wed, 99 Nov 99999 08:00:00 +9999", None, False),
    ],
)
def test_dates(raw: str, published: datetime | None, certain: bool) -> None:
    assert moment(raw) == (published, certain)
    item = episode(feed(f"<guid>guid-1</guid><pubDate>{raw}</pubDate>{enclosure('https://a.com/1.mp3')}"))
    assert item.published_at == published
    assert item.details.get("pubdate_raw") == (None if certain else raw)


def test_a_cut_document_loses_its_last_item_only() -> None:
    said = load(read, FIXTURES / "hostile" / "podcast" / "truncated.xml")
    assert [i.name for i in only(Item, said)] == ["Show", "E1", "E2"]
    assert "breaks off" in rejects(said)[0].reason


def test_no_other_file_is_read() -> None:
    for name in ("external-entity.xml", "parameter-entity.xml"):
        assert "root:" not in str(load(read, FIXTURES / "hostile" / "podcast" / name))


def test_ten_thousand_episodes() -> None:
    url = "https://pdst.fm/e/chrt.fm/track/X/traffic.megaphone.fm/{0}.mp3"
    item = f"<title>E{{0}}</title><guid>guid-{{0}}</guid>{enclosure(url)}"
    text = rss(*(item.format(number) for number in range(10_000)))
    start = time.monotonic()
    said = load_text(read, "feed.xml", text)
    assert time.monotonic() - start < 20
    assert len(only(Item, said)) == 10_001
    assert len(only(System, said)) + len(only(Route, said)) + len(only(Partner, said)) == 6


TAGS = ("guid", "title", "pubDate", "enclosure", "podcast:transcript", "podcast:person", "itunes:owner", "podcast:guid")
elements = st.builds(
    "<{0} url={1} role={1}>{2}</{0}>".format,
    st.sampled_from(TAGS),
    st.sampled_from(['"https://a.com/1.mp3"', '"http://["', '""', '"https://op3.dev/e/"']),
    st.text(max_size=20),
)


@given(st.lists(st.lists(elements, max_size=4), max_size=3), st.lists(elements, max_size=3), st.binary(max_size=20))
def test_nothing_escapes(items: list[list[str]], head: list[str], noise: bytes) -> None:
    text = rss(*map("".join, items), head="".join(head)).encode("utf-8", "surrogatepass")
    load_text(read, "feed.xml", text, text[:-30] + noise, noise)
