// Licences known: does anybody say anything at all of the licences of stores, as of a time?
// Where nobody does, a store without a licence is no finding: the licences were not loaded.
// @param licensees list = []  ids of the partners that operate the stores' systems
// @param as_of datetime = null  as it was then, null is now
// @returns known
// @example licensees=['harbour-rooms']
CYPHER 25
LET now = coalesce($as_of, datetime())
RETURN EXISTS {
  MATCH (s:Standing) WHERE s.aspect = 'licence' AND (s.valid_from IS NULL OR s.valid_from <= now)
} OR EXISTS {
  UNWIND $licensees AS licensee
  MATCH (g:Grant {licensee: licensee}) WHERE g.valid_from IS NULL OR g.valid_from <= now
} OR EXISTS {
  MATCH (a:Account) UNWIND [a.id, substring(a.id, 8)] AS licensee
  MATCH (g:Grant {licensee: licensee}) WHERE g.valid_from IS NULL OR g.valid_from <= now
} AS known
