"""Incidents: what has one cause, told once with all the items that it holds up (pure)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from lineage.answers.branches import SETTLED, Open
from lineage.answers.people import People
from lineage.answers.results import Completeness, ContactRef, LastHandoff, Moment, Result, ZoneOrNone, frame
from lineage.answers.way import Way
from lineage.times import rfc3339

if TYPE_CHECKING:
    import pandas

APART = timedelta(hours=12)
"""Failures of one system further apart than this are two incidents."""

# One system that is down shows as all of these: it refuses, it is silent, and it does not send on what it has.
_NOT_WORKING = {"refused-by-endpoint": "not-working", "no-receipt": "not-working", "not-sent": "not-working"}


class Incident(Result):
    """One cause and the items that it holds up.

    ``id``: by cause and beginning, the same as long as these are; ``rules``: of the verdicts in it; ``routes``: on which items
    are missing; ``confidence``: the lowest in it; ``first_at``, ``last_at``: of the failures.
    """

    id: str
    cause: str
    zone: ZoneOrNone
    system: str | None
    partner: str | None
    rules: tuple[str, ...]
    routes: tuple[str, ...]
    items: tuple[str, ...]
    first_at: Moment | None
    last_at: Moment | None
    confidence: float
    contacts: tuple[ContactRef, ...]


class Diagnosed(LastHandoff):
    """The last successful handoff of an item with the incidents that hold it up, that of the top level first."""

    incidents: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """As for ``LastHandoff``, with the incidents."""
        return super().as_json() | {"incidents": list(self.incidents)}


class Diagnosis(Result):
    """The verdicts on many items, by item id, and the incidents, the one with the most items first.

    ``settled``: how many items were looked at and left out because nothing is wrong with them.
    """

    as_of: Moment
    items: tuple[Diagnosed, ...]
    incidents: tuple[Incident, ...]
    settled: int
    completeness: Completeness

    def to_frame(self) -> pandas.DataFrame:
        """One row a branch, as for ``LastHandoff``."""
        import pandas

        frames = [item.to_frame() for item in self.items]
        return pandas.concat(frames, ignore_index=True) if frames else frame([], [])

    def incidents_frame(self) -> pandas.DataFrame:
        """One row an incident."""
        return frame([one.model_dump() for one in self.incidents], list(Incident.model_fields))


@dataclass(frozen=True)
class _Failure:
    item: str
    branch: Open

    @property
    def system(self) -> str | None:
        return self.branch.finding.at_fault or None

    @property
    def cause(self) -> tuple[str, ...]:
        finding, missing = self.branch.finding, self.branch.missing
        route = missing.agreement if missing else None
        if self.system:
            part = _NOT_WORKING.get(finding.rule, finding.rule)
            lost = finding.rule == "no-receipt" and route is not None and self.system == route.sender
            return self.system, "not-arriving" if lost else part
        return "", finding.rule, route.sender if route else "", route.receiver if route else ""

    @property
    def at(self) -> datetime | None:
        return self.branch.finding.at or self.branch.finding.due


def gather(found: Iterable[tuple[Way, list[Open]]], who: People) -> tuple[tuple[Incident, ...], dict[str, tuple[str, ...]]]:
    """The incidents behind these branches, and the ids of those that hold up each item, by item id."""
    by_cause: dict[tuple[str, ...], list[_Failure]] = defaultdict(list)
    for way, open_ in found:
        for branch in open_:
            if branch.finding.rule not in SETTLED:
                failure = _Failure(way.item["id"], branch)
                by_cause[failure.cause].append(failure)
    incidents: list[Incident] = []
    held_up: dict[str, list[str]] = defaultdict(list)
    for cause, failures in sorted(by_cause.items()):
        for group in _apart(failures):
            incident = _incident(cause, group, who)
            incidents.append(incident)
            for item in incident.items:
                held_up[item].append(incident.id)
    incidents.sort(key=lambda one: (-len(one.items), one.id))
    order = {one.id: place for place, one in enumerate(incidents)}
    return tuple(incidents), {item: tuple(sorted(ids, key=order.__getitem__)) for item, ids in held_up.items()}


def _apart(failures: list[_Failure]) -> list[list[_Failure]]:
    """Failures of one cause, split where nothing happened for long."""
    dated = sorted((f for f in failures if f.at), key=lambda f: (f.at, f.item))
    groups: list[list[_Failure]] = []
    for failure in dated:
        last = groups[-1][-1].at if groups else None
        if last is not None and failure.at is not None and failure.at - last <= APART:
            groups[-1].append(failure)
        else:
            groups.append([failure])
    undated = [f for f in failures if not f.at]
    return [*groups, undated] if undated else groups


def _incident(cause: tuple[str, ...], failures: list[_Failure], who: People) -> Incident:
    system = failures[0].system
    times = [f.at for f in failures if f.at]
    rules = tuple(sorted({f.branch.finding.rule for f in failures}))
    agreements = {f.branch.missing.agreement.id: f.branch.missing.agreement for f in failures if f.branch.missing}
    first = min(times, default=None)
    since = rfc3339(first.replace(microsecond=0)) if first else "undated"
    ends = sorted({end for one in agreements.values() for end in (one.sender, one.receiver)})
    return Incident(
        id=f"{'>'.join(part for part in cause if part)}@{since}",
        cause=_said(system, rules, cause, [a.receiver for a in agreements.values()]),
        zone=(who.zone(system) or "undetermined") if system else "undetermined",
        system=system,
        partner=who.partner(system),
        rules=rules,
        routes=tuple(sorted(agreements)),
        items=tuple(sorted({f.item for f in failures})),
        first_at=first,
        last_at=max(times, default=None),
        confidence=min(f.branch.finding.confidence for f in failures),
        contacts=who.contacts([system] if system else ends),
    )


def _said(system: str | None, rules: tuple[str, ...], cause: tuple[str, ...], receivers: list[str]) -> str:
    """The cause in a sentence."""
    if system is None:
        between = f"between {cause[2]} and {cause[3]}"
        return {
            "no-receipt": f"no answer {between}, and it cannot be told at which end it was lost",
            "not-authorised": f"logins refused {between}, and it cannot be told whose change that was",
            "rejected": f"documents rejected {between}, and it cannot be told whose mistake that was",
            "not-sent": f"no sign of sending {between}, in a log that has holes",
            "ambiguous-route": f"evidence {between} fits several routes",
        }.get(cause[1], f"failures {between} that no rule can judge")
    receiving = system in receivers
    if cause[1] == "not-arriving":
        return f"what {system} sends arrives nowhere"
    if rules == ("not-sent",):
        return f"{system} does not send on what it has"
    if cause[1] == "not-working":
        parts = {"refused-by-endpoint": "refuses", "no-receipt": "does not answer", "not-sent": "does not send on what it has"}
        return f"{system} " + ", ".join(parts[rule] for rule in rules)
    if cause[1] == "not-authorised":
        return f"{system} lets its senders in no more" if receiving else f"{system} is not let in: its credentials"
    return f"{system} rejects all documents of a kind" if receiving else f"documents of {system} are rejected as wrong"
