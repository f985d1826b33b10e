// Find node: which part of the declared map has this id?
// @param name string  an id, a field as dataset.field
// @param label string = null  only nodes of this label
// @returns label, id, name, node
// @example name='northwind-directory'
CYPHER 25
CALL () {
  MATCH (n:Partner {id: $name}) RETURN n, 'Partner' AS label UNION MATCH (n:Team {id: $name}) RETURN n, 'Team' AS label
  UNION MATCH (n:System {id: $name}) RETURN n, 'System' AS label UNION MATCH (n:Interface {id: $name}) RETURN n, 'Interface' AS label
  UNION MATCH (n:Dataset {id: $name}) RETURN n, 'Dataset' AS label UNION MATCH (n:Route {id: $name}) RETURN n, 'Route' AS label
  UNION MATCH (n:Report {id: $name}) RETURN n, 'Report' AS label UNION MATCH (n:Field {id: $name}) RETURN n, 'Field' AS label
  UNION UNWIND range(1, size($name) - 1) AS at
  WITH at WHERE substring($name, at, 1) = '.'
  MATCH (n:Field {id: left($name, at) + '\u0023' + substring($name, at + 1)}) RETURN n, 'Field' AS label
}
FILTER $label IS NULL OR label = $label
RETURN label, n.id AS id, coalesce(n.name, n.id) AS name, n AS node
ORDER BY label, id
