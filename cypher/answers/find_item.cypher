// Find item: which item goes by this id, identifier, message id or control number?
// Tries the id, then identifiers in full, then the bare value of an identifier, then message ids and envelopes.
// `rank` says which of these it was (0 is the id itself), and answers with a higher rank matter only where a lower one found nothing.
// @param name string  an item's id, any identifier with or without its scheme, a message id or a control number
// @returns rank, item, name, kind, versions, parents
// @example name='upload-7731'
CYPHER 25
CALL () {
  MATCH (i:Item {id: $name}) RETURN i, 0 AS rank
  UNION
  MATCH (:Identifier {id: $name})-[:IDENTIFIES]->(i:Item) RETURN i, 1 AS rank
  UNION
  MATCH (:Identifier {value: $name})-[:IDENTIFIES]->(i:Item) RETURN i, 2 AS rank
  UNION
  MATCH (:Evidence {message_id: $name})-[:ABOUT]->(:Handoff)-[:OF]->(i:Item) RETURN DISTINCT i, 3 AS rank LIMIT 50
  UNION
  MATCH (:Evidence {in_reply_to: $name})-[:ABOUT]->(:Handoff)-[:OF]->(i:Item) RETURN DISTINCT i, 3 AS rank LIMIT 50
  UNION
  MATCH (:Envelope {id: $name})<-[:TRAVELLED_IN]-(:Evidence)-[:ABOUT]->(:Handoff)-[:OF]->(i:Item)
  RETURN DISTINCT i, 3 AS rank LIMIT 50
}
WITH i, min(rank) AS rank
RETURN rank, i.id AS item, i.name AS name, i.kind AS kind,
  COLLECT {
    MATCH (v:Item)-[:VERSION_OF]->{1,6}(i) WHERE v <> i AND NOT EXISTS { (v)<-[:VERSION_OF]-(:Item) }
    WITH DISTINCT v
    RETURN {id: v.id, published_at: v.published_at, retired: coalesce(v.retired, false),
            last_at: COLLECT { MATCH (v)<-[:OF]-(h:Handoff) RETURN max(h.last_at) }[0],
            parents: COLLECT { MATCH (v)-[:PART_OF]->(p:Item) RETURN p.id ORDER BY p.id }}
    ORDER BY v.id LIMIT 100
  } AS versions,
  COLLECT { MATCH (i)-[:PART_OF]->(p:Item) RETURN p.id ORDER BY p.id } AS parents
ORDER BY rank, item
LIMIT 50
