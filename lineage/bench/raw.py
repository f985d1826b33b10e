"""The reference for loading: UNWIND CREATE of exactly the nodes and relationships that handoff events left, in another empty graph."""

from __future__ import annotations

import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

from lineage.embedded import down
from lineage.graph import Graph, Row, Transaction, plain
from lineage.session import connect_embedded

BATCH = 5000
LEFT = frozenset({"Evidence", "Handoff", "Envelope", "ABOUT", "OF", "TRAVELLED_IN"})
"""What handoff events leave. The few systems and routes that they name, and who says so, are not counted."""
_NODES = "MATCH (n) RETURN id(n) AS id, labels(n) AS labels, properties(n) AS properties"
_LINKS = "MATCH (a)-[r]->(b) RETURN id(a) AS a, id(b) AS b, type(r) AS type, properties(r) AS properties"


def copy_raw(source: Graph) -> tuple[int, float]:
    """Copy a graph into a server that is gone afterwards.

    Gives how many nodes and relationships of those in ``LEFT`` were created, and the seconds of creating these alone (one session).
    All are created with the product's constraints and indexes there, as a load does; and relationships find their ends by an
    index on a number that is only there for that.
    """
    with ExitStack() as stack:
        home = stack.enter_context(tempfile.TemporaryDirectory(prefix="lineage-bench-"))
        stack.callback(down, home)
        target = stack.enter_context(connect_embedded(home))
        target.graph.prepare()
        target.graph.write(lambda tx: tx.run("CREATE CONSTRAINT bench_ref IF NOT EXISTS FOR (n:Bench) REQUIRE n.ref IS UNIQUE"))
        target.graph.read("CALL db.awaitIndexes(300)", timeout_s=300.0)
        target.graph.write(lambda tx: tx.run("MATCH (n) WHERE NOT n:Bench DETACH DELETE n"))
        created, seconds = 0, 0.0
        for labels, rows in _grouped(source, _NODES, "labels"):
            text = "".join(f":`{label}`" for label in labels)
            query = f"UNWIND $rows AS row CREATE (n:Bench{text}) SET n = row.properties SET n.ref = row.id"
            taken = _timed(target.graph, query, rows)
            if LEFT.intersection(labels):
                seconds, created = seconds + taken, created + len(rows)
        for type_, rows in _grouped(source, _LINKS, "type"):
            query = f"""UNWIND $rows AS row MATCH (a:Bench {{ref: row.a}}) MATCH (b:Bench {{ref: row.b}})
                CREATE (a)-[r:`{type_}`]->(b) SET r = row.properties"""
            taken = _timed(target.graph, query, rows)
            if type_ in LEFT:
                seconds, created = seconds + taken, created + len(rows)
    return created, seconds


def _timed(graph: Graph, query: str, rows: list[Row]) -> float:
    def work(tx: Transaction) -> object:
        return tx.run(query, rows=rows)

    started = time.perf_counter()
    graph.write(work)
    return time.perf_counter() - started


def _grouped(source: Graph, query: str, by: str) -> Iterator[tuple[Any, list[Row]]]:
    """Batches of rows that are alike, as one statement cannot take labels and types from its rows without a cost of its own.

    Times become Python's own, which are sent as fast as a load sends them.
    """
    waiting: dict[Any, list[Row]] = defaultdict(list)
    for row in source.stream(query):
        key = tuple(row[by]) if by == "labels" else row[by]
        waiting[key].append(plain(row))
        if len(waiting[key]) == BATCH:
            yield key, waiting.pop(key)
    yield from waiting.items()
