"""All items under way and the traffic that their handoffs make, read with as little evidence as their verdicts need.

What is stored of a handoff that one message secured says all that a verdict needs, and what a neighbour needs. Evidence is read of
the others: what is not secured, and what failed on the way. Where the stored states are not those of the time that is asked about,
or do not fit the declared routes one to one, the item is folded anew from all its evidence.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import chain

from lineage.answers.asking import Asker
from lineage.answers.neighbours import Neighbours, Recent
from lineage.answers.outcomes import shown_by
from lineage.answers.possible import possible
from lineage.answers.routemap import RouteMap
from lineage.answers.traffic import HORIZON, Arrival, Hop, Traffic, TrafficInMemory, clean, hop_in
from lineage.answers.under_way import Stored, UnderWay, evidence_of, pages, pages_before, state_of
from lineage.answers.way import Way, origin, way_of
from lineage.custody import Evidence, State
from lineage.matching import KIND
from lineage.times import micros_of, seconds_of, time_of

Found = Mapping[str, list[Evidence]]
FEW = 10
"""The neighbours of so many moments are looked up for themselves: that takes as long as to read all that happened in a few hours."""


@dataclass(frozen=True)
class Studied:
    """One item's way. ``called``: what a route's handoff is stored as, where that is not the declared route.

    ``alike``: whether it may be another item.
    """

    way: Way
    alike: bool
    called: Mapping[str, str] = field(default_factory=dict)

    def stored(self, route: str) -> str:
        """The id of the stored handoff behind a state that was not folded anew."""
        return f"{self.called.get(route, route)}|{self.way.item['id']}"


def study(ask: Asker, *, since: datetime | None, as_of: datetime) -> Study:
    """Of every item that was handed on by a time, those with evidence since another one. Raises ServerError, OutOfTime."""
    under_way = pages(ask, since, as_of)  # which begins to read them beside the routes
    return Study(ask, RouteMap(ask.rows("declared_routes", as_of=as_of)[0]["routes"]), since, as_of, under_way)


@dataclass(frozen=True)
class _Joined:
    """The stored handoffs of an item by the declared route that they belong to.

    Several are one where some evidence named the route, and some only its two ends.
    """

    row: UnderWay
    handoffs: dict[str, list[Stored]]

    @property
    def unread(self) -> dict[str, str]:
        """Handoffs whose evidence is needed and did not come with them: the declared route by handoff id."""
        untold = ((key, h) for key, some in self.handoffs.items() if not _told(some) for h in some)
        return {self.row.handoff(h.route): key for key, h in untold if h.said is None}


def _told(handoffs: list[Stored]) -> bool:
    """Whether what is stored of them says all."""
    return len(handoffs) == 1 and handoffs[0].plain


@dataclass(frozen=True)
class Study:
    """Items under way, to be read once: first the items, then the traffic."""

    ask: Asker
    routes: RouteMap
    since: datetime | None
    as_of: datetime
    under_way: Iterator[list[UnderWay]]
    _hops: TrafficInMemory = field(default_factory=TrafficInMemory)
    _read: set[str] = field(default_factory=set)

    def items(self) -> Iterator[Studied]:
        """The way of each item, by page; within a page in no order. Raises ServerError, OutOfTime."""
        for page in self.under_way:
            yield from self._perhaps_published(self._studied(page, asked=True))

    def traffic(self, moments: Iterable[datetime]) -> Traffic:
        """What the handoffs of these items, and others' just before, make: the neighbours of these moments. Raises as ``items``.

        Neighbours of few moments are looked up one by one; where there are more, all that happened from then on is read, for a
        day at most: what failed before that is not much of what there is since.
        """
        wanted = sorted(set(moments))
        if self.since is None or not wanted:
            return self._hops
        earlier = self.since
        if len(wanted) > FEW and wanted[FEW] < earlier:
            earlier = max(wanted[FEW], earlier - HORIZON)
        between = pages(self.ask, earlier, self.as_of, until=self.since) if earlier < self.since else ()
        for page in chain(between, pages_before(self.ask, earlier, self.as_of)):
            self._studied([row for row in page if row.id not in self._read], asked=False)
        return Recent(self._hops, earlier, Neighbours(self.ask, self.as_of))

    def _studied(self, page: Iterable[UnderWay], *, asked: bool) -> list[Studied]:
        """Note the hops of these items, and give their ways if they are asked about."""
        joined, whole = [], []
        for row in page:
            self._read.add(row.id)
            if (one := self._joined(row)) is not None:
                joined.append(one)
            else:
                whole.append(row)
        evidence = evidence_of(self.ask, {id_: route for one in joined for id_, route in one.unread.items()}, self.as_of)
        found = []
        for one in joined:
            states = self._stored_states(one, evidence)
            if states is None:
                whole.append(one.row)
            elif asked:
                called = {key: some[0].route for key, some in one.handoffs.items() if key != some[0].route}
                found.append(Studied(self._way(one.row, states, {}), one.row.alike, called))
        evidence = evidence_of(self.ask, {row.handoff(h.route): h.route for row in whole for h in row.handoffs}, self.as_of)
        for row in whole:
            said = [one for h in row.handoffs for one in evidence.get(row.handoff(h.route), ())]
            states, ambiguous = self._folded_states(row, said)
            # By then: the last evidence of a handoff may have come later, and some of it before.
            if said and asked and (not self.since or any(e.time and e.time >= self.since for e in said)):
                found.append(Studied(self._way(row, states, ambiguous), row.alike))
        return found

    def _joined(self, row: UnderWay) -> _Joined | None:
        """None where what is stored is not what is asked for, or it cannot be told to which declared route it belongs."""
        now = micros_of(self.as_of)
        handoffs: dict[str, list[Stored]] = defaultdict(list)
        for h in row.handoffs:
            if h.last_at is None or h.first_at is None or h.last_at > now:
                return None
            declared = self.routes.agreements.get(h.route)
            if declared is not None and not (h.sender and h.receiver) and not all(other.secured for other in row.handoffs):
                # With the ends that only the declaration says, one may show that another one arrived.
                return None
            known = h if declared is None else h.between(declared.sender, declared.receiver)
            if not known.sender or not known.receiver:
                return None
            if declared is not None:
                handoffs[h.route].append(known)
                continue
            keys = self.routes.joined(h.route, h.sender, h.receiver, h.dataset, row.kind, time_of(h.first_at))
            if len(keys) > 1:
                return None
            handoffs[keys[0] if keys else h.route].append(h)
        return _Joined(row, handoffs)

    def _stored_states(self, one: _Joined, evidence: Found) -> dict[str, State] | None:
        """The states by declared route, and their hops noted. None where that does not suffice."""
        row, states = one.row, {}
        for key, some in one.handoffs.items():
            state = state_of(some[0], key) if _told(some) else self._folded(key, row, some, evidence)
            if state is None:
                return None
            states[key] = state
        held = {origin([row.item, *row.above], states)} | {state.to_system for state in states.values() if state.secured}
        if any(state.from_system not in held for state in states.values()):
            # Who gave it on had it, if there is evidence of it.
            return None
        for key, some in one.handoffs.items():
            for h in some:
                if _told(some):
                    self._hops.add(h.route, self._clean(row, key, h))
                elif first_at := time_of(h.first_at):
                    self._hop(row, h, first_at, states[key])
        return states

    def _folded(self, key: str, row: UnderWay, handoffs: list[Stored], evidence: Found) -> State | None:
        """A handoff from its own evidence; what the item's others show of it is stored, unless it was stored as several."""
        said = [one for h in handoffs for one in h.evidence(key) or evidence.get(row.handoff(h.route), [])]
        state = self.routes.fold_one(key, said)
        if len(handoffs) == 1:
            h = handoffs[0]
            return state._replace(secured=h.secured, secured_at=time_of(h.secured_at), secured_by=h.secured_by)
        return state if state.secured and any(h.secured_by == "receipt" for h in handoffs) else None

    def _clean(self, row: UnderWay, key: str, h: Stored) -> Hop:
        assert h.sender and h.receiver and h.first_at is not None
        ends, agreement = (h.sender, h.receiver), self.routes.agreements.get(key)
        onward = h.secured_by == "onward"
        shown = shown_by(*ends, h.reporters, h.confirmed_by or (), agreement, onward=onward)
        times = (h.first_at / 1e6, seconds_of(h.sent_at), seconds_of(h.secured_at))
        return clean(row.id, row.kind, h.route, ends, h.dataset, times, shown, onward=onward)

    def _folded_states(self, row: UnderWay, said: list[Evidence]) -> tuple[dict[str, State], dict[str, tuple[str, ...]]]:
        """The states by route, from all evidence, and what is ambiguous; their hops noted."""
        states, called, ambiguous = self.routes.fold(said, row.kind, self.as_of)
        first: dict[str, datetime] = {}
        for one in said:
            if one.time:
                first[one.route] = min(one.time, first.get(one.route, one.time))
        for h in row.handoffs:
            if at := first.get(h.route):
                self._hop(row, h, at, states[called[h.route]])
        return states, ambiguous

    def _way(self, row: UnderWay, states: dict[str, State], ambiguous: dict[str, tuple[str, ...]]) -> Way:
        agreements = self.routes.by_kind.get(row.kind, {})
        return way_of(row.item, row.above, states, as_of=self.as_of, agreements=agreements, ambiguous=ambiguous)

    def _hop(self, row: UnderWay, h: Stored, first_at: datetime, state: State) -> None:
        if hop := hop_in(state, h.route, row.id, row.kind, first_at, self.routes, self.as_of):
            # What is stored under two names arrived when either says, as ``last_secured_between`` reads it.
            begun, secured = h.first_at if h.sent_at is None else h.sent_at, h.secured_at if h.secured else None
            here = {h.sender, h.receiver} <= {hop.sender, hop.receiver, None}
            arrival = Arrival(secured / 1e6, begun / 1e6) if here and begun is not None and secured is not None else None
            self._hops.add(h.route, hop._replace(arrival=arrival))

    def _perhaps_published(self, found: list[Studied]) -> list[Studied]:
        """The same, with what those that have not arrived may be."""
        wanted = [one.way.item["id"] for one in found if one.alike and one.way.item["kind"] == KIND and one.way.missing]
        may_be = possible(self.ask, wanted, self.as_of)
        return [
            replace(one, way=replace(one.way, may_be=may_be[id_])) if (id_ := one.way.item["id"]) in may_be else one
            for one in found
        ]
