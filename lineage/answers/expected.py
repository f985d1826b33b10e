"""The expected path: which declared routes an item should take (pure).

A route is expected for an item if it was valid when custody began at its sender, its ``item_kind`` names the item's kind,
and it is a start at the item's origin or follows an expected one. ``expect: listed`` routes only for items with an
Expectation on them or an ancestor. Design: "expected path".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from operator import attrgetter
from typing import Any, NamedTuple

from pydantic import TypeAdapter

from lineage.custody import State, sent_on

_DURATION: TypeAdapter[timedelta] = TypeAdapter(timedelta)


@dataclass(frozen=True)
class Agreement:
    """A declared route, as the expected path and the verdict read it. Durations are timedeltas, times UTC."""

    id: str
    sender: str
    receiver: str
    dataset: str | None
    interface: str | None
    item_kinds: frozenset[str]
    after: tuple[str, ...] | None
    listed: bool
    deliver_within: timedelta | None
    acknowledgement: str | None
    acknowledge_within: timedelta | None
    valid_from: datetime | None
    valid_to: datetime | None

    @classmethod
    def of(cls, properties: Mapping[str, Any]) -> Agreement:
        """From a Route node's properties."""
        return cls(
            id=properties["id"],
            sender=properties["from"],
            receiver=properties["to"],
            dataset=properties.get("dataset"),
            interface=properties.get("interface"),
            item_kinds=frozenset(properties.get("item_kind") or ()),
            after=None if properties.get("after") is None else tuple(properties["after"]),
            listed=properties.get("expect") == "listed",
            deliver_within=_duration(properties.get("deliver_within")),
            acknowledgement=properties.get("acknowledgement"),
            acknowledge_within=_duration(properties.get("acknowledge_within")),
            valid_from=properties.get("valid_from"),
            valid_to=properties.get("valid_to"),
        )

    def valid_at(self, time: datetime) -> bool:
        """Whether the declaration holds at that time."""
        return (self.valid_from is None or self.valid_from <= time) and (self.valid_to is None or time < self.valid_to)


def _duration(text: str | None) -> timedelta | None:
    return None if text is None else _DURATION.validate_python(text)


def later(time: datetime, by: timedelta) -> datetime:
    """A time so much later, at most the last one there is."""
    try:
        return time + by
    except OverflowError:
        return datetime.max.replace(tzinfo=UTC)


class Expected(NamedTuple):
    """One expected route. ``begun``: whether its sender has custody; ``begun_at``: since when, if known."""

    agreement: Agreement
    begun: bool
    begun_at: datetime | None
    depth: int
    secured: bool
    superseded: bool

    @property
    def due(self) -> datetime | None:
        """When it should have arrived: deliver_within after the sender got custody. None: no deadline, or not begun."""
        if self.begun_at is None or self.agreement.deliver_within is None:
            return None
        return later(self.begun_at, self.agreement.deliver_within)


def origin_of(declared: Iterable[str | None], observed: Iterable[str | None], states: Mapping[str, State]) -> str | None:
    """Where the item starts.

    What a registry states; else the sender of ``queued``; else where the handoffs seen begin. What a feed only observed
    (an episode's host) counts as long as no evidence shows that the item came there from somewhere else.
    """
    for origin in declared:
        if origin:
            return origin
    known = [s for s in states.values() if s.from_system and s.to_system]
    into: dict[str | None, set[str]] = {}
    for state in known:
        into.setdefault(state.to_system, set()).add(str(state.from_system))
    senders = {str(s.from_system) for s in known}
    queued = {str(s.from_system) for s in known if "queued" in s.times or any(e.type == "queued" for e in s.evidence)}
    for origin in observed:
        if origin:
            # Upstream of the observed origin, as far as evidence goes.
            upstream = _upstream(origin, into)
            first = [system for system in sorted(upstream) if not into.get(system)]
            return (sorted(queued & set(first)) or sorted(queued & upstream) or first or [origin])[0]
    first = sorted(system for system in senders if not into.get(system))
    if not first and not queued:
        # It goes in a circle: where it was seen first.
        first = [str(s.from_system) for s in sorted(known, key=_seen_first)[:1]]
    return next(iter(sorted(queued & set(first)) or sorted(queued) or first), None)


def _seen_first(state: State) -> tuple[bool, float, str]:
    return state.first_at is None, state.first_at.timestamp() if state.first_at else 0.0, state.route


def _upstream(system: str, into: Mapping[str | None, set[str]]) -> set[str]:
    seen: set[str] = set()
    todo = [system]
    while todo:
        one = todo.pop()
        if one not in seen:
            seen.add(one)
            todo += into.get(one, ())
    return seen


def expected_path(
    *,
    kind: str,
    origin: str | None,
    listed_on: frozenset[str],
    agreements: Iterable[Agreement],
    states: Mapping[str, State],
    as_of: datetime,
) -> dict[str, Expected]:
    """The expected routes by id, nearest to the origin first.

    ``states``: the item's handoffs by the declared route they belong to. Custody at the origin begins with the item's first
    evidence; at any other system when the handoff into it was secured.
    """
    candidates = {a.id: a for a in agreements if kind in a.item_kinds and (not a.listed or a.id in listed_on)}
    custody = _custody(origin, states)
    found = _path(candidates, origin, custody, states, as_of)
    passed = _passed(found, origin, custody)
    return _path(candidates, origin, custody | passed, states, as_of) if passed else found


def _passed(
    found: Mapping[str, Expected], origin: str | None, custody: Mapping[str, datetime | None]
) -> dict[str, datetime | None]:
    """Systems that must have had the item, because it was seen beyond them and there was no other way; by when.

    The design's "evidence from the receiver or beyond": what nobody logged on the way shows where it comes out.
    """
    passed: dict[str, datetime | None] = {}
    todo = [system for system in custody if system != origin]
    while todo:
        system = todo.pop()
        ways = [e for e in found.values() if e.agreement.receiver == system]
        senders = {e.agreement.sender for e in ways}
        if any(e.secured for e in ways) or len(senders) != 1:
            continue
        (sender,) = senders
        if sender not in custody and sender not in passed:
            passed[sender] = custody.get(system) or passed.get(system)
            todo.append(sender)
    return passed


def _path(
    candidates: Mapping[str, Agreement],
    origin: str | None,
    custody: Mapping[str, datetime | None],
    states: Mapping[str, State],
    as_of: datetime,
) -> dict[str, Expected]:
    held = set(custody)
    found: dict[str, Expected] = {}
    reached: dict[str, int] = {} if origin is None else {origin: 0}
    todo = sorted(candidates.values(), key=_id)
    while True:
        new, rest = [], []
        for route in todo:
            if _follows(route, origin, reached, found):
                begun, begun_at = _begun(route, custody, found, states)
                if route.valid_at(begun_at or as_of):
                    new.append((route, begun, begun_at))
                    continue
            rest.append(route)
        if not new:
            return found
        todo = rest
        for route, begun, begun_at in new:
            state = states.get(route.id)
            secured = state is not None and state.secured
            depth = reached.get(route.sender, 0)
            if route.after:
                depth = min((found[a].depth + 1 for a in route.after if a in found), default=depth)
            found[route.id] = Expected(
                agreement=route,
                begun=begun,
                begun_at=begun_at,
                depth=depth,
                secured=secured,
                superseded=not secured and route.receiver in held and route.receiver != origin,
            )
            reached.setdefault(route.receiver, depth + 1)


_id = attrgetter("id")


def _begun(
    route: Agreement, custody: Mapping[str, datetime | None], found: Mapping[str, Expected], states: Mapping[str, State]
) -> tuple[bool, datetime | None]:
    """Whether the sender may send on this route by now, and since when.

    It needs the item; and where the route comes after one that ends elsewhere, that one must have arrived.
    """
    if route.sender not in custody:
        return False, None
    begun_at = custody[route.sender]
    elsewhere = [found[a] for a in route.after or () if a in found and found[a].agreement.receiver != route.sender]
    if not elsewhere or len(elsewhere) < len([a for a in route.after or () if a in found]):
        return True, begun_at
    done = [e for e in elsewhere if e.secured or e.superseded]
    times = [states[e.agreement.id].secured_at for e in done if e.agreement.id in states]
    latest = max((t for t in (begun_at, min(filter(None, times), default=None)) if t), default=None)
    return bool(done), latest


def _custody(origin: str | None, states: Mapping[str, State]) -> dict[str, datetime | None]:
    """Systems that have or had the item, and since when."""
    custody: dict[str, datetime | None] = {}
    if origin is not None:
        custody[origin] = min((s.first_at for s in states.values() if s.first_at), default=None)
    for state in states.values():
        if state.secured and state.to_system and state.to_system != origin:
            known = [t for t in (custody.get(state.to_system), state.secured_at) if t]
            custody[state.to_system] = min(known, default=None)
    for state in states.values():
        # Whoever was seen giving it on had it, also where nothing shows how it came there.
        if state.from_system and state.from_system not in custody and (proof := sent_on(state)):
            custody[state.from_system] = min((e.time for e in proof if e.time), default=None)
    return custody


def _follows(route: Agreement, origin: str | None, reached: Mapping[str, int], found: Mapping[str, Expected]) -> bool:
    if route.after:
        return any(previous in found for previous in route.after)
    if route.after is not None:
        return route.sender == origin
    return route.sender in reached
