// Last secured between two systems: when did anything from one last arrive at the other, before a moment?
// However long before: answered from the index on (route_id, secured, secured_at) of the routes between them, seen or declared.
// @param sender string  from this system
// @param receiver string  to this system
// @param before datetime  the moment
// @returns at
// @example sender='cms' receiver='relay-hub' before='2022-05-26T12:00:00Z'
CYPHER 25
OPTIONAL MATCH (:System {id: $sender})-[:SENDS]->(r:Route)-[:DELIVERS_TO]->(:System {id: $receiver})
CALL (r) {
  MATCH (h:Handoff {route_id: r.id, secured: true}) WHERE h.secured_at < $before
  WITH h ORDER BY h.route_id DESC, h.secured DESC, h.secured_at DESC LIMIT 1
  RETURN h.secured_at AS at
}
RETURN max(at) AS at
