"""The typed answers. Their JSON is the command line's contract; ``to_frame()`` gives them to pandas."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from datetime import datetime
from html import escape
from typing import TYPE_CHECKING, Annotated, Any, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer

from lineage.contracts import Change
from lineage.picture import Edge, svg
from lineage.times import rfc3339

if TYPE_CHECKING:
    import pandas

Moment = Annotated[datetime, PlainSerializer(rfc3339, return_type=str, when_used="json")]
ZoneOrNone = Literal["spotify", "middleware", "partner", "undetermined", "none"]


class Result(BaseModel):
    """Base of all results: frozen, JSON by the names of the contract."""

    model_config = ConfigDict(frozen=True, populate_by_name=True, extra="forbid")

    def as_json(self) -> dict[str, Any]:
        """JSON values, keys as in the contract, times RFC 3339 UTC."""
        return self.model_dump(mode="json", by_alias=True)


class Completeness(Result):
    """How complete an answer is. ``silent_sources``: systems whose evidence stopped while others' went on."""

    complete: bool = True
    truncated_by: Literal["depth", "rows", "time"] | None = None
    freshest_evidence: Moment | None = None
    silent_sources: tuple[str, ...] = ()


class ItemRef(Result):
    """The item that an answer is about."""

    id: str
    kind: str
    name: str


class PossibleMatch(Result):
    """An item that the one asked for may be, by title, date and duration: a score from 0 to 1, and no fact."""

    id: str
    name: str
    score: float


class NamedItem(ItemRef):
    """An item with all its identifiers, and what it may be, the best match first."""

    identifiers: tuple[str, ...] = ()
    may_be: tuple[PossibleMatch, ...] = ()


class Hop(Result):
    """One handoff of the item: one axis each for transport, acknowledgement and processing.

    ``announcement``: the item was announced (podping, WebSub) and not handed over.
    """

    seq: int
    route: str
    from_: str | None = Field(alias="from")
    to: str | None
    from_zone: str | None
    to_zone: str | None
    dataset: str | None
    interface: str | None
    expected: bool
    secured: bool
    secured_at: Moment | None
    transport: str | None
    acknowledgement: str | None
    processing: str | None
    attempts: int
    sent_at: Moment | None
    received_at: Moment | None
    acknowledged_at: Moment | None
    failed_at: Moment | None
    evidence: tuple[str, ...]
    ambiguous_routes: tuple[str, ...] = ()
    announcement: bool = False

    @property
    def furthest(self) -> str:
        """The furthest proof there is, in a word; what an agreement owes is no state of the item."""
        acknowledgement = None if self.acknowledgement in {"none_expected", "waiting", "overdue"} else self.acknowledgement
        return (self.processing or acknowledgement or self.transport or "seen").replace("_", " ")


class NotReached(Result):
    """An expected handoff that has not arrived. ``expected_by``: None where nothing declares a deadline."""

    route: str
    from_: str = Field(alias="from")
    to: str
    expected_by: Moment | None


class Trace(Result):
    """The whole way an item took and should have taken."""

    item: NamedItem
    as_of: Moment
    hops: tuple[Hop, ...]
    not_reached: tuple[NotReached, ...]
    completeness: Completeness

    def to_frame(self) -> pandas.DataFrame:
        """One row a hop, then one for each handoff that was expected and never seen."""
        seen = {hop.route for hop in self.hops}
        rows = [hop.model_dump(by_alias=True) for hop in self.hops]
        rows += [
            {**n.model_dump(by_alias=True), "expected": True, "secured": False} for n in self.not_reached if n.route not in seen
        ]
        return frame(rows, [field.alias or name for name, field in Hop.model_fields.items()])

    def picture(self) -> str:
        """The way as SVG: what arrived, what was seen and did not, what was expected and never seen. Empty if nothing is known."""
        edges = [Edge(h.from_ or "?", h.to or "?", "ok" if h.secured else "bad", h.furthest) for h in self.hops]
        seen = {hop.route for hop in self.hops}
        edges += [Edge(n.from_, n.to, "never", "never seen") for n in self.not_reached if n.route not in seen]
        zones = {end: zone for h in self.hops for end, zone in ((h.from_ or "?", h.from_zone), (h.to or "?", h.to_zone))}
        return svg(f"way of {self.item.name}", edges, zones)

    def _repr_html_(self) -> str:
        return self.picture() or f"No handoff of {escape(self.item.name)} is known."


class Custody(Result):
    """Who has the item now."""

    system: str | None
    partner: str | None
    zone: str | None


class LastSuccessful(Result):
    """The last handoff that is secured."""

    route: str
    from_: str | None = Field(alias="from")
    to: str | None
    at: Moment | None
    evidence: tuple[str, ...]


class Verdict(Result):
    """Whose fault it likely is, by which rule, on what evidence, and what evidence is missing."""

    zone: ZoneOrNone
    system: str | None
    partner: str | None
    rule: str
    reason: str
    confidence: float
    evidence: tuple[str, ...]
    missing_evidence: tuple[str, ...]


class ContactRef(Result):
    """Whom to turn to, and for which system."""

    name: str | None
    email: str | None
    role: str | None
    of: str
    system: str | None = None


class Branch(Result):
    """One branch of an item's way: where it was last safe, who has it, what comes next, and the verdict."""

    last_successful: LastSuccessful | None
    in_custody_of: Custody
    next_expected: NotReached | None
    verdict: Verdict
    contacts: tuple[ContactRef, ...]


class LastHandoff(Branch):
    """The last successful handoff of an item; the top level is the branch whose fault was due first."""

    item: ItemRef
    branches: tuple[Branch, ...] = ()
    completeness: Completeness

    def as_json(self) -> dict[str, Any]:
        """JSON in the order of the contract; ``branches`` only when there is more than one."""
        said = super().as_json()
        order = ("item", "last_successful", "in_custody_of", "next_expected", "verdict", "contacts", "branches", "completeness")
        return {key: said[key] for key in order if key != "branches" or self.branches}

    def to_frame(self) -> pandas.DataFrame:
        """One row a branch."""
        rows = []
        for branch in self.branches or (self,):
            last, following, verdict = branch.last_successful, branch.next_expected, branch.verdict
            rows.append(
                {
                    "item": self.item.id,
                    "last_route": last.route if last else None,
                    "last_at": last.at if last else None,
                    "in_custody_of": branch.in_custody_of.system,
                    "next_route": following.route if following else None,
                    "next_to": following.to if following else None,
                    "expected_by": following.expected_by if following else None,
                    "zone": verdict.zone,
                    "system": verdict.system,
                    "rule": verdict.rule,
                    "confidence": verdict.confidence,
                }
            )
        return frame(rows, list(rows[0]))


class NodeRef(Result):
    """A node of the declared map."""

    id: str
    label: str
    name: str


class Affected(NodeRef):
    """Something that a change or outage reaches. ``via``: what it is reached from; ``distance``: steps downstream.

    ``own_fields``: its own fields that are reached, of a data set. ``fields``: the same; of a change of a contract the changed fields
    that it uses, and ``causes`` the changes that reach it, by their places in the list. ``lineage``: ``field`` where it surely
    uses a field, ``dataset`` where only the data sets are known to be connected, None where no field is asked about.
    ``possible_fields``: those of ``fields`` that it may use, because only the data sets are known to be connected.
    """

    distance: int
    via: str | None
    fields: tuple[str, ...]
    partner: str | None
    owner: str | None
    contact: str | None
    lineage: Literal["field", "dataset"] | None = None
    own_fields: tuple[str, ...] = ()
    possible_fields: tuple[str, ...] = ()
    breaking: bool | None = None
    causes: tuple[int, ...] = ()


class Impact(Result):
    """What lies downstream of a node, or what a change of a contract reaches (``compared``: two versions were).

    ``not_in_map``: what changed and the map does not hold, by id. ``not_read``: what of the two versions could not be read.
    """

    of: NodeRef
    changes: tuple[Change, ...] = ()
    compared: bool = False
    affected: tuple[Affected, ...]
    not_in_map: tuple[str, ...] = ()
    not_read: tuple[str, ...] = ()
    completeness: Completeness

    def to_frame(self) -> pandas.DataFrame:
        """One row for each affected node, nearest first."""
        return frame([row.model_dump() for row in self.affected], list(Affected.model_fields))

    def _repr_html_(self) -> str:
        return str(self.to_frame()._repr_html_())  # type: ignore[operator]


class Hit(NodeRef):
    """Something that a search found."""

    identifiers: tuple[str, ...] = ()


class Table(Result):
    """Rows of a library query."""

    columns: tuple[str, ...]
    rows: tuple[dict[str, Any], ...]
    truncated: bool = False

    def to_frame(self) -> pandas.DataFrame:
        """One row a row."""
        return frame(list(self.rows), list(self.columns))


Row = TypeVar("Row", bound=Result)


class Listing(ABC, Generic[Row]):
    """What answers that are a list have in common; a dataclass on it holds the ``rows``, and says ``columns`` and ``records``."""

    rows: tuple[Row, ...]

    def __iter__(self) -> Iterator[Row]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    @staticmethod
    @abstractmethod
    def columns() -> list[str]:
        """The names of a flat row's values, in the order of the contract."""

    def records(self) -> list[dict[str, Any]]:
        """One flat record a row."""
        return [row.model_dump(by_alias=True) for row in self.rows]

    def as_json(self) -> list[dict[str, Any]]:
        """One object a row, keys as in the contract, times RFC 3339 UTC."""
        return [row.as_json() for row in self.rows]

    def to_frame(self) -> pandas.DataFrame:
        """One row a row."""
        return frame(self.records(), self.columns())

    def _repr_html_(self) -> str:
        return str(self.to_frame()._repr_html_())  # type: ignore[operator]


def frame(rows: list[dict[str, Any]], columns: list[str]) -> pandas.DataFrame:
    """Rows as a pandas frame with these columns, also where there are no rows."""
    import pandas

    return pandas.DataFrame(rows, columns=columns)
