// Impact reach: what does a change or an outage of this reach, in one row of lists?
// Says what downstream_impact says, for programs: thousands of rows with their nodes take a server and a driver ten times as long as the
// search itself, lists do not. Who owns what is said by id, and each team and partner once: its partner, and whom to ask there.
// `systems`: when each was last heard of, `freshest` when anybody was (microseconds since 1970).
// @param id string  id of a node, a field's id joins data set and name
// @param label string = null  its label, where one id belongs to nodes of several labels
// @param depth integer = 30  steps downstream at most, up to 31
// @param as_of datetime = null  declarations of that time, null is now
// @param any_field boolean = false  of the data set, only what one of its fields reaches of which nobody says what is made from it
// @returns reached, teams, partners, systems, freshest
// @example id='northwind-directory'
CYPHER 25
LET now = coalesce($as_of, datetime())
CALL () {
  MATCH (n:Partner {id: $id}) RETURN n UNION MATCH (n:System {id: $id}) RETURN n UNION MATCH (n:Interface {id: $id}) RETURN n
  UNION MATCH (n:Dataset {id: $id}) RETURN n UNION MATCH (n:Field {id: $id}) RETURN n UNION MATCH (n:Route {id: $id}) RETURN n
}
FILTER $label IS NULL OR $label IN labels(n)
CALL (n, now) {
  MATCH p = (n)-[f:FEEDS|SENDS|OPERATES WHERE coalesce(f.kind, '') <> 'follows' AND (f.valid_from IS NULL OR f.valid_from <= now) AND (f.valid_to IS NULL OR f.valid_to > now)]->{0,30}(x)
  WITH n, x, min(length(p)) AS distance WHERE NOT $any_field OR x = n
  RETURN x, distance
}
WITH n, now, collect([x, distance]) AS found
// Where nobody says which fields a data set is made from, the field may be among them.
LET derived = COLLECT {
  UNWIND [one IN found WHERE one[0]:Field OR $any_field] AS one
  MATCH (d:Dataset {id: coalesce(one[0].dataset, one[0].id)})-[made:FEEDS {kind: 'derivation'}]->(first)
  WHERE (made.valid_to IS NULL OR made.valid_to > now)
    AND NOT EXISTS { MATCH (d)-[:HAS_FIELD]->(:Field)-[:FEEDS]->(used) WHERE used = first OR EXISTS { (first)-[:HAS_FIELD]->(used) } }
  WITH first, min(one[1]) + 1 AS base, now
  MATCH p = (first)-[f:FEEDS WHERE f.kind <> 'follows' AND (f.valid_from IS NULL OR f.valid_from <= now) AND (f.valid_to IS NULL OR f.valid_to > now)]->{0,29}(x)
  WITH x, base, min(length(p)) AS steps
  RETURN [x, base + steps]
}
// A field travels with its data set, which fields come out again behind the receiver only derivations can say.
LET carried = COLLECT {
  UNWIND [one IN found + derived WHERE one[0]:Field OR $any_field AND one[0] = n] AS one
  MATCH (d:Dataset {id: coalesce(one[0].dataset, one[0].id)})-[f:FEEDS {kind: 'carried'}]->(r:Route)
  WHERE f.valid_to IS NULL OR f.valid_to > now
  RETURN [r, one[1] + 1, d.id]
}
LET passed = found + derived + carried
LET delivered = COLLECT {
  UNWIND passed AS one
  WITH one[0] AS r, min(one[1]) AS distance, now WHERE r:Route
  MATCH (r)-[d:DELIVERS_TO]->(s:System)
  WHERE (d.valid_from IS NULL OR d.valid_from <= now) AND (d.valid_to IS NULL OR d.valid_to > now)
  // A route that evidence named by its ends is the declared one between them.
  RETURN [s, distance + 1, coalesce(COLLECT { MATCH (r)-[:SAME_AS]->(o:Route) RETURN o.id ORDER BY o.id LIMIT 1 }[0], r.id)]
}
LET told = COLLECT {
  UNWIND delivered AS one
  WITH one[0] AS s, min(one[1]) AS distance, now
  MATCH (s)<-[o:OPERATES]-(p:Partner) WHERE o.valid_to IS NULL OR o.valid_to > now
  RETURN [p, distance + 1, s.id]
}
CALL (passed, delivered, told) {
  UNWIND passed + delivered + told AS one
  // The nearest, and of as near ones that which something brought.
  RETURN one[0] AS x, min([one[1], one[2] IS NULL, one[2]]) AS nearest
}
WITH n, now, x, nearest[0] AS distance, nearest[2] AS brought
WHERE x <> n AND distance <= $depth AND NOT (x:Route AND EXISTS { (x)-[:SAME_AS]->() })
LET label = [l IN labels(x) WHERE l IN ['Partner', 'System', 'Interface', 'Dataset', 'Field', 'Route', 'Report']][0],
  owner = CASE WHEN x:Field
    THEN COLLECT { MATCH (x)<-[:HAS_FIELD]-()<-[w:OWNS]-(t:Team) WHERE w.valid_to IS NULL OR w.valid_to > now RETURN t.id ORDER BY t.id LIMIT 1 }[0]
    ELSE COLLECT { MATCH (x)<-[w:OWNS]-(t:Team) WHERE w.valid_to IS NULL OR w.valid_to > now RETURN t.id ORDER BY t.id LIMIT 1 }[0] END,
  operator = CASE WHEN x:Partner THEN x.id WHEN x:System THEN
    COLLECT { MATCH (p:Partner)-[o:OPERATES]->(x) WHERE o.valid_to IS NULL OR o.valid_to > now RETURN p.id ORDER BY p.id LIMIT 1 }[0] END,
  from = CASE WHEN brought IS NOT NULL THEN [brought] ELSE COLLECT { MATCH (y)-[:FEEDS|SENDS|OPERATES]->(x) RETURN y.id } END
WITH collect(DISTINCT owner) AS owners, collect(DISTINCT operator) AS operators, collect([
  distance, label, x.id, coalesce(x.name, x.id), x.dataset,
  CASE WHEN x:Field THEN COLLECT { MATCH (d:Dataset {id: x.dataset}) RETURN d.name }[0] END, from, operator, owner
]) AS reached
LET now = coalesce($as_of, datetime())
LET teams = COLLECT {
  UNWIND owners AS id MATCH (t:Team {id: id})
  RETURN [id,
    COLLECT { MATCH (p:Partner)-[o:HAS_TEAM]->(t) WHERE o.valid_to IS NULL OR o.valid_to > now RETURN p.id ORDER BY p.id LIMIT 1 }[0],
    COLLECT { MATCH (t)-[h:HAS_CONTACT]->(c:Contact) WHERE h.valid_to IS NULL OR h.valid_to > now RETURN coalesce(c.email, c.name) ORDER BY c.id LIMIT 1 }[0]]
}
LET partners = COLLECT {
  UNWIND operators + [t IN teams WHERE t[1] IS NOT NULL | t[1]] AS id
  WITH DISTINCT id MATCH (p:Partner {id: id})
  RETURN [id, COLLECT { MATCH (p)-[h:HAS_CONTACT]->(c:Contact) WHERE h.valid_to IS NULL OR h.valid_to > now RETURN coalesce(c.email, c.name) ORDER BY c.id LIMIT 1 }[0]]
}
LET systems = COLLECT {
  UNWIND [one IN reached WHERE one[1] = 'System' | one[2]] AS id
  RETURN [id, COLLECT {
    MATCH (e:Evidence) WHERE e.said_by = id AND e.time <= now
    RETURN e.time.epochMillis * 1000 + e.time.microsecond % 1000 ORDER BY e.said_by DESC, e.time DESC LIMIT 1
  }[0]]
}
RETURN reached, teams, partners, systems,
  COLLECT { MATCH (e:Evidence) WHERE e.time <= now RETURN e.time.epochMillis * 1000 + e.time.microsecond % 1000 ORDER BY e.time DESC LIMIT 1 }[0] AS freshest
