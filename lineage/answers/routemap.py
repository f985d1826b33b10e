"""The declared routes, and which of them a handoff belongs to whose evidence named only its two ends (pure)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import cached_property
from typing import Any

from lineage.answers.expected import Agreement
from lineage.custody import Evidence, State, ended, fold_handoff, fold_item, known_ends


class RouteMap:
    """Declared routes by id, by kind of item and by their ends."""

    def __init__(self, declared: Iterable[Mapping[str, Any]]) -> None:
        """``declared``: properties of Route nodes; what nobody declared, or without ends, is left out."""
        self.agreements = {
            one["id"]: Agreement.of(one) for one in declared if one.get("declared") and "from" in one and "to" in one
        }

    @cached_property
    def by_kind(self) -> dict[str, dict[str, Agreement]]:
        """The routes that a kind of item could take, by id."""
        found: dict[str, dict[str, Agreement]] = defaultdict(dict)
        for one in self.agreements.values():
            for kind in one.item_kinds:
                found[kind][one.id] = one
        return found

    @cached_property
    def _by_ends(self) -> dict[tuple[str, str], list[Agreement]]:
        found: dict[tuple[str, str], list[Agreement]] = defaultdict(list)
        for _, one in sorted(self.agreements.items()):
            found[one.sender, one.receiver].append(one)
        return found

    def joined(
        self, route: str, sender: str | None, receiver: str | None, dataset: str | None, kind: str, at: datetime
    ) -> tuple[str, ...]:
        """The declared routes that a handoff can belong to: the one that its evidence names, else those between its ends."""
        if route in self.agreements or not sender or not receiver:
            return (route,) if route in self.agreements else ()
        return tuple(
            one.id
            for one in self._by_ends.get((sender, receiver), ())
            if (dataset is None or one.dataset is None or one.dataset == dataset)
            and (kind in one.item_kinds or not one.item_kinds)
            and one.valid_at(at)
        )

    def agreement(
        self, route: str, sender: str | None, receiver: str | None, dataset: str | None, kind: str, at: datetime
    ) -> Agreement | None:
        """The one declared route of a handoff, if it is one."""
        joined = self.joined(route, sender, receiver, dataset, kind, at)
        return self.agreements[joined[0]] if len(joined) == 1 else None

    def fold_one(self, route: str, evidence: Iterable[Evidence]) -> State:
        """One handoff from all its evidence, which is about this one route; what the item's others show is left out."""
        declared = self.agreements.get(route)
        if declared is None:
            return fold_handoff(route, evidence)
        ends = declared.sender, declared.receiver
        return ended(fold_handoff(route, known_ends(evidence, {route: ends})), *ends)

    def fold(
        self, evidence: Iterable[Evidence], kind: str, as_of: datetime
    ) -> tuple[dict[str, State], dict[str, str], dict[str, tuple[str, ...]]]:
        """One item's handoffs by the declared route that they belong to, from all its evidence.

        Beside them: what each route was called by the evidence, and where that fits several declared routes, these.
        """
        given = list(evidence)
        groups: dict[str, list[Evidence]] = defaultdict(list)
        for one in given:
            groups[one.route].append(one)
        called, ambiguous = {}, {}
        for route, group in groups.items():
            sender = min(filter(None, (e.from_system for e in group)), default=None)
            receiver = min(filter(None, (e.to_system for e in group)), default=None)
            dataset = min(filter(None, (e.dataset for e in group)), default=None)
            first = min((e.time for e in group if e.time), default=as_of)
            joined = self.joined(route, sender, receiver, dataset, kind, first)
            called[route] = joined[0] if len(joined) == 1 else route
            if len(joined) > 1:
                ambiguous[called[route]] = joined
        ends = {
            one: (self.agreements[one].sender, self.agreements[one].receiver)
            for one in set(called.values())
            if one in self.agreements
        }
        moved = [e if called[e.route] == e.route else e._replace(route=called[e.route]) for e in given]
        states = fold_item(known_ends(moved, ends))
        for route, (sender, receiver) in ends.items():
            states[route] = ended(states[route], sender, receiver)
        return states, called, ambiguous
