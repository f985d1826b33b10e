// Declared map: what is known of who runs what, what is agreed and whom to ask, everywhere or around one partner?
// One row of lists with the properties of what was valid then. Around a partner: its systems and teams, the routes into and out of
// these with both ends, and what they carry. `registered`: a registry declares it. `named`: anything but evidence names it.
// `contracted`: a contract that was loaded says something of it. Of a field, `said_by` are the kinds of source that list it. A route that evidence named by its two ends and that is a declared one is left out.
// @param partner string = null  id of a partner, null is the whole map
// @param as_of datetime = null  as it was then, null is now
// @returns partners, teams, contacts, systems, interfaces, datasets, fields, routes, reports, derivations
// @example partner='northwind' as_of='2022-05-29'
CYPHER 25
CALL () {
  WITH coalesce($as_of, datetime()) AS now WHERE $partner IS NULL
  MATCH (s:System) WHERE (s.valid_from IS NULL OR s.valid_from <= now) AND (s.valid_to IS NULL OR s.valid_to > now)
  RETURN s
  UNION
  WITH coalesce($as_of, datetime()) AS now WHERE $partner IS NOT NULL
  MATCH (:Partner {id: $partner})-[:OPERATES]->(s:System {partner: $partner})
  WHERE (s.valid_from IS NULL OR s.valid_from <= now) AND (s.valid_to IS NULL OR s.valid_to > now)
  RETURN s
}
WITH collect(s) AS own
LET now = coalesce($as_of, datetime())
LET ours = COLLECT { MATCH (:Partner {id: $partner})-[:HAS_TEAM]->(t:Team {partner: $partner}) RETURN DISTINCT t }
LET routes = COLLECT {
  CALL (own, ours) {
    UNWIND own AS s MATCH (s)-[:SENDS]->(r:Route {`from`: s.id}) RETURN r
    UNION UNWIND own AS s MATCH (s)<-[:DELIVERS_TO]-(r:Route {to: s.id}) RETURN r
    UNION UNWIND ours AS t MATCH (t)-[:OWNS]->(r:Route {owner: t.id}) RETURN r
  }
  WITH r WHERE (r.valid_from IS NULL OR r.valid_from <= now) AND (r.valid_to IS NULL OR r.valid_to > now)
    AND NOT EXISTS { (r)-[:SAME_AS]->(:Route) }
  RETURN r ORDER BY r.id
}
LET systems = COLLECT {
  CALL (own, routes) {
    UNWIND own AS s RETURN s
    UNION UNWIND routes AS r UNWIND [r.`from`, r.to] AS end MATCH (s:System {id: end}) RETURN s
  }
  RETURN s ORDER BY s.id
}
LET interfaces = COLLECT {
  CALL (own, routes) {
    UNWIND own AS s MATCH (s)-[:EXPOSES]->(i:Interface {system: s.id}) RETURN i
    UNION UNWIND routes AS r MATCH (i:Interface {id: r.interface}) RETURN i
    UNION WITH own WHERE $partner IS NULL MATCH (i:Interface) RETURN i
  }
  WITH i WHERE (i.valid_from IS NULL OR i.valid_from <= now) AND (i.valid_to IS NULL OR i.valid_to > now)
  RETURN i ORDER BY i.id
}
LET datasets = COLLECT {
  CALL (ours, routes) {
    UNWIND routes AS r MATCH (d:Dataset {id: r.dataset}) RETURN d
    UNION UNWIND ours AS t MATCH (t)-[:OWNS]->(d:Dataset {owner: t.id}) RETURN d
    UNION WITH ours WHERE $partner IS NULL MATCH (d:Dataset) RETURN d
  }
  WITH d WHERE (d.valid_from IS NULL OR d.valid_from <= now) AND (d.valid_to IS NULL OR d.valid_to > now)
  RETURN d ORDER BY d.id
}
LET teams = COLLECT {
  CALL (ours, routes, systems, datasets) {
    UNWIND ours AS t RETURN t
    UNION UNWIND routes + systems + datasets AS owned MATCH (t:Team {id: owned.owner}) RETURN t
    UNION WITH ours WHERE $partner IS NULL MATCH (t:Team) RETURN t
  }
  WITH t WHERE (t.valid_from IS NULL OR t.valid_from <= now) AND (t.valid_to IS NULL OR t.valid_to > now)
  RETURN t ORDER BY t.id
}
LET partners = COLLECT {
  CALL (systems, teams) {
    MATCH (p:Partner {id: $partner}) RETURN p
    UNION UNWIND systems + teams AS one MATCH (p:Partner {id: one.partner}) RETURN p
    UNION WITH teams WHERE $partner IS NULL MATCH (p:Partner) RETURN p
  }
  WITH p WHERE (p.valid_from IS NULL OR p.valid_from <= now) AND (p.valid_to IS NULL OR p.valid_to > now)
  RETURN p ORDER BY p.id
}
RETURN
  [p IN partners | p{.*, registered: EXISTS { MATCH (a:Assertion {subject: 'Partner:' + p.id}) WHERE a.authority = 'registry' }}] AS partners,
  [t IN teams | t{.*, registered: EXISTS { MATCH (a:Assertion {subject: 'Team:' + t.id}) WHERE a.authority = 'registry' }}] AS teams,
  COLLECT {
    UNWIND partners + teams AS of
    MATCH (of)-[:HAS_CONTACT]->(c:Contact)
    WHERE (c.valid_from IS NULL OR c.valid_from <= now) AND (c.valid_to IS NULL OR c.valid_to > now)
    RETURN c{.*} ORDER BY c.id
  } AS contacts,
  [s IN systems | s{.*, registered: EXISTS { MATCH (a:Assertion {subject: 'System:' + s.id}) WHERE a.authority = 'registry' }}] AS systems,
  [i IN interfaces | i{.*, registered: EXISTS { MATCH (a:Assertion {subject: 'Interface:' + i.id}) WHERE a.authority = 'registry' },
    contracted: EXISTS { MATCH (a:Assertion {subject: 'Interface:' + i.id}) WHERE a.authority = 'contract' }}] AS interfaces,
  [d IN datasets | d{.*, registered: EXISTS { MATCH (a:Assertion {subject: 'Dataset:' + d.id}) WHERE a.authority = 'registry' },
    contracted: EXISTS { MATCH (a:Assertion {subject: 'Dataset:' + d.id}) WHERE a.authority = 'contract' }}] AS datasets,
  COLLECT {
    UNWIND datasets AS d
    MATCH (d)-[:HAS_FIELD]->(f:Field)
    WHERE (f.valid_from IS NULL OR f.valid_from <= now) AND (f.valid_to IS NULL OR f.valid_to > now)
    RETURN f{.*, said_by: COLLECT {
      MATCH (a:Assertion {subject: 'Field:' + f.id})
      WHERE (a.seen_from IS NULL OR a.seen_from <= now) AND (a.retired_at IS NULL OR a.retired_at > now)
      RETURN DISTINCT a.authority
    }} ORDER BY f.dataset, f.name
  } AS fields,
  [r IN routes | r{.*,
    registered: EXISTS { MATCH (a:Assertion {subject: 'Route:' + r.id}) WHERE a.authority = 'registry' },
    named: r.declared OR EXISTS { MATCH (a:Assertion {subject: 'Route:' + r.id}) WHERE a.feed <> 'evidence' }
  }] AS routes,
  COLLECT {
    CALL (ours) {
      UNWIND ours AS t MATCH (t)-[:OWNS]->(x:Report {owner: t.id}) RETURN x
      UNION WITH ours WHERE $partner IS NULL MATCH (x:Report) RETURN x
    }
    WITH x WHERE (x.valid_from IS NULL OR x.valid_from <= now) AND (x.valid_to IS NULL OR x.valid_to > now)
    RETURN x{.*} ORDER BY x.id
  } AS reports,
  COLLECT {
    UNWIND datasets AS d
    MATCH (d)-[:HAS_FIELD]->{0,1}(part)-[f:FEEDS {kind: 'derivation'}]-(other)
    WHERE (f.valid_from IS NULL OR f.valid_from <= now) AND (f.valid_to IS NULL OR f.valid_to > now)
    WITH DISTINCT f
    RETURN {from_label: labels(startNode(f))[0], `from`: startNode(f).id, to_label: labels(endNode(f))[0], to: endNode(f).id, by: f.by}
  } AS derivations
