"""What else happened on the same systems at that time: outcomes of attempts, and which of them are near (pure).

A single silence or refusal looks the same whoever caused it; its neighbours do not. They are taken by route, so that a busy
sender does not crowd out the others, and the same ones whether they come from memory or from the graph's index.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from itertools import islice
from operator import attrgetter
from typing import NamedTuple, Protocol

from lineage.answers.outcomes import Outcome, Shown, outcomes, sent_once, shown_by, silence
from lineage.answers.routemap import RouteMap
from lineage.custody import RECEIPTS, Evidence, State

HORIZON = timedelta(hours=24)
_HORIZON_S = HORIZON.total_seconds()
NEAREST = 20
"""Neighbours are the so many handoffs of each route that were first seen nearest before and after, within the horizon."""
HOW_NEAR = {"nearest": NEAREST, "hours": int(_HORIZON_S // 3600)}
"""The same as library queries take it."""
MOST_ROUTES = 40
"""Of a system with more routes than these on which anything happened then, the first by id are looked at."""
NOTICED = 3
"""So many arrivals that were seen on a route where none is confirmed tell that they usually are."""

_TROUBLE = {"failed", "rejected", "processing_failed"}


class Arrival(NamedTuple):
    """When a handoff was secured, and when it was sent, or first seen (seconds since the epoch)."""

    secured_at: float
    begun_at: float


class Hop(NamedTuple):
    """A handoff as its neighbours see it: when it was first seen (seconds since the epoch), and what came of its attempts.

    ``arrival``: of one that was secured.
    """

    first_at: float
    item: str
    sender: str
    receiver: str
    outcomes: tuple[Outcome, ...]
    arrival: Arrival | None = None


class Nearby:
    """The neighbours of a moment on one route, and what came of their attempts. Nothing of it changes."""

    def __init__(self, hops: Sequence[Hop]) -> None:
        """``hops``: the oldest first."""
        self.hops = hops

    @cached_property
    def outcomes(self) -> list[Outcome]:
        """What came of their attempts, as it is known of each by itself."""
        return [outcome for hop in self.hops for outcome in hop.outcomes]

    @cached_property
    def _told(self) -> list[Outcome]:
        """The same, oldest first, as it is known when they are seen together.

        Where no answer is agreed, but arrivals are usually seen, as by what goes on from there, one that is not seen is silence.
        """
        found = sorted(self.outcomes, key=_at)
        if not any(one.what == "unseen" for one in found):
            return found
        noticed = sum(one.what == "ok" and one.shown.receipt for one in found) >= NOTICED
        return silence(found) if noticed else found

    @cached_property
    def by_sender(self) -> Mapping[str, list[Outcome]]:
        """What they tell when they are seen together, by who sent, oldest first."""
        return self._grouped(attrgetter("sender"))

    @cached_property
    def by_receiver(self) -> Mapping[str, list[Outcome]]:
        """The same by who was to receive."""
        return self._grouped(attrgetter("receiver"))

    def _grouped(self, end: Callable[[Outcome], str]) -> Mapping[str, list[Outcome]]:
        ends = set(map(end, self._told))
        if len(ends) == 1:  # as nearly always: who sends on a route, and who receives there, is its definition
            return dict.fromkeys(ends, self._told)
        return {name: [one for one in self._told if end(one) == name] for name in sorted(ends)}


_at = attrgetter("at")

ByRoute = Mapping[str, Nearby]
"""Neighbours by the id of their route, in order of the ids, at most ``MOST_ROUTES`` of them."""


class Traffic(Protocol):
    """Where neighbours of what was first seen at a moment come from."""

    def between(self, sender: str, receiver: str, at: datetime) -> tuple[ByRoute, ByRoute]:
        """On the routes into the receiver, and on those out of the sender."""

    def into(self, system: str, at: datetime) -> ByRoute:
        """On the routes into a system."""

    def out_of(self, system: str, at: datetime) -> ByRoute:
        """On the routes out of a system."""

    def last_secured(self, sender: str, receiver: str, before: datetime) -> Arrival | None:
        """What was last secured between two systems before a moment, however long before."""


def outcomes_in(found: ByRoute) -> list[Outcome]:
    """What came of the attempts of neighbours."""
    return [outcome for near in found.values() for outcome in near.outcomes]


@dataclass
class TrafficInMemory:
    """Neighbours among handoffs that were added. Add all, then ask."""

    _hops: dict[str, list[Hop]] = field(default_factory=lambda: defaultdict(list))
    _into: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    _out_of: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    _times: dict[str, list[float]] = field(default_factory=dict)
    _near: dict[tuple[str, int, int], Nearby] = field(default_factory=dict)
    _secured: dict[tuple[str, str], list[Arrival]] = field(default_factory=dict)

    def add(self, route: str, hop: Hop) -> None:
        """Add one handoff."""
        if route not in self._hops:
            self._into[hop.receiver].add(route)
            self._out_of[hop.sender].add(route)
        self._hops[route].append(hop)

    def between(self, sender: str, receiver: str, at: datetime) -> tuple[ByRoute, ByRoute]:
        """See ``Traffic.between``."""
        return self.into(receiver, at), self.out_of(sender, at)

    def into(self, system: str, at: datetime) -> ByRoute:
        """See ``Traffic.into``."""
        return self._on(self._into.get(system, ()), at)

    def out_of(self, system: str, at: datetime) -> ByRoute:
        """See ``Traffic.out_of``."""
        return self._on(self._out_of.get(system, ()), at)

    def last_secured(self, sender: str, receiver: str, before: datetime) -> Arrival | None:
        """See ``Traffic.last_secured``."""
        ends = (sender, receiver)
        if ends not in self._secured:
            hops = (hop for route in self._into.get(receiver, ()) for hop in self._hops[route])
            self._secured[ends] = sorted(hop.arrival for hop in hops if hop.arrival and (hop.sender, hop.receiver) == ends)
        place = bisect_left(self._secured[ends], (before.timestamp(),))
        return self._secured[ends][place - 1] if place else None

    def _on(self, routes: Collection[str], at: datetime) -> ByRoute:
        moment = at.timestamp()
        near = ((route, self.near(route, moment)) for route in sorted(routes))
        return dict(islice(((route, one) for route, one in near if one.hops), MOST_ROUTES))

    def near(self, route: str, moment: float) -> Nearby:
        """The neighbours on a route of what was first seen then (seconds since the epoch). What is close together has the same ones."""
        times = self._times.get(route)
        if times is None:
            self._hops[route].sort(key=_first)
            times = self._times[route] = [hop.first_at for hop in self._hops[route]]
        middle = bisect_left(times, moment)
        low = bisect_left(times, moment - _HORIZON_S, max(middle - NEAREST, 0), middle)
        high = bisect_right(times, moment + _HORIZON_S, middle, min(middle + NEAREST, len(times)))
        found = self._near.get((route, low, high))
        if found is None:
            found = self._near[route, low, high] = Nearby(self._hops[route][low:high])
        return found


_first = attrgetter("first_at", "item")


def clean(
    item: str,
    kind: str,
    route: str,
    ends: tuple[str, str],
    dataset: str | None,
    times: tuple[float, float | None, float | None],
    shown: Shown,
    *,
    onward: bool,
) -> Hop:
    """A handoff that one attempt secured, with no failure on the way: there is no need to read its evidence.

    ``times``: when it was first seen, was sent, and was secured (seconds since the epoch); ``onward`` as in ``shown_by``.
    """
    first_at, sent_at, secured_at = times
    at = first_at if sent_at is None else sent_at
    outcome = Outcome(item, kind, route, *ends, dataset, at, "ok", shown, None, None if onward else secured_at)
    return Hop(first_at, item, *ends, (outcome,), None if secured_at is None else Arrival(secured_at, at))


def hop_of(
    route: str, item: str, kind: str, first_at: datetime, evidence: Iterable[Evidence], routes: RouteMap, as_of: datetime
) -> Hop | None:
    """A handoff as its neighbours see it, from all evidence about its item up to that time. Arguments as in ``clean``."""
    states, called, _ = routes.fold(evidence, kind, as_of)
    state = states.get(called.get(route, route))
    return None if state is None else hop_in(state, route, item, kind, first_at, routes, as_of)


def hop_in(state: State, route: str, item: str, kind: str, first_at: datetime, routes: RouteMap, as_of: datetime) -> Hop | None:
    """The same from its state; ``route`` is what its evidence calls it."""
    if not state.from_system or not state.to_system:
        return None
    times, agreement = state.times, routes.agreements.get(state.route)
    secured_at = state.secured_at.timestamp() if state.secured and state.secured_at else None
    sent = times.get("sent")
    if (
        state.secured
        and state.attempt_count <= 1
        and not state.undated
        and not _TROUBLE & set(times)
        and sent_once(first_at, sent)
    ):
        ends = (state.from_system, state.to_system)
        reporters = {e.said_by for e in state.evidence}
        confirmed = {e.said_by for e in state.evidence if e.type in RECEIPTS}
        onward = state.secured_by == "onward"
        shown = shown_by(*ends, reporters, confirmed, agreement, onward=onward)
        at = first_at.timestamp(), sent.timestamp() if sent else None, secured_at
        return clean(item, kind, route, ends, state.dataset, at, shown, onward=onward)
    told = outcomes(state, agreement, item, kind, as_of)
    arrival = None
    if secured_at is not None:
        arrival = Arrival(secured_at, (sent or first_at).timestamp())
    return Hop(first_at.timestamp(), item, state.from_system, state.to_system, told, arrival)
