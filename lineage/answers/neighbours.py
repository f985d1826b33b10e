"""Neighbours of one handoff read from the graph: the same ones that ``diagnose`` finds in memory."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from lineage.answers.asking import Asker
from lineage.answers.routemap import RouteMap
from lineage.answers.traffic import HORIZON, MOST_ROUTES, NEAREST, Hop, clean, hop_of, shown_by
from lineage.store.handoffs import as_evidence


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
            for row in self._ask.rows("neighbours", routes=together, at=at, as_of=self._as_of, nearest=NEAREST, hours=hours):
                if hop := self._hop(row, routes):
                    self._hops[row["route"], at].append(hop)
        return self._hops[route, at]

    def _of(self, system: str, side: str) -> tuple[str, ...]:
        if (system, side) not in self._routes:
            self._routes |= {(system, "into"): (), (system, "out_of"): ()}
            for row in self._ask.rows("routes_of_system", system=system, as_of=self._as_of):
                self._routes[system, row["side"]] = tuple(sorted(row["routes"])[:MOST_ROUTES])
                self._declared |= {one["id"]: one for one in row["agreements"]}
        return self._routes[system, side]

    def _hop(self, row: dict[str, Any], routes: RouteMap) -> Hop | None:
        handoff, route = row["handoff"]["properties"], row["route"]
        sender, receiver = handoff.get("from_system"), handoff.get("to_system")
        if not row["clean"] or not sender or not receiver:
            evidence = [as_evidence(one["evidence"], one["route"]) for one in row["evidence"]]
            return hop_of(route, row["item"], row["kind"], row["first_at"], evidence, routes, self._as_of)
        sent = handoff.get("sent_at")
        onward = handoff.get("secured_by") == "onward"
        at, kind, dataset = row["first_at"], row["kind"], handoff.get("dataset")
        agreement = routes.agreement(route, sender, receiver, dataset, kind, at)
        confirmed_by = handoff.get("confirmed_by") or ()
        shown = shown_by(sender, receiver, handoff["reporters"], confirmed_by, agreement, onward=onward)
        sent_at = sent.timestamp() if sent else None
        return clean(row["item"], kind, route, (sender, receiver), dataset, at.timestamp(), sent_at, shown)
