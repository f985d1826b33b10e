// Trace path: which way did an item take, and which way should it have taken?
// One row for each handoff that was seen and for each declared route that the item could still take. `way` draws the two
// systems and the route between them, `handoff` what was seen there. A handoff whose evidence named only
// its two ends is joined to the one declared route between them (`joined`). `announced`: one of the ends is a system of the kind
// notification (podping, a WebSub hub), which is told of the item and is not given it.
// @param item string  id of an item (see find_item)
// @param as_of datetime = null  only evidence and declarations of that time, null is now
// @returns route, sender, receiver, status, secured_at, attempts, sender_zone, receiver_zone, announced, joined, item, above, identifiers, handoff, evidence, agreement, way
// @example item='episode:dev-meeting'
CYPHER 25
MATCH (i:Item {id: $item})
LET now = coalesce($as_of, datetime())
LET over = COLLECT { MATCH (i)-[:PART_OF|VERSION_OF]->{1,6}(a:Item) RETURN DISTINCT a }
LET above = [a IN over | a{.*}]
LET identifiers = COLLECT {
  CALL (i, over) {
    MATCH (x:Identifier)-[:IDENTIFIES]->(i) RETURN x.id AS id
    UNION
    UNWIND over AS a MATCH (x:Identifier)-[:IDENTIFIES {scope: 'work'}]->(a) WHERE a.kind = i.kind RETURN x.id AS id
  }
  RETURN id ORDER BY id
}
LET handoffs = COLLECT { MATCH (i)<-[:OF]-(h:Handoff) WHERE h.first_at IS NULL OR h.first_at <= now RETURN h }
LET starts = [i.origin] + [a IN above | a.origin] + [h IN handoffs | h.from_system] + [h IN handoffs | h.to_system]
LET open = COLLECT {
  UNWIND starts AS start
  WITH DISTINCT start WHERE start IS NOT NULL
  MATCH (:System {id: start})-[:SENDS]->(first:Route)
  WHERE i.kind IN first.item_kind
  MATCH (first)-[f:FEEDS WHERE f.kind <> 'arrival']->{0,20}(r:Route)
  WHERE i.kind IN r.item_kind AND (r.valid_from IS NULL OR r.valid_from <= now)
  RETURN DISTINCT r
}
LET seen = COLLECT {
  UNWIND handoffs AS h
  LET at = coalesce(h.first_at, now)
  LET between = COLLECT {
    MATCH (:System {id: h.from_system})-[:SENDS]->(d:Route {`from`: h.from_system, to: h.to_system})
    WHERE d.declared AND (h.dataset IS NULL OR d.dataset IS NULL OR d.dataset = h.dataset)
      AND (i.kind IN d.item_kind OR d.item_kind = [])
      AND (d.valid_from IS NULL OR d.valid_from <= at) AND (d.valid_to IS NULL OR d.valid_to > at)
    RETURN DISTINCT d.id ORDER BY d.id
  }
  LET joined = CASE WHEN EXISTS { MATCH (r:Route {id: h.route_id}) WHERE r.declared } THEN [h.route_id] ELSE between END
  RETURN {handoff: h, joined: joined, route: CASE WHEN size(joined) = 1 THEN joined[0] ELSE h.route_id END}
}
LET hops = seen + [o IN open WHERE NOT any(s IN seen WHERE s.route = o.id) | {handoff: null, joined: [o.id], route: o.id}]
UNWIND CASE hops WHEN [] THEN [{}] ELSE hops END AS row
LET route = row.route, joined = row.joined, h = row.handoff
OPTIONAL MATCH (r:Route {id: route})
OPTIONAL MATCH way = (:System {id: r.`from`})-[:SENDS]->(r)-[:DELIVERS_TO]->(:System {id: r.to})
RETURN route,
  coalesce(h.from_system, r.`from`) AS sender, coalesce(h.to_system, r.to) AS receiver,
  CASE WHEN route IS NULL THEN 'no handoff known' WHEN h IS NULL THEN 'not seen' WHEN h.secured AND (h.secured_at IS NULL OR h.secured_at <= now) THEN 'secured' ELSE coalesce(h.processing, h.acknowledgement, h.transport, 'seen') END AS status,
  h.secured_at AS secured_at, h.attempts AS attempts,
  COLLECT { MATCH (:System {id: coalesce(h.from_system, r.`from`)})<-[o:OPERATES]-(p:Partner) WHERE o.valid_to IS NULL OR o.valid_to > now RETURN p.zone }[0] AS sender_zone,
  COLLECT { MATCH (:System {id: coalesce(h.to_system, r.to)})<-[o:OPERATES]-(p:Partner) WHERE o.valid_to IS NULL OR o.valid_to > now RETURN p.zone }[0] AS receiver_zone,
  EXISTS { MATCH (s:System) WHERE s.id IN [coalesce(h.from_system, r.`from`), coalesce(h.to_system, r.to)] AND s.kind = 'notification' } AS announced,
  joined, i AS item, above, identifiers, h AS handoff,
  COLLECT { MATCH (h)<-[:ABOUT]-(e:Evidence) WHERE e.time IS NULL OR e.time <= now RETURN e{.*} ORDER BY e.time, e.id } AS evidence,
  r AS agreement, way
ORDER BY secured_at, h.first_at, route
