"""The data sources of a Tableau file: connections, tables, custom SQL, columns and calculations.

There is no published schema; this follows the elements that the Document API (tableau/document-api-python) and Tableau's own files
have: ``connection`` (class, dbname, server, schema), ``named-connection``, ``relation`` (type table or text), ``metadata-record``,
``column`` with a ``calculation``. Elements of newer versions, whose names begin with a feature's (``_.fcp...relation``), count by
the end of their name. An extract is a copy of what the connections read, and is passed over.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from loaders._database_tables import Place, Tables, dialect_of, levels_of, parts_of, table
from loaders._sql import Query, read_query
from loaders.base import UnusableError

if TYPE_CHECKING:
    from lxml.etree import _Element

_FILES = ("filename", "directory")
_BRACKETED = re.compile(r"\[([^\[\]]+)\]")
# In a file, SQL's own < and > are doubled, and a parameter stands in single ones.
_PARAMETER = re.compile(r"(?<!<)<\[Parameters\]\.\[[^\]]*\]>(?!>)")
_MAX_CALCULATIONS = 20


class Column(NamedTuple):
    """A column of a data source: the relation that it comes from, its name there, its type."""

    relation: str
    name: str
    type: str | None


@dataclass
class DataSource:
    """One data source. ``published``: it stands on a Tableau server under this name, and is described there."""

    name: str
    caption: str | None
    published: Place | None = None
    tables: dict[str, Place] = field(default_factory=dict)
    queries: dict[str, Query] = field(default_factory=dict)
    columns: dict[str, Column] = field(default_factory=dict)
    formulas: dict[str, str] = field(default_factory=dict)
    unread: list[str] = field(default_factory=list)

    def datasets(self) -> set[str]:
        """The ids of all that it reads."""
        found = {place.id for place in self.tables.values()}
        found |= {id_ for query in self.queries.values() for id_ in query.tables}
        return found | ({self.published.id} if self.published else set())

    def fields(self, column: str, depth: int = 0) -> set[str]:
        """The ids of the fields that one of its columns is made from, through calculations."""
        if column in self.formulas and depth < _MAX_CALCULATIONS:
            return {id_ for one in set(_BRACKETED.findall(self.formulas[column])) for id_ in self.fields(one, depth + 1)}
        if self.published is not None:
            return {self.published.field(column)} if column not in self.formulas else set()
        known = self.columns.get(column)
        if known is None:
            return set()
        if (place := self.tables.get(known.relation)) is not None:
            return {place.field(known.name)}
        if (query := self.queries.get(known.relation)) is not None:
            return {f"{of}#{name}" for of, name in query.columns.get(known.name.lower(), frozenset()) | query.rows}
        return set()


def sources_of(root: _Element, servers: Mapping[str, str]) -> Iterator[DataSource]:
    """The data sources that a workbook or a data source file holds; ``servers``: a server's host: what ids begin with."""
    holders = [root] if _tag(root) == "datasource" else root.findall("datasources/datasource")
    for element in holders:
        if element.get("name") != "Parameters":
            yield _source(element, servers)


def _tag(element: Any) -> str:
    return element.tag.rpartition("...")[2] if isinstance(element.tag, str) else ""


def _within(element: _Element, tag: str) -> Iterator[_Element]:
    """All elements of this name, but not those of an extract."""
    for child in element:
        if _tag(child) == tag:
            yield child
        if _tag(child) not in {"extract", "object-graph"}:
            yield from _within(child, tag)


def location(element: _Element) -> str | None:
    """Under which name a workbook or data source stands on its server."""
    found = next((one.get("id") for one in element if _tag(one) == "repository-location"), None)
    return found or None


def _source(element: _Element, servers: Mapping[str, str]) -> DataSource:
    name = element.get("name") or element.get("formatted-name") or element.get("caption") or "datasource"
    source = DataSource(name, element.get("caption"))
    connections = {one.get("name"): next(_within(one, "connection"), None) for one in _within(element, "named-connection")}
    outer = next((one for one in element if _tag(one) == "connection"), None)
    if outer is not None and outer.get("class") == "sqlproxy":
        source.published = Place(f"tableau:{location(element) or outer.get('dbname') or name}", table=False)
    for relation in _within(element, "relation") if source.published is None else ():
        connection = connections.get(relation.get("connection"))
        if connection is None:
            connection = outer if outer is not None else element
        _relation(relation, connection, source, servers)
    for record in _within(element, "metadata-record"):
        if record.get("class") == "column":
            said = {_tag(one): (one.text or "").strip() for one in record}
            local = said.get("local-name", "").strip("[]")
            column = Column(said.get("parent-name", "").strip("[]"), said.get("remote-name") or local, said.get("local-type"))
            source.columns.setdefault(local, column)
    for column_element in _within(element, "column"):
        formula = next((one.get("formula") for one in column_element if _tag(one) == "calculation"), None)
        if formula and (called := column_element.get("name")):
            source.formulas[called.strip("[]")] = formula
    return source


def _relation(relation: _Element, connection: _Element, source: DataSource, servers: Mapping[str, str]) -> None:
    name, kind = relation.get("name") or "", relation.get("type")
    if kind == "table" and relation.get("table"):
        source.tables[name] = _place(relation.get("table") or "", connection, servers)
    elif kind == "text" and (relation.text or "").strip():
        sql = _PARAMETER.sub("1", relation.text or "").replace("<<", "<").replace(">>", ">")

        def find(names: Sequence[str]) -> str | None:
            return _place(".".join(f"[{one}]" for one in names), connection, servers).id

        try:
            source.queries[name] = read_query(sql, dialect_of(connection.get("class")), Tables(), find)
        except UnusableError as bad:
            source.unread.append(f"{name}: {bad}")


def _place(named: str, connection: _Element, servers: Mapping[str, str]) -> Place:
    names = parts_of(named)
    if any(connection.get(attribute) for attribute in _FILES):
        return Place(f"file:{connection.get('filename') or connection.get('directory')}/{'.'.join(names)}", table=False)
    product = connection.get("class")
    database = connection.get("dbname") or connection.get("project") or connection.get("catalog")
    around = [database] if levels_of(product) == 2 else [database, connection.get("schema")]
    missing = max(0, len(around) + 1 - len(names))
    return table([*around[:missing], *names], servers.get(connection.get("server") or "", ""))
