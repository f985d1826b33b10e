"""Schedules: a cron expression in a time zone, on the business days of a calendar (pure; the clock is given).

Cron is that of Debian, with its rule for daylight saving time (``cronsim``): a job at a fixed time that does not exist on that
day runs right after the gap, one whose time comes twice runs once, and a job with ``*`` in minute or hour runs by elapsed time.
Calendars are those of the ``holidays`` library: a country (``DE``), a subdivision (``DE-BE``), a market (``NYSE``, ``ECB``);
or ``weekdays``, Monday to Friday. An occurrence on a weekend or public holiday of the calendar is none. The day is the local one,
in the schedule's time zone.
"""

from __future__ import annotations

import bisect
import functools
import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from holidays import HolidayBase

# 29 February comes after 8 years at most (1896, 1904), and one of them may fall on a weekend.
_NEVER_AFTER = timedelta(days=12 * 366)
# cronsim counts local time for jobs at fixed times, so around a change of the clocks it may start an hour or two off.
_SLACK = timedelta(hours=3)


class ScheduleError(ValueError):
    """A schedule, time zone or calendar that cannot be read; the message says what to write."""


def check_cron(text: str) -> str:
    """The expression, if it is one. Raises ScheduleError."""
    from cronsim import CronSim, CronSimError

    try:
        # Six fields are read differently by those who write them: seconds come first in Quartz, a year comes last elsewhere.
        if len(text.split()) != 5:
            raise CronSimError("wrong number of fields")
        CronSim(text, datetime(2000, 1, 1, tzinfo=UTC))
    except (CronSimError, ValueError) as error:  # ValueError: a number of thousands of digits
        said = str(error)
        raise ScheduleError(
            f"not a cron expression ({said[:1].lower()}{said[1:]}): write five fields: minute hour day month weekday, "
            "such as '0 5 * * 1-5'"
        ) from error
    return text


def cron_in_words(text: str) -> str:
    """A cron expression as a person would say it (``at 05:00 every day``); as it stands where it is none.

    >>> cron_in_words("0 5 * * *")
    'at 05:00 every day'
    """
    from cronsim import CronSim, CronSimError

    try:
        said: str = CronSim(text, datetime(2000, 1, 1, tzinfo=UTC)).explain()
    except (CronSimError, ValueError):
        return text
    return said[:1].lower() + said[1:]


def check_timezone(name: str) -> str:
    """The name, if it is a time zone. Raises ScheduleError."""
    _zone(name)
    return name


def check_calendar(name: str) -> str:
    """The name, if it is a business calendar. Raises ScheduleError."""
    _calendar(name)
    return name


@functools.cache
def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise ScheduleError(
            f"not a time zone ({name[:80]}): write a name of the IANA database, such as Europe/Stockholm or UTC"
        ) from error


def _calendar(name: str) -> HolidayBase:
    import holidays

    if name == "weekdays":
        return holidays.HolidayBase()  # Monday to Friday, no holidays
    code, dash, subdivision = name.partition("-")
    try:
        # The library would take names of its own classes and functions as well.
        if code in holidays.list_supported_countries() and bool(dash) == bool(subdivision):
            return holidays.country_holidays(code, subdiv=subdivision or None)
        if not dash and code in holidays.list_supported_financial():
            return holidays.financial_holidays(code)
        raise NotImplementedError
    except NotImplementedError as error:
        raise ScheduleError(
            f"not a business calendar ({name[:80]}): write a country (DE), a subdivision (DE-BE), a market (NYSE, ECB) or weekdays"
        ) from error


@dataclass
class Timetable:
    """The occurrences of one schedule around one moment, in UTC. Built once, it serves every route of that schedule.

    ``timezone``: UTC if None; ``calendar``: every day if None. ``at``: no occurrence after it is looked back at. Raises
    ScheduleError where one of the three cannot be read, and where no occurrence falls on a business day.
    """

    cron: str
    timezone: str | None
    calendar: str | None
    at: datetime
    _past: list[datetime] = field(default_factory=list, init=False, repr=False)
    _days: dict[date, bool] = field(default_factory=dict, init=False, repr=False)
    _after: dict[datetime, datetime | None] = field(default_factory=dict, init=False, repr=False)

    def __post_init__(self) -> None:
        check_cron(self.cron)
        self._tz = _zone(self.timezone or "UTC")
        self._holidays = _calendar(self.calendar) if self.calendar else None
        self._back = self._backward(self.at)
        if not self._reach(1) and self.after(self.at) is None:
            on = f" on a business day of {self.calendar}" if self.calendar else ""
            raise ScheduleError(f"never comes due: no {self.cron!r}{on}")

    def before(self, moment: datetime) -> Iterator[datetime]:
        """Occurrences up to this moment, which is at most ``at``, itself included; newest first."""
        for index in itertools.count(self._index(moment)):
            if not self._reach(index + 1):
                return
            yield self._past[index]

    def last(self, moment: datetime) -> datetime | None:
        """The newest occurrence up to this moment, itself included; None if there is none in the twelve years before it."""
        return next(self._backward(moment), None)

    def after(self, moment: datetime) -> datetime | None:
        """The first occurrence after this moment; None if there is none in the next twelve years."""
        if moment not in self._after:
            self._after[moment] = next(self._forward(moment), None)
        return self._after[moment]

    def _index(self, moment: datetime) -> int:
        """Where in the past, newest first, the occurrences up to this moment begin."""
        while (not self._past or self._past[-1] > moment) and self._reach(2 * len(self._past) + 1):
            pass
        return bisect.bisect_left(self._past, -moment.timestamp(), key=lambda past: -past.timestamp())

    def _reach(self, count: int) -> bool:
        """Look back until so many occurrences are known; False if there are fewer."""
        missing = count - len(self._past)
        if missing > 0:
            self._past += itertools.islice(self._back, missing)
        return len(self._past) >= count

    def _backward(self, newest: datetime) -> Iterator[datetime]:
        start, limit = self._local(newest, _SLACK), _shifted(newest, -_NEVER_AFTER)
        while True:
            for local in self._run(start, reverse=True):
                moment = local.astimezone(UTC)
                if moment > newest:
                    continue
                if moment < limit:
                    return
                if not self._business(local.date()):
                    start = datetime.combine(local.date(), time(), self._tz)
                    break
                limit = _shifted(moment, -_NEVER_AFTER)
                yield moment
            else:
                return

    def _forward(self, moment: datetime) -> Iterator[datetime]:
        start, limit = self._local(moment, -_SLACK), _shifted(moment, _NEVER_AFTER)
        while True:
            for local in self._run(start, reverse=False):
                found = local.astimezone(UTC)
                if found <= moment:
                    continue
                if found > limit:
                    return
                if not self._business(local.date()):
                    start = datetime.combine(local.date(), time(23, 59, 59), self._tz)
                    break
                yield found
            else:
                return

    def _run(self, start: datetime, *, reverse: bool) -> Iterator[datetime]:
        from cronsim import CronSim

        try:
            yield from CronSim(self.cron, start, reverse=reverse)
        except (OverflowError, ValueError):
            return  # the first or the last year there is

    def _local(self, moment: datetime, by: timedelta) -> datetime:
        return _shifted(moment, by).astimezone(self._tz)

    def _business(self, day: date) -> bool:
        if self._holidays is None:
            return True
        if day not in self._days:
            self._days[day] = bool(self._holidays.is_working_day(day))
        return self._days[day]


def _shifted(moment: datetime, by: timedelta) -> datetime:
    """So much later or earlier, at least two days from the first and the last time there is: it has a local time everywhere."""
    first, last = (end.replace(tzinfo=UTC) for end in (datetime.min + timedelta(days=2), datetime.max - timedelta(days=2)))
    try:
        return max(first, min(last, moment + by))
    except OverflowError:
        return last if by > timedelta() else first
