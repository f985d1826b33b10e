"""What ``drift`` answers with."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from lineage.answers.results import Listing, Moment, Result

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
class Drift(Listing[DriftRow]):
    """Where what is observed differs from what is declared. ``freshest``: the newest evidence by then; what is no longer seen is
    measured against it, so that a graph that nobody feeds any more does not fill the list."""

    as_of: datetime
    freshest: datetime | None
    rows: tuple[DriftRow, ...]

    @staticmethod
    def columns() -> list[str]:
        """The names of a row's values, in the order of the contract."""
        return list(DriftRow.model_fields)
