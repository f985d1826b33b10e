// Evidence freshness: when was each of these systems last heard of, and when anybody?
// One row: when anybody was, and a list for each system with its id and when it was (its own evidence only). Times in
// microseconds since 1970.
// @param systems list  system ids
// @param as_of datetime = null  only evidence of that time, null is now
// @returns anywhere, systems
// @example systems=['relay-hub', 'northwind-directory']
CYPHER 25
LET now = coalesce($as_of, datetime())
LET anywhere = COLLECT { MATCH (e:Evidence) WHERE e.time <= now RETURN e.time ORDER BY e.time DESC LIMIT 1 }[0]
LET freshest = [system IN $systems | [system, COLLECT {
  MATCH (e:Evidence) WHERE e.said_by = system AND e.time <= now
  RETURN e.time.epochMillis * 1000 + e.time.microsecond % 1000 ORDER BY e.said_by DESC, e.time DESC LIMIT 1
}[0]]]
RETURN anywhere.epochMillis * 1000 + anywhere.microsecond % 1000 AS anywhere, freshest AS systems
