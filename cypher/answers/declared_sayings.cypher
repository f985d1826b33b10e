// Declared sayings: what do registries and contracts say now, and what does anybody say of the same nodes?
// One row a node of one label, by id, with all that its sources say or said (JSON).
// @param label string  Partner, Team, Contact, System, Interface, Dataset, Field, Route, Report, Derivation, Item or Expectation
// @param after string = ''  only subjects (Label:id) that come after this one
// @param limit integer = 5000  rows at most
// @returns subject, said
// @example label='Route'
CYPHER 25
MATCH (a:Assertion)
WHERE a.subject STARTS WITH $label + ':' AND a.subject > $after AND a.retired_at IS NULL AND a.authority <> 'observed'
WITH DISTINCT a.subject AS subject ORDER BY subject LIMIT $limit
RETURN subject, COLLECT {
  MATCH (x:Assertion {subject: subject}) RETURN x{.authority, .feed, .source, .hash, .content, .seen_from, .retired_at}
} AS said
ORDER BY subject
