// Systems map: which systems hand what to which?
// Every route between two systems, declared or only observed, with the partners at both ends. Browser draws the whole map.
// @param partner string = null  only routes that this partner takes part in
// @param limit integer = 500  rows at most
// @returns sender_partner, sender, route, receiver, receiver_partner, dataset, item_kind, declared, way
// @example partner='northwind'
CYPHER 25
MATCH way = (s:System)-[out:SENDS]->(r:Route)-[in:DELIVERS_TO]->(t:System)
WHERE NOT EXISTS { (r)-[:SAME_AS]->(:Route) } AND (out.valid_to IS NULL OR out.valid_to > datetime()) AND (in.valid_to IS NULL OR in.valid_to > datetime())
OPTIONAL MATCH (p:Partner)-[po:OPERATES]->(s) WHERE po.valid_to IS NULL OR po.valid_to > datetime()
OPTIONAL MATCH (q:Partner)-[qo:OPERATES]->(t) WHERE qo.valid_to IS NULL OR qo.valid_to > datetime()
WITH way, s, r, t, p, q
WHERE $partner IS NULL OR $partner IN [p.id, q.id]
RETURN p.id AS sender_partner, s.id AS sender, r.id AS route, t.id AS receiver, q.id AS receiver_partner,
  r.dataset AS dataset, r.item_kind AS item_kind, r.declared AS declared, way
ORDER BY sender_partner, sender, route LIMIT $limit
