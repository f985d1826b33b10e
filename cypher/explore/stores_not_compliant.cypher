// Stores not compliant: which stores are active and not licensed, subscribed or eligible, or play though they were deactivated?
// What nobody says of a store it has from what it is part of, the nearest first. Of what had begun that counts which has not ended, then
// what began last. Active is what is activated or was heard within so many hours. `way` draws what is said. `lineage compliance` tells
// since when, who must act, and of which handoffs an activation or an update got lost.
// @param as_of datetime = null  as it was then, null is now
// @param hours integer = 24  how long after it was heard a player counts as playing
// @param limit integer = 200  stores at most
// @returns store, name, territory, use, wrong, licence, way
// @example as_of='2022-05-29T12:00:00Z'
CYPHER 25
LET now = coalesce($as_of, datetime()), clocks = duration('PT10M')
LET known = EXISTS { MATCH (:Grant) } OR EXISTS { MATCH (s:Standing) WHERE s.aspect = 'licence' }
MATCH (u:Item)<-[:HOLDS_FOR]-(own:Standing)
WHERE u.kind IN ['store', 'location', 'zone'] AND own.aspect IN ['subscription', 'activation', 'playing']
  AND (own.valid_from IS NULL OR own.valid_from <= now)
WITH DISTINCT u, now, clocks, known
LET chain = [u] + COLLECT { MATCH p = (u)-[:PART_OF]->{1,6}(x:Item) WITH x, min(length(p)) AS d WHERE x <> u ORDER BY d, x.id RETURN x }
LET said = COLLECT {
  UNWIND range(0, size(chain) - 1) AS d
  LET x = chain[d]
  MATCH (x)<-[:HOLDS_FOR]-(s:Standing) WHERE s.aspect <> 'playing' AND (s.valid_from IS NULL OR s.valid_from <= now)
  RETURN s ORDER BY d, coalesce(s.valid_to <= now, false), s.valid_from IS NULL, s.valid_from DESC, s.id
}
LET heard = COLLECT {
  MATCH (u)<-[:HOLDS_FOR]-(s:Standing)
  WHERE s.aspect = 'playing' AND s.value IN ['playing', 'silent']
    AND (s.valid_from <= now OR s.valid_from IS NULL AND (s.valid_to IS NULL OR s.valid_to > now))
  RETURN s ORDER BY s.valid_from IS NULL, s.valid_from DESC, s.value DESC, s.id LIMIT 1
}[0]
LET activation = [s IN said WHERE s.aspect = 'activation'][0], subscription = [s IN said WHERE s.aspect = 'subscription'][0],
  eligibility = [s IN said WHERE s.aspect = 'eligibility'][0], licence = [s IN said WHERE s.aspect = 'licence'][0]
LET territory = [x IN chain WHERE x.territory IS NOT NULL | x.territory][0], use = [x IN chain WHERE x.use IS NOT NULL | x.use][0]
LET playing = coalesce(heard.value = 'playing' AND (heard.valid_from IS NULL OR heard.valid_from >= now - duration({hours: $hours})), false)
LET activated = coalesce(activation.value = 'activated' AND NOT coalesce(activation.valid_to <= now, false), false)
LET off = CASE WHEN activation.value = 'activated' AND activation.valid_to <= now THEN activation.valid_to
  WHEN activation.value = 'deactivated' AND NOT coalesce(activation.valid_to <= now, false) THEN activation.valid_from END
FILTER activated OR playing
LET keys = COLLECT {
  UNWIND [x IN chain WHERE x.origin IS NOT NULL | x.origin][..1] AS origin
  MATCH (:System {id: origin})<-[o:OPERATES]-(p:Partner) WHERE o.valid_to IS NULL OR o.valid_to > datetime()
  RETURN p.id
} + [x IN chain WHERE x.kind = 'account' | x.id] + [x IN chain WHERE x.kind = 'account' | substring(x.id, 8)]
LET named = CASE WHEN licence IS NOT NULL AND NOT coalesce(licence.valid_to <= now, false) THEN licence.value END
LET grants = COLLECT {
  MATCH (:Item {id: named})<-[:TERM_OF]-(g:Grant) WHERE g.valid_from IS NULL OR g.valid_from <= now RETURN g
  UNION
  UNWIND keys AS key MATCH (g:Grant {licensee: key}) WHERE g.valid_from IS NULL OR g.valid_from <= now RETURN g
}
LET here = [g IN grants WHERE NOT coalesce(g.valid_to <= now, false) AND coalesce((g.uses IS NULL OR use IN g.uses)
  AND ('Worldwide' IN g.territories OR territory IN g.territories) AND NOT territory IN coalesce(g.excluded, []), true)]
LET licensed = named IS NULL AND licence IS NULL AND grants = [] AND NOT known OR coalesce(named = 'unknown', false)
  OR coalesce(named <> 'none', true) AND (any(g IN here WHERE NOT coalesce(g.withdrawn, false)
    AND none(w IN here WHERE w.withdrawn AND w.licence = g.licence AND (g.valid_from IS NULL OR w.valid_from >= g.valid_from)))
    OR named IS NOT NULL AND NOT EXISTS { MATCH (:Item {id: named})<-[:TERM_OF]-(g:Grant) WHERE g.valid_from IS NULL OR g.valid_from <= now })
LET wrong = [rule IN [
  CASE WHEN NOT licensed THEN 'not-licensed' END,
  CASE WHEN playing AND heard.valid_from > off + clocks THEN 'deactivated-playing' END,
  CASE WHEN subscription.value = 'active' AND subscription.valid_to <= now
    OR NOT subscription.value IN ['active', 'unknown'] AND NOT coalesce(subscription.valid_to <= now, false) THEN 'not-subscribed' END,
  CASE WHEN eligibility.value = 'eligible' AND eligibility.valid_to <= now
    OR eligibility.value = 'ineligible' AND NOT coalesce(eligibility.valid_to <= now, false) THEN 'not-eligible' END
] WHERE rule IS NOT NULL]
FILTER wrong <> []
RETURN u.id AS store, u.name AS name, territory, use, wrong, named AS licence,
  COLLECT { MATCH way = (u)-[:PART_OF]->{0,6}(:Item)<-[:HOLDS_FOR]-(s:Standing) WHERE s IN [activation, subscription, eligibility, licence, heard] RETURN way } AS way
ORDER BY store LIMIT $limit
