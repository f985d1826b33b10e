"""Times as people give them and as answers print them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import overload

from lineage.errors import UsageError

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DATE = re.compile(r"\d{4}-?\d{2}-?\d{2}$")


def parse_time(text: str, *, end: bool = True) -> datetime:
    """RFC 3339, or a date, which means the end (or the start) of that day in UTC. A time without offset is UTC. Raises UsageError.

    >>> parse_time("2026-11-01").isoformat()
    '2026-11-01T23:59:59.999999+00:00'
    """
    given = text.strip()
    try:
        if _DATE.match(given):
            day = datetime.fromisoformat(given).replace(tzinfo=UTC)
            return day + timedelta(days=1, microseconds=-1) if end else day
        time = datetime.fromisoformat(given)
        return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise UsageError(f"{text!r} is not a time.", hint="Write 2026-11-01 or 2026-11-01T06:00:00Z.") from error


def rfc3339(time: datetime | None) -> str | None:
    """RFC 3339 in UTC with ``Z``; fractions only where there are any."""
    if time is None:
        return None
    return time.astimezone(UTC).isoformat().removesuffix("+00:00") + "Z"


def micros_of(time: datetime) -> int:
    """Microseconds since 1970."""
    return (time - _EPOCH) // timedelta(microseconds=1)


def seconds_of(micros: int | None) -> float | None:
    """Seconds since 1970, of microseconds."""
    return None if micros is None else micros / 1e6


@overload
def time_of(micros: int) -> datetime: ...
@overload
def time_of(micros: int | None) -> datetime | None: ...
def time_of(micros: int | None) -> datetime | None:
    """The time (UTC) so many microseconds since 1970."""
    return None if micros is None else _EPOCH + timedelta(microseconds=micros)


def in_words(duration: timedelta) -> str:
    """A duration as a person would say it.

    >>> in_words(timedelta(days=1, hours=6))
    '1 day 6 hours'
    """
    seconds = int(duration.total_seconds())
    parts = []
    for name, size in (("day", 86400), ("hour", 3600), ("minute", 60), ("second", 1)):
        number, seconds = divmod(seconds, size)
        if number:
            parts.append(f"{number} {name}{'s' if number > 1 else ''}")
    return " ".join(parts) or "0 seconds"
