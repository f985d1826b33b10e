"""dbt's artifacts, read raw and piece by piece: what of them is kept, in a form that is the same for all versions.

Not by dbt-artifacts-parser: it refuses real manifests (a v3 with a snapshot) and versions newer than itself, and holds a manifest
several times over. The few keys that lineage needs have kept their meaning from v1 to v12; where they moved, both places are read
(``compiled_sql``, ``config.meta``). Everything else (macros, raw code, docs) is passed over without being held.

Source: https://schemas.getdbt.com/dbt/{manifest/v1..v12, run-results/v1..v6, sources/v1..v3, catalog/v1}.json
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, BinaryIO, NamedTuple

import ijson

from lineage.facts import Finding, Reject
from loaders._database_tables import Place, parts_of, table
from loaders._shapes import entries, listed, mapping, text
from loaders.base import Document, binary, shown
from loaders.formats import one_line

KNOWN = {"manifest": 12, "run-results": 6, "sources": 3, "catalog": 1}
"""The newest version of each artifact that this was tried with."""
_SCHEMA = re.compile(r"/dbt/([a-z-]+)/v(\d+)(?:\.json)?")
_BUILT = {"model", "seed", "snapshot"}
_GRAPH = ("nodes", "sources", "metrics", "semantic_models", "saved_queries")
_WANTED = {*_GRAPH, "metadata", "exposures", "groups", "results"}
_MAX_DEPTH = 200
_BOM = b"\xef\xbb\xbf"
_HINT = "give manifest.json, run_results.json, sources.json or catalog.json from dbt's target/; its YAML is compiled into these"


class Column(NamedTuple):
    """A column as documented; ``required``: a constraint says that it has no nulls."""

    name: str
    type: str | None = None
    description: str | None = None
    required: bool | None = None
    lineage: Any = None


@dataclass(slots=True)
class Node:
    """A node of dbt's graph. ``place`` is None where nothing is stored: ephemeral models, tests, metrics."""

    id: str
    kind: str
    position: str
    place: Place | None
    columns: list[Column]
    depends: list[str]
    sql: str | None
    language: str
    compiled: bool
    description: str | None
    owner: tuple[str, str | None] | None
    group: str | None
    loader: str | None
    lineage: Any

    @property
    def job(self) -> str:
        """The id of the job that makes it: ``dbt:<package>/<name>``, which also a run's result knows."""
        return job_of(self.id)


class Exposure(NamedTuple):
    """Something outside of dbt that uses its tables: a dashboard, a notebook."""

    id: str
    position: str
    name: str | None
    url: str | None
    depends: list[str]
    owner: tuple[str, str | None] | None


@dataclass
class Artifact:
    """What was kept of one file. ``results``: of a run or of a freshness check, with their positions."""

    document: Document
    metadata: dict[str, Any] = field(default_factory=dict)
    nodes: dict[str, Node] = field(default_factory=dict)
    exposures: list[Exposure] = field(default_factory=list)
    groups: dict[str, tuple[str, str | None]] = field(default_factory=dict)
    results: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    catalog: list[tuple[str, Place, list[Column]]] = field(default_factory=list)
    sections: set[str] = field(default_factory=set)

    @property
    def kind(self) -> str | None:
        """manifest, run-results, sources or catalog; None where it is none of these."""
        named = _SCHEMA.search(str(self.metadata.get("dbt_schema_version")))
        if named is not None and named[1] in KNOWN:
            return named[1]
        if self.catalog:
            return "catalog"
        if "results" in self.sections:
            stale = any("max_loaded_at" in result for _, result in self.results)
            return "sources" if stale else "run-results"
        return "manifest" if self.sections & {"nodes", "exposures"} else None


def job_of(unique_id: str) -> str:
    """The job that makes a model, seed or snapshot, or loads a source."""
    _, _, rest = unique_id.partition(".")
    package, _, name = rest.partition(".")
    return f"dbt:{package}/{name}"


def read_artifact(document: Document, server: str) -> Iterator[Reject | Finding | Artifact]:
    """One file: its rejects and findings, then what was kept of it (nothing where it is no artifact)."""
    if (unreadable := binary(document)) is not None:
        yield unreadable
        return
    artifact, broken = Artifact(document), False
    for member in _members(document):
        if isinstance(member, Reject):
            broken = True
            yield member
        else:
            yield from _keep(artifact, member, server)
    kind = artifact.kind
    if kind is None and broken:
        return
    if kind is None:
        reason = "no dbt artifact: it has neither nodes nor results"
        yield Reject(position=document.at("/"), reason=reason, hint=_HINT, record=sorted(artifact.sections)[:20])
        return
    yield from _version(artifact, kind)
    yield artifact


def _version(artifact: Artifact, kind: str) -> Iterator[Finding]:
    said = artifact.metadata.get("dbt_schema_version")
    named = _SCHEMA.search(str(said))
    if named is not None and int(named[2]) <= KNOWN[kind]:
        return
    what = f"{str(said)[:200]} is newer than v{KNOWN[kind]}" if named else f"it does not say its version ({shown(said)!r:.100})"
    detail = f"{what}; what is understood as a {kind} was read"
    yield Finding(
        position=artifact.document.at("/metadata"), finding="unknown-version", subject=artifact.document.name, detail=detail
    )


class _Member(NamedTuple):
    """One entry of a section of the file."""

    section: str
    key: str
    value: Any
    position: str


def _members(document: Document) -> Iterator[_Member | Reject]:
    """The entries of the wanted sections, one at a time: memory does not grow with the file."""
    place = "/"
    with document.open() as stream:
        if stream.read(3) != _BOM:
            stream.seek(0)
        try:
            for found in _walk(stream):
                if found is None:
                    reason = "the top level is no JSON object"
                    yield Reject(position=document.at("/"), reason=reason, hint=_HINT)
                    return
                section, key, value = found
                place = f"/{section}/{key}"
                yield _Member(section, key, value, document.at(place))
        # EOFError and the like: a packed file that breaks off.
        except (ijson.JSONError, ValueError, RecursionError, EOFError, OSError, zlib.error) as error:
            yield Reject(
                position=document.at(f"after {place}" if place != "/" else "/"),
                reason=f"the JSON breaks off here: {one_line(error)}" if place != "/" else f"not JSON: {one_line(error)}",
                hint="let dbt write the file again; the entries before this one were loaded" if place != "/" else _HINT,
            )


def _walk(stream: BinaryIO) -> Iterator[tuple[str, str, Any] | None]:
    """(section, key, value) of the wanted sections; None first and last where the file is no object."""
    depth, section, key, index = 0, "", "", -1
    builder: ijson.ObjectBuilder | None = None
    for event, value in ijson.basic_parse(stream, use_float=True):
        starts, ends = event in {"start_map", "start_array"}, event in {"end_map", "end_array"}
        if depth == 0 and event != "start_map":
            yield None
            return
        if ends:
            depth -= 1
        if depth == 1 and event == "map_key":
            section, index = value, -1
        elif depth == 1 and not ends and section in _WANTED:
            yield section, "", None
        elif depth == 2 and event == "map_key":
            key = value
        elif depth >= 2 and section in _WANTED:
            if depth == 2 and not ends:
                index, builder = index + 1, ijson.ObjectBuilder()
            if builder is not None:
                builder.event(event, value)
                if depth == 2 and not starts:
                    yield section, text(key) or str(index), builder.value
                    builder, key = None, ""
        if starts:
            depth += 1
            if depth > _MAX_DEPTH:
                raise ValueError(f"nested deeper than {_MAX_DEPTH} levels")


def _keep(artifact: Artifact, member: _Member, server: str) -> Iterator[Reject]:
    section, key, value, position = member
    artifact.sections.add(section)
    if key == "":
        return
    if section == "metadata":
        artifact.metadata[key] = text(value)
        return
    if not isinstance(value, dict):
        reason = f"an entry of {section} is no JSON object"
        yield Reject(position=position, reason=reason, hint=_HINT, record=shown(value))
        return
    if section == "results":
        artifact.results.append((position, _result(value)))
    elif section == "groups":
        if (owner := _person(value.get("owner"))) is not None and (name := text(value.get("name"))):
            artifact.groups[name] = owner
    elif section == "exposures":
        artifact.exposures.append(_exposure(key, value, position))
    elif isinstance(value.get("metadata"), dict) and "resource_type" not in value:
        yield from _catalogued(artifact, value, position, server)
    else:
        artifact.nodes[key] = _node(key, value, position, server)


def _catalogued(artifact: Artifact, value: dict[str, Any], position: str, server: str) -> Iterator[Reject]:
    about = value["metadata"]
    names = [text(about.get(name)) for name in ("database", "schema", "name")]
    if names[-1] is None:
        yield Reject(position=position, reason="the table has no name", hint=_HINT, record=shown(about))
        return
    columns = [
        Column(text(one.get("name")) or name, text(one.get("type")), text(one.get("comment")))
        for name, one in entries(value.get("columns"))
    ]
    artifact.catalog.append((position, table(names, server), columns))


def _node(key: str, value: dict[str, Any], position: str, server: str) -> Node:
    kind = text(value.get("resource_type")) or key.partition(".")[0]
    config = mapping(value.get("config"))
    meta = {**mapping(config.get("meta")), **mapping(value.get("meta"))}
    stored = kind == "source" or (kind in _BUILT and config.get("materialized") != "ephemeral")
    sql = value.get("compiled_code") or value.get("compiled_sql")
    owner = meta.get("owner")
    return Node(
        id=key,
        kind=kind,
        position=position,
        place=_place(value, server) if stored else None,
        columns=_columns(value) if stored else [],
        depends=_depends(value),
        sql=sql if isinstance(sql, str) and kind in {"model", "snapshot"} and stored else None,
        language=text(value.get("language")) or "sql",
        compiled=kind not in {"model", "snapshot"} or bool(sql),
        description=text(value.get("description")) or text(value.get("source_description")),
        owner=(owner.strip(), None) if isinstance(owner, str) and owner.strip() else None,
        group=text(value.get("group")) or text(config.get("group")),
        loader=text(value.get("loader")),
        lineage=meta.get("lineage") if stored else None,
    )


def _place(value: dict[str, Any], server: str) -> Place | None:
    """By the name under which SQL knows it, because it has as many parts as the database wants; else by its parts."""
    names = parts_of(text(value.get("relation_name")) or "")
    if not 2 <= len(names) <= 3 or any(not re.fullmatch(r"[^\s()']+", name) for name in names):
        last = value.get("identifier") or value.get("alias") or value.get("name")
        names = [name for one in (value.get("database"), value.get("schema"), last) if (name := text(one))]
    return table(names, server) if names else None


def _columns(value: dict[str, Any]) -> list[Column]:
    keyed = {name for one in listed(value.get("constraints")) if _not_null(one) for name in listed(mapping(one).get("columns"))}
    found = []
    for key, one in entries(value.get("columns")):
        name = text(one.get("name")) or key
        required = name in keyed or any(_not_null(constraint) for constraint in listed(one.get("constraints")))
        meta = {**mapping(mapping(one.get("config")).get("meta")), **mapping(one.get("meta"))}
        type_, description = text(one.get("data_type")), text(one.get("description"))
        found.append(Column(name, type_, description, required or None, meta.get("lineage")))
    return found


def _not_null(constraint: Any) -> bool:
    return mapping(constraint).get("type") in ("not_null", "primary_key")


def _exposure(key: str, value: dict[str, Any], position: str) -> Exposure:
    name = text(value.get("label")) or text(value.get("name"))
    return Exposure(key, position, name, text(value.get("url")), _depends(value), _person(value.get("owner")))


_RESULT = ("unique_id", "status", "message", "relation_name", "max_loaded_at", "error")


def _result(value: dict[str, Any]) -> dict[str, Any]:
    """What is kept of a result: not the SQL, which is most of it."""
    kept = {name: value[name] for name in _RESULT if name in value}
    timing = [mapping(one) for one in listed(value.get("timing"))]
    for name, pick in (("started_at", min), ("completed_at", max)):
        times = [one[name] for one in timing if isinstance(one.get(name), str)]
        if times:
            kept[name] = pick(times)
    return kept


def _depends(value: dict[str, Any]) -> list[str]:
    depends = value.get("depends_on")
    nodes = depends.get("nodes") if isinstance(depends, dict) else depends
    return [one for one in listed(nodes) if isinstance(one, str)]


def _person(value: Any) -> tuple[str, str | None] | None:
    """(name, email) of an owner; the email stands for a name that is missing."""
    owner = mapping(value)
    email = owner.get("email")
    email = text(email[0] if isinstance(email, list) and email else email)
    name = text(owner.get("name")) or email
    return (name, email) if name else None
