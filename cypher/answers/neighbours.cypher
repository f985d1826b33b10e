// Neighbours: what happened on these routes just before and after a moment?
// The handoffs of each route that were first seen nearest before and after, oldest first. `clean` ones were secured by one
// attempt without any failure, for the others `evidence` holds all that is known of their items, with the route it is about.
// @param routes list  ids of routes
// @param at datetime  the moment
// @param as_of datetime = null  only evidence of that time, null is now
// @param nearest integer = 20  handoffs of a route before, and as many after
// @param hours integer = 24  how far before and after at most
// @returns route, item, kind, clean, first_at, last_at, handoff, evidence
// @example routes=['relay-to-spotify', 'relay-to-northwind'] at='2022-05-26T12:00:00Z'
CYPHER 25
LET now = coalesce($as_of, datetime())
UNWIND $routes AS route
CALL (route, now) {
  MATCH (h:Handoff {route_id: route}) WHERE h.first_at < $at AND h.first_at >= $at - duration({hours: $hours}) AND h.first_at <= now
  WITH h ORDER BY h.route_id DESC, h.first_at DESC, h.item_id DESC LIMIT $nearest
  RETURN h
  UNION
  MATCH (h:Handoff {route_id: route}) WHERE h.first_at >= $at AND h.first_at <= $at + duration({hours: $hours}) AND h.first_at <= now
  WITH h ORDER BY h.route_id, h.first_at, h.item_id LIMIT $nearest
  RETURN h
}
MATCH (h)-[:OF]->(i:Item)
LET clean = h.secured AND h.attempts <= 1 AND h.last_at <= now AND NOT h.undated AND h.from_system IS NOT NULL
  AND (h.secured_by = 'receipt' OR NOT EXISTS { (i)<-[:OF]-(o:Handoff) WHERE o.last_at > now })
  AND h.failed_at IS NULL AND h.rejected_at IS NULL AND h.processing_failed_at IS NULL
RETURN route, i.id AS item, i.kind AS kind, clean, h.first_at AS first_at, h.last_at AS last_at, h AS handoff,
  CASE WHEN clean THEN [] ELSE COLLECT {
    MATCH (i)<-[:OF]-(o:Handoff)<-[:ABOUT]-(e:Evidence) WHERE e.time IS NULL OR e.time <= now
    RETURN {route: o.route_id, evidence: e{.*}} ORDER BY e.time, e.id
  } END AS evidence
ORDER BY route, first_at, item
