"""What is wrong with a store at one moment: the rules over what holds of it (pure).

A store is active when it is activated or plays. What nobody says is neither yes nor no, and breaks no rule.

==================  =====================================================================================================
rule                when
==================  =====================================================================================================
no-licence          active, and no licence ever covered its territory and use
licence-lapsed      active, and the licence that did has ended or was withdrawn
deactivated-playing plays, and was heard after it was deactivated; clocks may differ by ten minutes
not-subscribed      active, and its subscription is paused, cancelled, expired, inactive or over
not-eligible        active, and ineligible, or its eligibility is over
==================  =====================================================================================================

Times are microseconds since 1970.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from lineage.answers.compliance_results import Rule
from lineage.answers.licences import Held, Licensed
from lineage.times import rfc3339, time_of

CLOCKS = 10 * 60 * 1_000_000
"""How far two companies' clocks may be apart."""


@dataclass(frozen=True)
class Broken:
    """A rule that a store breaks. ``since``: UTC, None if nobody says; ``systems``: who must act, the first that is known counts."""

    rule: Rule
    missing_link: str
    since: datetime | None
    systems: tuple[str | None, ...]
    evidence: tuple[str, ...]

    @property
    def system(self) -> str | None:
        """Who must act."""
        return next(filter(None, self.systems), None)


class Unit(NamedTuple):
    """A store with what holds of it, a row of the query ``stores_standing``."""

    id: str
    kind: str
    name: str
    unit: bool
    territory: str | None
    use: str | None
    origin: str | None
    accounts: tuple[str, ...]
    eligibility: Held | None
    subscription: Held | None
    activation: Held | None
    heard: Held | None
    licences: tuple[Held, ...]

    @classmethod
    def of(cls, row: Sequence[Any]) -> Unit:
        """From a row."""
        id_, kind, name, unit, territory, use, origin, accounts, *said = row
        eligibility, subscription, activation, heard = (Held(*one) if one else None for one in said[:4])
        licences = tuple(Held(*one) for one in said[4])
        return cls(
            id_,
            kind,
            name,
            unit,
            territory,
            use,
            origin,
            tuple(accounts),
            eligibility,
            subscription,
            activation,
            heard,
            licences,
        )


class State(NamedTuple):
    """Whether a store is what it must be, at ``now``: yes, no, or None where nobody says."""

    unit: Unit
    now: int
    eligible: bool | None
    licensed: Licensed
    subscribed: bool | None
    activated: bool | None
    playing: bool | None

    @property
    def active(self) -> bool:
        """Whether it is activated or plays."""
        return bool(self.activated or self.playing)


def state_of(unit: Unit, licensed: Licensed, now: int, heard_within: int) -> State:
    """What holds of a store now; it plays if it was heard no longer ago than ``heard_within``."""
    return State(
        unit=unit,
        now=now,
        eligible=_holds(unit.eligibility, "eligible", now),
        licensed=licensed,
        subscribed=_holds(unit.subscription, "active", now),
        activated=_holds(unit.activation, "activated", now),
        playing=_plays(unit.heard, now, heard_within),
    )


def _holds(held: Held | None, positive: str, now: int) -> bool | None:
    """Yes while it is said, no once it is over or something else is said; what else is over tells nothing."""
    if held is None or held.value == "unknown":
        return None
    if held.value == positive:
        return not held.over(now)
    return None if held.over(now) else False


def _plays(heard: Held | None, now: int, within: int) -> bool | None:
    if heard is None:
        return None
    return heard.value == "playing" and (heard.since is None or heard.since >= now - within)


def broken(state: State) -> Iterator[Broken]:
    """The rules that a store breaks."""
    unit, now = state.unit, state.now
    off = _deactivated(unit.activation, now)
    if off is not None and state.playing and unit.heard and unit.heard.since is not None and unit.heard.since > off[0] + CLOCKS:
        text = f"deactivated {_when(off[0])} ({off[1]}), heard {_when(unit.heard.since)} ({unit.heard.id})"
        yield Broken("deactivated-playing", text, time_of(off[0]), (unit.origin, unit.heard.by), (off[1], unit.heard.id))
    if not state.active:
        return
    who, active_since, proof = _active(state)
    licence = state.licensed
    if licence.value is False:
        lapsed: Rule = "licence-lapsed" if licence.had else "no-licence"
        yield Broken(lapsed, _unlicensed(licence, unit), _latest(licence.ended, active_since), who, (*licence.evidence, *proof))
    asked: tuple[tuple[Rule, bool | None, Held | None, str, str], ...] = (
        ("not-subscribed", state.subscribed, unit.subscription, "active", "subscription"),
        ("not-eligible", state.eligible, unit.eligibility, "eligible", "eligibility"),
    )
    for rule, answer, held, positive, what in asked:
        if answer is False and held is not None:
            began = held.until if held.value == positive else held.since
            yield Broken(rule, _not(held, positive, what), _latest(began, active_since), who, (held.id, *proof))


def _deactivated(held: Held | None, now: int) -> tuple[int, str] | None:
    """When a store was deactivated, if it is, and by what word."""
    if held is None:
        return None
    at = held.until if held.value == "activated" and held.over(now) else held.since if held.value == "deactivated" else None
    return None if at is None or (held.value == "deactivated" and held.over(now)) else (at, held.id)


def _active(state: State) -> tuple[tuple[str | None, ...], int | None, tuple[str, ...]]:
    """What makes a store active: who must end that, since when it is known, and on whose word."""
    unit = state.unit
    if state.activated and unit.activation:
        return (unit.activation.by, unit.origin), unit.activation.since, (unit.activation.id,)
    assert unit.heard
    return (unit.origin, unit.heard.by), unit.heard.since, (unit.heard.id,)


def _unlicensed(licence: Licensed, unit: Unit) -> str:
    where = f"{unit.use or 'any use'} in {unit.territory or 'an unknown country'}"
    if licence.had:
        how = "withdrawn" if licence.withdrawn else "ended"
        return f"{licence.licence} for {where}: {how} {_when(licence.ended)}"
    return licence.why or f"no licence of it is known, for {where} or anything else"


def _not(held: Held, positive: str, what: str) -> str:
    said = f"{what} of {held.id.partition('>')[0]}: {held.value}"
    if held.value != positive:
        return said + (f" since {_when(held.since)}" if held.since is not None else "")
    return f"{said}, {'which no source says any more' if held.retired else 'which ended'} {_when(held.until)}"


def _latest(*times: int | None) -> datetime | None:
    """When both held: the later one, as far as it is known."""
    known = [time for time in times if time is not None]
    return time_of(max(known)) if known else None


def _when(time: int | None) -> str:
    return "nobody knows when" if time is None else str(rfc3339(time_of(time).replace(microsecond=0)))
