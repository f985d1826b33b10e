// Last successful handoffs of a route: which items did it carry last, newest first?
// Answered from the index on (route_id, secured, secured_at), however many handoffs the route has. Handoffs whose evidence
// named only the two ends count where this is the one declared route between them. What is secured without a date comes last.
// @param route string  id of a route
// @param limit integer = 20  rows at most
// @param as_of datetime = null  only what was secured by then, null is now
// @param draw boolean = true  also give what Browser draws, which takes a program most of the time
// @returns item, route, sender, receiver, secured_at, evidence_ids, handoff
// @example route='cms-to-host'
CYPHER 25
LET now = coalesce($as_of, datetime())
UNWIND [$route] + COLLECT { MATCH (:Route {id: $route})<-[:SAME_AS]-(o:Route) RETURN o.id } AS key
CALL (key, now) {
  MATCH (h:Handoff {route_id: key, secured: true}) WHERE h.secured_at <= now
  WITH h ORDER BY h.route_id DESC, h.secured DESC, h.secured_at DESC LIMIT $limit
  RETURN h
  UNION
  MATCH (h:Handoff {secured_undated: true, route_id: key})
  RETURN h LIMIT $limit
}
WITH h ORDER BY h.secured_at IS NULL, h.secured_at DESC, h.id LIMIT $limit
RETURN h.item_id AS item, $route AS route, h.from_system AS sender, h.to_system AS receiver, h.secured_at AS secured_at,
  COLLECT { MATCH (h)<-[:ABOUT]-(e:Evidence) RETURN e.id ORDER BY e.time, e.id } AS evidence_ids, CASE WHEN $draw THEN h END AS handoff
