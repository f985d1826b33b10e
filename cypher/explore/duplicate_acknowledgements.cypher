// Duplicate acknowledgements: which messages were answered more than once in the same way?
// The same receipt in two files is one piece of evidence and is not shown. Several different replies of one kind to one message are:
// a receiver that acknowledges twice, or two messages that were given one id. `item`: where a reply speaks of one item of the message.
// @param limit integer = 200  rows at most
// @returns message, item, type, said_by, replies, first_at, last_at, sources
// @example limit=20
CYPHER 25
MATCH (e:Evidence) WHERE e.in_reply_to IS NOT NULL AND e.type IN ['received', 'accepted', 'accepted_with_errors', 'partially_accepted', 'rejected']
WITH e.in_reply_to AS message, e.subject AS item, e.type AS type, e.said_by AS said_by, collect(e) AS replies
WHERE size(replies) > 1
RETURN message, item, type, said_by, size(replies) AS replies,
  reduce(first = null, e IN replies | CASE WHEN first IS NULL OR e.time < first THEN e.time ELSE first END) AS first_at,
  reduce(last = null, e IN replies | CASE WHEN last IS NULL OR e.time > last THEN e.time ELSE last END) AS last_at,
  [e IN replies | e.source + ' ' + e.id][0..10] AS sources
ORDER BY replies DESC, message, item, type LIMIT $limit
