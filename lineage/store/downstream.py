"""The downstream shortcuts: FEEDS relationships that the declared map implies, so that one expansion serves impact.

* carried: (Dataset)-[:FEEDS]->(Route), the route carries the data set
* onward: (Route)-[:FEEDS]->(Route), the receiver passes the same data set on, or the same kind of item where one of the two
  routes names no data set (only where the next route does not say itself what it comes ``after``)
* follows: (Route)-[:FEEDS]->(Route), the same kind of item goes on as another data set: it is on the item's expected way, but
  impact does not cross here unless the one data set is made from the other
* arrival: (Route)-[:FEEDS]->(Dataset|Field|Report), what is made from the data set that the route carries. Where ``by`` names
  a system that gets the data set on other routes only, this route's arrival does not count.

A system is crossed in no other way: otherwise everything would reach everything. Their validity is that of both ends.
"""

from __future__ import annotations

from collections.abc import Iterable

from lineage.graph import Transaction

_VALIDITY = """
SET f.valid_from = CASE WHEN a.valid_from IS NULL OR b.valid_from > a.valid_from THEN b.valid_from ELSE a.valid_from END,
    f.valid_to = CASE WHEN a.valid_to IS NULL OR b.valid_to < a.valid_to THEN b.valid_to ELSE a.valid_to END
"""
_SAME_KIND = "any(kind IN a.item_kind WHERE kind IN b.item_kind)"
_PASSES_ON = {
    "onward": f"(a.dataset = b.dataset OR (a.dataset IS NULL OR b.dataset IS NULL) AND {_SAME_KIND})",
    "follows": f"a.dataset <> b.dataset AND {_SAME_KIND}",
}


def rebuild_downstream(tx: Transaction, *, routes: set[str], derivations: Iterable[str]) -> None:
    """Rebuild the shortcuts around these routes, and around the routes of the data sets that these derivations start from."""
    datasets = {key.partition(">")[0].partition(":")[2].partition("#")[0] for key in derivations}
    if not routes and not datasets:
        return
    # The other routes of a data set matter only where a derivation names who makes it: that one may now get it, or no longer.
    around = tx.run(
        """UNWIND $datasets AS id MATCH (r:Route {dataset: id}) RETURN r.id AS id
        UNION UNWIND $routes AS id MATCH (r:Route {id: id}) WITH DISTINCT r.dataset AS dataset
        MATCH (d:Dataset {id: dataset})
        WHERE EXISTS { (d)-[:HAS_FIELD]->{0,1}()-[made:FEEDS {kind: 'derivation'}]->() WHERE made.by IS NOT NULL }
        MATCH (x:Route {dataset: dataset}) RETURN x.id AS id""",
        datasets=sorted(datasets),
        routes=sorted(routes),
    )
    ids = sorted(routes | {row["id"] for row in around})
    tx.run(
        """UNWIND $ids AS id MATCH (r:Route {id: id})-[f:FEEDS]-()
        WHERE f.kind IN ['onward', 'follows', 'arrival', 'carried'] DELETE f""",
        ids=ids,
    )
    tx.run(
        "UNWIND $ids AS id MATCH (b:Route {id: id}) MATCH (a:Dataset {id: b.dataset}) MERGE (a)-[f:FEEDS {kind: 'carried'}]->(b)"
        + _VALIDITY,
        ids=ids,
    )
    for one, other in (("a", "b"), ("b", "a")):
        end = "MATCH (:System {id: a.to})-[:SENDS]->(b:Route {`from`: a.to})"
        start = "MATCH (:System {id: b.`from`})<-[:DELIVERS_TO]-(a:Route {to: b.`from`})"
        for kind, condition in _PASSES_ON.items():
            tx.run(
                f"""UNWIND $ids AS id MATCH ({one}:Route {{id: id}}) {end if other == "b" else start}
                WHERE b.after IS NULL AND a <> b AND {condition} MERGE (a)-[f:FEEDS {{kind: '{kind}'}}]->(b)"""
                + _VALIDITY,
                ids=ids,
            )
    tx.run(
        """UNWIND $ids AS id MATCH (a:Route {id: id}) MATCH (d:Dataset {id: a.dataset})
        MATCH (d)-[:HAS_FIELD]->{0,1}(part)-[made:FEEDS {kind: 'derivation'}]->(b)
        WHERE (made.valid_to IS NULL OR made.valid_to > datetime())
          AND (made.by IS NULL OR made.by = a.to
               OR NOT EXISTS { MATCH (x:Route {dataset: a.dataset, to: made.by}) WHERE x.id <> a.id })
        MERGE (a)-[f:FEEDS {kind: 'arrival'}]->(b)"""
        + _VALIDITY,
        ids=ids,
    )
    _join_observed(tx, ids)


def _join_observed(tx: Transaction, ids: list[str]) -> None:
    """Link routes that evidence named by their two ends to the one declared route between these, where there is one."""
    ends = tx.run(
        """UNWIND $ids AS id MATCH (r:Route {id: id})
        CALL (r) { RETURN r AS x UNION MATCH (r)-[:SAME_AS]-(x:Route) RETURN x }
        WITH x WHERE x.`from` IS NOT NULL RETURN DISTINCT x.`from` AS start, x.to AS end""",
        ids=ids,
    )
    tx.run(
        """UNWIND $ends AS ends
        MATCH (:System {id: ends.start})-[:SENDS]->(o:Route {`from`: ends.start, to: ends.end, declared: false})
        WITH DISTINCT o
        CALL (o) { MATCH (o)-[old:SAME_AS]->() DELETE old }
        WITH o, COLLECT {
            MATCH (:System {id: o.`from`})-[:SENDS]->(d:Route {`from`: o.`from`, to: o.to, declared: true})
            WHERE o.dataset IS NULL OR d.dataset IS NULL OR d.dataset = o.dataset RETURN DISTINCT d
        } AS between
        WHERE size(between) = 1
        WITH o, between[0] AS d MERGE (o)-[:SAME_AS]->(d)""",
        ends=ends,
    )
