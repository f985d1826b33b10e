"""Metabase: dashboards and questions, the tables and columns that they read, and whose they are.

Reads the API's answers as saved: dashboards (``/api/dashboard/:id``), questions (``/api/card``, ``/api/card/:id``), and the
metadata of databases (``/api/database/:id/metadata``) or tables (``/api/table/:id/query_metadata``). A question that was built by
clicking names tables and fields by Metabase's own numbers only: what these are, the metadata says; without it, ``--set
table.10=database.schema.table``. SQL is read by sqlglot (``loaders._sql``); tables that it names without a schema are looked up in
the metadata, else completed by ``--set database.2=name.schema``.

A question and a dashboard are reports: ``<url>/card/27``, ``<url>/dashboard/2`` with the setting ``url``, which are the ids that
dbt's exposures with these addresses have; else ``metabase:card/27``. A dashboard reads what its questions read: its tables, and
each column that a question shows, filters, joins or groups by. Whoever made it is its owner.

What cannot be told (a table without a name, SQL that cannot be read) is a finding; the report stays. Archived ones are left out.

Source: Metabase API documentation (v0.50), /api/dashboard, /api/card, /api/database, /api/table.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pydantic import Field

from lineage.facts import Contact, Derivation, Finding, Report, Team
from loaders._metabase_library import Library, Named, Used
from loaders._once import once
from loaders._shapes import mapping, objects, text
from loaders.base import Document, Reject, Said, Settings, Source, feed, json_values, make, shown

_HINT = "give answers of /api/dashboard/:id, /api/card/:id, /api/database/:id/metadata or /api/table/:id/query_metadata"


class MetabaseSettings(Settings):
    """Where this Metabase is, and what its numbers and people are called elsewhere."""

    url: str = Field(default="", description="its address, as in https://bi.example.com: the beginning of reports' ids")
    database: dict[str, str] = Field(
        default_factory=dict, description="its id of a database: the database's name, with the default schema behind a dot"
    )
    table: dict[str, str] = Field(default_factory=dict, description="its id of a table: database.schema.table")
    dialect: str = Field(default="", description="SQL dialect as sqlglot calls it; else by the database's engine")
    team: dict[str, str] = Field(default_factory=dict, description="a maker's email or name: your team's id")


@feed(
    name="metabase",
    title="Metabase",
    formats="API answers as saved: dashboards, cards, database and table metadata (JSON, JSON Lines)",
    contributes="dashboards and questions, the tables and columns that they read, their makers",
    patterns=("*.json", "*.jsonl"),
    authority="observed",
    example="lineage load metabase answers/ --set url=https://bi.example.com",
    settings=MetabaseSettings,
)
def read(source: Source, settings: MetabaseSettings) -> Iterator[Said]:
    """Every answer is taken up first: a dashboard's numbers may be explained in a file behind it."""
    library = Library(settings.database, settings.table, settings.dialect)
    yield from source.each(lambda document: _collect(document, library))
    library.learn_fields()
    yield from once(_facts(library, settings))


def _collect(document: Document, library: Library) -> Iterator[Said]:
    for value in json_values(document):
        if isinstance(value, Reject):
            yield value
            continue
        position, content = value
        several = objects(mapping(content).get("data"))
        for index, one in enumerate(several or [content]):
            yield from _take(Named(f"{position.rstrip('/')}/data/{index}" if several else position, one), library)


def _take(named: Named, library: Library) -> Iterator[Said]:
    value: Any = named.value
    id_ = value.get("id") if isinstance(value, dict) else None
    if not isinstance(id_, int) or isinstance(id_, bool):
        reason = "no answer of Metabase: it has no id" if isinstance(value, dict) else "no answer of Metabase: not an object"
        yield Reject(position=named.position, reason=reason, hint=_HINT, record=shown(value))
        return
    for person in (value.get("creator"), value.get("last-edit-info")):
        if isinstance(maker := mapping(person).get("id"), int):
            library.people.setdefault(maker, mapping(person))
    if "dashcards" in value or "ordered_cards" in value:
        library.dashboards.setdefault(id_, named)
        for card in library.cards_of(value):
            if isinstance(card.get("id"), int):
                library.cards.setdefault(card["id"], Named(named.position, card))
    elif "dataset_query" in value:
        library.cards[id_] = named
    elif isinstance(value.get("tables"), list):
        yield from library.add_database(named)
    elif "fields" in value and isinstance(value.get("db_id"), int):
        database = mapping(value.get("db"))
        yield from library.add_database(Named(named.position, {**database, "id": value["db_id"], "tables": [value]}))
    else:
        reason = "neither a dashboard, nor a card, nor the metadata of a database or table"
        yield Reject(position=named.position, reason=reason, hint=_HINT, record=shown(value))


def _facts(library: Library, settings: MetabaseSettings) -> Iterator[Said]:
    for kind, reports in (("card", library.cards), ("dashboard", library.dashboards)):
        for id_, named in sorted(reports.items()):
            if named.value.get("archived") is True:
                continue
            used = Used()
            for card in [named.value] if kind == "card" else library.cards_of(named.value):
                used.add(library.used_by(card))
            yield from _report(f"{kind}/{id_}", named, used, library, settings)


def _report(name: str, named: Named, used: Used, library: Library, settings: MetabaseSettings) -> Iterator[Said]:
    base = settings.url.rstrip("/")
    id_ = f"{base}/{name}" if base else f"metabase:{name}"
    owner, about = _owner(named.value, library, settings.team)
    if owner is not None:
        yield from _people(owner, about, named.position)
    url = id_ if base else None
    yield make(Report, named.position, name, id=id_, name=text(named.value.get("name")), url=url, owner=owner)
    for label, upstream in (("Dataset", used.datasets), ("Field", used.fields)):
        for one in sorted(upstream):
            ends = {"from_label": label, "from": one, "to_label": "Report", "to": id_}
            yield make(Derivation, named.position, name, **ends)
    if used.unknown:
        hint = "load its database's metadata, too, or say --set table.NUMBER=database.schema.table, --set database.NUMBER=name.schema"
        detail = f"not all that it reads is known: {'; '.join(used.unknown)[:600]} ({hint})"
        yield Finding(position=named.position, finding="reads-unknown", subject=id_, detail=detail)


def _owner(value: dict[str, Any], library: Library, teams: dict[str, str]) -> tuple[str | None, dict[str, Any]]:
    """The team that made it, and what is known of the maker."""
    maker = value.get("creator_id")
    person = mapping(value.get("creator")) or library.people.get(maker if isinstance(maker, int) else -1, {})
    email, name = text(person.get("email")), _name(person)
    return next((teams[one] for one in (email, name) if one in teams), email or name), person


def _name(person: dict[str, Any]) -> str | None:
    parts = filter(None, (text(person.get("first_name")), text(person.get("last_name"))))
    return text(person.get("common_name")) or text(" ".join(parts))


def _people(owner: str, person: dict[str, Any], position: str) -> Iterator[Said]:
    email, name = text(person.get("email")), _name(person)
    yield make(Team, position, owner, id=owner, name=name if owner in {email, name} else None)
    if email is not None:
        yield make(Contact, position, email, of_label="Team", of=owner, name=name, email=email, role="maker")
