// Last secured between two systems: what from one last arrived at the other, before a moment, and when was it sent?
// However long before: answered from the index on (route_id, secured, secured_at) of the routes between them, seen or declared.
// @param sender string  from this system
// @param receiver string  to this system
// @param before datetime  the moment
// @param as_of datetime = null  only handoffs seen by then, null is now
// @returns secured_at, begun_at
// @example sender='relay-hub' receiver='spotify-ingest' before='2030-01-01T00:00:00Z'
CYPHER 25
LET now = coalesce($as_of, datetime())
MATCH (:System {id: $sender})-[:SENDS]->(r:Route)-[:DELIVERS_TO]->(:System {id: $receiver})
CALL (r, now) {
  MATCH (h:Handoff {route_id: r.id, secured: true}) WHERE h.secured_at < $before
  // A route that was given other ends carried to others before.
  FILTER h.first_at <= now AND coalesce(h.from_system, $sender) = $sender AND coalesce(h.to_system, $receiver) = $receiver
  WITH h ORDER BY h.route_id DESC, h.secured DESC, h.secured_at DESC LIMIT 1
  RETURN h
}
WITH h ORDER BY h.secured_at DESC, h.id LIMIT 1
RETURN h.secured_at AS secured_at, coalesce(h.sent_at, h.first_at) AS begun_at
