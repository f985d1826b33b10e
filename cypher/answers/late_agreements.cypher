// Late agreements: what do declared routes agree about time?
// One row: each distinct agreement that was declared and valid at that time, with a schedule, a deadline or a time for
// acknowledgements, and the routes that agree it. `also`: a route, and a name of it that gives only its two ends, as evidence
// may do where this is the one declared route between them.
// @param as_of datetime = null  as it was then, null is now
// @returns agreements, also
// @example as_of='2022-05-29'
CYPHER 25
LET now = coalesce($as_of, datetime())
CALL (now) {
  MATCH (route:Route)
  // All at once: each property read by itself goes over those before it again.
  LET r = properties(route)
  FILTER r.declared AND r.`from` IS NOT NULL AND r.to IS NOT NULL
    AND (r.schedule IS NOT NULL OR r.deliver_within IS NOT NULL OR r.acknowledge_within IS NOT NULL)
    AND (r.valid_from IS NULL OR r.valid_from <= now) AND (r.valid_to IS NULL OR r.valid_to > now)
  WITH r.schedule AS schedule, r.timezone AS timezone, r.calendar AS calendar, r.deliver_within AS deliver_within,
    r.acknowledgement AS acknowledgement, r.acknowledge_within AS acknowledge_within, r.valid_from AS valid_from,
    r.valid_to AS valid_to, collect(r.id) AS routes
  RETURN collect({schedule: schedule, timezone: timezone, calendar: calendar, deliver_within: deliver_within,
    acknowledgement: acknowledgement, acknowledge_within: acknowledge_within, valid_from: valid_from, valid_to: valid_to,
    routes: routes}) AS agreements
}
RETURN agreements, COLLECT { MATCH (r:Route)<-[:SAME_AS]-(seen:Route) RETURN [r.id, seen.id] ORDER BY r.id, seen.id } AS also
