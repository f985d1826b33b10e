"""What a log of file transfers says of one file: the evidence that answers whoever sent it.

A server's log knows no message ids. Its receipt answers a *file*: ``in_reply_to`` is the file's name (setting ``answers``),
so it attaches to every handoff whose message carries that name. Where the settings also name the item and both ends, the
event stands by itself and needs no sender's log.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from pydantic import Field

from lineage.facts import HandoffEvent, Reject
from loaders.base import Settings, UnusableError, make

_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")


class FileSettings(Settings):
    """What feeds about files can be set to."""

    answers: str = Field(default="name", description="which of the file's names is the sender's message id: name, path, ...")
    item: str = Field(
        default="", description="a template that makes the item's id, such as asset:{stem}; else only the reply is said"
    )
    system: dict[str, str] = Field(
        default_factory=dict, description="the log's user, remote host, bucket or server: your system's id"
    )
    server: str = Field(default="", description="your system that keeps the log")
    timezone: str = Field(default="", description="zone of times that have none, such as Europe/Stockholm; else UTC")


class File(NamedTuple):
    """A file as a log names it. ``uri`` and ``version`` are of object stores."""

    path: str
    user: str | None = None
    bucket: str | None = None
    uri: str | None = None
    version: str | None = None

    @property
    def name(self) -> str:
        """The last part of the path."""
        return self.path.rstrip("/").rpartition("/")[2]


class Transfer(NamedTuple):
    """One thing that happened to a file, whatever log says it.

    ``identity``: what makes it this event and no other. ``inbound``: towards the server, away from it, or neither (None).
    ``server``: the names that the log has for itself; ``peers``: for whom it dealt with, the most telling first.
    """

    position: str
    identity: str
    record: Any
    file: File
    type: str
    inbound: bool | None
    time: datetime | None
    offset: str | None
    peers: tuple[str | None, ...]
    server: tuple[str | None, ...] = ()
    code: str | None = None
    raw_type: str | None = None
    detail: tuple[str | None, ...] = ()
    query: str | None = None


class Template:
    """An item's id with placeholders, such as ``report:{name}``. Raises UnusableError for a placeholder that nothing fills.

    ``open_ended``: a prefix that any placeholder may have, such as ``data.``.
    """

    def __init__(self, text: str, known: Iterable[str], open_ended: str | None = None) -> None:
        known = tuple(known)
        names = _PLACEHOLDER.findall(text)
        unknown = [n for n in names if n not in known and not (open_ended and n.startswith(open_ended) and n != open_ended)]
        if unknown or set(_PLACEHOLDER.sub("", text)) & set("{}"):
            what = f"{{{unknown[0]}}} is no placeholder" if unknown else "its braces do not match"
            also = f", {{{open_ended}...}}" if open_ended else ""
            raise UnusableError(
                f"item {text!r}: {what}", f"placeholders are {', '.join(f'{{{name}}}' for name in known)}{also}"
            )
        if not re.match(r"[^:\s{}]+:.", text):
            raise UnusableError(f"item {text!r} names no kind", "write it as kind:key, such as asset:{stem}")
        self.text, self.names = text, names

    def fill(self, values: Mapping[str, str | None]) -> str | None:
        """The id; None where a placeholder has no value here, for then it would be another item's."""
        if not all(values.get(name) for name in self.names):
            return None
        return _PLACEHOLDER.sub(lambda match: values[match[1]] or "", self.text)


FILE_PLACEHOLDERS = ("name", "stem", "path", "user")
OBJECT_PLACEHOLDERS = ("name", "stem", "path", "bucket", "key", "user")
_ANSWERS: dict[str, Callable[[File], str | None]] = {
    "name": lambda file: file.name,
    "path": lambda file: file.path,
    "key": lambda file: file.path,
    "uri": lambda file: file.uri,
    "version": lambda file: file.version or file.path,
}


@dataclass(frozen=True)
class Rules:
    """Settings, understood: how a file becomes a reply, and whose systems are at its ends."""

    answers: Callable[[File], str | None]
    template: Template | None
    systems: Mapping[str, str]
    server: str
    zone: ZoneInfo | None
    query: bool = False

    def ours(self, foreign: Iterable[str | None]) -> str | None:
        """The system that the settings give to the first of these names that they know."""
        return next((self.systems[name] for name in foreign if name and name in self.systems), None)

    def fact(self, urn: str, seen: Transfer) -> HandoffEvent | Reject:
        """The evidence. ``urn``: source of events whose server is none of our systems."""
        file = seen.file
        values: dict[str, Any] = {"in_reply_to": seen.query if self.query else self.answers(file)}
        server, peer = self.server or self.ours(seen.server), self.ours(seen.peers)
        if server:
            values["reporter"] = server
        if seen.inbound is not None:
            sender, receiver = (peer, server) if seen.inbound else (server, peer)
            values |= {name: system for name, system in (("from", sender), ("to", receiver)) if system}
        if self.template is not None and (item := self.template.fill(_placeholders(file))) is not None:
            values["item"] = item
        return make(
            HandoffEvent,
            seen.position,
            seen.record,
            id=digest(seen.identity),
            source=f"urn:lineage:system:{server}" if server else urn,
            type=seen.type,
            raw_type=seen.raw_type,
            time=seen.time,
            offset=seen.offset,
            code=seen.code,
            detail="; ".join(filter(None, seen.detail)) or None,
            **values,
        )


def _placeholders(file: File) -> dict[str, str | None]:
    name = file.name
    stem = name.rpartition(".")[0] or name
    return {"name": name, "stem": stem, "path": file.path, "key": file.path, "bucket": file.bucket, "user": file.user}


def rules_of(
    settings: FileSettings, answers: Iterable[str], placeholders: Iterable[str], open_ended: str | None = None
) -> Rules:
    """What the settings mean. ``answers``: the words that this feed knows; for the rest see ``Template``. Raises UnusableError."""
    allowed = tuple(answers)
    if settings.answers not in allowed:
        raise UnusableError(f"answers={settings.answers} is not known here", f"answers is one of {', '.join(allowed)}")
    return Rules(
        answers=_ANSWERS[settings.answers],
        template=Template(settings.item, placeholders, open_ended) if settings.item else None,
        systems=settings.system,
        server=settings.server,
        zone=zone_of(settings.timezone),
    )


def zone_of(name: str) -> ZoneInfo | None:
    """The time zone of that IANA name, None for no name. Raises UnusableError."""
    if not name:
        return None
    try:
        return ZoneInfo(name)
    # OSError: the name of a directory of zones, such as Europe. ZoneInfoNotFoundError is a KeyError.
    except (KeyError, ValueError, OSError) as error:
        raise UnusableError(f"timezone={name} is not a time zone", "use an IANA name such as Europe/Stockholm") from error


def unusable_settings(bad: UnusableError) -> Reject:
    """The one reject of a load whose settings cannot be used."""
    return Reject(position="settings", reason=str(bad), hint=bad.hint)


def digest(text: str) -> str:
    """A short name of a record by its content: the same wherever it stands, so that rotated logs do not double it."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:24]
