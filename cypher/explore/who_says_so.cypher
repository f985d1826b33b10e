// Who says so: which source says what about a node of the declared map, and which word counts?
// The registry's word counts before a contract's before an observed one. What a source no longer says has a retirement time.
// @param id string  id of a node
// @returns rank, authority, feed, source, subject, content, position, retired_at
// @example id='relay-to-northwind'
CYPHER 25
UNWIND ['Partner', 'Team', 'System', 'Interface', 'Dataset', 'Field', 'Route', 'Report', 'Item'] AS label
MATCH (a:Assertion {subject: label + ':' + $id})
LET rank = CASE a.authority WHEN 'registry' THEN 0 WHEN 'contract' THEN 1 ELSE 2 END
RETURN rank, a.authority AS authority, a.feed AS feed, a.source AS source, a.subject AS subject, a.content AS content,
  a.position AS position, a.retired_at AS retired_at
ORDER BY subject, retired_at IS NOT NULL, rank, source, a.hash
