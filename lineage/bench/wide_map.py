"""Impact and late on the wide map, in a home of its own, beside the same in PostgreSQL with the same columns."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from lineage.bench import postgres
from lineage.bench.goals import Goal
from lineage.bench.offline import build_offline
from lineage.bench.report import Group
from lineage.bench.sampling import Way, sample
from lineage.bench.wide import ROOT, slots_of, write_wide
from lineage.embedded import down
from lineage.errors import RefusedError
from lineage.graph import Row
from lineage.project import read_project
from lineage.session import Lineage, connect_embedded

LOOKUP = "bare lookup"
IMPACT, REACH, DISTANCES, AS_OF = "impact", "impact, the query", "impact, ids and distances", "late --as-of"
CTE, NAMED, LATE = (f"{what}, PostgreSQL" for what in ("impact, ids and distances", "impact, all columns", "late"))
_SYSTEM = "MATCH (s:System {id: 'wide-system-0'}) RETURN s.name AS name"

SCHEMA = """
CREATE TABLE wide_nodes (id text PRIMARY KEY, label text NOT NULL, name text, owner text, partner text);
CREATE TABLE wide_contacts (of text NOT NULL, email text NOT NULL);
CREATE TABLE wide_feeds (upstream text NOT NULL, downstream text NOT NULL);
CREATE TABLE wide_deliveries (route text NOT NULL, receiver text NOT NULL);
CREATE TABLE wide_routes (id text PRIMARY KEY, sender text NOT NULL, receiver text NOT NULL, dataset text, schedule text,
    timezone text, owner text);
CREATE TABLE wide_handoffs (route_id text NOT NULL, secured_at timestamptz NOT NULL, last_at timestamptz NOT NULL);
"""
INDEXES = """
CREATE INDEX ON wide_contacts (of);
CREATE INDEX ON wide_feeds (upstream);
CREATE INDEX ON wide_deliveries (route);
CREATE INDEX ON wide_routes (schedule);
CREATE INDEX ON wide_handoffs (route_id, secured_at);
CREATE INDEX ON wide_handoffs (route_id, last_at);
ANALYZE;
"""
_REACHED = """WITH RECURSIVE reached (id, distance) AS (
    SELECT %s::text, 0
    UNION
    SELECT f.downstream, r.distance + 1 FROM reached r JOIN wide_feeds f ON f.upstream = r.id WHERE r.distance < 30
), near AS (SELECT id, min(distance) AS distance FROM reached GROUP BY id), brought AS (
    SELECT id, distance FROM near
    UNION ALL SELECT d.receiver, n.distance + 1 FROM near n JOIN wide_deliveries d ON d.route = n.id
    UNION ALL SELECT s.partner, n.distance + 2 FROM near n JOIN wide_deliveries d ON d.route = n.id JOIN wide_nodes s ON s.id = d.receiver
), whole AS (SELECT id, min(distance) AS distance FROM brought GROUP BY id)
"""
SQL_IDS = f"{_REACHED} SELECT id, distance FROM whole"  # noqa: S608  (our own text)
SQL_NAMED = f"""{_REACHED} SELECT w.distance, n.label, n.id, n.name, n.owner, n.partner, c.email
    FROM whole w JOIN wide_nodes n ON n.id = w.id LEFT JOIN wide_contacts c ON c.of = coalesce(n.owner, n.partner)
    ORDER BY 1, 2, 3"""  # noqa: S608
SQL_LATE = """WITH late AS (
    SELECT r.*, p.opens, l.secured_at FROM unnest(%s::text[], %s::timestamptz[]) AS p (schedule, opens)
    JOIN wide_routes r ON r.schedule = p.schedule
    LEFT JOIN LATERAL (SELECT h.secured_at FROM wide_handoffs h WHERE h.route_id = r.id AND h.secured_at <= %s
        ORDER BY h.secured_at DESC LIMIT 1) l ON true
    WHERE l.secured_at IS NULL OR l.secured_at < p.opens
) SELECT late.*, s.last_at, o.email, d.email FROM late
    LEFT JOIN LATERAL (SELECT h.last_at FROM wide_handoffs h WHERE h.route_id = late.id AND h.last_at <= %s
        ORDER BY h.last_at DESC LIMIT 1) s ON true
    LEFT JOIN wide_contacts o ON o.of = late.owner
    LEFT JOIN wide_nodes n ON n.id = late.sender LEFT JOIN wide_contacts d ON d.of = n.owner
    ORDER BY late.opens, late.id"""

_TABLES = {
    "wide_nodes": """MATCH (n:Dataset|Route|System|Partner)
        RETURN n.id AS id, labels(n)[0] AS label, coalesce(n.name, n.id) AS name,
        COLLECT { MATCH (n)<-[:OWNS]-(t) RETURN t.id }[0] AS owner,
        coalesce(COLLECT { MATCH (n)<-[:OPERATES]-(p) RETURN p.id }[0], CASE WHEN n:Partner THEN n.id END) AS partner""",
    "wide_contacts": "MATCH (n)-[:HAS_CONTACT]->(c) RETURN n.id AS id, c.email AS email",
    "wide_feeds": """MATCH (a)-[r:FEEDS|SENDS|OPERATES]->(b) WHERE coalesce(r.kind, '') <> 'follows'
        RETURN DISTINCT a.id AS a, b.id AS b""",
    "wide_deliveries": "MATCH (r:Route)-[:DELIVERS_TO]->(s) RETURN r.id AS route, s.id AS receiver",
    "wide_routes": """MATCH (r:Route) RETURN r.id AS id, r.`from` AS sender, r.to AS receiver, r.dataset AS dataset,
        r.schedule AS schedule, r.timezone AS timezone, r.owner AS owner""",
    "wide_handoffs": """MATCH (h:Handoff) WHERE h.secured RETURN h.route_id AS route,
        toString(localdatetime(h.secured_at)) + 'Z' AS at, toString(localdatetime(h.last_at)) + 'Z' AS last""",
}


@dataclass(frozen=True)
class Wide:
    """How wide a map is, and with how many days of deliveries; ``offline``: built offline instead of loaded."""

    routes: int
    days: int
    offline: bool


def wide_map(
    folder: Path, wide: Wide, as_of: datetime, rounds: int, connection: Any | None, say: Callable[[str], None]
) -> tuple[Group, tuple[Goal, ...]]:
    """Sample the questions on such a map below ``folder``, made once. ``connection``: to PostgreSQL, if it is there."""
    with ExitStack() as stack:
        stack.callback(down, folder / "home")
        _make(folder, wide, as_of, say)
        session = stack.enter_context(connect_embedded(folder / "home"))
        ways: dict[str, Way] = _ours(session, as_of)
        if connection is not None:
            connection.execute(SCHEMA)
            postgres.copied(connection, {name: map(_tuple, session.graph.stream(query)) for name, query in _TABLES.items()})
            connection.execute(INDEXES)
            ways |= _theirs(connection, as_of)
        say(f"Asking {len(ways)} questions about it {rounds} times")
        group = Group(f"A map of {wide.routes:,} routes", LOOKUP, sample(ways, rounds, min(rounds, 10)))
        affected, late = len(session.impact(ROOT).affected), len(session.late(as_of=as_of).rows)
        told = f"{late:,} late of {wide.routes:,} routes with {_secured(session):,} deliveries"
        return group, tuple(_goals(group, f"{affected:,} affected", told))


def _make(folder: Path, wide: Wide, as_of: datetime, say: Callable[[str], None]) -> None:
    """Make the home, unless it was made before. Raises RefusedError where it holds another map, or half of one."""
    made = folder / "made.json"
    if made.exists():
        if (was := Wide(**json.loads(made.read_text("utf-8")))) != wide:
            raise RefusedError(f"{folder} holds another map ({was}).", hint="Remove it, or ask for that one.")
        return
    if folder.exists():
        raise RefusedError(f"{folder} holds no finished map.", hint="Remove it.")
    say(f"Loading a map of {wide.routes:,} routes")
    project = write_wide(folder, wide.routes, as_of, wide.days)
    if wide.offline:
        build_offline(project, folder / "home", None, say)
    else:
        with connect_embedded(folder / "home") as session:
            for one in read_project(project):
                session.load(one.feed, one.source)
    made.write_text(json.dumps(asdict(wide)), "utf-8")


def _secured(session: Lineage) -> int:
    return int(session.graph.read("MATCH (h:Secured) RETURN count(h) AS n").rows[0]["n"])


def _tuple(row: Row) -> tuple[Any, ...]:
    return tuple(row.values())


def _ours(session: Lineage, as_of: datetime) -> dict[str, Way]:
    return {
        LOOKUP: lambda _: session.graph.read(_SYSTEM),
        IMPACT: lambda _: session.impact(ROOT),
        REACH: lambda _: session.ask.raw("impact_reach", id=ROOT, label="Dataset"),
        DISTANCES: lambda _: session.reached(ROOT),
        AS_OF: lambda _: session.late(as_of=as_of),
    }


def _theirs(connection: Any, as_of: datetime) -> dict[str, Way]:
    schedules, opens = zip(*slots_of(as_of), strict=True)
    slots = list(schedules), [one - timedelta(minutes=1) for one in opens], as_of, as_of
    return {
        CTE: lambda _: connection.execute(SQL_IDS, (ROOT,)).fetchall(),
        NAMED: lambda _: connection.execute(SQL_NAMED, (ROOT,)).fetchall(),
        LATE: lambda _: connection.execute(SQL_LATE, slots).fetchall(),
    }


def _goals(group: Group, affected: str, late: str) -> list[Goal]:
    """What is held against PostgreSQL, and the typed answer against its query."""
    bounds = [(IMPACT, REACH, 3.0, affected)]
    if CTE in group.spreads:
        bounds += [
            (DISTANCES, CTE, 1.0, affected),
            (IMPACT, NAMED, 1.2, affected),
            (AS_OF, LATE, 1.3, late),
        ]
    found = []
    for what, beside, bound, how in bounds:
        ours, other = group.spreads[what].p50, group.spreads[beside].p50
        words = f"{how}; {ours * 1000:.1f} ms and {other * 1000:.1f} ms"
        found.append(Goal(f"{what}, by: {beside}", ours / other, bound, "x", False, words))
    return found
