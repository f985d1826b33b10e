"""The findings of ``check`` as text: by partner, then what to do about each kind."""

from __future__ import annotations

from itertools import groupby

from rich.console import Group, RenderableType
from rich.text import Text

from lineage.answers.check_results import CHECKS, HINTS, Check, CheckFinding
from lineage.render.output import table
from lineage.times import rfc3339


def check_text(answer: Check) -> RenderableType:
    """A table for each partner, what one node lacks in one line; below, what to do."""
    parts: list[RenderableType] = []
    for partner, found in groupby(answer, key=lambda row: row.partners[:1]):
        rows = list(found)
        parts += [Text(f"{partner[0] if partner else 'No partner'} ({len(rows)})", style="bold"), table(_lines(rows), _COLUMNS)]
    if not parts:
        parts.append(Text("Nothing is missing in the declared map, and nothing contradicts itself.", style="green"))
    names = [name for name in CHECKS if any(row.check == name for row in answer)]
    if names:
        parts.append(Text("What to do", style="bold"))
        parts.append(table([{"finding": name, "to do": HINTS[name]} for name in names], ["finding", "to do"]))
    parts.append(Text(f"As of {rfc3339(answer.as_of.replace(microsecond=0))}", style="dim"))
    return Group(*parts)


_COLUMNS = ("node", "finding", "detail", "owner")


def _lines(rows: list[CheckFinding]) -> list[dict[str, object]]:
    lines: dict[tuple[str, str, str], dict[str, object]] = {}
    for row in rows:
        node, lacks = f"{row.subject.label} {row.subject.id}", "-without-" in row.check and row.detail.startswith("no ")
        line = lines.setdefault(
            (node, "" if lacks else row.check, "" if lacks else row.detail),
            {"node": node, "finding": "incomplete" if lacks else row.check, "detail": "", "owner": row.owner},
        )
        line["detail"] = ", ".join(filter(None, [str(line["detail"]), row.detail]))
    return list(lines.values())
