// Stores of items: to which store, location or sound zone does each of these items belong, and which are parts of it?
// One row an item: the nearest of them that it is or is a part of (null where there is none), and all its parts and itself: stores,
// locations, zones and activations, with whether they were ever handed on.
// @param items list  ids of items
// @returns item, store, parts
// @example items=['store:harbour-12']
CYPHER 25
UNWIND $items AS id
MATCH (i:Item {id: id})
RETURN id AS item,
  COLLECT {
    MATCH p = (i)-[:PART_OF]->{0,6}(s:Item) WHERE s.kind IN ['store', 'location', 'zone']
    RETURN s.id ORDER BY length(p), s.id LIMIT 1
  }[0] AS store,
  COLLECT {
    MATCH (i)<-[:PART_OF]-{0,6}(x:Item) WHERE x.kind IN ['store', 'location', 'zone', 'activation']
    WITH DISTINCT x ORDER BY x.id
    RETURN {id: x.id, kind: x.kind, handed_on: EXISTS { (x)<-[:OF]-(:Handoff) }}
  } AS parts
