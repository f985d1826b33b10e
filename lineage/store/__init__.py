"""Writing: facts in, graph out. Stored are assertions and evidence; nodes, relationships and states are folds of them.

Writers take turns: each transaction first locks the database's marker node, so that two loaders at once see each other's
finished work and neither loses nor doubles anything.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from lineage.graph import Transaction


def take_turn(tx: Transaction) -> None:
    """Lock the graph for writing until this transaction ends."""
    tx.run("MATCH (l:Lineage {id: 'graph'}) SET l.turn = coalesce(l.turn, 0) + 1")


@dataclass
class Counts:
    """What a batch did, by facts: new to the graph, other than before, or already so."""

    created: int = 0
    changed: int = 0
    unchanged: int = 0
    findings: list[dict[str, str]] = field(default_factory=list)

    def add(self, other: Counts) -> None:
        """Add another batch's counts to these."""
        self.created += other.created
        self.changed += other.changed
        self.unchanged += other.unchanged
        self.findings += other.findings
