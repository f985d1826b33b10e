// History of partners: what did sources say of what belongs to these partners, from when on, and what did they drop?
// The partner, its teams, people, systems, interfaces, and the routes, data sets and fields that its systems send or get, those that are
// no longer declared among them. One row a node: `subject` is Label:id, `said` what its sources say or said (JSON).
// @param partners list  ids of partners
// @param as_of datetime = null  what was said by then, null is now
// @returns partner, subject, said
// @example partners=['northwind']
CYPHER 25
LET now = coalesce($as_of, datetime())
UNWIND $partners AS id
MATCH (p:Partner {id: id})
CALL (p) {
  RETURN 'Partner:' + p.id AS subject
  UNION MATCH (p)-[:HAS_TEAM]->(t:Team) RETURN 'Team:' + t.id AS subject
  UNION MATCH (p)-[:HAS_TEAM]->{0,1}(of)-[:HAS_CONTACT]->(c:Contact) RETURN 'Contact:' + c.id AS subject
  UNION MATCH (p)-[:OPERATES]->(s:System) RETURN 'System:' + s.id AS subject
  UNION MATCH (p)-[:OPERATES]->(:System)-[:EXPOSES]->(i:Interface) RETURN 'Interface:' + i.id AS subject
  UNION MATCH (p)-[:OPERATES]->(:System)-[:SENDS]->(r:Route) RETURN 'Route:' + r.id AS subject
  UNION MATCH (p)-[:OPERATES]->(:System)<-[:DELIVERS_TO]-(r:Route) RETURN 'Route:' + r.id AS subject
  UNION MATCH (p)-[:OPERATES]->(:System)-[:SENDS|DELIVERS_TO]-(:Route)-[:CARRIES]->(d:Dataset) RETURN 'Dataset:' + d.id AS subject
  UNION MATCH (p)-[:OPERATES]->(:System)-[:SENDS|DELIVERS_TO]-(:Route)-[:CARRIES]->(:Dataset)-[:HAS_FIELD]->(f:Field)
  RETURN 'Field:' + f.id AS subject
}
MATCH (a:Assertion {subject: subject}) WHERE a.feed <> 'evidence' AND (a.seen_from IS NULL OR a.seen_from <= now)
WITH id, subject, a ORDER BY a.seen_from, a.feed, a.source, a.hash
RETURN id AS partner, subject, collect(a{.authority, .feed, .source, .hash, .content, .seen_from, .retired_at}) AS said
ORDER BY partner, subject
