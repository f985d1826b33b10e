"""Evidence in: each event once, whatever the order, the repetition and the split into files.

Identity is (source, id). The same pair with other content is a conflict: all variants are kept and the one with the
smallest content hash counts, so that the order of arrival cannot decide. A reply that names no handoff of its own (a
receipt, a TA1 over forty items) is placed through the message it answers, whichever of the two comes first.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from lineage.assertions import canonical, content_hash
from lineage.custody import SYSTEM_URN, Evidence, route_key
from lineage.facts import Declared, HandoffEvent, Route, System
from lineage.graph import Graph, Transaction, plain
from lineage.store import Counts
from lineage.store.declared import write_declared
from lineage.store.handoffs import as_evidence, refold_handoffs
from lineage.store.items import Pair, identify, resolve
from lineage.store.reading import Reading

Key = tuple[str, str]


@dataclass(frozen=True)
class _Variant:
    """One wording of an event, with its hash."""

    event: HandoffEvent
    hash: str

    @property
    def text(self) -> str:
        return _text(self.event)


def _text(event: HandoffEvent) -> str:
    return canonical(event.model_dump(mode="json", by_alias=True, exclude_defaults=True))


def _variant(event: HandoffEvent) -> _Variant:
    # The text itself is not kept: most events have one wording, and then only its hash is needed.
    return _Variant(event, content_hash(_text(event)))


def write_events(tx: Transaction, observing: Reading, events: Iterable[HandoffEvent]) -> Counts:
    """Write a batch of events and fold the handoffs that they speak of; returns counts and findings (conflicts)."""
    counts = Counts()
    arrived: dict[Key, dict[str, _Variant]] = defaultdict(dict)
    total = 0
    for event in events:
        total += 1
        one = _variant(event)
        arrived[event.source, event.id].setdefault(one.hash, one)
    stored = _stored(tx, arrived)
    new: list[_Variant] = []
    winners: list[_Variant] = []
    rows: list[dict[str, Any]] = []
    replaced: list[Key] = []
    for key, variants in arrived.items():
        before = stored.get(key)
        known = set(before["hashes"] or [before["hash"]]) if before else set()
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
        row = _row(best) if wins else {"source": key[0], "id": key[1]}
        if before is not None or len(unknown) > 1:
            everything = (_wordings(tx, before) if before else {}) | {one.hash: one.text for one in unknown}
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
                    "position": unknown[0].event.position,
                }
            )
        rows.append(row)
    counts.unchanged = total - counts.created - counts.changed
    if not new:
        return counts
    items = _identified(tx, new)
    _observe(tx, observing, new)
    shrunk, unanswered = _withdraw(tx, replaced)
    _write_evidence(tx, rows)
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


def _wordings(tx: Transaction, before: dict[str, Any]) -> dict[str, str]:
    """Hash to text of the variants that are stored; without a conflict there is one, told by the node's own properties."""
    if before["hashes"]:
        return dict(zip(before["hashes"], before["texts"], strict=True))
    found = tx.run(
        "MATCH (e:Evidence {source: $source, id: $id}) RETURN properties(e) AS e", source=before["source"], id=before["id"]
    )
    said = found[0]["e"]
    said = {**said, "from": said.get("from_system"), "to": said.get("to_system"), "item": said.get("subject")}
    names = {field.alias or name for name, field in HandoffEvent.model_fields.items()} - {"position"}
    only = _variant(HandoffEvent(**{name: plain(said[name]) for name in names if said.get(name) is not None}))
    return {only.hash: only.text}


def _row(variant: _Variant) -> dict[str, Any]:
    """An Evidence node's properties, without the absent ones: most events leave most of them open, and each costs."""
    event = variant.event
    row: dict[str, Any] = {name: getattr(event, name) for name in _COPIED}
    row |= {
        "from_system": event.from_,
        "to_system": event.to,
        "subject": event.item,
        "identifiers": list(event.identifiers) or None,
        "envelopes": list(event.envelopes) or None,
        "said_by": event.reporter or event.source.removeprefix(SYSTEM_URN),
        "hash": variant.hash,
        "position": event.position or None,
        "unplaced": True if is_bare(event) else None,
    }
    return {name: value for name, value in row.items() if value is not None}


def _write_evidence(tx: Transaction, rows: list[dict[str, Any]]) -> None:
    """Whole rows become the node as it is now; a row without a hash only adds the variants of one that stays."""
    for whole, how in ((True, "SET e = row"), (False, "SET e += row")):
        some = [row for row in rows if ("hash" in row) == whole]
        if some:
            tx.run(f"UNWIND $rows AS row MERGE (e:Evidence {{source: row.source, id: row.id}}) {how}", rows=some)
    packed = [row for row in rows if row.get("envelopes")]
    if packed:
        tx.run(
            """UNWIND $rows AS row MATCH (e:Evidence {source: row.source, id: row.id})
            UNWIND row.envelopes AS id MERGE (n:Envelope {id: id}) MERGE (e)-[:TRAVELLED_IN]->(n)""",
            rows=packed,
        )


_COPIED = (
    "source", "id", "type", "raw_type", "time", "offset", "route", "dataset", "message_id", "in_reply_to", "reporter",
    "code", "detail",
)  # fmt: skip


def _key_of(event: HandoffEvent) -> str | None:
    return route_key(event.route, event.from_, event.to, event.dataset)


def is_bare(event: HandoffEvent) -> bool:
    """Whether it is a reply that names no handoff of its own."""
    return event.item is None or _key_of(event) is None


def _identified(tx: Transaction, new: list[_Variant]) -> dict[str, str]:
    """Create and name the items of all variants, also of those that do not count: names must not depend on the order."""
    pairs: list[Pair] = []
    ids: set[str] = set()
    for one in new:
        if one.event.item is not None:
            ids.add(one.event.item)
            pairs += [(one.event.item, identifier) for identifier in one.event.identifiers]
    return identify(tx, ids, pairs) if ids else {}


def _observe(tx: Transaction, observing: Reading, new: list[_Variant]) -> None:
    """Assert, as observed, the routes and systems that evidence names: as many as there are of these, not of events."""
    facts: dict[tuple[str | None, ...], list[Declared]] = {}
    for one in new:
        event = one.event
        what = (event.route, event.from_, event.to, event.dataset)
        if what in facts:
            continue
        key = _key_of(event)
        if key is not None and event.from_ and event.to:
            route = {"id": key, "from": event.from_, "to": event.to, "dataset": event.dataset}
            facts[what] = [Route.model_validate(route)]
        else:
            facts[what] = [System(id=end) for end in (event.from_, event.to) if end]
    write_declared(tx, observing, [fact for group in facts.values() for fact in group])
    bare = sorted({one.event.route for one in new if one.event.route and not (one.event.from_ and one.event.to)})
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


def _as_fold(event: HandoffEvent, route: str) -> Evidence:
    return Evidence(
        route=route,
        from_system=event.from_,
        to_system=event.to,
        envelopes=event.envelopes,
        **{name: getattr(event, name) for name in _COPIED if name not in {"route", "offset"}},
    )


def _placed(winners: list[_Variant], items: dict[str, str]) -> dict[str, list[Evidence]]:
    fresh: dict[str, list[Evidence]] = defaultdict(list)
    for one in winners:
        key = _key_of(one.event)
        if one.event.item is not None and key is not None:
            fresh[items[one.event.item]].append(_as_fold(one.event, key))
    return fresh


@dataclass(frozen=True)
class _Reply:
    """A reply without a handoff of its own; ``item`` and ``route`` narrow it, when it names one of them."""

    evidence: Evidence
    item: str | None
    route: str | None


def _place_replies(
    tx: Transaction, winners: list[_Variant], items: dict[str, str], fresh: dict[str, list[Evidence]], unanswered: set[str]
) -> set[str]:
    """Attach replies without a handoff of their own to every handoff of the message that they answer.

    Returns the items that a reply was taken away from, because another message of the same id came to light.
    """
    replies = [_Reply(_as_fold(o.event, ""), items.get(o.event.item or ""), o.event.route) for o in winners if is_bare(o.event)]
    messages = sorted({name for group in fresh.values() for e in group for name in _names(e)} | unanswered)
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
        replies += [_Reply(as_evidence(e, ""), named.get(e.get("subject", "")), e.get("route")) for e in older]
    if not replies:
        return set()
    originals = _originals(tx, sorted({r.evidence.in_reply_to or "" for r in replies}))
    for item, group in fresh.items():
        for one in group:
            for name in _names(one):
                originals[name].append((item, one))
    wanted: set[tuple[str, str, str]] = set()
    for reply in replies:
        answered = [(item, one) for item, one in originals[reply.evidence.in_reply_to or ""] if _answers(reply, item, one)]
        for item, route in sorted(_unmistakable(reply.evidence, answered)):
            wanted.add((reply.evidence.source, reply.evidence.id, f"{route}|{item}"))
            fresh.setdefault(item, []).append(replace(reply.evidence, route=route))
    return _detach(tx, [[r.evidence.source, r.evidence.id] for r in replies], wanted)


def _names(original: Evidence) -> tuple[str, ...]:
    """What a reply to this message may call it: its own id, or that of an envelope."""
    return tuple(filter(None, (original.message_id, *original.envelopes)))


def _unmistakable(reply: Evidence, answered: list[tuple[str, Evidence]]) -> set[tuple[str, str]]:
    """(item, route) of the handoffs that a reply is about; none where messages of several pairs of systems have that id.

    Whoever replies is the receiver of the message; only where no message went to it, it may be the sender recording a reply.
    """
    received = [(item, one) for item, one in answered if one.to_system == reply.said_by]
    chosen = received or answered
    ends: dict[str, object] = {}
    for _, one in chosen:
        known = (one.from_system, one.to_system) if one.from_system and one.to_system else None
        ends[one.route] = known or ends.get(one.route) or one.route
    return {(item, one.route) for item, one in chosen} if len(set(ends.values())) == 1 else set()


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


def _answers(reply: _Reply, item: str, original: Evidence) -> bool:
    """Whether the reply can be about this message: message ids are unique only per pair of systems, so nothing may disagree."""
    said = reply.evidence
    if reply.item is not None and reply.item != item:
        return False
    ends = {original.from_system, original.to_system} - {None}
    # A message that named only its two ends is compared by these; a named route must be the same.
    if reply.route is not None and reply.route != original.route and ">" not in original.route:
        return False
    if said.from_system and original.from_system and said.from_system != original.from_system:
        return False
    if said.to_system and original.to_system and said.to_system != original.to_system:
        return False
    names_a_system = said.reporter is not None or said.source.startswith(SYSTEM_URN)
    return not (names_a_system and len(ends) == 2 and said.said_by not in ends)
