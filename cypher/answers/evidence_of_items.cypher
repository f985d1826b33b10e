// Evidence of items: what is known of the handoffs of these items?
// One row with a list for each piece of evidence: the item, the route that the handoff is kept under, and its properties.
// @param items list  ids of items
// @param as_of datetime = null  only evidence of that time, null is now
// @returns evidence
// @example items=['episode:dev-meeting']
CYPHER 25
LET now = coalesce($as_of, datetime())
UNWIND $items AS id
MATCH (i:Item {id: id})<-[:OF]-(h:Handoff)<-[:ABOUT]-(e:Evidence) WHERE e.time IS NULL OR e.time <= now
RETURN collect([id, h.route_id, e{
  .source, .id, .type, .time, .from_system, .to_system, .dataset, .message_id, .in_reply_to, .envelopes, .reporter, .code, .detail, .raw_type
}]) AS evidence
