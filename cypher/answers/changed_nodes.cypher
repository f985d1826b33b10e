// Changed nodes: which of these does the map hold, and who answers for them?
// For fields, data sets, interfaces and routes that a new version of a contract changes. Who answers: the team that owns the node,
// a field's data set or an interface's system, and the partner of that team, else the one that operates the system.
// @param ids list  ids of fields (data set and name joined), data sets, interfaces and routes
// @param as_of datetime = null  declarations of that time, null is now
// @returns label, id, name, feeds, owner, owner_name, partner, contacts, node
// @example ids=['play-counts#plays','show-feed']
CYPHER 25
LET now = coalesce($as_of, datetime())
UNWIND $ids AS id
CALL (id) {
  MATCH (n:Field {id: id}) RETURN n, 'Field' AS label UNION MATCH (n:Dataset {id: id}) RETURN n, 'Dataset' AS label
  UNION MATCH (n:Interface {id: id}) RETURN n, 'Interface' AS label UNION MATCH (n:Route {id: id}) RETURN n, 'Route' AS label
}
LET owner = COLLECT {
  MATCH (n)<-[:HAS_FIELD|EXPOSES]-{0,1}(of)<-[w:OWNS]-(t:Team) WHERE w.valid_to IS NULL OR w.valid_to > now RETURN t ORDER BY t.id LIMIT 1 }[0]
LET partner = COLLECT {
  UNWIND [owner] + COLLECT { MATCH (n)<-[:EXPOSES]-(s:System) RETURN s } AS of
  MATCH (of)<-[o:OPERATES|HAS_TEAM]-(p:Partner) WHERE o.valid_to IS NULL OR o.valid_to > now
  RETURN p ORDER BY CASE WHEN of = owner THEN 0 ELSE 1 END, p.id LIMIT 1 }[0]
RETURN label, n.id AS id, coalesce(n.name, n.id) AS name,
  EXISTS { (n)-[f:FEEDS]->() WHERE f.valid_to IS NULL OR f.valid_to > now } AS feeds,
  owner.id AS owner, owner.name AS owner_name, partner.id AS partner,
  COLLECT {
    UNWIND [owner, partner] AS of
    MATCH (of)-[h:HAS_CONTACT]->(c:Contact) WHERE h.valid_to IS NULL OR h.valid_to > now
    RETURN c{.name, .email, .role, of: of.id} ORDER BY CASE WHEN of = owner THEN 0 ELSE 1 END, c.id LIMIT 10 } AS contacts,
  n AS node
ORDER BY label, id
