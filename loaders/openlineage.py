"""OpenLineage events from files: jobs, data sets, columns, what is made from what, and how runs ended.

RunEvent, JobEvent and DatasetEvent of version 2-0-2, also as older ones write them, in JSON, JSON arrays and JSON Lines. What an
event becomes is told in ``loaders._openlineage`` and ``loaders._openlineage_facets``; events of one run add up
(``loaders._openlineage_runs``).

Not checked against the JSON Schema: real events miss a zone, an eventType, a schemaURL, and name facets that no schema knows. They
are read, and each kind of what is missing is one finding for a file, with the number of events.

Two servers whose databases have the same name would be taken for one: where two namespaces lead to one table, that is a finding.
"""

from __future__ import annotations

from collections.abc import Iterator

from lineage.facts import Finding, Reject
from loaders._once import once
from loaders._openlineage import Event, OpenLineageSettings, facts_of, read_event
from loaders._openlineage_runs import Runs
from loaders.base import Document, Said, Source, UnusableError, feed, json_values, shown

__all__ = ["read"]


@feed(
    name="openlineage",
    title="OpenLineage events",
    formats="OpenLineage 2-0-2: RunEvent, JobEvent, DatasetEvent; JSON, JSON array, JSON Lines",
    contributes="jobs, data sets, columns and what they are made from; whether runs wrote what they should",
    patterns=("*.json", "*.jsonl", "*.ndjson"),
    authority="observed",
    example="lineage load openlineage events.jsonl --set system.airflow-prod=acme-airflow",
    settings=OpenLineageSettings,
)
def read(source: Source, settings: OpenLineageSettings) -> Iterator[Said]:
    """Every event of the source, and what the events of each run say together."""
    events = _Events(settings)
    yield from once(source.each(events.read))


class _Events:
    """The events of a source. ``_namespaces``: by table, where it was first seen."""

    def __init__(self, settings: OpenLineageSettings) -> None:
        self._settings, self._runs = settings, Runs()
        self._namespaces: dict[str, str] = {}
        self._told: set[tuple[str, str]] = set()

    def read(self, document: Document) -> Iterator[Said]:
        """The events of one file."""
        odd: dict[str, tuple[Finding, int]] = {}
        for value in json_values(document):
            if isinstance(value, Reject):
                yield value
                continue
            position, content = value
            try:
                event = read_event(content, position, self._settings)
            except UnusableError as bad:
                yield Reject(position=position, reason=str(bad), hint=bad.hint, record=shown(content))
                continue
            for one in facts_of(event, self._settings):
                if isinstance(one, Finding):
                    first, count = odd.get(one.finding, (one, 0))
                    odd[one.finding] = first, count + 1
                else:
                    yield one
            yield from self._runs.add(event)
            yield from self._two_servers(event)
        for finding, count in odd.values():
            more = f" (and {count - 1} more events)" if count > 1 else ""
            yield finding.model_copy(update={"detail": f"{finding.detail}{more}"})

    def _two_servers(self, event: Event) -> Iterator[Finding]:
        for data in (*event.inputs, *event.outputs):
            known = self._namespaces.setdefault(data.place.id, data.namespace)
            if known != data.namespace and (known, data.namespace) not in self._told:
                self._told.add((known, data.namespace))
                detail = (
                    f"{known} and {data.namespace} both have it and are taken for one server; if they are two, say so with "
                    f"--set server.{data.namespace}=NAME"
                )
                yield Finding(position=event.position, finding="two-servers", subject=data.place.id, detail=detail)
