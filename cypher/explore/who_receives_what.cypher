// Who receives what: who receives what from us, how, and how often?
// Declared routes out of a partner's systems, with what carries them and when the last delivery on each was secured.
// @param partner string = 'spotify'  whose systems send
// @returns receiver_partner, receiver, dataset, item_kind, schedule, timezone, protocol, format, acknowledgement, owner, route, last_secured_at, way
// @example partner='relay'
CYPHER 25
MATCH (:Partner {id: $partner})-[o:OPERATES]->(s:System)
WHERE o.valid_to IS NULL OR o.valid_to > datetime()
MATCH way = (s)-[:SENDS]->(r:Route {declared: true, `from`: s.id})-[:DELIVERS_TO]->(t:System {id: r.to})
WHERE r.valid_to IS NULL OR r.valid_to > datetime()
OPTIONAL MATCH (r)-[:USES]->(i:Interface {id: r.interface})
OPTIONAL MATCH (q:Partner)-[qo:OPERATES]->(t) WHERE qo.valid_to IS NULL OR qo.valid_to > datetime()
RETURN q.id AS receiver_partner, t.id AS receiver, r.dataset AS dataset, r.item_kind AS item_kind,
  r.schedule AS schedule, r.timezone AS timezone, i.protocol AS protocol, i.format AS format,
  r.acknowledgement AS acknowledgement, r.owner AS owner, r.id AS route,
  COLLECT {
    UNWIND [r.id] + COLLECT { MATCH (r)<-[:SAME_AS]-(seen:Route) RETURN seen.id } AS key
    CALL (key) {
      MATCH (h:Handoff {route_id: key, secured: true}) WHERE h.secured_at <= datetime()
      RETURN h.secured_at AS at ORDER BY h.route_id DESC, h.secured DESC, h.secured_at DESC LIMIT 1
    }
    RETURN max(at)
  }[0] AS last_secured_at, way
ORDER BY receiver_partner, receiver, route
