"""An item's way: what is known of it joined with the expected path (pure but for the one query).

Both trace and last-handoff are read off this, so that they cannot disagree.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from lineage.answers.asking import Asker
from lineage.answers.completeness import NEVER, Freshness
from lineage.answers.expected import Agreement, Expected, expected_path, origin_of
from lineage.answers.items import find_item
from lineage.answers.people import NOBODY_KNOWN, People, people_of
from lineage.answers.possible import Possible, possible
from lineage.custody import Evidence, State, ended, fold_item, known_ends
from lineage.graph import plain
from lineage.store.handoffs import listed_evidence
from lineage.times import time_of


@dataclass(frozen=True)
class Way:
    """What is known of one item's way at one time.

    ``states``: handoffs by route, joined to the declared route where evidence named only two ends. ``expected``: the
    expected path. ``ambiguous``: route key to the declared routes that it could be, where there are several. ``may_be``: other
    items that may be the same. ``announced``: routes to or from a system that is told of items and not given them.
    ``freshness``: when its systems were last heard of, where the way was read by itself; ``people``: whom to ask, where asked for.
    """

    item: dict[str, Any]
    identifiers: tuple[str, ...]
    name: str
    origin: str | None
    as_of: datetime
    states: dict[str, State]
    expected: dict[str, Expected]
    agreements: Mapping[str, Agreement]
    zones: Mapping[str, str | None]
    ambiguous: dict[str, tuple[str, ...]]
    truncated: bool
    may_be: tuple[Possible, ...] = ()
    announced: frozenset[str] = frozenset()
    freshness: Freshness = NEVER
    people: People = NOBODY_KNOWN

    @cached_property
    def missing(self) -> tuple[Expected, ...]:
        """What is expected by now and has not arrived."""
        return tuple(e for e in self.expected.values() if e.begun and not e.secured and not e.superseded)

    @cached_property
    def systems(self) -> tuple[str, ...]:
        """All systems on the way, sorted."""
        ends = {s.from_system for s in self.states.values()} | {s.to_system for s in self.states.values()}
        ends |= {e.agreement.sender for e in self.expected.values()} | {e.agreement.receiver for e in self.expected.values()}
        return tuple(sorted({end for end in ends if end} | ({self.origin} if self.origin else set())))


def find_way(ask: Asker, name: str, as_of: datetime, depth: int = 20, *, people: bool = False) -> Way:
    """The way of the one item that goes by a name (see ``lineage.answers.items``), as of a time (UTC).

    ``people``: also whom to ask. Raises NotFoundError, and what ``Asker.rows`` raises.
    """
    rows = _rows(ask, [name.strip()], as_of, people)
    if not rows or rows[0]["versions"]:
        rows = _rows(ask, [find_item(ask, name)], as_of, people)
    return _way(ask, rows[0], as_of, depth)


def read_ways(ask: Asker, item_ids: Iterable[str], as_of: datetime, *, people: bool = False) -> dict[str, Way]:
    """The ways of those items that there are, by id, in one read. Raises what ``Asker.rows`` raises."""
    ways = (_way(ask, row, as_of) for row in _rows(ask, sorted(set(item_ids)), as_of, people))
    return {way.item["id"]: way for way in ways}


def _rows(ask: Asker, item_ids: list[str], as_of: datetime, people: bool) -> list[dict[str, Any]]:
    return ask.raw("item_way", items=item_ids, as_of=as_of, people=people)


def _way(ask: Asker, row: dict[str, Any], as_of: datetime, depth: int = 20) -> Way:
    item, above = _given(row["item"]), [_given(one) for one in row["above"]]
    agreements = {one["id"]: Agreement.of(plain(_given(one))) for one in row["agreements"]}
    ends: dict[str, tuple[str | None, str | None]] = {a.id: (a.sender, a.receiver) for a in agreements.values()}
    ambiguous: dict[str, tuple[str, ...]] = {}
    evidence: list[Evidence] = []
    for named, sender, receiver, joined, known in row["hops"]:
        route = joined[0] if len(joined) == 1 else named
        ends[route] = (sender, receiver)
        if len(joined) > 1:
            ambiguous[route] = tuple(joined)
        # The query let only evidence up to as_of through; the states of that time are folded here from it.
        evidence += [listed_evidence(route, one) for one in known]
    states = {route: ended(state, *ends[route]) for route, state in fold_item(known_ends(evidence, ends)).items()}
    notified = {one[0] for one in row["systems"] if one[2]}
    return way_of(
        item,
        above,
        states,
        as_of=as_of,
        agreements=agreements,
        identifiers=tuple(row["identifiers"]),
        zones={one[0]: one[1] for one in row["systems"]},
        ambiguous=ambiguous,
        may_be=possible(ask, [item["id"]], as_of).get(item["id"], ()) if row["alike"] else (),
        announced=frozenset(route for route, pair in ends.items() if notified.intersection(pair)),
        freshness=Freshness(time_of(row["freshest"]), {one[0]: time_of(one[3]) for one in row["systems"]}),
        people=People({one[0]: people_of(one[0], *one[4]) for one in row["systems"] if one[4]}),
        depth=depth,
    )


def _given(properties: dict[str, Any]) -> dict[str, Any]:
    """Without those that the node does not have."""
    return {name: value for name, value in properties.items() if value is not None}


def way_of(
    item: dict[str, Any],
    above: list[dict[str, Any]],
    states: dict[str, State],
    *,
    as_of: datetime,
    agreements: Mapping[str, Agreement],
    ambiguous: dict[str, tuple[str, ...]],
    identifiers: tuple[str, ...] = (),
    zones: Mapping[str, str | None] | None = None,
    may_be: tuple[Possible, ...] = (),
    announced: frozenset[str] = frozenset(),
    freshness: Freshness = NEVER,
    people: People = NOBODY_KNOWN,
    depth: int = 20,
) -> Way:
    """The way of an item from its states: where it began, and what was expected.

    ``item`` and ``above`` (what it is a part or a version of): properties of the nodes; ``agreements``: at least the declared
    routes that the item could take.
    """
    began = origin([item, *above], states)
    listed = {route for one in [item, *above] for route in one.get("expected_on") or ()}
    expected = expected_path(
        kind=item["kind"],
        origin=began,
        listed_on=frozenset(listed),
        agreements=agreements.values(),
        states=states,
        as_of=as_of,
    )
    kept = {route: one for route, one in expected.items() if one.depth < depth}
    return Way(
        item=item,
        identifiers=identifiers,
        name=_name(item, above),
        origin=began,
        as_of=as_of,
        states=states,
        expected=kept,
        agreements=agreements,
        zones=zones or {},
        ambiguous=ambiguous,
        truncated=len(kept) < len(expected),
        may_be=may_be,
        announced=announced,
        freshness=freshness,
        people=people,
    )


def origin(stated: Iterable[dict[str, Any]], states: Mapping[str, State]) -> str | None:
    """The system where an item began: by what it, and what it is a part or a version of, say, and by its states."""
    told = [(one.get("origin"), one.get("declared")) for one in stated]
    return origin_of([said for said, sure in told if sure], [said for said, sure in told if not sure], states)


def _name(item: dict[str, Any], above: list[dict[str, Any]]) -> str:
    """A version that nobody named goes by the name of its work."""
    if item.get("name") not in (None, item["id"]):
        return str(item["name"])
    works = [a["name"] for a in above if a["kind"] == item["kind"] and a.get("name") not in (None, a["id"])]
    return str(works[0] if works else item["id"])
