// Overdue deliveries: which items were seen on a route and have not arrived within its time?
// From an index that holds only handoffs that are not secured and whose receiver does not have the item from elsewhere. Routes
// with a schedule are left out: there the time runs from the schedule, and `lineage late` works it out.
// @param limit integer = 200  rows at most
// @returns route, sender, receiver, item, first_at, due_at, attempts, handoff, way
// @example limit=20
CYPHER 25
MATCH way = (:System)-[:SENDS]->(r:Route)-[:DELIVERS_TO]->(:System)
WHERE r.declared AND r.deliver_within IS NOT NULL AND r.schedule IS NULL AND (r.valid_to IS NULL OR r.valid_to > datetime())
UNWIND [r.id] + COLLECT { MATCH (r)<-[:SAME_AS]-(seen:Route) RETURN seen.id } AS key
MATCH (h:Handoff {route_id: key})
WHERE h.pending_since <= datetime() - duration(r.deliver_within)
RETURN r.id AS route, r.`from` AS sender, r.to AS receiver, h.item_id AS item, h.first_at AS first_at,
  h.pending_since + duration(r.deliver_within) AS due_at, h.attempts AS attempts, h AS handoff, way
ORDER BY due_at, route, item LIMIT $limit
