// Playlist flow: which systems does a playlist pass in which order, what does each do, by which operation, and where does it stand?
// One row for each step of each version (any other item has one version, itself): what was seen, and the declared steps that are
// still to come. `sender_did` and `receiver_did` are the words of the two systems themselves, such as created, approved, published, shown.
// `interface` is the operation that the route uses, as its contract describes it. `failure` is the newest refusal or failure, if any.
// @param item string  id of a playlist, of one version of it, or of any other item
// @returns version, step, sender, sender_did, receiver, receiver_did, route, interface, protocol, endpoint, contract, state, at, failure
// @example item='episode:dev-meeting'
CYPHER 25
MATCH (top:Item {id: $item})
CALL (top) {
  RETURN top AS i
  UNION
  MATCH (i:Item)-[:VERSION_OF]->{1,4}(top) RETURN i ORDER BY i.id LIMIT 100
}
WITH DISTINCT i
LET handoffs = COLLECT { MATCH (i)<-[:OF]-(h:Handoff) RETURN h }
LET starts = [i.origin] + [h IN handoffs | h.from_system] + [h IN handoffs | h.to_system]
LET seen = COLLECT {
  UNWIND handoffs AS h
  OPTIONAL MATCH (:Route {id: h.route_id})-[:SAME_AS]->(d:Route) WHERE i.kind IN d.item_kind OR d.item_kind = []
  RETURN {handoff: h, route: coalesce(d.id, h.route_id)}
}
LET open = COLLECT {
  UNWIND starts AS start
  WITH DISTINCT start WHERE start IS NOT NULL
  MATCH (:System {id: start})-[:SENDS]->(first:Route) WHERE i.kind IN first.item_kind
  MATCH (first)-[f:FEEDS WHERE f.kind <> 'arrival']->{0,20}(r:Route) WHERE i.kind IN r.item_kind AND r.valid_to IS NULL
  RETURN DISTINCT r.id
}
LET steps = seen + [route IN open WHERE NOT any(s IN seen WHERE s.route = route) | {handoff: null, route: route}]
LET routes = [s IN steps | s.route]
UNWIND steps AS one
LET h = one.handoff
OPTIONAL MATCH (r:Route {id: one.route})
OPTIONAL MATCH (r)-[:USES]->(x:Interface {id: r.interface})
LET sender = coalesce(h.from_system, r.`from`), receiver = coalesce(h.to_system, r.to)
// A step comes after as many others as lead to it.
LET before = COLLECT {
  MATCH (first:Route)-[f:FEEDS WHERE f.kind <> 'arrival']->{1,20}(r) WHERE first.id IN routes AND first <> r
  RETURN count(DISTINCT first)
}[0]
RETURN i.id AS version, before + 1 AS step,
  sender, COLLECT { MATCH (h)<-[:ABOUT]-(e:Evidence {said_by: sender}) RETURN DISTINCT coalesce(e.raw_type, e.type) AS word ORDER BY word } AS sender_did,
  receiver, COLLECT { MATCH (h)<-[:ABOUT]-(e:Evidence {said_by: receiver}) RETURN DISTINCT coalesce(e.raw_type, e.type) AS word ORDER BY word } AS receiver_did,
  one.route AS route, coalesce(x.id, r.interface) AS interface, x.protocol AS protocol, x.endpoint AS endpoint, x.contract AS contract,
  CASE WHEN h IS NULL THEN 'nothing seen' WHEN h.secured THEN 'done' ELSE coalesce(h.processing, h.acknowledgement, h.transport, 'seen') END AS state,
  coalesce(h.secured_at, h.last_at) AS at,
  COLLECT {
    MATCH (h)<-[:ABOUT]-(e:Evidence) WHERE e.type IN ['failed', 'rejected']
    RETURN e.said_by + ' ' + coalesce(e.raw_type, e.type) + coalesce(' ' + e.code, '') + coalesce(': ' + e.detail, '')
    ORDER BY e.time DESC, e.id LIMIT 1
  }[0] AS failure
ORDER BY version, step, at, route LIMIT 1000
