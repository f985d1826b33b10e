"""Several sources at once, by sessions of one command and by several commands: the graph of loading them one by one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from harness import SCENARIO, Database, Run

from lineage.ahead import AHEAD, CHUNK, StoppedError, ahead
from lineage.digest import digest
from lineage.facts import Said, System
from lineage.graph import Graph
from lineage.simulate import simulate

EVENTS = SCENARIO / "events.jsonl"


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A simulated network of 60 items."""
    folder = tmp_path_factory.mktemp("simulation")
    simulate(60, 3, folder)
    return folder


@pytest.fixture(scope="module")
def one_by_one(network: Path, database: Database) -> str:
    """The digest of its graph."""
    database.wipe()
    commands(database, [["--config", network / "lineage.yaml"]])
    return digest(database.graph)


def commands(database: Database, loads: list[list[str | Path]]) -> None:
    """These loads at once, each by a process of its own."""
    call = [sys.executable, "-c", "from lineage.cli import main; main()", "load", "--no-progress"]
    running = [
        subprocess.Popen(
            [*call, *map(str, load)],
            env={**os.environ, **database.environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for load in loads
    ]
    ended = [(process.communicate(timeout=120), process.returncode) for process in running]
    assert [(code, err) for (_, err), code in ended if code or "Error" in err] == []


# Sessions of one command.


def test_sessions_do_not_show(network: Path, one_by_one: str, database: Database, run_cli: Run) -> None:
    """Neither in the graph, nor in the reports, which come in the order of the project."""
    told = []
    for sessions in ("1", "4"):
        database.wipe()
        ran = run_cli("load", "--config", network / "lineage.yaml", "--sessions", sessions, "--format", "json")
        assert ran.code == 0
        assert digest(database.graph) == one_by_one
        reports: list[dict[str, Any]] = json.loads(ran.out)
        told.append([(r["feed"], r["source"], r["read"], r["facts"], r["rejected"]) for r in reports])
        assert {row["r.status"] for row in database.graph.read("MATCH (r:Run) RETURN r.status").rows} == {"complete"}
    assert told[0] == told[1]


def test_files_as_sources_of_their_own(network: Path, one_by_one: str, database: Database, run_cli: Run) -> None:
    database.wipe()
    for feed, sources in (("handoffs", sorted((network / "handoffs").iterdir())), ("partners", registries(network))):
        assert run_cli("load", feed, *sources, "--sessions", "3").code == 0
    assert digest(database.graph) == one_by_one


def registries(network: Path) -> list[Path]:
    return [network / "partners.yaml", network / "items.yaml"]


def test_a_finding_knows_what_the_sources_before_it_say(database: Database, run_cli: Run, tmp_path: Path) -> None:
    """Though the events, which are more, are begun first."""
    config = tmp_path / "lineage.yaml"
    sources = [{"feed": "partners", "source": str(SCENARIO / "partners.yaml")}, {"feed": "handoffs", "source": str(EVENTS)}]
    config.write_text(json.dumps({"sources": sources}), "utf-8")
    findings = []
    for sessions in ("1", "2"):
        database.wipe()
        reports = json.loads(run_cli("load", "--config", config, "--sessions", sessions, "--format", "json").out)
        findings.append([report["findings"] for report in reports])
    assert findings[0] == findings[1]


def test_a_source_that_is_named_twice_is_known_the_second_time(graph: Graph, run_cli: Run) -> None:
    reports = json.loads(run_cli("load", "handoffs", EVENTS, EVENTS, "--sessions", "2", "--format", "json").out)
    assert [(r["created"], r["unchanged"]) for r in reports] == [(30, 0), (0, 30)]
    assert [row["r.facts"] for row in graph.read("MATCH (r:Run) RETURN r.facts").rows] == [30, 30]


def test_a_source_that_cannot_be_read_leaves_the_others_loaded_and_told(graph: Graph, run_cli: Run, tmp_path: Path) -> None:
    broken = tmp_path / "broken.jsonl"
    broken.write_bytes(b"\xff\xfe nothing of the kind\n")
    ran = run_cli("load", "handoffs", tmp_path / "missing.jsonl", EVENTS, broken, "--sessions", "3", "--format", "json")
    assert ran.code == 1
    assert "missing.jsonl does not exist" in ran.err
    assert [(r["source"], r["created"], r["rejected"] > 0) for r in json.loads(ran.out)] == [
        (str(EVENTS), 30, False),
        (str(broken), 0, True),
    ]


# Two commands at once.


def test_two_commands_with_half_of_the_files_each(network: Path, one_by_one: str, database: Database) -> None:
    files = sorted((network / "handoffs").iterdir())
    database.wipe()
    commands(database, [["partners", *registries(network)]])
    commands(database, [["handoffs", *files[::2]], ["handoffs", *files[1::2], "--sessions", "2"]])
    assert digest(database.graph) == one_by_one


def test_two_commands_with_the_same_files(network: Path, one_by_one: str, database: Database) -> None:
    database.wipe()
    commands(database, [["--config", network / "lineage.yaml"], ["--config", network / "lineage.yaml", "--sessions", "2"]])
    assert digest(database.graph) == one_by_one


# Reading ahead.


def systems(name: str, number: int) -> Iterator[Said]:
    for index in range(number):
        yield System(id=f"{name}{index}")


def never() -> threading.Event:
    return threading.Event()


def test_one_reader_keeps_the_order() -> None:
    said = ahead([lambda: systems("a", CHUNK + 1), lambda: systems("b", 2)], 1, never())
    assert list(said) == [*systems("a", CHUNK + 1), *systems("b", 2)]


def test_several_readers_read_everything_once() -> None:
    streams = [lambda name=name: systems(name, CHUNK + 1) for name in "abcde"]
    said = [str(one.id) for one in ahead(streams, 3, never()) if isinstance(one, System)]
    assert sorted(said) == sorted(f"{name}{index}" for name in "abcde" for index in range(CHUNK + 1))


def test_nothing_to_read_is_nothing_said() -> None:
    assert list(ahead([lambda: iter(())], 2, never())) == []


def test_what_a_reader_fails_with_is_raised() -> None:
    def failing() -> Iterator[Said]:
        yield from systems("a", CHUNK)
        raise ConnectionError("gone")

    said = ahead([failing], 1, never())
    with pytest.raises(ConnectionError, match="gone"):
        for number, _ in enumerate(said, 1):
            assert number <= CHUNK


def test_a_reader_goes_no_further_than_memory_allows() -> None:
    read = []

    def counted() -> Iterator[Said]:
        for one in systems("a", 100 * CHUNK):
            read.append(one)
            yield one

    said = ahead([counted], 1, never())
    for _ in range(CHUNK):
        next(said)
    said.close()  # ends the reader, so that the count is final
    assert len(read) <= (AHEAD + 3) * CHUNK


def test_who_waits_for_a_slow_source_can_be_stopped() -> None:
    asked, stop = threading.Event(), threading.Event()

    def slow() -> Iterator[Said]:
        stop.set()
        asked.wait(10)
        yield System(id="a")

    said = ahead([slow], 1, stop)
    threading.Timer(0.5, asked.set).start()
    with pytest.raises(StoppedError):
        next(said)
