// Unlisted sellers: which accounts sell at an ad system whose own sellers.json does not list them, or no longer does?
// Named by chains of bid requests or by an ads.txt, although the ad system did publish its list. An ad system whose list nobody
// loaded is not asked: its accounts are neither right nor wrong. `authorised_by` are publishers whose ads.txt names the account.
// @param limit integer = 200  rows at most
// @returns account, ad_system, sold_by, authorised_by, in_chains, listed_accounts, routes, node
// @example limit=20
CYPHER 25
MATCH (i:Interface)
WHERE i.id CONTAINS '/' AND (i.declared = false OR i.valid_to <= datetime())
  AND EXISTS { (i)<-[:USES]-(r:Route) WHERE r.valid_to IS NULL OR r.valid_to > datetime() }
LET ad_system = split(i.id, '/')[0]
MATCH (s:System {id: ad_system})
LET listed_accounts = COUNT {
  (s)-[:EXPOSES]->(l:Interface {declared: true}) WHERE l.id STARTS WITH ad_system + '/' AND (l.valid_to IS NULL OR l.valid_to > datetime())
}
FILTER listed_accounts > 0
LET used_by = COLLECT { MATCH (i)<-[:USES]-(r:Route) WHERE r.valid_to IS NULL OR r.valid_to > datetime() RETURN r ORDER BY r.id LIMIT 100 }
RETURN i.id AS account, ad_system,
  COLLECT { UNWIND used_by AS r RETURN DISTINCT r.`from` AS sender ORDER BY sender } AS sold_by,
  COLLECT { UNWIND used_by AS r FILTER r.id STARTS WITH 'authorises:' RETURN DISTINCT r.`from` AS sender ORDER BY sender } AS authorised_by,
  size([r IN used_by WHERE r.id STARTS WITH 'schain:']) AS in_chains, listed_accounts, [r IN used_by | r.id] AS routes, i AS node
ORDER BY in_chains DESC, account LIMIT $limit
