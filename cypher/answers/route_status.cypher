// Route status: when did each of these routes last deliver, and when was it last seen?
// What evidence by its two ends alone belongs to a route counts with it. Each is found by a seek in an index.
// @param routes list  route ids
// @param as_of datetime = null  only what was known by then, null is now
// @returns route, secured_at, item, seen_at
// @example routes=['relay-to-northwind'] as_of='2022-05-29'
CYPHER 25
LET now = coalesce($as_of, datetime())
UNWIND $routes AS id
LET keys = [id] + COLLECT { MATCH (:Route {id: id})<-[:SAME_AS]-(seen:Route) RETURN seen.id }
LET latest = COLLECT {
  UNWIND keys AS key
  CALL (key, now) {
    MATCH (h:Handoff {route_id: key, secured: true}) WHERE h.secured_at <= now
    RETURN h ORDER BY h.route_id DESC, h.secured DESC, h.secured_at DESC LIMIT 1
  }
  RETURN h{.secured_at, .item_id} ORDER BY h.secured_at DESC LIMIT 1
}[0]
LET seen = COLLECT {
  UNWIND keys AS key
  CALL (key, now) {
    MATCH (h:Handoff {route_id: key}) WHERE h.last_at <= now
    RETURN h.last_at AS at ORDER BY h.route_id DESC, h.last_at DESC LIMIT 1
  }
  RETURN max(at)
}[0]
RETURN id AS route, latest.secured_at AS secured_at, latest.item_id AS item, seen AS seen_at
ORDER BY route
