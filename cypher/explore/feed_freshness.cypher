// Feed freshness: when was each source last read, completely or not?
// @returns feed, source, last_complete, last_run, status, rejected, runs
// @example
CYPHER 25
MATCH (r:Run)
WITH r ORDER BY r.started DESC, r.id
WITH r.feed AS feed, r.source AS source, collect(r) AS runs
RETURN feed, source, [x IN runs WHERE x.status = 'complete' | x.started][0] AS last_complete, runs[0].started AS last_run,
  runs[0].status AS status, runs[0].rejected AS rejected, size(runs) AS runs
ORDER BY last_complete, feed, source
