"""Neighbours of one handoff read from the graph: the same ones that ``diagnose`` finds in memory."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

from lineage.answers.asking import Asker
from lineage.answers.routemap import RouteMap
from lineage.answers.traffic import HORIZON, MOST_ROUTES, NEAREST, Hop, clean, hop_of, shown_by
from lineage.store.handoffs import listed_evidence
from lineage.times import time_of


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
    reporters: list[str]
    confirmed_by: list[str] | None
    evidence: list[list[Any]]


class Neighbours:
    """Traffic (see ``lineage.answers.traffic.Traffic``) by indexed reads; nothing is asked twice."""

    def __init__(self, ask: Asker, as_of: datetime) -> None:
        self._ask, self._as_of = ask, as_of
        self._routes: dict[tuple[str, str], tuple[str, ...]] = {}
        self._hops: dict[tuple[str, datetime], list[Hop]] = {}
        self._declared: dict[str, dict[str, Any]] = {}

    def into(self, system: str) -> tuple[str, ...]:
        """Ids of the routes into a system."""
        return self._of(system, "into")

    def out_of(self, system: str) -> tuple[str, ...]:
        """Ids of the routes out of a system."""
        return self._of(system, "out_of")

    def near(self, route: str, at: datetime) -> list[Hop]:
        """The neighbours on a route at that time, oldest first."""
        if (route, at) not in self._hops:
            # The other routes of both systems will be asked for next, so they are read together.
            together = sorted({one for routes in self._routes.values() for one in routes} | {route})
            self._hops |= {(one, at): [] for one in together}
            routes = RouteMap(self._declared.values())
            hours = int(HORIZON.total_seconds() // 3600)
            about = {"at": at, "as_of": self._as_of, "nearest": NEAREST, "hours": hours}
            for one in self._ask.raw("neighbours", routes=together, **about)[0]["neighbours"]:
                if hop := self._hop(_Seen(*one), routes):
                    self._hops[one[0], at].append(hop)
        return self._hops[route, at]

    def _of(self, system: str, side: str) -> tuple[str, ...]:
        if (system, side) not in self._routes:
            self._routes |= {(system, "into"): (), (system, "out_of"): ()}
            for row in self._ask.rows("routes_of_system", system=system, as_of=self._as_of):
                self._routes[system, row["side"]] = tuple(sorted(row["routes"])[:MOST_ROUTES])
                self._declared |= {one["id"]: one for one in row["agreements"]}
        return self._routes[system, side]

    def _hop(self, seen: _Seen, routes: RouteMap) -> Hop | None:
        first_at = time_of(seen.first_at)
        if not seen.clean or not seen.sender or not seen.receiver:
            evidence = [listed_evidence(route, said) for route, *said in seen.evidence]
            return hop_of(seen.route, seen.item, seen.kind, first_at, evidence, routes, self._as_of)
        ends = (seen.sender, seen.receiver)
        agreement = routes.agreement(seen.route, *ends, seen.dataset, seen.kind, first_at)
        shown = shown_by(*ends, seen.reporters, seen.confirmed_by or (), agreement, onward=seen.secured_by == "onward")
        sent_at = time_of(seen.sent_at)
        sent = sent_at.timestamp() if sent_at else None
        return clean(seen.item, seen.kind, seen.route, ends, seen.dataset, first_at.timestamp(), sent, shown)
