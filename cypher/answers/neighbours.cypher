// Neighbours: what happened just before and after a moment, on the routes into one system and out of another?
// One row. `into` and `out_of`: ids of these routes, as far as anything happened on them, and those that evidence named only by their two ends
// by that name. `agreements`: what is declared of all routes of the two systems. `neighbours`: a list for each of the handoffs that were
// first seen nearest before and after, so that hundreds travel at once: route, item, its kind, whether it is clean (secured by one attempt
// that was sent once, without any failure), sender, receiver, data set, what secured it, when it was first seen, when it was sent, when it was secured
// (microseconds since 1970), whose logs show it, whose show that it arrived, and unless it is clean, all that is known of its
// item: the route that each evidence is about, then the evidence as `evidence_of_handoffs` lists it.
// @param at datetime  the moment
// @param receiver string = null  routes into this system
// @param sender string = null  routes out of this system
// @param as_of datetime = null  only evidence and declarations of that time, null is now
// @param nearest integer = 20  handoffs of a route before, and as many after
// @param hours integer = 24  how far before and after at most
// @param most integer = 40  routes of each system, the first by id of those that handed on anything in that time
// @returns into, out_of, agreements, neighbours
// @example receiver='spotify-ingest' sender='relay-hub' at='2022-05-26T12:00:00Z'
CYPHER 25
LET now = coalesce($as_of, datetime()), since = $at - duration({hours: $hours}), until = $at + duration({hours: $hours})
LET inward = COLLECT { MATCH (:System {id: $receiver})<-[:DELIVERS_TO]-(r:Route) WITH DISTINCT r ORDER BY r.id RETURN r }
LET outward = COLLECT { MATCH (:System {id: $sender})-[:SENDS]->(r:Route) WITH DISTINCT r ORDER BY r.id RETURN r }
LET beside = COLLECT {
  MATCH (:System {id: $receiver})-[:SENDS]->(r:Route) RETURN r
  UNION
  MATCH (:System {id: $sender})<-[:DELIVERS_TO]-(r:Route) RETURN r
}
LET into = COLLECT {
  UNWIND inward AS r
  FILTER EXISTS { MATCH (h:Handoff {route_id: r.id}) WHERE h.first_at >= since AND h.first_at <= until AND h.first_at <= now }
  RETURN r.id ORDER BY r.id LIMIT $most
}
LET out_of = COLLECT {
  UNWIND outward AS r
  FILTER EXISTS { MATCH (h:Handoff {route_id: r.id}) WHERE h.first_at >= since AND h.first_at <= until AND h.first_at <= now }
  RETURN r.id ORDER BY r.id LIMIT $most
}
CALL (into, out_of, since, until, now) {
  UNWIND into + [id IN out_of WHERE NOT id IN into] AS route
  CALL (route, since, until, now) {
    MATCH (h:Handoff {route_id: route}) WHERE h.first_at < $at AND h.first_at >= since AND h.first_at <= now
    WITH h ORDER BY h.route_id DESC, h.first_at DESC, h.item_id DESC LIMIT $nearest
    RETURN h
    UNION
    MATCH (h:Handoff {route_id: route}) WHERE h.first_at >= $at AND h.first_at <= until AND h.first_at <= now
    WITH h ORDER BY h.route_id, h.first_at, h.item_id LIMIT $nearest
    RETURN h
  }
  MATCH (h)-[:OF]->(i:Item)
  LET clean = h.secured AND h.attempts <= 1 AND h.last_at <= now AND NOT h.undated AND h.from_system IS NOT NULL AND h.to_system IS NOT NULL
    // What evidence calls otherwise may be the same handoff: then it is told from the evidence of both.
    AND NOT EXISTS { (i)<-[:OF]-(o:Handoff) WHERE o <> h AND o.from_system = h.from_system AND o.to_system = h.to_system }
    AND (h.secured_by = 'receipt' OR NOT EXISTS { (i)<-[:OF]-(o:Handoff) WHERE o.last_at > now })
    AND h.failed_at IS NULL AND h.rejected_at IS NULL AND h.processing_failed_at IS NULL
    // What was last sent more than 20 minutes after it was first seen may have been sent before in vain.
    AND coalesce(h.sent_at.epochMillis - h.first_at.epochMillis <= 1200000, true)
  WITH h, i, clean, now ORDER BY h.route_id, h.first_at, i.id
  RETURN collect([
    h.route_id, i.id, i.kind, clean, h.from_system, h.to_system, h.dataset, h.secured_by,
    h.first_at.epochMillis * 1000 + h.first_at.microsecond % 1000, h.sent_at.epochMillis * 1000 + h.sent_at.microsecond % 1000,
    h.secured_at.epochMillis * 1000 + h.secured_at.microsecond % 1000, h.reporters, h.confirmed_by,
    CASE WHEN clean THEN [] ELSE COLLECT {
      MATCH (i)<-[:OF]-(o:Handoff)<-[:ABOUT]-(n:Evidence)
      // All at once: each property read by itself goes over those before it again.
      LET e = properties(n)
      FILTER e.time IS NULL OR e.time <= now
      RETURN [
        o.route_id, e.source, e.id, e.type, e.time.epochMillis * 1000 + e.time.microsecond % 1000, e.from_system, e.to_system, e.dataset,
        e.message_id, e.in_reply_to, e.envelopes, e.reporter, e.code, e.detail, e.raw_type
      ]
    } END
  ]) AS neighbours
}
RETURN into, out_of, [r IN inward + outward + beside WHERE r.declared AND r.`from` IS NOT NULL AND r.to IS NOT NULL AND (r.valid_from IS NULL OR r.valid_from <= now) | r{.id, .declared,
  .`from`, .to, .dataset, .interface, .item_kind, .after, .expect, .deliver_within, .acknowledgement, .acknowledge_within, .valid_from,
  .valid_to}] AS agreements, neighbours
