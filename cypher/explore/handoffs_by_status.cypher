// Handoffs by status: how many handoffs are in which state, by route?
// Transport, acknowledgement and processing are three different proofs and are counted side by side. Reads every handoff.
// @param route string = null  only this route
// @returns route, secured, transport, acknowledgement, processing, handoffs, oldest, newest
// @example route='relay-to-northwind'
CYPHER 25
MATCH (h:Handoff) WHERE $route IS NULL OR h.route_id = $route
RETURN h.route_id AS route, h.secured AS secured, h.transport AS transport, h.acknowledgement AS acknowledgement,
  h.processing AS processing, count(*) AS handoffs, min(h.first_at) AS oldest, max(h.last_at) AS newest
ORDER BY route, secured, handoffs DESC, transport, acknowledgement, processing
