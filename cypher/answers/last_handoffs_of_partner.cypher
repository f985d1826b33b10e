// Last successful handoffs of a partner: what did its systems give or get last, newest first?
// Goes over the partner's systems, each answered from its indexes.
// @param partner string  id of a partner
// @param limit integer = 20  rows at most
// @param as_of datetime = null  only what was secured by then, null is now
// @param draw boolean = true  also give what Browser draws, which takes a program most of the time
// @returns item, route, sender, receiver, secured_at, evidence_ids, handoff
// @example partner='northwind'
CYPHER 25
LET now = coalesce($as_of, datetime())
MATCH (:Partner {id: $partner})-[o:OPERATES]->(s:System)
CALL (s, now) {
  MATCH (h:Handoff {from_system: s.id, secured: true}) WHERE h.secured_at <= now
  WITH h ORDER BY h.from_system DESC, h.secured DESC, h.secured_at DESC LIMIT $limit
  RETURN h
  UNION
  MATCH (h:Handoff {secured_undated: true, from_system: s.id})
  RETURN h LIMIT $limit
  UNION
  MATCH (h:Handoff {secured_undated: true, to_system: s.id})
  RETURN h LIMIT $limit
  UNION
  MATCH (h:Handoff {to_system: s.id, secured: true}) WHERE h.secured_at <= now
  WITH h ORDER BY h.to_system DESC, h.secured DESC, h.secured_at DESC LIMIT $limit
  RETURN h
}
WITH DISTINCT h ORDER BY h.secured_at IS NULL, h.secured_at DESC, h.id LIMIT $limit
RETURN h.item_id AS item, h.route_id AS route, h.from_system AS sender, h.to_system AS receiver, h.secured_at AS secured_at,
  COLLECT { MATCH (h)<-[:ABOUT]-(e:Evidence) RETURN e.id ORDER BY e.time, e.id } AS evidence_ids, CASE WHEN $draw THEN h END AS handoff
