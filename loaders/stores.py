"""Stores of a chain: where they are, whether they may play, are licensed, subscribed and activated, and whether they play.

From tables (CSV, Parquet, JSON) and from answers of Soundtrack's GraphQL API (``loaders._stores_soundtrack``).

A table that has a column for the ``store`` is about stores, each row about one; any of these may be missing::

    store (id), kind (store, zone, location, account), name, part_of (account or location), territory (ISO 3166-1), use (DDEX AVS
    UseType), origin (system of the player or till), partner (that operates it), identifiers, expected_on (routes), by (system)
    eligibility, licence (id), subscription, activation: each with _since and _until
    playing with heard_at: a heartbeat of the player
    activation_sent_at, activation_confirmed_at: evidence on the item activation_id, from system ``sender`` to ``receiver``

A table that has none but a ``licence`` is about licences::

    licence (id), name, licensor, licensee (partners), territories, excluded, uses, models, valid_from, valid_to, withdrawn_at

Columns of other names, templates and constants are mapped as in ``handoffs``; ``word.subscription.laufend=active`` says what a word
means. Times are RFC 3339 or dates: a date that begins something is its start, one that ends something is still part of it. A time
without its word is the positive one (``activation_since``: activated); a negative word with an end and no beginning began then.

A row is read as a whole or not at all. The first of two rows about one store that say different things counts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from loaders._stores_rows import licence_row, store_row
from loaders._stores_said import SaidSoFar, StoreSettings
from loaders._stores_soundtrack import Answers
from loaders._tabular_files import column_names, table_kind
from loaders.base import Document, Reject, Said, Source, UnusableError, csv_rows, feed, json_values, parquet_rows, shown

_NO_STORE = "say with --set column.store=ITS_NAME (or column.licence=ITS_NAME) which column holds the id"


@feed(
    name="stores",
    title="Stores and their licences",
    formats="tables of stores, heartbeats and licences (CSV, Parquet, JSON) with a column mapping; Soundtrack's GraphQL answers",
    contributes="stores, zones and accounts: eligibility, licence, subscription, activation, heartbeats, each with its dates; licences",
    patterns=("*.csv", "*.tsv", "*.parquet", "*.json", "*.jsonl", "*.ndjson"),
    authority="observed",
    example="lineage load stores stores.csv --set column.store=StoreNo --set column.territory=Country",
    settings=StoreSettings,
)
def read(source: Source, settings: StoreSettings) -> Iterator[Said]:
    """Every row and every object of the source; then, what is missing of it."""
    reading = _Reading(settings)
    yield from source.each(reading.document)
    yield from reading.answers.unfinished()
    yield from reading.unmapped()


class _Reading:
    def __init__(self, settings: StoreSettings) -> None:
        self.settings = settings
        self.so_far = SaidSoFar(settings)
        self.answers = Answers(self.so_far)
        self._columns: dict[str, None] = {}
        self._last: Document | None = None

    def document(self, document: Document) -> Iterator[Said]:
        """All that one document says."""
        kind = table_kind(document)
        if kind == "json":
            yield from self._json(document)
            return
        names = column_names(document, kind)
        self._columns |= dict.fromkeys(names or ())
        self._last = document
        if names is not None and (about := self._about(names)) is None:
            found = ", ".join(names)[:300]
            where, what = (document.at("line 1"), "header") if kind == "csv" else (document.at("schema"), "table")
            reason = f"the {what} has no column for a store and none for a licence"
            yield Reject(position=where, reason=reason, hint=f"{_NO_STORE}; there are {found}")
            return
        for row in csv_rows(document) if kind == "csv" else parquet_rows(document):
            yield from (row,) if isinstance(row, Reject) else self._row(row[0], row[1], about)

    def unmapped(self) -> Iterator[Reject]:
        """A reject for columns that the mapping names and no table has: a table of the source may be without them, not all."""
        if self._last is not None and (absent := self.settings.absent(self._columns)):
            yield Reject(
                position=self._last.at("line 1"),
                reason=f"no table of this source has a column {', '.join(which for _, which in absent)}",
                hint=f"correct --set column.{absent[0][0]}; the rows were loaded without it",
            )

    def _about(self, names: Mapping[str, Any] | list[str]) -> str | None:
        there = set(names)
        for what in ("store", "licence"):
            absent = {ours for ours, _ in self.settings.absent(there)}
            if (what in self.settings.column and what not in absent) or (what not in self.settings.column and what in there):
                return what
        return None

    def _json(self, document: Document) -> Iterator[Said]:
        for value in json_values(document):
            if isinstance(value, Reject):
                yield value
                continue
            position, record = value
            if not isinstance(record, dict):
                yield Reject(
                    position=position, reason="not a row: a JSON object is needed", hint=_NO_STORE, record=shown(record)
                )
            elif _is_answer(record) or not self._is_row(record):
                yield from self.answers.read(position, record)
            else:
                yield from self._row(position, record, self._about(record))

    def _is_row(self, record: Mapping[str, Any]) -> bool:
        """Whether a JSON object can only be meant as a row of a table, complete or not."""
        return bool(self.settings.column) or not set(self.settings.attributes).isdisjoint(record)

    def _row(self, position: str, record: Mapping[str, Any], about: str | None) -> Iterator[Said]:
        try:
            read_row = licence_row if about == "licence" else store_row
            yield from read_row(position, self.settings.filled(record), self.so_far)
        except UnusableError as bad:
            yield Reject(position=position, reason=str(bad), hint=bad.hint, record=shown(record))


def _is_answer(record: Mapping[str, Any]) -> bool:
    """GraphQL (October 2021), section 7.1: a response is a map with ``data``, ``errors`` or both."""
    return isinstance(record.get("data"), dict) or isinstance(record.get("errors"), list)
