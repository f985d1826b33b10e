"""Drift: where what is observed differs from what is declared. A work list for those who keep the declared map.

Kinds of row, in the order of the list:

* ``undeclared-system``: an end of a route that is in use or declared, or a system that speaks for itself, and nobody declares it.
  What only a feed mentions in passing (the host of somebody's audio file) is no part of the network and not listed.
* ``undeclared-route``: seen in evidence, or found by a feed, and no declared route fits.
* ``ended-route``: something began on it after its agreement had ended.
* ``ambiguous-route``: evidence names two ends only, and several declared routes fit what was handed over.
* ``other-ends``, ``other-dataset``: among the newest 20 handoffs of a declared route, some between other ends, or with another data
  set. Not longer ago: evidence cannot be unsaid, and the row shall go when the cause is gone.
* ``other-cadence``: three quarters of the intervals between the newest 8 deliveries are at least twice, or at most half, what
  the schedule says. See ``drift_cadence``.
* ``other-protocol``, ``other-format``: a feed found another than declared.
* ``no-longer-seen``: no sign for at least 7 days and three times the longest of its usual intervals: those of its schedule, else of
  the newest 8 days on which anything began. What was seen on fewer than 4 days has no usual interval.
* ``never-seen``: a declared route without any evidence, unless its agreement is younger than 7 days. Without a schedule not for
  ``expect: listed`` (items decide whether anything is due there), nor for what a contract alone implies and no kind of item
  travels on (who may sell for whom). Declared systems without routes are not listed either.
* ``disagreement``: sources say different things about one declared value. Items are left out: there are millions of them.

Silence is measured against the newest evidence of anybody, not the clock, and without any evidence nothing is missed. As of a time:
evidence up to then, and declarations that were valid then. Cost: a fixed number of index seeks for each node of the map.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, time, timedelta
from typing import Any

from lineage.answers.asking import Asker
from lineage.answers.drift_cadence import QUIET, Rhythm, every, gone, intervals
from lineage.answers.drift_observed import Observed, Passing, Seen
from lineage.answers.drift_results import Drift
from lineage.answers.drift_rows import Draft, Draughtsman, Node, between, finished, some
from lineage.answers.drift_said import Difference, beside, differences
from lineage.schedule import ScheduleError, Timetable
from lineage.times import rfc3339

_DAY = timedelta(days=1)


def drift(ask: Asker, *, as_of: datetime | None = None) -> Drift:
    """All drift at one moment (UTC, now if None). Raises ServerError, OutOfTime."""
    now = as_of or datetime.now(UTC)
    said = ask.rows("drift_sayings", as_of=now)[0]
    found = _Drift(ask, now)
    drafts = [
        *found.undeclared_systems(),
        *found.undeclared_routes(),
        *found.ended_routes(),
        *found.several_fit(),
        *found.other_ends(),
        *found.sayings(zip(said["subjects"], said["sayings"], strict=True)),
        *found.cadences(),
        *(found.missed(found.freshest) if found.freshest else ()),
    ]
    return Drift(as_of=now, freshest=found.freshest, rows=finished(ask, drafts, now))


class _Drift:
    """The map of one moment and what was observed on it.

    ``declared``: the declared routes that had begun, ``valid``: those still agreed; ``others``: the routes that nobody declared, as
    they were known.
    ``fits``: for each of the others the declared routes that can be meant by it; ``keys``: the names under which a declared
    route was seen, its own and those that can mean no other.
    """

    def __init__(self, ask: Asker, now: datetime) -> None:
        self.now = now
        found = ask.rows("drift_map", as_of=now)[0]
        self.freshest: datetime | None = found["freshest"]
        self.declared: dict[str, Node] = {r["id"]: r for r in found["routes"] if r["declared"]}
        self.valid = {id_: r for id_, r in self.declared.items() if r["valid_to"] is None or r["valid_to"] > now}
        self.systems: dict[str, Node] = {s["id"]: s for s in found["systems"]}
        self.interfaces: list[Node] = found["interfaces"]
        self.draft = Draughtsman(self.systems, {p["id"]: p["zone"] for p in found["partners"]}).draft
        self.observed = Observed(ask, now)
        self.seen = self.observed.seen(r["id"] for r in found["routes"])
        self.others: dict[str, Node] = {
            r["id"]: known for r in found["routes"] if not r["declared"] and (known := self._as_known(r)) is not None
        }
        self.fits = self._fits()
        self.keys = self._keys()
        self.tables: dict[tuple[str, str | None, str | None, datetime], Timetable | None] = {}

    def _fits(self) -> dict[str, list[Node]]:
        by_ends: dict[tuple[str, str], list[Node]] = defaultdict(list)
        for _, route in sorted(self.declared.items()):
            by_ends[route["from"], route["to"]].append(route)
        return {
            key: [
                one
                for one in by_ends.get((other["from"], other["to"]), ())
                if None in (other["dataset"], one["dataset"]) or one["dataset"] == other["dataset"]
            ]
            for key, other in self.others.items()
        }

    def _keys(self) -> dict[str, tuple[str, ...]]:
        keys = {route: [route] for route in self.declared}
        for key, fits in self.fits.items():
            if len(fits) == 1:
                keys[fits[0]["id"]].append(key)
        return {route: tuple(key for key in own if key in self.seen) for route, own in keys.items()}

    def _seen(self, route: str) -> Seen | None:
        """When a declared route was seen, under any of its keys."""
        found: Seen | None = None
        for key in self.keys[route]:
            found = self.seen[key] if found is None else found | self.seen[key]
        return found

    def _as_known(self, route: Node) -> Node | None:
        """A route that nobody declared, as it was known then; None if it was not. Its node tells what later evidence said, too."""
        named = route["named"] and (route["valid_to"] is None or route["valid_to"] > self.now)
        seen = self.seen.get(route["id"])
        if seen is None:
            return route if named else None
        newest = {"from": seen.newest.sender, "to": seen.newest.receiver, "dataset": seen.newest.dataset}
        return {**route, **{name: value or (route[name] if named else None) for name, value in newest.items()}}

    def undeclared_systems(self) -> Iterator[Draft]:
        used: dict[str, dict[str, Seen | None]] = defaultdict(dict)
        for key, route in {**self.others, **self.valid}.items():
            for end in filter(None, (route["from"], route["to"])):
                used[end][key] = self._seen(key) if key in self.valid else self.seen.get(key)
        for id_, routes in sorted(used.items()):
            system = self.systems.get(id_, {"id": id_, "declared": False})
            if system["declared"]:
                continue
            seen = [one for one in routes.values() if one]
            agreed = sorted(key for key in routes if key in self.valid)
            yield self.draft(
                "undeclared-system",
                "System",
                system,
                f"an end of {some(sorted(routes))}, and no source declares it"
                + (f", though {some(agreed)} {'are' if len(agreed) > 1 else 'is'} declared" if agreed else ""),
                ends=(id_,),
                handoffs=tuple(one.newest.id for one in seen),
                said=True,
                observed=some(sorted(routes)),
                first_at=min((one.first for one in seen if one.first), default=None),
                last_at=max((one.last for one in seen if one.last), default=None),
                count=len(routes),
            )

    def undeclared_routes(self) -> Iterator[Draft]:
        for key, fits in self.fits.items():
            if fits:
                continue
            route, seen = self.others[key], self.seen.get(key)
            how = "is in use" if seen else "was found by a feed"
            yield self.draft(
                "undeclared-route",
                "Route",
                route,
                f"{between(route)} {how}, and no declared route fits",
                observed=between(route),
                seen=seen,
                said=True,
            )

    def ended_routes(self) -> Iterator[Draft]:
        for id_, route in self.declared.items():
            seen, until = self._seen(id_), route["valid_to"]
            if id_ in self.valid or seen is None or seen.newest.began is None or seen.newest.began < until:
                continue
            yield self.draft(
                "ended-route",
                "Route",
                route,
                f"agreed until {rfc3339(until)}, and a handoff on it began at {rfc3339(seen.newest.began)}",
                declared=f"until {rfc3339(until)}",
                observed=rfc3339(seen.newest.began),
                seen=seen,
            )

    def several_fit(self) -> Iterator[Draft]:
        """Where evidence names two ends with several declared routes: what fits more than one of them, and what fits none."""
        several = [key for key, fits in self.fits.items() if len(fits) > 1 and key in self.seen]
        newest = self.observed.newest(several)
        for key in several:
            route, seen = self.others[key], self.seen[key]
            handoffs = newest.get(key) or [seen.newest]
            fitting = [self._fitting(key, one) for one in handoffs]
            ambiguous = [fits for fits in fitting if len(fits) > 1]
            strange = [one for one, fits in zip(handoffs, fitting, strict=True) if not fits]
            if ambiguous:
                names = some(sorted({one for fits in ambiguous for one in fits}))
                yield self.draft(
                    "ambiguous-route",
                    "Route",
                    route,
                    f"evidence names {between(route)} only: {len(ambiguous)} of the newest {len(handoffs)} handoffs "
                    f"fit each of {names}",
                    declared=names,
                    observed=between(route),
                    seen=seen,
                    count=len(ambiguous),
                )
            if strange:
                kinds, names = some(sorted({one.kind for one in strange})), some(one["id"] for one in self.fits[key])
                yield self.draft(
                    "undeclared-route",
                    "Route",
                    route,
                    f"{len(strange)} of the newest {len(handoffs)} handoffs {between(route)} ({kinds}) fit none of {names}",
                    declared=names,
                    observed=f"{between(route)}: {kinds}",
                    handoffs=tuple(one.id for one in strange),
                    seen=seen,
                    count=len(strange),
                )

    def _fitting(self, key: str, handoff: Passing) -> list[str]:
        at = handoff.began or self.now
        return [
            one["id"]
            for one in self.fits[key]
            if (not one["item_kind"] or handoff.kind in one["item_kind"])
            and (one["valid_from"] is None or one["valid_from"] <= at)
            and (one["valid_to"] is None or one["valid_to"] > at)
        ]

    def other_ends(self) -> Iterator[Draft]:
        agreed = {id_: (r["from"], r["to"], r["dataset"]) for id_, r in self.valid.items() if id_ in self.seen}
        for id_, handoffs in self.observed.newest(self.observed.odd(agreed)).items():
            route = self.valid[id_]
            moved = [one for one in handoffs if _elsewhere(route, one)]
            ends = {between({"from": one.sender or route["from"], "to": one.receiver or route["to"]}) for one in moved}
            other = [one for one in handoffs if route["dataset"] and one.dataset not in (None, route["dataset"])]
            datasets = {one.dataset or "" for one in other}
            for kind, declared, said, which in (
                ("other-ends", between(route), ends, moved),
                ("other-dataset", route["dataset"], datasets, other),
            ):
                if which:
                    times = [one.began for one in which if one.began]
                    yield self.draft(
                        kind,
                        "Route",
                        route,
                        f"declared {declared}, but of its newest {len(handoffs)} handoffs {len(which)} say {some(sorted(said))}",
                        handoffs=tuple(one.id for one in which),
                        declared=declared,
                        observed=some(sorted(said)),
                        first_at=min(times, default=None),
                        last_at=max(times, default=None),
                        count=len(which),
                    )

    def sayings(self, said: Iterable[tuple[str, list[dict[str, Any]]]]) -> Iterator[Draft]:
        """What sources disagree about, and interfaces that a feed found beside the declared ones."""
        for subject, sayings in said:
            for one in differences(subject, sayings, self.now):
                yield self._difference(one)
        for one in beside(self.interfaces):
            yield self._difference(one)

    def _difference(self, one: Difference) -> Draft:
        nodes = {"Route": self.declared, "System": self.systems}.get(one.label, {})
        at = [i["system"] for i in self.interfaces if one.label == "Interface" and i["id"] == one.id]
        ends = None if one.label == "Route" else (one.id,) if one.label == "System" else at
        return self.draft(
            one.drift,
            one.label,
            nodes.get(one.id, {"id": one.id}),
            one.detail,
            ends=ends,
            said=not one.said_by,
            declared=one.declared,
            observed=one.observed,
            said_by=one.said_by,
        )

    def _rhythm(self, route: Node, moment: datetime) -> Rhythm | None:
        """What a route's schedule says about the time before this moment; None without one, or where it cannot be read."""
        if not route["schedule"]:
            return None
        # A table looks back from its end, and the newest delivery may be years old.
        end = datetime.combine(moment, time.max, UTC)
        named = route["schedule"], route["timezone"], route["calendar"], end
        if named not in self.tables:
            try:
                self.tables[named] = Timetable(*named)
            except ScheduleError:
                self.tables[named] = None  # ``late`` lists what cannot be read
        table = self.tables[named]
        return Rhythm.of(table, moment) if table else None

    def _deliveries(self, newest: dict[str, datetime], apart: dict[str, timedelta]) -> dict[str, list[datetime]]:
        return self.observed.deliveries({id_: self.keys[id_] for id_ in newest}, newest, apart)

    def cadences(self) -> Iterator[Draft]:
        newest = {id_: seen.newest.began for id_ in self.valid if (seen := self._seen(id_)) and seen.newest.began}
        declared = {id_: one for id_, began in newest.items() if (one := self._rhythm(self.valid[id_], began))}
        times = self._deliveries({id_: newest[id_] for id_ in declared}, {id_: one.apart for id_, one in declared.items()})
        for id_, rhythm in declared.items():
            came = intervals(times[id_])
            if not rhythm.differs(came):
                continue
            usual, route = sorted(came)[len(came) // 2], self.valid[id_]
            yield self.draft(
                "other-cadence",
                "Route",
                route,
                f"schedule {route['schedule']} means every {every(rhythm.usual)}, but its newest {len(times[id_])} deliveries "
                f"came every {every(usual)}{' or more often' if usual < rhythm.usual else ''}",
                handoffs=tuple(self.seen[key].newest.id for key in self.keys[id_]),
                declared=f"every {every(rhythm.usual)}",
                observed=f"every {every(usual)}",
                first_at=times[id_][-1],
                last_at=times[id_][0],
                count=len(times[id_]),
            )

    def missed(self, freshest: datetime) -> Iterator[Draft]:
        """Routes that were never seen, or are no longer. What evidence by two ends may mean is not called unseen."""
        maybe = {one["id"] for key, fits in self.fits.items() if len(fits) > 1 and key in self.seen for one in fits}
        quiet: dict[str, Seen] = {}
        for id_, route in self.valid.items():
            seen = self._seen(id_)
            if id_ in maybe:
                continue
            if seen is None:
                if _should_have_been_seen(route, freshest):
                    schedule = f", schedule {route['schedule']}" if route["schedule"] else ""
                    yield self.draft(
                        "never-seen",
                        "Route",
                        route,
                        f"declared {between(route)}{schedule}, and no evidence of it is known",
                        declared=between(route),
                    )
            elif seen.last and freshest - seen.last > QUIET:
                quiet[id_] = seen
        began = {id_: seen.newest.began for id_, seen in quiet.items() if seen.newest.began}
        times = self._deliveries(began, dict.fromkeys(began, _DAY))
        for id_, moment in began.items():
            route, last = self.valid[id_], quiet[id_].last
            rhythm = self._rhythm(route, moment)
            usual = rhythm.intervals if rhythm else intervals(times[id_])
            if last and gone(freshest - last, usual):
                how = (
                    f"schedule {route['schedule']}"
                    if rhythm
                    else f"before, it was seen every {every(max(usual))} or more often"
                )
                yield self.draft(
                    "no-longer-seen",
                    "Route",
                    route,
                    f"last seen at {rfc3339(last)}, others until {rfc3339(freshest)}; {how}",
                    declared=route["schedule"] or between(route),
                    observed=f"last at {rfc3339(last)}",
                    seen=quiet[id_],
                )


def _should_have_been_seen(route: Node, freshest: datetime) -> bool:
    if not route["schedule"] and (route["expect"] == "listed" or not (route["registered"] or route["item_kind"])):
        return False
    return route["valid_from"] is None or bool(route["valid_from"] <= freshest - QUIET)


def _elsewhere(route: Node, handoff: Passing) -> bool:
    """Whether evidence gave a handoff another end than the route has."""
    return handoff.sender not in (None, route["from"]) or handoff.receiver not in (None, route["to"])
