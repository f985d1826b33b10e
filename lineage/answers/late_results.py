"""What ``late`` answers with."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from lineage.answers.results import ContactRef, Listing, Moment, Result

LateState = Literal["late", "silent", "arrived_late", "due_soon", "unreadable"]
Owed = Literal["delivery", "acknowledgement"]
NEEDS_ATTENTION: frozenset[str] = frozenset({"late", "silent", "unreadable"})


class LateRow(Result):
    """Something that is owed on a route: a delivery by its schedule (``item`` is None), or one item's delivery or acknowledgement.

    ``due_at``: when it was, or is, due; of a silent route the first that was missed; None only where ``state`` is unreadable.
    ``also_owed``: the other thing that is overdue for the same item. ``last_at``: when the route was last secured. ``missed``:
    how many due deliveries in a row did not come (``silent``: without a sign of any kind); 100 means 100 or more; None if
    nothing says since when there should have been any. ``note``: what cannot be read, and what to write.
    """

    state: LateState
    owed: Owed
    also_owed: Owed | None = None
    route: str
    from_: str = Field(alias="from")
    to: str
    dataset: str | None
    item: str | None = None
    due_at: Moment | None
    arrived_at: Moment | None = None
    last_at: Moment | None = None
    missed: int | None = None
    schedule: str | None
    timezone: str | None
    calendar: str | None
    owner: str | None
    contacts: tuple[ContactRef, ...] = ()
    note: str | None = None


@dataclass(frozen=True)
class Late(Listing[LateRow]):
    """All that is late, due soon or arrived late, and feeds that went silent; what was due first comes first."""

    as_of: datetime
    rows: tuple[LateRow, ...]

    @property
    def needs_attention(self) -> bool:
        """Whether anything is late or silent, or cannot be watched because its schedule cannot be read."""
        return any(row.state in NEEDS_ATTENTION for row in self.rows)

    @staticmethod
    def columns() -> list[str]:
        """The names of a row's values, in the order of the contract."""
        return [field.alias or name for name, field in LateRow.model_fields.items()]

    def records(self) -> list[dict[str, Any]]:
        """One flat record a row; contacts as text."""
        return [
            {**row.model_dump(by_alias=True), "contacts": [c.email or c.name or c.of for c in row.contacts]}
            for row in self.rows
        ]
