// Drift of routes: which routes are used and not declared, or declared and never used?
// Draws the two systems and the route between them. A route that evidence named by its two ends, and that is the one declared
// route between these, is neither. An ended agreement counts as none. `lineage drift` says more: cadence, protocols, disagreements.
// @param limit integer = 200  rows at most
// @returns drift, route, sender, receiver, first_at, last_at, way
// @example limit=50
CYPHER 25
MATCH (r:Route)
LET agreed = r.declared AND (r.valid_from IS NULL OR r.valid_from <= datetime()) AND (r.valid_to IS NULL OR r.valid_to > datetime())
LET keys = [r.id] + COLLECT { MATCH (r)<-[:SAME_AS]-(o:Route) RETURN o.id }
LET seen = [key IN keys | [
  COLLECT { MATCH (h:Handoff {route_id: key}) USING INDEX h:Handoff(route_id, first_at) WHERE h.first_at <= datetime()
    RETURN h.first_at ORDER BY h.route_id, h.first_at LIMIT 1 }[0],
  COLLECT { MATCH (h:Handoff {route_id: key}) USING INDEX h:Handoff(route_id, last_at) WHERE h.last_at <= datetime()
    RETURN h.last_at ORDER BY h.route_id DESC, h.last_at DESC LIMIT 1 }[0]
]]
LET first = reduce(least = null, s IN seen | CASE WHEN least <= s[0] THEN least ELSE coalesce(s[0], least) END)
LET last = reduce(most = null, s IN seen | CASE WHEN most >= s[1] THEN most ELSE coalesce(s[1], most) END)
LET drift = CASE WHEN agreed AND first IS NULL THEN 'never-seen' WHEN NOT agreed AND last IS NOT NULL AND NOT EXISTS { (r)-[:SAME_AS]->() } THEN 'undeclared-route' END
WITH r, first, last, drift WHERE drift IS NOT NULL
OPTIONAL MATCH way = (:System {id: r.`from`})-[:SENDS]->(r)-[:DELIVERS_TO]->(:System {id: r.to})
RETURN drift, r.id AS route, r.`from` AS sender, r.to AS receiver, first AS first_at, last AS last_at, coalesce(way, r) AS way
ORDER BY drift DESC, last_at DESC, route LIMIT $limit
