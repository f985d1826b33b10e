"""Handoffs: folded item by item from the evidence about it; and the items that nobody declared."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from typing import Any

from lineage.assertions import placeholder
from lineage.bulk.events import Written
from lineage.bulk.items import labels_of
from lineage.bulk.plan import Plan
from lineage.bulk.spill import Record, spilled
from lineage.bulk.tables import LIST_DELIMITER, Table, Tables
from lineage.custody import Evidence, State, fold_item
from lineage.handoff import properties

_TEXTS = (
    "id", "route_id", "item_id", "from_system", "to_system", "dataset", "secured_by", "transport", "acknowledgement", "processing",
    "summary", "awaiting",
)  # fmt: skip
_TIMES = (
    "secured_at", "first_at", "last_at", "queued_at", "sent_at", "picked_up_at", "received_at", "acknowledged_at", "rejected_at",
    "failed_at", "processing_failed_at", "published_at", "pending_since", "awaiting_at", "settled_at",
)  # fmt: skip
_COLUMNS = {
    **dict.fromkeys(_TEXTS, ""),
    **dict.fromkeys(_TIMES, "datetime"),
    **dict.fromkeys(("secured", "secured_undated", "pending_undated", "undated"), "boolean"),
    **dict.fromkeys(("attempts", "unsettled"), "long"),
    **dict.fromkeys(("reporters", "confirmed_by"), "string[]"),
}
_HANDOFF = (":ID(Handoff){id-type:long}", *(f"{name}:{type_}" if type_ else name for name, type_ in _COLUMNS.items()))
_OF = (":START_ID(Handoff){id-type:long}", ":END_ID(Item)")
_ABOUT = (":START_ID(Evidence){id-type:long}", ":END_ID(Handoff){id-type:long}")
_ITEM = ("id:ID(Item)", "kind", "name", "declared:boolean")
_VERSION = (":START_ID(Item)", ":END_ID(Item)", "kind")


def write_handoffs(plan: Plan, partitions: list[int], job: str) -> Written:
    """Fold the items of these partitions."""
    tables, done = Tables(plan.tables, job), Written()
    writer = _Writer(tables)
    for partition in partitions:
        writer.partition(partition, plan)
    done.parts, done.patches = tables.close(), tables.patches
    return done


class _Writer:
    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._of = tables.table("relationships", "OF", _OF)
        self._about = tables.table("relationships", "ABOUT", _ABOUT)
        self._handoffs: dict[bool, Table] = {
            True: tables.table("nodes", "Handoff:Secured", _HANDOFF),
            False: tables.table("nodes", "Handoff:Unsecured", _HANDOFF),
        }

    def partition(self, partition: int, plan: Plan) -> None:
        """All items of one partition."""
        seen: dict[str, list[Record]] = defaultdict(list)
        declared, versions = set(), set()
        for record in spilled(plan.records("items"), partition):
            kind, item = record[0], record[1]
            if kind == "seen":
                seen[item].append(record)
                continue
            seen.setdefault(item, [])
            if kind == "declared":
                declared.add(item)
            elif kind == "version":
                versions.add((item, record[2]))
        node = partition << 40
        for item, records in seen.items():
            if item not in declared:
                self._item(item)
            node = self._fold(node, item, records)
        for item, work in versions:
            self._tables.table("relationships", "VERSION_OF", _VERSION).write((item, work, "identifier"))

    def _item(self, item: str) -> None:
        row = placeholder("Item", item)
        self._tables.table("nodes", labels_of(row["kind"]), _ITEM).write((item, row["kind"], row["name"], row["declared"]))

    def _fold(self, node: int, item: str, records: list[Record]) -> int:
        evidence = [_evidence(record) for record in records]
        states = fold_item(evidence)
        # A state's times are those of its evidence, the very objects: writing them out anew would cost more than folding.
        texts = {id(seen.time): record[7] for seen, record in zip(evidence, records, strict=True) if seen.time}
        nodes = {}
        for route, state in states.items():
            node += 1
            nodes[route] = node
            self._handoff(node, state, item, texts)
            self._of.write((node, item))
        for record in records:
            self._about.write((record[2], nodes[record[3]]))
        return node

    def _handoff(self, node: int, state: State, item: str, texts: dict[int, str]) -> None:
        row = properties(state, item)
        for name in ("reporters", "confirmed_by"):
            if row[name] and any(LIST_DELIMITER in one for one in row[name]):
                row |= {name: self._tables.sayable("Handoff", {"id": row["id"]}, {name: row[name]}).get(name)}
        for name in _TIMES:
            if time := row.get(name):
                row[name] = texts.get(id(time), time)
        self._handoffs[state.secured].write([node, *map(row.get, _COLUMNS)])


def _evidence(record: Record) -> Evidence:
    _, _, _, route, source, id_, type_, time, from_, to, dataset, message_id, in_reply_to, envelopes, reporter = record
    when: Any = datetime.fromisoformat(time) if time else None
    return Evidence(source, id_, type_, route, when, from_, to, dataset, message_id, in_reply_to, envelopes, reporter)
