"""The declared map: partners and their people, systems, interfaces, data sets, routes, reports, and what is made from what."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, ValidationInfo, field_validator

from lineage.facts.base import Declared, Duration, Id, Text, listed
from lineage.schedule import check_calendar, check_cron, check_timezone

Zone = Literal["spotify", "middleware", "partner"]
Direction = Literal["sent", "accepted", "both"]
Acknowledgement = Literal["none", "mdn", "functional", "http"]


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
    """An endpoint of a system: protocol (sftp, https, as2...), format and contract.

    ``security``: the ways to authenticate, any one of which will do, such as ``oauth2(read)``; none given means that nobody says.
    """

    label = "Interface"
    id: Id
    system: Id | None = None
    protocol: Text | None = None
    format: Text | None = None
    endpoint: Text | None = None
    contract: Text | None = None
    security: tuple[Text, ...] = ()


class Dataset(Declared):
    """What is exchanged: a message type, file layout, table or API resource. ``format``: csv, json, avro, x12 ..., if one is agreed.

    ``direction``: whether the system whose data set it is sends it, accepts it, or both; what breaks whom when it changes depends
    on it. ``version``: of its contract. ``service_levels``: what is promised of it, each as ``property=value``
    (``latency=P4D``; durations ISO 8601).
    """

    label = "Dataset"
    id: Id
    name: Text | None = None
    description: Text | None = None
    format: Text | None = None
    owner: Id | None = None
    contract: Text | None = None
    version: Text | None = None
    direction: Direction | None = None
    service_levels: tuple[Text, ...] = ()


class DatasetField(Declared):
    """A field (column, element) of a dataset. Its id is ``dataset#name``; inside other fields its name is dotted (``campaign.id``).

    ``type``: the contract's own word; alternatives are joined by ``|``, a list of something is ``array<something>``. ``enum``: the
    values it may have; none given means any. ``format`` (``date-time``, ``varchar(18)``) and ``pattern`` narrow the type.
    """

    label = "Field"
    dataset: Id
    name: Id
    type: Text | None = None
    required: bool | None = None
    description: Text | None = None
    format: Text | None = None
    pattern: Text | None = None
    enum: tuple[Text, ...] = ()

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
        return listed(value)

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
