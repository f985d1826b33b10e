"""Evidence: each event once, and each reply with the messages that it may answer."""

from __future__ import annotations

import zlib
from array import array
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from lineage.bulk.plan import Merged, Plan, Tally
from lineage.bulk.spill import Record, Spill, spilled
from lineage.bulk.tables import Part, Patch, Table, Tables
from lineage.custody import Evidence
from lineage.wording import Reply, Wording, answered_by, as_fold

EVIDENCE = (
    ":ID(Evidence){id-type:long}", "source", "id", "type", "raw_type", "time:datetime", "offset", "subject", "route", "from_system",
    "to_system", "dataset", "message_id", "in_reply_to", "envelopes:string[]", "reporter", "code", "detail",
    "identifiers:string[]", "position", "hash", "said_by", "unplaced:boolean",
)  # fmt: skip
CONFLICT = (*EVIDENCE, "conflict:boolean", "variant_hashes:string[]", "variants:string[]")
_TRAVELLED = (":START_ID(Evidence){id-type:long}", ":END_ID(Envelope)")
_ENVELOPE = ("id:ID(Envelope)",)
_BITS = 27


class Asked:
    """Which message ids some reply without a handoff of its own answers, as far as a checksum tells: few others pass."""

    def __init__(self, plan: Plan) -> None:
        self._bits = bytearray(1 << (_BITS - 3))
        for path in plan.records("rest").glob("*.asked"):
            checksums = array("I")
            checksums.frombytes(path.read_bytes())
            for checksum in checksums:
                self._bits[(checksum & ((1 << _BITS) - 1)) >> 3] |= 1 << (checksum & 7)

    def __contains__(self, message: str) -> bool:
        checksum = zlib.crc32(message.encode())
        return bool(self._bits[(checksum & ((1 << _BITS) - 1)) >> 3] & 1 << (checksum & 7))


@dataclass
class Written:
    """What a step wrote."""

    tally: Tally = field(default_factory=Tally)
    parts: list[Part] = field(default_factory=list)
    patches: list[Patch] = field(default_factory=list)

    def add(self, other: Written) -> None:
        """Add what another job wrote."""
        self.tally.add(other.tally)
        self.parts += other.parts
        self.patches += other.patches


def write_events(plan: Plan, partitions: list[int], job: str) -> Written:
    """Write each event of these partitions once; send it to its item's handoffs, or to the messages that it may answer."""
    tables, done = Tables(plan.tables, job), Written()
    with plan.spill("items", job) as items, plan.spill("messages", job) as messages:
        writer = _Writer(tables, done.tally, Merged.read(plan), Asked(plan), items, messages)
        for partition in partitions:
            writer.partition(partition, spilled(plan.records("events"), partition))
    done.parts, done.patches = tables.close(), tables.patches
    return done


@dataclass
class _Writer:
    tables: Tables
    tally: Tally
    merged: Merged
    asked: Asked
    items: Spill
    messages: Spill

    def partition(self, partition: int, records: Iterator[Record]) -> None:
        """All events of one partition: whatever has the same source and id is in it."""
        by_key: dict[tuple[str, str], Record | list[Record]] = {}
        for record in records:
            key = (record[1], record[2])
            known = by_key.get(key)
            if known is None:
                by_key[key] = record
            elif isinstance(known, list):
                known.append(record)
            else:
                by_key[key] = [known, record]
        plain, conflict = self.tables.table("nodes", "Evidence", EVIDENCE), None
        node = partition << 40
        for found in by_key.values():
            node += 1
            if isinstance(found, tuple):
                self.tally.taken[found[0]].created += 1
                self._one(node, Wording(*found[1:]), plain)
                continue
            variants = self._variants(found)
            if len(variants) == 1:
                self._one(node, variants[0], plain)
                continue
            conflict = conflict or self.tables.table("nodes", "Evidence", CONFLICT)
            self._one(node, variants[0], conflict, [True, [v.hash for v in variants], [v.text for v in variants]])
            for loser in variants[1:]:
                if loser.item is not None:
                    self.items.put(self.merged(loser.item), ("item", self.merged(loser.item)))

    def _variants(self, records: list[Record]) -> list[Wording]:
        """The wordings of one event, the one that counts first; counted as the store counts them."""
        variants: dict[str, Wording] = {}
        for record in sorted(records, key=lambda r: (r[0], r[-2], r[-1])):
            taken = self.tally.taken[record[0]]
            wording = Wording(*record[1:])
            if wording.hash in variants:
                taken.unchanged += 1
                continue
            taken.created += not variants
            taken.changed += bool(variants)
            if len(variants) == 1:
                self.tally.find(record[0], _conflict(wording))
            variants[wording.hash] = wording
        return [variants[hash_] for hash_ in sorted(variants)]

    def _one(self, node: int, one: Wording, table: Table, more: list[Any] | None = None) -> None:
        key = one.key
        item = None if one.item is None else self.merged(one.item)
        bare = item is None or key is None
        row = self._row(node, one, bare)
        table.write(row + more if more else row)
        for envelope in dict.fromkeys(one.envelopes):
            self.tables.table("relationships", "TRAVELLED_IN", _TRAVELLED).write((node, envelope))
            self.messages.put(envelope, ("envelope", envelope))
        if item is None or key is None:
            if item is not None:
                self.items.put(item, ("item", item))
            answers = one.in_reply_to or ""
            self.messages.put(answers, ("reply", answers, node, item, *one))
            return
        self.items.put(item, ("seen", item, node, key, *_folded(one)))
        for message in (one.message_id, *one.envelopes):
            if message and message in self.asked:
                self.messages.put(message, ("original", message, item, key, one.from_, one.to))

    def _row(self, node: int, one: Wording, bare: bool) -> list[Any]:
        lists = {"envelopes": one.envelopes, "identifiers": one.identifiers}
        if one.envelopes or one.identifiers:
            key = {"source": one.source, "id": one.id}
            lists = self.tables.sayable("Evidence", key, {name: value or None for name, value in lists.items()})
        return [
            node, one.source, one.id, one.type, one.raw_type, one.time, one.offset, one.item, one.route, one.from_,
            one.to, one.dataset, one.message_id, one.in_reply_to, lists.get("envelopes") or None, one.reporter, one.code, one.detail,
            lists.get("identifiers") or None, one.position or None, one.hash, one.said_by, True if bare else None,
        ]  # fmt: skip


def _conflict(wording: Wording) -> dict[str, str]:
    return {
        "finding": "conflict",
        "subject": f"{wording.source} {wording.id}",
        "detail": "the same source and id with other content; the variant with the smallest hash counts",
        "position": wording.position,
    }


def _folded(one: Wording) -> tuple[Any, ...]:
    """What the fold reads of an event: code, detail and the source's own word decide nothing."""
    return (
        one.source, one.id, one.type, one.time, one.from_, one.to, one.dataset, one.message_id, one.in_reply_to, one.envelopes,
        one.reporter,
    )  # fmt: skip


def place_replies(plan: Plan, partitions: list[int], job: str) -> list[Part]:
    """Send each reply without a handoff of its own to those of the messages that it answers; write the envelopes."""
    tables = Tables(plan.tables, job)
    with plan.spill("items", job) as items:
        for partition in partitions:
            originals: dict[str, list[tuple[str, Evidence]]] = defaultdict(list)
            replies, envelopes = [], set()
            for kind, message, *rest in spilled(plan.records("messages"), partition):
                if kind == "envelope":
                    envelopes.add(message)
                elif kind == "reply":
                    replies.append((message, rest))
                else:
                    item, route, from_, to = rest
                    originals[message].append((item, Evidence("", "", "", route, from_system=from_, to_system=to)))
            for envelope in envelopes:
                tables.table("nodes", "Envelope", _ENVELOPE).write((envelope,))
            for message, (node, item, *values) in replies:
                one = Wording(*values)
                reply = Reply(as_fold(one, ""), item, one.route)
                for about, route in answered_by(reply, originals.get(message, ())):
                    items.put(about, ("seen", about, node, route, *_folded(one)))
    return tables.close()
