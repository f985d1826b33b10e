// Drift before: when did the newest handoff up to a given time begin, on each of these routes?
// One row with a list, one entry a route, each found by a seek in an index. Asked again and again with earlier times it gives
// the times of a route's deliveries, however many handoffs each delivery brings.
// @param routes list  route ids
// @param before list  times, one a route
// @param as_of datetime = null  only evidence of that time, null is now
// @returns began_at
// @example routes=['relay-to-spotify'] before=['2022-05-28T00:00:00Z'] as_of='2022-05-29'
CYPHER 25
LET now = coalesce($as_of, datetime())
UNWIND range(0, size($routes) - 1) AS i
LET key = $routes[i], before = datetime($before[i])
LET began = COLLECT {
  MATCH (h:Handoff {route_id: key}) USING INDEX h:Handoff(route_id, first_at)
  WHERE h.first_at <= before AND NOT coalesce(h.last_at > now, false)
  RETURN h.first_at ORDER BY h.route_id DESC, h.first_at DESC LIMIT 1
}[0]
WITH i, began ORDER BY i
WITH collect([began]) AS found
RETURN [f IN found | f[0]] AS began_at
