// Report sources: what is this report made from, back to where it begins?
// Follows what data sets, fields and the report are made from, upstream, nearest first. A field is one that the report really
// depends on, a data set may hold others that it does not. Where begins is true, nobody says what came before.
// @param id string  id of a report
// @param depth integer = 30  steps upstream at most, up to 30
// @param as_of datetime = null  declarations of that time, null is now
// @returns distance, label, id, name, dataset, begins, made_by, owner, report, node
// @example id='partner-reach'
CYPHER 25
LET now = coalesce($as_of, datetime())
MATCH (r:Report {id: $id})
CALL (r, now) {
  MATCH p = (r)<-[f:FEEDS WHERE f.kind = 'derivation' AND (f.valid_from IS NULL OR f.valid_from <= now) AND (f.valid_to IS NULL OR f.valid_to > now)]-{1,30}(x)
  RETURN x, min(length(p)) AS distance
}
FILTER distance <= $depth
LET owner = COLLECT { MATCH (x)<-[:HAS_FIELD]-{0,1}(:Dataset)<-[w:OWNS]-(t:Team) WHERE w.valid_to IS NULL OR w.valid_to > now RETURN t.id ORDER BY t.id LIMIT 1 }[0]
RETURN distance, CASE WHEN x:Field THEN 'Field' ELSE 'Dataset' END AS label, x.id AS id, coalesce(x.name, x.id) AS name, x.dataset AS dataset,
  NOT EXISTS { MATCH (x)<-[f:FEEDS {kind: 'derivation'}]-() WHERE f.valid_to IS NULL OR f.valid_to > now } AS begins,
  COLLECT { MATCH (x)<-[m:FEEDS {kind: 'makes'}]-(s:System) WHERE m.valid_to IS NULL OR m.valid_to > now RETURN s.id ORDER BY s.id } AS made_by,
  owner, r AS report, x AS node
ORDER BY distance, label DESC, id
