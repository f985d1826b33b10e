"""What all DDEX messages share: who sent which of them to whom and when, and by which standard it is to be read."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

from lxml import etree
from pydantic import Field

from lineage.facts import Finding
from loaders._elements import Element, attribute, child, children, named, text, written
from loaders._events import moment
from loaders.base import Document, Settings, UnusableError

# Release Notification and Media Enrichment: the root element, its standard, and the majors whose elements are read here.
_STANDARDS = {
    "newreleasemessage": ("ern", "34"),
    "purgereleasemessage": ("ern", "34"),
    "meadmessage": ("mead", "1"),
}
# http://ddex.net/xml/ern/432, http://ddex.net/xml/2010/ern-main/312: the standard and its version without dots.
_NAMESPACE = re.compile(r"https?://(?:\w+\.)?ddex\.net/xml/(?:\d{4}/)?([a-z]+)(?:-main)?/(\w+)/?", re.IGNORECASE)
# DDEX Party Identifier Standard: PA-DPIDA-2013020802-I is also written without its hyphens.
_DPID = re.compile(r"PADPIDA[A-Z0-9]+")
UNDATED = datetime.min.replace(tzinfo=UTC)
_WANTED = "give ERN NewReleaseMessage, PurgeReleaseMessage, MEAD or acknowledgement messages, and DSR files"


class DdexSettings(Settings):
    """What the operator's own map calls the parties: ``--set system.PADPIDA2013020802I=label-delivery``."""

    system: dict[str, str] = Field(
        default_factory=dict, description="a party's id (DPID): your id of the system that it sends and receives with"
    )
    partner: dict[str, str] = Field(default_factory=dict, description="a party's id (DPID): your id of that partner")


@dataclass(frozen=True)
class Party:
    """A sender, recipient or rights holder. ``id``: its DPID without hyphens, else its name as written."""

    id: str
    name: str | None = None

    def system(self, settings: DdexSettings) -> str:
        """The system that it sends and receives with."""
        return settings.system.get(self.id, f"ddex:{self.id}")

    def partner(self, settings: DdexSettings) -> str:
        """The partner that it is."""
        return settings.partner.get(self.id, self.id)


def party(identifier: str | None, name: str | None) -> Party | None:
    """The party of an id and a name, of which one is enough."""
    bare = (identifier or "").replace("-", "").upper()
    key = bare if _DPID.fullmatch(bare) else identifier or name
    return Party(key, name) if key else None


@dataclass(frozen=True)
class Message:
    """A message's header. ``kind``: its root element in lower case; ``digest``: of its content, whatever its layout.

    ``time`` and ``offset``: MessageCreatedDateTime, None where it has none. ``findings``: what is odd in the header.
    """

    document: Document
    root: Element
    kind: str
    digest: str
    id: str | None
    thread: str | None
    sender: Party
    behalf: Party | None
    recipients: tuple[Party, ...]
    time: datetime | None
    offset: str | None
    findings: list[Finding] = field(default_factory=list)

    @property
    def order(self) -> tuple[datetime, str]:
        """Larger is newer: by the sender's clock, then by content, so that the order of reading cannot decide."""
        return self.time or UNDATED, self.digest

    @property
    def stamp(self) -> str:
        """The time in UTC as a part of ids."""
        return self.time.isoformat().replace("+00:00", "Z") if self.time else "undated"

    @property
    def name(self) -> str:
        """How findings and event ids call it: by its id, else its thread, else its content."""
        return self.id or self.thread or f"content-{self.digest}"

    @property
    def word(self) -> str:
        """The root element as it is written."""
        return written(self.root)

    @property
    def licensor(self) -> Party:
        """Whose rights it speaks of: SentOnBehalfOf, else the sender."""
        return self.behalf or self.sender

    def at(self, element: Element, what: str = "") -> str:
        """The position of an element."""
        return self.document.at(f"{what or written(element)} (line {element.sourceline})")


def read_header(document: Document, root: Element) -> Message:
    """The header of any DDEX message. Raises UnusableError where it cannot be told whose message it is or how to read it."""
    kind = named(root)
    position = document.at(f"line {root.sourceline}")
    findings = list(_schema(position, root, kind))
    header = child(root, "messageheader")
    if header is None:
        raise UnusableError(f"the <{written(root)[:60]}> has no MessageHeader", _WANTED)
    sender = _party(child(header, "messagesender"))
    recipients = tuple(dict.fromkeys(filter(None, (_party(one) for one in children(header, "messagerecipient")))))
    missing = [name for name, there in (("MessageSender", sender), ("MessageRecipient", recipients)) if not there]
    if sender is None or not recipients:
        reason = f"the header names no {' and no '.join(missing)}: nobody can tell between whom this was agreed or sent"
        raise UnusableError(reason, "ask the sender for the message with both parties and their DDEX party ids")
    id_ = text(child(header, "messageid")) or text(child(header, "wsmessageid"))
    created, time, offset = text(child(header, "messagecreateddatetime")), None, None
    try:
        time, offset = moment(created or "")
    except UnusableError:
        detail = f"MessageCreatedDateTime {created[:60]!r} is no time" if created else "it has no MessageCreatedDateTime"
        findings.append(Finding(position=position, finding="undated-message", subject=id_ or document.name, detail=detail))
    return Message(
        document=document,
        root=root,
        kind=kind,
        digest=_digest(root),
        id=id_,
        thread=text(child(header, "messagethreadid")) or text(child(header, "wsmessagethreadid")),
        sender=sender,
        behalf=_party(child(header, "sentonbehalfof")),
        recipients=recipients,
        time=time,
        offset=offset,
        findings=findings,
    )


def is_reply(root: Element) -> bool:
    """Whether it is an acknowledgement or a status of the DDEX choreographies."""
    return "acknowledgement" in named(root) or named(root) == "supplychainstatusmessage"


def is_test(root: Element) -> bool:
    """MessageControlType TestMessage: nothing in it counts."""
    return text(child(child(root, "messageheader"), "messagecontroltype")) == "TestMessage"


def _party(element: Element | None) -> Party | None:
    name = child(element, "partyname")
    full = child(name, "fullname")
    # FullName holds a Name in MEAD; some senders write the name straight into PartyName.
    return party(text(child(element, "partyid")), text(full) or text(name))


def _schema(position: str, root: Element, kind: str) -> Iterator[Finding]:
    """Whether the message is of a standard and a version that is read here."""
    if is_reply(root):
        return
    if kind not in _STANDARDS:
        raise UnusableError(f"not a DDEX message that this feed reads: its root is <{written(root)[:60]}>", _WANTED)
    standard, majors = _STANDARDS[kind]
    namespace = re.match(r"\{(.*)\}", str(root.tag))
    said = _NAMESPACE.fullmatch(namespace[1]) if namespace else None
    if namespace and (said is None or said[1].lower() != standard):
        raise UnusableError(
            f"<{written(root)}> in namespace {namespace[1][:120]!r}, which is not that of {standard.upper()}", _WANTED
        )
    by_namespace = said[2].lower() if said else None
    attributed = attribute(root, "MessageSchemaVersionId")
    by_attribute = attributed.rpartition("/")[2].lower() if attributed else None
    for version in filter(None, (by_namespace, by_attribute)):
        if version[0] not in majors:
            reason = f"{standard.upper()} version {version[:20]!r} is not known: what its elements mean cannot be told"
            raise UnusableError(reason, f"{standard.upper()} {' and '.join(majors)}.x are read")
    if by_namespace and by_attribute and by_namespace != by_attribute:
        reason = f"the namespace says version {by_namespace!r}, MessageSchemaVersionId {by_attribute!r}"
        if by_namespace[0] != by_attribute[0]:
            raise UnusableError(reason, "ask the sender which of the two it is")
        yield Finding(position=position, finding="schema-version", subject=written(root), detail=reason)
    if not by_namespace and not by_attribute:
        detail = "neither a namespace nor MessageSchemaVersionId says its version; it was read by the names of its elements"
        yield Finding(position=position, finding="schema-version", subject=written(root), detail=detail)


def _digest(root: Element) -> str:
    """A hash of names, attributes and texts: the same for the same message with other line breaks or prefixes."""
    digest = hashlib.blake2b(digest_size=6)
    for event, element in etree.iterwalk(root, events=("start", "end")):
        # Attributes in a namespace say where a schema lies, and nothing of the message.
        values = sorted((str(k), str(v)) for k, v in element.attrib.items() if not str(k).startswith("{"))
        digest.update(repr((event, named(element), values, (element.text or "").strip())).encode("utf-8", "replace"))
    return digest.hexdigest()
