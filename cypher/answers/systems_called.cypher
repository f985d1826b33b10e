// Systems called: which systems that nobody has declared as anyone's are called like this, and what passes through them?
// Any part of the id counts, letters' case does not matter. `routes`: what leads into and out of them, with the kinds of item that its
// newest handoffs carried. What belongs to a declared route is left out.
// @param name string  a part of their ids, such as a partner's id
// @param limit integer = 100  systems at most
// @returns systems, routes
// @example name='mirror'
CYPHER 25
LET wanted = toLower($name)
LET systems = COLLECT {
  MATCH (s:System {declared: false}) WHERE s.partner IS NULL AND toLower(s.id) CONTAINS wanted
  RETURN s ORDER BY s.id LIMIT $limit
}
RETURN [s IN systems | s{.*}] AS systems, COLLECT {
  UNWIND systems AS s
  MATCH (s)-[:SENDS|DELIVERS_TO]-(r:Route) WHERE NOT EXISTS { (r)-[:SAME_AS]->(:Route) }
  WITH DISTINCT r
  RETURN r{.*, kinds: COLLECT {
    MATCH (h:Handoff {route_id: r.id}) WHERE h.last_at IS NOT NULL
    WITH h ORDER BY h.route_id DESC, h.last_at DESC LIMIT 100
    RETURN DISTINCT split(h.item_id, ':')[0]
  }} ORDER BY r.id
} AS routes
