"""Incidents as text: what is wrong, since when, whose it is, how much it holds up, whom to ask."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from lineage.answers.incidents import Diagnosis, Incident
from lineage.render.text import FAULT, completeness_text, contact_text, time_text
from lineage.render.words import counted

_ITEMS_SHOWN = 5


def diagnosis_text(answer: Diagnosis) -> RenderableType:
    """The incidents, the one with the most items first, then how many items are well."""
    parts: list[RenderableType] = []
    for place, incident in enumerate(answer.incidents, start=1):
        parts += [Text.assemble((f"{place}. {incident.cause}", "bold")), _incident(incident)]
    held_up = {item for incident in answer.incidents for item in incident.items}
    looked_at = answer.settled + len(answer.items)
    if answer.incidents:
        parts.append(
            Text(
                f"{counted(len(held_up), 'item')} of {looked_at} held up, by {counted(len(answer.incidents), 'cause')}.",
                style="bold",
            )
        )
    else:
        parts.append(Text(f"Nothing is wrong with any of {counted(looked_at, 'item')}."))
    parts += completeness_text(answer.completeness)
    return Group(*parts)


def _incident(incident: Incident) -> RenderableType:
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="bold", no_wrap=True)
    grid.add_column(overflow="fold")
    fault = FAULT[incident.zone]
    if incident.system:
        who = f"{incident.system}" + (f" of {incident.partner}" if incident.partner else "")
        fault = who if incident.zone == "undetermined" else f"{fault}: {who}"
    style = "yellow" if incident.zone == "undetermined" else "red"
    rules = ", ".join(incident.rules)
    grid.add_row("At fault", Text.assemble((fault, f"bold {style}"), f"  [{rules}, confidence {incident.confidence:.2f}]"))
    grid.add_row("When", Text(f"{time_text(incident.first_at)} to {time_text(incident.last_at)}"))
    grid.add_row("Routes", Text(", ".join(incident.routes)))
    shown = ", ".join(incident.items[:_ITEMS_SHOWN])
    more = len(incident.items) - _ITEMS_SHOWN
    grid.add_row(counted(len(incident.items), "item").capitalize(), Text(shown + (f" and {more} more" if more > 0 else "")))
    if incident.contacts:
        grid.add_row("Ask", Text("\n".join(contact_text(contact) for contact in incident.contacts)))
    return Padding(grid, (0, 0, 1, 3))
