"""Items and their names: items of one kind that share a version identifier become one, in any order of arrival."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import replace
from typing import Any

from lineage.assertions import Assertion, Effective, Link, fold, placeholder
from lineage.custody import Evidence
from lineage.graph import Transaction
from lineage.identity import Merger, kind_of, scheme_of, scope_for, work_id
from lineage.matching import KIND, SCHEMES
from lineage.model import KIND_LABELS
from lineage.store import Counts
from lineage.store.handoffs import evidence_of, refold_handoffs
from lineage.store.matching import matching_values, rematch
from lineage.store.nodes import read_assertions, write_all_links

Pair = tuple[str, str]
_MOVED = (
    ("(x)-[r:IDENTIFIES]->(l)", "(x)-[n:IDENTIFIES {scope: r.scope}]->(c)"),
    ("(x)-[r:PART_OF]->(l)", "(x)-[n:PART_OF]->(c)"),
    ("(x)-[r:VERSION_OF]->(l)", "(x)-[n:VERSION_OF {kind: r.kind}]->(c)"),
    ("(x)<-[r:VERSION_OF]-(l)", "(x)<-[n:VERSION_OF {kind: r.kind}]-(c)"),
    ("(x)-[r:HOLDS_FOR]->(l)", "(x)-[n:HOLDS_FOR]->(c)"),
    ("(x)-[r:TERM_OF]->(l)", "(x)-[n:TERM_OF]->(c)"),
    ("(x)-[r:COVERS]->(l)", "(x)-[n:COVERS]->(c)"),
)


def resolve(tx: Transaction, ids: Iterable[str]) -> dict[str, str]:
    """Each given item id with the id of the item that it names now (its own, unless it was merged)."""
    given = sorted(set(ids))
    merged = tx.run(
        "UNWIND $ids AS id MATCH (:Identifier {id: id})-[:IDENTIFIES {scope: 'merged'}]->(i:Item) RETURN id, i.id AS item",
        ids=given,
    )
    return {**{item: item for item in given}, **{row["id"]: row["item"] for row in merged}}


def identify(tx: Transaction, ids: Iterable[str], pairs: Iterable[Pair]) -> dict[str, str]:
    """Create the items, record their identifiers, merge what the identifiers make one.

    ``pairs``: (item id, identifier). Returns each given item id with the id of the item it names after that.
    """
    said = sorted(set(pairs))
    now = resolve(tx, [*ids, *(item for item, _ in said)])
    merger = Merger()
    versions = [(now[item], identifier) for item, identifier in said if scope_for(identifier, item) == "version"]
    if versions:
        held = tx.run(
            """UNWIND $ids AS id MATCH (:Identifier {id: id})-[:IDENTIFIES {scope: 'version'}]->(i:Item)
            RETURN id, i.id AS item""",
            ids=sorted({identifier for _, identifier in versions}),
        )
        holders: dict[Pair, list[str]] = defaultdict(list)
        for item, identifier in [*versions, *((row["item"], row["id"]) for row in held)]:
            holders[identifier, kind_of(item)].append(item)
        for group in holders.values():
            merger.union(group)
    groups: dict[str, set[str]] = defaultdict(set)
    for item in set(now.values()) | {i for g in (holders.values() if versions else ()) for i in g}:
        groups[merger.find(item)].add(item)
    _create(tx, groups)
    merges = {name: members - {name} for name, members in groups.items() if len(members) > 1}
    if merges:
        _merge(tx, merges)
    now = {item: merger.find(current) for item, current in now.items()}
    _name(tx, now, said)
    rematch(tx, {*merges, *(now[item] for item, name in said if kind_of(item) == KIND and scheme_of(name)[0] in SCHEMES)})
    return now


def write_names(tx: Transaction, pairs: Iterable[Pair]) -> Counts:
    """Record identifiers that a source states by themselves; returns how many were new."""
    said = list(pairs)
    now = resolve(tx, (item for item, _ in said))
    rows = tx.run(
        """UNWIND $rows AS row MATCH (:Identifier {id: row.identifier})-[d:IDENTIFIES]->(i:Item)
        WHERE i.id = row.item
           OR d.scope = 'work' AND EXISTS { (i)<-[:VERSION_OF {kind: 'identifier'}]-(:Item {id: row.item}) }
        RETURN DISTINCT row.said AS item, row.identifier AS identifier""",
        rows=[{"said": item, "item": now[item], "identifier": identifier} for item, identifier in said],
    )
    known = {(row["item"], row["identifier"]) for row in rows}
    new = [pair for pair in dict.fromkeys(said) if pair not in known]
    if new:
        identify(tx, (), new)
    return Counts(created=len(new), unchanged=len(said) - len(new))


def _create(tx: Transaction, ids: Iterable[str]) -> None:
    by_label: dict[str | None, list[dict[str, Any]]] = defaultdict(list)
    for item_id in sorted(ids):
        by_label[KIND_LABELS.get(kind_of(item_id))].append(placeholder("Item", item_id))
    for label, rows in by_label.items():
        also = f" SET i:{label}" if label else ""
        tx.run(f"UNWIND $rows AS row MERGE (i:Item {{id: row.id}}) ON CREATE SET i = row{also}", rows=rows)


def _name(tx: Transaction, now: dict[str, str], said: list[Pair]) -> None:
    rows, works = [], []
    for item, identifier in said:
        scope = scope_for(identifier, item)
        named = now[item]
        if scope == "work":
            works.append({"version": now[item], "work": work_id(identifier, item), "identifier": identifier})
            continue
        rows.append(_identifier_row(identifier, named, scope))
    if works:
        current = resolve(tx, [row["work"] for row in works])
        _create(tx, set(current.values()))
        for row in works:
            row["work"] = current[row["work"]]
            rows.append(_identifier_row(row["identifier"], row["work"], "work"))
        tx.run(
            """UNWIND $rows AS row MATCH (v:Item {id: row.version}) MATCH (w:Item {id: row.work})
            MERGE (v)-[:VERSION_OF {kind: 'identifier'}]->(w)""",
            rows=[row for row in works if row["version"] != row["work"]],
        )
    if rows:
        tx.run(
            """UNWIND $rows AS row
            MATCH (i:Item {id: row.item})
            MERGE (x:Identifier {id: row.id}) ON CREATE SET x.scheme = row.scheme, x.value = row.value
            MERGE (x)-[:IDENTIFIES {scope: row.scope}]->(i)""",
            rows=rows,
        )


def _identifier_row(identifier: str, item: str, scope: str) -> dict[str, str]:
    scheme, value, _ = scheme_of(identifier)
    return {"id": identifier, "scheme": scheme, "value": value, "item": item, "scope": scope}


def _merge(tx: Transaction, merges: dict[str, set[str]]) -> None:
    """Make each group one item: the losers' relationships and evidence move, their ids stay as identifiers."""
    rows = [{"name": name, "loser": loser} for name, losers in sorted(merges.items()) for loser in sorted(losers)]
    taken = evidence_of(tx, [row["loser"] for row in rows])
    tx.run(
        "UNWIND $rows AS row MATCH (l:Item {id: row.loser})<-[:OF]-(h:Handoff) DETACH DELETE h",
        rows=rows,
    )
    for old, new in _MOVED:
        # A relationship between the two that become one would point at itself and is dropped.
        tx.run(
            f"""UNWIND $rows AS row MATCH (l:Item {{id: row.loser}}) MATCH (c:Item {{id: row.name}}) MATCH {old}
            WITH x, r, c WHERE x <> c MERGE {new} SET n += properties(r)""",
            rows=rows,
        )
    tx.run("UNWIND $rows AS row MATCH (l:Item {id: row.loser}) DETACH DELETE l", rows=rows)
    tx.run(
        """UNWIND $rows AS row MATCH (c:Item {id: row.name})
        MERGE (x:Identifier {id: row.loser})
        ON CREATE SET x.scheme = split(row.loser, ':')[0], x.value = substring(row.loser, size(split(row.loser, ':')[0]) + 1)
        MERGE (x)-[:IDENTIFIES {scope: 'merged'}]->(c)""",
        rows=rows,
    )
    moved: dict[str, list[Evidence]] = {
        name: [e for loser in sorted(losers) for e in taken.get(loser, ())] for name, losers in merges.items()
    }
    _refold(tx, set(merges))
    refold_handoffs(tx, moved)


def refold_items(tx: Transaction, ids: set[str]) -> None:
    """Fold declared items anew: their values, parents, works, the routes they are expected on, and what they may be."""
    names = set(resolve(tx, ids).values())
    _refold(tx, names)
    rematch(tx, names)


def _refold(tx: Transaction, names: set[str]) -> None:
    _create(tx, names)
    members = {name: {name} for name in names}
    merged = tx.run(
        "UNWIND $ids AS id MATCH (x:Identifier)-[:IDENTIFIES {scope: 'merged'}]->(:Item {id: id}) RETURN id, x.id AS member",
        ids=sorted(names),
    )
    for row in merged:
        members[row["id"]].add(row["member"])
    everyone = sorted({member for group in members.values() for member in group})
    said = read_assertions(tx, [f"Item:{member}" for member in everyone])
    expected = tx.run(
        """UNWIND $ids AS id MATCH (a:Assertion)
        WHERE a.subject STARTS WITH 'Expectation:' + id + '>' AND a.retired_at IS NULL
        RETURN id AS member, collect(DISTINCT substring(a.subject, size('Expectation:' + id + '>'))) AS routes""",
        ids=everyone,
    )
    routes = {row["member"]: row["routes"] for row in expected}
    folded: dict[str, Effective] = {}
    for name, group in sorted(members.items()):
        everything = [a for member in sorted(group) for a in said.get(f"Item:{member}", ())]
        folded[name] = fold_declared(name, everything, {route for member in group for route in routes.get(member, ())})
    linked = retarget(tx, folded)
    tx.run("UNWIND $rows AS row MATCH (i:Item {id: row.id}) SET i = row", rows=[e.properties for e in linked.values()])
    write_all_links(tx, "Item", linked)
    # An item names its origin by property: a relationship would give that system millions.
    name_systems(tx, {e.properties["origin"] for e in linked.values() if "origin" in e.properties})


def name_systems(tx: Transaction, ids: Collection[str]) -> None:
    """Create those of these systems that nobody declared."""
    if ids:
        tx.run("UNWIND $ids AS id MERGE (s:System {id: id}) ON CREATE SET s.name = id, s.declared = false", ids=sorted(ids))


def fold_declared(name: str, said: Iterable[Assertion], expected_on: Collection[str]) -> Effective:
    """An item's node of what is said of it under all its ids, and the routes that it is expected on."""
    effective = fold("Item", name, said)
    values = {**effective.properties, "id": name, "kind": kind_of(name)}
    if expected_on:
        values["expected_on"] = sorted(expected_on)
    return replace(effective, properties=values | matching_values(values))


def retarget(tx: Transaction, folded: dict[str, Effective]) -> dict[str, Effective]:
    """The same nodes, with their links to items led to the items that these names mean now, which are created if need be."""
    targets = resolve(tx, {link.target for effective in folded.values() for link in effective.links})
    _create(tx, set(targets.values()))
    return {name: replace(e, links=retargeted(name, e.links, targets)) for name, e in folded.items()}


def retargeted(name: str, links: Iterable[Link], targets: dict[str, str]) -> tuple[Link, ...]:
    """Links to the items that their targets name now, without those that would point at the item itself."""
    kept = {}
    for link in links:
        target = targets[link.target]
        if target != name:
            kept[link.reference, target] = Link(link.reference, target, link.valid_from, link.valid_to)
    return tuple(kept.values())
