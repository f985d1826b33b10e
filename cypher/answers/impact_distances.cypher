// Impact distances: how many steps away is what a change or an outage of this reaches?
// What impact_reach finds, without anybody to ask and from where it is reached: one row of three lists that belong together.
// @param id string  id of a node, a field's id joins data set and name
// @param label string = null  its label, where one id belongs to nodes of several labels
// @param depth integer = 30  steps downstream at most
// @param as_of datetime = null  declarations of that time, null is now
// @returns distances, labels, ids
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
  RETURN x, min(length(p)) AS distance
}
WITH n, now, collect([x, distance]) AS found
// Where nobody says which fields a data set is made from, the field may be among them.
LET derived = COLLECT {
  UNWIND [one IN found WHERE one[0]:Field] AS one
  MATCH (d:Dataset {id: one[0].dataset})-[made:FEEDS {kind: 'derivation'}]->(first)
  WHERE (made.valid_to IS NULL OR made.valid_to > now)
    AND NOT EXISTS { MATCH (d)-[:HAS_FIELD]->(:Field)-[:FEEDS]->(used) WHERE used = first OR EXISTS { (first)-[:HAS_FIELD]->(used) } }
  WITH first, min(one[1]) + 1 AS base, now
  MATCH p = (first)-[f:FEEDS WHERE f.kind <> 'follows' AND (f.valid_from IS NULL OR f.valid_from <= now) AND (f.valid_to IS NULL OR f.valid_to > now)]->{0,29}(x)
  WITH x, base, min(length(p)) AS steps
  RETURN [x, base + steps]
}
// A field travels with its data set, which fields come out again behind the receiver only derivations can say.
LET carried = COLLECT {
  UNWIND [one IN found + derived WHERE one[0]:Field] AS one
  MATCH (:Dataset {id: one[0].dataset})-[f:FEEDS {kind: 'carried'}]->(r:Route)
  WHERE f.valid_to IS NULL OR f.valid_to > now
  RETURN [r, one[1] + 1]
}
LET passed = found + derived + carried
LET delivered = COLLECT {
  UNWIND passed AS one
  WITH one[0] AS r, min(one[1]) AS distance, now WHERE r:Route
  MATCH (r)-[d:DELIVERS_TO]->(s:System)
  WHERE (d.valid_from IS NULL OR d.valid_from <= now) AND (d.valid_to IS NULL OR d.valid_to > now)
  RETURN [s, distance + 1]
}
LET told = COLLECT {
  UNWIND delivered AS one
  WITH one[0] AS s, min(one[1]) AS distance, now
  MATCH (s)<-[o:OPERATES]-(p:Partner) WHERE o.valid_to IS NULL OR o.valid_to > now
  RETURN [p, distance + 1]
}
CALL (n, passed, delivered, told) {
  UNWIND passed + delivered + told AS one
  WITH n, one[0] AS x, min(one[1]) AS distance
  // A route that evidence named by its ends is the declared one between them.
  WHERE x <> n AND distance <= $depth AND NOT (x:Route AND EXISTS { (x)-[:SAME_AS]->() })
  WITH distance, x, CASE WHEN x:Dataset THEN 'Dataset' WHEN x:Route THEN 'Route' WHEN x:System THEN 'System'
    WHEN x:Partner THEN 'Partner' WHEN x:Field THEN 'Field' WHEN x:Interface THEN 'Interface' ELSE 'Report' END AS label
  RETURN collect(distance) AS distances, collect(label) AS labels, collect(x.id) AS ids
}
RETURN distances, labels, ids
