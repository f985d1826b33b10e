"""A table of somebody else's: which of its columns is which attribute of ours, and how its rows become handoff events."""

from __future__ import annotations

import difflib
import hashlib
import json
import re
import string
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from typing import Any, ClassVar, get_args
from zoneinfo import ZoneInfo

from pydantic import Field, field_validator

from lineage.facts import EvidenceType
from loaders._events import DATA_LISTS, DATA_TEXT, PREFIX, moment
from loaders.base import Settings, UnusableError, shown

ATTRIBUTES = ("id", "source", "type", "time", "subject", *DATA_TEXT, *DATA_LISTS)
_REQUIRED = ("source", "type")
_EPOCHS = {"epoch": 1, "epoch_ms": 1000}


class MappedSettings(Settings):
    """How a table's rows give us our ``attributes``: from its columns, from templates of them, and from constants."""

    attributes: ClassVar[tuple[str, ...]] = ()

    column: dict[str, str] = Field(
        default_factory=dict, description="attribute: the table's column, or a template such as asset:{AssetId}"
    )
    constant: dict[str, str] = Field(default_factory=dict, description="attribute: what it is in every row")
    timezone: str | None = Field(
        default=None, description="zone of times that are written without offset, such as Europe/Berlin; else UTC"
    )
    time_format: str | None = Field(
        default=None, description="a strptime format, epoch (seconds) or epoch_ms; else times are RFC 3339"
    )

    @field_validator("column", "constant")
    @classmethod
    def _known_attributes(cls, given: dict[str, str]) -> dict[str, str]:
        if unknown := sorted(set(given) - set(cls.attributes)):
            raise ValueError(f"no attribute is called {', '.join(unknown)}; there are {', '.join(cls.attributes)}")
        return given

    @field_validator("column")
    @classmethod
    def _sound_templates(cls, given: dict[str, str]) -> dict[str, str]:
        for template in given.values():
            _columns_of(template)
        return given

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, given: str | None) -> str | None:
        if given is not None:
            try:
                ZoneInfo(given)
            except (LookupError, ValueError, OSError) as error:
                raise ValueError("not an IANA time zone such as Europe/Berlin") from error
        return given

    def absent(self, names: Iterable[str]) -> list[tuple[str, str]]:
        """Columns that the mapping names and a table of these columns lacks: (attribute, which, with the nearest there is)."""
        there = set(names)
        found = []
        for ours, template in self.column.items():
            for name in _columns_of(template):
                if name not in there and name.partition(".")[0] not in there:
                    near = difflib.get_close_matches(name, there, 1)
                    found.append((ours, f"{name!r}{f' (there is {near[0]!r})' if near else ''}"))
        return found

    def filled(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """Our attributes as one row has them, without those that are empty. Raises UnusableError."""
        values: dict[str, Any] = dict(self.constant)
        for ours in self.attributes:
            value = _filled(self.column.get(ours, ours), row)
            if value is not None and value != "":
                values[ours] = value
        return values

    def parsed(self, value: Any) -> datetime | None:
        """A time as the settings say that it is written, with no zone where it names none; None where it is RFC 3339.

        Raises UnusableError.
        """
        if isinstance(value, datetime):
            return value
        if isinstance(value, date):
            raise UnusableError(f"time: {value.isoformat()} has no time of day", "map a column that holds date and time")
        text = str(value).strip()
        try:
            if self.time_format in _EPOCHS:
                return datetime.fromtimestamp(float(text) / _EPOCHS[self.time_format], UTC)
            if self.time_format is not None:
                return datetime.strptime(text, self.time_format)
        except (ValueError, OverflowError, OSError) as error:
            raise UnusableError(f"time: {text[:60]!r} is not of the form {self.time_format}", "correct time_format") from error
        if self.timezone is None:
            return None
        utc, offset = moment(text)
        return utc.replace(tzinfo=None) if offset is None else utc


class TableSettings(MappedSettings):
    """How a table's rows become events: ``ATTRIBUTES`` of ours from columns, constants and words of the table's."""

    attributes = ATTRIBUTES

    type: dict[str, str] = Field(
        default_factory=dict, description="word of the table, whatever its case: evidence type (sent, received, ...)"
    )

    @field_validator("type")
    @classmethod
    def _known_words(cls, given: dict[str, str]) -> dict[str, str]:
        if unknown := sorted(set(given.values()) - set(get_args(EvidenceType))):
            raise ValueError(f"{', '.join(unknown)} is no evidence type; there are {', '.join(get_args(EvidenceType))}")
        return {theirs.strip().casefold(): ours for theirs, ours in given.items()}

    @property
    def mapped(self) -> bool:
        """Whether anything at all was said about the rows: then plain JSON objects are rows too."""
        return bool(self.column or self.constant or self.type)

    def missing(self, names: Iterable[str]) -> list[tuple[str, str]]:
        """What cannot be filled from columns of these names: (attribute, why)."""
        there = set(names)
        unfilled = [name for name in _REQUIRED if name not in there | set(self.column) | set(self.constant)]
        return self.absent(there) + [(name, repr(name)) for name in unfilled]

    def event(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """The CloudEvents attributes of one row, ``data`` among them. Raises UnusableError."""
        event = self.filled(row)
        self._translate_type(event)
        if "time" in event:
            event["time"] = self._time(event["time"])
        for name in DATA_LISTS:
            if isinstance(event.get(name), str):
                event[name] = split_list(name, event[name])
        if "id" not in event:
            # Not the row's number: the same row in another file is the same event.
            text = json.dumps(row, sort_keys=True, default=str, ensure_ascii=False)
            event["id"] = f"row-{hashlib.sha256(text.encode('utf-8', 'replace')).hexdigest()[:16]}"
        event["data"] = event
        return event

    def _translate_type(self, event: dict[str, Any]) -> None:
        word = event.get("type")
        if not isinstance(word, str):
            return
        if (ours := self.type.get(word.strip().casefold())) is not None:
            event["raw_type"], event["type"] = word, PREFIX + ours
        elif not word.startswith(PREFIX):
            event["type"] = PREFIX + word

    def _time(self, value: Any) -> str:
        given = self.parsed(value)
        if given is None:
            return value if isinstance(value, str) else str(value)
        if given.tzinfo is None and self.timezone is not None:
            # In the hour that the clock is put back, the first of the two.
            given = given.replace(tzinfo=ZoneInfo(self.timezone))
        return given.isoformat()


def _columns_of(template: str) -> tuple[str, ...]:
    """The columns that a template names; a template without braces is the name of one. Raises ValueError."""
    if "{" not in template:
        return (template,)
    parts = list(string.Formatter().parse(template))
    if any(name == "" or spec or conversion for _, name, spec, conversion in parts):
        raise ValueError(f"{template!r} is not a template: write columns as {{Name}}")
    return tuple(name for _, name, _, _ in parts if name is not None)


def _filled(template: str, row: Mapping[str, Any]) -> Any:
    """The value of a column, or a template with all its columns filled in; None where one of them is empty."""
    if "{" not in template:
        return _plain(_cell(template, row))
    text = ""
    for literal, name, _, _ in string.Formatter().parse(template):
        text += literal
        if name is not None:
            value = _plain(_cell(name, row))
            if value is None or value == "":
                return None
            text += str(value)
    return text


def _cell(name: str, row: Mapping[str, Any]) -> Any:
    """A column by its name, or a value inside nested objects by a path with dots."""
    if name in row:
        return row[name]
    value: Any = row
    for part in name.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return value


def _plain(value: Any) -> Any:
    if isinstance(value, str):
        return value.strip()
    # Tables made with pandas write whole numbers as 17.0 as soon as one cell of the column is empty.
    if isinstance(value, float):
        return None if value != value else int(value) if value.is_integer() and abs(value) < 2**53 else value
    if isinstance(value, bytes):
        raise UnusableError(f"{shown(value)!r:.60} is binary", "map a column that holds text")
    return value


def split_list(name: str, cell: str) -> Any:
    """A list that stands in one cell: separated by ``|`` or blanks, or a JSON list. Raises UnusableError."""
    if cell.startswith("["):
        try:
            return json.loads(cell)
        except (ValueError, RecursionError) as error:
            raise UnusableError(f"{name} is not a JSON list", "write them separated by |, or as a JSON list") from error
    return [part for part in re.split(r"[|\s]+", cell) if part]
