"""Every library query on a graph with 100,000 handoffs: how many db hits its plan needs for each row that it gives.

A count, not a time: where an index is lost, hits grow with the graph and this fails on any machine. The graph is the demo with one
of its items copied many times, so that its routes and systems are busy ones.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from harness import Database, profiled

from lineage.graph import Graph
from lineage.library import Query, shipped
from lineage.session import Lineage

COPIES, BATCH, HANDOFFS = 20_000, 2_000, 100_000
COPY = """CYPHER 25
UNWIND range($from, $to) AS n
MATCH (i:Item {id: 'episode:dev-meeting'})
CREATE (c:Item) SET c = i{.*, id: i.id + '-' + n, name: 'Copy ' + n}
CREATE (:Identifier {id: 'rss:guid:copy-' + n, scheme: 'rss:guid', value: 'copy-' + n})-[:IDENTIFIES {scope: 'version'}]->(c)
WITH i, c, n
MATCH (i)<-[:OF]-(h:Handoff)
LET back = duration({seconds: n})
CREATE (g:$(labels(h)))-[:OF]->(c) SET g = h{.*, id: h.route_id + '|' + c.id, item_id: c.id,
  first_at: h.first_at - back, last_at: h.last_at - back, secured_at: h.secured_at - back, pending_since: h.pending_since - back}
WITH h, g, n, back
LET e = COLLECT { MATCH (h)<-[:ABOUT]-(e:Evidence) RETURN e LIMIT 1 }[0]
CREATE (f:Evidence)-[:ABOUT]->(g) SET f = e{.*, id: e.id + '-' + n + g.route_id, time: e.time - back}"""

PER_ROW = 500
"""Db hits for each row, or for each member of the one row of lists that a query gives."""
OF_MORE = {"overdue_deliveries": 4_000, "search": 9_000, "who_receives_item": 15_000}
"""More for some: a deadline is told by looking at what is under way, a word is looked for in all names, and some deliveries are counted."""
SWEEPS = frozenset(
    {
        "duplicate_acknowledgements",
        "handoffs_by_status",
        "items_stuck_per_system",
        "overdue_acknowledgements",
        "route_ends",
    }
)
"""Questions that look at all handoffs, or at all that are under way on a route: so many db hits for each of these."""
PER_HANDOFF = 10


def load_busy(session: Lineage) -> None:
    """The demo with 100,000 handoffs more."""
    from lineage.demo import load_demo

    load_demo(session)
    for start in range(0, COPIES, BATCH):
        session.graph.write(
            lambda tx, start=start: tx.run(COPY, **{"from": start + 1, "to": start + BATCH})  # type: ignore[misc]
        )


@pytest.fixture
def busy(database: Database) -> Graph:
    """See ``load_busy``."""
    return database.hold("the demo, busy", load_busy).graph


def scans(plan: dict[str, Any]) -> Iterator[str]:
    """What a plan reads as a whole: operators with the label or the relationship that they go over."""
    operator, details = plan["operatorType"].partition("@")[0], plan.get("args", {}).get("Details", "")
    if operator.endswith(("LabelScan", "LabelsScan", "AllNodesScan", "TypeScan", "AllRelationshipsScan", "NodeIndexScan")):
        yield f"{operator} {details.partition(':')[2] or details}"
    for child in plan.get("children", []):
        yield from scans(child)


MAP = {"Account", "Dataset", "Interface", "Partner", "Report", "Route", "Run", "Standing", "System", "Team"}
"""Labels of which there are as many as the declared map is large, or as there were loads."""


def test_what_is_planned_before_there_is_anything_goes_over_the_declared_map_at_most(graph: Graph) -> None:
    """Neo4j keeps a plan for ten seconds at least, and longer where little changes that it was made of, or the query says so."""
    allowed = {f"NodeByLabelScan {label}" for label in MAP} | {"DirectedRelationshipTypeScan SAME_AS]->(r)"}
    found = {}
    for query in shipped():
        # A word is looked for in all names.
        if query.folder == "answers" and query.name != "search":
            _, _, plan = graph.explain(query.cypher, **query.bind(query.example))
            found[query.name] = set(scans(plan)) - allowed
    assert {name for name, beyond in found.items() if beyond} == set()
    assert len(found) > 40


@pytest.mark.parametrize("query", [query for query in shipped() if "replan=skip" in query.cypher], ids=lambda query: query.name)
def test_a_plan_that_is_kept_is_the_same_whatever_there_is(database: Database, query: Query) -> None:
    """It is made once: so it must be right for a graph that is empty, and for a full one."""
    database.wipe()
    before = planned(database.graph, query)
    after = planned(database.hold("the demo, busy", load_busy).graph, query)
    assert set(scans(before)) == set(scans(after)) == set()
    assert sorted(seeks(before)) == sorted(seeks(after))


def planned(graph: Graph, query: Query) -> dict[str, Any]:
    """The plan for what there is now, not one that was kept."""
    with graph.driver.session(database=graph.database) as session:
        session.run("CALL db.clearQueryCaches()").consume()
    return graph.explain(query.cypher, **query.bind(query.example))[2]


def seeks(plan: dict[str, Any]) -> Iterator[str]:
    """Which indexes a plan uses, and which relationships it follows."""
    operator, details = plan["operatorType"].partition("@")[0], plan.get("args", {}).get("Details", "")
    if "Seek" in operator:
        yield details.partition(":")[2].partition(" WHERE")[0]
    elif "Expand" in operator:
        yield details.partition("[")[2].partition("]")[0].partition(":")[2]
    for child in plan.get("children", []):
        yield from seeks(child)


def test_the_graph_is_as_large_as_is_said(busy: Graph) -> None:
    assert busy.read("MATCH (h:Handoff) RETURN count(h) AS n").rows[0]["n"] >= HANDOFFS


@pytest.mark.parametrize("query", list(shipped()), ids=lambda query: query.name)
def test_a_row_costs_no_more_than_is_stated(busy: Graph, query: Query) -> None:
    needed, given = profiled(busy, query.cypher, query.bind(query.example))
    lists = [len(value) for row in given for value in row.values() if len(given) == 1 and isinstance(value, list)]
    rows = max([len(given), *lists])
    assert rows
    stated = PER_HANDOFF * HANDOFFS if query.name in SWEEPS else OF_MORE.get(query.name, PER_ROW) * rows
    assert needed <= stated


@pytest.mark.parametrize("latest", [False, True])
def test_a_page_of_items_under_way_does_not_read_all_items(busy: Graph, latest: bool) -> None:
    """Neither the first of all, nor those of the last minute."""
    copies = "MATCH (h:Handoff) WHERE h.item_id STARTS WITH 'episode:dev-meeting-'"
    (seen,) = busy.read(f"{copies} RETURN toString(max(h.last_at) - duration('PT1M')) AS minute_ago").rows
    query = shipped()["items_under_way"]
    given = {"since": seen["minute_ago"] if latest else None, "after": "episode:dev-meeting-", "limit": 10}
    needed, (answer,) = profiled(busy, query.cypher, query.bind(given))
    assert len(answer["items"]) == 10
    assert needed < COPIES
