"""Handoffs: folded from evidence and written with it, in the same transaction."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from lineage.custody import Evidence, State, fold_item, properties
from lineage.graph import Transaction, plain

_FIELDS = Evidence._fields


def as_evidence(row: dict[str, Any], route: str) -> Evidence:
    """An Evidence node's properties as the fold reads them, placed on the handoff of ``route``."""
    values = {name: plain(row[name]) for name in _FIELDS if row.get(name) is not None and name != "route"}
    return Evidence(route=route, **{**values, "envelopes": tuple(values.get("envelopes", ()))})


def evidence_of(tx: Transaction, item_ids: Iterable[str]) -> dict[str, list[Evidence]]:
    """The stored evidence about each item's handoffs."""
    found: dict[str, list[Evidence]] = defaultdict(list)
    rows = tx.run(
        """UNWIND $ids AS id MATCH (i:Item {id: id})<-[:OF]-(h:Handoff)<-[:ABOUT]-(e:Evidence)
        RETURN id, h.route_id AS route, properties(e) AS e""",
        ids=sorted(item_ids),
    )
    for row in rows:
        found[row["id"]].append(as_evidence(row["e"], row["route"]))
    return found


def refold_handoffs(tx: Transaction, fresh: dict[str, list[Evidence]], shrunk: Iterable[str] = ()) -> None:
    """Fold the items of ``fresh`` anew from what is stored and what is fresh, and write states and links.

    ``fresh``: item id to evidence that has no ABOUT yet. ``shrunk``: items that evidence was taken away from; of theirs,
    handoffs that no evidence speaks of any more are removed: they were a state, not a record.
    """
    fresh = {**{item_id: [] for item_id in shrunk}, **fresh}
    stored = evidence_of(tx, fresh)
    rows, about = [], []
    for item_id, new in fresh.items():
        states = fold_item([*stored.get(item_id, ()), *new])
        rows += [handoff_row(state, item_id) for state in states.values()]
        about += [{"source": e.source, "id": e.id, "handoff": f"{e.route}|{item_id}"} for e in new]
    tx.run(
        """CYPHER 25 UNWIND $rows AS row
        MATCH (i:Item {id: row.item_id})
        MERGE (h:Handoff {id: row.id})
        REMOVE h:Secured:Unsecured
        SET h = row, h:$(CASE WHEN row.secured THEN 'Secured' ELSE 'Unsecured' END)
        MERGE (h)-[:OF]->(i)""",
        rows=rows,
    )
    tx.run(
        """UNWIND $rows AS row
        MATCH (e:Evidence {source: row.source, id: row.id})
        MATCH (h:Handoff {id: row.handoff})
        MERGE (e)-[:ABOUT]->(h)""",
        rows=about,
    )

    if shrunk:
        tx.run(
            """UNWIND $ids AS id MATCH (i:Item {id: id})<-[:OF]-(h:Handoff)
            WHERE NOT EXISTS { (h)<-[:ABOUT]-(:Evidence) } DETACH DELETE h""",
            ids=sorted(shrunk),
        )


def handoff_row(state: State, item_id: str) -> dict[str, Any]:
    """The properties of a Handoff node, without the absent ones."""
    return {name: value for name, value in properties(state, item_id).items() if value is not None}
