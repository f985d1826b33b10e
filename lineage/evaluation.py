"""How good the verdicts are: scored against the truth that ``lineage simulate`` writes down beside its feeds.

The verdict rules never read the truth; this reads both. A branch of an item is one verdict: right if it names the system that
the truth names, wrong if it names another or names anybody though the item arrived, undetermined if it names nobody.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from lineage.answers.incidents import Diagnosis
from lineage.answers.results import Branch, Result
from lineage.errors import UsageError
from lineage.times import parse_time


class Reliability(Result):
    """Verdicts of one confidence: how many, and which share of them was right."""

    verdicts: str
    confidence: float
    count: int
    right: float


class CauseScore(Result):
    """What became of the handoffs that one cause kept from happening. ``open``: not yet listed as anybody's fault."""

    cause: str
    missing: int
    decidable: int
    right: int
    wrong: int
    undetermined: int
    open: int
    wrongly_accused: tuple[str, ...]


class Score(Result):
    """Verdicts against truth.

    ``accused``: verdicts that name a system, ``system_right`` and ``zone_right`` the shares of them that name the right one;
    ``decided``: share of the decidable missing handoffs for which a system was named; ``undecidable_accused``: verdicts that
    name a system where the truth says that nobody could know; ``wrong_of_items``: wrong accusations by all items;
    ``delivered_accused``: items that arrived everywhere, and somebody was accused nevertheless.
    """

    items: int
    missing: int
    decidable: int
    accused: int
    system_right: float
    zone_right: float
    wrong: int
    wrong_of_items: float
    decided: float
    undecidable_accused: int
    delivered_accused: int
    causes: tuple[CauseScore, ...]
    reliability: tuple[Reliability, ...]
    mistakes: tuple[dict[str, Any], ...]


@dataclass(frozen=True)
class Truth:
    """What really happened. ``missing``: by item and route, what did not arrive and why; ``pending``: what is not there
    either, but without an agreed time that would be over; ``arrived``: items that did, everywhere.
    """

    as_of: datetime
    items: int
    missing: Mapping[tuple[str, str], dict[str, Any]]
    pending: frozenset[tuple[str, str]]
    arrived: frozenset[str]


def read_truth(folder: Path) -> Truth:
    """The truth of a simulation. Raises UsageError where the folder holds none."""
    try:
        about = json.loads((folder / "simulation.json").read_text("utf-8"))
        missing, pending, arrived, items = {}, set(), set(), 0
        with (folder / "truth.jsonl").open(encoding="utf-8") as lines:
            for line in lines:
                one = json.loads(line)
                items += 1
                if one["arrived"]:
                    arrived.add(one["item"])
                for handoff in one["missing"]:
                    missing[one["item"], handoff["route"]] = handoff
                for handoff in one.get("pending", ()):
                    pending.add((one["item"], handoff["route"]))
    except (OSError, ValueError, KeyError) as error:
        raise UsageError(
            f"{folder} does not hold a simulation: {error}.", hint="`lineage simulate --out DIR` writes one."
        ) from error
    return Truth(parse_time(about["as_of"]), items, missing, frozenset(pending), frozenset(arrived))


@dataclass(frozen=True)
class _Judged:
    """One verdict beside the truth about its handoff. ``truth``: None where the handoff is not missing."""

    item: str
    branch: Branch
    truth: dict[str, Any] | None

    @property
    def accuses(self) -> bool:
        return self.branch.verdict.system is not None

    @property
    def right(self) -> bool:
        if self.accuses:
            return self.truth is not None and self.truth["system"] == self.branch.verdict.system
        return self.truth is None or not self.truth["decidable"]


def evaluate(diagnosis: Diagnosis, truth: Truth) -> Score:
    """Score a diagnosis, best one of all open items as of the truth's moment."""
    judged = list(_judged(diagnosis, truth))
    accusing = [one for one in judged if one.accuses]
    right = [one for one in accusing if one.right]
    zones = [one for one in accusing if one.truth and one.truth["zone"] == one.branch.verdict.zone]
    wrong = [one for one in accusing if not one.right]
    decidable = [key for key, one in truth.missing.items() if one["decidable"]]
    named = {(one.item, _route(one.branch)) for one in accusing}
    return Score(
        items=truth.items,
        missing=len(truth.missing),
        decidable=len(decidable),
        accused=len(accusing),
        system_right=_share(len(right), len(accusing)),
        zone_right=_share(len(zones), len(accusing)),
        wrong=len(wrong),
        wrong_of_items=_share(len({one.item for one in wrong}), truth.items, 0.0),
        decided=_share(sum(key in named for key in decidable), len(decidable)),
        undecidable_accused=sum(1 for one in accusing if one.truth and not one.truth["decidable"]),
        delivered_accused=len({one.item for one in accusing if one.item in truth.arrived}),
        causes=_causes(judged, truth),
        reliability=_reliability(judged),
        mistakes=tuple(_mistake(one) for one in wrong),
    )


def _judged(diagnosis: Diagnosis, truth: Truth) -> Iterable[_Judged]:
    for item in diagnosis.items:
        for branch in item.branches or (item,):
            # Where no time was agreed, nobody knows whether it is late; who failed there is not scored.
            if branch.verdict.zone != "none" and (item.item.id, _route(branch)) not in truth.pending:
                yield _Judged(item.item.id, branch, truth.missing.get((item.item.id, _route(branch))))


def _route(branch: Branch) -> str:
    return branch.next_expected.route if branch.next_expected else ""


def _share(part: int, whole: int, of_nothing: float = 1.0) -> float:
    return part / whole if whole else of_nothing


def _causes(judged: list[_Judged], truth: Truth) -> tuple[CauseScore, ...]:
    found = {(one.item, _route(one.branch)): one for one in judged}
    by_cause: dict[str, list[tuple[dict[str, Any], _Judged | None]]] = defaultdict(list)
    for key, missing in truth.missing.items():
        by_cause[missing["cause"]].append((missing, found.get(key)))
    by_cause["(nothing is missing)"] = [({"decidable": False}, one) for one in judged if one.truth is None]
    rows = []
    for cause, group in sorted(by_cause.items()):
        accusing = [one for _, one in group if one and one.accuses]
        wrong = [one for one in accusing if not one.right]
        rows.append(
            CauseScore(
                cause=cause,
                missing=len(group),
                decidable=sum(missing["decidable"] for missing, _ in group),
                right=len(accusing) - len(wrong),
                wrong=len(wrong),
                undetermined=sum(1 for _, one in group if one and not one.accuses),
                open=sum(1 for _, one in group if one is None),
                wrongly_accused=tuple(sorted({one.branch.verdict.rule for one in wrong})),
            )
        )
    return tuple(row for row in rows if row.missing)


def _reliability(judged: list[_Judged]) -> tuple[Reliability, ...]:
    """Shares by stated confidence: of accusations, and of verdicts that it cannot be told (right where nobody could know)."""
    bins: dict[tuple[str, float], Counter[bool]] = defaultdict(Counter)
    for one in judged:
        kind = "accusation" if one.accuses else "undetermined"
        bins[kind, one.branch.verdict.confidence][one.right] += 1
    return tuple(
        Reliability(verdicts=kind, confidence=confidence, count=counts.total(), right=_share(counts[True], counts.total()))
        for (kind, confidence), counts in sorted(bins.items())
    )


def _mistake(one: _Judged) -> dict[str, Any]:
    verdict = one.branch.verdict
    truth = one.truth or {}
    return {
        "item": one.item,
        "route": _route(one.branch),
        "rule": verdict.rule,
        "accused": verdict.system,
        "confidence": verdict.confidence,
        "at_fault": truth.get("system"),
        "cause": truth.get("cause"),
        "fault": truth.get("fault"),
    }
