"""Compliance: each store against eligibility, licence, subscription and activation, and the handoffs of both directions.

What holds of a store is folded by the library (``stores_standing``), a page at a time; licences are read once for all stores that
share them. Which rules are broken is decided in ``compliance_rules``, whose handoff it was that failed by ``compliance_handoffs``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any

from lineage.answers.asking import Asker
from lineage.answers.completeness import completeness
from lineage.answers.compliance_handoffs import stuck, violations
from lineage.answers.compliance_results import Compliance, StoreRow, Violation
from lineage.answers.compliance_rules import Broken, State, Unit, broken, state_of
from lineage.answers.items import find_item
from lineage.answers.licences import Held, Licensed, Term, licensed, terms_of
from lineage.answers.people import People, people
from lineage.answers.results import Custody, ItemRef
from lineage.errors import NotFoundError
from lineage.times import micros_of

PAGE = 5000
UNITS = ("location", "store", "zone")
HEARD_WITHIN = timedelta(hours=24)
"""A player counts as playing for so long after it was heard."""


def compliance(
    ask: Asker,
    *,
    as_of: datetime | None = None,
    store: str | None = None,
    every: bool = False,
    heard_within: timedelta = HEARD_WITHIN,
) -> Compliance:
    """The stores that break a rule, by id.

    ``as_of``: UTC, now if None; ``store``: only this one and its parts, by id, number or any identifier; ``every``: those without
    a fault too; ``heard_within``: how long after a heartbeat a player counts as playing. Raises NotFoundError, ServerError, OutOfTime.
    """
    now = as_of or datetime.now(UTC)
    parts = ask.rows("stores_of_items", items=[_called(ask, store)])[0]["parts"] if store else None
    ids = None if parts is None else [part["id"] for part in parts if part["kind"] in UNITS]
    handed_on = None if parts is None else [part["id"] for part in parts if part["handed_on"]]
    lost = _by_store(ask, violations(ask, stuck(ask, now, handed_on)))
    judge = _Judge(ask, now, heard_within)
    kept: list[_Judged] = []
    checked = 0
    for page in _pages(ask, ids, now):
        found = judge.page(page)
        checked += len(found)
        kept += [one for one in found if one.broken or every or one.state.unit.id in lost]
    # What belongs to no unit, such as an activation of a store that nobody knows, is listed by itself.
    rest = sorted(set(lost) - {one.state.unit.id for one in kept})
    for start in range(0, len(rest), PAGE):
        units = _read(ask, now, stores=rest[start : start + PAGE])
        kept += [replace(one, broken=()) for one in judge.page(units)]
    who = people(ask, {system for one in kept for fault in one.broken if (system := fault.system)})
    rows = [_row(one, who, lost.get(one.state.unit.id, [])) for one in kept]
    systems = {one.must_act.system for row in rows for one in row.violations if one.must_act.system}
    return Compliance(
        as_of=now,
        stores=tuple(sorted(rows, key=lambda row: row.store.id)),
        checked=checked,
        completeness=completeness(ask, systems, now),
    )


# -- reading --------------------------------------------------------------------------------------------------------------


def _called(ask: Asker, store: str) -> str:
    """The id of a store by any name, its bare number among them."""
    try:
        return find_item(ask, store)
    except NotFoundError:
        if ":" in store or not ask.rows("find_item", name=f"store:{store}"):
            raise
        return find_item(ask, f"store:{store}")


def _pages(ask: Asker, ids: list[str] | None, now: datetime) -> Iterator[list[Unit]]:
    """Units, a page at a time: all of them, or those among some ids."""
    if ids is not None:
        for start in range(0, len(ids), PAGE):
            yield [unit for unit in _read(ask, now, stores=ids[start : start + PAGE]) if unit.unit]
        return
    for kind in UNITS:
        after, before = f"{kind}:", f"{kind};"  # what sorts next after a colon
        while True:
            page = _read(ask, now, after=after, before=before, limit=PAGE)
            yield page
            if len(page) < PAGE:
                break
            after = page[-1].id


def _read(ask: Asker, now: datetime, **which: Any) -> list[Unit]:
    return [Unit.of(row) for row in ask.raw("stores_standing", as_of=now, **which)[0]["stores"]]


def _by_store(ask: Asker, by_item: dict[str, list[Violation]]) -> dict[str, list[Violation]]:
    """Violations by the store that their items belong to; by the item itself where there is none."""
    found: dict[str, list[Violation]] = defaultdict(list)
    for row in ask.rows("stores_of_items", items=sorted(by_item)) if by_item else []:
        found[row["store"] or row["item"]] += by_item[row["item"]]
    return dict(found)


# -- judging --------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Judged:
    state: State
    broken: tuple[Broken, ...]


@dataclass
class _Judge:
    """Judges units page by page; what they share is read and decided once."""

    ask: Asker
    now: datetime
    heard_within: timedelta
    _partners: dict[str, str | None] = field(default_factory=dict)
    _granted: dict[str, list[Term]] = field(default_factory=dict)

    def page(self, units: list[Unit]) -> list[_Judged]:
        """The units with the rules that they break."""
        self._read_partners({unit.origin for unit in units if unit.origin})
        licences = sorted({held.value for unit in units for held in unit.licences} - {"none", "unknown"})
        who = {(unit.origin, unit.accounts) for unit in units}
        licensees = {about: self._licensees(*about) for about in who}
        terms = self._terms(licences, sorted({key for keys in licensees.values() for key in keys} - set(self._granted)))
        within = self.heard_within // timedelta(microseconds=1)
        shared: dict[tuple[Any, ...], Licensed] = {}
        found = []
        for unit in units:
            about = unit.licences, licensees[unit.origin, unit.accounts], unit.territory, unit.use
            # Of one chain most stores have the same: no standing of their own, one account, one country.
            if about not in shared:
                shared[about] = self._licensed(*about, terms)
            state = state_of(unit, shared[about], micros_of(self.now), within)
            found.append(_Judged(state, tuple(broken(state))))
        return found

    def _read_partners(self, systems: set[str]) -> None:
        new = systems - set(self._partners)
        who = people(self.ask, new)
        self._partners |= {system: who.partner(system) for system in new}

    def _licensees(self, origin: str | None, accounts: tuple[str, ...]) -> tuple[str, ...]:
        """What a licence may call the partner that operates a store's system, and its accounts."""
        names = [name for account in accounts for name in (account, account.removeprefix("account:"))]
        return tuple(filter(None, [self._partners.get(origin or ""), *names]))

    def _terms(self, licences: list[str], licensees: list[str]) -> dict[str, list[Term]]:
        """Terms by licence; those by licensee are kept for the next pages."""
        found: dict[str, list[Term]] = defaultdict(list)
        self._granted |= {key: [] for key in licensees}
        if licences or licensees:
            rows = self.ask.raw("licences_of_stores", licences=licences, licensees=licensees, as_of=self.now)[0]["terms"]
            for term in terms_of(rows):
                (self._granted if term.key in self._granted else found)[term.key].append(term)
        return found

    def _licensed(
        self,
        named: tuple[Held, ...],
        licensees: tuple[str, ...],
        territory: str | None,
        use: str | None,
        terms: dict[str, list[Term]],
    ) -> Licensed:
        every = [term for held in {held.value for held in named} for term in terms.get(held, ())]
        every += [term for key in licensees for term in self._granted[key]]
        if not every and not named and not self._any_known:
            return Licensed(None)
        return licensed(named, every, territory, use, micros_of(self.now))

    @cached_property
    def _any_known(self) -> bool:
        """Whether anybody says anything of any store's licence: if not, they were not loaded, and none is missing."""
        licensees = sorted({partner for partner in self._partners.values() if partner})
        return bool(self.ask.rows("licences_known", licensees=licensees, as_of=self.now)[0]["known"])


def _row(one: _Judged, who: People, lost: Iterable[Violation]) -> StoreRow:
    state, unit = one.state, one.state.unit
    return StoreRow(
        store=ItemRef(id=unit.id, kind=unit.kind, name=unit.name),
        territory=unit.territory,
        use=unit.use,
        eligible=state.eligible,
        licensed=state.licensed.value,
        subscribed=state.subscribed,
        activated=state.activated,
        playing=state.playing,
        licence=state.licensed.licence,
        violations=(*(_violation(fault, who) for fault in one.broken), *lost),
    )


def _violation(fault: Broken, who: People) -> Violation:
    system = fault.system
    return Violation(
        rule=fault.rule,
        missing_link=fault.missing_link,
        since=fault.since,
        must_act=Custody(system=system, partner=who.partner(system), zone=who.zone(system) or "undetermined"),
        contacts=who.contacts([system] if system else []),
        evidence=fault.evidence,
    )
