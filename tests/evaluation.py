"""How right the verdicts are over many simulated networks: ``python -m tests.evaluation [--write]``.

The files of each simulation are read by the product's own loaders and judged by its own rules, in memory: loading ten
simulations into Neo4j takes hours, and ``tests/test_diagnose.py`` holds that ``diagnose`` on a graph gives the same verdicts.
``--write`` puts the tables into docs/verdicts.md.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from lineage.answers.branches import SETTLED, alone, branches, told
from lineage.answers.incidents import Diagnosed, Diagnosis, gather
from lineage.answers.last_handoff import answer
from lineage.answers.people import People
from lineage.answers.results import Completeness
from lineage.answers.routemap import RouteMap
from lineage.answers.traffic import TrafficInMemory, hop_in
from lineage.answers.way import way_of
from lineage.custody import Evidence, route_key
from lineage.evaluation import Score, Truth, evaluate, read_truth
from lineage.facts import Expectation, HandoffEvent, Item, Partner, Route, System
from lineage.loading import opened
from lineage.simulate import simulate

PAGE = Path(__file__).parents[1] / "docs" / "verdicts.md"
_COPIED = set(Evidence._fields) - {"route", "from_system", "to_system", "envelopes"}


class Files:
    """What the files of a simulation say, as the graph would hold it."""

    def __init__(self, folder: Path) -> None:
        self.routes: list[dict[str, Any]] = []
        self.items: dict[str, dict[str, Any]] = {}
        self.operators: dict[str, str | None] = {}
        self.zones: dict[str, Any] = {}
        self.evidence: dict[str, list[Evidence]] = defaultdict(list)
        expected: dict[str, set[str]] = defaultdict(set)
        for name in ("partners.yaml", *(path.name for path in sorted(folder.glob("items*.yaml")))):
            with opened("partners", str(folder / name)) as reading:
                for fact in reading.said():
                    self._declare(fact, expected)
        for item, routes in expected.items():
            self.items.setdefault(item, {})["expected_on"] = sorted(routes)
        self._see(folder / "handoffs")

    def _declare(self, fact: Any, expected: dict[str, set[str]]) -> None:
        match fact:
            case Route():
                said = fact.model_dump(mode="json", by_alias=True, exclude_none=True)
                self.routes.append({**said, "item_kind": list(fact.item_kind), "declared": True})
            case Item():
                self.items.setdefault(fact.id, {}).update(declared=True, origin=fact.origin)
            case Expectation():
                expected[fact.item].add(fact.route)
            case System():
                self.operators[fact.id] = fact.partner
            case Partner():
                self.zones[fact.id] = fact.zone

    def _see(self, folder: Path) -> None:
        known: set[tuple[str, str]] = set()
        messages: dict[str | None, set[tuple[str, str]]] = defaultdict(set)
        bare: list[Evidence] = []
        with opened("handoffs", str(folder)) as reading:
            for event in reading.said():
                assert isinstance(event, HandoffEvent), event
                if (event.source, event.id) in known:
                    continue
                known.add((event.source, event.id))
                route = route_key(event.route, event.from_, event.to, event.dataset)
                values = {name: getattr(event, name) for name in _COPIED}
                seen = Evidence(route=route or "", from_system=event.from_, to_system=event.to, **values)
                if event.item is None or route is None:
                    bare.append(seen)
                    continue
                self.evidence[event.item].append(seen)
                messages[event.message_id].add((event.item, route))
        for seen in bare:
            for item, route in sorted(messages.get(seen.in_reply_to, ())):
                self.evidence[item].append(seen._replace(route=route))


def diagnose(files: Files, truth: Truth) -> Diagnosis:
    """The same verdicts as ``lineage diagnose --open``, without a graph."""
    routes, traffic, ways = RouteMap(files.routes), TrafficInMemory(), []
    for item, evidence in files.evidence.items():
        said = [e for e in evidence if e.time is None or e.time <= truth.as_of]
        if not said:
            continue
        kind = item.partition(":")[0]
        states, called, ambiguous = routes.fold(said, kind, truth.as_of)
        about = {name: value for name, value in files.items.get(item, {}).items() if value is not None}
        agreements = routes.by_kind.get(kind, {})
        ways.append(
            way_of(
                {"id": item, "kind": kind, **about}, [], states, as_of=truth.as_of, agreements=agreements, ambiguous=ambiguous
            )
        )
        first = {}
        for one in said:
            if one.time:
                first[one.route] = min(one.time, first.get(one.route, one.time))
        for route, at in first.items():
            if hop := hop_in(states[called[route]], route, item, kind, at, routes, truth.as_of):
                traffic.add(route, hop)
    judged = [(way, branches(way, alone(way), traffic)) for way in ways]
    found = [(way, some) for way, some in judged if some[0].finding.rule not in SETTLED]
    nobody = {"of": None, "name": None, "email": None, "role": None}
    rows = {
        system: [{"system": system, "partner": partner, "zone": files.zones.get(partner), **nobody}]
        for system, partner in files.operators.items()
    }
    who, complete = People(rows), Completeness()
    incidents, _ = gather(found, who)
    items = tuple(Diagnosed(**dict(answer(way, [told(one, who) for one in some], complete))) for way, some in found)
    settled = len(judged) - len(found)
    return Diagnosis(as_of=truth.as_of, items=items, incidents=incidents, settled=settled, completeness=complete)


def scored(items: int, seed: int) -> Score:
    """Simulate, judge and score one network."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "simulation"
        simulate(items, seed, path)
        truth = read_truth(path)
        return evaluate(diagnose(Files(path), truth), truth)


def tables(scores: dict[int, Score], items: int) -> str:
    """The tables as Markdown: by seed, by cause, by stated confidence."""
    return "\n".join([_by_seed(scores, items), _by_cause(scores.values()), _by_confidence(scores.values())])


def _by_seed(scores: dict[int, Score], items: int) -> str:
    lines = [
        f"Seeds {min(scores)} to {max(scores)}, {items} items each (`python -m tests.evaluation --write`):",
        "",
        "| seed | missing | decidable | accusations | right system | right zone | decidable ones accused | wrong, of all items"
        " | accused though nobody could know | delivered items accused |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for seed, s in scores.items():
        lines.append(
            f"| {seed} | {s.missing} | {s.decidable} | {s.accused} | {s.system_right:.2%} | {s.zone_right:.2%} | {s.decided:.2%} | "
            f"{s.wrong} ({s.wrong_of_items:.3%}) | {s.undecidable_accused} | {s.delivered_accused} |"
        )
    every = list(scores.values())
    accused, decidable = sum(s.accused for s in every), sum(s.decidable for s in every)
    right = sum(s.system_right * s.accused for s in every) / max(accused, 1)
    zone = sum(s.zone_right * s.accused for s in every) / max(accused, 1)
    decided = sum(s.decided * s.decidable for s in every) / max(decidable, 1)
    items_wrong = sum(s.wrong_of_items * s.items for s in every)
    lines.append(
        f"| all | {sum(s.missing for s in every)} | {decidable} | {accused} | {right:.2%} | {zone:.2%} | {decided:.2%} | "
        f"{sum(s.wrong for s in every)} ({items_wrong / sum(s.items for s in every):.3%}) | {sum(s.undecidable_accused for s in every)} | "
        f"{sum(s.delivered_accused for s in every)} |"
    )
    return "\n".join([*lines, ""])


def _by_cause(scores: Iterable[Score]) -> str:
    sums: dict[str, list[int]] = defaultdict(lambda: [0] * 6)
    rules: dict[str, set[str]] = defaultdict(set)
    for row in (row for score in scores for row in score.causes):
        for place, count in enumerate((row.missing, row.decidable, row.right, row.wrong, row.undetermined, row.open)):
            sums[row.cause][place] += count
        rules[row.cause] |= set(row.wrongly_accused)
    lines = [
        "| cause | missing | decidable | right | wrong | undetermined | not listed | rules that were wrong |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for cause, counts in sorted(sums.items()):
        lines.append(f"| {cause} | {' | '.join(map(str, counts))} | {', '.join(sorted(rules[cause]))} |")
    return "\n".join([*lines, ""])


def _by_confidence(scores: Iterable[Score]) -> str:
    counts: dict[tuple[str, float], list[float]] = defaultdict(lambda: [0, 0.0])
    for row in (row for score in scores for row in score.reliability):
        counts[row.verdicts, row.confidence][0] += row.count
        counts[row.verdicts, row.confidence][1] += row.right * row.count
    lines = ["| verdicts | stated confidence | how many | share right | difference |", "|---|---|---|---|---|"]
    for (kind, confidence), (count, right) in sorted(counts.items()):
        share = right / count
        lines.append(f"| {kind} | {confidence} | {int(count)} | {share:.2%} | {abs(share - confidence) * 100:.1f} points |")
    return "\n".join([*lines, ""])


def main() -> None:
    """Score the seeds and print or write the tables."""
    options = argparse.ArgumentParser()
    options.add_argument("--seeds", type=int, default=10)
    options.add_argument("--first", type=int, default=1)
    options.add_argument("--items", type=int, default=20_000)
    options.add_argument("--write", action="store_true")
    given = options.parse_args()
    scores = {}
    for seed in range(given.first, given.first + given.seeds):
        started = time.monotonic()
        scores[seed] = scored(given.items, seed)
        print(f"seed {seed}: {time.monotonic() - started:.0f} s", file=sys.stderr)
        for mistake in scores[seed].mistakes:
            print(mistake, file=sys.stderr)
    said = tables(scores, given.items)
    print(said)
    if given.write:
        begin, end = "<!-- evaluation -->", "<!-- /evaluation -->"
        text = PAGE.read_text(encoding="utf-8")
        before, rest = text.split(begin)
        PAGE.write_text(f"{before}{begin}\n{said}{end}{rest.split(end)[1]}", encoding="utf-8")


if __name__ == "__main__":
    main()
