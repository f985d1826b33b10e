// Drift odd: on which routes does evidence give other ends, or another data set, than these?
// Looks at the newest handoffs of each route, by when they began, found by a seek in an index.
// @param routes list  route ids
// @param declared list  for each the sender, the receiver and the data set (or null), as a list
// @param as_of datetime = null  only evidence of that time, null is now
// @param limit integer = 20  handoffs a route
// @returns odd
// @example routes=['relay-to-northwind'] declared=[] as_of='2022-05-29'
CYPHER 25
LET now = coalesce($as_of, datetime())
UNWIND range(0, size($routes) - 1) AS i
LET key = $routes[i], sender = $declared[i][0], receiver = $declared[i][1], dataset = $declared[i][2]
CALL (key, sender, receiver, dataset, now) {
  MATCH (h:Handoff {route_id: key}) USING INDEX h:Handoff(route_id, first_at)
  WHERE h.first_at <= now AND NOT coalesce(h.last_at > now, false)
  WITH h, sender, receiver, dataset ORDER BY h.route_id DESC, h.first_at DESC LIMIT $limit
  WITH h WHERE h.from_system <> sender OR h.to_system <> receiver OR h.dataset <> dataset
  RETURN count(h) AS odd
}
WITH key, odd WHERE odd > 0
RETURN collect(key) AS odd
