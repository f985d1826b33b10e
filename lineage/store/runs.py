"""Run nodes: what was loaded, when, from where, and with what result."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lineage.graph import Graph, Row, Transaction, plain


def open_run(tx: Transaction, properties: dict[str, Any]) -> None:
    """Create a run that is under way; a run that stays ``running`` broke off."""
    tx.run("CREATE (r:Run) SET r = $properties, r.status = 'running'", properties=properties)


def close_run(tx: Transaction, run_id: str, properties: dict[str, Any]) -> None:
    """Write a run's result."""
    tx.run("MATCH (r:Run {id: $id}) SET r += $properties", id=run_id, properties=properties)


def previous_runs(graph: Graph, feed: str, source: str) -> list[Row]:
    """Runs of this source by this feed, newest first."""
    rows = graph.read(
        """MATCH (r:Run {feed: $feed, source: $source}) RETURN properties(r) AS r ORDER BY r.started DESC, r.id DESC LIMIT 50""",
        feed=feed,
        source=source,
    ).rows
    return [{key: plain(value) for key, value in row["r"].items()} for row in rows]


def live_assertions(graph: Graph, feed: str, source: str) -> Iterator[Row]:
    """What this source says as far as the graph knows: {"id", "subject"}."""
    return graph.stream(
        """MATCH (a:Assertion {feed: $feed, source: $source}) WHERE a.retired_at IS NULL
        RETURN a.id AS id, a.subject AS subject""",
        feed=feed,
        source=source,
    )
