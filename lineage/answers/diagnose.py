"""Diagnose: a verdict for every item on its way, each in the light of all the others, gathered into incidents.

An item whose handoffs all went well needs nothing but their stored states. Evidence is read only of the others: what is open,
what failed on the way, and what went on after the moment that is asked about.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from lineage.answers.asking import Asker
from lineage.answers.branches import SETTLED, Open, branches, people, told
from lineage.answers.completeness import freshness
from lineage.answers.incidents import Diagnosed, Diagnosis, gather
from lineage.answers.last_handoff import answer
from lineage.answers.possible import possible
from lineage.answers.routemap import RouteMap
from lineage.answers.traffic import Hop, TrafficInMemory, clean, hop_in, shown_by
from lineage.answers.way import Way, way_of
from lineage.custody import Evidence, State
from lineage.matching import KIND
from lineage.store.handoffs import as_evidence

PAGE, CHUNK = 5000, 1000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
Judged = tuple[Way, list[Open]]


def diagnose(ask: Asker, *, open_only: bool = False, since: datetime | None = None, as_of: datetime | None = None) -> Diagnosis:
    """The verdict on every item that was handed on, by item id, and the incidents behind those that have not arrived.

    ``open_only``: only items whose verdict is other than arrived, no-deadline and not-due; ``since``: only items with evidence
    since then; ``as_of``: by then (UTC, now if None). Raises ServerError, OutOfTime.
    """
    moment = as_of or datetime.now(UTC)
    seen = study(ask, open_only=open_only, since=since, as_of=moment)
    found, settled = seen.found, seen.settled
    if open_only:
        open_ = [(way, some) for way, some in found if some[0].finding.rule not in SETTLED]
        settled += len(found) - len(open_)
        found = open_
    every = sorted([*_with_evidence(ask, seen.well, seen.traffic), *found], key=lambda one: one[0].item["id"])
    systems = {system for way, _ in every for system in way.systems}
    who, fresh = people(ask, systems), freshness(ask, systems, moment)
    incidents, held_up = gather(found, who)
    items = []
    for way, some in every:
        said = answer(way, [told(one, who) for one in some], fresh.of(way.systems, "depth" if way.truncated else None))
        items.append(Diagnosed(**dict(said), incidents=held_up.get(said.item.id, ())))
    return Diagnosis(as_of=moment, items=tuple(items), incidents=incidents, settled=settled, completeness=fresh.of(systems))


@dataclass(frozen=True)
class Studied:
    """All items on their way: those on which all went well, or how many these are; and the others with their branches."""

    well: list[_Well]
    settled: int
    found: list[Judged]
    traffic: TrafficInMemory


def study(ask: Asker, *, open_only: bool, since: datetime | None, as_of: datetime) -> Studied:
    """Read every item that was handed on and judge those that need it. Arguments and errors as for ``diagnose``."""
    routes = RouteMap(ask.rows("declared_routes", as_of=as_of)[0]["routes"])
    traffic = TrafficInMemory()
    well: list[_Well] = []
    studied: list[Way] = []
    settled = 0
    for page in _pages(ask, since, as_of):
        rest: list[_Row] = []
        for row in page:
            good = _without_evidence(row, routes, as_of, traffic)
            if good is None:
                rest.append(row)
            elif open_only:
                settled += 1
            else:
                well.append(good)
        for start in range(0, len(rest), CHUNK):
            studied += _studied(ask, rest[start : start + CHUNK], routes, since, as_of, traffic)
    return Studied(well, settled, [(way, branches(way, traffic)) for way in studied], traffic)


# -- reading --------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Row:
    """One item as ``items_under_way`` lists it. ``handoffs`` are lists of values in the order of that query."""

    item: dict[str, Any]
    above: list[dict[str, Any]]
    handoffs: list[list[Any]]


_ITEM = ("id", "kind", "name", "origin", "declared", "expected_on")


def _pages(ask: Asker, since: datetime | None, moment: datetime) -> Iterator[list[_Row]]:
    after = ""
    while True:
        items = ask.raw("items_under_way", since=since, as_of=moment, after=after, limit=PAGE)[0]["items"]
        yield [
            _Row(
                {name: value for name, value in zip(_ITEM, one, strict=False) if value is not None},
                [{name: value for name, value in above.items() if value is not None} for above in one[6]],
                one[7],
            )
            for one in items
        ]
        if len(items) < PAGE:
            return
        after = items[-1][0]


def _micros(time: datetime) -> int:
    return (time - _EPOCH) // timedelta(microseconds=1)


def _time(micros: int | None) -> datetime | None:
    return None if micros is None else _EPOCH + timedelta(microseconds=micros)


# -- items that need no evidence ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Well:
    """An item on which all went well. ``kept_as``: what a route's handoff is stored as, where that is not the declared route."""

    way: Way
    kept_as: dict[str, str]


def _without_evidence(row: _Row, routes: RouteMap, moment: datetime, traffic: TrafficInMemory) -> _Well | None:
    """An item on which all went well, from stored states, its handoffs as neighbours of others; None where that does not suffice."""
    now, kind, item = _micros(moment), row.item["kind"], row.item["id"]
    states: dict[str, State] = {}
    kept_as: dict[str, str] = {}
    handoffs = [_with_ends(h, routes) for h in row.handoffs]
    for h in handoffs:
        route, sender, receiver, dataset, secured, _, _, _, _, attempts, troubled, _, first, last = h[:14]
        if not secured or attempts > 1 or troubled or not sender or not receiver or last is None or last > now:
            return None
        joined = routes.joined(route, sender, receiver, dataset, kind, _time(first) or moment)
        key = joined[0] if len(joined) == 1 else route
        if len(joined) > 1 or key in states:
            return None
        states[key] = _stored(h, key)
        if key != route:
            kept_as[key] = route
    way = way_of(row.item, row.above, states, as_of=moment, agreements=routes.by_kind.get(kind, {}), ambiguous={})
    held = {way.origin} | {state.to_system for state in states.values()}
    if any(state.from_system not in held for state in states.values()):
        return None
    if way.truncated or any(e.begun and not e.secured and not e.superseded for e in way.expected.values()):
        return None
    declared = {kept_as.get(key, key): routes.agreements.get(key) for key in states}
    for h in handoffs:
        shown = shown_by(h[1], h[2], h[16], h[17] or (), declared[h[0]], onward=h[5] == "onward")
        sent = None if h[14] is None else h[14] / 1e6
        traffic.add(h[0], clean(item, kind, h[0], (h[1], h[2]), h[3], h[12] / 1e6, sent, shown))
    return _Well(way, kept_as)


def _with_ends(h: list[Any], routes: RouteMap) -> list[Any]:
    """A handoff whose evidence named only its route, with the ends that the route was declared with."""
    declared = routes.agreements.get(h[0])
    return h if declared is None else [h[0], h[1] or declared.sender, h[2] or declared.receiver, *h[3:]]


def _stored(h: list[Any], route: str) -> State:
    """A stored handoff as a state without its evidence."""
    first, last, sent, queued = _time(h[12]), _time(h[13]), _time(h[14]), _time(h[15])
    times = {name: time for name, time in (("sent", sent), ("queued", queued)) if time}
    return State(
        route=route,
        from_system=h[1],
        to_system=h[2],
        dataset=h[3],
        secured=h[4],
        secured_at=_time(h[11]),
        secured_by=h[5],
        attempts=(),
        transport=h[6],
        acknowledgement=h[7],
        processing=h[8],
        times=times,
        evidence=(),
        first_at=first,
        last_at=last,
    )


def _with_evidence(ask: Asker, well: list[_Well], traffic: TrafficInMemory) -> list[Judged]:
    """The branches of items on which all went well, with the evidence that they rest on, of which an answer names the ids."""
    judged = [(one, branches(one.way, traffic)) for one in well]
    wanted = {_kept_id(one, branch.last) for one, some in judged for branch in some if branch.last}
    ids = sorted(wanted)
    evidence: dict[str, tuple[Evidence, ...]] = {}
    for start in range(0, len(ids), PAGE):
        for handoff, route, said in ask.raw("evidence_ids", handoffs=ids[start : start + PAGE])[0]["evidence"]:
            evidence[handoff] = tuple(Evidence(source="", id=one, type="", route=route) for one in said)
    return [
        (one.way, [_shown(branch, evidence[_kept_id(one, branch.last)]) if branch.last else branch for branch in some])
        for one, some in judged
    ]


def _kept_id(one: _Well, state: State) -> str:
    return f"{one.kept_as.get(state.route, state.route)}|{one.way.item['id']}"


def _shown(one: Open, evidence: tuple[Evidence, ...]) -> Open:
    assert one.last
    return replace(one, last=replace(one.last, evidence=evidence), finding=replace(one.finding, evidence=evidence))


# -- items that need their evidence ---------------------------------------------------------------------------------------


def _studied(
    ask: Asker, rows: list[_Row], routes: RouteMap, since: datetime | None, moment: datetime, traffic: TrafficInMemory
) -> list[Way]:
    """The ways of these items from their evidence, which makes their handoffs neighbours of others."""
    evidence: dict[str, list[Evidence]] = defaultdict(list)
    if rows:
        for item, route, properties in ask.rows("evidence_of_items", items=[row.item["id"] for row in rows], as_of=moment)[0][
            "evidence"
        ]:
            evidence[item].append(as_evidence(properties, route))
    may_be = possible(ask, [row.item["id"] for row in rows if row.item["kind"] == KIND], moment)
    found = []
    for row in rows:
        said = evidence[row.item["id"]]
        # By then: the last evidence of a handoff may have come later, and some of it before.
        if not said or (since and not any(e.time and e.time >= since for e in said)):
            continue
        kind = row.item["kind"]
        states, called, ambiguous = routes.fold(said, kind, moment)
        agreements = routes.by_kind.get(kind, {})
        way = way_of(
            row.item,
            row.above,
            states,
            as_of=moment,
            agreements=agreements,
            ambiguous=ambiguous,
            may_be=may_be.get(row.item["id"], ()),
        )
        found.append(way)
        for route, hop in _hops(row, said, states, called, routes, moment):
            traffic.add(route, hop)
    return found


def _hops(
    row: _Row, said: Iterable[Evidence], states: dict[str, State], called: dict[str, str], routes: RouteMap, moment: datetime
) -> Iterator[tuple[str, Hop]]:
    first: dict[str, datetime] = {}
    for one in said:
        if one.time:
            first[one.route] = min(one.time, first.get(one.route, one.time))
    for route, at in sorted(first.items()):
        if hop := hop_in(states[called[route]], route, row.item["id"], row.item["kind"], at, routes, moment):
            yield route, hop
