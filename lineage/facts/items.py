"""Things in transit: items, their names, and who should get them."""

from __future__ import annotations

from typing import Any

from pydantic import Field, field_validator

from lineage.facts.base import Declared, Fact, Id, IdentifierValue, ItemId, Text, Time, listed


class Item(Declared):
    """A thing in transit. Its id is ``kind:key``; the kind is open.

    ``origin``: the system it starts at. ``part_of``: the items that it is a part of, one or many (an asset in several ads);
    what several sources or rows say adds up. ``version_of``: another item. ``published_at``: UTC, decides which version of a
    work is the newest. ``territory`` (ISO 3166-1 alpha-2) and ``use`` (a DDEX AVS UseType word): where and how a store plays
    music, which a licence must allow; inherited by its parts. ``duration_s``: seconds of audio. ``details``: what a format says
    beyond that, kept as said; no question reads it.
    """

    label = "Item"
    id: ItemId
    name: Text | None = None
    origin: Id | None = None
    part_of: tuple[ItemId, ...] = ()
    version_of: ItemId | None = None
    published_at: Time | None = None
    territory: Text | None = None
    use: Text | None = None
    duration_s: float | None = None
    details: dict[str, str | tuple[str, ...]] = Field(default_factory=dict)

    @field_validator("part_of", mode="before")
    @classmethod
    def _one_or_many(cls, value: Any) -> Any:
        return listed(value)

    @property
    def kind(self) -> str:
        """The part of the id before the first colon."""
        return self.id.partition(":")[0]


class Identifier(Fact):
    """Another name of an item: ``scheme:value``. Its scheme decides whether it merges items (see ``lineage.identity``)."""

    item: ItemId
    identifier: IdentifierValue


class Expectation(Declared):
    """This item should travel on this route (for routes with ``expect: listed``)."""

    label = "Expectation"
    item: ItemId
    route: Id

    @property
    def key(self) -> str:
        """See ``Declared.key``."""
        return f"{self.item}>{self.route}"
