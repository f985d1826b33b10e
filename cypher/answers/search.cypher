// Search: what has this text in its id, its name or an identifier?
// Letters' case does not matter. Exact hits first, then the shorter names.
// @param text string  any part of an id, name or identifier
// @param limit integer = 50  rows at most
// @returns label, id, name, identifiers, node
// @example text='northwind'
CYPHER 25
LET wanted = toLower($text)
CALL (wanted) {
  MATCH (n:Partner|Team|Contact|System|Interface|Dataset|Field|Route|Report|Item)
  WHERE toLower(n.id) CONTAINS wanted OR toLower(n.name) CONTAINS wanted
  RETURN n LIMIT 1000
  UNION
  MATCH (x:Identifier)-[:IDENTIFIES]->(n:Item) WHERE toLower(x.id) CONTAINS wanted
  RETURN n LIMIT 1000
}
WITH DISTINCT n, wanted
ORDER BY CASE WHEN toLower(n.id) = wanted OR toLower(n.name) = wanted THEN 0 ELSE 1 END, size(coalesce(n.name, n.id)), n.id
LIMIT $limit
RETURN [l IN labels(n) WHERE l IN ['Partner', 'Team', 'Contact', 'System', 'Interface', 'Dataset', 'Field', 'Route', 'Report', 'Item']][0] AS label,
  n.id AS id, coalesce(n.name, n.email, n.id) AS name,
  COLLECT { MATCH (x:Identifier)-[:IDENTIFIES]->(n) RETURN x.id ORDER BY x.id } AS identifiers,
  n AS node
