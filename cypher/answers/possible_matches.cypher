// Possible matches: which other items may be the same as these, and where were those published?
// One row for each item, with a list of matches, the best first. A match is a score by title, date and duration and no fact: it
// merges nothing. `published` names the systems in which the other one was seen published, with the ids of the evidence.
// @param items list  ids of items
// @param as_of datetime = null  only what was seen by then, null is now
// @returns item, matches
// @example items=['episode:dev-meeting']
CYPHER 25
LET now = coalesce($as_of, datetime())
UNWIND $items AS id
MATCH (i:Item {id: id})
RETURN i.id AS item, COLLECT {
  MATCH (i)-[m:MAY_BE]-(other:Item)
  RETURN {
    id: other.id, name: other.name, score: m.score, because: m.because,
    published: COLLECT {
      MATCH (other)<-[:OF]-(h:Handoff)<-[:ABOUT]-(e:Evidence {type: 'published'})
      WHERE e.time IS NULL OR e.time <= now
      OPTIONAL MATCH (r:Route {id: h.route_id})
      RETURN DISTINCT {system: coalesce(h.to_system, r.to), evidence: e.id} AS seen ORDER BY seen.system, seen.evidence LIMIT 50
    }
  } AS found
  ORDER BY found.score DESC, found.id LIMIT 20
} AS matches
ORDER BY item
