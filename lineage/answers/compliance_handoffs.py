"""Activations that were never confirmed, and store updates that never came back: handoffs whose verdict is open.

The verdicts are those of ``last-handoff`` and ``diagnose``. The direction is the path's: one that begins at a system of Spotify goes
out, one that ends there comes back. On a path that does both, what starts at a partner, or after one, comes back.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from lineage.answers.asking import Asker
from lineage.answers.branches import SETTLED, Open, alone, branches, told
from lineage.answers.compliance_results import Rule, Violation
from lineage.answers.diagnose import open_ways
from lineage.answers.neighbours import Neighbours
from lineage.answers.people import People, people
from lineage.answers.results import Custody
from lineage.answers.way import Way, read_ways

KINDS = ("activation", "location", "store", "zone")
FEW = 50
"""For so many items neighbours are read one by one; for more, all items on their way are read. Both give the same verdicts."""


@dataclass(frozen=True)
class Stuck:
    """A branch of the way of a store, or of an activation, on which something is wrong."""

    way: Way
    branch: Open

    @property
    def item(self) -> str:
        """The id of the item."""
        return str(self.way.item["id"])


def stuck(ask: Asker, as_of: datetime, items: list[str] | None = None) -> list[Stuck]:
    """What is stuck of these items, or of all stores and activations. Raises ServerError, OutOfTime."""
    if items is not None and len(items) <= FEW:
        near, ways = Neighbours(ask, as_of), read_ways(ask, items, as_of)
        found = [(ways[item], branches(ways[item], alone(ways[item]), near)) for item in items]
    elif items is None and not any(_handed_on(ask, kind, as_of) for kind in KINDS):
        return []
    else:
        wanted = None if items is None else set(items)
        found = [
            one
            for one in open_ways(ask, as_of)
            if one[0].item["kind"] in KINDS and (wanted is None or one[0].item["id"] in wanted)
        ]
    return [Stuck(way, one) for way, some in found for one in some if one.missing and one.finding.rule not in SETTLED]


def _handed_on(ask: Asker, kind: str, as_of: datetime) -> bool:
    """Whether any item of a kind was."""
    first = ask.raw("items_under_way", as_of=as_of, after=f"{kind}:", limit=1)[0]["items"]
    return bool(first) and first[0][1] == kind


def violations(ask: Asker, found: Iterable[Stuck]) -> dict[str, list[Violation]]:
    """The violations that they are, by item."""
    every = list(found)
    who = people(ask, {system for one in every for system in one.way.systems})
    by_item: dict[str, list[Violation]] = {}
    for one in every:
        if (rule := _rule(one, who)) is not None:
            by_item.setdefault(one.item, []).append(_violation(one, rule, who))
    return by_item


def _rule(one: Stuck, who: People) -> Rule | None:
    missing, expected = one.branch.missing, one.way.expected.values()
    assert missing
    begins = who.zone(one.way.origin) == "spotify"
    ends = [(e.agreement.sender, e.agreement.receiver) for e in expected]
    before = {missing.agreement.sender} | _reached(missing.agreement.sender, [(b, a) for a, b in ends])
    beyond = {missing.agreement.receiver} | _reached(missing.agreement.receiver, ends)
    if begins and not any(who.zone(system) == "partner" for system in before):
        # What nobody has sent so far is no activation that waits for its confirmation.
        return "activation-not-confirmed" if any(state.tried for state in one.way.states.values()) else None
    return "update-not-returned" if any(who.zone(system) == "spotify" for system in beyond) else None


def _reached(start: str, ends: list[tuple[str, str]]) -> set[str]:
    seen: set[str] = set()
    todo = [start]
    while todo:
        system = todo.pop()
        following = {to for from_, to in ends if from_ == system} - seen
        seen |= following
        todo += following
    return seen


def _violation(one: Stuck, rule: Rule, who: People) -> Violation:
    branch, verdict = told(one.branch, who), one.branch.finding
    assert branch.next_expected
    link = branch.next_expected
    return Violation(
        rule=rule,
        missing_link=f"{one.item}: {link.from_} → {link.to} (route {link.route}). {branch.verdict.reason}",
        since=verdict.due or verdict.at,
        must_act=Custody(system=branch.verdict.system, partner=branch.verdict.partner, zone=branch.verdict.zone),
        contacts=branch.contacts,
        # What was never sent leaves no evidence but that it came to its sender.
        evidence=branch.verdict.evidence or (branch.last_successful.evidence if branch.last_successful else ()),
    )
