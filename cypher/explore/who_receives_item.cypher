// Who receives this item: who receives which parts of it (a campaign's assets, a show's episodes), how often, and did they get them?
// Every handoff of the item and of all that is a part of it, and the routes that list it or what it is a part of, where nothing was seen yet.
// `deliveries`: how many items have arrived on that route so far, also those whose evidence named only its two ends. Of each name 1000
// handoffs are looked at, so that it costs no more on a busy one. `schedule`: how often it is agreed to run.
// @param item string  an item's id
// @returns part, part_name, receiver_partner, receiver, dataset, route, schedule, protocol, format, state, attempts, secured_at, deliveries
// @example item='episode:dev-meeting'
CYPHER 25
MATCH (top:Item {id: $item})<-[:PART_OF]-{0,5}(part:Item)
WITH DISTINCT part LIMIT 2000
CALL (part) {
  MATCH (part)<-[:OF]-(h:Handoff)
  OPTIONAL MATCH (:Route {id: h.route_id})-[:SAME_AS]->(declared:Route)
  WHERE part.kind IN declared.item_kind OR declared.item_kind = []
  RETURN coalesce(declared.id, h.route_id) AS route, h
  UNION
  MATCH (part)-[:PART_OF]->{0,5}(above:Item)
  UNWIND coalesce(above.expected_on, []) AS route
  MATCH (r:Route {id: route}) WHERE (part.kind IN r.item_kind OR r.item_kind = [] AND above = part)
    AND NOT EXISTS { MATCH (part)<-[:OF]-(o:Handoff) WHERE o.route_id = route OR EXISTS { (:Route {id: o.route_id})-[:SAME_AS]->(r) } }
  RETURN DISTINCT route, null AS h
}
OPTIONAL MATCH (r:Route {id: route})
OPTIONAL MATCH (r)-[:USES]->(i:Interface {id: r.interface})
WITH part, route, h, r, i, coalesce(h.to_system, r.to) AS receiver
OPTIONAL MATCH (q:Partner)-[o:OPERATES]->(:System {id: receiver}) WHERE o.valid_to IS NULL
RETURN part.id AS part, part.name AS part_name, q.id AS receiver_partner, receiver, coalesce(h.dataset, r.dataset) AS dataset, route,
  r.schedule AS schedule, i.protocol AS protocol, i.format AS format,
  CASE WHEN h IS NULL THEN 'nothing seen' WHEN h.secured THEN 'arrived' ELSE coalesce(h.processing, h.acknowledgement, h.transport, 'seen') END AS state,
  h.attempts AS attempts, h.secured_at AS secured_at,
  COLLECT {
    UNWIND [route] + COLLECT { MATCH (r)<-[:SAME_AS]-(seen:Route) RETURN seen.id } AS key
    CALL (key) {
      MATCH (x:Handoff {route_id: key, secured: true}) WHERE x.secured_at IS NOT NULL RETURN x LIMIT 1000
      UNION
      MATCH (x:Handoff {secured_undated: true, route_id: key}) RETURN x LIMIT 1000
    }
    MATCH (x)-[:OF]->(one:Item)
    WHERE CASE key WHEN route THEN NOT EXISTS { MATCH (r)-[:SAME_AS]->(d:Route) WHERE one.kind IN d.item_kind OR d.item_kind = [] }
      ELSE one.kind IN r.item_kind OR r.item_kind = [] END
    RETURN count(x)
  }[0] AS deliveries
ORDER BY part, receiver, route LIMIT 1000
