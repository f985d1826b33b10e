"""What ``partner`` answers with: the reference of one partner."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from lineage.answers.incidents import Incident
from lineage.answers.results import Completeness, Moment, Result, frame
from lineage.neighbourhood import Box, neighbourhood
from lineage.picture import Edge

if TYPE_CHECKING:
    import pandas

State = Literal["late", "silent", "unreadable", "arrived_late", "due_soon", "delivering", "unseen"]
Change = Literal["appeared", "changed", "dropped", "begins", "ends"]


class Person(Result):
    """Whom to turn to."""

    name: str | None
    email: str | None
    role: str | None


class TeamRef(Result):
    """A team with its people. ``partner``: whose team it is."""

    id: str
    name: str
    partner: str | None
    contacts: tuple[Person, ...] = ()


class InterfaceRef(Result):
    """An endpoint of a system."""

    id: str
    system: str | None
    protocol: str | None
    format: str | None
    endpoint: str | None
    contract: str | None


class SystemRef(Result):
    """A system of the partner. ``declared``: whether anybody declares it, or it was only seen."""

    id: str
    name: str
    kind: str | None
    owner: str | None
    declared: bool
    interfaces: tuple[InterfaceRef, ...]


class End(Result):
    """One end of a route. ``partner`` and ``zone`` are None where nobody declares them."""

    system: str
    name: str
    declared: bool
    partner: str | None
    partner_name: str | None
    zone: str | None


class FieldRef(Result):
    """A field of a data set."""

    name: str
    type: str | None
    required: bool | None
    description: str | None


class DatasetRef(Result):
    """What a route carries."""

    id: str
    name: str
    description: str | None
    format: str | None
    contract: str | None
    owner: str | None
    fields: tuple[FieldRef, ...]


class Agreed(Result):
    """When it is due and what acknowledgement is owed. Durations ISO 8601; ``in_words``: the same in sentences."""

    schedule: str | None
    timezone: str | None
    calendar: str | None
    deliver_within: str | None
    acknowledgement: str | None
    acknowledge_within: str | None
    in_words: tuple[str, ...]


class Status(Result):
    """How a route does now.

    ``state``: as ``lineage late`` says it; else ``delivering``, or ``unseen`` where nothing was ever secured on it. ``overdue``: items
    whose delivery or acknowledgement is overdue. ``stuck``: items that should have passed it and have not, with a fault behind it.
    """

    state: State
    due_at: Moment | None
    last_secured_at: Moment | None
    last_item: str | None
    last_seen_at: Moment | None
    overdue: int
    stuck: int


class Exchange(Result):
    """A route between the partner and another: what is exchanged, how, when, and how it does now.

    ``within``: both ends are the partner's own. ``declared``: false where it was only seen.
    """

    route: str
    direction: Literal["in", "out", "within"]
    from_: End = Field(alias="from")
    to: End
    item_kind: tuple[str, ...]
    expect: str
    after: tuple[str, ...] | None
    dataset: DatasetRef | None
    interface: InterfaceRef | None
    agreed: Agreed
    owner: TeamRef | None
    declared: bool
    valid_from: Moment | None
    valid_to: Moment | None
    status: Status

    @property
    def other(self) -> End:
        """The end that is not the partner's; within it, the receiver."""
        return self.from_ if self.direction == "in" else self.to


class Side(Result):
    """What stands on one side: systems by the zone of who operates them, routes by the zone of the team that owns them."""

    zone: str
    systems: tuple[str, ...]
    routes: tuple[str, ...]


class Handover(Result):
    """A route on which custody passes from one partner to another, and who owns it."""

    route: str
    from_partner: str | None
    to_partner: str | None
    from_zone: str | None
    to_zone: str | None
    owner: str | None
    in_words: str


class Boundary(Result):
    """Who is responsible for what, and where custody passes."""

    sides: tuple[Side, ...]
    handovers: tuple[Handover, ...]


class HistoryEntry(Result):
    """Something that changed in what a source says of a node.

    ``begins``, ``ends``: the validity that it states, which may lie ahead; the others happened when it was read again.
    """

    at: Moment
    label: str
    id: str
    change: Change
    property: str | None
    before: Any
    after: Any
    feed: str
    source: str
    authority: str


class SourceRef(Result):
    """A source that says something now, and of how many nodes."""

    feed: str
    source: str
    authority: str
    nodes: int


class PartnerReference(Result):
    """All that is known of one partner: people, systems, what is exchanged, who owns what, how it does, and what changed."""

    id: str
    name: str
    zone: str | None
    kind: str | None
    declared: bool
    valid_from: Moment | None
    valid_to: Moment | None
    as_of: Moment
    contacts: tuple[Person, ...]
    teams: tuple[TeamRef, ...]
    systems: tuple[SystemRef, ...]
    exchanges: tuple[Exchange, ...]
    boundary: Boundary
    incidents: tuple[Incident, ...]
    sources: tuple[SourceRef, ...]
    history: tuple[HistoryEntry, ...]
    completeness: Completeness

    def directed(self, direction: str) -> tuple[Exchange, ...]:
        """The exchanges of one direction."""
        return tuple(one for one in self.exchanges if one.direction == direction)

    @property
    def trouble(self) -> tuple[Exchange, ...]:
        """The exchanges on which something is wrong now."""
        return tuple(one for one in self.exchanges if needs_attention(one.status))

    def to_frame(self) -> pandas.DataFrame:
        """One row for each exchange."""
        return frame(self.records(), list(self.columns()))

    @staticmethod
    def columns() -> tuple[str, ...]:
        """The names of a flat exchange's values."""
        return (
            *("route", "direction", "from", "to", "other_partner", "dataset", "item_kind", "protocol", "format", "schedule"),
            *("timezone", "calendar", "deliver_within", "acknowledgement", "acknowledge_within", "owner", "declared"),
            *("state", "last_secured_at", "overdue", "stuck"),
        )

    def records(self) -> list[dict[str, Any]]:
        """One flat record an exchange."""
        return [
            {
                **one.agreed.model_dump(exclude={"in_words"}),
                **one.status.model_dump(),
                "route": one.route,
                "direction": one.direction,
                "from": one.from_.system,
                "to": one.to.system,
                "other_partner": one.other.partner,
                "dataset": one.dataset.id if one.dataset else None,
                "item_kind": list(one.item_kind),
                "protocol": one.interface.protocol if one.interface else None,
                "format": (one.interface.format if one.interface else None) or (one.dataset.format if one.dataset else None),
                "owner": one.owner.id if one.owner else None,
                "declared": one.declared,
            }
            for one in self.exchanges
        ]

    def picture(self) -> str:
        """The partner's systems and their neighbours as SVG. Empty without exchanges."""
        ends = {end.system: end for one in self.exchanges for end in (one.from_, one.to)}
        boxes = {id_: Box(end.name, end.partner_name or end.partner or "", end.zone) for id_, end in ends.items()}
        own = [id_ for id_, end in ends.items() if end.partner == self.id]
        edges = [Edge(one.from_.system, one.to.system, _kind(one), one.route) for one in self.exchanges]
        return neighbourhood(f"systems of {self.name} and what they exchange", own, edges, boxes)

    def _repr_html_(self) -> str:
        return self.picture() or str(self.to_frame()._repr_html_())  # type: ignore[operator]


def needs_attention(status: Status) -> bool:
    """Whether something is wrong on a route."""
    return status.state in {"late", "silent", "unreadable"} or bool(status.stuck or status.overdue)


def _kind(one: Exchange) -> Literal["ok", "bad", "never"]:
    if needs_attention(one.status):
        return "bad"
    return "ok" if one.status.last_secured_at else "never"
