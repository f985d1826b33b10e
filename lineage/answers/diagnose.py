"""Diagnose: a verdict for every item on its way, each in the light of all the others, gathered into incidents."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime

from lineage.answers.asking import Asker
from lineage.answers.branches import SETTLED, Alone, Open, alone, branches, told
from lineage.answers.completeness import freshness
from lineage.answers.incidents import Diagnosed, Diagnosis, gather
from lineage.answers.last_handoff import answer
from lineage.answers.people import people
from lineage.answers.study import Studied, Study, study
from lineage.answers.under_way import evidence_ids
from lineage.answers.way import Way
from lineage.uncollected import uncollected

Suspected = tuple[Studied, list[Alone]]
Judged = tuple[Studied, list[Open]]


@uncollected()
def diagnose(ask: Asker, *, open_only: bool = False, since: datetime | None = None, as_of: datetime | None = None) -> Diagnosis:
    """The verdict on every item that was handed on, by item id, and the incidents behind those that have not arrived.

    ``open_only``: only items whose verdict is other than arrived, no-deadline and not-due; ``since``: only items with evidence
    since then; ``as_of``: by then (UTC, now if None). Raises ServerError, OutOfTime.
    """
    moment = as_of or datetime.now(UTC)
    found = study(ask, since=since, as_of=moment)
    kept, settled = _kept(found, open_only=open_only)
    systems = {system for one, _ in kept for system in one.way.systems}
    with ThreadPoolExecutor(2) as beside:
        answering, heard = beside.submit(people, ask, systems), beside.submit(freshness, ask, systems, moment)
        judged = _judged(kept, found, open_only=open_only)
        shown = _with_evidence(ask, judged)
    who, fresh = answering.result(), heard.result()
    incidents, held_up = gather(shown, who)
    items = []
    for way, some in sorted(shown, key=lambda one: str(one[0].item["id"])):
        said = answer(way, [told(one, who) for one in some], fresh.of(way.systems, "depth" if way.truncated else None))
        items.append(Diagnosed(**dict(said), incidents=held_up.get(said.item.id, ())))
    settled += len(kept) - len(judged)
    shown_systems = {system for one, _ in judged for system in one.way.systems}
    return Diagnosis(
        as_of=moment, items=tuple(items), incidents=incidents, settled=settled, completeness=fresh.of(shown_systems)
    )


@uncollected()
def open_ways(ask: Asker, as_of: datetime) -> list[tuple[Way, list[Open]]]:
    """The items on whose way something is wrong by a time, with their branches. Raises ServerError, OutOfTime."""
    found = study(ask, since=None, as_of=as_of)
    kept, _ = _kept(found, open_only=True)
    return _with_evidence(ask, _judged(kept, found, open_only=True))


def _kept(found: Study, *, open_only: bool) -> tuple[list[Suspected], int]:
    """The items that are to be judged, and how many were left out because nothing is missing."""
    kept, settled = [], 0
    for one in found.items():
        if open_only and not one.way.missing:
            settled += 1
        else:
            kept.append((one, alone(one.way)))
    return kept, settled


def _judged(kept: list[Suspected], found: Study, *, open_only: bool) -> list[Judged]:
    """The items with their branches; if it is asked for, only those with which something is wrong."""
    traffic = found.traffic(moment for _, some in kept for each in some for moment in each.moments)
    judged = [(one, branches(one.way, some, traffic)) for one, some in kept]
    return [(one, some) for one, some in judged if not open_only or some[0].finding.rule not in SETTLED]


def _with_evidence(ask: Asker, judged: list[Judged]) -> list[tuple[Way, list[Open]]]:
    """The branches with the ids of the evidence that they rest on, where the way was read without."""
    bare = (
        one.stored(branch.last.route) for one, some in judged for branch in some if branch.last and not branch.last.evidence
    )
    ids = evidence_ids(ask, bare)
    return [(one.way, [_shown(one, branch, ids) for branch in some]) for one, some in judged]


def _shown(one: Studied, branch: Open, ids: Mapping[str, tuple[str, ...]]) -> Open:
    if branch.last is None or branch.last.evidence:
        return branch
    return replace(branch, proof=ids[one.stored(branch.last.route)])
