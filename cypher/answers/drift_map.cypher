// Drift map: what is declared, and what was named beside it?
// One row of lists, as long as the map. `routes`: the declared ones that had begun by then, and the others, with whether a
// registry declares them (`registered`) and whether anything but evidence names them (`named`). A data set that only evidence
// gives to a declared route is left out, so that it can be compared. `freshest`: the newest evidence of all.
// @param as_of datetime = null  as it was then, null is now
// @returns freshest, routes, systems, partners, interfaces
// @example as_of='2022-05-29'
CYPHER 25
LET now = coalesce($as_of, datetime())
RETURN COLLECT {
  MATCH (e:Evidence) USING INDEX e:Evidence(time) WHERE e.time <= now RETURN e.time ORDER BY e.time DESC LIMIT 1
}[0] AS freshest, COLLECT {
  MATCH (r:Route) WHERE r.valid_from IS NULL OR r.valid_from <= now
  RETURN r{
    .id, .declared, .`from`, .to, .interface, .item_kind, .expect, .schedule, .timezone, .calendar, .owner, .valid_from, .valid_to,
    dataset: CASE WHEN NOT r.declared OR r.dataset IS NOT NULL AND EXISTS {
      MATCH (a:Assertion {subject: 'Route:' + r.id}) WHERE a.feed <> 'evidence' AND a.content CONTAINS '"dataset":'
    } THEN r.dataset END,
    registered: r.declared AND EXISTS { MATCH (a:Assertion {subject: 'Route:' + r.id}) WHERE a.authority = 'registry' },
    named: r.declared OR EXISTS {
      MATCH (a:Assertion {subject: 'Route:' + r.id})
      WHERE a.feed <> 'evidence' AND (a.seen_from IS NULL OR a.seen_from <= now) AND (a.retired_at IS NULL OR a.retired_at > now)
    }
  }
} AS routes, COLLECT {
  MATCH (s:System) RETURN s{.id, .name, .declared, .partner, .owner}
} AS systems, COLLECT {
  MATCH (p:Partner) RETURN p{.id, .zone}
} AS partners, COLLECT {
  MATCH (i:Interface)
  WHERE (i.valid_from IS NULL OR i.valid_from <= now) AND (i.valid_to IS NULL OR i.valid_to > now)
  RETURN i{.id, .declared, .system, .protocol, .format, .endpoint}
} AS interfaces
