// Items under way: which items were handed on, and how far did each of their handoffs get?
// One row with a list of items by id, so that a page of thousands travels at once. Of each item: id, kind, name, origin,
// whether it was declared, the routes it is expected on, whether it may be another item, what it is a part or a version of, and its handoffs.
// Of each handoff: route, sender, receiver, data set, secured, secured by, transport, acknowledgement, processing, attempts, whether
// something failed on it, it may have been sent twice or its times are not all known, and, in microseconds since 1970: when it was secured, first seen, last seen,
// sent, queued, then whose logs show it, and whose show that it arrived, and its evidence as evidence_of_handoffs lists it, without the
// handoff's id, unless one message secured it, nothing failed, and it is the only one between its two ends.
// @param since datetime = null  only items with evidence since then, null is all
// @param until datetime = null  only items with a handoff whose newest evidence lies in between, null is since then
// @param as_of datetime = null  only handoffs seen by then, null is now
// @param after string = ''  only items whose id comes after this one
// @param limit integer = 5000  items at most
// @param items list = null  only these items, whenever there was evidence, null is all
// @returns items
// @example limit=100
CYPHER 25
LET now = coalesce($as_of, datetime())
CALL (now) {
  // From a list that is empty where this does not apply: a filter on a parameter alone would come after all items were read.
  UNWIND CASE WHEN $since IS NULL AND $items IS NULL THEN [$after] ELSE [] END AS start
  CALL (start, now) {
    MATCH (i:Item) WHERE i.id > start AND EXISTS { (i)<-[:OF]-(h:Handoff) WHERE h.first_at IS NULL OR h.first_at <= now }
    RETURN i ORDER BY i.id LIMIT $limit
  }
  RETURN i
  UNION
  WITH now WHERE $since IS NOT NULL AND $items IS NULL
  MATCH (h:Handoff) WHERE h.last_at >= $since AND h.last_at < coalesce($until, datetime('9999-12-31T23:59Z')) AND h.first_at <= now AND h.item_id > $after
  WITH DISTINCT h.item_id AS id ORDER BY id LIMIT $limit
  MATCH (i:Item {id: id})
  RETURN i
  UNION
  UNWIND coalesce($items, []) AS id
  MATCH (i:Item {id: id})
  RETURN i
}
WITH i, now ORDER BY i.id
// All properties at once: each that is read by itself is looked for in all of them.
LET handoffs = COLLECT {
  MATCH (i)<-[:OF]-(h:Handoff) WHERE h.first_at IS NULL OR h.first_at <= now
  LET p = properties(h)
  // What was last sent more than 20 minutes after it was first seen may have been sent before in vain.
  LET troubled = p.undated OR p.failed_at IS NOT NULL OR p.rejected_at IS NOT NULL OR p.processing_failed_at IS NOT NULL
    OR coalesce(p.sent_at.epochMillis - p.first_at.epochMillis > 1200000, false)
  RETURN {node: h, p: p, troubled: troubled, plain: p.secured AND p.attempts <= 1 AND NOT troubled, ends: p.from_system + '>' + p.to_system}
}
RETURN collect([
  i.id, i.kind, i.name, i.origin, i.declared, i.expected_on, EXISTS { (i)-[:MAY_BE]-() },
  COLLECT { MATCH (i)-[:PART_OF|VERSION_OF]->{1,6}(a:Item) RETURN DISTINCT a{.id, .kind, .name, .origin, .declared, .expected_on} },
  COLLECT {
    UNWIND handoffs AS one
    LET p = one.p, h = one.node
    RETURN [
      p.route_id, p.from_system, p.to_system, p.dataset, p.secured, p.secured_by, p.transport, p.acknowledgement, p.processing, p.attempts,
      one.troubled,
      p.secured_at.epochMillis * 1000 + p.secured_at.microsecond % 1000, p.first_at.epochMillis * 1000 + p.first_at.microsecond % 1000,
      p.last_at.epochMillis * 1000 + p.last_at.microsecond % 1000, p.sent_at.epochMillis * 1000 + p.sent_at.microsecond % 1000,
      p.queued_at.epochMillis * 1000 + p.queued_at.microsecond % 1000, p.reporters, p.confirmed_by,
      CASE WHEN one.plain AND size([other IN handoffs WHERE other.ends = one.ends]) = 1 THEN null ELSE COLLECT {
        MATCH (h)<-[:ABOUT]-(e:Evidence) WHERE e.time IS NULL OR e.time <= now
        LET q = properties(e)
        RETURN [
          q.source, q.id, q.type, q.time.epochMillis * 1000 + q.time.microsecond % 1000, q.from_system, q.to_system, q.dataset,
          q.message_id, q.in_reply_to, q.envelopes, q.reporter, q.code, q.detail, q.raw_type
        ]
      } END
    ]
  }
]) AS items
