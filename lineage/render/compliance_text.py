"""Compliance as text: for each broken rule the stores that break it, what is missing, since when, who must act."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.text import Text

from lineage.answers.compliance_results import RULES, Compliance, StoreRow, Violation
from lineage.render.output import table
from lineage.render.text import completeness_text, custody_text, time_text
from lineage.render.words import counted

_COLUMNS = (
    "store",
    "name",
    "territory",
    "use",
    "eligible",
    "licensed",
    "subscribed",
    "activated",
    "playing",
    "licence",
    "wrong",
)
_SHOWN = 200
"""Stores in one table at most; who wants all takes another format."""


def compliance_text(answer: Compliance, *, every: bool) -> RenderableType:
    """A table for each rule; with ``every`` first what holds of each store."""
    parts: list[RenderableType] = []
    if every and answer.stores:
        parts += [Text("Stores", style="bold"), table([_store(row) for row in answer.stores[:_SHOWN]], _COLUMNS)]
        parts += _more(len(answer.stores))
    for rule, heading in RULES.items():
        rows = [_row(row, one) for row in answer.stores for one in row.violations if one.rule == rule]
        if rows:
            filled = [name for name in rows[0] if any(row[name] for row in rows)]
            parts += [Text(f"{heading} ({len(rows)})", style="bold red"), table(rows[:_SHOWN], filled), *_more(len(rows))]
    bad = sum(bool(row.violations) for row in answer.stores)
    stores = counted(answer.checked, "store")
    if bad:
        parts.append(Text(f"{bad} of {stores} not compliant, as of {time_text(answer.as_of)}.", style="bold"))
    else:
        parts.append(Text(f"Nothing is wrong with {stores}, as of {time_text(answer.as_of)}."))
    parts += completeness_text(answer.completeness)
    return Group(*parts)


def _more(count: int) -> list[RenderableType]:
    return [Text(f"... and {count - _SHOWN} more (--format csv has all)", style="dim")] if count > _SHOWN else []


def _store(row: StoreRow) -> dict[str, object]:
    aspects = {name: _word(getattr(row, name)) for name in ("eligible", "licensed", "subscribed", "activated", "playing")}
    about = {"store": row.store.id, "name": _name(row), "territory": row.territory, "use": row.use, "licence": row.licence}
    return {**about, **aspects, "wrong": [one.rule for one in row.violations]}


def _word(said: bool | None) -> str:
    return "unknown" if said is None else "yes" if said else "no"


def _row(row: StoreRow, one: Violation) -> dict[str, object]:
    contact = one.contacts[0] if one.contacts else None
    return {
        "store": row.store.id,
        "name": _name(row),
        "what is missing": one.missing_link,
        "since": time_text(one.since),
        "must act": custody_text(one.must_act) or "not determined",
        "ask": (contact.email or contact.name or contact.of) if contact else None,
    }


def _name(row: StoreRow) -> str | None:
    return row.store.name if row.store.name != row.store.id else None
