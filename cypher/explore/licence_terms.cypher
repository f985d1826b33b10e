// Licence terms: which deals allow this release or recording, to whom, where, how and until when, as of a time?
// A licence is settled anew by each message about its release. Of these versions the newest by then counts, with all its deals and no
// others. Where none is that old, the first one counts from its deals' own start on. A takedown or purge is a row with `withdrawn`.
// No row means no deal. For a recording, deals of the releases that it is a part of are listed, too. `settled_at`: when that version was sent.
// @param item string  id of a release or recording, or an identifier of it such as isrc:, grid:, upc:
// @param as_of datetime = null  as it was then, null is now
// @returns covered, licensor, licensee, uses, models, territories, excluded, valid_from, valid_to, withdrawn, licence, settled_at, grant
// @example item='isrc:SEFW12200001' as_of='2022-05-29'
CYPHER 25
LET at = coalesce($as_of, datetime())
CALL () {
  MATCH (i:Item {id: $item}) RETURN i
  UNION
  MATCH (:Identifier {id: $item})-[:IDENTIFIES]->(i:Item) RETURN i
}
MATCH (i)<-[:VERSION_OF]-{0,1}(x:Item)-[:PART_OF]->{0,1}(covered:Item)<-[:COVERS]-(g:Grant)
WHERE (g.valid_from IS NULL OR g.valid_from <= at) AND (g.valid_to IS NULL OR g.valid_to > at)
WITH at, g, min([CASE WHEN covered = x THEN 0 ELSE 1 END, covered.id])[1] AS covered
OPTIONAL MATCH (g)-[:TERM_OF]->(v:Item)
WITH at, g, covered, v
WHERE NOT EXISTS {
  MATCH (v)-[:VERSION_OF]->(:Item)<-[:VERSION_OF]-(w:Item)
  WHERE w.published_at <= at
    AND (v.published_at IS NULL OR v.published_at > at OR w.published_at > v.published_at OR w.published_at = v.published_at AND w.id > v.id)
} AND NOT EXISTS {
  MATCH (v)-[:VERSION_OF]->(:Item)<-[:VERSION_OF]-(w:Item)
  WHERE v.published_at > at AND (w.published_at < v.published_at OR w.published_at = v.published_at AND w.id < v.id)
}
RETURN covered, g.licensor AS licensor, g.licensee AS licensee, g.uses AS uses, g.models AS models, g.territories AS territories,
  g.excluded AS excluded, g.valid_from AS valid_from, g.valid_to AS valid_to, coalesce(g.withdrawn, false) AS withdrawn, v.id AS licence,
  v.published_at AS settled_at, g AS grant
ORDER BY covered, licensee, licensor, withdrawn DESC, territories, valid_from, g.id LIMIT 1000
