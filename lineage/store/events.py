"""Evidence in: each event once, whatever the order, the repetition and the split into files.

Identity is (source, id). The same pair with other content is a conflict: all variants are kept and the one with the
smallest content hash counts, so that the order of arrival cannot decide. A reply that names no handoff of its own (a
receipt, a TA1 over forty items) is placed through the message it answers, whichever of the two comes first.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from typing import Any

from lineage.custody import Evidence, route_key
from lineage.facts import Declared, HandoffEvent, Route, System
from lineage.graph import Graph, Transaction, plain
from lineage.store import Counts
from lineage.store.declared import write_declared
from lineage.store.handoffs import as_evidence, refold_handoffs
from lineage.store.items import Pair, identify, resolve
from lineage.store.reading import Reading
from lineage.wording import Reply, Wording, answered_by, as_fold, evidence_row, names_of, wording_of

Key = tuple[str, str]
Ends = tuple[str | None, str | None, str | None, str | None]
"""Route, sender, receiver and data set, as far as an event names them."""


def write_events(tx: Transaction, observing: Reading, events: Iterable[HandoffEvent]) -> Counts:
    """Write a batch of events and fold the handoffs that they speak of; returns counts and findings (conflicts)."""
    counts = Counts()
    # The texts themselves are not kept: most events have one wording, and then only its hash is needed.
    arrived: dict[Key, dict[str, Wording]] = defaultdict(dict)
    total = 0
    for event in events:
        total += 1
        one = wording_of(event)
        arrived[one.source, one.id].setdefault(one.hash, one)
    stored = _stored(tx, arrived)
    texts = _texts(tx, [before for key, before in stored.items() if set(arrived[key]) - _hashes(before)])
    new: list[Wording] = []
    winners: list[Wording] = []
    rows: list[dict[str, Any]] = []
    replaced: list[Key] = []
    for key, variants in arrived.items():
        before = stored.get(key)
        known = _hashes(before) if before else set()
        unknown = [one for one in variants.values() if one.hash not in known]
        if not unknown:
            continue
        new += unknown
        best = min(variants.values(), key=lambda one: one.hash)
        wins = before is None or best.hash < before["hash"]
        if wins:
            winners.append(best)
        if before is not None and wins:
            replaced.append(key)
        counts.created += before is None
        counts.changed += len(unknown) - (before is None)
        row = evidence_row(best) if wins else {"source": key[0], "id": key[1]}
        if before is not None or len(unknown) > 1:
            everything = texts.get(key, {}) | {one.hash: one.text for one in unknown}
            row |= {
                "conflict": True,
                "variant_hashes": sorted(everything),
                "variants": [everything[h] for h in sorted(everything)],
            }
            counts.findings.append(
                {
                    "finding": "conflict",
                    "subject": f"{key[0]} {key[1]}",
                    "detail": "the same source and id with other content; the variant with the smallest hash counts",
                    "position": unknown[0].position,
                }
            )
        rows.append(row)
    counts.unchanged = total - counts.created - counts.changed
    if not new:
        return counts
    items = _identified(tx, new)
    observe(tx, observing, [(one.route, one.from_, one.to, one.dataset) for one in new])
    shrunk, unanswered = _withdraw(tx, replaced)
    _write_evidence(tx, rows, stored)
    fresh = _placed(winners, items)
    shrunk |= _place_replies(tx, winners, items, fresh, unanswered)
    refold_handoffs(tx, fresh, shrunk)
    return counts


def orphans(graph: Graph, keys: Iterable[Key]) -> list[dict[str, Any]]:
    """Those of these bare replies whose message nobody has reported yet: source, id and what they answer."""
    return graph.read(
        """UNWIND $keys AS key MATCH (e:Evidence {source: key[0], id: key[1], unplaced: true})
        WHERE NOT EXISTS { (e)-[:ABOUT]->(:Handoff) }
        RETURN e.source AS source, e.id AS id, e.in_reply_to AS answers, e.position AS position ORDER BY source, id""",
        keys=[list(key) for key in keys],
    ).rows


def _stored(tx: Transaction, keys: Iterable[Key]) -> dict[Key, dict[str, Any]]:
    rows = tx.run(
        """UNWIND $keys AS key MATCH (e:Evidence {source: key[0], id: key[1]})
        RETURN e.source AS source, e.id AS id, e.hash AS hash, e.variant_hashes AS hashes, e.variants AS texts""",
        keys=[list(key) for key in keys],
    )
    return {(row["source"], row["id"]): row for row in rows}


def _hashes(before: dict[str, Any]) -> set[str]:
    """Of all variants that are stored."""
    return set(before["hashes"] or [before["hash"]])


def _texts(tx: Transaction, stored: list[dict[str, Any]]) -> dict[Key, dict[str, str]]:
    """By event, hash to text of the variants that are stored; without a conflict there is one, told by the node's own properties."""
    texts = {(one["source"], one["id"]): dict(zip(one["hashes"], one["texts"], strict=True)) for one in stored if one["hashes"]}
    alone = [[one["source"], one["id"]] for one in stored if not one["hashes"]]
    if not alone:
        return texts
    query = "UNWIND $keys AS key MATCH (e:Evidence {source: key[0], id: key[1]}) RETURN properties(e) AS e"
    for row in tx.run(query, keys=alone):
        only = _wording(row["e"])
        texts[only.source, only.id] = {only.hash: only.text}
    return texts


def _wording(said: dict[str, Any]) -> Wording:
    said = {**said, "from": said.get("from_system"), "to": said.get("to_system"), "item": said.get("subject")}
    names = {field.alias or name for name, field in HandoffEvent.model_fields.items()} - {"position"}
    return wording_of(HandoffEvent(**{name: plain(said[name]) for name in names if said.get(name) is not None}))


def _write_evidence(tx: Transaction, rows: list[dict[str, Any]], stored: Collection[Key]) -> None:
    """Whole rows become the node as it is now; a row without a hash only adds the variants of one that stays."""
    new = [row for row in rows if (row["source"], row["id"]) not in stored]
    tx.run("UNWIND $rows AS row CREATE (e:Evidence) SET e = row", rows=new)
    other = [row for row in rows if (row["source"], row["id"]) in stored]
    for whole, how in ((True, "SET e = row"), (False, "SET e += row")):
        if some := [row for row in other if ("hash" in row) == whole]:
            tx.run(f"UNWIND $rows AS row MATCH (e:Evidence {{source: row.source, id: row.id}}) {how}", rows=some)
    packed = [row for row in rows if row.get("envelopes")]
    if packed:
        tx.run(
            """UNWIND $rows AS row MATCH (e:Evidence {source: row.source, id: row.id})
            UNWIND row.envelopes AS id MERGE (n:Envelope {id: id}) MERGE (e)-[:TRAVELLED_IN]->(n)""",
            rows=packed,
        )


def _identified(tx: Transaction, new: list[Wording]) -> dict[str, str]:
    """Create and name the items of all variants, also of those that do not count: names must not depend on the order."""
    pairs: list[Pair] = []
    ids: set[str] = set()
    for one in new:
        if one.item is not None:
            ids.add(one.item)
            pairs += [(one.item, identifier) for identifier in one.identifiers]
    return identify(tx, ids, pairs) if ids else {}


def observe(tx: Transaction, observing: Reading, ends: Iterable[Ends]) -> None:
    """Assert, as observed, the routes and systems that evidence names: as many as there are of these, not of events."""
    facts: dict[Ends, list[Declared]] = {}
    for what in ends:
        if what in facts:
            continue
        _, from_, to, dataset = what
        if from_ and to:
            said = {"id": route_key(*what), "from": from_, "to": to, "dataset": dataset}
            facts[what] = [Route.model_validate(said)]
        else:
            facts[what] = [System(id=end) for end in (from_, to) if end]
    write_declared(tx, observing, [fact for group in facts.values() for fact in group])
    bare = sorted({route for route, from_, to, _ in facts if route and not (from_ and to)})
    if bare:
        tx.run(
            "UNWIND $ids AS id MERGE (r:Route {id: id}) ON CREATE SET r.name = id, r.declared = false, r.item_kind = []",
            ids=bare,
        )


def _withdraw(tx: Transaction, replaced: list[Key]) -> tuple[set[str], set[str]]:
    """Take evidence whose wording no longer counts from its handoffs, with the replies that were placed through it.

    Returns the items concerned and the message ids whose replies are to be placed anew.
    """
    if not replaced:
        return set(), set()
    keys = [list(key) for key in replaced]
    messages = tx.run(
        """UNWIND $keys AS key MATCH (e:Evidence {source: key[0], id: key[1]})
        UNWIND [e.message_id] + coalesce(e.envelopes, []) AS message
        WITH DISTINCT message WHERE message IS NOT NULL RETURN message""",
        keys=keys,
    )
    rows = tx.run(
        """UNWIND $keys AS key MATCH (e:Evidence {source: key[0], id: key[1]})
        CALL (e) {
            RETURN e AS gone
            UNION UNWIND [e.message_id] + coalesce(e.envelopes, []) AS message
            MATCH (reply:Evidence {in_reply_to: message}) WHERE reply.unplaced RETURN reply AS gone
        }
        MATCH (gone)-[a:ABOUT]->(h:Handoff) WITH DISTINCT a, h.item_id AS item DELETE a RETURN DISTINCT item""",
        keys=keys,
    )
    tx.run(
        """UNWIND $keys AS key MATCH (:Evidence {source: key[0], id: key[1]})-[t:TRAVELLED_IN]->(n)
        DELETE t WITH DISTINCT n WHERE NOT EXISTS { (n)<-[:TRAVELLED_IN]-() } DELETE n""",
        keys=keys,
    )
    return {row["item"] for row in rows}, {row["message"] for row in messages}


def _placed(winners: list[Wording], items: dict[str, str]) -> dict[str, list[Evidence]]:
    fresh: dict[str, list[Evidence]] = defaultdict(list)
    for one in winners:
        key = one.key
        if one.item is not None and key is not None:
            fresh[items[one.item]].append(as_fold(one, key))
    return fresh


def _place_replies(
    tx: Transaction, winners: list[Wording], items: dict[str, str], fresh: dict[str, list[Evidence]], unanswered: set[str]
) -> set[str]:
    """Attach replies without a handoff of their own to every handoff of the message that they answer.

    Returns the items that a reply was taken away from, because another message of the same id came to light.
    """
    replies = [Reply(as_fold(one, ""), items.get(one.item or ""), one.route) for one in winners if one.bare]
    messages = sorted({name for group in fresh.values() for e in group for name in names_of(e)} | unanswered)
    waiting = tx.run("MATCH (e:Evidence {unplaced: true}) RETURN true AS there LIMIT 1")
    if not waiting:
        return set()
    if messages:
        known = {(r.evidence.source, r.evidence.id) for r in replies}
        rows = tx.run(
            """UNWIND $messages AS message MATCH (e:Evidence {in_reply_to: message}) WHERE e.unplaced
            RETURN DISTINCT properties(e) AS e""",
            messages=messages,
        )
        older = [row["e"] for row in rows if (row["e"]["source"], row["e"]["id"]) not in known]
        named = resolve(tx, {e["subject"] for e in older if e.get("subject")})
        replies += [Reply(as_evidence(e, ""), named.get(e.get("subject", "")), e.get("route")) for e in older]
    if not replies:
        return set()
    originals = _originals(tx, sorted({r.evidence.in_reply_to or "" for r in replies}))
    for item, group in fresh.items():
        for one in group:
            for name in names_of(one):
                originals[name].append((item, one))
    wanted: set[tuple[str, str, str]] = set()
    for reply in replies:
        for item, route in sorted(answered_by(reply, originals[reply.evidence.in_reply_to or ""])):
            wanted.add((reply.evidence.source, reply.evidence.id, f"{route}|{item}"))
            fresh.setdefault(item, []).append(reply.evidence._replace(route=route))
    return _detach(tx, [[r.evidence.source, r.evidence.id] for r in replies], wanted)


def _detach(tx: Transaction, replies: list[list[str]], wanted: set[tuple[str, str, str]]) -> set[str]:
    """Take replies from handoffs that they are not about after all; returns the items concerned."""
    about = tx.run(
        """UNWIND $replies AS key MATCH (e:Evidence {source: key[0], id: key[1]})-[:ABOUT]->(h:Handoff)
        RETURN e.source AS source, e.id AS id, h.id AS handoff, h.item_id AS item""",
        replies=replies,
    )
    wrong = [row for row in about if (row["source"], row["id"], row["handoff"]) not in wanted]
    if wrong:
        tx.run(
            """UNWIND $rows AS row
            MATCH (:Evidence {source: row.source, id: row.id})-[a:ABOUT]->(:Handoff {id: row.handoff}) DELETE a""",
            rows=wrong,
        )
    return {row["item"] for row in wrong}


def _originals(tx: Transaction, messages: list[str]) -> dict[str, list[tuple[str, Evidence]]]:
    found: dict[str, list[tuple[str, Evidence]]] = defaultdict(list)
    rows = tx.run(
        """UNWIND $messages AS message
        CALL (message) {
            MATCH (e:Evidence {message_id: message}) RETURN e
            UNION MATCH (e:Evidence)-[:TRAVELLED_IN]->(:Envelope {id: message}) RETURN e
        }
        MATCH (e)-[:ABOUT]->(h:Handoff) WHERE e.unplaced IS NULL
        RETURN message, h.item_id AS item, h.route_id AS route, properties(e) AS e""",
        messages=messages,
    )
    for row in rows:
        found[row["message"]].append((row["item"], as_evidence(row["e"], row["route"])))
    return found
