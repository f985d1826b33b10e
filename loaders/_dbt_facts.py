"""What a dbt manifest says as facts: tables with their columns, the jobs that make them, what is made from what, who looks at it."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter
from typing import Any

from lineage.facts import Contact, Dataset, DatasetField, Derivation, Finding, Report, System, Team
from loaders._database_tables import Place, Tables, dialect_of, levels_of, report_id, table
from loaders._dbt_artifacts import Artifact, Column, Exposure, Node
from loaders._dbt_meta import declared_upstream
from loaders._sql import Query, read_query
from loaders.base import Said, UnusableError, make

_UNTEMPLATED = ("{{", "{%")


def dataset_facts(
    place: Place, columns: Iterable[Column], position: str, *, record: Any, name: str | None = None, **values: Any
) -> Iterator[Said]:
    """A table and its columns."""
    yield make(Dataset, position, record, id=place.id, name=name, **values)
    for column in columns:
        yield make(
            DatasetField,
            position,
            column.name,
            dataset=place.id,
            name=place.column(column.name),
            type=column.type,
            required=column.required,
            description=column.description,
        )


def owner_facts(owner: tuple[str, str | None], teams: Mapping[str, str], position: str) -> Iterator[Said]:
    """The team that an owner is, with the email to turn to."""
    name, email = owner
    id_ = team_id(owner, teams)
    # A team that the reader's own map knows is described there.
    yield make(Team, position, name, id=id_, name=name if id_ in owner else None)
    if email is not None:
        yield make(Contact, position, email, of_label="Team", of=id_, name=name, email=email, role="owner")


def team_id(owner: tuple[str, str | None], teams: Mapping[str, str]) -> str:
    """What the reader's map calls the owner (setting ``team``), else the email, which other feeds have too, else the name."""
    name, email = owner
    return teams.get(email or "") or teams.get(name) or email or name


class Manifest:
    """The facts of one manifest. ``catalog``: columns by table as the database has them, where a catalog.json was read."""

    def __init__(
        self, artifact: Artifact, catalog: Mapping[str, Sequence[Column]], server: str, teams: Mapping[str, str], dialect: str
    ) -> None:
        self._artifact, self._nodes, self._catalog = artifact, artifact.nodes, catalog
        self._server, self._teams = server, teams
        adapter = artifact.metadata.get("adapter_type")
        self._dialect, self._levels = dialect or dialect_of(adapter), levels_of(adapter)
        self._tables = Tables()
        self._made: dict[str, Query] = {}

    def facts(self) -> Iterator[Said]:
        """All of them, upstream first, because the columns of a ``select *`` are those of the table before it."""
        for node in self._nodes.values():
            if node.place is not None:
                self._tables.add(node.place, (column.name for column in node.columns))
                if (known := self._catalog.get(node.place.id)) is not None:
                    self._tables.add(node.place, (column.name for column in known), complete=True)
        order, cycle = self._order()
        if cycle:
            detail = f"they depend on each other in a circle: {' > '.join(cycle)[:500]}"
            yield Finding(position=self._nodes[cycle[0]].position, finding="cycle", subject=cycle[0], detail=detail)
        yield from self._uncompiled()
        for node in order:
            if node.place is not None:
                yield from self._node(node, node.place)
        for exposure in self._artifact.exposures:
            yield from self._exposure(exposure)

    def _order(self) -> tuple[list[Node], list[str]]:
        """The nodes, each behind those it depends on as far as that goes, and a cycle if there is one."""
        sorter = TopologicalSorter(
            {id_: [one for one in node.depends if one in self._nodes] for id_, node in self._nodes.items()}
        )
        cycle: list[str] = []
        try:
            sorter.prepare()
        except CycleError as error:
            cycle = error.args[1]
        done: dict[str, None] = {}
        while ready := sorter.get_ready():
            done.update(dict.fromkeys(ready))
            sorter.done(*ready)
        done.update(dict.fromkeys(self._nodes))
        return [self._nodes[id_] for id_ in done], cycle

    def _uncompiled(self) -> Iterator[Finding]:
        models = [node for node in self._nodes.values() if node.place is not None and not node.compiled]
        if models:
            detail = (
                f"{len(models)} models have no compiled SQL, so what their columns are made from is not known: run dbt compile"
            )
            yield Finding(position=models[0].position, finding="not-compiled", subject=models[0].id, detail=detail)

    def _upstream(self, ids: Iterable[str]) -> dict[str, Place]:
        """The tables behind these nodes; what stores nothing itself (ephemeral models, metrics) stands for what it depends on."""
        found: dict[str, Place] = {}
        todo, seen = list(ids), set[str]()
        while todo:
            node = self._nodes.get(id_ := todo.pop())
            if node is None or id_ in seen:
                continue
            seen.add(id_)
            if node.place is not None:
                found[node.place.id] = node.place
            else:
                todo += node.depends
        return found

    def _node(self, node: Node, place: Place) -> Iterator[Said]:
        owner = self._artifact.groups.get(node.group or "") or node.owner
        team = team_id(owner, self._teams) if owner else None
        if owner is not None:
            yield from owner_facts(owner, self._teams, node.position)
        query = None
        if node.kind != "source":
            yield make(System, node.position, node.id, id=node.job, name=node.id, kind="job", owner=team)
            query = yield from self._query(node)
        about = {"name": node.id, "description": node.description, "owner": team}
        yield from dataset_facts(place, self._columns(node, place, query), node.position, record=node.id, **about)
        tables = {*self._upstream(node.depends), *(query.tables if query else ())} - {place.id}
        for upstream in sorted(tables):
            yield self._derivation(node, "Dataset", upstream, "Dataset", place.id)
        if query is not None:
            yield from self._fields(node, place, query)
        yield from declared_upstream(node.id, node.position, place, node.columns, node.lineage, node.loader)

    def _query(self, node: Node) -> Generator[Finding, None, Query | None]:
        """The node's SQL as far as it can be read; what it says of its table's columns is known from here on."""
        if node.sql is None or node.place is None:
            return None
        try:
            if node.language != "sql":
                raise UnusableError(f"it is written in {node.language}", "")
            if any(mark in node.sql for mark in _UNTEMPLATED):
                raise UnusableError("its SQL still has macros in it", "")
            query = read_query(node.sql, self._dialect, self._tables, self._find)
        except UnusableError as bad:
            detail = f"{bad}; it is known from which tables it is made, and not from which columns"
            yield Finding(position=node.position, finding="columns-unknown", subject=node.id, detail=detail)
            return None
        if query.unplaced:
            detail = f"the columns {', '.join(sorted(query.unplaced))[:300]} could be of several tables"
            yield Finding(position=node.position, finding="unplaced-columns", subject=node.id, detail=detail)
        if query.stars:
            detail = f"it takes all columns of {', '.join(sorted(query.stars))[:300]}, which are not all known: load catalog.json, too"
            yield Finding(position=node.position, finding="open-star", subject=node.id, detail=detail)
        # A snapshot adds columns of its own (dbt_valid_from, ...), which its SQL does not show.
        self._tables.add(node.place, query.columns, complete=not query.stars and node.kind == "model")
        return query

    def _find(self, names: Sequence[str]) -> str | None:
        known = self._tables.find(names)
        if known is None and len(names) >= self._levels:
            return table(names, self._server).id  # written out in the SQL, without ref() or source()
        return known

    def _columns(self, node: Node, place: Place, query: Query | None) -> Iterator[Column]:
        """All columns that anybody names: the documentation, the database, the SQL."""
        documented = {place.column(column.name): column for column in node.columns}
        stored = {place.column(column.name): column for column in self._catalog.get(place.id, ())}
        for name in dict.fromkeys([*documented, *stored, *(query.columns if query else ())]):
            said, has = documented.get(name, Column(name)), stored.get(name, Column(name))
            yield Column(name, said.type or has.type, said.description or has.description, said.required)

    def _fields(self, node: Node, place: Place, query: Query) -> Iterator[Said]:
        for column, sources in query.columns.items():
            for upstream, name in sorted(sources):
                if upstream != place.id:
                    yield self._derivation(node, "Field", f"{upstream}#{name}", "Field", place.field(column))
        for upstream, name in sorted(query.rows):
            if upstream != place.id:
                yield self._derivation(node, "Field", f"{upstream}#{name}", "Dataset", place.id)

    def _derivation(self, node: Node, from_label: str, start: str, to_label: str, end: str) -> Said:
        ends = {"from_label": from_label, "from": start, "to_label": to_label, "to": end}
        return make(Derivation, node.position, node.id, by=node.job, **ends)

    def _exposure(self, exposure: Exposure) -> Iterator[Said]:
        id_ = report_id(exposure.url) if exposure.url else exposure.id
        team = None
        if exposure.owner is not None:
            team = team_id(exposure.owner, self._teams)
            yield from owner_facts(exposure.owner, self._teams, exposure.position)
        yield make(Report, exposure.position, exposure.id, id=id_, name=exposure.name, url=exposure.url, owner=team)
        for upstream in sorted(self._upstream(exposure.depends)):
            ends = {"from_label": "Dataset", "from": upstream, "to_label": "Report", "to": id_}
            yield make(Derivation, exposure.position, exposure.id, **ends)
