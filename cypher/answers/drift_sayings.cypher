// Drift sayings: about what do sources say more than one thing?
// Each node of the map about which more than one assertion stands, with all that its sources say (JSON). Evidence is left out:
// it is compared by when it was seen.
// @param as_of datetime = null  what was said then, null is now
// @returns subjects, sayings
// @example as_of='2026-11-01'
CYPHER 25
LET now = coalesce($as_of, datetime())
LET several = COLLECT {
  UNWIND ['Partner:', 'Team:', 'System:', 'Interface:', 'Dataset:', 'Field:', 'Route:', 'Report:'] AS label
  MATCH (a:Assertion) WHERE a.subject STARTS WITH label AND a.feed <> 'evidence'
    AND (a.seen_from IS NULL OR a.seen_from <= now) AND (a.retired_at IS NULL OR a.retired_at > now)
  WITH a.subject AS subject, collect(a{.authority, .feed, .source, .hash, .content}) AS said
  WHERE size(said) > 1
  RETURN [subject, said]
}
RETURN [s IN several | s[0]] AS subjects, [s IN several | s[1]] AS sayings
