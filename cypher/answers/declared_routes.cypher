// Declared routes: what is agreed, all of it?
// One row with the properties of every declared route that had begun by then.
// @param as_of datetime = null  as it was then, null is now
// @returns routes
// @example as_of='2026-11-01'
CYPHER 25
LET now = coalesce($as_of, datetime())
MATCH (r:Route) WHERE r.declared AND (r.valid_from IS NULL OR r.valid_from <= now)
RETURN collect(r{.*}) AS routes
