"""Declared facts: what each source says becomes assertions; the nodes are folded anew from those that changed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any

from lineage.assertions import canonical, content_hash, content_of
from lineage.facts import Declared
from lineage.graph import Transaction
from lineage.store import Counts, terms
from lineage.store.downstream import rebuild_downstream
from lineage.store.items import refold_items
from lineage.store.nodes import Word, refold_nodes, write_derivations
from lineage.store.reading import Reading

Subject = tuple[str, str]


def write_declared(tx: Transaction, reading: Reading, facts: Iterable[Declared]) -> Counts:
    """Write declared facts, items and expectations among them; returns how many were new, changed or as before."""
    rows, counts, touched = [], Counts(), set()
    for fact in facts:
        content = content_of(fact)
        reading.name_references(fact, content)
        subject, text = f"{fact.label}:{fact.key}", canonical(content)
        hash_ = content_hash(text)
        rows.append(
            {
                "id": reading.assertion_id(subject, hash_),
                "subject": subject,
                "label": fact.label,
                "key": fact.key,
                "content": text,
                "hash": hash_,
                "position": fact.position,
            }
        )
    unique: dict[str, dict[str, Any]] = {}
    for row in rows:
        if row["id"] in unique or row["id"] in reading.said(row["subject"]):
            counts.unchanged += 1
        else:
            unique[row["id"]] = row
    for row in unique.values():
        reading.say(row["subject"], row["id"])
    if not unique:
        return counts
    existing = _existing(tx, reading, list(unique.values()))
    fresh, reopened, superseded = [], [], []
    disturbed: set[str] = set()
    for row in unique.values():
        mine = existing[row["subject"]]
        older = [a for a in mine if reading.replaces and a["live"] and a["id"] not in reading.said(row["subject"])]
        superseded += [a["id"] for a in older]
        known = next((a for a in mine if a["id"] == row["id"]), None)
        if known is None:
            fresh.append(row)
        elif not known["live"]:
            reopened.append(row["id"])
        if older or known is not None:
            disturbed.add(row["subject"])
        if known is not None and known["live"] and not older:
            counts.unchanged += 1
            continue
        counts.changed += 1 if mine else 0
        counts.created += 0 if mine else 1
        touched.add((row["label"], row["key"]))
    if fresh:
        tx.run(
            """UNWIND $rows AS row
            CREATE (a:Assertion {id: row.id, subject: row.subject, content: row.content, hash: row.hash, position: row.position,
                                 feed: $feed, source: $source, authority: $authority, seen_from: $seen_from})""",
            rows=fresh,
            feed=reading.feed,
            source=reading.source,
            authority=reading.authority,
            seen_from=reading.seen_from,
        )
    if reopened:
        tx.run("UNWIND $ids AS id MATCH (a:Assertion {id: id}) REMOVE a.retired_at", ids=reopened)
    if superseded:
        _close(tx, superseded, reading.at)
    about = ((row["subject"], row["hash"]) for row in fresh if row["subject"] not in disturbed)
    refold(tx, touched, {(subject, reading.feed, reading.source, hash_) for subject, hash_ in about})
    return counts


def _existing(tx: Transaction, reading: Reading, rows: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    found = tx.run(
        """UNWIND $subjects AS subject
        // Planned while there is little, it would go over all that the source says, for each subject.
        MATCH (a:Assertion {subject: subject}) USING INDEX a:Assertion(subject) WHERE a.feed = $feed AND a.source = $source
        RETURN a.subject AS subject, a.id AS id, a.retired_at IS NULL AS live""",
        subjects=sorted({row["subject"] for row in rows}),
        feed=reading.feed,
        source=reading.source,
    )
    by_subject: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in found:
        by_subject[row["subject"]].append(row)
    return by_subject


def _close(tx: Transaction, ids: list[str], at: datetime) -> None:
    tx.run("UNWIND $ids AS id MATCH (a:Assertion {id: id}) SET a.retired_at = $at", ids=ids, at=at)


def vanished(reading: Reading, live: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Those live assertions of the source that this complete read no longer showed."""
    return [row for row in live if row["id"] not in reading.seen.get(row["subject"], ())]


def retire(tx: Transaction, reading: Reading, rows: list[dict[str, Any]]) -> int:
    """Close assertions and fold their nodes anew; a node whose last assertion is closed gets ``valid_to``."""
    _close(tx, [row["id"] for row in rows], reading.at)
    refold(tx, {split(row["subject"]) for row in rows})
    return len(rows)


def split(subject: str) -> Subject:
    """``Label:key`` as (label, key)."""
    label, _, key = subject.partition(":")
    return label, key


def refold(tx: Transaction, touched: set[Subject], fresh: Collection[Word] = ()) -> None:
    """Make nodes and relationships show what their assertions now say. ``fresh``: see ``refold_nodes``."""
    by_label: dict[str, set[str]] = defaultdict(set)
    for label, key in touched:
        by_label[label].add(key)
    expected = {key.split(">")[0] for key in by_label.pop("Expectation", ())}
    item_ids = by_label.pop("Item", set()) | expected
    derivations = by_label.pop("Derivation", set())
    routes: set[str] = set()
    for label in sorted(by_label):
        if label in terms.LABELS:
            terms.refold_terms(tx, label, by_label[label])
            continue
        changed = refold_nodes(tx, label, by_label[label], fresh)
        if label == "Route":
            routes = changed
    if derivations:
        write_derivations(tx, derivations)
    if item_ids:
        refold_items(tx, item_ids)
    rebuild_downstream(tx, routes=routes, derivations=derivations)
