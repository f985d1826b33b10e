// Load runs: what was loaded, when, and with what result?
// @param run string = null  only the run of this id
// @param limit integer = 50  rows at most
// @returns run, feed, source, status, started, facts, created, changed, unchanged, rejected, retired, properties
// @example limit=10
CYPHER 25
MATCH (r:Run) WHERE $run IS NULL OR r.id = $run
RETURN r.id AS run, r.feed AS feed, r.source AS source, r.status AS status, r.started AS started, r.facts AS facts,
  r.created AS created, r.changed AS changed, r.unchanged AS unchanged, r.rejected AS rejected, r.retired AS retired,
  properties(r) AS properties
ORDER BY r.started DESC, r.id LIMIT $limit
