"""Every answer says how complete it is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Literal

from lineage.answers.asking import Asker
from lineage.answers.results import Completeness
from lineage.times import time_of

SILENT_AFTER = timedelta(hours=24)
"""A system that reported before counts as silent when its newest evidence is this much older than anybody's newest."""


@dataclass(frozen=True)
class Freshness:
    """When systems were last heard of by a time, and when anybody was."""

    anywhere: datetime | None
    by_system: Mapping[str, datetime | None]

    def of(self, systems: Iterable[str], truncated_by: Literal["depth", "rows", "time"] | None = None) -> Completeness:
        """Completeness of an answer that rests on these systems' evidence."""
        return Completeness(
            complete=truncated_by is None,
            truncated_by=truncated_by,
            freshest_evidence=self.anywhere,
            silent_sources=tuple(sorted(self._silent.intersection(systems))),
        )

    @cached_property
    def _silent(self) -> frozenset[str]:
        if self.anywhere is None:
            return frozenset()
        since = self.anywhere - SILENT_AFTER
        return frozenset(system for system, freshest in self.by_system.items() if freshest and freshest < since)


NEVER = Freshness(None, {})
"""Nothing is known of anybody."""


def freshness(ask: Asker, systems: Iterable[str], as_of: datetime) -> Freshness:
    """Read how fresh these systems' evidence is."""
    said = ask.raw("evidence_freshness", systems=sorted(systems), as_of=as_of)[0]
    return Freshness(time_of(said["anywhere"]), {system: time_of(at) for system, at in said["systems"]})


def completeness(
    ask: Asker, systems: Iterable[str], as_of: datetime, truncated_by: Literal["depth", "rows", "time"] | None = None
) -> Completeness:
    """Completeness of an answer that rests on these systems' evidence."""
    named = sorted(systems)
    return freshness(ask, named, as_of).of(named, truncated_by)
