"""What the feeds of X12 and EDIFACT acknowledgements share: a segment, who speaks, times without a zone, ids."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import Field, field_validator

from lineage.facts import Finding, Reject
from loaders.base import Document, Settings, shown

_MAX_ERRORS = 12
_MAX_DETAIL = 2000


class EdiSettings(Settings):
    """Settings of both feeds.

    ``--set system.ZZ:ACME=acme-edi``: the system of ours that an interchange id is, with its qualifier or bare.
    ``--set timezone=Europe/Berlin``: the zone of the interchanges' times; without it they count as UTC, offset unknown.
    """

    system: dict[str, str] = Field(default_factory=dict, description="interchange id, as ZZ:ACME or ACME: your system's id")
    timezone: str | None = Field(default=None, description="zone of the interchanges' times, such as Europe/Berlin; else UTC")

    @field_validator("timezone")
    @classmethod
    def _known(cls, value: str | None) -> str | None:
        try:
            return value if value is None else ZoneInfo(value).key
        except (KeyError, ValueError, OSError) as error:
            raise ValueError("not a time zone of the IANA list, such as Europe/Berlin") from error


@dataclass(frozen=True)
class Segment:
    """A segment: its tag, and its data elements, each a tuple of components."""

    tag: str
    elements: tuple[tuple[str, ...], ...]

    def value(self, element: int, component: int = 1) -> str:
        """One component, counted from 1 as the standards do, without blanks around it; empty where there is none."""
        parts = self.elements[element - 1] if element <= len(self.elements) else ()
        return parts[component - 1].strip() if component <= len(parts) else ""

    def joined(self, element: int) -> str:
        """A whole data element as it is usually written, its components separated by colons."""
        parts = self.elements[element - 1] if element <= len(self.elements) else ()
        return ":".join(parts).rstrip(":").strip()

    @property
    def text(self) -> str:
        """The segment with the usual separators, whatever its file used: equal for equal content."""
        return "*".join([self.tag, *(self.joined(number) for number in range(1, len(self.elements) + 1))]).rstrip("*")


@dataclass(frozen=True)
class Party:
    """Sender or receiver of an interchange: the id, and the qualifier that says whose list it is from."""

    standard: str
    qualifier: str
    id: str

    @property
    def label(self) -> str:
        """``ZZ:ACME``, or the bare id."""
        return f"{self.qualifier}:{self.id}" if self.qualifier else self.id

    def system(self, settings: EdiSettings) -> str | None:
        """The system of ours that it is, if a setting says so."""
        return settings.system.get(self.label) or settings.system.get(self.id)


@dataclass
class Envelope:
    """An interchange that carries acknowledgements: what every event in it has in common, and what is said of it."""

    document: Document
    settings: EdiSettings
    name: str
    sender: Party
    receiver: Party
    said_ids: Counter[str] = field(default_factory=Counter)
    undated: set[str] = field(default_factory=set)

    def at(self, number: int) -> str:
        """The position of a segment, counted from 1 within the interchange."""
        return self.document.at(f"{self.name}, segment {number}")

    def speaker(self) -> dict[str, Any]:
        """``source`` and, as far as settings name systems, who reports and whose handoff it is.

        Whoever acknowledges has received: the handoff goes from the receiver of the acknowledgement to its sender.
        """
        by, back = self.sender.system(self.settings), self.receiver.system(self.settings)
        if by is None:
            return {"source": f"urn:{self.sender.standard}:{self.sender.label}", "from": back}
        return {"source": f"urn:lineage:system:{by}", "reporter": by, "from": back, "to": by}

    def parties(self) -> str:
        """The foreign ids in words, for ``detail``."""
        return f"by {self.sender.label} to {self.receiver.label}"

    def unique(self, *parts: str, content: Sequence[str]) -> str:
        """An event's id: the control numbers, and a hash of the content because control numbers start again one day.

        Two events that agree in all of that within one interchange are told apart by their order.
        """
        digest = hashlib.sha256("\n".join(content).encode("utf-8", "replace")).hexdigest()[:12]
        name = "-".join((*parts, digest))
        self.said_ids[name] += 1
        return name if self.said_ids[name] == 1 else f"{name}#{self.said_ids[name]}"

    def moment(self, position: str, date: str, time: str) -> tuple[dict[str, Any], list[Finding]]:
        """``time`` and ``offset`` of a date (YYMMDD, CCYYMMDD) and a time (HHMM, HHMMSS, HHMMSSDD).

        Where they are none, a finding, once for each wording.
        """
        try:
            if not (date + time).isdecimal():
                raise ValueError
            naive = datetime.strptime(date + time[:6], _DATES[len(date)] + _TIMES[len(time[:6])])
        except (ValueError, KeyError):
            known, detail = len(self.undated), f"{date} {time} is no date and time"
            self.undated.add(detail)
            new = len(self.undated) > known
            return {}, [Finding(position=position, finding="time", subject=self.name, detail=detail)] if new else []
        if self.settings.timezone is None:
            return {"time": naive}, []
        local = naive.replace(tzinfo=ZoneInfo(self.settings.timezone))
        return {"time": local, "offset": written_offset(local)}, []


_DATES = {6: "%y%m%d", 8: "%Y%m%d"}
_TIMES = {4: "%H%M", 6: "%H%M%S"}


def written_offset(moment: datetime) -> str:
    """The offset of an aware time as RFC 3339 writes it: ``+02:00``."""
    text = moment.strftime("%z")
    return f"{text[:3]}:{text[3:5]}"


def control_total(position: str, what: str, declared: str, counted: int, things: str) -> Iterator[Finding]:
    """A finding where a trailer's count is not that of what is there."""
    if not declared.isdecimal() or int(declared) != counted:
        detail = f"says {declared or 'nothing'}, there are {counted} {things}"
        yield Finding(position=position, finding="control-total", subject=what, detail=detail)


def control_reference(position: str, what: str, declared: str, opened: str) -> Iterator[Finding]:
    """A finding where a trailer does not repeat its header's control number."""
    if declared != opened:
        detail = f"says {declared or 'nothing'}, its header {opened or 'nothing'}"
        yield Finding(position=position, finding="control-number", subject=what, detail=detail)


def missing(position: str, tag: str, detail: str) -> Finding:
    """A segment that must be there and is not, of something that was read nevertheless."""
    return Finding(position=position, finding="missing-segment", subject=tag, detail=detail)


def refused(position: str, reason: str, hint: str, segments: Sequence[Segment] = ()) -> Reject:
    """A reject that keeps the segments as its record."""
    return Reject(position=position, reason=reason, hint=hint, record=shown([segment.text for segment in segments]) or None)


def meaning(words: Mapping[str, str], code: str) -> str:
    """A code with its meaning where the list has one."""
    return f"{code} ({words[code]})" if code in words else code


def in_words(*clauses: str, errors: Sequence[str] = ()) -> str:
    """``detail``: clauses separated by semicolons; of many errors the first dozen."""
    more = [f"and {len(errors) - _MAX_ERRORS} more"] if len(errors) > _MAX_ERRORS else []
    return "; ".join(filter(None, [*clauses, *errors[:_MAX_ERRORS], *more]))[:_MAX_DETAIL]
