"""Declared items: what sources say of them as assertions, and the nodes folded from these."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from lineage.assertions import Assertion, Effective
from lineage.bulk.plan import Merged, Plan, Tally
from lineage.bulk.spill import Record, Spill, spilled
from lineage.bulk.tables import Part, Patch, Tables
from lineage.matching import KIND
from lineage.model import KIND_LABELS
from lineage.store.items import fold_declared, retargeted
from lineage.store.reading import Reading

TOGETHER = "declared-together"
"""Where facts about items go that are one by their identifiers: these may stand in any partition."""
_ASSERTION = ("id:ID(Assertion)", "subject", "feed", "source", "authority", "content", "hash", "position")
_ENDS = (":START_ID(Item)", ":END_ID(Item)")
_VALID = ("valid_from:datetime", "valid_to:datetime")


def labels_of(kind: str) -> str:
    """The labels of an item of this kind, as the importer takes them."""
    also = KIND_LABELS.get(kind)
    return f"Item:{also}" if also else "Item"


@dataclass
class Declared:
    """What folding declared items gave: tables, systems named as origins, and items that may match others."""

    tally: Tally = field(default_factory=Tally)
    parts: list[Part] = field(default_factory=list)
    patches: list[Patch] = field(default_factory=list)
    origins: set[str] = field(default_factory=set)
    matching: list[str] = field(default_factory=list)

    def add(self, other: Declared) -> None:
        """Add what another job gave."""
        self.tally.add(other.tally)
        self.parts += other.parts
        self.patches += other.patches
        self.origins |= other.origins
        self.matching += other.matching


def write_items(plan: Plan, partitions: list[int], job: str) -> Declared:
    """Fold the declared items of these partitions; those that are merged with others are set aside for ``write_together``."""
    with plan.spill(TOGETHER, job) as together:
        return _write(plan, [spilled(plan.records("declared"), partition) for partition in partitions], job, together)


def write_together(plan: Plan, job: str) -> Declared:
    """Fold the items that were set aside."""
    return _write(plan, [spilled(plan.records(TOGETHER), 0)], job, None)


def _write(plan: Plan, groups: list[Iterable[Record]], job: str, together: Spill | None) -> Declared:
    merged, tables, done = Merged.read(plan), Tables(plan.tables, job), Declared()
    readings = [Reading(*about, at=datetime.now(UTC), seen_from=None) for about in plan.sources]
    with plan.spill("items", job) as items:
        writer = _Writer(plan, tables, readings, merged, items, done)
        for records in groups:
            of_item: dict[str, list[Record]] = defaultdict(list)
            for record in records:
                if together is not None and record[0] in merged.names:
                    together.put_into(0, record)
                else:
                    of_item[merged(record[0])].append(record)
            for name, said in of_item.items():
                writer.item(name, said)
    done.parts, done.patches = tables.close(), tables.patches
    return done


@dataclass
class _Writer:
    plan: Plan
    tables: Tables
    readings: list[Reading]
    merged: Merged
    items: Spill
    done: Declared

    def item(self, name: str, records: list[Record]) -> None:
        """One item, from all that is said of it under all its ids."""
        said: list[Assertion] = []
        expected_on: set[str] = set()
        for record in self._once(records):
            item, place, _, label, key, text, hash_, _ = record
            self._assertion(record)
            if label == "Expectation":
                expected_on.add(key[len(item) + 1 :])
            else:
                about = self.plan.sources[place]
                said.append(Assertion(about.authority, about.feed, about.source, json.loads(text), hash_))
        folded = fold_declared(name, said, expected_on)
        values = folded.properties
        self.tables.node(labels_of(values["kind"]), "Item", values)
        self.items.put(name, ("declared", name))
        if "origin" in values:
            self.done.origins.add(values["origin"])
        self._links(name, folded)
        if values["kind"] == KIND and "published_at" in values and values.get("part_of"):
            self.done.matching.append(name)

    def _once(self, records: list[Record]) -> Iterable[Record]:
        """Each source's every wording once, counted as the store counts it."""
        seen: set[tuple[int, str, str]] = set()
        subjects: set[tuple[int, str, str]] = set()
        for record in sorted(records, key=lambda r: (r[1], r[7] or "", r[2])):
            _, place, _, label, key, _, hash_, _ = record
            taken = self.done.tally.taken[place]
            if (place, f"{label}:{key}", hash_) in seen:
                taken.unchanged += 1
                continue
            taken.created += (place, label, key) not in subjects
            taken.changed += (place, label, key) in subjects
            subjects.add((place, label, key))
            seen.add((place, f"{label}:{key}", hash_))
            yield record

    def _assertion(self, record: Record) -> None:
        _, place, _, label, key, text, hash_, position = record
        subject, (feed, source, authority) = f"{label}:{key}", self.plan.sources[place]
        id_ = self.readings[place].assertion_id(subject, hash_)
        row = (id_, subject, feed, source, authority, text, hash_, position)
        self.tables.table("nodes", "Assertion", _ASSERTION).write(row)

    def _links(self, name: str, folded: Effective) -> None:
        targets = {link.target: self.merged(link.target) for link in folded.links}
        for target in targets.values():
            self.items.put(target, ("item", target))
        for link in retargeted(name, folded.links, targets):
            row: list[Any] = [name, link.target, link.valid_from, link.valid_to]
            kind = link.reference.kind
            columns = (*_ENDS, *_VALID, *(("kind",) if kind else ()))
            self.tables.table("relationships", link.reference.type, columns).write([*row, kind] if kind else row)
