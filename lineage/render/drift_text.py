"""Drift as text: one table for each kind, what to do with it in its heading."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.text import Text

from lineage.answers.drift_results import KINDS, Drift, DriftKind, DriftRow
from lineage.render.output import table
from lineage.times import rfc3339

_HEADINGS: dict[DriftKind, str] = {
    "undeclared-system": "Systems that take part and nobody declares",
    "undeclared-route": "Routes that are used and nobody declares",
    "ended-route": "Routes that are used after their agreement ended",
    "ambiguous-route": "Evidence that fits several routes",
    "other-ends": "Other ends than declared",
    "other-dataset": "Another data set than declared",
    "other-cadence": "Another cadence than declared",
    "other-protocol": "Another protocol than declared",
    "other-format": "Another format than declared",
    "no-longer-seen": "Routes no longer seen",
    "never-seen": "Routes never seen",
    "disagreement": "Sources that disagree",
}


def drift_text(answer: Drift) -> RenderableType:
    """A table for each kind of drift."""
    parts: list[RenderableType] = []
    for kind in KINDS:
        rows = [_row(row) for row in answer if row.drift == kind]
        if rows:
            filled = [name for name in rows[0] if any(row[name] for row in rows)]
            parts += [Text(f"{_HEADINGS[kind]} ({len(rows)})", style="bold"), table(rows, filled)]
    if not parts:
        parts.append(Text("What is observed is what is declared.", style="green"))
    fresh = (
        f", with evidence until {rfc3339(answer.freshest.replace(microsecond=0))}" if answer.freshest else ", without evidence"
    )
    parts.append(Text(f"As of {rfc3339(answer.as_of.replace(microsecond=0))}{fresh}", style="dim"))
    return Group(*parts)


def _row(row: DriftRow) -> dict[str, object]:
    return {
        row.label.lower() if row.drift != "disagreement" else "node": row.id
        if row.drift != "disagreement"
        else f"{row.label} {row.id}",
        "what": row.detail,
        "last at": row.last_at,
        "said by": row.said_by,
        "partner": row.partner,
        "owner": row.owner,
    }
