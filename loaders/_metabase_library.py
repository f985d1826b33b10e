"""Everything that the answers of one Metabase say: its databases, tables and fields, its questions, its dashboards, its people."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from lineage.facts import Finding
from loaders._database_tables import Place, Tables, dialect_of, parts_of, table
from loaders._metabase_query import CARD, Reads, reads_of, result_fields
from loaders._shapes import inside, listed, mapping, objects, text
from loaders._sql import read_query
from loaders.base import UnusableError

# Where the connection of a database names it (Metabase documentation, "Databases"); only administrators see that.
_DBNAME = ("dbname", "db", "project-id", "catalog")
_MAX_NESTED = 20


class Named(NamedTuple):
    """An answer of the API, and where it stands."""

    position: str
    value: dict[str, Any]


@dataclass
class Used:
    """What a question or dashboard reads: ids of data sets and of fields. ``unknown``: what could not be told, in words."""

    datasets: set[str] = field(default_factory=set)
    fields: set[str] = field(default_factory=set)
    unknown: dict[str, None] = field(default_factory=dict)

    def add(self, other: Used) -> None:
        """Take in what another reads."""
        self.datasets |= other.datasets
        self.fields |= other.fields
        self.unknown |= other.unknown


class Library:
    """``databases``: by Metabase's id of a database, ``name.schema`` as the reader says; ``tables``: by its id of a table, the id."""

    def __init__(self, databases: Mapping[str, str], tables: Mapping[str, str], dialect: str) -> None:
        self._databases, self._dialect = databases, dialect
        self._tables = {int(id_): table(parts_of(name)) for id_, name in tables.items() if id_.isdigit()}
        self._fields: dict[int, tuple[int, str]] = {}
        self._known: dict[int, Tables] = {}
        self._engines: dict[int, str | None] = {}
        self.cards: dict[int, Named] = {}
        self.dashboards: dict[int, Named] = {}
        self.people: dict[int, dict[str, Any]] = {}

    def add_database(self, named: Named) -> Iterator[Finding]:
        """An answer of ``/api/database/:id/metadata``."""
        value = named.value
        id_ = int(value["id"])
        details = mapping(value.get("details"))
        real = next((name for key in _DBNAME if (name := text(details.get(key)))), None)
        given = self._databases.get(str(id_))
        database = (parts_of(given)[:1] if given else []) or [real or text(value.get("name")) or str(id_)]
        if given is None and real is None:
            detail = (
                f"its own name is not told, so its tables go by {database[0]}: if it has another, say --set database.{id_}=NAME"
            )
            yield Finding(position=named.position, finding="display-name", subject=f"database {id_}", detail=detail)
        self._engines[id_] = text(value.get("engine"))
        for one in objects(value.get("tables")):
            self.add_table(one, database[0], id_)

    def add_table(self, value: dict[str, Any], database: str | None, database_id: int) -> None:
        """A table with its fields, as in a database's metadata and in an answer of ``/api/table/:id/query_metadata``."""
        id_, name = value.get("id"), text(value.get("name"))
        if not isinstance(id_, int) or name is None:
            return
        place = self._tables.setdefault(id_, table([database, text(value.get("schema")), name]))
        columns: dict[str, None] = {}
        for one in objects(value.get("fields")):
            column = text(one.get("name"))
            if isinstance(one.get("id"), int) and column is not None:
                self._fields[one["id"]] = id_, column
                columns[column] = None
        self._known.setdefault(database_id, Tables()).add(place, columns, complete=True)

    def learn_fields(self) -> None:
        """What the questions themselves say of fields: which table one is of, and what it is called."""
        for named in self.cards.values():
            reads = reads_of(named.value)
            own = named.value.get("table_id")
            names = {name for _, name, _ in result_fields(named.value)}
            for id_, name, alias in result_fields(named.value):
                of = reads.fields.get(id_ or -1)
                if of is None and alias is None and not reads.cards and isinstance(own, int):
                    of = own
                of = of if of is not None else self._joined(named.value, alias)
                if id_ is not None and of is not None:
                    # A name that a question shows twice has a number behind it (customer_id_2).
                    first = re.sub(r"_\d+$", "", name)
                    self._fields.setdefault(id_, (of, first if first in names else name))

    @staticmethod
    def _joined(card: dict[str, Any], alias: str | None) -> int | None:
        for one in objects(inside(card, "dataset_query", "query", "joins")):
            if alias is not None and one.get("alias") == alias and isinstance(one.get("source-table"), int):
                return int(one["source-table"])
        return None

    def used_by(self, card: dict[str, Any], *, everything: bool = True, depth: int = 0) -> Used:
        """What a question reads; ``everything``: also what it only shows, and not only what decides what others show of it."""
        used = Used()
        reads = reads_of(card)
        shows_all = everything and not reads.restricted and not reads.sql
        ids = dict(reads.fields)
        names = {name: id_ for id_, name, _ in self._results_behind(reads)}
        ids |= {id_: None for name in reads.named if (id_ := names.get(name)) is not None}
        if shows_all:
            ids |= {id_: None for id_, _, _ in result_fields(card) if id_ is not None and id_ not in ids}
        for id_, of in ids.items():
            self._use_field(id_, of, used)
        for id_ in sorted(reads.tables):
            self._use_table(id_, used)
        for sql in reads.sql:
            self._use_sql(sql, card, used, depth)
        for id_ in sorted(reads.cards):
            self._use_card(id_, used, everything=shows_all, depth=depth)
        return used

    def _results_behind(self, reads: Reads) -> Iterator[tuple[int | None, str, str | None]]:
        for id_ in sorted(reads.cards):
            if id_ in self.cards:
                yield from result_fields(self.cards[id_].value)

    def _use_card(self, id_: int, used: Used, *, everything: bool, depth: int) -> None:
        if id_ not in self.cards:
            used.unknown[f"question {id_}, which it starts from, is not among the answers"] = None
        elif depth < _MAX_NESTED:
            used.add(self.used_by(self.cards[id_].value, everything=everything, depth=depth + 1))

    def _use_field(self, id_: int, of: int | None, used: Used) -> None:
        table_id, name = self._fields.get(id_, (of, None))
        if table_id is None:
            used.unknown[f"field {id_} is of a table that is not named"] = None
            return
        place = self._use_table(table_id, used)
        if place is not None and name is not None:
            used.fields.add(place.field(name))

    def _use_table(self, id_: int, used: Used) -> Place | None:
        place = self._tables.get(id_)
        if place is None:
            used.unknown[f"table {id_} is not named"] = None
            return None
        used.datasets.add(place.id)
        return place

    def _use_sql(self, sql: str, card: dict[str, Any], used: Used, depth: int) -> None:
        database = card.get("database_id") or inside(card, "dataset_query", "database")
        id_ = database if isinstance(database, int) else -1
        tables = self._known.get(id_, Tables())
        prefix = parts_of(self._databases.get(str(id_), ""))
        unnamed: set[str] = set()

        def find(names: Sequence[str]) -> str | None:
            if names[-1].startswith(CARD):
                return names[-1]
            if (known := tables.find(names)) is not None:
                return known
            whole = [*prefix[: max(0, 3 - len(names))], *names]
            if len(whole) < 3 and len(prefix) != 1:
                unnamed.add(".".join(names))
                return None
            return table(whole).id

        try:
            query = read_query(sql, self._dialect or dialect_of(self._engines.get(id_)), tables, find)
        except UnusableError as bad:
            used.unknown[str(bad)] = None
            return
        for name in sorted(unnamed):
            used.unknown[f"the table {name} is of a database and schema that are not named"] = None
        for name in query.tables:
            if name.startswith(CARD):
                self._use_card(int(name.removeprefix(CARD)), used, everything=True, depth=depth)
            else:
                used.datasets.add(name)
        used.fields |= {f"{of}#{column}" for of, column in query.used if not of.startswith(CARD)}

    def cards_of(self, dashboard: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """The questions on a dashboard: as they stand in it, else as they were answered by themselves."""
        for tile in objects(dashboard.get("dashcards") or dashboard.get("ordered_cards")):
            for one in (tile.get("card"), *listed(tile.get("series"))):
                card = mapping(one)
                if "dataset_query" in card:
                    yield card
                elif isinstance(id_ := card.get("id", tile.get("card_id")), int) and id_ in self.cards:
                    yield self.cards[id_].value
