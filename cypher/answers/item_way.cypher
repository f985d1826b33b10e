// Item way: what is known of the way of each of these items, and which declared routes it could take?
// The same as `trace_path`, for programs: one row an item with lists, so that whole ways travel at once. `hops`: route, sender, receiver, the
// declared routes that it could be, and its evidence, as `evidence_of_handoffs` lists it. `systems`: id, zone of its partner, whether it
// is told of items and not given them (kind notification), when it was last heard of (`freshest`: when anybody was), and with `people`
// who answers for it today, as `who_to_ask` says it: partner, zone, whom to ask. `versions`, `alike`: whether it has versions, and may be the
// same as others. Times in microseconds since 1970.
// @param items list  ids of items (see find_item)
// @param as_of datetime = null  only evidence and declarations of that time, null is now
// @param people boolean = false  also whom to ask about the systems
// @returns item, above, identifiers, hops, agreements, systems, versions, alike, freshest
// @example items=['episode:dev-meeting']
CYPHER 25 replan=skip
// Neo4j takes up to a second to plan this, and would do so again and again while a load changes what there is how much of: who asks
// then would wait. One plan is right for any graph, and so that it cannot be another, whatever there was when it was made, each index is named.
UNWIND $items AS item
MATCH (i:Item {id: item}) USING INDEX SEEK i:Item(id)
LET now = coalesce($as_of, datetime())
LET over = COLLECT { MATCH (i)-[:PART_OF|VERSION_OF]->{1,6}(a:Item) RETURN DISTINCT a }
LET above = [a IN over | a{.id, .kind, .name, .origin, .declared, .expected_on}]
LET identifiers = COLLECT {
  CALL (i, over) {
    MATCH (x:Identifier)-[:IDENTIFIES]->(i) RETURN x.id AS id
    UNION
    UNWIND over AS a MATCH (x:Identifier)-[:IDENTIFIES {scope: 'work'}]->(a) WHERE a.kind = i.kind RETURN x.id AS id
  }
  RETURN id ORDER BY id
}
LET handoffs = COLLECT { MATCH (i)<-[:OF]-(h:Handoff) WHERE h.first_at IS NULL OR h.first_at <= now RETURN h }
LET starts = [i.origin] + [a IN above | a.origin] + [h IN handoffs | h.from_system] + [h IN handoffs | h.to_system]
LET open = COLLECT {
  UNWIND starts AS start
  WITH DISTINCT start WHERE start IS NOT NULL
  MATCH (s:System {id: start})-[:SENDS]->(first:Route) USING INDEX SEEK s:System(id)
  WHERE i.kind IN first.item_kind
  MATCH (first)-[f:FEEDS WHERE f.kind <> 'arrival']->{0,20}(r:Route)
  WHERE i.kind IN r.item_kind AND (r.valid_from IS NULL OR r.valid_from <= now)
  RETURN DISTINCT r
}
LET seen = COLLECT {
  UNWIND handoffs AS h
  LET at = coalesce(h.first_at, now)
  LET named = COLLECT { MATCH (r:Route {id: h.route_id}) USING INDEX SEEK r:Route(id) RETURN r }[0]
  LET joined = CASE WHEN named.declared THEN [named] ELSE COLLECT {
    MATCH (s:System {id: h.from_system})-[:SENDS]->(d:Route {`from`: h.from_system, to: h.to_system}) USING INDEX SEEK s:System(id)
    WHERE d.declared AND (h.dataset IS NULL OR d.dataset IS NULL OR d.dataset = h.dataset)
      AND (i.kind IN d.item_kind OR d.item_kind = [])
      AND (d.valid_from IS NULL OR d.valid_from <= at) AND (d.valid_to IS NULL OR d.valid_to > at)
    RETURN DISTINCT d ORDER BY d.id
  } END
  RETURN {handoff: h, joined: joined, sender: coalesce(h.from_system, named.`from`), receiver: coalesce(h.to_system, named.to)}
}
LET routes = COLLECT { UNWIND open + reduce(all = [], s IN seen | all + CASE WHEN size(s.joined) = 1 THEN s.joined ELSE [] END) AS r RETURN DISTINCT r }
LET ends = COLLECT {
  UNWIND starts + [s IN seen | s.sender] + [s IN seen | s.receiver] + [r IN routes | r.`from`] + [r IN routes | r.to] AS id
  RETURN DISTINCT id
}
RETURN i{.id, .kind, .name, .origin, .declared, .expected_on} AS item, above, identifiers,
  [s IN seen | [s.handoff.route_id, s.sender, s.receiver, [r IN s.joined | r.id], COLLECT {
    WITH s.handoff AS h
    MATCH (h)<-[:ABOUT]-(n:Evidence)
    // All at once: each property read by itself goes over those before it again.
    LET e = properties(n)
    FILTER e.time IS NULL OR e.time <= now
    RETURN [e.source, e.id, e.type, e.time.epochMillis * 1000 + e.time.microsecond % 1000, e.from_system, e.to_system, e.dataset,
      e.message_id, e.in_reply_to, e.envelopes, e.reporter, e.code, e.detail, e.raw_type]
  }]] AS hops,
  [r IN routes WHERE r.declared AND r.`from` IS NOT NULL AND r.to IS NOT NULL | r{.id, .`from`, .to, .dataset, .interface, .item_kind,
    .after, .expect, .deliver_within, .acknowledgement, .acknowledge_within, .valid_from, .valid_to}] AS agreements,
  COLLECT {
    UNWIND ends AS id
    MATCH (s:System {id: id}) USING INDEX SEEK s:System(id)
    RETURN [id, COLLECT { MATCH (s)<-[o:OPERATES]-(p:Partner) WHERE o.valid_to IS NULL OR o.valid_to > now RETURN p.zone }[0],
      s.kind = 'notification',
      COLLECT { MATCH (e:Evidence) USING INDEX SEEK e:Evidence(said_by, time) WHERE e.said_by = id AND e.time <= now RETURN e.time.epochMillis * 1000 + e.time.microsecond % 1000 ORDER BY e.said_by DESC, e.time DESC LIMIT 1 }[0],
      CASE WHEN $people THEN [COLLECT {
        MATCH (s)<-[o:OPERATES]-(p:Partner) WHERE o.valid_to IS NULL OR o.valid_to > datetime() RETURN [p.id, p.zone]
      }[0], COLLECT {
        CALL (s) {
          MATCH (c:Contact)<-[h:HAS_CONTACT]-(t:Team)-[w:OWNS]->(s)
          WHERE (h.valid_to IS NULL OR h.valid_to > datetime()) AND (w.valid_to IS NULL OR w.valid_to > datetime())
          RETURN c, t.id AS of, 0 AS rank
          UNION
          MATCH (c:Contact)<-[h:HAS_CONTACT]-(p:Partner)-[o:OPERATES]->(s)
          WHERE (h.valid_to IS NULL OR h.valid_to > datetime()) AND (o.valid_to IS NULL OR o.valid_to > datetime())
          RETURN c, p.id AS of, 1 AS rank
        }
        RETURN [of, c.name, c.email, c.role] ORDER BY rank, c.name
      }] END]
  } AS systems,
  EXISTS { (i)<-[:VERSION_OF]-(:Item) } AS versions,
  EXISTS { (i)-[:MAY_BE]-(:Item) } AS alike,
  COLLECT { MATCH (e:Evidence) USING INDEX SEEK e:Evidence(time) WHERE e.time <= now RETURN e.time.epochMillis * 1000 + e.time.microsecond % 1000 ORDER BY e.time DESC LIMIT 1 }[0] AS freshest
