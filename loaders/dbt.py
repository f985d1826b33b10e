"""dbt: tables, columns and what they are made from; dashboards that use them; runs and freshness as evidence.

A table's data set goes by where the table is (``database.schema.identifier``), never by the model's name, so that OpenLineage and
dashboards mean the same one; its name is dbt's unique id, and finds it. What makes it is the job ``dbt:<package>/<name>``.

* Tables are made from the tables of ``depends_on``, and from those that the compiled SQL names beside them; ephemeral models and
  metrics stand for what they depend on. Columns are made from columns as the compiled SQL says (``loaders._sql``); where it cannot
  be read, that is a finding and the tables stay.
* Exposures are reports: by their URL, else by their unique id.
* ``meta.lineage`` names what a source is loaded from (``loaders._dbt_meta``).
* run_results.json and sources.json are evidence (``loaders._dbt_runs``); catalog.json completes columns and types.

All files of one load are read before any is told, because a catalog completes a manifest. Tests and macros are left out.
Measured: a manifest of 48 MB with 5,800 compiled models takes 155 MB of memory and a minute, nearly all of it sqlglot's.
"""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import Field

from loaders._dbt_artifacts import Artifact, Column, read_artifact
from loaders._dbt_facts import Manifest, dataset_facts
from loaders._dbt_runs import freshness_facts, run_facts
from loaders._once import once
from loaders.base import Document, Said, Settings, Source, feed


class DbtSettings(Settings):
    """What the operator's map calls the database, and who is who."""

    warehouse: str = Field(
        default="warehouse", description="the system that is the database: where runs hand their tables over"
    )
    server: str = Field(default="", description="put in front of tables' ids, where two servers have databases of one name")
    dialect: str = Field(default="", description="SQL dialect as sqlglot calls it; else by the manifest's adapter_type")
    team: dict[str, str] = Field(default_factory=dict, description="an owner's name or email: your team's id")


@feed(
    name="dbt",
    title="dbt artifacts",
    formats="manifest.json (v1 to v12), run_results.json, sources.json, catalog.json",
    contributes="tables, columns and what they are made from; jobs, dashboards and their owners; which runs built which table",
    patterns=("*manifest*.json", "*run_results*.json", "sources*.json", "*catalog*.json"),
    authority="contract",
    example="lineage load dbt target/ --set warehouse=acme-warehouse",
    settings=DbtSettings,
)
def read(source: Source, settings: DbtSettings) -> Iterator[Said]:
    """Every artifact of the source; columns that a catalog has complete those of the manifests."""
    artifacts: list[Artifact] = []

    def keep(document: Document) -> Iterator[Said]:
        for one in read_artifact(document, settings.server):
            if isinstance(one, Artifact):
                artifacts.append(one)
            else:
                yield one

    yield from source.each(keep)
    catalog = {place.id: columns for one in artifacts for _, place, columns in one.catalog}
    yield from once(_facts(artifacts, catalog, settings))


def _facts(artifacts: list[Artifact], catalog: dict[str, list[Column]], settings: DbtSettings) -> Iterator[Said]:
    described = {node.place.id for one in artifacts for node in one.nodes.values() if node.place is not None}
    for artifact in artifacts:
        match artifact.kind:
            case "run-results":
                yield from run_facts(artifact, settings.warehouse, settings.server)
            case "sources":
                yield from freshness_facts(artifact, settings.warehouse)
            case "catalog":
                for position, place, columns in artifact.catalog:
                    if place.id not in described:
                        yield from dataset_facts(place, columns, position, record=place.id)
            case _:
                yield from Manifest(artifact, catalog, settings.server, settings.team, settings.dialect).facts()
