// Route ends: who sends and who receives on these routes, and what is under way there?
// Under way is what was handed on and is not known to be safe with the receiver, last seen first.
// Both ends with their partner, the team that owns the system, and whom to ask.
// @param routes list  route ids
// @param limit integer = 20  items under way listed for each route at most
// @param as_of datetime = null  declarations of that time, null is now
// @returns route, dataset, side, system, name, partner, partner_name, owner, contact, under_way, items, way
// @example routes=['relay-to-northwind']
CYPHER 25
LET now = coalesce($as_of, datetime())
UNWIND $routes AS id
MATCH (r:Route {id: id})
// Evidence that names no route is told by its two ends. Such a route is the same as the declared one between them.
LET known_as = COLLECT { MATCH (r)<-[:SAME_AS]-{0,1}(o:Route) RETURN o.id }
// From the indexes in which only such handoffs are.
LET open = COLLECT {
  UNWIND known_as AS own
  MATCH (h:Handoff {route_id: own}) WHERE h.pending_since IS NOT NULL RETURN h
  UNION ALL
  UNWIND known_as AS own
  MATCH (h:Handoff {pending_undated: true, route_id: own}) RETURN h
}
LET items = COLLECT {
  UNWIND open AS h
  MATCH (h)-[:OF]->(i:Item)
  WITH i, max(h.last_at) AS last_at ORDER BY last_at DESC, i.id LIMIT $limit
  RETURN i{.id, .name, last_at: last_at, identifiers: COLLECT { MATCH (i)-[:VERSION_OF]->{0,1}()<-[:IDENTIFIES]-(k:Identifier) RETURN DISTINCT k.id ORDER BY k.id LIMIT 5 }}
}
CALL (r, now) {
  MATCH way = (r)<-[e:SENDS]-(s:System) WHERE e.valid_to IS NULL OR e.valid_to > now RETURN s, 'sender' AS side, way
  UNION
  MATCH way = (r)-[e:DELIVERS_TO]->(s:System) WHERE e.valid_to IS NULL OR e.valid_to > now RETURN s, 'receiver' AS side, way
}
LET owner = COLLECT { MATCH (s)<-[w:OWNS]-(t:Team) WHERE w.valid_to IS NULL OR w.valid_to > now RETURN t ORDER BY t.id LIMIT 1 }[0]
LET partner = COLLECT {
  MATCH (s)<-[o:OPERATES]-(p:Partner) WHERE o.valid_to IS NULL OR o.valid_to > now RETURN p ORDER BY p.id LIMIT 1 }[0]
LET people = COLLECT {
  UNWIND [owner, partner] AS of
  MATCH (of)-[h:HAS_CONTACT]->(c:Contact) WHERE h.valid_to IS NULL OR h.valid_to > now
  RETURN c ORDER BY CASE WHEN of = owner THEN 0 ELSE 1 END, c.id LIMIT 1 }
RETURN r.id AS route, r.dataset AS dataset, side, s.id AS system, coalesce(s.name, s.id) AS name,
  partner.id AS partner, partner.name AS partner_name, owner.id AS owner, coalesce(people[0].email, people[0].name) AS contact,
  size(open) AS under_way, items, way
ORDER BY route, side, system
