"""Handoffs: folded from evidence and written with it, in the same transaction."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any

from lineage.custody import Evidence, State, by_route, fold_handoff, together
from lineage.graph import Row, Transaction, plain
from lineage.handoff import properties
from lineage.times import time_of


def as_evidence(row: dict[str, Any], route: str) -> Evidence:
    """An Evidence node's properties as the fold reads them, placed on the handoff of ``route``."""
    values = {name: plain(row[name]) for name in Evidence._fields if row.get(name) is not None and name != "route"}
    return Evidence(route=route, **{**values, "envelopes": tuple(values.get("envelopes", ()))})


def listed_evidence(route: str, said: Sequence[Any]) -> Evidence:
    """Evidence on the handoff of ``route`` from a list of its properties, as queries give thousands at once.

    ``said``: source, id, type, time in microseconds since 1970, sender, receiver, data set, message, message that it answers,
    envelopes, reporter, code, detail, raw type.
    """
    source, id_, type_, at, sender, receiver, dataset, message, answers, inside, *rest = said
    return Evidence(
        source, id_, type_, route, time_of(at), sender, receiver, dataset, message, answers, tuple(inside or ()), *rest
    )


def evidence_of(tx: Transaction, item_ids: Iterable[str]) -> dict[str, list[Evidence]]:
    """The stored evidence about each item's handoffs."""
    (row,) = tx.run(
        # One row for all, and all properties at once: a row takes the driver, and each property by itself the server, its time.
        """CYPHER 25
        UNWIND $ids AS id
        MATCH (i:Item {id: id})
        RETURN collect([id, COLLECT {
          MATCH (i)<-[:OF]-(h:Handoff)
          RETURN [h.route_id, COLLECT {
            MATCH (h)<-[:ABOUT]-(n:Evidence)
            LET e = properties(n)
            RETURN [
              e.source, e.id, e.type, e.time.epochMillis * 1000 + e.time.microsecond % 1000, e.from_system, e.to_system,
              e.dataset, e.message_id, e.in_reply_to, e.envelopes, e.reporter, e.code, e.detail, e.raw_type
            ]
          }]
        }]) AS found""",
        ids=sorted(item_ids),
    )
    return {id_: [listed_evidence(route, one) for route, said in handoffs for one in said] for id_, handoffs in row["found"]}


def refold_handoffs(tx: Transaction, fresh: dict[str, list[Evidence]], shrunk: Collection[str] = ()) -> None:
    """Fold the items of ``fresh`` anew from what is stored and what is fresh; write the states that this changes, and links.

    ``fresh``: item id to evidence, some of which may be stored on its handoff already. ``shrunk``: items that evidence was
    taken away from; of theirs, handoffs that no evidence speaks of any more are removed: they were a state, not a record.
    """
    stored = evidence_of(tx, {*fresh, *shrunk})
    created: list[Row] = []
    changed: list[Row] = []
    whole: list[Row] = []
    about: list[Row] = []
    for item_id in {**fresh, **dict.fromkeys(shrunk)}:
        known = stored.get(item_id, [])
        there = {(one.route, one.source, one.id) for one in known}
        new = {(one.route, one.source, one.id): one for one in fresh.get(item_id, ())}
        new = {key: one for key, one in new.items() if key not in there}
        about += [{"source": source, "id": id_, "handoff": f"{route}|{item_id}"} for route, source, id_ in new]
        before = by_route(known)
        # The stored evidence tells what the graph shows now; handoffs that no fresh one speaks of are folded once for both.
        alone = {route: fold_handoff(route, seen) for route, seen in before.items()}
        touched = {route: fold_handoff(route, before.get(route, []) + seen) for route, seen in by_route(new.values()).items()}
        states = together(alone | touched)
        if item_id in shrunk:
            whole += [handoff_row(state, item_id) for state in states.values()]
            continue
        shown = together(alone)
        for route, state in states.items():
            if route not in shown:
                created.append(handoff_row(state, item_id))
            elif state != shown[route] and (changes := _changes(shown[route], state, item_id)):
                changed.append({"id": f"{route}|{item_id}", "changes": changes})
    _create(tx, created)
    _change(tx, changed)
    _put(tx, whole)
    tx.run(
        """UNWIND $rows AS row
        MATCH (e:Evidence {source: row.source, id: row.id})
        MATCH (h:Handoff {id: row.handoff})
        CREATE (e)-[:ABOUT]->(h)""",
        rows=about,
    )
    if shrunk:
        tx.run(
            """UNWIND $ids AS id MATCH (i:Item {id: id})<-[:OF]-(h:Handoff)
            WHERE NOT EXISTS { (h)<-[:ABOUT]-(:Evidence) } DETACH DELETE h""",
            ids=sorted(shrunk),
        )


def _changes(before: State, after: State, item_id: str) -> Row:
    """What the node shows otherwise than before; None where it is gone."""
    old, new = handoff_row(before, item_id), handoff_row(after, item_id)
    return {**dict.fromkeys(old.keys() - new.keys()), **{name: value for name, value in new.items() if old.get(name) != value}}


def _create(tx: Transaction, rows: list[Row]) -> None:
    """Handoffs that the graph does not have yet."""
    for label, some in _by_label(rows):
        tx.run(
            f"UNWIND $rows AS row MATCH (i:Item {{id: row.item_id}}) CREATE (h:Handoff:{label}) SET h = row CREATE (h)-[:OF]->(i)",
            rows=some,
        )


def _change(tx: Transaction, rows: list[Row]) -> None:
    """Handoffs that the graph has, as far as they are other than it shows them."""
    tx.run("UNWIND $rows AS row MATCH (h:Handoff {id: row.id}) SET h += row.changes", rows=rows)
    turned = [{"id": row["id"], "secured": row["changes"]["secured"]} for row in rows if "secured" in row["changes"]]
    for label, some in _by_label(turned):
        tx.run(f"UNWIND $rows AS row MATCH (h:Handoff {{id: row.id}}) REMOVE h:Secured:Unsecured SET h:{label}", rows=some)


def _put(tx: Transaction, rows: list[Row]) -> None:
    """Handoffs as they are now, whatever the graph shows of them."""
    for label, some in _by_label(rows):
        tx.run(
            f"""UNWIND $rows AS row MATCH (i:Item {{id: row.item_id}})
            MERGE (h:Handoff {{id: row.id}}) REMOVE h:Secured:Unsecured SET h = row, h:{label}
            MERGE (h)-[:OF]->(i)""",
            rows=some,
        )


def _by_label(rows: list[Row]) -> Iterator[tuple[str, list[Row]]]:
    """Rows by the label that shows in Browser whether the handoff is secured."""
    for label, wanted in (("Secured", True), ("Unsecured", False)):
        if some := [row for row in rows if row["secured"] is wanted]:
            yield label, some


def handoff_row(state: State, item_id: str) -> Row:
    """The properties of a Handoff node, without the absent ones."""
    return {name: value for name, value in properties(state, item_id).items() if value is not None}
