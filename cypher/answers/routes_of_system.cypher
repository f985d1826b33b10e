// Routes of a system: which routes lead into it and out of it, seen or declared?
// One row for each side (`into`, `out_of`) with the ids of all its routes and the properties of those that are declared. A route
// that evidence named only by its two ends is among them by that name.
// @param system string  id of a system
// @param as_of datetime = null  only declarations of that time, null is now
// @returns side, routes, agreements, ways
// @example system='relay-hub'
CYPHER 25
LET now = coalesce($as_of, datetime())
MATCH (s:System {id: $system})
CALL (s) {
  MATCH way = (s)<-[:DELIVERS_TO]-(r:Route) RETURN 'into' AS side, r, way
  UNION ALL
  MATCH way = (s)-[:SENDS]->(r:Route) RETURN 'out_of' AS side, r, way
}
WITH side, collect(DISTINCT r) AS routes, collect(way) AS ways, now
RETURN side, [r IN routes | r.id] AS routes,
  [r IN routes WHERE r.declared AND (r.valid_from IS NULL OR r.valid_from <= now) | r{.*}] AS agreements, ways
ORDER BY side
