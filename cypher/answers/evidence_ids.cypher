// Evidence ids: what do these handoffs rest on?
// One row with a list for each handoff: its id, the ids of its evidence in the order of time.
// @param handoffs list  ids of handoffs, route|item
// @returns evidence
// @example handoffs=['cms-to-host|episode:dev-meeting']
CYPHER 25
UNWIND $handoffs AS id
MATCH (h:Handoff {id: id})
RETURN collect([id, COLLECT { MATCH (h)<-[:ABOUT]-(e:Evidence) RETURN e.id ORDER BY e.time, e.source, e.id }]) AS evidence
