"""How often something comes, and whether that is what was declared (pure; reading is done by ``drift_observed``)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice, pairwise
from statistics import median_low, quantiles

from lineage.answers.drift_observed import DELIVERIES
from lineage.schedule import Timetable

FACTOR = 2
"""Three quarters of the intervals must be so many times longer, or shorter, than declared to be another cadence."""
ENOUGH = 3
"""Fewer intervals tell nothing about a cadence."""
QUIET = timedelta(days=7)
"""A route counts as no longer seen after at least so long, and after three times its usual interval."""
QUIET_TIMES = 3
_UNITS = (("week", 604800), ("day", 86400), ("hour", 3600), ("minute", 60), ("second", 1))


def intervals(times: Sequence[datetime]) -> list[timedelta]:
    """What lies between these times, which stand newest first."""
    return [newer - older for newer, older in pairwise(times)]


@dataclass(frozen=True)
class Rhythm:
    """What a schedule says near a moment: how far apart two deliveries are at least, and the intervals that would be seen.

    ``apart``: a quarter of the mean interval. Handoffs closer than that are one delivery: thousands of items may come with it.
    ``intervals``: those of the schedule's own occurrences, taken together in the same way, so that like is compared with like.
    """

    apart: timedelta
    intervals: tuple[timedelta, ...]

    @classmethod
    def of(cls, table: Timetable, moment: datetime) -> Rhythm | None:
        """None where the schedule has too few occurrences before the moment."""
        times = list(islice(table.before(moment), DELIVERIES + 1))
        if len(times) <= ENOUGH:
            return None
        apart = (times[0] - times[-1]) / (len(times) - 1) / 4
        chosen = times[:1]
        for time in table.before(moment):
            if time < chosen[-1] - apart:
                chosen.append(time)
            if len(chosen) == DELIVERIES:
                break
        return cls(apart, tuple(intervals(chosen))) if len(chosen) > ENOUGH else None

    @property
    def usual(self) -> timedelta:
        """The median interval."""
        return median_low(self.intervals)

    def differs(self, seen: Sequence[timedelta]) -> bool:
        """Whether three quarters of the intervals that were seen are clearly longer, or clearly shorter."""
        if len(seen) < ENOUGH:
            return False
        low, _, high = quantiles((one.total_seconds() for one in seen), n=4, method="inclusive")
        usual = self.usual.total_seconds()
        return low >= FACTOR * usual or high <= usual / FACTOR


def gone(quiet: timedelta, usual: Sequence[timedelta]) -> bool:
    """Whether so long without a sign is out of proportion to these intervals."""
    return len(usual) >= ENOUGH and quiet > max(QUIET, QUIET_TIMES * max(usual))


def every(interval: timedelta) -> str:
    """An interval in words behind "every", to about two digits: 15 minutes, day, 36 hours."""
    seconds = max(1, round(interval.total_seconds()))
    for name, size in _UNITS:
        number = seconds / size
        if number >= 1 and (abs(number - round(number)) < 0.05 * number or number >= 10):
            whole = round(number)
            return name if whole == 1 else f"{whole} {name}s"
    return f"{seconds} seconds"
