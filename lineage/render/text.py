"""The three answers as text that somebody who never saw a graph can read."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from lineage.answers.results import (
    Affected,
    Branch,
    Completeness,
    ContactRef,
    Custody,
    Hop,
    Impact,
    ItemRef,
    LastHandoff,
    LastSuccessful,
    NodeRef,
    Trace,
)
from lineage.render.output import cell, table
from lineage.render.words import counted
from lineage.times import rfc3339

FAULT = {
    "spotify": "Spotify",
    "middleware": "the middleware",
    "partner": "the partner",
    "undetermined": "not determined",
    "none": "nobody",
}

_OWED = {
    "none_expected": "no acknowledgement agreed",
    "waiting": "acknowledgement awaited",
    "overdue": "acknowledgement overdue",
}


def trace_text(answer: Trace) -> RenderableType:
    """The hops one under the other, then what was not reached."""
    parts: list[RenderableType] = [_title(answer.item)]
    if answer.item.identifiers:
        parts.append(Text(f"also known as {', '.join(answer.item.identifiers)}", style="dim"))
    for match in answer.item.may_be:
        parts.append(Text(f"may be {match.id} ({match.name}), score {match.score:.2f}", style="dim"))
    hops = Table(box=None, show_header=True, header_style="bold", pad_edge=False, padding=(0, 2, 0, 0))
    for heading in ("", "from", "to", "what is known", "when (UTC)", "route"):
        hops.add_column(heading, overflow="fold")
    anything_expected = bool(answer.not_reached) or any(hop.expected for hop in answer.hops)
    for hop in answer.hops:
        hops.add_row(*_hop_row(hop, anything_expected))
    reached = {hop.route for hop in answer.hops}
    for missing in answer.not_reached:
        if missing.route not in reached:
            due = (
                f"should have arrived by {time_text(missing.expected_by)}"
                if missing.expected_by
                else "expected, no deadline declared"
            )
            hops.add_row(
                Text("·", "yellow"), Text(missing.from_), Text(missing.to), Text(f"never seen; {due}"), "", Text(missing.route)
            )
    if answer.hops or answer.not_reached:
        parts.append(Padding(hops, (1, 0, 0, 0)))
    else:
        parts.append(Text("No handoff of it was seen, and no declared route says where it should go."))
    if answer.hops and not anything_expected:
        parts.append(Text("No declared route says where it should go."))
    overdue = [m for m in answer.not_reached if m.route in reached]
    for missing in overdue:
        due = f" (due {time_text(missing.expected_by)})" if missing.expected_by else ""
        parts.append(Text(f"Has not arrived at {missing.to}{due}.", style="bold yellow"))
    parts += completeness_text(answer.completeness)
    return Group(*parts)


def _hop_row(hop: Hop, anything_expected: bool) -> tuple[Text, ...]:
    mark = Text("✓", "green") if hop.secured else Text("✗", "red")
    known = [hop.transport, hop.acknowledgement, hop.processing]
    words = ", ".join(_OWED.get(word, word.replace("_", " ")) for word in known if word) or "seen"
    if hop.attempts > 1:
        words += f" ({hop.attempts} attempts)"
    if hop.announcement:
        words += " [an announcement]"
    elif anything_expected and not hop.expected:
        words += " [not an expected way]"
    when = hop.secured_at or hop.acknowledged_at or hop.failed_at or hop.received_at or hop.sent_at
    return mark, Text(hop.from_ or "?"), Text(hop.to or "?"), Text(words), Text(time_text(when)), Text(hop.route)


def last_handoff_text(answer: LastHandoff) -> RenderableType:
    """Each branch in sentences: last safe, who has it, what comes next, the verdict, whom to ask."""
    parts: list[RenderableType] = [_title(answer.item)]
    branches = answer.branches or (answer,)
    for branch in branches:
        if branch.verdict.rule == "arrived" and len(branches) > 1:
            parts.append(_arrived(branch))
        else:
            parts.append(_branch(branch))
    parts += completeness_text(answer.completeness)
    return Group(*parts)


def _arrived(branch: Branch) -> RenderableType:
    last = branch.last_successful
    when = f" at {time_text(last.at)} (route {last.route})" if last else ""
    return Text.assemble(("Arrived     ", "bold green"), f"{branch.in_custody_of.system}{when}")


def _branch(branch: Branch) -> RenderableType:
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="bold", no_wrap=True)
    grid.add_column(overflow="fold")
    last, holder, following, verdict = branch.last_successful, branch.in_custody_of, branch.next_expected, branch.verdict
    grid.add_row("Last safe", Text(_last_safe(last) if last else "at its origin"))
    grid.add_row("Who has it", Text(custody_text(holder) or "not known"))
    if following:
        due = f", due {time_text(following.expected_by)}" if following.expected_by else ""
        grid.add_row("Missing", Text(f"{following.from_} → {following.to}{due} (route {following.route})"))
    fault = FAULT[verdict.zone]
    if verdict.system and verdict.zone == "undetermined":
        fault = f"{verdict.system}, whose partner or zone nobody declared"
    elif verdict.system:
        fault += f": {verdict.system}" + (f" of {verdict.partner}" if verdict.partner else "")
    style = {"none": "green", "undetermined": "yellow"}.get(verdict.zone, "red")
    grid.add_row("At fault", Text(fault, style=f"bold {style}"))
    grid.add_row("Why", Text(f"{verdict.reason} [rule {verdict.rule}, confidence {verdict.confidence:.2f}]"))
    if verdict.evidence:
        grid.add_row("Evidence", Text(", ".join(verdict.evidence)))
    if verdict.missing_evidence:
        grid.add_row("Not known", Text("; ".join(verdict.missing_evidence)))
    if branch.contacts:
        grid.add_row("Ask", Text("\n".join(contact_text(contact) for contact in branch.contacts)))
    return Padding(grid, (1, 0, 1, 0))


def custody_text(who: Custody) -> str:
    """A system, whose it is, and the zone, as far as they are known."""
    zone = f"({who.zone})" if who.zone and who.zone != "undetermined" else None
    return " ".join(filter(None, (who.system, f"of {who.partner}" if who.partner else None, zone)))


def contact_text(contact: ContactRef) -> str:
    """Name, address, role, and the system that they answer for."""
    address = f" <{contact.email}>" if contact.email else ""
    return f"{contact.name or contact.of}{address}" + (f", {contact.role}" if contact.role else "") + f" ({contact.system})"


def impact_text(answer: Impact) -> RenderableType:
    """What changed, breaking first, and what is affected, nearest first."""
    of = answer.of
    parts: list[RenderableType] = [Text(f"{of.label} {_named(of)}", style="bold")]
    if answer.changes:
        changes = sorted(answer.changes, key=lambda one: not one.breaking)
        columns = ["breaking", "where", "field", "change", "was", "now"]
        parts.append(table(({**one.model_dump(), "where": one.dataset or one.id} for one in changes), columns))
        breaking = sum(one.breaking for one in changes)
        parts.append(Text(f"{counted(len(changes), 'change')}, {breaking} breaking."))
    parts += (Text(f"Not read, so it may look removed: {one}", style="bold yellow") for one in answer.not_read)
    if answer.affected:
        rows = [_affected_row(one) for one in answer.affected]
        columns = [c for c in rows[0] if c not in {"fields", "known by"} or any(row[c] for row in rows)]
        parts.append(table(rows, columns))
        counts: dict[str, int] = {}
        for one in answer.affected:
            counts[one.label] = counts.get(one.label, 0) + 1
        parts.append(Text("Reaches " + ", ".join(_reached(*one) for one in sorted(counts.items())) + "."))
    elif answer.compared:
        parts.append(Text("It reaches nothing that the map knows of." if answer.changes else "The two versions do not differ."))
    else:
        parts.append(Text("Nothing lies downstream of it."))
    if answer.not_in_map:
        some = ", ".join(answer.not_in_map[:5]) + (" ..." if len(answer.not_in_map) > 5 else "")
        parts.append(Text(f"Not in the map, so nobody knows who uses it: {some}", style="yellow"))
    parts += completeness_text(answer.completeness)
    return Group(*parts)


def _affected_row(one: Affected) -> dict[str, Any]:
    return {
        "steps": one.distance,
        "what": one.label,
        "name": _named(one),
        "reached from": one.via,
        "fields": fields_text(one),
        "known by": one.lineage and ("fields" if one.lineage == "field" else "data sets"),
        "partner": one.partner,
        "owner": one.owner,
        "contact": one.contact,
    }


def fields_text(one: Affected) -> list[str]:
    """The names of the fields that it uses; those with a question mark it may use."""
    sure = {name.rpartition("#")[2] for name in one.fields if name not in one.possible_fields}
    return sorted(sure) + sorted(
        {f"{name.rpartition('#')[2]}?" for name in one.possible_fields} - {f"{name}?" for name in sure}
    )


def _named(one: NodeRef) -> str:
    return one.name if one.name == one.id else f"{one.name} ({one.id})"


def _reached(label: str, number: int) -> str:
    return counted(number, {"Dataset": "data set"}.get(label, label.lower()))


def _title(item: ItemRef) -> Text:
    return Text.assemble((item.name, "bold"), f"  {item.id}" if item.name != item.id else "")


def completeness_text(said: Completeness) -> Iterator[RenderableType]:
    """What is missing in an answer, and how fresh its evidence is."""
    if said.truncated_by:
        yield Text(f"This answer was cut off by {said.truncated_by}: there is more.", style="bold yellow")
    if said.silent_sources:
        yield Text(
            f"Not heard of for more than a day before the newest evidence: {', '.join(said.silent_sources)}.", style="yellow"
        )
    if said.freshest_evidence:
        yield Text(f"Newest evidence anywhere: {time_text(said.freshest_evidence)}", style="dim")


def _last_safe(last: LastSuccessful) -> str:
    when = f" at {time_text(last.at)}" if last.at else ", nobody says when"
    return f"{last.from_ or '?'} → {last.to or '?'}{when} (route {last.route})"


def time_text(time: datetime | None) -> str:
    """A UTC time to the second, without the letters that machines need."""
    return (rfc3339(time.replace(microsecond=0)) or "").replace("T", " ").removesuffix("Z") if time else cell(None)
