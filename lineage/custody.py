"""State of an item's handoffs: a fold over its evidence (pure; no database, no registry, no clock).

The result is a function of the *set* of evidence: any permutation, repetition or split into files gives the same
states. Three axes are kept apart because they prove different things: transport (did it travel), acknowledgement (was
it accepted) and processing (was it published). Design: "evidence, state, custody".
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import NamedTuple

from lineage.owed import may_change

SYSTEM_URN = "urn:lineage:system:"
# The receiver's word, whoever recorded it: a reply in the sender's log is the receiver's evidence.
RECEIPTS = frozenset({"received", "picked_up", "accepted", "accepted_with_errors", "partially_accepted", "published"})
_ACKNOWLEDGEMENTS = ("accepted", "partially_accepted", "accepted_with_errors", "rejected")
# What has no time comes before all that has one.
_UNDATED = datetime.min.replace(tzinfo=UTC)
_TIMES = ("queued", "sent", "picked_up", "received", "failed", "rejected", "published")


class Evidence(NamedTuple):
    """One piece of evidence as the fold reads it. Times are UTC; ``route`` is the handoff's key (see ``route_key``).

    A tuple, because millions are made: a frozen dataclass takes six times as long.
    """

    source: str
    id: str
    type: str
    route: str
    time: datetime | None = None
    from_system: str | None = None
    to_system: str | None = None
    dataset: str | None = None
    message_id: str | None = None
    in_reply_to: str | None = None
    envelopes: tuple[str, ...] = ()
    reporter: str | None = None
    code: str | None = None
    detail: str | None = None
    raw_type: str | None = None

    @property
    def said_by(self) -> str:
        """The system that says it: the reporter, else the one its source names."""
        return self.reporter or self.source.removeprefix(SYSTEM_URN)

    @property
    def attempt(self) -> str | None:
        """The message that this evidence is about: the one it answers, else its own, else the innermost envelope."""
        return self.in_reply_to or self.message_id or next(iter(self.envelopes), None)


class Attempt(NamedTuple):
    """One message of a handoff, folded."""

    key: str
    evidence: tuple[Evidence, ...]
    secured: bool
    secured_at: datetime | None
    transport: str | None
    acknowledgement: str | None
    processing: str | None
    started: datetime | None


class State(NamedTuple):
    """One handoff, folded. ``secured_by``: ``receipt`` (the receiver's word) or ``onward`` (it was seen going on from there).

    ``item_last_at``: the newest evidence of all the item's handoffs, where these can still change the state; ``superseded``:
    not secured, and the receiver has the item from another handoff; ``beside``: attempts of the item's other handoffs between
    the same two ends.
    """

    route: str
    from_system: str | None
    to_system: str | None
    dataset: str | None
    secured: bool
    secured_at: datetime | None
    secured_by: str | None
    attempts: tuple[Attempt, ...]
    transport: str | None
    acknowledgement: str | None
    processing: str | None
    times: Mapping[str, datetime]
    evidence: tuple[Evidence, ...]
    undated: bool = False
    first_at: datetime | None = None
    last_at: datetime | None = None
    item_last_at: datetime | None = None
    superseded: bool = False
    beside: tuple[Attempt, ...] = ()

    @property
    def tried(self) -> bool:
        """Whether a message was seen on its way at all, be it without its evidence."""
        return bool(self.acknowledgement or self.processing) or self.transport not in {None, "queued"}

    @property
    def attempt_count(self) -> int:
        """How many messages there were; evidence without any message id counts as one only when it stands alone."""
        named = [a for a in self.attempts if a.key]
        return len(named) or (1 if any(e.type != "queued" for e in self.evidence) else 0)


def route_key(route: str | None, from_system: str | None, to_system: str | None, dataset: str | None) -> str | None:
    """A handoff's route: the one that is named, else ``from>to[>dataset]``, else None (only a reply can place it)."""
    if route:
        return route
    if from_system and to_system:
        return ">".join(filter(None, (from_system, to_system, dataset)))
    return None


def known_ends(evidence: Iterable[Evidence], ends: Mapping[str, tuple[str | None, str | None]]) -> list[Evidence]:
    """Evidence that named only a route gets its ends from the declaration (``ends`` by route), where no other evidence says them."""
    given = list(evidence)
    stated = {one.route for one in given if one.from_system is not None}
    return [
        one._replace(from_system=ends[one.route][0], to_system=ends[one.route][1])
        if one.route not in stated and one.route in ends
        else one
        for one in given
    ]


def ended(state: State, sender: str | None, receiver: str | None) -> State:
    """The state with these ends, where its evidence does not say them."""
    if state.from_system and state.to_system:
        return state
    return state._replace(from_system=state.from_system or sender, to_system=state.to_system or receiver)


def fold_item(evidence: Iterable[Evidence]) -> dict[str, State]:
    """All handoffs of one item by route key, from all its evidence."""
    return together({route: fold_handoff(route, seen) for route, seen in by_route(evidence).items()})


def by_route(evidence: Iterable[Evidence]) -> dict[str, list[Evidence]]:
    """The evidence of each handoff of one item, by route key."""
    found: dict[str, list[Evidence]] = defaultdict(list)
    for seen in evidence:
        found[seen.route].append(seen)
    return found


def together(alone: Mapping[str, State]) -> dict[str, State]:
    """The states of all handoffs of one item, each of which was folded alone: with what each shows of the others."""
    return _beside_each_other(_secure_by_onward({route: alone[route] for route in sorted(alone)}))


def _beside_each_other(states: dict[str, State]) -> dict[str, State]:
    last = max((s.last_at for s in states.values() if s.last_at), default=None)
    reached = {s.to_system for s in states.values() if s.secured and s.to_system}
    between: dict[tuple[str | None, str | None], list[State]] = defaultdict(list)
    for state in states.values():
        between[state.from_system, state.to_system].append(state)
    result = dict(states)
    for route, state in states.items():
        others = tuple(a for o in between[state.from_system, state.to_system] if o is not state for a in o.attempts)
        if others or may_change(state):
            missing = not state.secured and state.to_system in reached
            result[route] = state._replace(item_last_at=last, superseded=missing, beside=others)
    return result


def _order(seen: Evidence) -> tuple[datetime, str, str]:
    return seen.time or _UNDATED, seen.source, seen.id


def fold_handoff(route: str, seen: Iterable[Evidence]) -> State:
    """One handoff from its own evidence alone; what the item's others show may still change it."""
    evidence = sorted(set(seen), key=_order)  # what has no time first, then by time
    from_system = min({e.from_system for e in evidence if e.from_system}, default=None)
    to_system = min({e.to_system for e in evidence if e.to_system}, default=None)
    attempts = _attempts(evidence, to_system)
    secured = [a for a in attempts if a.secured]
    shown = max(secured or attempts, key=_started, default=None)
    dated = [e.time for e in evidence if e.time]
    return State(
        route=route,
        from_system=from_system,
        to_system=to_system,
        dataset=min({e.dataset for e in evidence if e.dataset}, default=None),
        secured=bool(secured),
        secured_at=min((a.secured_at for a in secured if a.secured_at), default=None),
        secured_by="receipt" if secured else None,
        attempts=attempts,
        transport=(shown.transport if shown else None) or ("queued" if any(e.type == "queued" for e in evidence) else None),
        acknowledgement=shown.acknowledgement if shown else None,
        processing=shown.processing if shown else None,
        times=_times(evidence, to_system),
        evidence=tuple(evidence),
        undated=len(dated) < len(evidence),
        first_at=dated[0] if dated else None,
        last_at=dated[-1] if dated else None,
    )


def _started(attempt: Attempt) -> tuple[datetime, str]:
    return attempt.started or _UNDATED, attempt.key


def negates(seen: Evidence, to_system: str | None) -> bool:
    """Only the receiver can take a receipt back: its rejection, or its own failure to process."""
    return seen.type == "rejected" or (seen.type == "failed" and to_system is not None and seen.said_by == to_system)


def _attempts(evidence: list[Evidence], to_system: str | None) -> tuple[Attempt, ...]:
    named: dict[str, list[Evidence]] = defaultdict(list)
    nameless: list[Evidence] = []
    inside = _inside(evidence)
    to_all: dict[str, list[Evidence]] = defaultdict(list)
    for seen in evidence:
        if seen.type == "queued":
            continue
        if seen.in_reply_to in inside:
            for message in inside[seen.in_reply_to]:
                to_all[message].append(seen)
        elif seen.attempt:
            named[seen.attempt].append(seen)
        else:
            nameless.append(seen)
    for message, replies in to_all.items():
        named[message] = sorted([*named[message], *_unless_answered(replies, named[message])], key=_order)
    if len(named) == 1:
        # Evidence without a message id can then only be about that message.
        key, own = next(iter(named.items()))
        return (_attempt(key, sorted([*own, *nameless], key=_order) if nameless else own, to_system, ()),)
    refusals = [e for e in evidence if negates(e, to_system)]
    loose_refusals = [e for e in nameless if negates(e, to_system)]
    attempts = [_attempt(key, group, to_system, loose_refusals) for key, group in sorted(named.items())]
    if nameless:
        # It may be about any of the messages, so it secures nothing that any later refusal took back.
        attempts.append(_attempt("", nameless, to_system, refusals))
    return tuple(sorted(attempts, key=_started))


def _inside(evidence: list[Evidence]) -> dict[str, set[str]]:
    """The messages that travelled in each envelope; an id that is also a message's own names that message."""
    carriers = [e for e in evidence if e.envelopes and not e.in_reply_to]
    if not carriers:
        return {}
    inside: dict[str, set[str]] = defaultdict(set)
    for seen in carriers:
        for envelope in seen.envelopes:
            inside[envelope].add(seen.attempt or envelope)
    own = {e.attempt for e in evidence if not e.in_reply_to}
    return {envelope: messages for envelope, messages in inside.items() if envelope not in own}


def _unless_answered(to_envelope: list[Evidence], about_message: list[Evidence]) -> list[Evidence]:
    """Replies to an envelope, as far as no reply that names the message itself knows better.

    A group that is partially accepted (X12 AK9 P) says nothing of one transaction; its own AK5 does. And a message that was
    rejected was not received after all because a receipt for its envelope came in later. A refusal of the envelope
    refuses all that is in it.
    """
    own = {e.type for e in about_message if e.in_reply_to} & set(_ACKNOWLEDGEMENTS)
    if "rejected" in own:
        return [e for e in to_envelope if e.type not in RECEIPTS]
    return [e for e in to_envelope if not own or e.type == "rejected" or e.type not in _ACKNOWLEDGEMENTS]


def _attempt(key: str, evidence: list[Evidence], to_system: str | None, also_negative: Iterable[Evidence]) -> Attempt:
    types = {e.type for e in evidence}
    negatives = [e for e in evidence if negates(e, to_system)]
    secured, secured_at = _secured(evidence, [*negatives, *also_negative])
    return Attempt(
        key=key,
        evidence=tuple(evidence),
        secured=secured,
        secured_at=secured_at,
        transport=_transport(evidence, types, negatives),
        acknowledgement=None if types.isdisjoint(_ACKNOWLEDGEMENTS) else _latest(evidence, _ACKNOWLEDGEMENTS),
        processing=_processing(evidence, negatives) if "published" in types or negatives else None,
        started=min((e.time for e in evidence if e.time), default=None),
    )


def _secured(evidence: list[Evidence], negatives: list[Evidence]) -> tuple[bool, datetime | None]:
    """Whether a receipt stands, and since when: later than every refusal of the attempt; a tie goes to the refusal."""
    receipts = [e for e in evidence if e.type in RECEIPTS]
    if not receipts:
        return False, None
    if not negatives:
        return True, min((e.time for e in receipts if e.time), default=None)
    if any(e.time is None for e in negatives):
        return False, None
    refused = max(e.time for e in negatives if e.time)
    standing = [e.time for e in receipts if e.time and e.time > refused]
    return bool(standing), min(standing, default=None)


def _transport(evidence: list[Evidence], types: set[str], negatives: list[Evidence]) -> str | None:
    for kind in ("received", "picked_up"):
        if kind in types:
            return kind
    # A resend of the same message after a failure is under way again; at the same moment the failure counts.
    travelling = [e for e in evidence if e.type == "sent" or (e.type == "failed" and e not in negatives)]
    latest = max(travelling, key=lambda e: (e.time or _UNDATED, e.type == "failed"), default=None)
    return latest.type if latest else None


def _latest(evidence: list[Evidence], kinds: tuple[str, ...]) -> str | None:
    """The latest of these by time; at the same moment the worse, which stands later in ``kinds``."""
    said = [e for e in evidence if e.type in kinds]
    latest = max(said, key=lambda e: (e.time or _UNDATED, kinds.index(e.type)), default=None)
    return latest.type if latest else None


def _processing(evidence: list[Evidence], negatives: list[Evidence]) -> str | None:
    failed = [e for e in negatives if e.type == "failed"]
    return _latest([e for e in evidence if e.type == "published"] + failed, ("published", "failed"))


def _times(evidence: list[Evidence], to_system: str | None) -> dict[str, datetime]:
    """Latest time of each state; ``failed`` is the transport's, ``processing_failed`` the receiver's."""
    times: dict[str, datetime] = {}
    for seen in evidence:
        if seen.time is None:
            continue
        name = seen.type
        if name in {"accepted", "accepted_with_errors", "partially_accepted"}:
            name = "acknowledged"
        elif name == "failed" and negates(seen, to_system):
            name = "processing_failed"
        elif name not in _TIMES:
            continue
        times[name] = max(seen.time, times.get(name, seen.time))
    return times


def _secure_by_onward(states: dict[str, State]) -> dict[str, State]:
    """What was seen going on from a system had arrived there, receipt or not.

    Not where the item comes back to the sender: then its going out proves nothing about its coming in.
    """
    leaving: dict[str, list[State]] = defaultdict(list)
    arriving: dict[str, list[State]] = defaultdict(list)
    for state in states.values():
        if state.from_system and state.to_system:
            leaving[state.from_system].append(state)
            arriving[state.to_system].append(state)
    result = dict(states)
    for system, arrivals in arriving.items():
        if any(state.secured for state in arrivals):
            continue
        refused = [s for s in arrivals if any(negates(e, s.to_system) for e in s.evidence)]
        for state in [s for s in arrivals if s not in refused] or arrivals:
            proof = [
                e
                for onward in leaving[system]
                if state.from_system not in _reachable(onward.to_system, leaving)
                for e in sent_on(onward)
            ]
            if proof:
                since = min((e.time for e in proof if e.time), default=None)
                result[state.route] = state._replace(secured=True, secured_by="onward", secured_at=since)
    return result


def sent_on(state: State) -> list[Evidence]:
    """Evidence that the sender of a handoff had the item: its own, the receiver's, or a receipt that anybody recorded."""
    return [e for e in state.evidence if e.type in RECEIPTS or e.said_by in {state.from_system, state.to_system}]


def _reachable(start: str | None, leaving: Mapping[str, list[State]]) -> set[str]:
    seen: set[str] = set()
    todo = [start] if start else []
    while todo:
        system = todo.pop()
        if system not in seen:
            seen.add(system)
            todo += [state.to_system for state in leaving.get(system, []) if state.to_system]
    return seen
