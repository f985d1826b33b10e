"""From an event's attributes, as CloudEvents names them, to the HandoffEvent fact."""

from __future__ import annotations

import base64
import binascii
import json
import re
from datetime import UTC, datetime
from typing import Any, get_args

from pydantic import ValidationError

from lineage.facts import EvidenceType, HandoffEvent
from loaders.base import Reject, UnusableError, reasons, shown

PREFIX = "lineage.handoff."
WORDS = frozenset(get_args(EvidenceType)) - {"unknown"}
# type attribute -> evidence type; the version suffix may be absent.
_TYPES = {f"{PREFIX}{word}{version}": word for word in WORDS for version in ("", ".v1")}
DATA_TEXT = ("route", "from", "to", "dataset", "message_id", "in_reply_to", "code", "detail", "reporter")
DATA_LISTS = ("envelopes", "identifiers")
# What a fact calls differently from the event, for messages.
_EVENT_NAMES = {"item": "subject"}


def event_fact(position: str, event: dict[str, Any], record: Any) -> HandoffEvent | Reject:
    """The fact of ``event``, a mapping of CloudEvents attributes (1.0, section "Context Attributes"), with ``data``.

    ``record`` is the row as it stood in the source, for a reject. Raises UnusableError for a value that cannot be used.
    """
    raw_type = event.get("type")
    if not isinstance(raw_type, str) or not raw_type.startswith(PREFIX):
        raise UnusableError(
            f"not a handoff event: its type is {shown(raw_type)!r:.120}",
            f"types are {PREFIX}<word>.v1, the words: {', '.join(sorted(WORDS))}",
        )
    values: dict[str, Any] = {"position": position, "type": _TYPES.get(raw_type, "unknown")}
    if values["type"] == "unknown":
        values["raw_type"] = raw_type.removeprefix(PREFIX)
    if event.get("raw_type"):
        values["raw_type"] = _text("raw_type", event["raw_type"])
    for name in ("id", "source"):
        if (value := event.get(name)) is not None:
            values[name] = _text(name, value)
    if (time := event.get("time")) is not None and time != "":
        values["time"], values["offset"] = moment(time)
    if (subject := event.get("subject")) is not None and subject != "":
        values["item"] = _text("subject", subject)
    data = _data(event)
    for name in DATA_TEXT:
        if (value := data.get(name)) is not None and value != "":
            values[name] = _text(name, value)
    for name in DATA_LISTS:
        if (several := data.get(name)) is not None:
            values[name] = several
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


def moment(value: Any) -> tuple[datetime, str | None]:
    """An RFC 3339 time (section 5.6) as (UTC, offset as written). Without an offset it counts as UTC, offset None.

    Digits beyond microseconds are cut; a leap second counts as the second before it.
    """
    if not isinstance(value, str):
        raise UnusableError(f"time: must be text (got {shown(value)!r:.80})", "write time as 2026-11-01T06:00:00Z")
    text = value.strip()
    if text[-1:] == "z":
        text = f"{text[:-1]}Z"
    try:
        given = datetime.fromisoformat(_LEAP_SECOND.sub(r"\1:59", text) if ":60" in text else text)
        if len(text) <= len("2026-11-01"):
            raise ValueError("no time of day")
        # OverflowError: the first or last day of the calendar, moved out of it by the offset.
        utc = given if given.tzinfo is UTC else given.replace(tzinfo=UTC) if given.tzinfo is None else given.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise UnusableError(f"time: {value[:60]!r} is not an RFC 3339 time", "write time as 2026-11-01T06:00:00Z") from error
    if given.tzinfo is None:
        return utc, None
    return utc, "Z" if text[-1] == "Z" else text[max(text.rfind("+"), text.rfind("-")) :]
