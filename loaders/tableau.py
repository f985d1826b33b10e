"""Tableau workbooks and data sources: dashboards, and the tables and columns that they read.

Reads .twb and .tds, and both packed (.twbx, .tdsx), by lxml: the Document API (tableaudocumentapi 0.11, last released in 2022)
does not know relations, custom SQL and dependencies of worksheets, which are what lineage needs.

* A dashboard is a report and reads what its worksheets read; a worksheet that is on no dashboard is a report too. A workbook that
  has neither is one itself and reads all that it is connected to. Ids: ``<url>/views/<workbook>/<dashboard>`` with the setting
  ``url``, which dbt's exposures have, too; else ``tableau:<workbook>/<dashboard>``.
* A column that a worksheet depends on is followed through calculations and custom SQL to the table's column.
* A published data source is the data set ``tableau:<its name on the server>``, made from its tables: its .tds says from which.

Who owns a workbook, its file does not say.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from pydantic import Field

from lineage.facts import Dataset, DatasetField, Derivation, Finding, Report
from loaders._database_tables import Place
from loaders._once import once
from loaders._tableau_sources import DataSource, location, sources_of
from loaders.base import Document, Reject, Said, Settings, Source, feed, make, parse_xml

if TYPE_CHECKING:
    from lxml.etree import _Element

_NOT_IN_URLS = re.compile(r"[^\w-]")
Reads = dict[str, set[str]]
"""Name of a data source to the columns of it."""


class TableauSettings(Settings):
    """Where the server is, and which databases' names need one in front."""

    url: str = Field(default="", description="the server's address with its site, as in https://bi.example.com/#/site/acme")
    server: dict[str, str] = Field(
        default_factory=dict, description="a database server's host: put in front of its tables' ids (see the feed dbt)"
    )


@feed(
    name="tableau",
    title="Tableau",
    formats="workbooks and data sources: .twb, .tds; packed: .twbx, .tdsx",
    contributes="dashboards and worksheets, the tables and columns that they read, published data sources",
    patterns=("*.twb", "*.tds"),
    authority="observed",
    example="lineage load tableau workbook.twb",
    settings=TableauSettings,
)
def read(source: Source, settings: TableauSettings) -> Iterator[Said]:
    """Every workbook and data source of the source."""
    yield from once(source.each(lambda document: _read_document(document, settings)))


def _read_document(document: Document, settings: TableauSettings) -> Iterator[Said]:
    faults: list[Reject] = []
    root = parse_xml(document, faults)
    if isinstance(root, Reject):
        yield root
        return
    yield from faults
    if root.tag not in {"workbook", "datasource"}:
        yield Reject(
            position=document.at("line 1"),
            reason=f"neither a workbook nor a data source of Tableau: the root element is <{str(root.tag)[:80]}>",
            hint="give .twb, .tds, .twbx or .tdsx files",
        )
        return
    sources = {one.name: one for one in sources_of(root, settings.server)}
    stem = PurePosixPath(document.name.rpartition("!")[2]).stem
    name = location(root) or stem
    for one in sources.values():
        for unread in one.unread:
            yield Finding(position=document.at("/"), finding="columns-unknown", subject=f"tableau:{name}", detail=unread)
    if root.tag == "datasource":
        for one in sources.values():
            yield from _published(one, name, document.at("/"))
    else:
        yield from _workbook(root, name, sources, document, settings.url.rstrip("/"))


def _published(source: DataSource, name: str, position: str) -> Iterator[Said]:
    place = Place(f"tableau:{name}", table=False)
    yield make(Dataset, position, name, id=place.id, name=source.caption)
    for upstream in sorted(source.datasets() - {place.id}):
        yield _derivation(position, "Dataset", upstream, "Dataset", place.id)
    for column, known in source.columns.items():
        yield make(DatasetField, position, column, dataset=place.id, name=column, type=known.type)
    for column in source.formulas.keys() - source.columns.keys():
        yield make(DatasetField, position, column, dataset=place.id, name=column)
    for column in {**source.columns, **source.formulas}:
        for upstream in sorted(source.fields(column)):
            yield _derivation(position, "Field", upstream, "Field", place.field(column))


def _workbook(root: _Element, name: str, sources: dict[str, DataSource], document: Document, base: str) -> Iterator[Said]:
    sheets = {sheet.get("name") or "": _depends(sheet) for sheet in root.findall("worksheets/worksheet")}
    shown: set[str] = set()
    reports: dict[str, list[Reads]] = {}
    for dashboard in root.findall("dashboards/dashboard"):
        names = {zone.get("name") or "" for zone in dashboard.iter("zone")} & sheets.keys()
        shown |= names
        reports[dashboard.get("name") or "dashboard"] = [sheets[one] for one in sorted(names)]
    reports |= {sheet: [reads] for sheet, reads in sheets.items() if sheet not in shown and sheet not in reports}
    views = f"{base}/views" if base else "tableau:"
    if not reports:
        every = {one.name: set[str]() for one in sources.values()}
        id_ = f"{views}/{name}" if base else f"{views}{name}"
        yield from _report(id_, name, [every], sources, document.at("/"))
    for report, reads in reports.items():
        position = document.at(f"/workbook//*[@name='{report}']")
        id_ = f"{views}/{name}/{_NOT_IN_URLS.sub('', report)}" if base else f"{views}{name}/{report}"
        yield from _report(id_, report, reads, sources, position)


def _depends(sheet: _Element) -> Reads:
    """What a worksheet reads: the columns it depends on, and data sources of which it says no more than that."""
    reads: Reads = {one.get("name") or "": set() for one in sheet.iterfind(".//view/datasources/datasource")}
    for dependencies in sheet.iter("datasource-dependencies"):
        columns = reads.setdefault(dependencies.get("datasource") or "", set())
        for one in (*dependencies.iter("column"), *dependencies.iter("column-instance")):
            columns.add((one.get("name" if one.tag == "column" else "column") or "").strip("[]"))
    return reads


def _report(id_: str, name: str, reads: Iterable[Reads], sources: dict[str, DataSource], position: str) -> Iterator[Said]:
    yield make(Report, position, name, id=id_, name=name, url=id_ if "://" in id_ else None)
    for one in reads:
        for source, columns in one.items():
            if source not in sources:
                continue
            for upstream in sorted(sources[source].datasets()):
                yield _derivation(position, "Dataset", upstream, "Report", id_)
            for upstream in sorted({field for column in columns for field in sources[source].fields(column)}):
                yield _derivation(position, "Field", upstream, "Report", id_)


def _derivation(position: str, from_label: str, start: str, to_label: str, end: str) -> Said:
    ends = {"from_label": from_label, "from": start, "to_label": to_label, "to": end}
    return make(Derivation, position, start, **ends)
