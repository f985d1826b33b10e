// Orphan evidence: which receipts answer a message that nobody has heard of?
// They wait: when evidence of the message arrives, they attach to its handoff by themselves.
// @param limit integer = 200  rows at most
// @returns source, id, type, time, in_reply_to, detail, node
// @example limit=20
CYPHER 25
MATCH (e:Evidence {unplaced: true}) WHERE NOT EXISTS { (e)-[:ABOUT]->(:Handoff) }
RETURN e.source AS source, e.id AS id, e.type AS type, e.time AS time, e.in_reply_to AS in_reply_to, e.detail AS detail, e AS node
ORDER BY time, source, id LIMIT $limit
