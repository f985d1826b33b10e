"""The questions as they are asked from Python, typed answer included, each about another item in every round."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from lineage.bench import postgres
from lineage.bench.goals import Goal
from lineage.bench.in_memory import installed
from lineage.bench.report import Group
from lineage.bench.sampling import Way
from lineage.session import Lineage

LOOKUP = "bare lookup"
BARE = "bare read of the handoffs"
_ITEM = "MATCH (i:Item {id: $id}) RETURN i.kind AS kind"
_ITEMS = "MATCH (i:Item)<-[:OF]-(h:Handoff) WITH DISTINCT i RETURN i.id AS id ORDER BY id"
_BUSIEST = "MATCH (h:Handoff) WHERE h.secured RETURN h.{end} AS id, count(*) AS handoffs ORDER BY handoffs DESC, id LIMIT 1"
_PARTNER = "MATCH (p:Partner)-[:OPERATES]->(:System {id: $id}) RETURN p.id AS id"
_EDGES = "MATCH (a)-[r:FEEDS|SENDS|OPERATES]->(b) WHERE coalesce(r.kind, '') <> 'follows' RETURN DISTINCT a.id AS a, b.id AS b"
HANDOFFS = """MATCH (i:Item)<-[:OF]-(h:Handoff) WHERE h.last_at >= $since
    RETURN i.id AS item, h.route_id AS route, h.from_system AS sender, h.to_system AS receiver, h.secured AS secured,
    h.secured_at AS secured_at, h.first_at AS first_at, h.last_at AS last_at, h.sent_at AS sent_at, h.transport AS transport,
    h.acknowledgement AS acknowledgement, h.processing AS processing, h.attempts AS attempts"""
DAY, TWO = timedelta(days=1), ", two days"
"""What is diagnosed: the items with evidence in the last day, in which a simulation only has late ones, and in the last two."""


@dataclass(frozen=True)
class Subjects:
    """What is asked about. ``items``: in an order of chance; ``busiest`` route, system and its partner: with most handoffs."""

    items: list[str]
    route: str
    system: str
    partner: str | None
    edges: list[tuple[str, str]]

    def item(self, number: int) -> str:
        """The item of a round."""
        return self.items[number % len(self.items)]


def subjects(session: Lineage, seed: int) -> Subjects:
    """What this graph can be asked about; the same for the same graph and seed."""
    items = [str(row["id"]) for row in session.graph.stream(_ITEMS)]
    random.Random(seed).shuffle(items)  # noqa: S311 (no secret: an order that can be repeated)
    route, system = (
        str(session.graph.read(_BUSIEST.format(end=end), timeout_s=600.0).rows[0]["id"]) for end in ("route_id", "from_system")
    )
    partners = session.graph.read(_PARTNER, id=system).rows
    edges = [(str(row["a"]), str(row["b"])) for row in session.graph.stream(_EDGES)]
    return Subjects(items, route, system, partners[0]["id"] if partners else None, edges)


def point_questions(session: Lineage, about: Subjects, as_of: datetime) -> dict[str, Way]:
    """Questions whose answer is small, with the bare lookup that they are held against, and lookups as of a time."""
    ways: dict[str, Way] = {
        LOOKUP: lambda n: session.graph.read(_ITEM, id=about.item(n)),
        "trace": lambda n: session.trace(about.item(n)),
        "trace --as-of": lambda n: session.trace(about.item(n), as_of=as_of),
        "last-handoff": lambda n: session.last_handoff(about.item(n)),
        "last-handoff --route, the busiest": lambda _: session.last_handoffs(route=about.route, limit=1),
        "last_handoffs_of_route, the query": lambda _: session.query(
            "last_handoffs_of_route", route=about.route, limit=1, draw=False
        ),
        "impact of the busiest system": lambda _: session.impact(about.system),
    }
    if about.partner:
        ways["last-handoff --partner"] = lambda _: session.last_handoffs(partner=about.partner, limit=1)
        ways["last_handoffs_of_partner, the query"] = lambda _: session.query(
            "last_handoffs_of_partner", partner=about.partner, limit=1, draw=False
        )
    return ways


def sweeps(session: Lineage, as_of: datetime) -> dict[str, Way]:
    """Questions about many items, beside the bare read of the same handoffs."""
    since, before = as_of - DAY, as_of - 2 * DAY
    return {
        BARE: lambda _: session.graph.read(HANDOFFS, timeout_s=600.0, since=since),
        "diagnose --since, one day": lambda _: session.diagnose(since=since, as_of=as_of),
        "late --as-of": lambda _: session.late(as_of=as_of),
        "diagnose --since --open": lambda _: session.diagnose(since=since, as_of=as_of, open_only=True),
        f"{BARE}{TWO}": lambda _: session.graph.read(HANDOFFS, timeout_s=600.0, since=before),
        f"diagnose --since --open{TWO}": lambda _: session.diagnose(since=before, as_of=as_of, open_only=True),
    }


def question_goals(small: Group, large: Group) -> Iterator[Goal]:
    """How often the median of the reference, which was asked in turn with them, answers may take."""
    lookup = small.spreads[LOOKUP].p50
    for name, p50, p99 in (
        ("trace", 1.5, 3),
        ("last-handoff", 1.5, 3),
        ("last_handoffs_of_route, the query", 1.5, None),
        ("last_handoffs_of_partner, the query", 1.5, None),
    ):
        if name not in small.spreads:
            continue  # a route whose system nobody operates
        one = small.spreads[name]
        how = f"p50 {one.p50 * 1000:.2f} ms, p99 {one.p99 * 1000:.2f} ms; a lookup {lookup * 1000:.2f} ms"
        yield Goal(f"{name}, p50 by the lookup's", one.p50 / lookup, p50, "x", False, how)
        if p99:
            yield Goal(f"{name}, p99 by the lookup's p50", one.p99 / lookup, p99, "x", False, how)
    for name, one in large.spreads.items():
        if name.startswith("diagnose"):
            reference = f"{BARE}{TWO}" if name.endswith(TWO) else BARE
            bare = large.spreads[reference].p50
            how = f"{one.p50 * 1000:.0f} ms and {bare * 1000:.0f} ms"
            yield Goal(f"{name}, by: {reference}", one.p50 / bare, 3, "x", False, how)


def in_memory(about: Subjects) -> dict[str, Way]:
    """Impact in process, by the libraries that are installed."""
    made = {name: make(about.edges) for name, make in installed().items()}
    return {f"impact, {name}": lambda _, ask=ask: ask(about.system) for name, ask in made.items()}  # type: ignore[misc]


def in_postgres(connection: Any, about: Subjects) -> dict[str, Way]:
    """The same questions in SQL, as rows."""
    return {
        "lookup, PostgreSQL": lambda n: postgres.ask(connection, postgres.ITEM, about.item(n)),
        "trace, PostgreSQL": lambda n: postgres.ask(connection, postgres.TRACE, about.item(n)),
        "last-handoff, PostgreSQL": lambda n: postgres.ask(connection, postgres.LAST, about.item(n)),
        "last-handoff --route, PostgreSQL": lambda _: postgres.ask(connection, postgres.LAST_OF_ROUTE, about.route),
        "impact, PostgreSQL": lambda _: postgres.ask(connection, postgres.IMPACT, about.system),
    }


def tables(session: Lineage, about: Subjects) -> dict[str, Iterator[tuple[Any, ...]]]:
    """The rows of PostgreSQL's tables, read from the graph."""
    items = session.graph.stream("MATCH (i:Item) RETURN i.id AS id, i.kind AS kind")
    handoffs = session.graph.stream(
        """MATCH (h:Handoff) RETURN h.id AS id, h.item_id AS item, h.route_id AS route, h.from_system AS sender, h.to_system AS receiver,
        h.secured AS secured, toString(localdatetime(h.secured_at)) + 'Z' AS secured_at,
        toString(localdatetime(h.first_at)) + 'Z' AS first_at, h.transport AS transport,
        h.acknowledgement AS acknowledgement, h.processing AS processing, h.attempts AS attempts"""
    )
    return {
        "items": (tuple(row.values()) for row in items),
        "handoffs": (tuple(row.values()) for row in handoffs),
        "feeds": iter(about.edges),
    }
