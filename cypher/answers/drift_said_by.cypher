// Drift said by: who says so?
// `speakers`: the systems or logs whose evidence speaks of these handoffs. `sources`: what was loaded about these nodes.
// @param handoffs list = []  ids of handoffs
// @param subjects list = []  nodes as Label:id
// @param as_of datetime = null  only evidence and assertions of that time, null is now
// @returns speakers, sources
// @example subjects=['System:relay-hub','Route:relay-to-northwind']
CYPHER 25
LET now = coalesce($as_of, datetime())
RETURN COLLECT {
  UNWIND $handoffs AS id
  MATCH (h:Handoff {id: id})<-[:ABOUT]-(e:Evidence) USING INDEX SEEK h:Handoff(id) WHERE e.time IS NULL OR e.time <= now
  RETURN DISTINCT [id, e.said_by]
} AS speakers, COLLECT {
  UNWIND $subjects AS subject
  MATCH (a:Assertion {subject: subject})
  WHERE a.feed <> 'evidence' AND (a.seen_from IS NULL OR a.seen_from <= now) AND (a.retired_at IS NULL OR a.retired_at > now)
  RETURN DISTINCT [subject, a.source]
} AS sources
