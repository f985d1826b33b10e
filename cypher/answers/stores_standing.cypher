// Stores standing: what holds of each store, location and sound zone in each aspect, as of a time?
// One row with a list for each by id. A unit is one that subscribes, is activated or plays itself, or that has no such parts. What nobody
// says of it, it has from what it is part of, the nearest first. Only heartbeats are its own. Of what had begun, that counts which has not
// ended, what began last before the others, what has no beginning after all others. Where all have ended, the one that began last.
// Of each: id, kind, name, whether it is a unit, territory, use, origin, accounts, eligibility, subscription, activation, last heartbeat,
// and all that was said of its licence. Of what holds: aspect, value, from, to (microseconds since 1970), whether no source says it
// any more, by which system, id. It is over where `to` has passed.
// @param stores list = []  ids, none is a page of all between the two ids below
// @param after string = 'store:'  units whose id comes after this one
// @param before string = 'store<'  and before this one
// @param limit integer = 5000  units at most
// @param as_of datetime = null  as it was then, null is now
// @returns stores
// @example limit=100
CYPHER 25
LET now = coalesce($as_of, datetime())
CALL (now) {
  WITH now WHERE $stores = []
  MATCH (u:Item)
  WHERE u.id > $after AND u.id < $before AND (u.valid_from IS NULL OR u.valid_from <= now)
    AND (EXISTS {
      (u)<-[:HOLDS_FOR]-(s:Standing)
      WHERE s.aspect IN ['subscription', 'activation', 'playing'] AND (s.valid_from IS NULL OR s.valid_from <= now)
    } OR NOT EXISTS { (u)<-[:PART_OF]-(p:Item) WHERE p.kind IN ['store', 'location', 'zone'] })
  RETURN u, true AS unit ORDER BY u.id LIMIT $limit
  UNION
  WITH now WHERE $stores <> []
  UNWIND $stores AS id
  MATCH (u:Item {id: id})
  RETURN u, u.kind IN ['store', 'location', 'zone'] AND (EXISTS {
      (u)<-[:HOLDS_FOR]-(s:Standing)
      WHERE s.aspect IN ['subscription', 'activation', 'playing'] AND (s.valid_from IS NULL OR s.valid_from <= now)
    } OR NOT EXISTS { (u)<-[:PART_OF]-(p:Item) WHERE p.kind IN ['store', 'location', 'zone'] }) AS unit
}
LET chain = [u] + COLLECT {
  MATCH (u)(()-[r:PART_OF WHERE (r.valid_from IS NULL OR r.valid_from <= now) AND (r.valid_to IS NULL OR r.valid_to > now)]->()){1,6}(x:Item)
  WITH x, min(size(r)) AS d WHERE x <> u ORDER BY d, x.id
  RETURN x
}
LET said = COLLECT {
  UNWIND range(0, size(chain) - 1) AS d
  LET x = chain[d]
  MATCH (x)<-[:HOLDS_FOR]-(s:Standing)
  WHERE s.aspect <> 'playing' AND (s.valid_from IS NULL OR s.valid_from <= now)
  RETURN [
    s.aspect, s.value, s.valid_from.epochSeconds * 1000000 + s.valid_from.microsecond,
    s.valid_to.epochSeconds * 1000000 + s.valid_to.microsecond, coalesce(s.retired, false), s.by, s.id
  ] ORDER BY d, coalesce(s.valid_to <= now, false), s.valid_from IS NULL, s.valid_from DESC, s.id
}
LET heard = COLLECT {
  MATCH (u)<-[:HOLDS_FOR]-(s:Standing)
  WHERE s.aspect = 'playing' AND s.value IN ['playing', 'silent']
    AND (s.valid_from <= now OR s.valid_from IS NULL AND (s.valid_to IS NULL OR s.valid_to > now))
  RETURN [s.aspect, s.value, s.valid_from.epochSeconds * 1000000 + s.valid_from.microsecond, null, false, s.by, s.id]
  ORDER BY s.valid_from IS NULL, s.valid_from DESC, s.value DESC, s.id LIMIT 1
}[0]
WITH u, unit, chain, said, heard ORDER BY u.id
RETURN collect([
  u.id, u.kind, u.name, unit,
  [x IN chain WHERE x.territory IS NOT NULL | x.territory][0], [x IN chain WHERE x.use IS NOT NULL | x.use][0],
  [x IN chain WHERE x.origin IS NOT NULL | x.origin][0], [x IN chain WHERE x.kind = 'account' | x.id],
  [s IN said WHERE s[0] = 'eligibility'][0], [s IN said WHERE s[0] = 'subscription'][0], [s IN said WHERE s[0] = 'activation'][0],
  heard, [s IN said WHERE s[0] = 'licence']
]) AS stores
