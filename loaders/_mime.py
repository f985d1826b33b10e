"""Messages that were saved from the wire: MIME entities with or without their headers, and as two files."""

from __future__ import annotations

import email
import re
from dataclasses import dataclass, replace
from email.message import Message
from pathlib import PurePath

from loaders.formats import whole
from loaders.sources import Document

_STATUS_LINE = re.compile(rb"\A\s*HTTP/\d(?:\.\d)? \d{3}[^\n]*\n")
_FIELD_LINE = re.compile(rb"\A\s*[!-9;-~]+[ \t]*:")
_BOUNDARY_LINE = re.compile(rb"\A\s*--([^\r\n]{1,70}?)[ \t]*\r?\n")
_PAIRED = re.compile(r"\.(header|payload)((?:\.gz)?)$", re.IGNORECASE)


@dataclass(frozen=True)
class Saved:
    """A message as read. ``headless``: only its body was there. ``complete``: the bytes end behind a line."""

    message: Message
    headless: bool
    complete: bool


def half(name: str) -> str | None:
    """``header`` or ``payload`` if a file of that name is half a message, else None."""
    found = _PAIRED.search(name)
    return found[1].lower() if found else None


def other_half(document: Document) -> Document | None:
    """The file that goes with ``X.header`` or ``X.payload``, in the same folder or archive; None where there is none."""
    wanted = {"header": "payload", "payload": "header"}.get(half(document.member or document.path.name) or "")
    if wanted is None:
        return None
    if document.member is not None:
        sibling = replace(
            document, member=_PAIRED.sub(rf".{wanted}\2", document.member), name=_PAIRED.sub(rf".{wanted}\2", document.name)
        )
        return sibling if _opens(sibling) else None
    path = document.path.with_name(_PAIRED.sub(rf".{wanted}\2", document.path.name))
    name = str(PurePath(document.name).with_name(path.name))
    return replace(document, path=path, name=name) if path.is_file() else None


def _opens(member: Document) -> bool:
    try:
        member.open().close()
    except KeyError:  # what zipfile says of a member that is not there
        return False
    return True


def saved(body: Document, header: Document | None = None) -> Saved:
    """The message of one file, or of a body and its headers in a file of their own. Raises OSError where one is damaged.

    A status line of HTTP before the headers is left out. A body without headers is read by the boundary in its first line.
    """
    data = _STATUS_LINE.sub(b"", whole(body), count=1)
    if header is not None and not _has_headers(data):
        head = _STATUS_LINE.sub(b"", whole(header), count=1)
        data = head.rstrip(b"\r\n") + b"\r\n\r\n" + data.lstrip(b"\r\n")
        header = None
    boundary = _BOUNDARY_LINE.match(data)
    headless = boundary is not None and header is None
    if boundary is not None:
        quoted = boundary[1].replace(b"\\", b"\\\\").replace(b'"', b'\\"')
        data = b'Content-Type: multipart/mixed; boundary="' + quoted + b'"\r\n\r\n' + data
    message = email.message_from_bytes(data)
    if header is not None:
        for name, value in email.message_from_bytes(_STATUS_LINE.sub(b"", whole(header), count=1)).items():
            if name not in message:
                message[name] = value
    return Saved(message, headless, data.endswith((b"\n", b"\r")))


def _has_headers(data: bytes) -> bool:
    # The body of a message/disposition-notification consists of fields too, but has no Content-Type.
    head = re.split(rb"\r?\n\r?\n", data, maxsplit=1)[0]
    return _FIELD_LINE.match(head) is not None and b"content-type:" in head.lower()


def text_of(message: Message, name: str) -> str:
    """A field's value on one line; empty where it is absent. Bytes that are no ASCII are shown as U+FFFD."""
    value = message.get(name)
    if value is None:
        return ""
    text = str(value).encode("utf-8", "replace").decode()
    return " ".join(text.split())
