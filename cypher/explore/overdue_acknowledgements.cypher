// Overdue acknowledgements: what was sent, should have been acknowledged by now, and was not?
// Only routes that declare an acknowledgement and a time for it. A failed attempt owes none. A receipt in reply is the
// acknowledgement where http or mdn is agreed, a functional one must accept or reject.
// @param as_of datetime = null  as it was then, null is now
// @param limit integer = 200  rows at most
// @returns route, sender, receiver, item, sent_at, due_at, acknowledgement, secured, handoff
// @example as_of='2022-05-29'
CYPHER 25
LET now = coalesce($as_of, datetime())
MATCH (r:Route) WHERE r.acknowledge_within IS NOT NULL AND r.acknowledgement IN ['http', 'mdn', 'functional']
UNWIND [r.id] + COLLECT { MATCH (r)<-[:SAME_AS]-(seen:Route) RETURN seen.id } AS key
MATCH (h:Handoff {route_id: key})
WHERE h.sent_at <= now - duration(r.acknowledge_within)
  AND coalesce(h.transport <> 'failed', true)
  AND (h.acknowledged_at IS NULL OR h.acknowledged_at > now) AND (h.rejected_at IS NULL OR h.rejected_at > now)
  AND NOT (r.acknowledgement IN ['http', 'mdn'] AND h.secured AND h.secured_by = 'receipt' AND coalesce(h.secured_at <= now, true))
RETURN r.id AS route, h.from_system AS sender, h.to_system AS receiver, h.item_id AS item, h.sent_at AS sent_at,
  h.sent_at + duration(r.acknowledge_within) AS due_at, r.acknowledgement AS acknowledgement, h.secured AS secured, h AS handoff
ORDER BY due_at, route, item LIMIT $limit
