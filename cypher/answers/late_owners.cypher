// Late owners: whom to ask in the teams that own routes?
// @param teams list  team ids
// @returns team, name, email, role, contact
// @example teams=['northwind-platform']
CYPHER 25
UNWIND $teams AS id
MATCH (t:Team {id: id})-[h:HAS_CONTACT]->(c:Contact) WHERE h.valid_to IS NULL OR h.valid_to > datetime()
RETURN id AS team, c.name AS name, c.email AS email, c.role AS role, c AS contact
ORDER BY team, name, email
