// Drift under way: which handoffs have evidence before and after that time, and what was known of them then?
// Their stored times and ends are those of all evidence. As of now there are none. Spans are classes by length, so a seek for
// each class finds what crosses a moment.
// @param as_of datetime = null  as it was then, null is now
// @returns route, item, evidence
// @example as_of='2022-05-29T08:00:00Z'
CYPHER 25
LET now = coalesce($as_of, datetime())
UNWIND range(0, 15) AS span
LET until = CASE WHEN span < 15 THEN now + duration({seconds: toInteger(4 ^ span)}) ELSE datetime({year: 99999}) END
CALL (span, until, now) {
  MATCH (h:Handoff {unsettled: span}) USING INDEX h:Handoff(unsettled, settled_at) WHERE h.settled_at > now AND h.settled_at <= until
  RETURN h
}
WITH h, now WHERE h.last_at > now AND (h.undated OR h.first_at <= now)
RETURN h.route_id AS route, h.item_id AS item, COLLECT {
  MATCH (h)<-[:ABOUT]-(e:Evidence) WHERE e.time IS NULL OR e.time <= now
  RETURN e{.time, .from_system, .to_system, .dataset, .said_by, .message_id, .in_reply_to, .envelopes, .unplaced}
} AS evidence
ORDER BY route, item
