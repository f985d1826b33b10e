// Downstream impact: what does a change or an outage of this reach?
// Starts at a partner, system, job, interface, data set, field or route and follows FEEDS, always downstream, nearest first.
// A system is crossed only along the same data set, a data set derived from it, or a route that comes after.
// For a field: what is made from that field, where only data sets are known to be connected, what is made from its data set,
// and the routes that carry it. Each route brings its receiver and that receiver's partner along.
// For a data set with any_field: the same for a field that the map does not know by its name.
// @param id string  id of a node, a field's id joins data set and name
// @param label string = null  its label, where one id belongs to nodes of several labels
// @param depth integer = 30  steps downstream at most, up to 30
// @param as_of datetime = null  declarations of that time, null is now
// @param any_field boolean = false  of the data set, only what one of its fields reaches of which nobody says what is made from it
// @returns distance, label, id, name, dataset, dataset_name, reached_from, partner, owner, contact, start, node, people
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
WITH n, now, collect([x, distance]) AS reached
LET fields = [one IN reached WHERE one[0]:Field OR $any_field]
CALL (reached, fields, now) {
  UNWIND reached AS one
  RETURN one[0] AS x, one[1] AS distance
  UNION ALL
  // Where nobody says which fields a data set is made from, the field may be among them.
  UNWIND fields AS one
  MATCH (d:Dataset {id: coalesce(one[0].dataset, one[0].id)})-[made:FEEDS {kind: 'derivation'}]->(first)
  WHERE (made.valid_to IS NULL OR made.valid_to > now)
    AND NOT EXISTS { MATCH (d)-[:HAS_FIELD]->(:Field)-[:FEEDS]->(used) WHERE used = first OR EXISTS { (first)-[:HAS_FIELD]->(used) } }
  WITH first, min(one[1]) + 1 AS base, now
  MATCH p = (first)-[f:FEEDS WHERE f.kind <> 'follows' AND (f.valid_from IS NULL OR f.valid_from <= now) AND (f.valid_to IS NULL OR f.valid_to > now)]->{0,29}(x)
  WITH x, base, min(length(p)) AS steps
  RETURN x, min(base + steps) AS distance
}
WITH n, now, x, min(distance) AS distance
WITH n, now, collect([x, distance]) AS reached
LET fields = [one IN reached WHERE one[0]:Field OR $any_field AND one[0] = n]
CALL (reached, fields, now) {
  UNWIND reached AS one
  RETURN one[0] AS x, one[1] AS distance, null AS brought
  UNION ALL
  // A field travels with its data set, which fields come out again behind the receiver only derivations can say.
  UNWIND fields AS one
  MATCH (d:Dataset {id: coalesce(one[0].dataset, one[0].id)})-[f:FEEDS {kind: 'carried'}]->(r:Route)
  WHERE f.valid_to IS NULL OR f.valid_to > now
  RETURN r AS x, min(one[1]) + 1 AS distance, min(d.id) AS brought
}
// The nearest, and of as near ones that which something brought.
WITH n, now, x, min([distance, brought IS NULL, brought]) AS nearest
WITH n, now, x, nearest[0] AS distance, nearest[2] AS brought
// Row by row: a list of all that is reached, kept in every row, would be counted as memory in each.
CALL (x, distance, brought, now) {
  RETURN x AS y, distance AS steps, brought AS bringer
  UNION ALL
  MATCH (x:Route)-[d:DELIVERS_TO]->(s:System)
  WHERE (d.valid_from IS NULL OR d.valid_from <= now) AND (d.valid_to IS NULL OR d.valid_to > now)
  // A route that evidence named by its ends is the declared one between them.
  RETURN s AS y, distance + 1 AS steps, coalesce(COLLECT { MATCH (x)-[:SAME_AS]->(o:Route) RETURN o.id ORDER BY o.id LIMIT 1 }[0], x.id) AS bringer
  UNION ALL
  MATCH (x:Route)-[d:DELIVERS_TO]->(s:System)<-[o:OPERATES]-(p:Partner)
  WHERE (d.valid_to IS NULL OR d.valid_to > now) AND (o.valid_to IS NULL OR o.valid_to > now)
  RETURN p AS y, distance + 2 AS steps, s.id AS bringer
}
WITH n, now, y AS x, min([steps, bringer IS NULL, bringer]) AS nearest
WITH n, now, x, nearest[0] AS distance, nearest[2] AS brought
WHERE x <> n AND distance <= $depth AND NOT EXISTS { (x)-[:SAME_AS]->(:Route) }
LET owner = COLLECT { MATCH (x)<-[:HAS_FIELD]-{0,1}()<-[w:OWNS]-(t:Team) WHERE w.valid_to IS NULL OR w.valid_to > now RETURN t ORDER BY t.id LIMIT 1 }[0]
LET operator = CASE WHEN x:Partner THEN x ELSE COLLECT {
  UNWIND [x, owner] AS of
  MATCH (of)<-[o:OPERATES|HAS_TEAM]-(p:Partner) WHERE o.valid_to IS NULL OR o.valid_to > now
  RETURN p ORDER BY type(o) DESC, p.id LIMIT 1 }[0] END
LET people = COLLECT {
  UNWIND [owner, operator] AS of
  MATCH (of)-[h:HAS_CONTACT]->(c:Contact) WHERE h.valid_to IS NULL OR h.valid_to > now
  RETURN c ORDER BY CASE WHEN of = owner THEN 0 ELSE 1 END, c.id }
RETURN distance,
  [l IN labels(x) WHERE l IN ['Partner', 'System', 'Interface', 'Dataset', 'Field', 'Route', 'Report']][0] AS label,
  x.id AS id, coalesce(x.name, x.id) AS name, x.dataset AS dataset,
  CASE WHEN x:Field THEN COLLECT { MATCH (d:Dataset {id: x.dataset}) RETURN d.name }[0] END AS dataset_name,
  CASE WHEN brought IS NOT NULL THEN [brought] ELSE COLLECT { MATCH (y)-[:FEEDS|SENDS|OPERATES]->(x) RETURN y.id ORDER BY y.id } END AS reached_from,
  operator.id AS partner, owner.id AS owner, coalesce(people[0].email, people[0].name) AS contact,
  n AS start, x AS node, people
ORDER BY distance, label, id
