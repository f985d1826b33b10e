// Identifiers of items: what other names do these items have?
// Those of the work that an item is a version of are among them, because they were said of the item. An item that was merged into
// another is asked for by either id.
// @param items list  item ids
// @returns item, identifiers
// @example items=['episode:dev-meeting']
CYPHER 25
UNWIND $items AS id
CALL (id) {
  MATCH (i:Item {id: id}) RETURN i
  UNION
  MATCH (:Identifier {id: id})-[:IDENTIFIES {scope: 'merged'}]->(i:Item) RETURN i
}
RETURN id AS item, COLLECT {
  MATCH (x:Identifier)-[n:IDENTIFIES WHERE n.scope <> 'merged']->(i) RETURN x.id AS name
  UNION
  MATCH (i)-[:VERSION_OF {kind: 'identifier'}]->(:Item)<-[:IDENTIFIES {scope: 'work'}]-(x:Identifier) RETURN x.id AS name
} AS identifiers
ORDER BY item
