"""Deals: what each allows or takes back, where, how and when.

ERN 3.4 to 4.3, DealTerms. Dates are inclusive: a deal ends at midnight at the end of its EndDate (ERN 4.3 part 1, 6.13); whose
midnight they do not say, so it is UTC here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from lineage.facts import Finding
from loaders._countries import countries
from loaders._ddex_message import Message
from loaders._elements import Element, attribute, child, children, text, written
from loaders._events import moment
from loaders._music import WORLDWIDE
from loaders.base import UnusableError

_DATE = re.compile(r"(\d{4})(?:-(\d\d))?(?:-(\d\d))?(?:Z|[+-]\d\d:\d\d)?")
_TERRITORY_HINT = (
    f"write ISO 3166-1 alpha-2 codes or {WORLDWIDE}; the deal was left out, as it must not grow or shrink by guessing"
)


@dataclass(frozen=True)
class Terms:
    """The terms of a deal in one of its periods; the names are those of ``lineage.facts.Grant``."""

    territories: tuple[str, ...]
    excluded: tuple[str, ...]
    uses: tuple[str, ...]
    models: tuple[str, ...]
    valid_from: datetime | None
    valid_to: datetime | None
    withdrawn: bool


def read_deal(deal: Element, message: Message) -> Iterator[Terms | Finding]:
    """The terms of a Deal. Raises UnusableError where a territory or a period cannot be read: half a deal is another deal."""
    body = child(deal, "dealterms")
    position = message.at(deal)
    if body is None and child(deal, "territorycode") is None and child(deal, "excludedterritorycode") is None:
        detail = "its terms are not in the message (IsCommunicatedOutOfBand), so that it allows nothing here"
        yield Finding(position=position, finding="deal-elsewhere", subject=_reference(deal), detail=detail)
        return
    if body is None:
        detail = "it has no DealTerms; what stands in the Deal itself was read"
        yield Finding(position=position, finding="deal-form", subject=message.name, detail=detail)
        body = deal
    if _flag(body, "ispreorderdeal"):
        detail = "a pre-order deal: it lets orders be taken and allows no use, so it is no grant"
        yield Finding(position=position, finding="pre-order", subject=message.name, detail=detail)
        return
    usages = [body, *children(body, "usage")]
    where, excluded = _territories(body, "territorycode"), _territories(body, "excludedterritorycode")
    if excluded and not where:
        where = (WORLDWIDE,)  # either the one or the other is given
    withdrawn = _flag(body, "takedown") or _flag(body, "alldealscancelled")
    for period in children(body, "validityperiod") or [body]:
        start, end = _time(period, "start"), _time(period, "end")
        if start is None and not withdrawn:
            detail = "it says no start; it counts from the time of the message"
            yield Finding(position=position, finding="deal-without-start", subject=message.name, detail=detail)
        start = start or message.time
        if start and end and end <= start:
            reason = f"the deal ends before it begins: from {_shown(period, 'start', start)} to {_shown(period, 'end', end)}"
            raise UnusableError(reason, "ask the sender for the right period")
        yield Terms(
            territories=where,
            excluded=excluded,
            uses=_words(usages, "usetype"),
            models=_words([body], "commercialmodeltype"),
            valid_from=start,
            valid_to=end,
            withdrawn=withdrawn,
        )


def effective(release_deal: Element, message: Message) -> datetime | None:
    """From when on the deals replace those before: EffectiveDate (up to ERN 3.8) if that is later, else the message's time."""
    given = text(child(release_deal, "effectivedate"))
    later = _midnight(given) if given else None
    return max(later, message.time) if later and message.time else later or message.time


def _reference(deal: Element) -> str:
    return text(child(deal, "dealreference")) or "Deal"


def _flag(body: Element, name: str) -> bool:
    return text(child(body, name)) in {"true", "1"}


def _words(elements: list[Element], name: str) -> tuple[str, ...]:
    """Words of an allowed value set, the sender's own ones (UserDefined) by their value."""
    words = [
        attribute(one, "UserDefinedValue") or text(one) if text(one) == "UserDefined" else text(one)
        for element in elements
        for one in children(element, name)
    ]
    return tuple(dict.fromkeys(word for word in words if word))


def _territories(body: Element, name: str) -> tuple[str, ...]:
    codes = [text(one) or "" for one in children(body, name)]
    for code in codes:
        if code != WORLDWIDE and code not in countries():
            reason = f"{written(children(body, name)[0])} {code[:40]!r} is no ISO 3166-1 code and not {WORLDWIDE}"
            raise UnusableError(reason, _TERRITORY_HINT)
    return tuple(dict.fromkeys(codes))


def _shown(period: Element, edge: str, time: datetime) -> str:
    return text(child(period, f"{edge}datetime")) or text(child(period, f"{edge}date")) or time.isoformat()


def _time(period: Element, edge: str) -> datetime | None:
    """StartDate or StartDateTime, or the end's: UTC, the end exclusive; None where there is none."""
    given = text(child(period, f"{edge}datetime")) or text(child(period, f"{edge}date"))
    if given is None:
        return None
    return moment(given)[0] if "T" in given else _midnight(given, after=edge == "end")


def _midnight(given: str, *, after: bool = False) -> datetime | None:
    """The beginning of a date, a month or a year (YYYY[-MM[-DD]]), or of what comes ``after``; None if it is none.

    Raises UnusableError for a date that the calendar has not. The last year of the calendar, after it, is no end at all.
    """
    if (found := _DATE.fullmatch(given)) is None:
        raise UnusableError(f"{given[:40]!r} is no date", "write dates as 2026-11-01")
    year, month, day = (int(part) if part else None for part in found.groups())
    try:
        first = date(year or 0, month or 1, day or 1)
    except ValueError as error:
        raise UnusableError(f"{given[:40]!r} is no date of the calendar", "write dates as 2026-11-01") from error
    if after and first.year == date.max.year:
        return None
    if after and day:
        first += timedelta(days=1)
    elif after:
        first = (first + timedelta(days=31)).replace(day=1) if month else first.replace(year=first.year + 1)
    return datetime(first.year, first.month, first.day, tzinfo=UTC)
