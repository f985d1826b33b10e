// Licences of stores: what do these licences allow, and what was granted to these partners and accounts, as of a time?
// One row with a list for each set of terms, ended and withdrawn ones among them: the licence or licensee that was asked for, the id of a grant
// with these terms, its licence, licensor, territories, excluded, uses, what it covers (only where some of that was withdrawn by itself),
// from and to (microseconds since 1970), whether it is a withdrawal. A licence's version that a newer one has replaced does not count.
// @param licences list  ids of licences
// @param licensees list = []  ids of partners, ids of accounts or their keys
// @param as_of datetime = null  as it was then, null is now
// @returns terms
// @example licences=['licence:northern-lights'] as_of='2022-05-29'
CYPHER 25
LET now = coalesce($as_of, datetime())
CALL () {
  UNWIND $licences AS key
  MATCH (:Item {id: key})<-[:TERM_OF]-(g:Grant)
  RETURN key, g
  UNION
  UNWIND $licensees AS key
  MATCH (g:Grant {licensee: key})
  RETURN key, g
  UNION
  UNWIND $licensees AS key
  MATCH (:Grant {licensee: key})-[:TERM_OF]->(l:Item)
  WITH DISTINCT key, l
  MATCH (l)<-[:TERM_OF]-(g:Grant {withdrawn: true})
  RETURN key, g
}
WITH key, g, now
WHERE (g.valid_from IS NULL OR g.valid_from <= now) AND NOT EXISTS {
  MATCH (g)-[:TERM_OF]->(v:Item)-[:VERSION_OF]->(:Item)<-[:VERSION_OF]-(w:Item)
  WHERE w.published_at <= now AND w.published_at > v.published_at
}
WITH key, collect(g) AS grants
LET in_part = any(g IN grants WHERE g.withdrawn AND size(g.covers) > 0)
UNWIND grants AS g
WITH key, g.licence AS licence, g.licensor AS licensor, g.territories AS territories, g.excluded AS excluded, g.uses AS uses,
  CASE WHEN in_part THEN g.covers END AS covers, g.valid_from AS since, g.valid_to AS until, coalesce(g.withdrawn, false) AS withdrawn,
  min(g.id) AS id
WITH * ORDER BY key, id
RETURN collect([
  key, id, licence, licensor, territories, excluded, uses, covers,
  since.epochSeconds * 1000000 + since.microsecond, until.epochSeconds * 1000000 + until.microsecond, withdrawn
]) AS terms
