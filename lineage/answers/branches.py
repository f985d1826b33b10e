"""Where an item's way stands, branch by branch: what is missing on it, the verdict, whom to ask.

``last-handoff`` of one item and ``diagnose`` of all are read off this, so that they cannot disagree.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, NamedTuple

from lineage.answers.cases import RULES
from lineage.answers.corroboration import corroborate
from lineage.answers.expected import Expected
from lineage.answers.outcomes import Outcome, outcomes
from lineage.answers.people import People
from lineage.answers.results import (
    Branch,
    ContactRef,
    Custody,
    LastSuccessful,
    NotReached,
    Verdict,
)
from lineage.answers.traffic import Traffic
from lineage.answers.verdict import DOUBT, NOBODY, UNDETERMINED, Finding, judge
from lineage.answers.way import Way
from lineage.custody import Evidence, State

_ARRIVED = Finding("arrived", NOBODY, "Everything that was expected has arrived.", 1.0)
_NO_PATH = "No declared route says where it should go from here, so nothing is late."
SETTLED = frozenset({"arrived", "no-deadline", "not-due"})
"""Rules of branches on which nothing is wrong."""


@dataclass(frozen=True)
class Open:
    """A branch before names are looked up: the last secured handoff on it, and the expected one that is missing.

    ``proof``: ids of the evidence of that last handoff, where its state was read without.
    """

    last: State | None
    holder: str | None
    missing: Expected | None
    finding: Finding
    proof: tuple[str, ...] = ()

    @property
    def last_evidence(self) -> tuple[str, ...]:
        """Ids of the evidence of the last secured handoff."""
        return self.proof or (_ids(self.last.evidence) if self.last else ())

    @property
    def evidence(self) -> tuple[str, ...]:
        """Ids of the evidence for the finding; where nothing is missing, that is the last handoff's."""
        return _ids(self.finding.evidence) or (self.proof if self.missing is None else ())


def _ids(evidence: Iterable[Evidence]) -> tuple[str, ...]:
    return tuple(e.id for e in evidence)


class Alone(NamedTuple):
    """What an item's own evidence says of an expected handoff that is missing. ``open``: whether others are to be looked at."""

    expected: Expected
    finding: Finding
    open: bool = True

    @property
    def moments(self) -> tuple[datetime, ...]:
        """When it failed first and last, if what happened to others then may settle it."""
        found = self.finding
        return tuple(filter(None, (found.began, found.at))) if self.open and found.rule in RULES else ()


def alone(way: Way) -> list[Alone]:
    """What is missing on an item's way, without a look at others."""
    return [_alone(way, expected) for expected in way.missing]


def branches(way: Way, found: Iterable[Alone], traffic: Traffic) -> list[Open]:
    """The branches of an item's way, the most urgent first: faults, then what is waited for, then what is done."""
    open_ = [
        Open(_into(way, one.expected.agreement.sender), one.expected.agreement.sender, one.expected, _judged(way, one, traffic))
        for one in found
    ]
    return sorted(open_ + _ends(way), key=_urgency)


def _alone(way: Way, expected: Expected) -> Alone:
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
            unknown = replace(
                finding,
                rule="ambiguous-route",
                at_fault=UNDETERMINED,
                reason=f"There is {what}: it cannot be told whether {sender} sent it on route {route}.",
                confidence=DOUBT,
                evidence=tuple(e for s in states for e in s.evidence),
                missing=("which route the evidence is about",),
            )
            return Alone(expected, unknown, open=False)
    if finding.rule == "no-receipt" and expected.agreement.acknowledgement == "none" and not _goes_on(way, expected):
        said = f"{sender} sent it, and no acknowledgement is agreed on route {route}: nothing will tell whether it arrived."
        done = replace(finding, rule="no-deadline", at_fault=NOBODY, reason=said, confidence=1.0, missing=())
        return Alone(expected, done, open=False)
    if finding.rule == "not-sent":
        if elsewhere := _sent_unlogged(way, expected):
            why = f"But {elsewhere} has it from {sender}, whose log shows nothing of that either."
            return Alone(expected, finding.doubted(why, f"the log of {sender} of that time"), open=False)
        # Custody is proved late at times; whatever shows the item at the sender shows that it could have sent it by then.
        there = [s.first_at for s in way.states.values() if s.first_at and sender in {s.from_system, s.to_system}]
        finding = replace(finding, began=min(there, default=None))
    return Alone(expected, finding)


def _judged(way: Way, one: Alone, traffic: Traffic) -> Finding:
    """The verdict with a look at others on the same systems at that time."""
    expected, finding = one.expected, one.finding
    if not one.open:
        return finding
    found = corroborate(finding, expected, way.item["id"], way.item["kind"], lambda: _own(way, expected), traffic)
    if found.at_fault and (others := _perhaps_arrived(way, expected)):
        receiver = expected.agreement.receiver
        why = f"But {receiver} may have it by {', '.join(others)}, where nothing confirms it."
        return replace(found, reason=finding.reason).doubted(why, f"whether {receiver} has it")
    return _perhaps_published(way, expected, found)


def _own(way: Way, expected: Expected) -> tuple[Outcome, ...]:
    """What came of the item's own attempts on a route."""
    state, item = way.states.get(expected.agreement.id), way.item
    return outcomes(state, expected.agreement, item["id"], item["kind"], way.as_of) if state else ()


def _sent_unlogged(way: Way, expected: Expected) -> str | None:
    """Another system that can only have the item from the same sender, though no log shows how it came there: the sender's has a hole.

    Where the receiver's log shows it, the sender's may never show that way, and others on it tell whether it does.
    """
    sender = expected.agreement.sender
    for other in way.expected.values():
        receiver = other.agreement.receiver
        state = way.states.get(other.agreement.id)
        onward = state is not None and state.secured_by == "onward" and not any(e.said_by == sender for e in state.evidence)
        if receiver == expected.agreement.receiver or not (other.superseded or onward):
            continue
        if {e.agreement.sender for e in way.expected.values() if e.agreement.receiver == receiver} == {sender}:
            return receiver
    return None


def _perhaps_published(way: Way, expected: Expected, finding: Finding) -> Finding:
    """The finding, without an accusation where the receiver published something that may be this item."""
    receiver = expected.agreement.receiver
    there = [one for one in way.may_be if one.seen_at(receiver)]
    if finding.rule in SETTLED or not there:
        return finding
    best, more = there[0], f" (or {len(there) - 1} more like it)" if len(there) > 1 else ""
    seen = f"{best.id}, which was seen published at {receiver}{more}: {'; '.join(best.because)}; score {best.score:.2f}"
    published = (Evidence(source="", id=id_, type="published", route=expected.agreement.id) for id_ in best.seen_at(receiver))
    doubted = finding.doubted(f"But it may be {seen}.", f"a crosswalk that says whether it is {best.id}")
    return replace(doubted, evidence=(*finding.evidence, *published))


def _perhaps_arrived(way: Way, expected: Expected) -> list[str]:
    """Other routes on which the item was sent to the same receiver without a word about it since."""
    route = expected.agreement
    return sorted(
        state.route
        for state in way.states.values()
        if state.to_system == route.receiver and state.route != route.id and state.transport == "sent" and not state.secured
    )


def _goes_on(way: Way, expected: Expected) -> bool:
    """Whether the item was to go on from the receiver, so that something would show that it came there."""
    return any(e.agreement.sender == expected.agreement.receiver for e in way.expected.values())


def _ends(way: Way) -> list[Open]:
    """Branches on which nothing is missing: the last system of each."""
    secured = [s for s in way.states.values() if s.secured]
    goes_on = {e.agreement.sender for e in way.expected.values() if not e.superseded}
    declared = set(way.expected) | {key for key, routes in way.ambiguous.items() if set(routes) & set(way.expected)}
    last = [s for s in secured if s.route in declared and s.to_system not in goes_on]
    if last:
        arrived = ((s, replace(_ARRIVED, evidence=s.evidence) if s.evidence else _ARRIVED) for s in sorted(last, key=_when))
        return [Open(s, s.to_system, None, finding) for s, finding in arrived]
    if way.missing:
        return []
    newest = max(secured, key=_when, default=None)
    holder = newest.to_system if newest else way.origin
    open_states = [s for s in way.states.values() if not s.secured]
    seen = "; ".join(
        f"{s.from_system} → {s.to_system}: {s.processing or s.acknowledgement or s.transport}" for s in open_states
    )
    reason = f"Seen without an expected path: {seen}. {_NO_PATH}" if seen else _NO_PATH
    evidence = tuple(e for s in (open_states or ([newest] if newest else [])) for e in s.evidence)
    return [Open(newest, holder, None, Finding("no-deadline", NOBODY, reason, 1.0, evidence))]


def _into(way: Way, system: str) -> State | None:
    """The last secured handoff that brought the item to a system."""
    return max((s for s in way.states.values() if s.secured and s.to_system == system), key=_when, default=None)


def _when(state: State) -> tuple[bool, float, str]:
    return state.secured_at is not None, state.secured_at.timestamp() if state.secured_at else 0.0, state.route


def _urgency(one: Open) -> tuple[int, float, str]:
    """Faults before waiting before done, each by what was due first."""
    rank = {"not-due": 1, "no-deadline": 2, "arrived": 3}.get(one.finding.rule, 0)
    due = one.finding.due.timestamp() if one.finding.due else 0.0
    return rank, due, one.missing.agreement.id if one.missing else ""


def told(one: Open, people: People) -> Branch:
    """A branch with names, partners and contacts."""
    last, missing = one.last, one.missing
    return Branch(
        last_successful=None
        if last is None
        else LastSuccessful(
            route=last.route,
            from_=last.from_system,
            to=last.to_system,
            at=last.secured_at,
            evidence=one.last_evidence,
        ),
        in_custody_of=Custody(system=one.holder, partner=people.partner(one.holder), zone=people.zone(one.holder)),
        next_expected=None
        if missing is None
        else NotReached(
            route=missing.agreement.id,
            from_=missing.agreement.sender,
            to=missing.agreement.receiver,
            expected_by=one.finding.due,
        ),
        verdict=_verdict(one, people),
        contacts=_contacts(one, people),
    )


def _verdict(one: Open, people: People) -> Verdict:
    finding = one.finding
    system = finding.at_fault or None
    if finding.at_fault is NOBODY:
        zone: Any = "none"
    else:
        zone = (people.zone(system) if system else None) or "undetermined"
    return Verdict(
        zone=zone,
        system=system,
        partner=people.partner(system),
        rule=finding.rule,
        reason=finding.reason,
        confidence=finding.confidence,
        evidence=one.evidence,
        missing_evidence=finding.missing,
    )


def _contacts(one: Open, people: People) -> tuple[ContactRef, ...]:
    """Whom to turn to: for the system at fault; while that is undetermined, for both ends; else for who has the item."""
    if one.finding.at_fault:
        systems = [one.finding.at_fault]
    elif one.finding.at_fault == UNDETERMINED and one.missing:
        systems = [one.missing.agreement.sender, one.missing.agreement.receiver]
    else:
        systems = [one.holder] if one.holder else []
    return people.contacts(systems)
