"""diagnose: the same verdicts as last-handoff, gathered by cause; as of any time; scored against a simulation's truth."""

from __future__ import annotations

import json
import random
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from evaluation import Files
from evaluation import diagnose as diagnose_in_memory
from evidence import at, event
from harness import Database, Run, Say

from lineage.answers.branches import SETTLED
from lineage.answers.incidents import Diagnosed
from lineage.answers.neighbours import Neighbours
from lineage.answers.study import study
from lineage.answers.traffic import MOST_ROUTES
from lineage.evaluation import evaluate, read_truth
from lineage.facts import Partner, Route, System
from lineage.graph import Graph, Result
from lineage.session import Lineage
from lineage.simulate import simulate
from lineage.times import parse_time

ITEMS = 60


@pytest.fixture(scope="module")
def simulation(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small simulated network, with faults enough to accuse somebody."""
    folder = tmp_path_factory.mktemp("simulation") / "out"
    simulate(ITEMS, 7, folder)
    return folder


def load(session: Lineage, folder: Path, until: datetime | None = None) -> None:
    """Load a simulation; ``until``: only evidence whose own time is not later."""
    for name in ("partners.yaml", "items.yaml"):
        session.load("partners", folder / name, name=name)
    events = folder / "handoffs"
    if until is not None:
        lines = [line for file in sorted(events.iterdir()) for line in file.read_text("utf-8").splitlines()]
        kept = [line for line in lines if parse_time(json.loads(line)["time"]) <= until]
        assert 0 < len(kept) < len(lines)
        events = folder.parent / f"until-{until:%d%H%M%S}.jsonl"
        events.write_text("\n".join(kept), "utf-8")
    report = session.load("handoffs", events, name="events")
    assert report.rejected == 0


@pytest.fixture
def loaded(database: Database, simulation: Path) -> Lineage:
    """The simulation in the graph; to be looked at only."""
    return database.hold("simulation", lambda session: load(session, simulation))


def test_every_verdict_is_that_of_last_handoff(loaded: Lineage, simulation: Path) -> None:
    moment = read_truth(simulation).as_of
    diagnosis = loaded.diagnose(as_of=moment)
    assert len(diagnosis.items) > ITEMS * 0.9
    wrong = [one for one in diagnosis.items if one.verdict.zone != "none"]
    assert wrong, "a simulation in which nothing goes wrong tests nothing"
    for one in [*wrong[:25], *diagnosis.items[:15]]:
        assert said(one) == loaded.last_handoff(one.item.id, as_of=moment).as_json()


def said(one: Diagnosed) -> dict[str, Any]:
    """A verdict without the incidents, which depend on what else is looked at."""
    return {name: value for name, value in one.as_json().items() if name != "incidents"}


def test_open_leaves_out_what_is_well_and_counts_it(loaded: Lineage, simulation: Path) -> None:
    moment = read_truth(simulation).as_of
    everything, open_ = loaded.diagnose(as_of=moment), loaded.diagnose(open_only=True, as_of=moment)
    settled = {"arrived", "no-deadline", "not-due"}
    assert [one for one in everything.items if one.verdict.rule not in settled] == list(open_.items)
    assert open_.settled + len(open_.items) == len(everything.items)
    assert {item for one in open_.incidents for item in one.items} == {one.item.id for one in open_.items}
    assert all(one.incidents for one in open_.items)


def test_since_looks_only_at_items_with_evidence_since_then(loaded: Lineage, simulation: Path) -> None:
    moment = read_truth(simulation).as_of
    since = moment - timedelta(days=5)
    recent = {one.item.id for one in loaded.diagnose(since=since, as_of=moment).items}
    newest = {
        row["item"]: row["last"].to_native()
        for row in loaded.graph.read("MATCH (h:Handoff) RETURN h.item_id AS item, max(h.last_at) AS last").rows
    }
    assert recent == {item for item, last in newest.items() if last >= since}
    assert 0 < len(recent) < len(newest)


def test_what_failed_just_before_tells_about_what_failed_since(session: Lineage, say: Say) -> None:
    """Within 24 hours, also where none of its items was heard of since."""
    say(
        *(System(id=system) for system in ("a", "b", "hub")),
        *(
            Route.model_validate(
                {"id": f"{s}-to-hub", "from": s, "to": "hub", "item_kind": "episode", "deliver_within": "PT1H"}
            )
            for s in "ab"
        ),
    )
    refused = [("b", 595, "episode:before"), ("a", 605, "episode:since")]
    events = [
        event(item, "failed", minutes, s, item, route=f"{s}-to-hub", from_=s, to="hub", code="401")
        for s, minutes, item in refused
    ]
    say(*events, feed="handoffs", source="events", authority="observed")
    (since,) = session.diagnose(since=at(600), as_of=at(1000)).items
    assert (since.item.id, since.verdict.system, since.verdict.rule) == ("episode:since", "hub", "not-authorised")
    assert said(since) == session.last_handoff("episode:since", as_of=at(1000)).as_json()


def test_routes_on_which_nothing_happened_do_not_crowd_out_others(session: Lineage, say: Say) -> None:
    senders = [f"s{number:02}" for number in range(MOST_ROUTES + 4)]
    say(
        System(id="hub"),
        *(System(id=sender) for sender in senders),
        *(
            Route.model_validate(
                {"id": f"{sender}-to-hub", "from": sender, "to": "hub", "item_kind": "episode", "deliver_within": "PT1H"}
            )
            for sender in senders
        ),
    )
    events = [
        event(item, "failed", 600 + number, sender, item, route=f"{sender}-to-hub", from_=sender, to="hub", code="401")
        for number, sender in enumerate(senders[-2:])
        for item in [f"episode:{number}"]
    ]
    say(*events, feed="handoffs", source="events", authority="observed")
    for one in session.diagnose(as_of=at(1000)).items:
        assert (one.verdict.system, one.verdict.rule) == ("hub", "not-authorised")
        assert said(one) == session.last_handoff(one.item.id, as_of=at(1000)).as_json()


def test_a_failure_without_a_time_and_an_answer_accuses_nobody(session: Lineage, say: Say) -> None:
    say(
        *(System(id=system) for system in ("a", "b", "c")),
        *(
            Route.model_validate({"id": f"{s}-to-{t}", "from": s, "to": t, "item_kind": "episode", "deliver_within": "PT1H"})
            for s, t in ("ab", "bc")
        ),
    )
    arrived = {"item": "episode:1", "route": "a-to-b", "from_": "a", "to": "b"}
    tried = {"item": "episode:1", "route": "b-to-c", "from_": "b", "to": "c"}
    events = [event("1", "sent", 0, "a", **arrived), event("2", "received", 1, "b", **arrived)]
    events += [event("3", "failed", None, "b", **tried, code="ETIMEDOUT")]
    say(*events, feed="handoffs", source="events", authority="observed")
    verdict = session.last_handoff("episode:1", as_of=at(1000)).verdict
    assert (verdict.rule, verdict.system, verdict.zone) == ("refused-by-endpoint", None, "undetermined")


@pytest.mark.parametrize(("ago", "hours", "few"), [(0, 72, 10), (0, 200, 0), (0, 200, 1000), (100, 200, 10)])
def test_what_is_recent_is_judged_in_the_light_of_what_is_not(
    loaded: Lineage, simulation: Path, monkeypatch: pytest.MonkeyPatch, ago: int, hours: int, few: int
) -> None:
    """Whether what happened before is looked up for each failure, or read as a whole; as of the end or hours ago."""
    monkeypatch.setattr("lineage.answers.study.FEW", few)
    monkeypatch.setattr("lineage.answers.under_way.FIRST_PAGE", 3)
    monkeypatch.setattr("lineage.answers.under_way.PAGE", 5)
    moment = read_truth(simulation).as_of - timedelta(hours=ago)
    whole = {one.item.id: one for one in loaded.diagnose(as_of=moment).items}
    recent = loaded.diagnose(since=moment - timedelta(hours=hours), as_of=moment).items
    assert any(one.verdict.rule not in SETTLED for one in recent)
    assert [said(one) for one in recent] == [said(whole[one.item.id]) for one in recent]


def test_when_anything_last_arrived_is_the_same_in_memory_and_in_the_graph(loaded: Lineage, simulation: Path) -> None:
    moment = read_truth(simulation).as_of
    read = study(loaded.ask, since=None, as_of=moment)
    ends = {(state.from_system, state.to_system) for one in read.items() for state in one.way.states.values()}
    memory, graph = read.traffic([moment]), Neighbours(loaded.ask, moment)
    found = {}
    for sender, receiver in sorted((sender, receiver) for sender, receiver in ends if sender and receiver):
        for hours in (1, 100, 250, 2000):
            before = moment - timedelta(hours=hours)
            found[sender, receiver, hours] = memory.last_secured(sender, receiver, before)
            assert graph.last_secured(sender, receiver, before) == found[sender, receiver, hours]
    assert None in found.values()
    assert len(set(found.values())) > ITEMS


def test_pages_do_not_show(loaded: Lineage, simulation: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    moment = read_truth(simulation).as_of
    whole = loaded.diagnose(as_of=moment)
    monkeypatch.setattr("lineage.answers.under_way.FIRST_PAGE", 2)
    monkeypatch.setattr("lineage.answers.under_way.PAGE", 7)
    assert loaded.diagnose(as_of=moment) == whole


@pytest.mark.parametrize("open_only", [False, True])
def test_so_many_reads_whatever_there_is(
    loaded: Lineage, simulation: Path, monkeypatch: pytest.MonkeyPatch, open_only: bool
) -> None:
    """Each read costs as much as dozens of items do: what items need comes with their page, but for the few that are folded anew."""
    reads: list[str] = []
    read = Graph.read

    def counted(graph: Graph, cypher: str, *args: object, **given: object) -> Result:
        reads.append(cypher.partition(":")[0])
        return read(graph, cypher, *args, **given)  # type: ignore[arg-type]

    monkeypatch.setattr(Graph, "read", counted)
    assert loaded.diagnose(open_only=open_only, as_of=read_truth(simulation).as_of).items
    once = {"// Declared routes", "// Items under way", "// Who to ask", "// Evidence freshness", "// Evidence ids"}
    assert len(reads) == len(set(reads))
    assert once <= set(reads) <= {*once, "// Evidence of handoffs"}


def test_the_graph_gives_the_verdicts_that_the_files_give(loaded: Lineage, simulation: Path) -> None:
    """The table of docs/verdicts.md is made without a graph; this is what makes it a table of ``diagnose``."""
    truth = read_truth(simulation)
    from_files = diagnose_in_memory(Files(simulation), truth)
    from_graph = loaded.diagnose(open_only=True, as_of=truth.as_of)

    def told(diagnosis: object) -> list[tuple[object, ...]]:
        return [
            (one.item.id, b.next_expected and b.next_expected.route, b.verdict.rule, b.verdict.system, b.verdict.confidence)
            for one in diagnosis.items  # type: ignore[attr-defined]
            for b in one.branches or (one,)
        ]

    assert sorted(told(from_files), key=str) == sorted(told(from_graph), key=str)
    assert evaluate(from_graph, truth) == evaluate(from_files, truth)


def test_as_of_a_time_is_what_a_graph_says_that_knows_no_later_evidence(
    session: Lineage, database: Database, simulation: Path
) -> None:
    """Design, section 5: one axis, the evidence's own time. For diagnose, trace, last-handoff and impact."""
    ends = read_truth(simulation).as_of
    draw = random.Random("as of")
    moments = sorted(ends - timedelta(minutes=draw.randrange(24 * 60, 12 * 24 * 60)) for _ in range(2))
    load(session, simulation)
    then = [_answers(session, moment) for moment in moments]
    database.wipe()
    for moment, expected in zip(moments, then, strict=True):
        load(session, simulation, until=moment)
        known = _answers(session, moment)
        for one, other in zip(expected, known, strict=True):
            assert one == other


def _answers(of: Lineage, moment: datetime) -> list[object]:
    diagnosis = of.diagnose(as_of=moment)
    some = [one.item.id for one in diagnosis.items if one.verdict.zone != "none"][:6]
    some += [one.item.id for one in diagnosis.items][:: max(1, len(diagnosis.items) // 5)]
    traces = [of.trace(item, as_of=moment).as_json() for item in some]
    last = [of.last_handoff(item, as_of=moment).as_json() for item in some]
    systems = sorted({hop["from"] for trace in traces for hop in trace["hops"]})
    impacts = [of.impact(system, as_of=moment).as_json() for system in systems[:2]]
    items = [one.as_json() for one in diagnosis.items]
    return [*items, *(one.as_json() for one in diagnosis.incidents), *traces, *last, *impacts]


def _stuck(say: Say, minutes: int = 0) -> None:
    """Three items lie at b since one morning; a reaches b without trouble."""
    say(
        Partner(id="p", name="Partner", zone="partner"),
        *(System(id=system, partner="p") for system in "abc"),
        *(
            Route.model_validate(
                {
                    "id": f"{s}-to-{t}",
                    "from": s,
                    "to": t,
                    "item_kind": "episode",
                    "deliver_within": "PT1H",
                    "acknowledgement": "http",
                }
            )
            for s, t in ("ab", "bc")
        ),
    )
    events = []
    for number in range(3):
        item, message = f"episode:{number}", f"m{number}"
        events += [
            event(f"s{number}", "sent", minutes + number, "a", item, route="a-to-b", from_="a", to="b", message_id=message),
            event(
                f"r{number}",
                "received",
                minutes + number + 1,
                "b",
                item,
                route="a-to-b",
                from_="a",
                to="b",
                in_reply_to=message,
            ),
        ]
    say(*events, feed="handoffs", source="events", authority="observed")


def test_one_cause_is_one_incident(session: Lineage, say: Say) -> None:
    _stuck(say)
    (incident,) = session.diagnose(open_only=True, as_of=at(1000)).incidents
    assert (incident.system, incident.rules, incident.zone) == ("b", ("not-sent",), "partner")
    assert incident.items == ("episode:0", "episode:1", "episode:2")
    assert (incident.first_at, incident.last_at) == (at(1), at(3))
    assert "does not send on" in incident.cause


def test_nothing_is_wrong_before_it_is_due(session: Lineage, say: Say) -> None:
    _stuck(say)
    assert session.diagnose(open_only=True, as_of=at(30)).incidents == ()
    assert {one.verdict.rule for one in session.diagnose(as_of=at(30)).items} == {"not-due"}


def test_the_command_groups_by_cause_and_ends_with_1(session: Lineage, say: Say, run_cli: Run) -> None:
    _stuck(say)
    ran = run_cli("diagnose", "--open", "--as-of", at(1000).isoformat())
    assert ran.code == 1
    assert "b does not send on what it has" in ran.out
    assert "3 items of 3 held up, by 1 cause." in ran.out
    lines = run_cli("diagnose", "--as-of", at(1000).isoformat(), "--format", "jsonl")
    assert lines.code == 1
    said = [json.loads(line) for line in lines.out.splitlines()]
    assert [one["item"]["id"] for one in said] == ["episode:0", "episode:1", "episode:2"]
    assert {one["verdict"]["rule"] for one in said} == {"not-sent"}
    assert all(one["incidents"] for one in said)
    table = run_cli("diagnose", "--as-of", at(1000).isoformat(), "--format", "csv")
    assert table.out.splitlines()[0].startswith("item,")
    assert len(table.out.splitlines()) == 4


def test_the_command_ends_with_0_when_nothing_is_wrong(session: Lineage, say: Say, run_cli: Run) -> None:
    _stuck(say)
    ran = run_cli("diagnose", "--open", "--as-of", at(30).isoformat())
    assert (ran.code, "Nothing is wrong with any of 3 items." in ran.out) == (0, True)


def test_the_score_is_printed(loaded: Lineage, simulation: Path, run_cli: Run) -> None:
    ran = run_cli("evaluate", simulation)
    assert ran.code == 0
    assert "accusations that name the right system" in ran.out
    score = json.loads(run_cli("evaluate", simulation, "--format", "json").out)
    assert score["items"] == ITEMS
    assert score["delivered_accused"] == 0


def test_a_folder_without_truth_is_said(run_cli: Run, tmp_path: Path, graph: object) -> None:
    ran = run_cli("evaluate", tmp_path)
    assert ran.code == 2
    assert "does not hold a simulation" in ran.err


def test_who_answers_is_said_as_of_today_by_both(session: Lineage, say: Say) -> None:
    """Whatever the moment that is asked about: today's people are the ones to turn to."""
    say(
        Partner(id="before"),
        System(id="a", partner="before"),
        System(id="b"),
        Route.model_validate({"id": "r", "from": "a", "to": "b", "item_kind": "episode", "deliver_within": "PT1M"}),
        source="registry.yaml",
    )
    say(event("1", "sent", 0, by="a", item="episode:1", route="r"), feed="handoffs", source="events", authority="observed")
    session.graph.write(
        lambda tx: tx.run("MATCH (:Partner {id: 'before'})-[o:OPERATES]->() SET o.valid_to = datetime() - duration('PT1H')")
    )
    moment = at(60)
    (item,) = session.diagnose(as_of=moment).items
    alone = session.last_handoff("episode:1", as_of=moment)
    assert (item.in_custody_of, item.contacts) == (alone.in_custody_of, alone.contacts)
    assert (alone.in_custody_of.system, alone.in_custody_of.partner) == ("a", None)
