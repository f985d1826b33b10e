"""Values of a store's row: ids, texts, lists, countries and times. Each raises UnusableError for what cannot be used."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from loaders._countries import countries
from loaders._events import moment
from loaders._mapping import MappedSettings
from loaders._stores_words import KINDS, plain
from loaders.base import UnusableError, shown

WORLDWIDE = "Worldwide"
"""The territory word of DDEX AVS for everywhere."""
_ISO_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_TIME_OF_DAY = re.compile(r"%[HIMSTXcRr]")


def text(values: Mapping[str, Any], name: str) -> str | None:
    """A value as text; numbers and yes/no as they are written."""
    value = values.get(name)
    if value is None or isinstance(value, str):
        return value or None
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return str(value)
    raise UnusableError(f"{name}: must be text (got {shown(value)!r:.80})", f"map {name} to a column that holds text")


def texts(values: Mapping[str, Any], name: str) -> tuple[str, ...]:
    """A list: of the format's own, or in one cell separated by ``|``, ``;`` or commas."""
    value = values.get(name)
    if isinstance(value, list | tuple):
        return tuple(str(one).strip() for one in value if one not in (None, ""))
    written = text(values, name)
    return tuple(part.strip() for part in re.split(r"[|,;]", written) if part.strip()) if written else ()


def item_id(written: str, kind: str) -> str:
    """``kind:key``; what begins with a kind of stores already is taken as it is.

    >>> item_id("4711", "store"), item_id("zone:bar", "store"), item_id("DE:0815", "store")
    ('store:4711', 'zone:bar', 'store:DE:0815')
    """
    known = {*KINDS, kind}
    return written if written.partition(":")[0] in known and written.partition(":")[2] else f"{kind}:{written}"


def country(written: str, own: Mapping[str, str]) -> str:
    """An ISO 3166-1 alpha-2 code in upper case. ``own``: the user's words, see ``own_words``."""
    code = own.get(f"territory.{plain(written)}", written).strip().upper()
    if code not in countries():
        raise UnusableError(
            f"territory: {written[:60]!r} is no country code of ISO 3166-1 alpha-2",
            "write DE, SE, GB..., or say with --set word.territory.THEIRS=CODE which country it is",
        )
    return code


def territories(values: Mapping[str, Any], name: str, own: Mapping[str, str]) -> tuple[str, ...]:
    """Country codes, or ``Worldwide``."""
    found = (WORLDWIDE if plain(one) in {"worldwide", "world"} else country(one, own) for one in texts(values, name))
    return tuple(dict.fromkeys(found))


def time(settings: MappedSettings, values: Mapping[str, Any], name: str, *, end: bool = False) -> datetime | None:
    """A time or a date, UTC. A date is its beginning, with ``end`` its end: the day named is still part of it."""
    if (value := values.get(name)) is None:
        return None
    try:
        day, given = _read(settings, value)
    except UnusableError as bad:
        other = "" if settings.time_format else ", or say with --set time_format=%d.%m.%Y how it is written"
        raise UnusableError(f"{name}: {str(bad).removeprefix('time: ')}", bad.hint + other) from bad
    if not day:
        return _utc(given, settings)
    if end and given.date() == date.max:
        return None  # how many tables write "without end"
    return _utc(given + timedelta(days=1) if end else given, settings)


def instant(settings: MappedSettings, values: Mapping[str, Any], name: str) -> datetime | None:
    """A moment, UTC: a date alone will not do."""
    if (value := values.get(name)) is not None and _read(settings, value)[0]:
        raise UnusableError(f"{name}: {shown(value)!r:.60} has no time of day", f"map {name} to a column with date and time")
    return time(settings, values, name)


def _read(settings: MappedSettings, value: Any) -> tuple[bool, datetime]:
    """Whether it is a whole day, and the time, or the day's beginning."""
    if isinstance(value, date) and not isinstance(value, datetime):
        return True, datetime(value.year, value.month, value.day)
    if isinstance(value, str) and _ISO_DATE.fullmatch(value.strip()):
        try:
            return True, datetime.fromisoformat(value.strip())
        except ValueError as error:
            raise UnusableError(f"time: {value!r} is no date of the calendar", "write dates as 2026-11-01") from error
    given = settings.parsed(value)
    if given is None:
        return False, moment(value if isinstance(value, str) else str(value))[0]
    written = settings.time_format
    day = written is not None and written.startswith("%") and not _TIME_OF_DAY.search(written) and isinstance(value, str)
    return day, given


def _utc(given: datetime, settings: MappedSettings) -> datetime:
    try:
        if given.tzinfo is None:
            given = given.replace(tzinfo=ZoneInfo(settings.timezone) if settings.timezone else UTC)
        return given.astimezone(UTC)
    except OverflowError as error:
        raise UnusableError("time: outside the years 1 to 9999", "correct the year") from error
