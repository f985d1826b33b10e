"""What a source has said of its stores so far, and the facts that tables and objects have in common."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

from pydantic import Field, field_validator

from lineage.facts import Fact, Finding, Reject, Said, Standing, System
from loaders._mapping import MappedSettings
from loaders._stores_words import normal, own_words
from loaders.base import UnusableError, make

STORE = (
    "store", "kind", "name", "part_of", "territory", "use", "origin", "partner", "identifiers", "expected_on", "by",
    "eligibility", "eligibility_since", "eligibility_until", "licence", "licence_since", "licence_until",
    "subscription", "subscription_since", "subscription_until", "activation", "activation_since", "activation_until",
    "playing", "heard_at", "activation_id", "activation_sent_at", "activation_confirmed_at", "sender", "receiver",
)  # fmt: skip
LICENCE = ("licensor", "licensee", "territories", "excluded", "uses", "models", "valid_from", "valid_to", "withdrawn_at")
CLOCKS = timedelta(minutes=10)
"""How far two companies' clocks may be apart."""


class StoreSettings(MappedSettings):
    """How the tables of a chain are read, and whose they are."""

    attributes: ClassVar[tuple[str, ...]] = (*STORE, *LICENCE)

    word: dict[str, str] = Field(
        default_factory=dict, description="aspect.THEIR_WORD: our word, such as subscription.laufend: active"
    )
    system: str | None = Field(
        default=None, description="your id of the system that says this, such as the player's back office"
    )
    read_at: datetime | None = Field(
        default=None, description="when it was exported: states without a date of their own hold from then on"
    )

    @field_validator("word")
    @classmethod
    def _known_words(cls, given: dict[str, str]) -> dict[str, str]:
        return own_words(given)

    @field_validator("read_at")
    @classmethod
    def _in_utc(cls, given: datetime | None) -> datetime | None:
        return given if given is None or given.tzinfo else given.replace(tzinfo=UTC)


@dataclass
class SaidSoFar:
    """What one read of a source has said. ``now``: its beginning, UTC; nothing can have been heard later than that."""

    settings: StoreSettings
    now: datetime = field(default_factory=lambda: datetime.now(UTC))
    _systems: set[tuple[str, str | None]] = field(default_factory=set)
    # One text a store, not a mapping: it takes a tenth of the memory, and is looked into only where a store comes again.
    _stores: dict[str, str] = field(default_factory=dict)

    def agree(self, store: str, content: Mapping[str, Any]) -> None:
        """Remember what a row says of a store. Raises UnusableError where an earlier row of the source said otherwise."""
        new = {name: str(value).replace("\x1f", " ") for name, value in content.items() if value not in (None, ())}
        if (before := self._stores.get(store)) is not None:
            known = dict(part.split("=", 1) for part in before.split("\x1f") if part)
            for name, value in new.items():
                if known.get(name, value) != value:
                    raise UnusableError(
                        f"{store} is there twice with different content: {name} is {value[:60]!r} and was {known[name][:60]!r}",
                        "correct or remove one of the two rows; the first one was loaded",
                    )
            new = {name: value for name, value in new.items() if name not in known}
        parts = [f"{name}={value}" for name, value in new.items()]
        self._stores[store] = "\x1f".join(filter(None, [before, *parts]))

    def system(self, position: str, id_: str | None, partner: str | None = None) -> Iterator[Said]:
        """A system, once, with the partner that operates it if that is known."""
        if id_ and (id_, partner) not in self._systems:
            self._systems.add((id_, partner))
            yield make(System, position, None, id=id_, partner=partner)

    def standing(self, position: str, item: str, aspect: str, word: str, **values: Any) -> Iterator[Said]:
        """What holds of an item, in the normal word; an unknown word is kept, with a finding."""
        value = normal(aspect, word, self.settings.word)
        if value is None:
            hint = f"--set word.{aspect}.THEIRS=OURS says what it means"
            detail = f"{aspect} {word[:60]!r} is no word that is known; it counts as unknown. {hint}"
            yield Finding(position=position, finding="unknown-word", subject=item, detail=detail)
        raw = word if value != word else None
        yield self.held(position, item, aspect, value or "unknown", raw=raw, **values)

    def held(self, position: str, item: str, aspect: str, value: str, **values: Any) -> Fact | Reject:
        """The same from a normal word, or from the id of a licence."""
        values.setdefault("by", self.settings.system)
        since, until, read_at = values.get("valid_from"), values.get("valid_to"), self.settings.read_at
        if since is None and read_at is not None and (until is None or until > read_at):
            values["valid_from"] = read_at
        return make(Standing, position, None, item=item, aspect=aspect, value=value, **values)

    def heard(self, at: datetime | None) -> datetime | None:
        """The time of a heartbeat. Raises UnusableError for one that has not come yet."""
        if at is not None and at > self.now + CLOCKS:
            raise UnusableError(f"heard_at: {at.isoformat()} has not come yet", "check the player's clock and the time zone")
        return at
