// Late under way: which handoffs were under way then, with evidence before and after it?
// Their stored state may be another one than theirs of that time, so their items' evidence up to then is given to be folded
// anew. As of now there are none. Spans are classes by length, so a seek for each class finds what crosses a moment.
// @param routes list = null  only on these, by id
// @param as_of datetime = null  as it was then, null is now
// @returns item, routes, evidence
// @example routes=['relay-to-northwind'] as_of='2022-05-29T08:00:00Z'
CYPHER 25
LET now = coalesce($as_of, datetime())
UNWIND range(0, 15) AS span
LET until = CASE WHEN span < 15 THEN now + duration({seconds: toInteger(4 ^ span)}) ELSE datetime({year: 99999}) END
CALL (span, until, now) {
  MATCH (h:Handoff {unsettled: span}) WHERE h.settled_at > now AND h.settled_at <= until
  RETURN h
}
WITH h, now WHERE (h.undated OR h.first_at <= now OR h.secured_at <= now) AND ($routes IS NULL OR h.route_id IN $routes)
WITH h.item_id AS item, now, collect(h.route_id) AS routes
RETURN item, routes, COLLECT {
  MATCH (:Item {id: item})<-[:OF]-(g:Handoff)<-[:ABOUT]-(e:Evidence) WHERE e.time IS NULL OR e.time <= now
  RETURN {route: g.route_id, evidence: e{.*}} ORDER BY g.route_id, e.source, e.id
} AS evidence
