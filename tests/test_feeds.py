"""The contract that every feed fulfils, and gets tested for by its fixture folders alone.

``tests/fixtures/<feed>/``: samples that load without a reject. ``tests/fixtures/hostile/<feed>/``: files that do not, each of
which is refused in words. A feed without such folders fails here.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from harness import FIXTURES, Database, write

from lineage.digest import digest
from lineage.facts import Fact, Reject
from lineage.graph import Graph
from lineage.ingest import Report
from lineage.loading import load, opened, settings_for
from loaders import discover
from loaders.base import Feed

FEEDS = discover()


def files(feed: Feed, folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("*") if path.is_file() and feed.accepts(path.name))


def cases(folder: Path) -> Iterator[object]:
    for feed in FEEDS.values():
        for path in files(feed, folder / feed.name):
            yield pytest.param(feed, path, id=f"{feed.name}-{path.name}")


SAMPLES = list(cases(FIXTURES))
HOSTILE = list(cases(FIXTURES / "hostile"))


@pytest.mark.parametrize("feed", FEEDS.values(), ids=list(FEEDS))
def test_it_says_what_it_is(feed: Feed) -> None:
    assert feed.name == feed.name.lower() and " " not in feed.name
    assert all((feed.title, feed.formats, feed.contributes, feed.patterns))
    assert feed.authority in {"registry", "contract", "observed"}
    assert feed.example.startswith(f"lineage load {feed.name} ")
    assert feed.read.__doc__
    settings_for(feed, {})  # what it can be set to has defaults


@pytest.mark.parametrize("feed", FEEDS.values(), ids=list(FEEDS))
def test_it_brings_samples_good_and_hostile(feed: Feed) -> None:
    assert files(feed, FIXTURES / feed.name)
    assert files(feed, FIXTURES / "hostile" / feed.name)


@pytest.mark.parametrize("feed", FEEDS.values(), ids=list(FEEDS))
def test_it_does_not_read_what_is_not_its_own(feed: Feed) -> None:
    assert not feed.accepts("SOURCES.md")
    assert not feed.accepts("photo.jpeg")


def loaded(graph: Graph, feed: Feed, path: Path, folder: Path) -> Report:
    return load(graph, feed.name, str(path), rejects=lambda: folder / "rejects.jsonl", name="sample")


@pytest.mark.parametrize("feed, path", SAMPLES)
def test_a_sample_loads_and_again_changes_nothing_in_any_order(
    database: Database, graph: Graph, tmp_path: Path, feed: Feed, path: Path
) -> None:
    first = loaded(graph, feed, path, tmp_path)
    assert first.facts > 0
    assert first.rejected == 0, (tmp_path / "rejects.jsonl").read_text("utf-8")
    assert first.created > 0
    before = digest(graph)

    with opened(feed.name, str(path)) as reading:
        said = [one for one in reading.said() if isinstance(one, Fact)]
    assert len(said) == first.facts
    # By its facts and not by the file, whose unchanged bytes would not be read.
    again = write(graph, said, tmp_path, feed=feed.name, source="sample", authority=feed.authority)
    assert (again.created, again.changed, again.unchanged, again.retired) == (0, 0, first.facts, 0)
    assert digest(graph) == before
    assert loaded(graph, feed, path, tmp_path).unchanged == first.facts

    random.Random(7).shuffle(said)
    database.wipe()
    write(graph, said, tmp_path, feed=feed.name, source="sample", authority=feed.authority, batch_size=5)
    assert digest(graph) == before


@pytest.mark.parametrize("feed, path", HOSTILE)
def test_a_hostile_file_is_refused_in_words_and_its_good_rows_load(
    graph: Graph, tmp_path: Path, feed: Feed, path: Path
) -> None:
    report = loaded(graph, feed, path, tmp_path)
    assert report.rejected >= 1
    assert report.created == report.facts - report.unchanged
    with opened(feed.name, str(path)) as reading:
        said = list(reading.said())
    refused = [one for one in said if isinstance(one, Reject)]
    assert len(refused) == report.rejected
    assert all(one.position and one.reason for one in refused)
    assert not any("Traceback" in one.reason for one in refused)
