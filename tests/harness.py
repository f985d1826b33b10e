"""What tests share beside fixtures: where things are, the server of the run, loads without files, how a command ended.

Not in conftest.py, whose name several folders of tests use.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import neo4j

from lineage.facts import Said
from lineage.graph import Graph, with_mode
from lineage.ingest import Load, Report, ingest
from lineage.loading import opened
from lineage.session import Lineage

ROOT = Path(__file__).parents[1]
FIXTURES = ROOT / "tests" / "fixtures"
SCENARIO = FIXTURES / "scenario"


@dataclass
class Database:
    """The server of the run. ``content`` names what is loaded now, so that tests that only look share one load."""

    uri: str
    user: str
    password: str
    home: Path
    graph: Graph = field(repr=False)
    embedded: bool
    content: str | None = None

    def wipe(self) -> None:
        """Delete everything but the marks. The schema stays: making it takes longer than a test."""
        self.content = None
        with self.graph.driver.session(database=self.graph.database) as session:
            session.run("MATCH (n) WHERE NOT n:Lineage CALL (n) { DETACH DELETE n } IN TRANSACTIONS").consume()

    def hold(self, content: str, load: Callable[[Lineage], object]) -> Lineage:
        """A session on a graph with exactly this content, loaded anew only when a test wrote something in between."""
        session = Lineage(self.graph, home=self.home)
        if self.content != content:
            self.wipe()
            load(session)
            self.content = content
        return session

    @property
    def environment(self) -> dict[str, str]:
        """What makes the command line talk to this server."""
        return {
            "NEO4J_URI": self.uri,
            "NEO4J_USERNAME": self.user,
            "NEO4J_PASSWORD": self.password,
            "LINEAGE_HOME": str(self.home),
        }


def load_scenario(session: Lineage) -> None:
    session.load("partners", SCENARIO / "partners.yaml", name="registry")
    session.load("handoffs", SCENARIO / "events.jsonl", name="events")


def of_registry(text: str) -> list[Said]:
    """All that the feed ``partners`` says of a registry with this text."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "registry.yaml"
        path.write_text(text, "utf-8")
        with opened("partners", str(path)) as reading:
            return list(reading.said())


def write(
    graph: Graph,
    facts: Sequence[Said],
    folder: Path,
    *,
    feed: str = "partners",
    source: str = "registry.yaml",
    authority: str = "registry",
    sha256: str = "",
    stream: bool = False,
    batch_size: int = 2000,
) -> Report:
    """One load of these facts. Its hash is that of no other load, unless ``sha256`` is given."""
    about = Load(feed, source, authority, sha256 or os.urandom(8).hex(), "", stream)  # type: ignore[arg-type]
    return ingest(graph, about, facts, rejects=folder / f"rejects-{os.urandom(4).hex()}.jsonl", batch_size=batch_size)


@dataclass(frozen=True)
class Ran:
    """How a command ended."""

    code: int
    out: str
    err: str


Say = Callable[..., Report]
Run = Callable[..., Ran]


def profiled(graph: Graph, cypher: str, values: dict[str, Any]) -> tuple[int, list[dict[str, Any]]]:
    """How many database hits a query took, counted by the server, and its rows."""
    with graph.driver.session(database=graph.database, default_access_mode=neo4j.READ_ACCESS) as session:
        answer = session.run(with_mode(cypher, "PROFILE"), values)
        rows = [record.data() for record in answer]
        plan = answer.consume().profile
    assert plan is not None
    return _hits(plan), rows


def _hits(plan: dict[str, Any]) -> int:
    """Of a plan and all that it stands on."""
    return int(plan["args"].get("DbHits", 0)) + sum(_hits(child) for child in plan.get("children", ()))
