// Drift seen: when was each of these routes first and last seen, and when did the newest handoff on it begin?
// One row of lists, one entry a route, each found by a seek in an index, however many handoffs the route has. Left out are
// handoffs with evidence before and after that time (see drift_under_way). `undated`: only evidence without a time is known.
// @param routes list  route ids, those that evidence named by two ends among them
// @param as_of datetime = null  only evidence of that time, null is now
// @returns first_at, last_at, newest, undated
// @example routes=['host-to-relay','relay-hub>mirror-archive'] as_of='2022-05-29'
CYPHER 25
LET now = coalesce($as_of, datetime())
UNWIND range(0, size($routes) - 1) AS i
LET key = $routes[i]
LET first = COLLECT {
  MATCH (h:Handoff {route_id: key}) USING INDEX h:Handoff(route_id, first_at)
  WHERE h.first_at <= now AND NOT coalesce(h.last_at > now, false)
  RETURN h.first_at ORDER BY h.route_id, h.first_at LIMIT 1
}[0]
LET last = COLLECT {
  MATCH (h:Handoff {route_id: key}) USING INDEX h:Handoff(route_id, last_at)
  WHERE h.last_at <= now
  RETURN h.last_at ORDER BY h.route_id DESC, h.last_at DESC LIMIT 1
}[0]
LET newest = COLLECT {
  MATCH (h:Handoff {route_id: key}) USING INDEX h:Handoff(route_id, first_at)
  WHERE h.first_at <= now AND NOT coalesce(h.last_at > now, false)
  WITH h ORDER BY h.route_id DESC, h.first_at DESC LIMIT 1
  RETURN h{.id, .item_id, .first_at, .from_system, .to_system, .dataset}
}[0]
LET undated = CASE WHEN first IS NULL THEN COLLECT {
  MATCH (h:Handoff) USING INDEX h:Handoff(id)
  WHERE h.id STARTS WITH key + '|' AND h.route_id = key AND h.first_at IS NULL
  WITH h ORDER BY h.id LIMIT 1
  RETURN h{.id, .item_id, .from_system, .to_system, .dataset}
}[0] END
WITH i, [first, last, coalesce(newest, undated), undated IS NOT NULL] AS found ORDER BY i
WITH collect(found) AS found
RETURN [f IN found | f[0]] AS first_at, [f IN found | f[1]] AS last_at, [f IN found | f[2]] AS newest, [f IN found | f[3]] AS undated
