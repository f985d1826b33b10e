"""Dated facts about items: what a licence allows, and what holds of a store from a time on (design: "the facts")."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import field_validator

from lineage.facts.base import Declared, Id, ItemId, Text, listed

Aspect = Literal["eligibility", "licence", "subscription", "activation", "playing"]


class Standing(Declared):
    """What holds of an item (a store, a sound zone) in one aspect from ``valid_from`` on, to ``valid_to`` or the next one's start.

    ``value`` in normal form, by ``aspect``; a word that is none of these is ``unknown`` and stands in ``raw``:

    * eligibility: ``eligible``, ``ineligible``
    * licence: the id of the licence that it falls under (an item, ``licence:...``), ``none`` if it was taken away
    * subscription: ``active``, ``paused``, ``cancelled``, ``expired``, ``inactive``
    * activation: ``activated``, ``deactivated``
    * playing: ``playing``, ``silent``; ``valid_from`` is when the player was heard

    ``by``: the system that says or did it. Without ``valid_from`` it is a state as read, whose beginning nobody says.
    """

    label = "Standing"
    item: ItemId
    aspect: Aspect
    value: Id
    raw: Text | None = None
    by: Id | None = None

    @property
    def key(self) -> str:
        """See ``Declared.key``: one value for each item, aspect and beginning."""
        since = self.valid_from.isoformat() if self.valid_from else ""
        return f"{self.item}>{self.aspect}@{since}"


class Grant(Declared):
    """What a licence or deal allows: the use of what it covers, in these territories, from ``valid_from`` to ``valid_to``.

    ``licence``: the item that it is a term of. ``covers``: releases and recordings; none given means all that the licensor has.
    ``licensor``, ``licensee``: partners. ``territories``, ``excluded``: ISO 3166-1 alpha-2 codes, or ``Worldwide``; none given means
    that nobody says where. ``uses``: DDEX AVS UseType words (``PlayInPublic``, ``NonInteractiveStream``). ``models``: DDEX
    CommercialModelType. ``withdrawn``: a takedown; from ``valid_from`` on, what it covers may not be used there.
    """

    label = "Grant"
    id: Id
    licence: ItemId | None = None
    covers: tuple[ItemId, ...] = ()
    licensor: Id | None = None
    licensee: Id | None = None
    territories: tuple[Id, ...] = ()
    excluded: tuple[Id, ...] = ()
    uses: tuple[Id, ...] = ()
    models: tuple[Id, ...] = ()
    withdrawn: bool = False

    @field_validator("covers", "territories", "excluded", "uses", "models", mode="before")
    @classmethod
    def _one_or_many(cls, value: Any) -> Any:
        return listed(value)
