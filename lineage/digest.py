"""The digest: one SHA-256 of the graph's content, the same for the same facts in any order of loading.

Every node and relationship is hashed by itself and the hashes are added up, so that nothing must be sorted and memory
stays flat. Left out: run nodes, positions, names of sources and times of loading (validity by read).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any

from lineage.assertions import canonical
from lineage.graph import Graph, plain
from lineage.model import LABELS

_MODULUS = 1 << 256
_BOOKKEEPING = {"Run", "Lineage", "Assertion"}
_LEFT_OUT = {"valid_from", "valid_to", "position"}


def digest(graph: Graph) -> str:
    """SHA-256, as hex. Reads the whole graph once."""
    total = 0
    for row in LABELS:
        if row.name not in _BOOKKEEPING:
            rows = graph.stream(f"MATCH (n:{row.name}) RETURN labels(n) AS labels, properties(n) AS properties")
            total += _sum(_node(one["labels"], one["properties"]) for one in rows)
    # What sources say counts, explicit validity included; which file said it and when it was read does not.
    said = graph.stream(
        """MATCH (a:Assertion) WITH a.subject AS subject, a.authority AS authority, a.hash AS hash,
        min(CASE WHEN a.retired_at IS NULL THEN 0 ELSE 1 END) AS retired
        RETURN subject, authority, hash, retired"""
    )
    total += _sum(canonical(["said", *one.values()]) for one in said)
    links = graph.stream(
        """MATCH (a)-[r]->(b) RETURN labels(a)[0] AS a, coalesce(a.source, '') AS source, a.id AS a_id, type(r) AS type,
        r.kind AS kind, r.scope AS scope, r.by AS by, r.declared AS declared, r.valid_to IS NULL AS open, r.score AS score,
        r.because AS because, b.id AS b_id"""
    )
    total += _sum(canonical(["link", *list(one.values())[1:]]) for one in links)
    return hashlib.sha256((total % _MODULUS).to_bytes(32)).hexdigest()


def _node(labels: list[str], properties: dict[str, Any]) -> str:
    kept = {key: _value(value) for key, value in properties.items() if key not in _LEFT_OUT}
    return canonical(["node", sorted(labels), kept])


def _value(value: Any) -> Any:
    value = plain(value)
    return value.isoformat() if hasattr(value, "isoformat") else value


def _sum(texts: Iterable[str]) -> int:
    return sum(int.from_bytes(hashlib.sha256(text.encode()).digest()) for text in texts) % _MODULUS
