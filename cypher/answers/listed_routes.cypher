// Listed routes: on which routes was any item ever expected by name, and which sources were loaded?
// `tails`: the last parts of all expectations, behind the last `>`. Reads every expectation once.
// @returns tails, sources
// @example
CYPHER 25
RETURN COLLECT {
  MATCH (a:Assertion) WHERE a.subject STARTS WITH 'Expectation:' RETURN DISTINCT split(a.subject, '>')[-1]
} AS tails, COLLECT {
  MATCH (r:Run) WHERE r.status IN ['complete', 'partial'] RETURN DISTINCT r.source
} AS sources
