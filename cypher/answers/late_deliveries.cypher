// Late deliveries: which of these routes were not secured in time, and when were they last?
// One row of lists, each route found by a seek in an index, however many handoffs it has. Named are those that were not
// secured in their slot, from `opens` to `due`, or not yet for the next one, from `follows` on, and all that have no slot (-1).
// `last_at`: last secured. `arrived_at`: first secured from `opens` on. `seen_at`: newest evidence of any kind, where there is no
// such. Times are microseconds since 1970, which a driver reads a hundred times as fast as times. Left out are handoffs whose
// state may have been another one at that time (see late_under_way).
// @param routes list  route ids
// @param slots list  one a route: which of the times below are its own, -1 for none
// @param opens list = []  times: from when on a delivery counts
// @param due list = []  times
// @param follows list = []  times, null where nothing is due soon
// @param as_of datetime = null  as it was then, null is now
// @returns entries, last_at, arrived_at, seen_at
// @example routes=['host-to-relay','relay-to-northwind'] slots=[0,-1] opens=[2022-05-29T05:30:00Z] due=[2022-05-29T06:30:00Z] as_of='2022-05-29'
CYPHER 25
LET now = coalesce($as_of, datetime())
UNWIND range(0, size($routes) - 1) AS i
LET key = $routes[i], slot = $slots[i]
LET opens = CASE WHEN slot >= 0 THEN $opens[slot] END, due = CASE WHEN slot >= 0 THEN $due[slot] END, follows = CASE WHEN slot >= 0 THEN $follows[slot] END
LET last = COLLECT {
  MATCH (h:Handoff {route_id: key, secured: true}) WHERE h.secured_at <= now AND NOT coalesce(h.settled_at > now, false)
  RETURN h.secured_at ORDER BY h.route_id DESC, h.secured DESC, h.secured_at DESC LIMIT 1
}[0]
FILTER slot < 0 OR last IS NULL OR last < opens OR last > due OR last < follows
LET arrived = COLLECT {
  UNWIND CASE WHEN last >= opens THEN [key] ELSE [] END AS late
  CALL (late, opens, now) {
    MATCH (h:Handoff {route_id: late, secured: true})
    WHERE h.secured_at >= opens AND h.secured_at <= now AND NOT coalesce(h.settled_at > now, false)
    RETURN h.secured_at AS at ORDER BY h.route_id, h.secured, h.secured_at LIMIT 1
  }
  RETURN at
}[0]
LET seen = COLLECT {
  UNWIND CASE WHEN last >= opens OR slot < 0 THEN [] ELSE [key] END AS quiet
  CALL (quiet, now) {
    MATCH (h:Handoff {route_id: quiet}) WHERE h.last_at <= now
    RETURN h.last_at AS at ORDER BY h.route_id DESC, h.last_at DESC LIMIT 1
  }
  RETURN at
}[0]
WITH collect([i, last, arrived, seen]) AS found
RETURN [f IN found | f[0]] AS entries,
  [f IN found | f[1].epochSeconds * 1000000 + f[1].microsecond] AS last_at,
  [f IN found | f[2].epochSeconds * 1000000 + f[2].microsecond] AS arrived_at,
  [f IN found | f[3].epochSeconds * 1000000 + f[3].microsecond] AS seen_at
