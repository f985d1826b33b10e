"""AS2 message disposition notifications (RFC 4130, section 7; RFC 3798 and 8098; multipart/report, RFC 3462), signed or not.

| evidence | ``in_reply_to`` | type from |
|---|---|---|
| one for each MDN | Original-Message-ID of its message/disposition-notification (RFC 4130, 7.4.3) | Disposition |

Disposition (RFC 4130, 7.4.3 and 7.5; case does not count): ``processed`` is received, because an MDN proves receipt and not
acceptance. ``processed/warning`` is received, with the warning as ``code``. ``processed/error`` was delivered and is not
accepted: rejected, with the error as ``code`` (``integrity-check-failed`` where the receiver's MIC differs from the sender's).
``failed``: the receiver could not process it. Anything else is unknown.

Received-Content-MIC stands in ``detail``. The signature of a signed MDN is not verified, and ``detail`` says so.

Whoever sends the MDN (AS2-From) has received and speaks; where that field is absent, Final-Recipient names it. The event's id
is the MDN's own Message-ID, else a hash of its fields; its time is the Date field, which may be absent.

Where headers and body are saved as ``X.header`` and ``X.payload``, they are one message: either file finds the other beside it,
and a folder with both gives one event. A body without headers is read by its first boundary, with a finding.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from datetime import datetime
from email.errors import CloseBoundaryNotFoundDefect
from email.message import Message
from email.utils import parsedate_to_datetime, unquote
from pathlib import Path
from typing import Any

from pydantic import Field

from lineage.facts import Finding, HandoffEvent
from loaders._mime import Saved, half, other_half, saved, text_of
from loaders.base import Document, Reject, Said, Settings, Source, feed, make

_NOTIFICATION = "message/disposition-notification"
# disposition-type [ "/" modifier [ ":" text ] ], behind the mode and its semicolon.
_DISPOSITION = re.compile(r"([\w-]+)\s*(?:/\s*([\w-]+)\s*(?::\s*(.*))?)?", re.DOTALL)
_PROCESSED = {"": "received", "warning": "received", "error": "rejected", "failure": "failed"}
_REMARKS = ("Failure", "Error", "Warning")
_SIGNED = {"multipart/signed", "application/pkcs7-signature", "application/x-pkcs7-signature"}
_MAX_TEXT = 300
_AGAIN = "fetch it again, or ask its sender for it"


class As2Settings(Settings):
    """``--set system.ACME-AS2=acme-edi``: the system of ours that an AS2 name (AS2-From, AS2-To) is."""

    system: dict[str, str] = Field(default_factory=dict, description="AS2 name (AS2-From, AS2-To): your system's id")


@feed(
    name="as2-mdn",
    title="AS2 receipts (MDN)",
    formats="AS2 message disposition notifications as saved from the wire; headers and body in one file or two",
    contributes="replies: messages that were received, rejected or could not be processed, with the MIC",
    patterns=("*.mdn", "*.eml", "*.mime", "*.header", "*.payload"),
    authority="observed",
    example="lineage load as2-mdn inbound/mdn --set system.ACME-AS2=acme-edi",
    settings=As2Settings,
)
def read(source: Source, settings: As2Settings) -> Iterator[Said]:
    """Every MDN of the source as a reply to the message that it answers."""
    read_files: set[tuple[Path, str | None]] = set()
    yield from source.each(lambda document: _read_document(document, settings, read_files))


def _read_document(document: Document, settings: As2Settings, read_files: set[tuple[Path, str | None]]) -> Iterator[Said]:
    other = other_half(document)
    here = {(one.path, one.member) for one in (document, other) if one is not None}
    if here & read_files:
        return
    read_files |= here
    body, header = (other, document) if other is not None and half(other.name) == "payload" else (document, other)
    try:
        said = list(_read_message(document, saved(body, header), settings))
    except RecursionError:
        reason = "the message has parts within parts, deeper than any honest one"
        said = [Reject(position=document.at("message"), reason=reason, hint="ask its sender for a plain MDN")]
    yield from said


def _read_message(document: Document, read_as: Saved, settings: As2Settings) -> Iterator[Said]:
    message, position = read_as.message, document.at("message")
    fields = _notification(message)
    cut = any(isinstance(defect, CloseBoundaryNotFoundDefect) for part in message.walk() for defect in part.defects)
    if fields is None:
        reason, hint = ("the message breaks off before its notification", _AGAIN) if cut else _what_it_is(document, message)
        yield Reject(position=position, reason=reason, hint=hint, record={"content_type": message.get_content_type()})
        return
    said = {name: text_of(fields, name) for name in dict.fromkeys(fields.keys())}
    answered = text_of(fields, "Original-Message-ID").removeprefix("<").removesuffix(">").strip()
    last = next(reversed(fields.keys()), "").lower()
    if not answered:
        hint = "ask its sender for a complete MDN; Original-Message-ID is required where the message had a Message-ID"
        yield Reject(
            position=position, reason="the MDN does not say what it answers: no Original-Message-ID", hint=hint, record=said
        )
        return
    if "Disposition" not in fields or (cut and not read_as.complete and last in {"disposition", "original-message-id"}):
        what = "breaks off within its fields" if cut else "has no Disposition"
        yield Reject(position=position, reason=f"the MDN {what}", hint=_AGAIN, record=said)
        return
    if cut:
        detail = "the last boundary is missing; the notification itself stands before the break"
        yield Finding(position=position, finding="truncated", subject=answered, detail=detail)
    if read_as.headless:
        detail = "the file holds a body without headers: no AS2-From, Message-ID and Date"
        yield Finding(position=position, finding="no-headers", subject=answered, detail=detail)
    event = _event(message, fields, settings)
    if "Date" in message and "time" not in event:
        detail = f"{text_of(message, 'Date')[:80]!r} is no date of RFC 5322"
        yield Finding(position=position, finding="time", subject=answered, detail=detail)
    yield make(HandoffEvent, position, said, in_reply_to=answered, **event)


def _notification(message: Message) -> Message | None:
    """The fields of the notification, which the parser gives as the headers of an inner message."""
    for part in message.walk():
        if part.get_content_type() == _NOTIFICATION:
            inner = part.get_payload()
            return inner[0] if isinstance(inner, list) and inner and isinstance(inner[0], Message) else part
    # The notification alone, saved without the report around it.
    return message if "Disposition" in message else None


def _what_it_is(document: Document, message: Message) -> tuple[str, str]:
    if half(document.member or document.path.name) == "header":
        wanted = document.path.with_suffix(".payload").name
        return "only the headers of a message are here, its body is not", f"put {wanted} beside it"
    kind = message.get_content_type()
    if kind in {"application/pkcs7-mime", "application/x-pkcs7-mime"}:
        return "the message is encrypted, compressed or signed as a whole", "save the MDN as it is after unpacking"
    if message.keys() and kind != "text/plain":
        return f"not an MDN: no {_NOTIFICATION} in a message of type {kind}", "give saved MDNs only"
    return f"not an MDN: no {_NOTIFICATION} was found", "save the whole HTTP message or mail, with its headers"


def _event(message: Message, fields: Message, settings: As2Settings) -> dict[str, Any]:
    names = {"from": unquote(text_of(message, "AS2-From")).strip(), "to": unquote(text_of(message, "AS2-To")).strip()}
    names["from"] = names["from"] or text_of(fields, "Final-Recipient").rpartition(";")[2].strip() or "unknown"
    by, back = settings.system.get(names["from"]), settings.system.get(names["to"])
    written = text_of(fields, "Disposition")
    values = _disposition(written)
    mic = text_of(fields, "Received-Content-MIC")
    signed = any(part.get_content_type() in _SIGNED for part in message.walk())
    clauses = [
        written,
        *(f"{name}: {text}" for name in _REMARKS if (text := text_of(fields, name))),
        f"mic={mic}" if mic else "",
        "signed, signature not verified" if signed else "not signed",
        f"by {names['from']}" + (f" to {names['to']}" if names["to"] else ""),
        _explanation(message) if values["type"] != "received" else "",
    ]
    own_id = text_of(message, "Message-ID").strip("<> ")
    if not own_id:
        content = [
            names["from"],
            names["to"],
            text_of(message, "Date"),
            *(f"{name}: {text_of(fields, name)}" for name in fields),
        ]
        own_id = hashlib.sha256("\n".join(content).encode()).hexdigest()[:24]
    return {
        "id": own_id,
        "source": f"urn:lineage:system:{by}" if by else f"urn:as2:{names['from']}",
        "reporter": by,
        "from": back,
        "to": by,
        "detail": "; ".join(filter(None, clauses)),
        **values,
        **_date(text_of(message, "Date")),
    }


def _disposition(written: str) -> dict[str, Any]:
    """Type, raw_type and code of a Disposition field."""
    mode, semicolon, rest = written.partition(";")
    word = (rest if semicolon else mode).strip()
    parts = _DISPOSITION.fullmatch(word)
    if parts is None:
        return {"type": "unknown", "raw_type": word[:200] or None}
    kind, modifier, text = (part.strip() for part in parts.groups(default=""))
    raw = f"{kind}/{modifier}" if modifier else kind
    if kind.lower() == "processed":
        return {"type": _PROCESSED.get(modifier.lower(), "unknown"), "raw_type": raw, "code": text or modifier or None}
    return {"type": "failed" if kind.lower() == "failed" else "unknown", "raw_type": raw, "code": text or modifier or None}


def _date(written: str) -> dict[str, Any]:
    try:
        moment: datetime = parsedate_to_datetime(written)
    except (ValueError, TypeError, IndexError, OverflowError):
        return {}
    if moment.tzinfo is None:  # "-0000": the time is UTC, the sender's zone unknown (RFC 5322, section 3.3)
        return {"time": moment}
    offset = moment.strftime("%z")
    return {"time": moment, "offset": f"{offset[:3]}:{offset[3:5]}"}


def _explanation(message: Message) -> str:
    """The part for human readers, on one line."""
    for part in message.walk():
        if part.get_content_type() == "text/plain" and not part.is_multipart() and "Disposition" not in part:
            payload = part.get_payload(decode=True)
            if isinstance(payload, bytes) and payload.strip():
                return " ".join(payload.decode("utf-8", "replace").split())[:_MAX_TEXT]
    return ""
