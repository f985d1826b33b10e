// Undeclared systems: which systems take part without anybody having declared them?
// Seen in evidence, in a feed, or named by somebody else's declaration. `said_by` tells where to look.
// @param limit integer = 200  rows at most
// @returns system, kind, sends, receives, said_by, node
// @example limit=20
CYPHER 25
MATCH (s:System {declared: false})
RETURN s.id AS system, s.kind AS kind,
  COUNT { (s)-[:SENDS]->(:Route) } AS sends, COUNT { (s)<-[:DELIVERS_TO]-(:Route) } AS receives,
  COLLECT {
    MATCH (a:Assertion {subject: 'System:' + s.id}) RETURN DISTINCT CASE a.source WHEN a.feed THEN a.feed ELSE a.feed + ' ' + a.source END AS said
    UNION
    MATCH (s)-[:SENDS|DELIVERS_TO]-(r:Route) MATCH (a:Assertion {subject: 'Route:' + r.id}) RETURN DISTINCT CASE a.source WHEN a.feed THEN a.feed ELSE a.feed + ' ' + a.source END AS said
  } AS said_by, s AS node
ORDER BY sends + receives DESC, system LIMIT $limit
