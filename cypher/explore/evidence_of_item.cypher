// Evidence of an item: what was seen of it, who says so, and where does that stand?
// One row for each piece of evidence, oldest first, with what the message travelled in and the position in the file that was
// loaded. What a receipt says of a whole message stands at each item that was in it.
// @param item string  id of an item, or any of its identifiers
// @param as_of datetime = null  only evidence of that time, null is now
// @returns time, said_by, type, word, code, detail, sender, receiver, route, message, answers, id, position, way
// @example item='episode:dev-meeting'
CYPHER 25
LET now = coalesce($as_of, datetime())
CALL () {
  MATCH (i:Item {id: $item}) RETURN i
  UNION
  MATCH (:Identifier {id: $item})-[:IDENTIFIES]->(i:Item) RETURN i
}
MATCH way = (i)<-[:OF]-(h:Handoff)<-[:ABOUT]-(e:Evidence) WHERE e.time IS NULL OR e.time <= now
OPTIONAL MATCH (r:Route {id: h.route_id})
RETURN e.time AS time, e.said_by AS said_by, e.type AS type, e.raw_type AS word, e.code AS code, e.detail AS detail,
  coalesce(h.from_system, r.`from`) AS sender, coalesce(h.to_system, r.to) AS receiver, h.route_id AS route,
  e.message_id AS message, e.in_reply_to AS answers, e.id AS id, e.position AS position, way
ORDER BY time, id, route LIMIT 1000
