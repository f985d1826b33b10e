"""Last successful handoff: where an item was last safe, who has it now, and whose fault it likely is."""

from __future__ import annotations

import difflib
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from lineage.answers.asking import Asker
from lineage.answers.completeness import completeness
from lineage.answers.expected import Expected
from lineage.answers.items import find_item
from lineage.answers.results import (
    Branch,
    ContactRef,
    Custody,
    ItemRef,
    LastHandoff,
    LastSuccessful,
    NotReached,
    Verdict,
)
from lineage.answers.verdict import NOBODY, UNDETERMINED, Finding, judge
from lineage.answers.way import Way, read_way
from lineage.custody import State
from lineage.errors import NotFoundError, UsageError

_ARRIVED = Finding("arrived", NOBODY, "Everything that was expected has arrived.", 1.0)
_NO_PATH = "No declared route says where it should go from here, so nothing is late."


@dataclass(frozen=True)
class _Open:
    """A branch before names are looked up: the last secured handoff on it, and the expected one that is missing."""

    last: State | None
    holder: str | None
    missing: Expected | None
    finding: Finding


def last_handoff(ask: Asker, item: str, *, as_of: datetime | None = None) -> LastHandoff:
    """The last successful handoff of one item, by branch. Arguments and errors as for ``trace``."""
    moment = as_of or datetime.now(UTC)
    way = read_way(ask, find_item(ask, item), moment)
    found = sorted(_branches(way), key=_urgency)
    people = _people(ask, way.systems)
    branches = tuple(_branch(way, one, people) for one in found)
    first = branches[0]
    return LastHandoff(
        item=ItemRef(id=way.item["id"], kind=way.item["kind"], name=way.name),
        last_successful=first.last_successful,
        in_custody_of=first.in_custody_of,
        next_expected=first.next_expected,
        verdict=first.verdict,
        contacts=first.contacts,
        branches=branches if len(branches) > 1 else (),
        completeness=completeness(ask, way.systems, moment, "depth" if way.truncated else None),
    )


def last_handoffs(
    ask: Asker,
    *,
    route: str | None = None,
    partner: str | None = None,
    system: str | None = None,
    limit: int = 20,
    as_of: datetime | None = None,
) -> list[LastHandoff]:
    """The newest secured handoffs of a route, or at either end of a partner's systems or of one system, newest first.

    Each is the answer for its item with ``last_successful`` on that route. Raises NotFoundError for an unknown name.
    """
    given = {"route": route, "partner": partner, "system": system}
    named = {kind: name for kind, name in given.items() if name}
    if len(named) != 1:
        raise UsageError("Name exactly one of a route, a partner and a system.")
    ((kind, name),) = named.items()
    rows = ask.rows(f"last_handoffs_of_{kind}", **{kind: name}, limit=limit, as_of=as_of)
    if not rows and not ask.rows("find_node", name=name, label=kind.capitalize()):
        near = [hit["id"] for hit in ask.rows("search", text=name[:4], limit=50) if hit["label"] == kind.capitalize()]
        raise NotFoundError(
            f"No {kind} has the id {name}.",
            hint=f"`lineage search {name}` finds it by a part of its name.",
            nearest=tuple(difflib.get_close_matches(name, near, 3, 0.3)),
        )
    answers = []
    for row in rows:
        answer = last_handoff(ask, row["item"], as_of=as_of)
        last = LastSuccessful(
            route=row["route"],
            from_=row["sender"],
            to=row["receiver"],
            at=row["secured_at"],
            evidence=tuple(row["evidence_ids"]),
        )
        answers.append(answer.model_copy(update={"last_successful": last}))
    return answers


def _branches(way: Way) -> list[_Open]:
    """The missing handoff of each branch whose sender has the item; without any, what the item's way ends in."""
    open_ = [e for e in way.expected.values() if e.begun and not e.secured and not e.superseded]
    branches = [_Open(_into(way, e.agreement.sender), e.agreement.sender, e, _judged(way, e)) for e in open_]
    return branches + _ends(way, bool(open_))


def _judged(way: Way, expected: Expected) -> Finding:
    """The verdict with a look at what else is known of this item: an accusation that its other evidence puts in doubt is none."""
    route, sender = expected.agreement.id, expected.agreement.sender
    finding = judge(expected, way.states.get(route), way.as_of)
    if finding.rule == "not-sent":
        maybe = [key for key, candidates in way.ambiguous.items() if route in candidates]
        unplaced = [s for s in way.states.values() if not s.from_system and any(e.said_by == sender for e in s.evidence)]
        if maybe or unplaced:
            what = (
                f"evidence that fits several declared routes ({', '.join(maybe)})" if maybe else "evidence on an unknown route"
            )
            states = [way.states[key] for key in maybe] or unplaced
            return replace(
                finding,
                rule="ambiguous-route",
                at_fault=UNDETERMINED,
                reason=f"There is {what}: it cannot be told whether {sender} sent it on route {route}.",
                confidence=0.5,
                evidence=tuple(e for s in states for e in s.evidence),
                missing=("which route the evidence is about",),
            )
    if finding.rule == "refused-by-endpoint":
        others = [s for s in way.states.values() if s.from_system == sender and s.route != route]
        if others and not any(s.secured for s in others) and all(s.transport == "failed" for s in others):
            towards = ", ".join(sorted(str(s.to_system) for s in others))
            return replace(
                finding,
                at_fault=UNDETERMINED,
                reason=f"{finding.reason} But {sender} failed towards {towards} as well, so the cause may be its own.",
                confidence=0.5,
                missing=(f"whether {sender} reaches anybody in that time",),
            )
    return finding


def _ends(way: Way, others: bool) -> list[_Open]:
    """Branches on which nothing is missing: the last system of each."""
    secured = [s for s in way.states.values() if s.secured]
    goes_on = {e.agreement.sender for e in way.expected.values() if not e.superseded}
    declared = set(way.expected) | {key for key, routes in way.ambiguous.items() if set(routes) & set(way.expected)}
    last = [s for s in secured if s.route in declared and s.to_system not in goes_on]
    if last:
        return [_Open(s, s.to_system, None, replace(_ARRIVED, evidence=s.evidence)) for s in sorted(last, key=_when)]
    if others:
        return []
    newest = max(secured, key=_when, default=None)
    holder = newest.to_system if newest else way.origin
    open_states = [s for s in way.states.values() if not s.secured]
    seen = "; ".join(
        f"{s.from_system} → {s.to_system}: {s.processing or s.acknowledgement or s.transport}" for s in open_states
    )
    reason = f"Seen without an expected path: {seen}. {_NO_PATH}" if seen else _NO_PATH
    evidence = tuple(e for s in (open_states or ([newest] if newest else [])) for e in s.evidence)
    return [_Open(newest, holder, None, Finding("no-deadline", NOBODY, reason, 1.0, evidence))]


def _into(way: Way, system: str) -> State | None:
    """The last secured handoff that brought the item to a system."""
    return max((s for s in way.states.values() if s.secured and s.to_system == system), key=_when, default=None)


def _when(state: State) -> tuple[bool, float, str]:
    return state.secured_at is not None, state.secured_at.timestamp() if state.secured_at else 0.0, state.route


def _urgency(one: _Open) -> tuple[int, float, str]:
    """Faults before waiting before done, each by what was due first."""
    rank = {"not-due": 1, "no-deadline": 2, "arrived": 3}.get(one.finding.rule, 0)
    due = one.finding.due.timestamp() if one.finding.due else 0.0
    return rank, due, one.missing.agreement.id if one.missing else ""


People = dict[str, list[dict[str, Any]]]


def _people(ask: Asker, systems: tuple[str, ...]) -> People:
    people: People = {}
    for row in ask.rows("who_to_ask", systems=list(systems)) if systems else []:
        people.setdefault(row["system"], []).append(row)
    return people


def _branch(way: Way, one: _Open, people: People) -> Branch:
    last, missing = one.last, one.missing
    return Branch(
        last_successful=None
        if last is None
        else LastSuccessful(
            route=last.route,
            from_=last.from_system,
            to=last.to_system,
            at=last.secured_at,
            evidence=tuple(e.id for e in last.evidence),
        ),
        in_custody_of=Custody(system=one.holder, partner=_partner(people, one.holder), zone=_zone(people, one.holder)),
        next_expected=None
        if missing is None
        else NotReached(
            route=missing.agreement.id,
            from_=missing.agreement.sender,
            to=missing.agreement.receiver,
            expected_by=one.finding.due,
        ),
        verdict=_verdict(one.finding, people),
        contacts=_contacts(one, people),
    )


def _verdict(finding: Finding, people: People) -> Verdict:
    system = finding.at_fault or None
    if finding.at_fault is NOBODY:
        zone: Any = "none"
    else:
        zone = (_zone(people, system) if system else None) or "undetermined"
    return Verdict(
        zone=zone,
        system=system,
        partner=_partner(people, system),
        rule=finding.rule,
        reason=finding.reason,
        confidence=finding.confidence,
        evidence=tuple(e.id for e in finding.evidence),
        missing_evidence=finding.missing,
    )


def _contacts(one: _Open, people: People) -> tuple[ContactRef, ...]:
    """Whom to turn to: for the system at fault; while that is undetermined, for both ends; else for who has the item."""
    if one.finding.at_fault:
        systems = [one.finding.at_fault]
    elif one.finding.at_fault == UNDETERMINED and one.missing:
        systems = [one.missing.agreement.sender, one.missing.agreement.receiver]
    else:
        systems = [one.holder] if one.holder else []
    found = [(system, row) for system in systems for row in people.get(system, []) if row["of"]]
    return tuple(
        ContactRef(name=row["name"], email=row["email"], role=row["role"], of=row["of"], system=system) for system, row in found
    )


def _partner(people: People, system: str | None) -> str | None:
    return next((row["partner"] for row in people.get(system or "", [])), None)


def _zone(people: People, system: str | None) -> str | None:
    return next((row["zone"] for row in people.get(system or "", [])), None)
