"""The rules of lateness by schedule (pure): which occurrence is due, what counts as its delivery, what was missed.

* An occurrence is due ``deliver_within`` after it; without that, at once. Due at a moment means overdue at that moment.
* A delivery counts for an occurrence when it was secured at most ``EARLY`` before it, because the clocks of two companies differ
  (and at most half the time since the occurrence before, so that one delivery cannot pass for the next one).
* It counts until the next occurrence is due: nobody can tell a very late one from the next one, and the feed flows again.
* Only the newest due occurrence is judged, so a route is listed once, however many it missed.
* What was due before the agreement began is not owed.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any

from pydantic import TypeAdapter, ValidationError

from lineage.answers.late_results import LateState
from lineage.schedule import Timetable

EARLY = timedelta(minutes=10)
"""How much earlier than its occurrence a delivery may seem by the receiver's clock."""
SILENT_AFTER = 3
"""After so many due occurrences without evidence of any kind the feed is silent, not late."""
COUNTED = 100
"""Missed occurrences are counted up to here."""

_DURATION: TypeAdapter[timedelta] = TypeAdapter(timedelta)
_TEXTS = ("schedule", "timezone", "calendar", "acknowledgement")
_INSTANT = timedelta(microseconds=1)


@dataclass(frozen=True)
class Agreed:
    """What some declared ``routes`` (ids) agree about time. ``unreadable``: what of that cannot be read, in words."""

    schedule: str | None
    timezone: str | None
    calendar: str | None
    deliver_within: timedelta | None
    acknowledgement: str | None
    acknowledge_within: timedelta | None
    valid_from: datetime | None
    valid_to: datetime | None
    routes: tuple[str, ...]
    unreadable: tuple[str, ...] = ()

    @classmethod
    def of(cls, properties: Mapping[str, Any]) -> Agreed:
        """From properties of Route nodes and their ids. Never fails: a graph may hold what no loader would let through."""
        wrong: list[str] = []
        return cls(
            **{name: text_of(properties.get(name)) for name in _TEXTS},
            deliver_within=_duration(properties, "deliver_within", wrong),
            acknowledge_within=_duration(properties, "acknowledge_within", wrong),
            valid_from=properties.get("valid_from"),
            valid_to=properties.get("valid_to"),
            routes=tuple(properties["routes"]),
            unreadable=tuple(wrong),
        )


def text_of(said: Any) -> str | None:
    """A property as text."""
    return None if said is None else str(said)


def _duration(properties: Mapping[str, Any], name: str, wrong: list[str]) -> timedelta | None:
    said = properties.get(name)
    if said is None:
        return None
    try:
        return _DURATION.validate_python(said)
    except ValidationError:
        wrong.append(f"{name}: not a duration ({str(said)[:80]}): write it in ISO 8601, such as PT30M, PT6H or P1D")
        return None


def shifted(moment: datetime, by: timedelta) -> datetime:
    """So much later or earlier, at most the first or last time there is."""
    try:
        return moment + by
    except OverflowError:
        return (datetime.max if by > timedelta() else datetime.min).replace(tzinfo=UTC)


@dataclass(frozen=True)
class Slot:
    """One occurrence of a schedule: a delivery counts from ``opens`` on and should be there by ``due`` (UTC)."""

    at: datetime
    opens: datetime
    due: datetime


@dataclass(frozen=True)
class Found:
    """When a route was last secured, when it first was from the newest due slot on, and its newest evidence of any kind (UTC)."""

    last: datetime | None = None
    arrived: datetime | None = None
    seen: datetime | None = None

    def __or__(self, other: Found) -> Found:
        """What two keys of one route, or the index and a fresh fold, found together."""
        return Found(_of(max, self.last, other.last), _of(min, self.arrived, other.arrived), _of(max, self.seen, other.seen))


def _of(pick: Any, *times: datetime | None) -> datetime | None:
    known = [time for time in times if time]
    return pick(known) if known else None


@dataclass(frozen=True)
class Judged:
    """What a schedule says at one moment; the fields of the same name of a ``LateRow``."""

    state: LateState
    due_at: datetime
    arrived_at: datetime | None = None
    missed: int | None = None


@dataclass(frozen=True)
class Slots:
    """What the index is asked about a route: when the newest due slot opened and was due, and when the one due soon opens."""

    opens: datetime | None
    due: datetime | None
    follows: datetime | None


@dataclass(frozen=True)
class Plan:
    """A schedule with its deadline at one moment, for all routes that agree the same, from ``begun`` to ``ended`` (UTC)."""

    timetable: Timetable
    within: timedelta
    begun: datetime | None
    ended: datetime | None
    now: datetime

    @cached_property
    def newest(self) -> Slot | None:
        """The newest slot that is due, if it is one of the agreement."""
        return next(self._due(), None)

    @cached_property
    def following(self) -> Slot | None:
        """The slot that is due next, if it is one of the agreement."""
        begun = shifted(self.now, -self.within)
        at = self.timetable.after(begun)
        if at is None or not self._agreed(at):
            return None
        return self._slot(at, next(self.timetable.before(begun), None))

    @cached_property
    def _patience(self) -> Slot | None:
        """The slot since which a feed without any sign is silent, if so many are due."""
        return next(itertools.islice(self._due(), SILENT_AFTER - 1, None), None)

    def slots(self, soon: timedelta) -> Slots | None:
        """What to ask the index; None if nothing is due, nor soon."""
        near = self._near(soon)
        if self.newest is None and near is None:
            return None
        opens, due = (self.newest.opens, self.newest.due) if self.newest else (None, None)
        return Slots(opens, due, near.opens if near else None)

    def _near(self, soon: timedelta) -> Slot | None:
        return self.following if self.following and self.following.due <= shifted(self.now, soon) else None

    def _due(self) -> Iterator[Slot]:
        """Due slots, newest first, back to where the agreement began. Each is worked out once for all routes."""
        for number in itertools.count():
            while len(self._known) <= number:
                if (slot := next(self._back, None)) is None:
                    return
                self._known.append(slot)
            yield self._known[number]

    @cached_property
    def _known(self) -> list[Slot]:
        return []

    @cached_property
    def _back(self) -> Iterator[Slot]:
        times = self.timetable.before(shifted(self.now, -self.within))
        for at, before in itertools.pairwise(itertools.chain(times, [None])):
            if at is None or not self._agreed(at):
                return
            yield self._slot(at, before)

    def _agreed(self, at: datetime) -> bool:
        return (self.begun is None or at >= self.begun) and (self.ended is None or at < self.ended)

    def _slot(self, at: datetime, before: datetime | None) -> Slot:
        early = EARLY if before is None else min(EARLY, (at - before) / 2)
        return Slot(at, shifted(at, -early), shifted(at, self.within))

    def judge(self, found: Found, soon: timedelta) -> list[Judged]:
        """What is to be said of the route: late, silent or arrived late, and due soon unless it is overdue anyway."""
        said: list[Judged] = []
        newest, near = self.newest, self._near(soon)
        if newest is not None:
            if found.last is None or found.last < newest.opens:
                return [self._overdue(newest, found)]
            if found.arrived is not None and found.arrived > newest.due:
                said.append(Judged("arrived_late", newest.due, arrived_at=found.arrived))
        if near is not None and (found.last is None or found.last < near.opens):
            said.append(Judged("due_soon", near.due))
        return said

    def _overdue(self, newest: Slot, found: Found) -> Judged:
        if self._patience is not None and (found.seen is None or found.seen < self._patience.opens):
            since = self._first_after(found.seen)
            return Judged("silent", since.due if since else newest.due, missed=self._missed(found.seen))
        return Judged("late", newest.due, missed=self._missed(found.last))

    def _missed(self, since: datetime | None) -> int | None:
        if since is None and self.begun is None:
            return None
        missed: Iterable[Slot] = itertools.takewhile(lambda slot: since is None or slot.opens > since, self._due())
        return sum(1 for _ in itertools.islice(missed, COUNTED))

    def _first_after(self, evidence: datetime | None) -> Slot | None:
        """The first slot without evidence; None where nothing says since when there should have been one."""
        from_ = evidence
        if self.begun is not None and (evidence is None or evidence < self.begun):
            from_ = shifted(self.begun, -_INSTANT)
        if from_ is None:
            return None
        before, at = self.timetable.last(from_), self.timetable.after(from_)
        if at is not None and evidence is not None and self._slot(at, before).opens <= evidence:
            before, at = at, self.timetable.after(at)
        return None if at is None else self._slot(at, before)
