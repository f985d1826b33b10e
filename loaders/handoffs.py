"""Handoff events: CloudEvents 1.0 (JSON Lines, batch array, one object), and any table: CSV, Parquet, JSON Lines.

An event says that something was seen at one end of a route. The CloudEvents attributes (CloudEvents 1.0, section
"Context Attributes") carry its identity, type, time and subject; ``data`` carries the route and the rest::

    {"specversion":"1.0", "id":"e-1", "source":"urn:lineage:system:acme-cms", "type":"lineage.handoff.sent.v1",
     "time":"2026-11-01T06:00:00Z", "subject":"episode:acme-42",
     "data":{"route":"cms-to-host", "message_id":"m-1", "envelopes":["batch-7"], "identifiers":["rss:guid:abc"]}}

In a table all of them are columns; ``type`` may be the bare word (``sent``), and lists are separated by ``|`` or space, or
are JSON lists. Columns may stand in the names of folders (``day=2026-03-01/part-0.parquet``). Columns of other names, constants, words
and times are mapped by the settings (``loaders._mapping``), so that a support team's own log is read without code; a row without
id is identified by its content.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lineage.facts import HandoffEvent
from loaders._events import event_fact
from loaders._mapping import TableSettings
from loaders._tabular_files import column_names, partition_of, table_kind
from loaders.base import (
    Document,
    Reject,
    Said,
    Source,
    UnusableError,
    csv_rows,
    feed,
    json_values,
    parquet_rows,
    shown,
)


@feed(
    name="handoffs",
    title="Handoff events",
    formats="CloudEvents 1.0 (JSON Lines, batch, single event); any CSV, Parquet or JSON Lines with a column mapping",
    contributes="evidence: what was queued, sent, picked up, received, accepted, rejected, published, where and when",
    patterns=("*.jsonl", "*.ndjson", "*.json", "*.csv", "*.tsv", "*.parquet"),
    authority="observed",
    example="lineage load handoffs events.jsonl",
    settings=TableSettings,
    apart=True,
)
def read(source: Source, settings: TableSettings) -> Iterator[Said]:
    """Every event or row of the source as a HandoffEvent."""
    yield from source.each(lambda document: _read_document(document, settings))


def _read_document(document: Document, settings: TableSettings) -> Iterator[Said]:
    kind = table_kind(document)
    partition = partition_of(document)
    if kind == "json":
        yield from _read_json(document, settings, partition)
        return
    if (names := column_names(document, kind)) is not None and (missing := settings.missing([*names, *partition])):
        ours = missing[0][0]
        yield Reject(
            position=document.at("line 1" if kind == "csv" else "schema"),
            reason=f"the {'header' if kind == 'csv' else 'table'} has no column {', '.join(what for _, what in missing)}",
            hint=f"say with --set column.{ours}=ITS_NAME which column it is, or with --set constant.{ours}=VALUE what it "
            f"always is; the file has {', '.join(names)[:300]}",
        )
        return
    for row in csv_rows(document) if kind == "csv" else parquet_rows(document):
        yield row if isinstance(row, Reject) else _row(row[0], partition | row[1], settings)


def _read_json(document: Document, settings: TableSettings, partition: dict[str, str | None]) -> Iterator[Said]:
    for value in json_values(document):
        if isinstance(value, Reject):
            yield value
        elif settings.mapped and isinstance(value[1], dict) and "specversion" not in value[1]:
            yield _row(value[0], partition | value[1], settings)
        else:
            yield _event(*value)


def _row(position: str, record: dict[str, Any], settings: TableSettings) -> HandoffEvent | Reject:
    try:
        return event_fact(position, settings.event(record), record)
    except UnusableError as bad:
        return Reject(position=position, reason=str(bad), hint=bad.hint, record=shown(record))


def _event(position: str, event: Any) -> HandoffEvent | Reject:
    try:
        if not isinstance(event, dict):
            raise UnusableError("not an event: a JSON object is needed", "write each event as one CloudEvents object")
        version = event.get("specversion")
        if not isinstance(version, str) or not version.startswith("1."):
            raise UnusableError(
                "specversion is missing" if version is None else f"specversion {version!r:.40} is not CloudEvents 1.x",
                'send CloudEvents 1.0 ("specversion": "1.0"), or say with --set column.OURS=THEIRS how to read a table of your own',
            )
        return event_fact(position, event, event)
    except UnusableError as bad:
        return Reject(position=position, reason=str(bad), hint=bad.hint, record=shown(event))
