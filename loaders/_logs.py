"""Reading logs: lines as a stream, times in their many spellings, the heads of syslog lines."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, BinaryIO, NamedTuple
from zoneinfo import ZoneInfo

from lineage.facts import Finding, Reject
from loaders.base import Document, UnusableError, shown
from loaders.formats import binary

MAX_LINE_BYTES = 64 * 1024
"""No log writes longer lines; a file without line ends must not be taken into memory as one."""

MONTHS = {
    name: number
    for number, name in enumerate(["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"], start=1)
}  # fmt: skip


def lines(document: Document) -> Iterator[tuple[str, str] | Reject]:
    """The lines that hold anything, as (position, text); one that cannot be decoded is a reject and the next ones follow."""
    if (unreadable := binary(document)) is not None:
        yield unreadable
        return
    number = 0
    with document.open() as stream:
        try:
            while raw := stream.readline(MAX_LINE_BYTES + 1):
                number += 1
                text = _text(stream, raw, document.at(f"line {number}"), first=number == 1)
                if isinstance(text, Reject):
                    yield text
                elif text:
                    yield document.at(f"line {number}"), text
        except (EOFError, OSError, zlib.error) as error:
            yield Reject(
                position=document.at(f"line {number + 1}"),
                reason=f"{document.name} breaks off: {error}",
                hint="fetch it again; the lines before that point were loaded",
            )


def _text(stream: BinaryIO, raw: bytes, position: str, *, first: bool) -> str | Reject:
    if len(raw) > MAX_LINE_BYTES:
        start = raw[:200]
        while raw and not raw.endswith(b"\n"):
            raw = stream.readline(MAX_LINE_BYTES)
        return Reject(
            position=position,
            reason=f"a line of more than {MAX_LINE_BYTES // 1024} kB",
            hint="check that this is a log; its lines end with a line feed",
            record=start.decode("utf-8", "replace"),
        )
    try:
        text = raw.decode("utf-8-sig" if first else "utf-8")
        problem = "holds a NUL byte" if "\x00" in text else None
    except UnicodeDecodeError as error:
        text, problem = raw.decode("utf-8", "replace"), f"not UTF-8 at byte {error.start} of the line"
    if problem is not None:
        hint = "convert the file to UTF-8, or mend this line"
        return Reject(position=position, reason=problem, hint=hint, record=shown(text.rstrip("\r\n")))
    return text.strip("\r\n") if not text.isspace() else ""


When = tuple[datetime | None, str | None]


def local_time(moment: datetime, zone: ZoneInfo | None) -> When:
    """A time that was written without zone as (UTC, offset): in ``zone``, else UTC with no offset, which flags it.

    In the hour that a zone lives through twice it is the first one (PEP 495, fold=0).
    """
    if zone is None:
        return moment.replace(tzinfo=UTC), None
    aware = moment.replace(tzinfo=zone)
    return aware.astimezone(UTC), aware.isoformat(timespec="seconds")[19:]


def time_of(value: Any, zone: ZoneInfo | None) -> When:
    """A time as JSON has it: ISO 8601 / RFC 3339 text, or seconds (milliseconds where there are too many) since 1970.

    Absent (None or empty) is (None, None). Raises UnusableError for what is no time.
    """
    if value is None or value == "":
        return None, None
    try:
        if isinstance(value, str) and not re.fullmatch(r"\d+(\.\d+)?", value):
            return _iso(value.strip(), zone)
        seconds = float(value)
        return datetime.fromtimestamp(seconds / 1000 if seconds > 1e11 else seconds, UTC), "Z"
    except (ValueError, TypeError, OverflowError, OSError) as error:
        raise UnusableError(f"time: {shown(value)!r:.60} is not a time", "write it as 2026-11-01T06:00:00Z") from error


def time_said(value: Any, zone: ZoneInfo | None, position: str) -> tuple[When, Finding | None]:
    """``time_of``, with a finding instead of an error: a receipt whose time cannot be read is a receipt all the same."""
    try:
        return time_of(value, zone), None
    except UnusableError as bad:
        detail = f"{bad}; the event is undated"
        return (None, None), Finding(position=position, finding="bad-time", subject="time", detail=detail)


def _iso(text: str, zone: ZoneInfo | None) -> When:
    if len(text) <= len("2026-11-01"):
        raise ValueError("no time of day")
    # A leap second counts as the second before it, as in the handoffs feed.
    moment = datetime.fromisoformat(re.sub(r"(:\d\d):60", r"\1:59", text.replace("z", "Z")))
    if moment.tzinfo is None:
        return local_time(moment, zone)
    offset = "Z" if text[-1] in "zZ" else text[max(text.rfind("+"), text.rfind("-")) :]
    return moment.astimezone(UTC), offset


class Entry(NamedTuple):
    """A syslog line: ``stamp`` is its time as written, RFC 3339 text or (month, day, hour, minute, second)."""

    stamp: str | tuple[str, str, str, str, str]
    host: str
    program: str
    pid: str
    message: str


# RFC 3164, section 4.1; sometimes with the priority that only the wire needs, or with fractions.
_BSD = re.compile(r"(?:<\d{1,3}>)?([A-Z][a-z]{2}) {1,2}(\d{1,2}) (\d\d):(\d\d):(\d\d)(?:\.\d+)? (\S+) (.*)")
# The same with an RFC 3339 time, as rsyslog's default file format and journalctl -o short-iso write it.
_DATED = re.compile(r"(?:<\d{1,3}>)?(\d{4}-\d\d-\d\dT[\d:.,]+\S*) (\S+) (.*)")
# RFC 5424, section 6: PRI VERSION TIMESTAMP HOSTNAME APP-NAME PROCID MSGID STRUCTURED-DATA MSG.
_RFC5424 = re.compile(r'<\d{1,3}>\d (\S+) (\S+) (\S+) (\S+) \S+ (?:-|(?:\[(?:[^\]"]|"(?:[^"\\]|\\.)*")*\])+) ?(.*)')
_TAG = re.compile(r"([^\s:\[]+)(?:\[(\d+)\])?: ?(.*)")


def syslog(text: str) -> Entry | None:
    """The parts of a syslog line; None if it is none. A line without a program's name has an empty one."""
    if (found := _RFC5424.fullmatch(text)) is not None:
        return Entry(found[1], found[2], found[3], found[4], found[5].removeprefix("\ufeff"))
    stamp: str | tuple[str, str, str, str, str]
    if (found := _BSD.fullmatch(text)) is not None and found[1] in MONTHS:
        stamp, host, rest = (found[1], found[2], found[3], found[4], found[5]), found[6], found[7]
    elif (found := _DATED.fullmatch(text)) is not None:
        stamp, host, rest = found[1], found[2], found[3]
    else:
        return None
    tag = _TAG.fullmatch(rest)
    return Entry(stamp, host, tag[1], tag[2] or "", tag[3]) if tag is not None else Entry(stamp, host, "", "", rest)


class Clock:
    """The times of one log. RFC 3164 leaves out the year: ``year`` is that of its first line, and goes on over New Year.

    Without it such times stay unknown (``yearless`` then says so): a guessed year would put a receipt in the wrong one.
    """

    def __init__(self, zone: ZoneInfo | None, year: int | None) -> None:
        self.zone, self.year, self.yearless = zone, year, False
        self._month = 0

    def time(self, stamp: str | tuple[str, str, str, str, str]) -> When:
        """(UTC, offset) of a stamp. Raises UnusableError where there is no such time."""
        if isinstance(stamp, str):
            return (None, None) if stamp == "-" else time_of(stamp.replace(",", "."), self.zone)
        if self.year is None:
            self.yearless = True
            return None, None
        month = MONTHS[stamp[0]]
        # Lines may be a little out of order, also around New Year; months apart by more than half a year are not.
        if self._month and month - self._month < -6:
            self.year += 1
        elif self._month and month - self._month > 6:
            self.year -= 1
        self._month = month
        try:
            day, hour, minute, second = map(int, stamp[1:])
            return local_time(datetime(self.year, month, day, hour, minute, min(second, 59)), self.zone)
        except (ValueError, OverflowError) as error:
            raise UnusableError(
                f"{' '.join(stamp[:2])} {':'.join(stamp[2:])} is no time in {self.year}", "check the setting year"
            ) from error
