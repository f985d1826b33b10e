// Items under way: which items were handed on, and how far did each of their handoffs get?
// One row with a list of items by id, so that a page of thousands travels at once. Of each item: id, kind, name, origin,
// whether it was declared, the routes it is expected on, what it is a part or a version of, and its handoffs. Of each handoff: route, sender,
// receiver, data set, secured, secured by, transport, acknowledgement, processing, attempts, whether something failed on it or its times are
// not all known, and, in microseconds since 1970: when it was secured, first seen, last seen, sent, queued,
// then whose logs show it, and whose show that it arrived.
// @param since datetime = null  only items with evidence since then, null is all
// @param as_of datetime = null  only handoffs seen by then, null is now
// @param after string = ''  only items whose id comes after this one
// @param limit integer = 5000  items at most
// @returns items
// @example limit=100
CYPHER 25
LET now = coalesce($as_of, datetime())
CALL (now) {
  WITH now WHERE $since IS NULL
  MATCH (i:Item) WHERE i.id > $after AND EXISTS { (i)<-[:OF]-(h:Handoff) WHERE h.first_at IS NULL OR h.first_at <= now }
  RETURN i ORDER BY i.id LIMIT $limit
  UNION
  WITH now WHERE $since IS NOT NULL
  MATCH (h:Handoff) WHERE h.last_at >= $since AND h.first_at <= now AND h.item_id > $after
  WITH DISTINCT h.item_id AS id ORDER BY id LIMIT $limit
  MATCH (i:Item {id: id})
  RETURN i
}
WITH i, now ORDER BY i.id
RETURN collect([
  i.id, i.kind, i.name, i.origin, i.declared, i.expected_on,
  COLLECT { MATCH (i)-[:PART_OF|VERSION_OF]->{1,6}(a:Item) RETURN DISTINCT a{.id, .kind, .name, .origin, .declared, .expected_on} },
  COLLECT {
    MATCH (i)<-[:OF]-(h:Handoff) WHERE h.first_at IS NULL OR h.first_at <= now
    RETURN [
      h.route_id, h.from_system, h.to_system, h.dataset, h.secured, h.secured_by, h.transport, h.acknowledgement, h.processing, h.attempts,
      h.undated OR h.failed_at IS NOT NULL OR h.rejected_at IS NOT NULL OR h.processing_failed_at IS NOT NULL,
      h.secured_at.epochMillis * 1000 + h.secured_at.microsecond % 1000, h.first_at.epochMillis * 1000 + h.first_at.microsecond % 1000,
      h.last_at.epochMillis * 1000 + h.last_at.microsecond % 1000, h.sent_at.epochMillis * 1000 + h.sent_at.microsecond % 1000,
      h.queued_at.epochMillis * 1000 + h.queued_at.microsecond % 1000, h.reporters, h.confirmed_by
    ]
  }
]) AS items
