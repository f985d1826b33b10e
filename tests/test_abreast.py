"""Several sources at once, by sessions of one command and by several commands: the graph of loading them one by one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from harness import SCENARIO, Database, Run

from lineage.abreast import load_all
from lineage.ahead import AHEAD, CHUNK, StoppedError, ahead
from lineage.digest import digest
from lineage.errors import LineageError
from lineage.facts import Said, System
from lineage.graph import Graph
from lineage.ingest import Report
from lineage.loading import load
from lineage.project import ProjectSource, read_project
from lineage.simulate import simulate

EVENTS = SCENARIO / "events.jsonl"


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A simulated network."""
    folder = tmp_path_factory.mktemp("simulation")
    simulate(40, 3, folder)
    return folder


@dataclass(frozen=True)
class Serial:
    """What loading the network's sources one by one gives."""

    digest: str
    told: list[Any]


@pytest.fixture(scope="module")
def one_by_one(network: Path, database: Database) -> Serial:
    database.wipe()
    return Serial(told=loaded(database, network, 1), digest=digest(database.graph))


def loaded(database: Database, network: Path, sessions: int) -> list[Any]:
    """What the reports of the network's sources say that does not depend on who wrote first."""
    sources = read_project(network / "lineage.yaml")
    outcomes = list(load_all(database.graph, sources, sessions=sessions, rejects=lambda number: network / f"{number}.rejects"))
    return [(r.feed, r.source, r.read, r.facts, r.rejected) for r in outcomes if not isinstance(r, LineageError)]


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


def test_sessions_do_not_show(network: Path, one_by_one: Serial, database: Database) -> None:
    """Neither in the graph, nor in the reports, which come in the order of the project."""
    database.wipe()
    assert loaded(database, network, 4) == one_by_one.told
    assert digest(database.graph) == one_by_one.digest
    runs = database.graph.read("MATCH (r:Run) RETURN r.status AS status").rows
    assert [run["status"] for run in runs] == ["complete"] * len(one_by_one.told)


def small(folder: Path, events: int) -> list[ProjectSource]:
    """A registry of two systems, and so many events between them."""
    (folder / "registry.yaml").write_text("systems: [{id: a}, {id: b}]", "utf-8")
    with (folder / "events.jsonl").open("w", encoding="utf-8") as file:
        for number in range(events):
            data = {"from": "a", "to": "b"}
            event = {
                "specversion": "1.0",
                "id": f"e{number}",
                "source": "urn:lineage:system:a",
                "subject": "episode:1",
                "data": data,
            }
            file.write(json.dumps({**event, "type": "lineage.handoff.sent.v1", "time": "2026-03-01T00:00:00Z"}) + "\n")
    return [
        ProjectSource(feed="partners", source=str(folder / "registry.yaml")),
        ProjectSource(feed="handoffs", source=str(folder / "events.jsonl")),
    ]


def test_a_finding_knows_what_the_sources_before_it_say(database: Database, tmp_path: Path) -> None:
    """Though what they say was written later."""
    database.wipe()
    written = threading.Event()

    def hold(number: int, facts: int | None) -> None:
        if number == 1 and facts is None:
            written.set()
        elif number == 0 and facts == 0:
            assert written.wait(60)

    outcomes = list(
        load_all(database.graph, small(tmp_path, 1), sessions=2, rejects=lambda number: tmp_path / "rejects", progress=hold)
    )
    assert [(r.facts, r.findings) for r in outcomes if isinstance(r, Report)] == [(2, []), (1, [])]


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


def test_closing_stops_what_is_under_way(database: Database, tmp_path: Path) -> None:
    database.wipe()
    waiting, closed = threading.Event(), threading.Event()

    def hold(number: int, facts: int | None) -> None:
        if number == 1 and facts == 1:
            waiting.set()
            closed.wait(60)

    loading = load_all(
        database.graph,
        small(tmp_path, 3),
        sessions=2,
        rejects=lambda number: tmp_path / "rejects",
        batch_size=1,
        progress=hold,
    )
    assert isinstance(next(loading), Report)
    assert waiting.wait(60)
    threading.Timer(0.3, closed.set).start()
    loading.close()
    (run,) = database.graph.read("MATCH (r:Run {feed: 'handoffs'}) RETURN r.status AS status, r.facts AS facts").rows
    assert run == {"status": "failed", "facts": 1}


# Two commands at once.


def test_two_commands_with_half_of_the_sources_each(network: Path, one_by_one: Serial, database: Database) -> None:
    files = sorted((network / "handoffs").iterdir())
    database.wipe()
    for name in ("partners", "items"):
        load(database.graph, "partners", str(network / f"{name}.yaml"), rejects=lambda: network / "rejects")
    commands(database, [["handoffs", *files[::2]], ["handoffs", *files[1::2], "--sessions", "2"]])
    assert digest(database.graph) == one_by_one.digest


def test_two_commands_with_the_same_sources(network: Path, one_by_one: Serial, database: Database) -> None:
    database.wipe()
    commands(database, [["--config", network / "lineage.yaml"], ["--config", network / "lineage.yaml", "--sessions", "2"]])
    assert digest(database.graph) == one_by_one.digest


def test_two_that_prepare_an_empty_database(database: Database) -> None:
    """Both see that nothing is there yet, and both make it."""
    database.wipe()
    with database.graph.driver.session() as raw:
        raw.run("MATCH (l:Lineage {id: 'graph'}) DELETE l").consume()
        before = schema(database.graph)
        for kind, names in before.items():
            for name in names:
                raw.run(f"DROP {kind} {name} IF EXISTS").consume()
    start = threading.Barrier(2)

    def prepare() -> None:
        start.wait()
        database.graph.prepare()

    with ThreadPoolExecutor(2) as pool:
        ended = [pool.submit(prepare) for _ in range(2)]
    try:
        assert [one.exception() for one in ended] == [None, None]
        assert schema(database.graph) == before
    finally:
        database.graph.prepare()


def schema(graph: Graph) -> dict[str, list[str]]:
    """Constraints and indexes by name; a constraint has an index of the same name, so it comes first."""
    return {
        "CONSTRAINT": [row["name"] for row in graph.read("SHOW CONSTRAINTS YIELD name RETURN name ORDER BY name").rows],
        "INDEX": [
            row["name"]
            for row in graph.read("SHOW INDEXES YIELD name, type WHERE type <> 'LOOKUP' RETURN name ORDER BY name").rows
        ],
    }


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
