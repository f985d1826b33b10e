"""The waist: everything a feed may say, and nothing else.

A feed is a generator of these frozen records. Every question reads the graph that they make, so a new feed and a
new question never meet. Facts do not depend on order: an end that nobody declared yet is created undeclared.

Three groups (design: "the facts"):

* the declared map: Partner, Team, Contact, System, Interface, Dataset, Field, Route, Report, Derivation
* things in transit: Item, Identifier, Expectation
* evidence: HandoffEvent, "something was seen at one end of a route"

``position`` is where in the source a fact stands (line number, JSON pointer, XPath); feed and source are known to the
run and are stored beside it. Positions never take part in identity or in the graph's digest.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, ClassVar, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationInfo,
    field_validator,
    model_validator,
)

from lineage.schedule import check_calendar, check_cron, check_timezone

# Neo4j refuses index entries of more than about 8 kB; a composite key must fit too.
MAX_ID_CHARACTERS = 1500

Id = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_ID_CHARACTERS)]
Text = Annotated[str, StringConstraints(strip_whitespace=True)]
Zone = Literal["spotify", "middleware", "partner"]
Acknowledgement = Literal["none", "mdn", "functional", "http"]
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


def _listed(value: object) -> object:
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


class Partner(Declared):
    """A trading partner, or Spotify itself. ``zone`` decides whom a verdict names."""

    label = "Partner"
    id: Id
    name: Text | None = None
    zone: Zone | None = None
    kind: Text | None = None


class Team(Declared):
    """A group of people at a partner; what ``owner`` refers to."""

    label = "Team"
    id: Id
    name: Text | None = None
    partner: Id | None = None


class Contact(Declared):
    """A person or desk to turn to, of a partner or of a team."""

    label = "Contact"
    of_label: Literal["Partner", "Team"]
    of: Id
    name: Text | None = None
    email: Text | None = None
    role: Text | None = None

    @property
    def key(self) -> str:
        """See ``Declared.key``."""
        return f"{self.of_label}:{self.of}:{self.email or self.name or self.role or ''}"


class System(Declared):
    """A system that items pass through; a job (dbt, OpenLineage) is a system of kind ``job``."""

    label = "System"
    id: Id
    name: Text | None = None
    partner: Id | None = None
    kind: Text | None = None
    owner: Id | None = None


class Interface(Declared):
    """An endpoint of a system: protocol (sftp, https, as2...), format and contract."""

    label = "Interface"
    id: Id
    system: Id | None = None
    protocol: Text | None = None
    format: Text | None = None
    endpoint: Text | None = None
    contract: Text | None = None


class Dataset(Declared):
    """What is exchanged: a message type, file layout, table or API resource."""

    label = "Dataset"
    id: Id
    name: Text | None = None
    owner: Id | None = None
    contract: Text | None = None


class DatasetField(Declared):
    """A field (column, element) of a dataset. Its id is ``dataset#name``."""

    label = "Field"
    dataset: Id
    name: Id
    type: Text | None = None

    @property
    def key(self) -> str:
        """See ``Declared.key``."""
        return f"{self.dataset}#{self.name}"


class Route(Declared):
    """An agreement: one sender, one receiver, one dataset, how often, and what acknowledgement is owed.

    ``item_kind``: kinds of item that travel on it; none given means no item is expected on it.
    ``after``: ids of the routes it follows; ``()`` says it starts at the item's origin; absent (None) means implied by from/to.
    ``schedule``: cron expression in ``timezone`` (UTC if none), on the business days of ``calendar`` (see ``lineage.schedule``).
    Durations are ISO 8601 (``PT6H``).
    """

    label = "Route"
    id: Id
    from_: Id = Field(alias="from")
    to: Id
    dataset: Id | None = None
    interface: Id | None = None
    item_kind: tuple[Id, ...] = ()
    after: tuple[Id, ...] | None = None
    expect: Literal["all", "listed"] = "all"
    schedule: Text | None = None
    timezone: Text | None = None
    calendar: Text | None = None
    deliver_within: Duration | None = None
    acknowledgement: Acknowledgement | None = None
    acknowledge_within: Duration | None = None
    owner: Id | None = None

    @field_validator("item_kind", "after", mode="before")
    @classmethod
    def _one_or_many(cls, value: Any) -> Any:
        return _listed(value)

    @field_validator("schedule", "timezone", "calendar")
    @classmethod
    def _can_be_read(cls, value: str | None, info: ValidationInfo) -> str | None:
        # Said where it is written: who reads it at night, when nothing comes due, cannot mend it.
        check = {"schedule": check_cron, "timezone": check_timezone, "calendar": check_calendar}[info.field_name or ""]
        return None if value is None else check(value)


class Report(Declared):
    """A dashboard or report that people look at."""

    label = "Report"
    id: Id
    name: Text | None = None
    url: Text | None = None
    owner: Id | None = None


class Derivation(Declared):
    """``to`` is made from ``from``: datasets, fields and reports. ``by`` is the system (often a job) that makes it."""

    label = "Derivation"
    from_label: Literal["Dataset", "Field"]
    from_: Id = Field(alias="from")
    to_label: Literal["Dataset", "Field", "Report"]
    to: Id
    by: Id | None = None

    @property
    def key(self) -> str:
        """See ``Declared.key``."""
        return f"{self.from_label}:{self.from_}>{self.to_label}:{self.to}"


_KINDED = r"^[^:\s]+:.+$"
ItemId = Annotated[str, StringConstraints(strip_whitespace=True, pattern=_KINDED, max_length=MAX_ID_CHARACTERS)]
IdentifierValue = ItemId


class Item(Declared):
    """A thing in transit. Its id is ``kind:key``; the kind is open.

    ``origin``: the system it starts at. ``part_of``: the items that it is a part of, one or many (an asset in several ads);
    what several sources or rows say adds up. ``version_of``: another item. ``published_at``: UTC, decides which version of a
    work is the newest. ``details``: what a format says beyond that, kept as said; no question reads it.
    """

    label = "Item"
    id: ItemId
    name: Text | None = None
    origin: Id | None = None
    part_of: tuple[ItemId, ...] = ()
    version_of: ItemId | None = None
    published_at: Time | None = None
    details: dict[str, str | tuple[str, ...]] = Field(default_factory=dict)

    @field_validator("part_of", mode="before")
    @classmethod
    def _one_or_many(cls, value: Any) -> Any:
        return _listed(value)

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


class Reject(BaseModel):
    """A row that could not become a fact: where, why, and what to do. The good rows still load."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    position: str
    reason: str
    hint: str = ""
    record: Any = None


class Finding(BaseModel):
    """Something odd in what was read nevertheless: a control total that is wrong, a seller that nobody lists.

    ``finding``: its kind, one word or two joined by a hyphen; ``subject``: what it is about; ``detail``: a clause that
    says what was expected and what was there. It does not fail a load; a row that is lost is a ``Reject``.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    position: str
    finding: str
    subject: str
    detail: str


Said = Fact | Reject | Finding
DeclaredFact = (
    Partner | Team | Contact | System | Interface | Dataset | DatasetField | Route | Report | Derivation | Item | Expectation
)
Authority = Literal["registry", "contract", "observed"]
