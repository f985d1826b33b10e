"""Evidence: something was seen at one end of a route."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from lineage.facts.base import Fact, Id, IdentifierValue, ItemId, MessageId, Text, Time

EvidenceType = Literal[
    "queued",
    "sent",
    "picked_up",
    "received",
    "accepted",
    "accepted_with_errors",
    "partially_accepted",
    "rejected",
    "failed",
    "published",
    "unknown",
]


class HandoffEvent(Fact):
    """Evidence: something was seen at one end of a route.

    Identity is ``source`` + ``id`` (CloudEvents 1.0, section "id"). ``reporter`` is the system that says it; absent, it is
    taken from ``source`` (``urn:lineage:system:<id>``, or the bare system id). ``time`` is UTC by the source's own clock,
    ``offset`` the offset it was written with, None when it had none. ``raw_type`` is the source's own word when one was
    mapped to ``type``.

    ``message_id``: the message that carried the item. ``in_reply_to``: the message, or the envelope, that this answers.
    ``envelopes``: what the message travelled in (interchange, functional group, file, batch): an answer to one of these is an
    answer to every message in it, unless another names the message itself.

    Needs an item or ``in_reply_to``; and a route, or both ends, or ``in_reply_to``.
    """

    id: Id
    source: Id
    type: EvidenceType
    raw_type: Text | None = None
    time: Time | None = None
    offset: Text | None = None
    item: ItemId | None = None
    route: Id | None = None
    from_: Id | None = Field(default=None, alias="from")
    to: Id | None = None
    dataset: Id | None = None
    message_id: MessageId | None = None
    in_reply_to: MessageId | None = None
    envelopes: tuple[MessageId, ...] = ()
    reporter: Id | None = None
    code: Text | None = None
    detail: Text | None = None
    identifiers: tuple[IdentifierValue, ...] = ()

    @model_validator(mode="after")
    def _can_be_placed(self) -> HandoffEvent:
        if self.item is None and self.in_reply_to is None:
            raise ValueError("names no item: give subject, or in_reply_to")
        if self.route is None and (self.from_ is None or self.to is None) and self.in_reply_to is None:
            raise ValueError("names no route: give route, or both from and to, or in_reply_to")
        if self.identifiers and self.item is None:
            raise ValueError("has identifiers but no subject that they would name")
        return self
