"""What ``drift`` answers with."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

from lineage.answers.results import Moment, Result, frame

if TYPE_CHECKING:
    import pandas

DriftKind = Literal[
    "undeclared-system",
    "undeclared-route",
    "ended-route",
    "ambiguous-route",
    "other-ends",
    "other-dataset",
    "other-cadence",
    "other-protocol",
    "other-format",
    "no-longer-seen",
    "never-seen",
    "disagreement",
]
KINDS: tuple[DriftKind, ...] = DriftKind.__args__  # type: ignore[attr-defined]


class DriftRow(Result):
    """One difference between what is declared and what is observed, or between two sources.

    ``label`` and ``id``: the node it is about. ``detail``: a sentence with both sides. ``declared``: what counts as declared;
    ``observed``: what was seen, or what the other sources say. ``said_by``: systems and logs whose evidence shows it, or the
    sources that were loaded. ``first_at``, ``last_at``: when it was seen, UTC. ``count``: of what ``detail`` counts.
    """

    drift: DriftKind
    label: str
    id: str
    name: str
    detail: str
    declared: str | None = None
    observed: str | None = None
    said_by: tuple[str, ...] = ()
    first_at: Moment | None = None
    last_at: Moment | None = None
    count: int | None = None
    partner: str | None = None
    owner: str | None = None


@dataclass(frozen=True)
class Drift:
    """Where what is observed differs from what is declared. ``freshest``: the newest evidence by then; what is no longer seen is
    measured against it, so that a graph that nobody feeds any more does not fill the list."""

    as_of: datetime
    freshest: datetime | None
    rows: tuple[DriftRow, ...]

    def __iter__(self) -> Iterator[DriftRow]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    def as_json(self) -> list[dict[str, Any]]:
        """One object a row, keys as in the contract, times RFC 3339 UTC."""
        return [row.as_json() for row in self.rows]

    @staticmethod
    def columns() -> list[str]:
        """The names of a row's values, in the order of the contract."""
        return list(DriftRow.model_fields)

    def records(self) -> list[dict[str, Any]]:
        """One flat record a row."""
        return [row.model_dump() for row in self.rows]

    def to_frame(self) -> pandas.DataFrame:
        """One row a row."""
        return frame(self.records(), self.columns())

    def _repr_html_(self) -> str:
        return str(self.to_frame()._repr_html_())  # type: ignore[operator]
