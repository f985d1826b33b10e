"""What is late, as text for somebody who was just woken up."""

from __future__ import annotations

from datetime import datetime, timedelta

from rich.console import Group, RenderableType
from rich.text import Text

from lineage.answers.late_results import Late, LateRow
from lineage.answers.lateness import COUNTED
from lineage.render.output import table
from lineage.times import rfc3339

_HEADINGS = {
    "late": ("Late", "bold red"),
    "silent": ("Silent: nothing at all was seen", "bold red"),
    "unreadable": ("Not watched: cannot be read", "bold red"),
    "arrived_late": ("Arrived late", "bold yellow"),
    "due_soon": ("Due soon", "bold"),
}


def late_text(answer: Late) -> RenderableType:
    """A table for each state, the urgent ones first; in each, what was due first."""
    parts: list[RenderableType] = []
    for state, (heading, style) in _HEADINGS.items():
        rows = [_row(row, answer.as_of) for row in answer if row.state == state]
        if rows:
            filled = [name for name in rows[0] if any(row[name] for row in rows)]
            parts += [Text(f"{heading} ({len(rows)})", style=style), table(rows, filled)]
    if not parts:
        parts.append(Text("Nothing is late, silent or due soon.", style="green"))
    parts.append(Text(f"As of {rfc3339(answer.as_of.replace(microsecond=0))}", style="dim"))
    return Group(*parts)


def _row(row: LateRow, now: datetime) -> dict[str, object]:
    owed = row.owed + (f" and {row.also_owed}" if row.also_owed else "")
    missed = None if row.missed is None else f"{row.missed}{' or more' if row.missed >= COUNTED else ''}"
    when = None if row.due_at is None else row.due_at - now
    return {
        "due at": row.due_at,
        "late by": _length(-when) if when is not None and when <= timedelta() and row.arrived_at is None else None,
        "in": _length(when) if when is not None and when > timedelta() else None,
        "route": row.route,
        "from": row.from_,
        "to": row.to,
        "what": f"{owed} of {row.item}" if row.item else owed if row.owed != "delivery" else None,
        "arrived at": row.arrived_at,
        "missed": missed,
        "last at": row.last_at if row.state not in {"due_soon", "unreadable"} else None,
        "why": row.note,
        "ask": row.contacts[0].email or row.contacts[0].name if row.contacts else None,
    }


def _length(time: timedelta) -> str:
    """The two largest units: 3 d 4 h, 2 h 5 min, 40 s."""
    seconds = int(time.total_seconds())
    parts = [(seconds // 86400, "d"), (seconds // 3600 % 24, "h"), (seconds // 60 % 60, "min"), (seconds % 60, "s")]
    first = next((index for index, (number, _) in enumerate(parts) if number), 3)
    return " ".join(f"{number} {unit}" for number, unit in parts[first : first + 2] if number) or "0 s"
