"""`lineage bench` from end to end, on a graph that is too small for its figures to mean anything."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from harness import Run

from lineage.bench import postgres
from lineage.bench.data import prepared
from lineage.bench.goals import Goal
from lineage.bench.goals import markdown as goals_markdown
from lineage.bench.in_memory import networkx_impact, rustworkx_impact
from lineage.bench.offline import Offline
from lineage.bench.report import Group, LoadCost, Machine, Measured, markdown
from lineage.bench.sampling import Spread, sample
from lineage.bench.warming import warmed
from lineage.embedded import down, status
from lineage.session import Lineage


def test_ways_are_sampled_in_turn_and_the_warm_up_does_not_count() -> None:
    calls: list[tuple[str, int]] = []
    found = sample({name: lambda n, name=name: calls.append((name, n)) for name in "ab"}, 2, 1)  # type: ignore[misc]
    assert [sorted(calls[at : at + 2]) for at in (0, 2, 4)] == [[("a", n), ("b", n)] for n in range(3)]
    assert {name: spread.count for name, spread in found.items()} == {"a": 2, "b": 2}


def test_no_way_always_comes_after_the_same_one() -> None:
    calls: list[str] = []
    sample({name: lambda _, name=name: calls.append(name) for name in "abc"}, 30, 0)  # type: ignore[misc]
    assert {calls[at - 1] for at, name in enumerate(calls) if name == "a" and at % 3} == {"b", "c"}


def test_what_does_not_fit_is_not_read(session: Lineage, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "data" / "databases").mkdir(parents=True)
    (tmp_path / "data" / "databases" / "store").write_bytes(b"x" * (2 << 20))
    monkeypatch.setattr("lineage.embedded.conf.memory", lambda: (1, 1, 1))
    assert not warmed(session, tmp_path)
    monkeypatch.setattr("lineage.embedded.conf.memory", lambda: (1, 1, 3))
    assert warmed(session, tmp_path)


def test_percentiles_and_ratios() -> None:
    spread = Spread.of(range(100, 0, -1))
    assert (spread.p50, spread.p95, spread.p99) == (51, 96, 100)
    group = Group("T", "b", {"a": Spread.of([3.0]), "b": Spread.of([2.0])})
    assert group.ratio("a") == 1.5
    assert LoadCost(events=100, seconds=10, registry_seconds=5, created=400, raw_seconds=4).ratio == 0.4


def test_a_goal_is_a_bound_on_one_side() -> None:
    again = Goal("again", 49.96, 50, "x", at_least=True, how="1 s; 0.02 s")
    assert not again.reached
    assert str(again) == "again: 50.0 x, goal at least 50 x, MISSED (1 s; 0.02 s)"
    memory = Goal("memory", 400, 400, "MB", at_least=False, how="at its peak")
    assert memory.reached
    *_, row = goals_markdown([again, memory])
    assert row == "| memory | 400.0 MB | at most 400 MB | yes | at its peak |"
    assert not list(goals_markdown([]))


def test_libraries_reach_the_same() -> None:
    edges = [("a", "b"), ("b", "c"), ("a", "c"), ("c", "a"), ("x", "y")]
    assert networkx_impact(edges)("a") == {"a": 0, "b": 1, "c": 1}
    reached = rustworkx_impact(edges)("a")
    assert {name: steps for name, steps in reached.items() if name != "a"} == {"b": 1, "c": 1}


def test_postgres_gives_the_same_reach_and_is_gone_afterwards() -> None:
    if why := postgres.why_not():
        pytest.skip(why)
    with postgres.serving() as connection:
        handoff = ("r|i", "i", "r", "s", "t", True, "2026-01-01T00:00:00Z", None, "sent", None, None, 1)
        postgres.fill(
            connection, {"items": [("i", "episode")], "handoffs": [handoff], "feeds": [("a", "b"), ("b", "c"), ("a", "c")]}
        )
        assert postgres.ask(connection, postgres.ITEM, "i") == [("episode",)]
        assert len(postgres.ask(connection, postgres.TRACE, "i")) == 1
        assert postgres.ask(connection, postgres.LAST, "i")[0][0] == "r|i"
        assert postgres.ask(connection, postgres.LAST_OF_ROUTE, "r")[0][0] == "r|i"
        assert sorted(postgres.ask(connection, postgres.IMPACT, "a")) == [("a", 0), ("b", 1), ("c", 1)]
        folder = Path(connection.info.host)
        assert folder.exists()
    assert not folder.exists()


def test_all_is_measured_and_the_servers_are_stopped(run_cli: Run, tmp_path: Path) -> None:
    out = tmp_path / "figures"
    ran = run_cli("bench", "--items", "30", "--out", out, "--rounds", "2", "--routes", "60", "--format", "json")
    assert ran.code == 0, ran.err
    said = json.loads(ran.out)
    assert said == json.loads((out / "figures.json").read_text("utf-8"))
    questions, sweeps, wide = said["groups"]
    assert questions["ratios"]["bare lookup"] == 1.0
    assert {"trace", "last-handoff", "impact of the busiest system"} <= set(questions["spreads"])
    assert sweeps["spreads"]["diagnose --since, one day"]["count"] == 3
    assert {"impact", "late --as-of"} <= set(wide["spreads"])
    assert postgres.why_not() or {"late, PostgreSQL", "impact, all columns, PostgreSQL"} <= set(wide["spreads"])
    assert said["load"]["events"] > 100
    assert said["load"]["created"] > said["graph"]["Evidence"] + said["graph"]["Handoff"] > 100
    goals = {goal["what"]: goal for goal in said["goals"]}
    assert goals["the same file again"]["figure"] > 1
    assert 10 < goals["memory of a load"]["figure"] < 4000
    assert {"start of `lineage --help`", "start of `lineage trace ITEM`", "the slowest trace beside a load"} < set(goals)
    assert all(name in (out / "figures.md").read_text("utf-8") for name in goals)
    assert all(name in (out / "figures.md").read_text("utf-8") for name in questions["spreads"])
    assert not status(out / "home").running
    refused = run_cli("bench", "--items", "31", "--out", out)
    assert refused.code == 5
    assert "30 items" in refused.err


def test_a_graph_that_is_built_offline_is_held_against_the_bare_import(tmp_path: Path) -> None:
    said: list[str] = []
    session, loaded, _ = prepared(tmp_path / "out", 30, 1, offline=True, reference=True, say=said.append)
    try:
        assert session.graph.read("MATCH (e:Evidence) RETURN count(e) > 100 AS many").rows == [{"many": True}]
    finally:
        session.close()
        down(tmp_path / "out" / "home")
    built = loaded.offline
    assert built is not None and built.bare_size is not None and built.bare_seconds is not None
    # The declared map and the notes of the runs are written by the store.
    assert 0.5 * built.size < built.bare_size < built.size
    assert built.bare_seconds < built.seconds
    assert said.index("import") < said.index("reference")
    assert not (tmp_path / "out" / "reference").exists()


def test_what_a_build_took_is_reported() -> None:
    built = Offline(events=100, seconds=10, size=300, bare_seconds=4, bare_size=290)
    for one, text in ((built, "Ratio: 0.40."), (Offline(100, 10, 300), "Its reference was not measured.")):
        measured = Measured(1, 1, Machine.here("-"), {}, (), None, one, goals=(), missing=())
        assert text in markdown(measured) and "10 events/s" in markdown(measured)
        assert measured.as_json()["built"]["ratio"] == one.ratio
