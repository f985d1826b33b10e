"""Every answer says how complete it is."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Literal

from lineage.answers.asking import Asker
from lineage.answers.results import Completeness

SILENT_AFTER = timedelta(hours=24)
"""A system that reported before counts as silent when its newest evidence is this much older than anybody's newest."""


def completeness(
    ask: Asker, systems: Iterable[str], as_of: datetime, truncated_by: Literal["depth", "rows", "time"] | None = None
) -> Completeness:
    """Completeness of an answer that rests on these systems' evidence."""
    rows = ask.rows("evidence_freshness", systems=sorted(systems), as_of=as_of)
    freshest = rows[0]["freshest_anywhere"] if rows else None
    silent = [
        row["system"]
        for row in rows
        if row["system"] and row["freshest"] and freshest and freshest - row["freshest"] > SILENT_AFTER
    ]
    return Completeness(
        complete=truncated_by is None, truncated_by=truncated_by, freshest_evidence=freshest, silent_sources=tuple(silent)
    )
