"""The simulator: what it writes holds together, judged from its files alone."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter, defaultdict
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from harness import ROOT, Run

from lineage.errors import RefusedError
from lineage.facts import HandoffEvent, Reject, Route
from lineage.graph import Graph
from lineage.loading import opened
from lineage.project import read_project
from lineage.simulate import output, run, simulate
from lineage.simulate.faults import CAUSES, LOST_LOGS, LOST_REPLIES, MALFORMED

ITEMS = 4000
TOLERATED = timedelta(minutes=11)  # clocks are off by up to ten minutes
TRANSIT = timedelta(hours=2)


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("simulation") / "out"
    simulate(ITEMS, 3, path)
    return path


@pytest.fixture(scope="module")
def truth(folder: Path) -> list[dict[str, Any]]:
    return lines(folder / "truth.jsonl")


@pytest.fixture(scope="module")
def faults(folder: Path) -> dict[str, dict[str, Any]]:
    return {fault["fault"]: fault for fault in lines(folder / "faults.jsonl")}


@pytest.fixture(scope="module")
def routes(folder: Path) -> dict[str, dict[str, Any]]:
    registry = yaml.safe_load((folder / "partners.yaml").read_text("utf-8"))
    return {route["id"]: route for route in registry["routes"]}


@pytest.fixture(scope="module")
def events(folder: Path) -> list[HandoffEvent]:
    with opened("handoffs", str(folder / "handoffs")) as reading:
        said = list(reading.said())
    assert not [one for one in said if not isinstance(one, HandoffEvent)]
    return [one for one in said if isinstance(one, HandoffEvent)]


def by_attempt(events: list[HandoffEvent]) -> dict[str, tuple[str, str, str]]:
    """What a message carried: item, sender, receiver."""
    return {e.message_id: (e.item, e.from_, e.to) for e in events if e.message_id and e.item and e.from_ and e.to}


def content(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_the_same_arguments_give_the_same_bytes(tmp_path: Path) -> None:
    for number in (1, 2):
        # In processes of their own, because the order of sets of text changes from one to the next.
        code = f"from pathlib import Path; from lineage.simulate import simulate; simulate(300, 5, Path({str(tmp_path / str(number))!r}))"
        environment = {**os.environ, "PYTHONHASHSEED": str(number)}
        subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT, env=environment)
    assert content(tmp_path / "1") == content(tmp_path / "2")
    simulate(300, 6, tmp_path / "3")
    assert content(tmp_path / "1") != content(tmp_path / "3")


def test_its_own_output_is_replaced(tmp_path: Path) -> None:
    simulate(60, 1, tmp_path / "out")
    first = content(tmp_path / "out")
    simulate(400, 1, tmp_path / "out")
    simulate(60, 1, tmp_path / "out")
    assert content(tmp_path / "out") == first


@pytest.mark.parametrize("place", ["notes.txt", "handoffs/mine.csv", "truth.jsonl"])
def test_other_things_are_left_alone(tmp_path: Path, place: str, run_cli: Run) -> None:
    simulate(50, 1, tmp_path / "out")
    other = tmp_path / "out" / place
    if place == "truth.jsonl":
        (tmp_path / "out" / "simulation.json").write_text("{}")
    other.write_text("mine", "utf-8")
    before = content(tmp_path / "out")
    with pytest.raises(RefusedError):
        simulate(50, 2, tmp_path / "out")
    assert content(tmp_path / "out") == before
    assert run_cli("simulate", "--items", "50", "--out", tmp_path / "out").code == 5


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("mine")
    with pytest.raises(RefusedError):
        simulate(50, 1, tmp_path / "out")


@pytest.mark.parametrize("source", ["partners.yaml", "items.yaml"])
def test_the_registry_has_no_rejects(folder: Path, source: str) -> None:
    with opened("partners", str(folder / source)) as reading:
        said = list(reading.said())
    assert said and not [one for one in said if isinstance(one, Reject)]


def test_the_network_is_one(folder: Path, routes: dict[str, dict[str, Any]]) -> None:
    with opened("partners", str(folder / "partners.yaml")) as reading:
        declared = [one for one in reading.said() if isinstance(one, Route)]
    senders, receivers = defaultdict(set), defaultdict(set)
    for route in declared:
        senders[route.to].add(route.from_)
        receivers[route.from_].add(route.to)
    assert any(len(one) > 1 for one in senders.values()) and any(len(one) == 1 for one in senders.values())
    assert any(len(one) > 2 for one in receivers.values())
    assert {route.expect for route in declared} == {"all", "listed"}
    assert {route.acknowledgement for route in declared} == {"http", "mdn", "functional", "none"}
    assert any(route.deliver_within is None for route in declared) and any(route.schedule for route in declared)
    for route in declared:
        if route.deliver_within is not None and route.acknowledge_within is not None:
            assert route.acknowledge_within < route.deliver_within


def test_no_item_can_reach_a_system_on_two_ways(folder: Path, routes: dict[str, dict[str, Any]]) -> None:
    starts = {(route["from"], route["item_kind"]) for route in routes.values() if route.get("after") == []}
    for origin, kind in starts:
        seen: list[str] = [origin]
        todo = [r for r in routes.values() if r["from"] == origin and r["item_kind"] == kind]
        while todo:
            route = todo.pop()
            assert route["to"] not in seen
            seen.append(route["to"])
            for other in routes.values():
                if other["from"] == route["to"] and other["item_kind"] == kind and other.get("after") != []:
                    assert other.get("after") is None or route["id"] in other["after"]
                    todo.append(other)


def test_every_kind_of_fault_occurs_and_does_harm(faults: dict[str, Any], truth: list[dict[str, Any]]) -> None:
    assert {fault["cause"] for fault in faults.values()} == set(CAUSES)
    harmed = {missing["cause"] for line in truth for missing in line["missing"]}
    assert harmed == set(CAUSES) - {LOST_LOGS, LOST_REPLIES}


def test_small_networks_work_too(tmp_path: Path) -> None:
    for items in (1, 50):
        about = simulate(items, 1, tmp_path / str(items)).about
        assert len(lines(tmp_path / str(items) / "truth.jsonl")) == items
        assert set(about["causes"]) == set(CAUSES)


def test_some_items_are_missing_most_arrive(truth: list[dict[str, Any]]) -> None:
    assert len({line["item"] for line in truth}) == len(truth) == ITEMS
    share = sum(bool(line["missing"]) for line in truth) / ITEMS
    assert 0.01 < share < 0.1
    for line in truth:
        assert line["arrived"] == (not line["missing"] and not line.get("pending"))


def test_each_missing_handoff_is_in_reach_of_its_fault(
    truth: list[dict[str, Any]], faults: dict[str, Any], routes: dict[str, Any]
) -> None:
    for line in truth:
        for missing in line["missing"]:
            route, fault = routes[missing["route"]], faults[missing["fault"]]
            assert (missing["from"], missing["to"]) == (route["from"], route["to"])
            assert line["kind"] == route["item_kind"] and "deliver_within" in route
            assert (missing["cause"], missing["system"], missing["zone"]) == (fault["cause"], fault["system"], fault["zone"])
            assert fault["system"] in (route["from"], route["to"])
            assert fault.get("kind") in (None, route["item_kind"]) and fault.get("route") in (None, route["id"])
            assert fault.get("sender") in (None, route["from"])
            if fault["system"] == route["to"]:
                assert fault["receiver"] == route["to"]
            if fault["cause"] == MALFORMED:
                assert fault["item"] == line["item"]


def test_what_is_missing_left_no_word_of_the_receiver(truth: list[dict[str, Any]], events: list[HandoffEvent]) -> None:
    """And nothing was seen going on from there."""
    messages = by_attempt(events)
    had = {"received", "picked_up", "accepted", "accepted_with_errors", "published"}
    reached, left = set(), set()
    for event in events:
        item, sender, receiver = event.item, event.from_, event.to
        if event.in_reply_to in messages:
            item, sender, receiver = messages[event.in_reply_to]
        if event.type in had:
            reached.add((item, sender, receiver))
        if event.type in {"queued", "sent"}:
            left.add((item, sender))
    for line in truth:
        for one in line["missing"]:
            assert (line["item"], one["from"], one["to"]) not in reached
            assert (line["item"], one["to"]) not in left


def test_what_arrived_left_a_sent_unless_the_log_is_lost(truth: list[dict[str, Any]], events: list[HandoffEvent]) -> None:
    arrived = {line["item"] for line in truth if line["arrived"]}
    sent = {event.item for event in events if event.type == "sent"}
    assert len(arrived - sent) < 0.02 * len(arrived)


def test_failures_lie_in_the_window_of_their_fault(
    truth: list[dict[str, Any]], faults: dict[str, Any], events: list[HandoffEvent]
) -> None:
    refusals = defaultdict(list)
    for event in events:
        if event.type == "failed" and event.time is not None:
            refusals[event.item, event.from_, event.to].append(event.time)
    seen = 0
    for line in truth:
        for one in line["missing"]:
            times = refusals[line["item"], one["from"], one["to"]]
            fault = faults[one["fault"]]
            if (
                one["decidable"]
                and one["cause"] in {"receiver-refusing", "credentials-expired", "authentication-changed"}
                and times
            ):
                start = datetime.fromisoformat(fault["from"])
                end = datetime.fromisoformat(fault["to"]) if fault["to"] else max(times)
                assert any(start - TOLERATED <= time <= end + TOLERATED for time in times)
                seen += 1
    assert seen > 10


def test_events_repeat_stand_in_no_order_and_name_what_they_must(folder: Path, events: list[HandoffEvent]) -> None:
    identities = Counter((event.source, event.id) for event in events)
    assert 0.001 < sum(count - 1 for count in identities.values()) / len(events) < 0.01
    path = max((folder / "handoffs").iterdir(), key=lambda one: one.stat().st_size)
    times = [line["time"] for line in lines(path)]
    assert times != sorted(times)
    assert {event.type for event in events} >= {
        *("queued", "sent", "picked_up", "received", "accepted", "accepted_with_errors", "rejected", "failed", "published"),
    }
    assert any(event.route is None and event.from_ for event in events)
    assert any(event.item is None and event.in_reply_to for event in events)


def test_both_ends_tell_the_route_where_it_is_not_named(routes: dict[str, Any], events: list[HandoffEvent]) -> None:
    pairs = Counter((route["from"], route["to"]) for route in routes.values())
    for event in events:
        if event.route is None and event.from_ is not None and event.to is not None:
            assert pairs[event.from_, event.to] == 1
        elif event.route is not None:
            assert (routes[event.route]["from"], routes[event.route]["to"]) == (event.from_, event.to)


def test_retries_succeed_and_clocks_are_off(events: list[HandoffEvent]) -> None:
    messages = by_attempt(events)
    failed = {(event.item, event.from_, event.to) for event in events if event.type == "failed"}
    reached = {messages[e.in_reply_to] for e in events if e.type in {"received", "accepted"} and e.in_reply_to in messages}
    assert failed & reached
    sent = {event.message_id: event.time for event in events if event.type == "sent" and event.time}
    early = [
        event
        for event in events
        if event.type in {"received", "picked_up"}
        and event.message_id in sent
        and event.time is not None
        and event.time < sent[event.message_id]
    ]
    assert early
    assert all(sent[e.message_id] - e.time < 2 * TOLERATED + TRANSIT for e in early if e.message_id and e.time)


def test_the_truth_says_when_nobody_could_know(truth: list[dict[str, Any]]) -> None:
    decidable = Counter((one["cause"], one["decidable"]) for line in truth for one in line["missing"])
    assert sum(count for (_, known), count in decidable.items() if known) > sum(decidable.values()) / 2
    assert any(not known for _, known in decidable)


def test_the_command_prints_what_it_made(tmp_path: Path, run_cli: Run) -> None:
    ran = run_cli("simulate", "--items", "80", "--seed", "2", "--out", tmp_path / "out", "--format", "json")
    about = json.loads(ran.out)
    assert ran.code == 0 and about == {
        name: value
        for name, value in json.loads((tmp_path / "out" / "simulation.json").read_text()).items()
        if name != "made_by"
    }
    table = run_cli("simulate", "--items", "80", "--seed", "2", "--out", tmp_path / "out").out
    assert all(cause in table for cause in CAUSES) and f"{about['events']} events" in table


def test_it_loads_into_the_graph_without_rejects(graph: Graph, run_cli: Run, tmp_path: Path) -> None:
    about = simulate(120, 1, tmp_path / "out").about
    ran = run_cli("load", "--config", tmp_path / "out" / "lineage.yaml", "--format", "json")
    reports = json.loads(ran.out)
    assert ran.code == 0 and [one["rejected"] for one in reports] == [0, 0, 0]
    # A repeated line is the same event; two events never share an identity.
    assert not [found for one in reports for found in one["findings"] if found["finding"] == "conflict"]
    counts = graph.read("MATCH (e:Evidence) RETURN count(*) AS events").rows
    assert counts == [{"events": about["events"]}]
    known = {row["id"] for row in graph.read("MATCH (r:Route) WHERE r.declared RETURN r.id AS id").rows}
    assert len(known) == about["routes"]


def test_many_items_are_listed_in_several_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    simulate(100, 1, tmp_path / "one")
    monkeypatch.setattr(output, "ITEMS_A_FILE", 20)
    simulate(100, 1, tmp_path / "several")
    whole = yaml.safe_load((tmp_path / "one" / "items.yaml").read_text("utf-8"))["items"]
    sources = [
        one.source for one in read_project(tmp_path / "several" / "lineage.yaml") if Path(one.source).match("items*.yaml")
    ]
    parts = [yaml.safe_load(Path(source).read_text("utf-8"))["items"] for source in sources]
    assert [len(part) for part in parts[:-1]] == [20] * (len(whole) // 20)
    assert [item for part in parts for item in part] == whole
    monkeypatch.undo()
    simulate(100, 1, tmp_path / "several")
    assert content(tmp_path / "several") == content(tmp_path / "one")


def test_very_many_items_take_more_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Patched: a test cannot send hundreds of thousands of them."""
    fortnight = simulate(200, 1, tmp_path / "out").about
    monkeypatch.setattr(run, "ITEMS_A_FORTNIGHT", 100)
    longer = simulate(200, 1, tmp_path / "out").about
    assert fortnight["as_of"] == longer["as_of"]
    assert (fortnight["started"], longer["started"]) == ("2026-03-01T00:00:00.000Z", "2026-02-15T00:00:00.000Z")
    days = Counter(line["time"][:10] for path in (tmp_path / "out" / "handoffs").iterdir() for line in lines(path))
    assert len(days) >= 28
