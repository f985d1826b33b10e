// Evidence freshness: when was each of these systems last heard of, and when anybody?
// One row a system (its own evidence only), or a single row without one when the list is empty.
// @param systems list  system ids
// @param as_of datetime = null  only evidence of that time, null is now
// @returns system, freshest, freshest_anywhere
// @example systems=['relay-hub', 'northwind-directory']
CYPHER 25
LET now = coalesce($as_of, datetime())
LET anywhere = COLLECT { MATCH (e:Evidence) WHERE e.time <= now RETURN e.time ORDER BY e.time DESC LIMIT 1 }[0]
UNWIND CASE $systems WHEN [] THEN [null] ELSE $systems END AS system
RETURN system,
  COLLECT {
    MATCH (e:Evidence) WHERE e.said_by = system AND e.time <= now
    RETURN e.time ORDER BY e.said_by DESC, e.time DESC LIMIT 1
  }[0] AS freshest,
  anywhere AS freshest_anywhere
ORDER BY system
