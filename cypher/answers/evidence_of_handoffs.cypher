// Evidence of handoffs: what is known of these handoffs?
// One row with a list for each piece of evidence, so that thousands travel at once: the handoff's id, then source, id, type, time in
// microseconds since 1970, sender, receiver, data set, message, message that it answers, envelopes, reporter, code, detail, raw type.
// @param handoffs list  ids of handoffs, route|item
// @param as_of datetime = null  only evidence of that time, null is now
// @returns evidence
// @example handoffs=['cms-to-host|episode:dev-meeting']
CYPHER 25
LET now = coalesce($as_of, datetime())
UNWIND $handoffs AS id
MATCH (h:Handoff {id: id})<-[:ABOUT]-(e:Evidence) WHERE e.time IS NULL OR e.time <= now
// All properties at once: each that is read by itself is looked for in all of them.
LET q = properties(e)
RETURN collect([
  id, q.source, q.id, q.type, q.time.epochMillis * 1000 + q.time.microsecond % 1000, q.from_system, q.to_system, q.dataset,
  q.message_id, q.in_reply_to, q.envelopes, q.reporter, q.code, q.detail, q.raw_type
]) AS evidence
