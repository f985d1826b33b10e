"""One difference between two versions of a contract."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

Direction = Literal["sent", "accepted", "both"]


class Change(BaseModel):
    """One difference between two versions of a contract or schema.

    ``label`` and ``id``: the node that it is about; ``dataset`` and ``field``: where it is a data set or a field. ``breaking``: whoever
    relied on the old version may fail on the new one: by ``direction``, its readers (sent), its senders (accepted), or either.
    ``was``, ``now``: the old and the new value; of an enumeration, the values that went and those that came.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    field: str | None
    change: str
    breaking: bool
    dataset: str | None
    was: str | None = None
    now: str | None = None
    label: Literal["Field", "Dataset", "Interface", "Route"]
    id: str
    direction: Direction | None = None

    @property
    def felt(self) -> bool:
        """Whether anybody notices: what is added, and not asked for, affects nobody, nor does a new version's number."""
        return self.breaking or self.change not in {"added", "version"}
