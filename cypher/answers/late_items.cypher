// Late items: which handoffs on these routes are overdue, and since when were they open?
// One row of lists, one entry a handoff, from indexes that hold only what is open: `pending` is not secured, `receipt` was sent
// and nothing came back, `acknowledgement` was received and neither accepted nor rejected. Times are
// microseconds since 1970. Left out are handoffs whose state may have been another one at that time (see late_under_way).
// @param routes list  route ids
// @param kinds list  one a route: pending, receipt or acknowledgement
// @param slots list  one a route: which of the times below is its own
// @param before list  times: open since then or longer
// @param as_of datetime = null  as it was then, null is now
// @returns entries, items, since
// @example routes=['relay-to-northwind'] kinds=['pending'] slots=[0] before=[2022-05-29T17:00:00Z] as_of='2022-05-29'
CYPHER 25
LET now = coalesce($as_of, datetime())
UNWIND range(0, size($routes) - 1) AS i
LET key = $routes[i], kind = $kinds[i], before = $before[$slots[i]]
CALL (key, kind, before) {
  WITH key, before WHERE kind = 'pending'
  MATCH (h:Handoff {route_id: key}) WHERE h.pending_since <= before
  RETURN h, h.pending_since AS at
  UNION ALL
  WITH key, kind, before WHERE kind <> 'pending'
  MATCH (h:Handoff {route_id: key, awaiting: kind}) WHERE h.awaiting_at <= before
  RETURN h, h.awaiting_at AS at
}
WITH i, h.item_id AS item, at WHERE NOT coalesce(h.settled_at > now, false)
RETURN collect(i) AS entries, collect(item) AS items, collect(at.epochSeconds * 1000000 + at.microsecond) AS since
