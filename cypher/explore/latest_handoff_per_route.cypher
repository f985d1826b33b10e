// Latest handoff per route: when did each route last deliver, and what?
// What evidence by the two ends alone belongs to a route counts with it. One index seek a route, whatever the number of handoffs. Routes that never delivered come first.
// @param as_of datetime = null  only what was secured by then, null is now
// @param limit integer = 500  rows at most
// @returns route, sender, receiver, declared, schedule, secured_at, item, handoff
// @example limit=20
CYPHER 25
LET now = coalesce($as_of, datetime())
MATCH (r:Route) WHERE NOT EXISTS { (r)-[:SAME_AS]->(:Route) }
LET latest = COLLECT {
  UNWIND [r.id] + COLLECT { MATCH (r)<-[:SAME_AS]-(seen:Route) RETURN seen.id } AS key
  CALL (key, now) {
    MATCH (h:Handoff {route_id: key, secured: true}) WHERE h.secured_at <= now
    RETURN h ORDER BY h.route_id DESC, h.secured DESC, h.secured_at DESC LIMIT 1
  }
  RETURN h ORDER BY h.secured_at DESC LIMIT 1
}[0]
RETURN r.id AS route, r.`from` AS sender, r.to AS receiver, r.declared AS declared, r.schedule AS schedule,
  latest.secured_at AS secured_at, latest.item_id AS item, latest AS handoff
ORDER BY secured_at IS NOT NULL, secured_at, route LIMIT $limit
