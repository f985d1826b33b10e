// Latest handoff per partner: when did each partner last get something, and last give something?
// Two index seeks a system. Partners that are silent longest come first.
// @param as_of datetime = null  only what was secured by then, null is now
// @returns partner, name, zone, last_received_at, last_received_item, last_sent_at, last_sent_item, node
// @example as_of='2022-05-29'
CYPHER 25
LET now = coalesce($as_of, datetime())
MATCH (p:Partner)
CALL (p, now) {
  OPTIONAL MATCH (p)-[o:OPERATES]->(s:System) WHERE o.valid_to IS NULL OR o.valid_to > now
  LET received = COLLECT {
    MATCH (h:Handoff {to_system: s.id, secured: true}) WHERE h.secured_at <= now
    RETURN h ORDER BY h.to_system DESC, h.secured DESC, h.secured_at DESC LIMIT 1
  }[0]
  LET sent = COLLECT {
    MATCH (h:Handoff {from_system: s.id, secured: true}) WHERE h.secured_at <= now
    RETURN h ORDER BY h.from_system DESC, h.secured DESC, h.secured_at DESC LIMIT 1
  }[0]
  RETURN collect(received) AS all_received, collect(sent) AS all_sent
}
LET received = COLLECT { UNWIND all_received AS h RETURN h ORDER BY h.secured_at DESC LIMIT 1 }[0]
LET sent = COLLECT { UNWIND all_sent AS h RETURN h ORDER BY h.secured_at DESC LIMIT 1 }[0]
RETURN p.id AS partner, p.name AS name, p.zone AS zone, received.secured_at AS last_received_at,
  received.item_id AS last_received_item, sent.secured_at AS last_sent_at, sent.item_id AS last_sent_item, p AS node
ORDER BY coalesce(last_received_at, last_sent_at) IS NOT NULL, coalesce(last_received_at, last_sent_at), partner
