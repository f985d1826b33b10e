"""Neighbours of one handoff read from the graph: the same ones that ``diagnose`` finds in memory."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

from lineage.answers.asking import Asker
from lineage.answers.outcomes import shown_by
from lineage.answers.routemap import RouteMap
from lineage.answers.traffic import (
    HOW_NEAR,
    MOST_ROUTES,
    Arrival,
    ByRoute,
    Hop,
    Nearby,
    Traffic,
    TrafficInMemory,
    clean,
    hop_of,
)
from lineage.graph import plain
from lineage.store.handoffs import listed_evidence
from lineage.times import seconds_of, time_of


class _Seen(NamedTuple):
    """A handoff as ``neighbours`` lists it, in this order."""

    route: str
    item: str
    kind: str
    clean: bool
    sender: str | None
    receiver: str | None
    dataset: str | None
    secured_by: str | None
    first_at: int
    sent_at: int | None
    secured_at: int | None
    reporters: list[str]
    confirmed_by: list[str] | None
    evidence: list[list[Any]]


class Neighbours:
    """Traffic (see ``lineage.answers.traffic.Traffic``) by indexed reads, both sides of a handoff in one; nothing is asked twice."""

    def __init__(self, ask: Asker, as_of: datetime) -> None:
        self._ask, self._as_of = ask, as_of
        self._found: dict[tuple[str, str, datetime], ByRoute] = {}
        self._declared: dict[str, dict[str, Any]] = {}
        self._secured: dict[tuple[str, str, datetime], Arrival | None] = {}
        self._hops: dict[tuple[str, str], Hop | None] = {}

    def between(self, sender: str, receiver: str, at: datetime) -> tuple[ByRoute, ByRoute]:
        """See ``Traffic.between``."""
        self._read(at, into=receiver, out_of=sender)
        return self._found["into", receiver, at], self._found["out_of", sender, at]

    def into(self, system: str, at: datetime) -> ByRoute:
        """See ``Traffic.into``."""
        self._read(at, into=system)
        return self._found["into", system, at]

    def out_of(self, system: str, at: datetime) -> ByRoute:
        """See ``Traffic.out_of``."""
        self._read(at, out_of=system)
        return self._found["out_of", system, at]

    def last_secured(self, sender: str, receiver: str, before: datetime) -> Arrival | None:
        """See ``Traffic.last_secured``."""
        asked = (sender, receiver, before)
        if asked not in self._secured:
            rows = self._ask.rows("last_secured_between", sender=sender, receiver=receiver, before=before, as_of=self._as_of)
            found = [Arrival(row["secured_at"].timestamp(), row["begun_at"].timestamp()) for row in rows]
            self._secured[asked] = found[0] if found else None
        return self._secured[asked]

    def _read(self, at: datetime, **sides: str) -> None:
        """Read these sides as far as they are not read yet: ``into`` or ``out_of``, and of which system."""
        unread = {side: system for side, system in sides.items() if (side, system, at) not in self._found}
        if not unread:
            return
        how = {**HOW_NEAR, "most": MOST_ROUTES}
        ends = {"receiver": unread.get("into"), "sender": unread.get("out_of")}
        row = self._ask.raw("neighbours", at=at, as_of=self._as_of, **ends, **how)[0]
        known = len(self._declared)
        self._declared |= {one["id"]: plain(one) for one in row["agreements"]}
        if len(self._declared) > known:
            self._hops.clear()  # more may be known of what evidence is about
        routes = RouteMap(self._declared.values())
        hops: dict[str, list[Hop]] = {}
        for one in row["neighbours"]:
            seen = _Seen(*one)
            # Moments close together have the same neighbours.
            if (key := (seen.route, seen.item)) not in self._hops:
                self._hops[key] = self._hop(seen, routes)
            if hop := self._hops[key]:
                hops.setdefault(seen.route, []).append(hop)
        for side, system in unread.items():
            self._found[side, system, at] = {route: Nearby(hops.get(route, ())) for route in row[side]}

    def _hop(self, seen: _Seen, routes: RouteMap) -> Hop | None:
        first_at = time_of(seen.first_at)
        if not seen.clean or not seen.sender or not seen.receiver:
            evidence = [listed_evidence(route, said) for route, *said in seen.evidence]
            return hop_of(seen.route, seen.item, seen.kind, first_at, evidence, routes, self._as_of)
        ends = (seen.sender, seen.receiver)
        agreement = routes.agreement(seen.route, *ends, seen.dataset, seen.kind, first_at)
        onward = seen.secured_by == "onward"
        shown = shown_by(*ends, seen.reporters, seen.confirmed_by or (), agreement, onward=onward)
        times = (first_at.timestamp(), seconds_of(seen.sent_at), seconds_of(seen.secured_at))
        return clean(seen.item, seen.kind, seen.route, ends, seen.dataset, times, shown, onward=onward)


class Recent:
    """Traffic in memory as far as all of it was read, and from the graph before that: the same either way.

    ``earlier``: what can be a neighbour of any moment since then was read.
    """

    def __init__(self, read: TrafficInMemory, earlier: datetime, before: Neighbours) -> None:
        self._read, self._earlier, self._before = read, earlier, before

    def between(self, sender: str, receiver: str, at: datetime) -> tuple[ByRoute, ByRoute]:
        """See ``Traffic.between``."""
        return self._of(at).between(sender, receiver, at)

    def into(self, system: str, at: datetime) -> ByRoute:
        """See ``Traffic.into``."""
        return self._of(at).into(system, at)

    def out_of(self, system: str, at: datetime) -> ByRoute:
        """See ``Traffic.out_of``."""
        return self._of(at).out_of(system, at)

    def last_secured(self, sender: str, receiver: str, before: datetime) -> Arrival | None:
        """See ``Traffic.last_secured``."""
        read = self._read.last_secured(sender, receiver, before)
        if read and read.secured_at >= self._earlier.timestamp():
            return read
        return self._before.last_secured(sender, receiver, before)

    def _of(self, at: datetime) -> Traffic:
        return self._before if at < self._earlier else self._read
