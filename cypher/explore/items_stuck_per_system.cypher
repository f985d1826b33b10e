// Items stuck per system: where do items lie that were to go on, and since when?
// Handoffs that were seen and are not secured, by the system that still has the item. A branch into a system that has the
// item from elsewhere does not count. What was never even queued shows only in an item's own trace. Reads every handoff.
// @param limit integer = 100  rows at most
// @returns system, partner, zone, receiver, items, oldest, newest, examples, node
// @example limit=20
CYPHER 25
MATCH (h:Handoff {secured: false})-[:OF]->(i:Item)
WHERE NOT EXISTS { MATCH (i)<-[:OF]-(o:Handoff {secured: true}) WHERE o.to_system = h.to_system }
WITH h.from_system AS system, h.to_system AS receiver, count(*) AS items, min(h.first_at) AS oldest, max(h.last_at) AS newest,
  collect(i.id)[..3] AS examples
OPTIONAL MATCH (s:System {id: system})
OPTIONAL MATCH (p:Partner)-[o:OPERATES]->(s) WHERE o.valid_to IS NULL OR o.valid_to > datetime()
RETURN system, p.id AS partner, p.zone AS zone, receiver, items, oldest, newest, examples, s AS node
ORDER BY items DESC, system, receiver LIMIT $limit
