"""The same graph in PostgreSQL: what a user would pick instead. A private server in a folder, gone when it is left.

Tables with the indexes that the questions need. PostgreSQL does not run as root, so a superuser's benchmark starts it as ``nobody``.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from psycopg import Connection

BINARIES = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
"""Where Debian and Ubuntu put them; elsewhere they are on the PATH."""

SCHEMA = """
CREATE TABLE items (id text PRIMARY KEY, kind text NOT NULL);
CREATE TABLE handoffs (id text PRIMARY KEY, item_id text NOT NULL, route_id text NOT NULL, sender text, receiver text,
    secured boolean NOT NULL, secured_at timestamptz, first_at timestamptz,
    transport text, acknowledgement text, processing text, attempts integer);
CREATE TABLE feeds (upstream text NOT NULL, downstream text NOT NULL);
"""
INDEXES = """
CREATE INDEX ON handoffs (item_id);
CREATE INDEX ON handoffs (route_id, secured, secured_at);
CREATE INDEX ON feeds (upstream);
ANALYZE;
"""
ITEM = "SELECT kind FROM items WHERE id = %s"
TRACE = "SELECT i.kind, h.* FROM items i LEFT JOIN handoffs h ON h.item_id = i.id WHERE i.id = %s ORDER BY h.first_at"
LAST = "SELECT * FROM handoffs WHERE item_id = %s AND secured ORDER BY secured_at DESC LIMIT 1"
LAST_OF_ROUTE = (
    "SELECT * FROM handoffs WHERE route_id = %s AND secured AND secured_at <= now() ORDER BY secured_at DESC LIMIT 1"
)
IMPACT = """WITH RECURSIVE reached (id, distance) AS (
    SELECT %s::text, 0
    UNION
    SELECT f.downstream, r.distance + 1 FROM reached r JOIN feeds f ON f.upstream = r.id WHERE r.distance < 30
) SELECT id, min(distance) FROM reached GROUP BY id"""


def why_not() -> str | None:
    """Why PostgreSQL cannot be measured here, or None."""
    try:
        import psycopg  # noqa: F401
    except ImportError:
        return "psycopg is not installed (pip install 'lineage-platform[bench]')"
    return None if _binary("initdb") else "PostgreSQL is not installed (Debian: apt-get install postgresql)"


def _binary(name: str) -> str | None:
    return next((str(folder / name) for folder in reversed(BINARIES) if (folder / name).exists()), shutil.which(name))


@contextmanager
def serving() -> Iterator[Connection[Any]]:
    """A connection to a fresh server on a socket in a folder of its own; both are gone afterwards."""
    import psycopg

    initdb, server = _binary("initdb"), _binary("pg_ctl")
    assert initdb and server
    owner = "nobody" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
    as_owner: dict[str, Any] = {"user": owner} if os.geteuid() == 0 else {}
    with tempfile.TemporaryDirectory(prefix="lineage-bench-") as folder:
        if as_owner:
            shutil.chown(folder, owner)
        data = f"{folder}/data"

        def run(*command: str) -> None:
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=folder, **as_owner)

        run(initdb, "--pgdata", data, "--username", "lineage", "--auth", "trust", "--encoding", "UTF8", "--locale", "C")
        settings = f"-c listen_addresses='' -c unix_socket_directories={folder} -c shared_buffers=512MB -c fsync=off"
        run(server, "--pgdata", data, "--wait", "--log", f"{folder}/log", "--options", settings, "start")
        try:
            with psycopg.connect(f"host={folder} user=lineage dbname=postgres", autocommit=True) as connection:
                yield connection
        finally:
            run(server, "--pgdata", data, "--wait", "--mode", "fast", "stop")


def fill(connection: Connection[Any], tables: dict[str, Iterable[tuple[Any, ...]]]) -> None:
    """Make the tables and copy rows into them, by table, in the order of the columns; then index."""
    connection.execute(SCHEMA)
    copied(connection, tables)
    connection.execute(INDEXES)


def copied(connection: Connection[Any], tables: Mapping[str, Iterable[tuple[Any, ...]]]) -> None:
    """Copy rows into tables that are there, in the order of their columns."""
    for table, rows in tables.items():
        with connection.cursor().copy(f"COPY {table} FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)


def ask(connection: Connection[Any], query: str, value: str) -> list[tuple[Any, ...]]:
    """All rows of one of the queries above."""
    return connection.execute(query, (value,)).fetchall()
