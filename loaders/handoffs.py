"""Handoff events: CloudEvents 1.0 as JSON Lines, a batch array or one object, and CSV with the same names.

An event says that something was seen at one end of a route. The CloudEvents attributes (CloudEvents 1.0, section
"Context Attributes") carry its identity, type, time and subject; ``data`` carries the route and the rest::

    {"specversion":"1.0", "id":"e-1", "source":"urn:lineage:system:acme-cms", "type":"lineage.handoff.sent.v1",
     "time":"2026-11-01T06:00:00Z", "subject":"episode:acme-42",
     "data":{"route":"cms-to-host", "message_id":"m-1", "identifiers":["rss:guid:abc"]}}

In CSV all of them are columns; ``type`` may be the bare word (``sent``), and ``identifiers`` are separated by ``|`` or
space, or are a JSON list.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, get_args

from pydantic import Field, ValidationError

from lineage.facts import EvidenceType, HandoffEvent
from loaders.base import Document, Reject, Said, Settings, Source, UnusableError, csv_rows, feed, json_values, reasons, shown

_PREFIX = "lineage.handoff."
_WORDS = frozenset(get_args(EvidenceType)) - {"unknown"}
# type attribute -> evidence type; the version suffix may be absent.
_TYPES = {f"{_PREFIX}{word}{version}": word for word in _WORDS for version in ("", ".v1")}
_DATA_TEXT = ("route", "from", "to", "dataset", "message_id", "in_reply_to", "code", "detail", "reporter")
_COLUMNS = ("id", "source", "type", "time", "subject", *_DATA_TEXT, "identifiers")
_REQUIRED = ("id", "source", "type")
# What a fact calls differently from the event, for messages.
_EVENT_NAMES = {"item": "subject"}


class Columns(Settings):
    """``--set column.time=Timestamp``: the name that a column of ours has in a CSV file."""

    column: dict[str, str] = Field(default_factory=dict)


@feed(
    name="handoffs",
    title="Handoff events",
    formats="CloudEvents 1.0 (JSON Lines, batch, single event); CSV with the same names as columns",
    contributes="evidence: what was queued, sent, picked up, received, accepted, rejected, published, where and when",
    patterns=("*.jsonl", "*.ndjson", "*.json", "*.csv"),
    authority="observed",
    example="lineage load handoffs events.jsonl",
    settings=Columns,
)
def read(source: Source, settings: Columns) -> Iterator[Said]:
    """Every event of the source as a HandoffEvent."""
    unknown = sorted(set(settings.column) - set(_COLUMNS))
    if unknown:
        yield Reject(
            position="settings",
            reason=f"there is no column called {', '.join(unknown)}",
            hint=f"--set column.OURS=THEIRS, where OURS is one of {', '.join(_COLUMNS)}",
        )
        return
    yield from source.each(lambda document: _read_document(document, settings.column))


def _read_document(document: Document, renamed: dict[str, str]) -> Iterator[Said]:
    if _is_csv(document):
        yield from _read_csv(document, renamed)
        return
    for value in json_values(document):
        yield value if isinstance(value, Reject) else _event(*value)


def _is_csv(document: Document) -> bool:
    name = document.name.lower().removesuffix(".gz")
    if name.endswith((".csv", ".tsv")):
        return True
    if name.endswith((".json", ".jsonl", ".ndjson")):
        return False
    with document.open() as stream:
        start = stream.read(4096).removeprefix(b"\xef\xbb\xbf").lstrip()
    return bool(start) and start[:1] not in b"[{" and b"\x00" not in start


def _read_csv(document: Document, renamed: dict[str, str]) -> Iterator[Said]:
    missing = _missing_columns(document, renamed)
    if missing:
        yield Reject(
            position=document.at("line 1"),
            reason=f"the header has no column {', '.join(missing)}",
            hint=f"name the file's own column with --set column.{missing[0]}=ITS_NAME; names count as they are written",
        )
        return
    theirs = {ours: renamed.get(ours, ours) for ours in _COLUMNS}
    for row in csv_rows(document):
        if isinstance(row, Reject):
            yield row
            continue
        position, record = row
        event: dict[str, Any] = {ours: record[name].strip() for ours, name in theirs.items() if name in record}
        if "." not in event.get("type", "."):
            event["type"] = _PREFIX + event["type"]
        event["data"] = event
        try:
            if "identifiers" in event:
                event["identifiers"] = _split(event["identifiers"])
            yield _fact(position, event, record)
        except UnusableError as bad:
            yield Reject(position=position, reason=str(bad), hint=bad.hint, record=record)


def _missing_columns(document: Document, renamed: dict[str, str]) -> list[str]:
    with document.open() as stream:
        header = stream.readline(1 << 16).decode("utf-8-sig", "replace")
    if not header.strip() or "\x00" in header:
        return []  # nothing to read, or binary: csv_rows says so
    names = {name.strip().strip('"').strip() for name in re.split("[,;\t]", header)}
    return [ours for ours in _REQUIRED if renamed.get(ours, ours) not in names]


def _split(cell: str) -> Any:
    if cell.startswith("["):
        try:
            return json.loads(cell)
        except (ValueError, RecursionError) as error:
            raise UnusableError("identifiers is not a JSON list", "write them separated by |, or as a JSON list") from error
    return [part for part in re.split(r"[|\s]+", cell) if part]


def _event(position: str, event: Any) -> HandoffEvent | Reject:
    try:
        if not isinstance(event, dict):
            raise UnusableError("not an event: a JSON object is needed", "write each event as one CloudEvents object")
        version = event.get("specversion")
        if not isinstance(version, str) or not version.startswith("1."):
            raise UnusableError(
                "specversion is missing" if version is None else f"specversion {version!r:.40} is not CloudEvents 1.x",
                'send CloudEvents 1.0 in structured mode: "specversion": "1.0"',
            )
        return _fact(position, event, event)
    except UnusableError as bad:
        return Reject(position=position, reason=str(bad), hint=bad.hint, record=shown(event))


def _fact(position: str, event: dict[str, Any], record: Any) -> HandoffEvent | Reject:
    """``event`` has the CloudEvents attributes; raises UnusableError for what cannot be used."""
    raw_type = event.get("type")
    if not isinstance(raw_type, str) or not raw_type.startswith(_PREFIX):
        raise UnusableError(
            f"not a handoff event: its type is {shown(raw_type)!r:.120}",
            f"types are {_PREFIX}<word>.v1, the words: {', '.join(sorted(_WORDS))}",
        )
    values: dict[str, Any] = {"position": position, "type": _TYPES.get(raw_type, "unknown")}
    if values["type"] == "unknown":
        values["raw_type"] = raw_type.removeprefix(_PREFIX)
    for name in ("id", "source"):
        if (value := event.get(name)) is not None:
            values[name] = _text(name, value)
    if (time := event.get("time")) is not None and time != "":
        values["time"], values["offset"] = _time(time)
    if (subject := event.get("subject")) is not None and subject != "":
        values["item"] = _text("subject", subject)
    data = _data(event)
    for name in _DATA_TEXT:
        if (value := data.get(name)) is not None and value != "":
            values[name] = _text(name, value)
    if (identifiers := data.get("identifiers")) is not None:
        values["identifiers"] = identifiers
    try:
        return HandoffEvent.model_validate(values)
    except ValidationError as error:
        reason, hint = reasons(error, _EVENT_NAMES)
        return Reject(position=position, reason=reason, hint=hint, record=shown(record))


def _text(name: str, value: Any) -> str:
    if isinstance(value, str):
        return value
    # Codes and message numbers are often written as JSON numbers; a float is not, its digits may have changed.
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    raise UnusableError(f"{name}: must be text (got {shown(value)!r:.80})", f"write {name} as a JSON string")


def _data(event: dict[str, Any]) -> dict[str, Any]:
    data = event.get("data")
    if data is None and (encoded := event.get("data_base64")) is not None:
        data = _decoded(encoded)
    if data is None:
        return {}
    if not isinstance(data, dict):
        raise UnusableError("data is not a JSON object", "put route, from, to and message_id into an object called data")
    return data


def _decoded(encoded: Any) -> Any:
    """``data_base64`` (CloudEvents JSON format 1.0, section 3.1) that holds JSON."""
    try:
        return json.loads(base64.b64decode(encoded, validate=True))
    except (binascii.Error, ValueError, TypeError, RecursionError) as error:
        raise UnusableError("data_base64 does not hold JSON", "encode a JSON object, or send it as data") from error


_LEAP_SECOND = re.compile(r"(T\d\d:\d\d):60", re.IGNORECASE)


def _time(value: Any) -> tuple[datetime, str | None]:
    """An RFC 3339 time (section 5.6) as (UTC, offset as written). Without an offset it counts as UTC, offset None.

    Digits beyond microseconds are cut; a leap second counts as the second before it.
    """
    if not isinstance(value, str):
        raise UnusableError(f"time: must be text (got {shown(value)!r:.80})", "write time as 2026-11-01T06:00:00Z")
    text = value.strip()
    if text[-1:] == "z":
        text = f"{text[:-1]}Z"
    try:
        moment = datetime.fromisoformat(_LEAP_SECOND.sub(r"\1:59", text) if ":60" in text else text)
        if len(text) <= len("2026-11-01"):
            raise ValueError("no time of day")
        # OverflowError: the first or last day of the calendar, moved out of it by the offset.
        utc = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise UnusableError(f"time: {value[:60]!r} is not an RFC 3339 time", "write time as 2026-11-01T06:00:00Z") from error
    if moment.tzinfo is None:
        return utc, None
    return utc, "Z" if text[-1] == "Z" else text[max(text.rfind("+"), text.rfind("-")) :]
