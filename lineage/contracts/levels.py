"""Service levels: whether a promise that moved became worse for those who rely on it."""

from __future__ import annotations

import re
from datetime import date, datetime, time

_DURATION = re.compile(r"P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:([\d.]+)S)?)?")
_SECONDS = (31_557_600, 2_629_800, 604_800, 86_400, 3600, 60, 1)
# Where more, or later, is better; of everything else that can be put in order, less or earlier is.
_MORE_IS_BETTER = ("retention", "endofsupport", "endoflife", "availability", "throughput", "completeness", "accuracy")


def worse(name: str, was: str, now: str) -> bool:
    """Whether the new value of a service level is no better than the old one; True where nobody can tell.

    >>> worse("latency", "P1D", "PT12H"), worse("retention", "P3Y", "P1Y"), worse("availability", "99.9 percent", "high")
    (False, True, True)
    """
    before, after = _size(was), _size(now)
    if before is None or after is None or before[0] != after[0]:
        return True
    better = after[1] > before[1] if name.partition("(")[0].lower() in _MORE_IS_BETTER else after[1] < before[1]
    return not better


def _size(text: str) -> tuple[str, float] | None:
    """A value as (what it measures, how much)."""
    match = _DURATION.fullmatch(text)
    if match and any(match.groups()):
        return "duration", sum(float(part) * seconds for part, seconds in zip(match.groups(), _SECONDS, strict=True) if part)
    number, _, unit = text.partition(" ")
    try:
        return f"number {unit}", float(number)
    except ValueError:
        pass
    try:
        return "date", datetime.fromisoformat(text).timestamp()
    except (ValueError, OverflowError):
        pass
    try:
        return "time", datetime.combine(date(2000, 1, 2), time.fromisoformat(text)).timestamp()
    except ValueError:
        return None
