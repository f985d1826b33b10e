// Drift newest: between which ends, with which data set, were the newest handoffs on each of these routes?
// The newest ones by when they began, found by a seek in an index.
// @param routes list  route ids
// @param as_of datetime = null  only evidence of that time, null is now
// @param limit integer = 20  handoffs a route
// @returns route, handoffs
// @example routes=['relay-to-northwind'] as_of='2022-05-29'
CYPHER 25
LET now = coalesce($as_of, datetime())
UNWIND $routes AS route
RETURN route, COLLECT {
  MATCH (h:Handoff {route_id: route}) USING INDEX h:Handoff(route_id, first_at)
  WHERE h.first_at <= now AND NOT coalesce(h.last_at > now, false)
  WITH h ORDER BY h.route_id DESC, h.first_at DESC LIMIT $limit
  RETURN h{.id, .item_id, .first_at, .from_system, .to_system, .dataset}
} AS handoffs
