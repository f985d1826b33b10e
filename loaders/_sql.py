"""From which columns the columns of a query are made, by sqlglot.

A column of the result is made from the columns in its expression, through all subqueries, CTEs and set operations. The columns
that decide *which* rows there are (in conditions, joins, groups; anywhere outside a select list) have no column of the result of
their own: the whole result is made from them. OpenLineage calls these two DIRECT and INDIRECT (ColumnLineageDatasetFacet).

sqlglot is told the columns of those tables only of which all are known: from a part of them it would draw wrong conclusions.
Where ``*`` stands for a table that is known in part, what is known of it is taken.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from loaders._database_tables import Tables
from loaders.base import UnusableError
from loaders.formats import one_line

if TYPE_CHECKING:
    from sqlglot import exp
    from sqlglot.optimizer.scope import Scope

_MAX_CHARACTERS = 1_000_000
_UNDERLINED = re.compile(r"\x1b\[\d*m")
_HINT = "the tables that it reads are known all the same; name the dialect, or give the compiled SQL"

Column = tuple[str, str]
"""A table's id and the name of a column of it, in lower case."""
Find = Callable[[Sequence[str]], str | None]
"""The id of a table by its names in the SQL, outermost first, or None for one that does not count."""


class Query(NamedTuple):
    """What a query reads.

    ``columns``: each column of the result that has a name, with those it is made from. ``rows``: the columns that decide which
    rows there are; ``unnamed``: those in expressions without a name. ``tables``: ids of all tables. ``stars``: those of which
    the result has all columns, and nobody knows them all; ``unplaced``: names of columns that could be of several tables.
    """

    columns: dict[str, frozenset[Column]]
    rows: frozenset[Column]
    unnamed: frozenset[Column]
    tables: frozenset[str]
    stars: frozenset[str]
    unplaced: frozenset[str]

    @property
    def used(self) -> frozenset[Column]:
        """All columns that it reads in any way."""
        return self.rows.union(self.unnamed, *self.columns.values())


def read_query(sql: str, dialect: str, tables: Tables, find: Find) -> Query:
    """Read one query; ``dialect`` as sqlglot calls it. Raises UnusableError for SQL that sqlglot cannot read."""
    if len(sql) > _MAX_CHARACTERS:
        raise UnusableError(f"the SQL has more than {_MAX_CHARACTERS} characters", _HINT)
    try:
        with _quiet():
            return _read(sql, dialect, tables, find)
    except UnusableError:
        raise
    # What an optimizer does with SQL that nobody tried on it, its errors do not tell: KeyError and AttributeError were seen.
    except Exception as error:
        said = _UNDERLINED.sub("", one_line(error))[:200] or type(error).__name__
        raise UnusableError(f"sqlglot cannot read the SQL: {said}", _HINT) from error


@contextmanager
def _quiet() -> Iterator[None]:
    """It logs what it falls back on; here that is an error or does not matter."""
    logger = logging.getLogger("sqlglot")
    before, logger.disabled = logger.disabled, True
    try:
        yield
    finally:
        logger.disabled = before


def _read(sql: str, dialect: str, tables: Tables, find: Find) -> Query:
    import sqlglot
    from sqlglot import exp
    from sqlglot.optimizer.qualify import qualify
    from sqlglot.optimizer.scope import build_scope
    from sqlglot.schema import MappingSchema

    # All names in lower case: how they are quoted, and what a database makes of it, differs between those who say them.
    own = sqlglot.Dialect.get_or_raise(f"{dialect}, normalization_strategy=case_sensitive")
    tree = sqlglot.parse_one(sql, dialect=own)
    if not isinstance(tree, exp.Query):
        raise UnusableError(f"the SQL is no query but {type(tree).__name__.upper()}", _HINT)
    for identifier in tree.find_all(exp.Identifier):
        identifier.set("this", identifier.name.lower())
    ids = _rename(tree, find)
    complete: dict[str, object] = {
        name: dict.fromkeys(tables.columns(id_), "text") for name, id_ in ids.items() if tables.complete(id_)
    }
    schema = MappingSchema(complete, dialect=own, normalize=False)
    tree = qualify(tree, schema=schema, dialect=own, validate_qualify_columns=False, allow_partial_qualification=True)
    root = build_scope(tree)
    if root is None:
        raise UnusableError("the SQL is no query", _HINT)
    return _Tracer(root, schema, own, ids, tables).query()


def _rename(tree: exp.Query, find: Find) -> dict[str, str]:
    """Give each table in the query a name of one part, the same for the same table: {name: id}."""
    from sqlglot import exp
    from sqlglot.optimizer.scope import traverse_scope

    names: dict[str, str] = {}
    seen: set[int] = set()
    for scope in traverse_scope(tree):
        for source in scope.sources.values():
            if not isinstance(source, exp.Table) or not isinstance(source.this, exp.Identifier) or id(source) in seen:
                continue
            seen.add(id(source))
            id_ = find([part.name for part in source.parts])
            if id_ is None:
                continue
            if not source.alias:
                source.set("alias", exp.TableAlias(this=exp.to_identifier(source.name, quoted=True)))
            source.set("this", exp.to_identifier(names.setdefault(id_, f"table{len(names)}"), quoted=True))
            source.set("db", None)
            source.set("catalog", None)
    return {name: id_ for id_, name in names.items()}


class _Tracer:
    """Follows columns of one qualified query to the tables."""

    def __init__(self, root: Scope, schema: Any, dialect: Any, ids: dict[str, str], tables: Tables) -> None:
        self._root, self._schema, self._dialect, self._ids, self._tables = root, schema, dialect, ids, tables
        self._scopes = {id(scope.expression): scope for scope in root.traverse()}
        self._traced: dict[tuple[int, str], frozenset[Column]] = {}
        self._results: dict[int, dict[str, frozenset[Column]]] = {}
        self._stars: set[str] = set()
        self._unplaced: set[str] = set()

    def query(self) -> Query:
        """What the query reads."""
        for scope in self._scopes.values():
            self._assign(scope)
        made = self._made(self._root)
        rows: set[Column] = set()
        for scope in self._scopes.values():
            for column in scope.columns:
                if _decides_rows(column, scope):
                    rows |= self._column(column, scope)
        # sqlglot makes up names for expressions that have none.
        nameless = {name for name in made if name.startswith("_col_")}
        unnamed = frozenset[Column]().union(*(made[name] for name in nameless))
        columns = {name: leaves for name, leaves in made.items() if name not in nameless}
        tables, stars, unplaced = frozenset(self._ids.values()), frozenset(self._stars), frozenset(self._unplaced)
        return Query(columns, frozenset(rows), unnamed, tables, stars, unplaced)

    def _assign(self, scope: Scope) -> None:
        """Give columns that could be of several tables to the one that is known to have them, or may alone have unknown ones."""
        from sqlglot import exp

        for column in scope.columns:
            if column.table:
                continue
            sources = {name: source for name, (_, source) in scope.selected_sources.items()}
            owners = [name for name, source in sources.items() if self._has(source, column.name)]
            owners = owners or [name for name, source in sources.items() if self._may_have_others(source)]
            if len(owners) == 1:
                column.set("table", exp.to_identifier(owners[0], quoted=True))
            elif len(owners) > 1 and column.name not in _names(scope):
                self._unplaced.add(column.name)

    def _has(self, source: exp.Table | Scope, column: str) -> bool:
        from sqlglot import exp

        if isinstance(source, exp.Table):
            return column in self._tables.columns(self._ids.get(source.name, ""))
        return column in _names(source)

    def _may_have_others(self, source: exp.Table | Scope) -> bool:
        from sqlglot import exp

        if isinstance(source, exp.Table):
            return source.name in self._ids and not self._tables.complete(self._ids[source.name])
        return "*" in _names(source)

    def _made(self, scope: Scope) -> dict[str, frozenset[Column]]:
        """The columns of a query's result with what they are made from."""
        from sqlglot import exp

        names = _names(scope)
        if "*" not in names:
            return {name: self._leaves(node) for name, node in self._lineage(scope, None).items()}
        if id(scope) in self._results:  # also a recursive CTE that comes back here
            return self._results[id(scope)]
        made = self._results[id(scope)] = {}

        def add(more: dict[str, frozenset[Column]]) -> None:
            for name, leaves in more.items():
                made[name] = made.get(name, frozenset()) | leaves

        for part in scope.set_operation_scopes:
            add(self._made(part))
        for select in scope.expression.selects if isinstance(scope.expression, exp.Select) else ():
            if not select.is_star:
                add({select.alias_or_name: self._leaves(self._lineage(scope, select.alias_or_name))})
                continue
            star = select if isinstance(select, exp.Star) else select.this
            excluded = {one.name for one in star.args.get("except_") or ()}
            for name, (_, source) in scope.selected_sources.items():
                if isinstance(select, exp.Star) or select.text("table") == name:
                    inner = self._all_of(source)
                    add({column: leaves for column, leaves in inner.items() if column not in excluded})
        return made

    def _all_of(self, source: exp.Table | Scope) -> dict[str, frozenset[Column]]:
        from sqlglot import exp

        if not isinstance(source, exp.Table):
            return self._made(source)
        if source.name not in self._ids:
            return {}
        id_ = self._ids[source.name]
        if not self._tables.complete(id_):
            self._stars.add(id_)
        return {column: frozenset({(id_, column)}) for column in self._tables.columns(id_)}

    def _lineage(self, scope: Scope, column: str | None) -> Any:
        from sqlglot.lineage import lineage

        return lineage(
            column, scope.expression, self._schema, dialect=self._dialect, scope=scope, trim_selects=False, copy=False
        )

    def _column(self, column: exp.Column, scope: Scope) -> frozenset[Column]:
        """What a column that stands somewhere in a scope is made from."""
        around: Scope | None = scope
        while around is not None and column.table not in around.sources:
            around = around.parent  # a correlated subquery
        return self._of_source(around.sources[column.table], column.name) if around is not None else frozenset()

    def _of_source(self, source: exp.Table | Scope, name: str) -> frozenset[Column]:
        """What the column of this name of a table, a CTE or a subquery is made from."""
        from sqlglot import exp

        if isinstance(source, exp.Table):
            return frozenset({(self._ids[source.name], name)}) if source.name in self._ids else frozenset()
        key = id(source), name
        if key not in self._traced:
            self._traced[key] = frozenset()  # a recursive CTE comes back here
            if name in _names(source):
                self._traced[key] = self._leaves(self._lineage(source, name))
            elif "*" in _names(source):
                self._traced[key] = self._behind_star(source, name)
        return self._traced[key]

    def _behind_star(self, scope: Scope, name: str) -> frozenset[Column]:
        """A column that a star brings: of the one table or query that has it, or of the only one that may have others."""
        inner = [source for _, source in scope.selected_sources.values()]
        having = [source for source in inner if self._has(source, name)] or [s for s in inner if self._may_have_others(s)]
        if len(having) == 1:
            return self._of_source(having[0], name)
        return frozenset[Column]().union(*(self._of_source(part, name) for part in scope.set_operation_scopes))

    def _leaves(self, node: Any) -> frozenset[Column]:
        from sqlglot import exp

        found: set[Column] = set()
        for part in node.walk():
            table = part.expression
            if isinstance(table, exp.Star) and (scope := self._scopes.get(id(part.source))) is not None:
                found |= self._of_source(scope, part.name.partition(".")[2] or part.name)
            elif isinstance(table, exp.Table) and table.name in self._ids and (name := _last(part.name)) != "*":
                found.add((self._ids[table.name], name))
        return frozenset(found)


def _last(column: str) -> str:
    """The column's name in ``"table"."column"``; parsing each of these would take a fifth of all time."""
    return (
        column.rpartition('"."')[2].removesuffix('"').replace('""', '"') if column.endswith('"') else column.rpartition(".")[2]
    )


def _names(scope: Scope) -> Sequence[str]:
    """The names of a query's columns, ``*`` for those that are not known."""
    names: Sequence[str] = getattr(scope.expression, "named_selects", ())
    return names


def _decides_rows(column: exp.Column, scope: Scope) -> bool:
    """Whether a column stands outside of select lists, or in a subquery that does."""
    if not _in_select_list(column, scope.expression):
        return True
    return scope.is_subquery and scope.parent is not None and not _in_select_list(scope.expression, scope.parent.expression)


def _in_select_list(part: exp.Expr, select: exp.Expr) -> bool:
    node = part
    while node.parent is not None and node.parent is not select:
        node = node.parent
    return node.arg_key == "expressions" or node.parent is None
