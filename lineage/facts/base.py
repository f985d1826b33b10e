"""What all facts share: ids, times, durations, and what it means to be declared."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, ClassVar, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
)

# Neo4j refuses index entries of more than about 8 kB; a composite key must fit too.
MAX_ID_CHARACTERS = 1500

Id = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_ID_CHARACTERS)]
Text = Annotated[str, StringConstraints(strip_whitespace=True)]
Authority = Literal["registry", "contract", "observed"]


def _utc(value: datetime) -> datetime:
    """A time without offset is taken as UTC; the loader says so in ``offset``."""
    try:
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("a time outside the years 1 to 9999 in UTC") from error


Time = Annotated[datetime, AfterValidator(_utc)]


def _said_in_full(value: object) -> object:
    # pydantic reads 5 as five seconds and 1:00 as a time; a registry may as well mean minutes or days, so it must be said.
    if not isinstance(value, timedelta) and not str(value).startswith("P"):
        raise ValueError("write an ISO 8601 duration such as PT30M, PT6H or P1D")
    return value


def _bare(value: object) -> object:
    # RFC 5322, section 3.6.4: the angle brackets around a message id are no part of it; some logs keep them, some do not.
    text = value.strip() if isinstance(value, str) else value
    return text[1:-1] if isinstance(text, str) and len(text) > 2 and text[0] == "<" and text[-1] == ">" else text


def listed(value: object) -> object:
    """One text where a list may stand, as a list of one."""
    return (value,) if isinstance(value, str) else value


MessageId = Annotated[str, StringConstraints(min_length=1, max_length=MAX_ID_CHARACTERS), BeforeValidator(_bare)]
Duration = Annotated[timedelta, BeforeValidator(_said_in_full), Field(ge=timedelta(0), le=timedelta(days=36525))]


class Fact(BaseModel):
    """Base of all facts. Frozen; an unknown key is an error (``pydantic.ValidationError``)."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)
    position: str = Field(default="", repr=False, exclude=True)


class Declared(Fact):
    """A part of the declared map. ``label`` is its node label; ``key`` its id within the label.

    ``valid_from``/``valid_to``: UTC, half open; absent means always (design: validity).
    """

    label: ClassVar[str]
    valid_from: Time | None = None
    valid_to: Time | None = None

    @property
    def key(self) -> str:
        """The id that, with the label, says which node this fact is about."""
        return str(getattr(self, "id"))  # noqa: B009  (subclasses that have no id override key)


_KINDED = r"^[^:\s]+:.+$"
ItemId = Annotated[str, StringConstraints(strip_whitespace=True, pattern=_KINDED, max_length=MAX_ID_CHARACTERS)]
IdentifierValue = ItemId
