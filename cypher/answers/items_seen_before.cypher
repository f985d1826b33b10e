// Items before a moment: which ones did each route hand on last before it?
// One row with a list of ids. With those that were handed on since, they are all that can be neighbours of anything since then.
// @param at datetime  the moment
// @param nearest integer = 20  items of a route
// @param hours integer = 24  how far before the moment at most
// @returns items
// @example at='2022-05-26T12:00:00Z'
CYPHER 25
LET since = $at - duration({hours: $hours})
MATCH (r:Route)
CALL (r, since) {
  MATCH (h:Handoff {route_id: r.id}) WHERE h.first_at < $at AND h.first_at >= since
  WITH h ORDER BY h.route_id DESC, h.first_at DESC, h.item_id DESC LIMIT $nearest
  RETURN h
}
WITH DISTINCT h.item_id AS item ORDER BY item
RETURN collect(item) AS items
