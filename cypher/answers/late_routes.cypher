// Late routes: which agreements say when something is due, and how?
// One row: what was declared and valid at that time, with a schedule, a deadline or a time for acknowledgements. `keys`: the
// route, and those that evidence named by its two ends where this is the one declared route between them.
// @param as_of datetime = null  as it was then, null is now
// @returns routes
// @example as_of='2022-05-29'
CYPHER 25
LET now = coalesce($as_of, datetime())
MATCH (r:Route)
WHERE r.declared AND r.`from` IS NOT NULL AND r.to IS NOT NULL
  AND (r.schedule IS NOT NULL OR r.deliver_within IS NOT NULL OR r.acknowledge_within IS NOT NULL)
  AND (r.valid_from IS NULL OR r.valid_from <= now) AND (r.valid_to IS NULL OR r.valid_to > now)
RETURN collect(r{
  .id, .`from`, .to, .dataset, .schedule, .timezone, .calendar, .deliver_within, .acknowledgement, .acknowledge_within,
  .owner, .valid_from, .valid_to,
  keys: [r.id] + COLLECT { MATCH (r)<-[:SAME_AS]-(seen:Route) RETURN seen.id ORDER BY seen.id }
}) AS routes
