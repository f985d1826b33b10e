"""Service levels of an ODCS contract: as texts, and as the schedule and deadline of a route.

ODCS 3.1, "Service-Level Agreement": each of ``slaProperties`` has ``property``, ``value``, ``unit``, ``element`` (object.property, by
commas), ``driver``, and ``scheduler`` with ``schedule``. Units are written as words of several lengths; ``m`` may be minutes or
months and is left as it stands.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from loaders._documents import Place, text_of

_UNITS: dict[str, tuple[str, int | None]] = {
    **dict.fromkeys(("s", "sec", "second"), ("PT{}S", 1)),
    **dict.fromkeys(("min", "minute"), ("PT{}M", 60)),
    **dict.fromkeys(("h", "hr", "hour"), ("PT{}H", 3600)),
    **dict.fromkeys(("d", "day"), ("P{}D", 86400)),
    **dict.fromkeys(("w", "wk", "week"), ("P{}W", 604800)),
    **dict.fromkeys(("mo", "mth", "month"), ("P{}M", None)),
    **dict.fromkeys(("y", "yr", "year"), ("P{}Y", None)),
}


@dataclass(frozen=True)
class Level:
    """One service level. ``elements``: the objects or properties that it is about, none for all; ``seconds``: where it is a time."""

    name: str
    value: str
    elements: tuple[str, ...]
    seconds: float | None
    cron: str | None
    place: Place

    @property
    def text(self) -> str:
        """``latency=P4D``."""
        return f"{self.name}={self.value}"


def levels(contract: Place) -> Iterator[Level]:
    """The service levels of a contract."""
    usual = contract.text("slaDefaultElement")
    for place in (contract / "slaProperties").elements():
        name, value = place.text("property"), place.text("value")
        if name is None or value is None:
            continue
        written, seconds = duration(value, place.text("unit"))
        driver = place.text("driver")
        elements = (place.text("element") or usual or "").split(",")
        cron = place.text("schedule") if (place.text("scheduler") or "cron").lower() == "cron" else None
        yield Level(
            name=f"{name}({driver})" if driver else name,
            value=written,
            elements=tuple(one.strip() for one in elements if one.strip()),
            seconds=seconds,
            cron=cron,
            place=place,
        )


def duration(value: str, unit: str | None) -> tuple[str, float | None]:
    """A value with its unit as ISO 8601, and in seconds; as written, and None, where it is no time of a fixed length.

    >>> duration("4", "d"), duration("1.5", "hours"), duration("99.9", "percent")
    (('P4D', 345600.0), ('PT5400S', 5400.0), ('99.9 percent', None))
    """
    form, seconds = _UNITS.get((unit or "").lower().rstrip("s") or (unit or ""), ("", None))
    try:
        number = float(value)
    except ValueError:
        form = ""
    if not form:
        return (f"{value} {unit}" if unit else value), None
    if number.is_integer():
        return form.format(int(number)), number * seconds if seconds else None
    return (f"PT{number * seconds:g}S", number * seconds) if seconds else (f"{value} {unit}", None)


def route_terms(found: list[Level]) -> dict[str, Any]:
    """What the service levels say of a route: ``deliver_within`` by its latency, ``schedule`` in UTC.

    The schedule is the cron expression that stands there; else that of ``timeOfAvailability`` where ``frequency`` is one day; of
    several times the earliest.
    """
    terms: dict[str, Any] = {}
    latency = next((one.seconds for one in found if one.name.startswith("latency") and one.seconds is not None), None)
    if latency is not None:
        terms["deliver_within"] = timedelta(seconds=latency)
    daily = any(one.name.startswith("frequency") and one.seconds == 86400 for one in found)
    times = sorted(time for one in found if one.name.startswith("timeOfAvailability") and (time := _time(one.value)))
    cron = next((one.cron for one in found if one.cron), None)
    if cron is not None:
        terms["schedule"] = cron
    elif daily and times:
        terms["schedule"] = f"{times[0][1]} {times[0][0]} * * *"
    return terms


def _time(text: str) -> tuple[int, int] | None:
    """``09:00-08:00`` as hour and minute in UTC; without an offset it is UTC."""
    try:
        moment = datetime.fromisoformat(f"2000-01-02T{text_of(text)}")
    except ValueError:
        return None
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    return moment.hour, moment.minute
