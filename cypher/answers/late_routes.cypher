// Late routes: from where to where do these routes lead, on which schedule, and whose are they?
// One row with a list for each route: its id, sender, receiver, data set, schedule, time zone, calendar and owner.
// @param routes list  route ids
// @returns routes
// @example routes=['relay-to-northwind']
CYPHER 25
UNWIND $routes AS id
MATCH (r:Route {id: id})
RETURN collect([r.id, r.`from`, r.to, r.dataset, r.schedule, r.timezone, r.calendar, r.owner]) AS routes
