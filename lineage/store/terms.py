"""Standings and grants: dated facts about items, folded from their assertions and tied to the items that they name now."""

from __future__ import annotations

from lineage.graph import Transaction
from lineage.store.items import retarget
from lineage.store.nodes import read_folded, write_all_links, write_nodes

LABELS = ("Grant", "Standing")


def refold_terms(tx: Transaction, label: str, keys: set[str]) -> None:
    """Fold the nodes of one of these labels anew and write them with their relationships to items."""
    linked = retarget(tx, read_folded(tx, label, keys))
    write_nodes(tx, label, linked)
    write_all_links(tx, label, linked)
    # Partners by property, as an item's origin: one licensee may hold a million grants.
    sides = ("licensor", "licensee")
    if partners := sorted({e.properties[side] for e in linked.values() for side in sides if side in e.properties}):
        tx.run("UNWIND $ids AS id MERGE (p:Partner {id: id}) ON CREATE SET p.name = id, p.declared = false", ids=partners)
