"""The facets of OpenLineage data sets and jobs: columns, what they are made from, other names, owners.

* ``schema``: the fields, nested ones as ``address.city``.
* ``columnLineage`` (1-2-0): a field is made from fields; fields under ``dataset`` decide the whole data set.
* ``lineage`` (1-0-0, of a data set, a job or a run): explicit sources of a data set or of a field. A job as the target of one
  reads the data set, which makes nothing from it.
* ``symlinks``: other names of the same data. Each is made from the other: so what either reaches, the other does, whichever name
  an event uses, and no order of events matters.
* ``ownership``: the first owner that is a team (``team:...``), else the first.

How a field was transformed (IDENTITY, AGGREGATION) has no place in the map and is left out.

Source: OpenLineage, spec/facets/{SchemaDatasetFacet,ColumnLineageDatasetFacet,LineageFacet,SymlinksDatasetFacet,
OwnershipDatasetFacet,OwnershipJobFacet}.json.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from lineage.facts import Dataset, DatasetField, Derivation, System, Team
from loaders._database_tables import Place, place_of
from loaders._shapes import entries, inside, mapping, objects, text
from loaders.base import Said, make

_MAX_NESTED = 20
Servers = Mapping[str, str]


class Owner(NamedTuple):
    """Whose a job or a data set is; ``team`` is None where nobody says."""

    team: str | None
    name: str | None = None

    def facts(self, position: str) -> Iterator[Said]:
        """The team. One that the reader's own map knows is described there."""
        if self.team is not None:
            yield make(Team, position, self.name, id=self.team, name=self.name if self.team == self.name else None)


def owner_of(facet: Any, teams: Mapping[str, str]) -> Owner:
    """The owner by an ownership facet."""
    names = [name for one in objects(inside(facet, "owners")) if (name := text(one.get("name")))]
    if not names:
        return Owner(None)
    name = next((one for one in names if one.startswith("team:")), names[0])
    return Owner(
        teams.get(name) or teams.get(name.removeprefix("team:")) or name.removeprefix("team:"), name.removeprefix("team:")
    )


def dataset_facts(
    dataset: Any, place: Place, position: str, job: str | None, servers: Servers, teams: Mapping[str, str]
) -> Iterator[Said]:
    """A data set as an event describes it."""
    facets = mapping(inside(dataset, "facets"))
    owner = owner_of(facets.get("ownership"), teams)
    yield from owner.facts(position)
    description = text(inside(facets, "documentation", "description"))
    yield make(Dataset, position, place.id, id=place.id, description=description, owner=owner.team)
    fields = list(_fields(inside(facets, "schema", "fields")))
    for name, type_, about in fields:
        column = place.column(name)
        yield make(DatasetField, position, name, dataset=place.id, name=column, type=type_, description=about)
    yield from _column_lineage(facets.get("columnLineage"), place, position, job, servers)
    yield from _explicit(facets.get("lineage"), place, position, job, servers)
    for one in objects(inside(facets, "symlinks", "identifiers")):
        other = _place(one, servers)
        if other is not None and other.id != place.id:
            yield from _same(place, other, (name for name, _, _ in fields), position)


def _fields(value: Any, before: str = "", depth: int = 0) -> Iterator[tuple[str, str | None, str | None]]:
    for one in objects(value) if depth < _MAX_NESTED else ():
        if (name := text(one.get("name"))) is not None:
            yield f"{before}{name}", text(one.get("type")), text(one.get("description"))
            yield from _fields(one.get("fields"), f"{before}{name}.", depth + 1)


def _same(place: Place, other: Place, fields: Iterator[str], position: str) -> Iterator[Said]:
    yield make(Dataset, position, other.id, id=other.id)
    names = list(fields)
    for one, two in ((place, other), (other, place)):
        yield _derivation(position, None, "Dataset", one.id, "Dataset", two.id)
        for name in names:
            yield _derivation(position, None, "Field", one.field(name), "Field", two.field(name))


def _column_lineage(facet: Any, place: Place, position: str, job: str | None, servers: Servers) -> Iterator[Said]:
    for column, entry in entries(inside(facet, "fields")):
        for one in objects(entry.get("inputFields")):
            yield from _from(one, servers, "Field", place.field(column), position, job)
    for one in objects(inside(facet, "dataset")):
        yield from _from(one, servers, "Dataset", place.id, position, job)


def explicit_lineage(facet: Any, position: str, job: str | None, servers: Servers) -> Iterator[Said]:
    """The entries of a job's or a run's lineage facet."""
    for entry in objects(inside(facet, "entries")):
        if entry.get("type") == "DATASET" and (place := _place(entry, servers)) is not None:
            yield make(Dataset, position, place.id, id=place.id)
            yield from _explicit(entry, place, position, job, servers)
        elif entry.get("type") == "JOB":
            yield from _reading_job(entry, position, servers)


def _reading_job(entry: dict[str, Any], position: str, servers: Servers) -> Iterator[Said]:
    namespace, name = text(entry.get("namespace")), text(entry.get("name"))
    if namespace is not None and name is not None:
        yield make(System, position, name, id=f"{namespace.rstrip('/')}/{name}", name=name, kind="job")
    for one in objects(entry.get("inputs")):
        if (place := _place(one, servers)) is not None and one.get("type") != "JOB":
            yield make(Dataset, position, place.id, id=place.id)


def _explicit(facet: Any, place: Place, position: str, job: str | None, servers: Servers) -> Iterator[Said]:
    for one in objects(inside(facet, "inputs")):
        yield from _from(one, servers, "Dataset", place.id, position, job)
    for column, entry in entries(inside(facet, "fields")):
        for one in objects(entry.get("inputs")):
            yield from _from(one, servers, "Field", place.field(column), position, job)


def _from(source: dict[str, Any], servers: Servers, to_label: str, to: str, position: str, job: str | None) -> Iterator[Said]:
    place = _place(source, servers)
    if place is None or source.get("type") == "JOB":
        return
    field = text(source.get("field"))
    start = ("Dataset", place.id) if field is None else ("Field", place.field(field))
    if start != (to_label, to):
        yield _derivation(position, job, *start, to_label, to)


def _derivation(position: str, job: str | None, from_label: str, start: str, to_label: str, end: str) -> Said:
    ends = {"from_label": from_label, "from": start, "to_label": to_label, "to": end}
    return make(Derivation, position, start, by=job, **ends)


def _place(named: dict[str, Any], servers: Servers) -> Place | None:
    namespace, name = text(named.get("namespace")), text(named.get("name"))
    return place_of(namespace, name, servers) if namespace is not None and name is not None else None
