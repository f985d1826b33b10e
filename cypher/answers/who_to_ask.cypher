// Who to ask: who answers for these systems?
// The contacts of the team that owns a system come before those of the partner that operates it.
// @param systems list  system ids
// @param draw boolean = true  also give what Browser draws, which takes a program most of the time
// @returns system, partner, partner_name, zone, of, name, email, role, way
// @example systems=['relay-hub', 'northwind-directory']
CYPHER 25
UNWIND $systems AS id
MATCH (s:System {id: id})
OPTIONAL MATCH (p:Partner)-[o:OPERATES]->(s) WHERE o.valid_to IS NULL OR o.valid_to > datetime()
CALL (s, p) {
  MATCH way = (c:Contact)<-[h:HAS_CONTACT]-(t:Team)-[w:OWNS]->(s)
  WHERE (h.valid_to IS NULL OR h.valid_to > datetime()) AND (w.valid_to IS NULL OR w.valid_to > datetime())
  RETURN c, t AS of, 0 AS rank, way
  UNION
  MATCH way = (c:Contact)<-[h:HAS_CONTACT]-(p)-[:OPERATES]->(s) WHERE h.valid_to IS NULL OR h.valid_to > datetime()
  RETURN c, p AS of, 1 AS rank, way
  UNION
  RETURN null AS c, null AS of, 2 AS rank, null AS way
}
WITH id, p, c, of, rank, way ORDER BY id, rank, c.name
WITH id, p, collect({c: c, of: of, way: way}) AS found
UNWIND CASE size(found) WHEN 1 THEN found ELSE found[..-1] END AS one
RETURN id AS system, p.id AS partner, p.name AS partner_name, p.zone AS zone,
  one.of.id AS of, one.c.name AS name, one.c.email AS email, one.c.role AS role, CASE WHEN $draw THEN one.way END AS way
