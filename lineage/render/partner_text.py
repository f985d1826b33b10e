"""The reference of a partner as text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from rich.console import Group, RenderableType
from rich.text import Text

from lineage.answers.partner_results import End, Exchange, HistoryEntry, PartnerReference, Person, Status, needs_attention
from lineage.render.output import cell, table
from lineage.render.text import completeness_text, time_text

DIRECTIONS = {"in": "Receives", "out": "Sends", "within": "Within"}
_STATES = {
    "late": "late",
    "silent": "silent",
    "unreadable": "schedule cannot be read",
    "arrived_late": "arrived late",
    "due_soon": "due soon",
    "delivering": "delivering",
    "unseen": "never seen to deliver",
}
NEWEST_CHANGES = 15
"""So many changes are shown on a terminal; JSON and the pages have all."""


def partner_text(answer: PartnerReference) -> RenderableType:
    """Who they are, what is exchanged, who owns what, what is wrong now, what changed."""
    about = ", ".join(filter(None, [answer.id, answer.zone or "no zone declared", answer.kind]))
    parts: list[RenderableType] = [Text.assemble((answer.name, "bold"), f"  {about}")]
    people = [{"who": person_text(c), "of": answer.name} for c in answer.contacts]
    people += [{"who": person_text(c), "of": team.name} for team in answer.teams for c in team.contacts]
    parts += _section("Whom to ask", people, "Nobody is named.")
    parts += _section("Systems", list(_systems(answer)), "No system of it is known.")
    for direction, heading in DIRECTIONS.items():
        rows = [_exchange(one) for one in answer.directed(direction)]
        parts += _section(heading, rows, "" if direction == "within" else "Nothing is known.")
    handovers = [{"route": h.route, "where custody passes": h.in_words} for h in answer.boundary.handovers]
    parts += _section("Ownership", handovers, "")
    incidents = [
        {"incident": i.cause, "since": i.first_at, "items": len(i.items), "routes": i.routes} for i in answer.incidents
    ]
    parts += _section("Open incidents", incidents, "None.")
    changes = [{"when": e.at, "what": change_text(e), "by": e.source} for e in answer.history[:NEWEST_CHANGES]]
    parts += _section("Changes", changes, "")
    said = ", ".join(f"{s.source} ({s.authority})" for s in answer.sources) or "no source"
    parts += [Text(f"Said by {said}", style="dim"), Text(f"As of {time_text(answer.as_of)}", style="dim")]
    parts += completeness_text(answer.completeness)
    return Group(*parts)


def _section(heading: str, rows: Sequence[Mapping[str, object]], empty: str) -> list[RenderableType]:
    if not rows:
        return [Text(f"\n{heading}", style="bold"), Text(empty)] if empty else []
    filled = [name for name in rows[0] if any(cell(row[name]) for row in rows)]
    return [Text(f"\n{heading}", style="bold"), table(rows, filled)]


def _systems(answer: PartnerReference) -> Iterator[dict[str, object]]:
    for system in answer.systems:
        ways = [" ".join(filter(None, (i.protocol, i.format, i.endpoint))) or i.id for i in system.interfaces]
        yield {
            "system": system.id,
            "name": system.name,
            "kind": system.kind,
            "owner": system.owner,
            "interfaces": "\n".join(ways),
            "declared": None if system.declared else "nowhere",
        }


def _exchange(one: Exchange) -> dict[str, object]:
    ends = {"in": [one.from_], "out": [one.to], "within": [one.from_, one.to]}[one.direction]
    return {
        "route": one.route if one.declared else f"{one.route} (not declared)",
        "other end": " → ".join(map(end_text, ends)),
        "what": ", ".join(filter(None, [one.dataset.name if one.dataset else None, *one.item_kind])),
        "how": " ".join(filter(None, (one.interface.protocol, one.interface.format))) if one.interface else None,
        "agreed": "; ".join(one.agreed.in_words),
        "now": status_text(one.status),
    }


def end_text(end: End) -> str:
    """A system with whose it is."""
    return f"{end.system} of {end.partner}" if end.partner else end.system


def person_text(person: Person) -> str:
    """Name, address, role."""
    address = f"<{person.email}>" if person.email and person.name else person.email
    who = " ".join(filter(None, [person.name, address]))
    return ", ".join(filter(None, [who, person.role]))


def status_text(status: Status) -> str:
    """How a route does, in a phrase."""
    return ", ".join(filter(None, [state_text(status), status_details(status)]))


def state_text(status: Status) -> str:
    """The state of a route in a word or two."""
    return "not delivering" if status.state == "delivering" and needs_attention(status) else _STATES[status.state]


def status_details(status: Status) -> str:
    """What there is to say beside its state: when it is due, when it last delivered, what is overdue or stuck."""
    last = f"last {time_text(status.last_secured_at)}" if status.last_secured_at else None
    due = f"due {time_text(status.due_at)}" if status.due_at and status.state != "delivering" else None
    counts: Iterable[str | None] = (
        f"{status.overdue} overdue" if status.overdue else None,
        f"{status.stuck} stuck" if status.stuck else None,
    )
    return ", ".join(filter(None, [due, last, *counts]))


def change_text(entry: HistoryEntry) -> str:
    """A change in a phrase."""
    node = f"{entry.label} {entry.id}"
    if entry.change == "changed":
        return f"{node}: {entry.property} {_said(entry.before)} → {_said(entry.after)}"
    return f"{node} {entry.change}"


def _said(value: object) -> str:
    return cell(value) or "nothing"
