"""What one event says, as the graph stores it: canonical text, hash, node, and what it may be an answer to (pure).

Both roads into the graph read these: the store, batch by batch (``lineage.store.events``), and the offline build of a whole
graph (``lineage.bulk``).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from json.encoder import encode_basestring
from typing import Any, NamedTuple

from lineage.assertions import content_hash
from lineage.custody import SYSTEM_URN, Evidence, route_key
from lineage.facts import HandoffEvent


class Wording(NamedTuple):
    """An event as its source words it, in plain values: ``time`` is RFC 3339 in UTC, lists are tuples.

    ``hash``: SHA-256 of its canonical text, in which ``position`` has no part.
    """

    source: str
    id: str
    type: str
    raw_type: str | None
    time: str | None
    offset: str | None
    item: str | None
    route: str | None
    from_: str | None
    to: str | None
    dataset: str | None
    message_id: str | None
    in_reply_to: str | None
    envelopes: tuple[str, ...]
    reporter: str | None
    code: str | None
    detail: str | None
    identifiers: tuple[str, ...]
    position: str
    hash: str

    @property
    def key(self) -> str | None:
        """The route of its handoff, as far as it says one (see ``lineage.custody.route_key``)."""
        return self.route or route_key(None, self.from_, self.to, self.dataset)

    @property
    def bare(self) -> bool:
        """Whether it is a reply that names no handoff of its own."""
        return self.item is None or self.key is None

    @property
    def said_by(self) -> str:
        """See ``lineage.custody.Evidence.said_by``."""
        return self.reporter or self.source.removeprefix(SYSTEM_URN)

    @property
    def moment(self) -> datetime | None:
        """``time`` as a datetime."""
        return datetime.fromisoformat(self.time) if self.time else None

    @property
    def text(self) -> str:
        """See ``canonical_text``."""
        return canonical_text(self)


def wording_of(event: HandoffEvent) -> Wording:
    """An event's wording with its hash."""
    time = event.time
    said = (
        event.source,
        event.id,
        event.type,
        event.raw_type,
        f"{time.isoformat()[:-6]}Z" if time else None,
        event.offset,
        event.item,
        event.route,
        event.from_,
        event.to,
        event.dataset,
        event.message_id,
        event.in_reply_to,
        event.envelopes,
        event.reporter,
        event.code,
        event.detail,
        event.identifiers,
    )
    return Wording(*said, event.position, content_hash(canonical_text(said)))


def is_bare(event: HandoffEvent) -> bool:
    """Whether it is a reply that names no handoff of its own."""
    return event.item is None or route_key(event.route, event.from_, event.to, event.dataset) is None


# How each value begins in canonical JSON, in its order of names (the fact's own), and its place in a wording.
_CANONICAL = tuple(
    (f',"{name}":', place)
    for name, place in sorted((name.rstrip("_"), place) for place, name in enumerate(Wording._fields[:-2]))
)


def canonical_text(said: Sequence[Any]) -> str:
    """``lineage.assertions.canonical`` of what an event says, without what it leaves open; written out, as there are millions.

    ``said``: the values of a wording in their order; what follows them has no part in the text.
    """
    parts = []
    for start, place in _CANONICAL:
        if value := said[place]:
            parts.append(start)
            parts.append(encode_basestring(value) if isinstance(value, str) else _listed(value))
        elif value == "":
            parts.append(f'{start}""')
    return f"{{{''.join(parts)[1:]}}}"


def _listed(values: Iterable[str]) -> str:
    return f"[{','.join(map(encode_basestring, values))}]"


COPIED = (
    "source", "id", "type", "raw_type", "offset", "route", "dataset", "message_id", "in_reply_to", "reporter", "code", "detail",
)  # fmt: skip


def evidence_row(wording: Wording) -> dict[str, Any]:
    """An Evidence node's properties, without the absent ones: most events leave most of them open, and each costs."""
    row: dict[str, Any] = {name: getattr(wording, name) for name in COPIED}
    row |= {
        "time": wording.moment,
        "from_system": wording.from_,
        "to_system": wording.to,
        "subject": wording.item,
        "identifiers": list(wording.identifiers) or None,
        "envelopes": list(wording.envelopes) or None,
        "said_by": wording.said_by,
        "hash": wording.hash,
        "position": wording.position or None,
        "unplaced": True if wording.bare else None,
    }
    return {name: value for name, value in row.items() if value is not None}


def as_fold(wording: Wording, route: str) -> Evidence:
    """An event as the fold reads it, placed on the handoff of ``route``."""
    return Evidence(
        source=wording.source,
        id=wording.id,
        type=wording.type,
        route=route,
        time=wording.moment,
        from_system=wording.from_,
        to_system=wording.to,
        dataset=wording.dataset,
        message_id=wording.message_id,
        in_reply_to=wording.in_reply_to,
        envelopes=wording.envelopes,
        reporter=wording.reporter,
        code=wording.code,
        detail=wording.detail,
        raw_type=wording.raw_type,
    )


@dataclass(frozen=True)
class Reply:
    """A reply without a handoff of its own; ``item`` and ``route`` narrow it, when it names one of them."""

    evidence: Evidence
    item: str | None
    route: str | None


def names_of(original: Evidence) -> tuple[str, ...]:
    """What a reply to this message may call it: its own id, or that of an envelope."""
    return tuple(filter(None, (original.message_id, *original.envelopes)))


def answered_by(reply: Reply, originals: Iterable[tuple[str, Evidence]]) -> set[tuple[str, str]]:
    """(item, route) of the handoffs that a reply is about, of the messages (with their items) that have the id it answers."""
    return _unmistakable(reply.evidence, [(item, one) for item, one in originals if _answers(reply, item, one)])


def _unmistakable(reply: Evidence, answered: list[tuple[str, Evidence]]) -> set[tuple[str, str]]:
    """(item, route) of the handoffs that a reply is about; none where messages of several pairs of systems have that id.

    Whoever replies is the receiver of the message; only where no message went to it, it may be the sender recording a reply.
    """
    received = [(item, one) for item, one in answered if one.to_system == reply.said_by]
    chosen = received or answered
    ends: dict[str, object] = {}
    for _, one in chosen:
        known = (one.from_system, one.to_system) if one.from_system and one.to_system else None
        ends[one.route] = known or ends.get(one.route) or one.route
    return {(item, one.route) for item, one in chosen} if len(set(ends.values())) == 1 else set()


def _answers(reply: Reply, item: str, original: Evidence) -> bool:
    """Whether the reply can be about this message: message ids are unique only per pair of systems, so nothing may disagree."""
    said = reply.evidence
    if reply.item is not None and reply.item != item:
        return False
    ends = {original.from_system, original.to_system} - {None}
    # A message that named only its two ends is compared by these; a named route must be the same.
    if reply.route is not None and reply.route != original.route and ">" not in original.route:
        return False
    if said.from_system and original.from_system and said.from_system != original.from_system:
        return False
    if said.to_system and original.to_system and said.to_system != original.to_system:
        return False
    names_a_system = said.reporter is not None or said.source.startswith(SYSTEM_URN)
    return not (names_a_system and len(ends) == 2 and said.said_by not in ends)
