"""One name for one table, whoever speaks of it: dbt, OpenLineage, Metabase, Tableau (docs/analytics.md).

The id of a table's data set is ``database.schema.table``, without quotes and in lower case; ``database.table`` where the kind of
database has no schemas. The server is no part of it, because a dbt manifest does not know any: two servers whose databases have
the same name are kept apart by a name of the reader's own in front (``prod/database.schema.table``). What is no table (a file, a
topic) keeps namespace and name as written. Lower case, because sources differ in it for the same table (Snowflake's catalogue
shouts, its users do not); that two tables differ in nothing else is allowed and not done.

Source of the names of servers: OpenLineage, spec/Naming.md.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

# How many names address a table, by the scheme of an OpenLineage namespace, or by a database's product name.
_LEVELS = {
    "athena": 3, "awsathena": 3, "bigquery": 3, "clickhouse": 2, "databricks": 3, "db2": 3, "duckdb": 3, "greenplum": 3, "hive": 2,
    "mariadb": 2, "mssql": 3, "mysql": 2, "oceanbase": 2, "oracle": 3, "postgres": 3, "postgresql": 3, "presto": 3, "redshift": 3,
    "snowflake": 3, "spanner": 3, "sqlserver": 3, "teradata": 2, "trino": 3, "vertica": 3,
}  # fmt: skip
# What sqlglot calls the SQL of a database that others call by these names.
_DIALECTS = {
    "awsathena": "athena", "bigquery-cloud-sdk": "bigquery", "fabric": "fabric", "fabricspark": "spark", "glue": "spark",
    "greenplum": "postgres", "impala": "hive", "mariadb": "mysql", "mssql": "tsql", "postgresql": "postgres", "presto-jdbc": "presto",
    "sparksql": "spark", "sqlserver": "tsql", "starburst": "trino", "synapse": "tsql", "vertica": "postgres",
}  # fmt: skip
_PART = re.compile(r'"((?:[^"]|"")*)"|`((?:[^`]|``)*)`|\[((?:[^\]]|\]\])*)\]|([^."`\[\]]+)')
_METABASE = re.compile(r"(https?://.+?)/(card|question|dashboard)/(\d+)(?:-[^/?#]*)?(?:[?#].*)?")


class Place(NamedTuple):
    """Where data is: the id of its data set, and whether that is a table, whose columns are then written in lower case."""

    id: str
    table: bool = True

    def column(self, name: str) -> str:
        """The name of one of its fields."""
        return name.lower() if self.table else name

    def field(self, name: str) -> str:
        """The id of one of its fields."""
        return f"{self.id}#{self.column(name)}"


def parts_of(name: str) -> list[str]:
    """The parts of a dotted name, without their quotes (standard, MySQL's and BigQuery's, SQL Server's and Tableau's).

    >>> parts_of('"Shop"."public"."a.b"'), parts_of("`my-project.sales`.orders"), parts_of("[dbo].[xy]")
    (['Shop', 'public', 'a.b'], ['my-project', 'sales', 'orders'], ['dbo', 'xy'])
    """
    found: list[str] = []
    for match in _PART.finditer(name):
        text = next(part for part in match.groups() if part is not None).strip()
        # BigQuery also takes one pair of quotes around the whole name.
        found += text.split(".") if match[2] is not None else [text]
    return [part for part in found if part]


def table(parts: Iterable[str | None], server: str = "") -> Place:
    """A table by its names, outermost first; those that are None or empty are left out."""
    name = ".".join(part.strip().lower() for part in parts if part and part.strip())
    return Place(f"{server}/{name}" if server else name)


def place_of(namespace: str, name: str, servers: Mapping[str, str]) -> Place:
    """The data set that OpenLineage calls so.

    ``servers``: {namespace: name of its server}; a namespace named here, even with an empty name, is a database's, whatever its
    scheme.

    >>> place_of("postgres://db:5432", "Shop.public.Orders", {}).id, place_of("s3://lake", "/raw/orders", {}).id
    ('shop.public.orders', 's3://lake/raw/orders')
    """
    scheme = namespace.partition(":")[0].lower()
    names = parts_of(name)
    if namespace in servers or len(names) >= _LEVELS.get(scheme, len(names) + 1):
        return table(names, servers.get(namespace, ""))
    return Place(f"{namespace.rstrip('/')}/{name.lstrip('/')}", table=False)


def levels_of(product: str | None) -> int:
    """How many names address a table of this kind of database; 3 where nobody says."""
    return _LEVELS.get((product or "").lower(), 3)


def dialect_of(product: str | None) -> str:
    """What sqlglot calls the SQL of a database by its product or dbt adapter; empty (its own, permissive one) where unknown."""
    import sqlglot

    name = (product or "").lower()
    name = _DIALECTS.get(name, name)
    return name if name and sqlglot.Dialect.get(name) else ""


def report_id(url: str) -> str:
    """The id of the report at this address: the address, in the one form that Metabase's cards and dashboards have several of.

    >>> report_id("https://bi.example.com/question/27-orders?status=open")
    'https://bi.example.com/card/27'
    """
    text = url.strip()
    if (found := _METABASE.fullmatch(text)) is not None:
        return f"{found[1]}/{'card' if found[2] == 'question' else found[2]}/{found[3]}"
    return text.rstrip("/") or text


class Tables:
    """The tables that a source knows, with their columns, found again by the names that SQL has for them."""

    def __init__(self) -> None:
        self._columns: dict[str, dict[str, None]] = {}
        self._complete: set[str] = set()
        self._endings: dict[str, set[str]] = {}

    def add(self, place: Place, columns: Iterable[str] = (), *, complete: bool = False) -> None:
        """Know a table, and these columns of it; ``complete``: it has no others."""
        if place.id not in self._columns:
            names = place.id.rpartition("/")[2].split(".")
            for start in range(len(names)):
                self._endings.setdefault(".".join(names[start:]), set()).add(place.id)
        self._columns.setdefault(place.id, {}).update(dict.fromkeys(place.column(name) for name in columns))
        if complete:
            self._complete.add(place.id)

    def columns(self, id_: str) -> tuple[str, ...]:
        """Its columns as far as they are known, in lower case."""
        return tuple(self._columns.get(id_, ()))

    def complete(self, id_: str) -> bool:
        """Whether all its columns are known."""
        return id_ in self._complete

    def find(self, parts: Sequence[str]) -> str | None:
        """The id of the one known table that these names can mean, the last ones of its own; None if there is none or several."""
        found = self._endings.get(".".join(part.lower() for part in parts), set())
        return next(iter(found)) if len(found) == 1 else None
