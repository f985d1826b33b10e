"""Nodes and relationships made to show exactly what the assertions about them say."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection
from typing import Any

from lineage.assertions import Assertion, Effective, fold
from lineage.graph import Transaction, plain
from lineage.model import REFERENCES, Reference

Word = tuple[str, str, str, str]
"""What tells an assertion from others: its subject, feed and source, and the hash of its content."""


def read_assertions(tx: Transaction, subjects: list[str]) -> dict[str, list[Assertion]]:
    """All assertions on these subjects (``Label:key``)."""
    found: dict[str, list[Assertion]] = defaultdict(list)
    rows = tx.run(
        "UNWIND $subjects AS subject MATCH (a:Assertion {subject: subject}) RETURN properties(a) AS a", subjects=subjects
    )
    for row in rows:
        a = row["a"]
        found[a["subject"]].append(
            Assertion(
                authority=a["authority"],
                feed=a["feed"],
                source=a["source"],
                content=json.loads(a["content"]),
                hash=a["hash"],
                seen_from=plain(a.get("seen_from")),
                retired_at=plain(a.get("retired_at")),
            )
        )
    return found


def refold_nodes(tx: Transaction, label: str, keys: set[str], fresh: Collection[Word] = ()) -> set[str]:
    """Fold the nodes of one label anew and write those with their relationships that show something else now; gives these.

    ``fresh``: assertions that were just created and are all that is new of their nodes. Most of them only say once more what is known.
    """
    said = read_assertions(tx, sorted(f"{label}:{key}" for key in keys))
    folded: dict[str, Effective] = {}
    for key in sorted(keys):
        about = said.get(f"{label}:{key}", [])
        folded[key] = fold(label, key, about)
        before = [one for one in about if (f"{label}:{key}", one.feed, one.source, one.hash) not in fresh]
        if 0 < len(before) < len(about) and fold(label, key, before).shows(folded[key]):
            del folded[key]
    if folded:
        write_nodes(tx, label, folded)
        write_all_links(tx, label, folded)
    return set(folded)


def read_folded(tx: Transaction, label: str, keys: set[str]) -> dict[str, Effective]:
    """The effective values of these subjects."""
    said = read_assertions(tx, sorted(f"{label}:{key}" for key in keys))
    return {key: fold(label, key, said.get(f"{label}:{key}", [])) for key in sorted(keys)}


def write_nodes(tx: Transaction, label: str, folded: dict[str, Effective]) -> None:
    """Make each node's properties exactly the effective ones."""
    tx.run(
        f"UNWIND $rows AS row MERGE (n:{label} {{id: row.id}}) SET n = row",
        rows=[{**effective.properties, "id": key} for key, effective in folded.items()],
    )


def write_all_links(tx: Transaction, label: str, folded: dict[str, Effective]) -> None:
    """Make each node's relationships exactly the effective ones, closed ones among them."""
    for reference in (row for row in REFERENCES if row.label == label):
        rows = [
            {
                "id": key,
                "said": effective.said,
                "targets": [
                    {"id": link.target, "valid_from": link.valid_from, "valid_to": link.valid_to}
                    for link in effective.links
                    if link.reference == reference
                ],
            }
            for key, effective in folded.items()
        ]
        write_links(tx, reference, rows)


def write_links(tx: Transaction, reference: Reference, rows: list[dict[str, Any]]) -> None:
    """Make the relationships of one reference row exactly those given, creating ends that nobody declared.

    A node of which one thing only was ever said has no others that would have to go.
    """
    kind = "{kind: $kind}" if reference.kind else ""
    arrow = f"-[r:{reference.type} {kind}]->" if reference.outgoing else f"<-[r:{reference.type} {kind}]-"
    target = reference.target
    if changed := [row for row in rows if row["said"] != 1]:
        tx.run(
            f"""UNWIND $rows AS row MATCH (n:{reference.label} {{id: row.id}}){arrow}(m:{target})
            WHERE NOT m.id IN [t IN row.targets | t.id] DELETE r""",
            rows=changed,
            kind=reference.kind,
        )
    named = [row for row in rows if row["targets"]]
    if named:
        item = ", m.kind = split(t.id, ':')[0]" if target == "Item" else ""
        tx.run(
            f"""UNWIND $rows AS row UNWIND row.targets AS t
            MATCH (n:{reference.label} {{id: row.id}})
            MERGE (m:{target} {{id: t.id}}) ON CREATE SET m.name = t.id, m.declared = false{item}
            MERGE (n){arrow}(m) SET r.valid_from = t.valid_from, r.valid_to = t.valid_to""",
            rows=named,
            kind=reference.kind,
        )


def write_derivations(tx: Transaction, keys: set[str]) -> None:
    """Write FEEDS relationships between datasets, fields and reports; their ends are created where nobody declared them."""
    folded = read_folded(tx, "Derivation", keys)
    groups: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    for effective in folded.values():
        p = effective.properties
        row = {
            "from": _end(p["from_label"], p["from"]),
            "to": _end(p["to_label"], p["to"]),
            "by": p.get("by"),
            "valid_from": p.get("valid_from"),
            "valid_to": p.get("valid_to"),
            "declared": p["declared"],
        }
        groups[p["from_label"], p["to_label"]].append(row)
    for (from_label, to_label), rows in sorted(groups.items()):
        tx.run(
            f"""UNWIND $rows AS row
            MERGE (a:{from_label} {{id: row.from.id}}) ON CREATE SET a += row.from
            MERGE (b:{to_label} {{id: row.to.id}}) ON CREATE SET b += row.to
            MERGE (a)-[f:FEEDS {{kind: 'derivation'}}]->(b)
            SET f.by = row.by, f.valid_from = row.valid_from, f.valid_to = row.valid_to, f.declared = row.declared""",
            rows=rows,
        )
        tx.run(
            f"""UNWIND $rows AS row MATCH (b:{to_label} {{id: row.to.id}})
            MERGE (s:System {{id: row.by}}) ON CREATE SET s.name = row.by, s.declared = false
            MERGE (s)-[f:FEEDS {{kind: 'makes'}}]->(b) SET f.valid_from = row.valid_from, f.valid_to = row.valid_to""",
            rows=[row for row in rows if row["by"]],
        )
        for label, side in ((from_label, "from"), (to_label, "to")):
            if label == "Field":
                tx.run(
                    """UNWIND $rows AS row MATCH (f:Field {id: row.id})
                    MERGE (d:Dataset {id: row.dataset}) ON CREATE SET d.name = row.dataset, d.declared = false
                    MERGE (d)-[:HAS_FIELD]->(f)""",
                    rows=[row[side] for row in rows],
                )
        if from_label == "Field":
            # What one field feeds, an outage of its whole data set reaches as well; as long as any field does.
            tx.run(
                f"""UNWIND $rows AS row MATCH (d:Dataset {{id: row.from.dataset}}) MATCH (b:{to_label} {{id: row.to.id}})
                WITH DISTINCT d, b
                MATCH (d)-[:HAS_FIELD]->(:Field)-[f:FEEDS {{kind: 'derivation'}}]->(b)
                WITH d, b, count(*) AS fields, count(f.valid_from) AS begun, min(f.valid_from) AS first,
                     count(f.valid_to) AS ended, max(f.valid_to) AS last
                MERGE (d)-[e:FEEDS {{kind: 'fields'}}]->(b)
                SET e.valid_from = CASE begun WHEN fields THEN first END, e.valid_to = CASE ended WHEN fields THEN last END""",
                rows=rows,
            )


def _end(label: str, key: str) -> dict[str, Any]:
    return fold(label, key, ()).properties
