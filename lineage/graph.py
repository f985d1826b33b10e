"""The one door to Neo4j. Nothing else imports the driver.

The driver retries what can be retried, in managed transactions, and no loop of ours stands around it. A read is first asked in a
transaction of its own, in one round trip.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Self, TypeVar, cast

import neo4j
from neo4j import graph as drawn
from neo4j.exceptions import (
    AuthError,
    ClientError,
    ConfigurationError,
    DriverError,
    Neo4jError,
    ServiceUnavailable,
)

from lineage.errors import LineageError, RefusedError, ServerError, UsageError
from lineage.model import MODEL_VERSION, constraint_statements, index_statements, vocabulary
from lineage.sending import sendable

T = TypeVar("T")
Row = dict[str, Any]
_MEMORY = ("MemoryPoolOutOfMemory", "TransactionOutOfMemory", "StackOverFlow", "OutOfMemory")
_SCHEMES = ("bolt", "bolt+s", "bolt+ssc", "neo4j", "neo4j+s", "neo4j+ssc")
_MADE = ("EquivalentSchemaRuleAlreadyExists", "ConstraintAlreadyExists")
_TIMEOUT = ("TransactionTimedOut", "LockClientStopped")
DEFAULT_TIMEOUT_S = 60.0
_INDEXES_WITHIN_S = 3600  # tens of millions of nodes, after an offline build


class OutOfTime(LineageError):
    """The server ended a query at its time limit; what was read so far must not pass for the whole answer."""


class BatchTooLarge(Exception):
    """The server had no memory for one transaction; the caller halves its batch. Not retriable by the driver."""


class _AlreadyMadeError(ServerError):
    """The schema has that already."""


@dataclass(frozen=True)
class Result:
    """Rows of a query and its column names."""

    columns: tuple[str, ...]
    rows: list[Row]


class Transaction:
    """A running transaction: ``run`` gives rows as dicts."""

    def __init__(self, tx: neo4j.ManagedTransaction) -> None:
        self._tx = tx

    def run(self, cypher: str, **parameters: Any) -> list[Row]:
        """Run one statement and fetch all its rows. Raises BatchTooLarge on a memory limit of the server."""
        try:
            return [dict(record) for record in self._tx.run(cypher, sendable(parameters))]
        except Neo4jError as error:
            if any(word in (error.code or "") for word in _MEMORY):
                raise BatchTooLarge(str(error.message)) from error
            raise


class Graph:
    """A connection to one database.

    ``uri``: neo4j://, neo4j+s://, bolt://...; ``database``: None means the server's default. Use as a context manager, or
    call ``close``. Raises ServerError where nothing answers or the credentials are refused.
    """

    def __init__(self, uri: str, user: str, password: str, database: str | None = None) -> None:
        # The driver logs every notification of the server; the library's tests read them, users need not.
        logging.getLogger("neo4j.notifications").setLevel(logging.ERROR)
        self.uri, self.database = uri, database
        # The driver knows http too, as a preview that needs packages of its own.
        if uri.partition("://")[0] not in _SCHEMES:
            raise UsageError(f"{uri} is not an address of Neo4j.", hint="Use bolt://, neo4j:// or neo4j+s://.")
        try:
            self.driver = neo4j.GraphDatabase.driver(uri, auth=(user, password))
        except (ConfigurationError, ValueError) as error:
            raise UsageError(
                f"{uri} is not an address of Neo4j: {error}.", hint="Use bolt://, neo4j:// or neo4j+s://."
            ) from error
        try:
            self.driver.verify_connectivity()
        except AuthError as error:
            self.driver.close()
            raise ServerError(f"{uri} refuses the user {user}.", hint="Check NEO4J_USERNAME and NEO4J_PASSWORD.") from error
        except (ServiceUnavailable, DriverError, Neo4jError, OSError) as error:
            self.driver.close()
            raise ServerError(
                f"No Neo4j answers at {uri}: {error}.", hint="Start it with `lineage up`, or check --uri."
            ) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close all connections."""
        self.driver.close()

    def read(self, cypher: str, timeout_s: float = DEFAULT_TIMEOUT_S, **parameters: Any) -> Result:
        """Run a read-only query in READ access mode. Raises OutOfTime at the limit (seconds), UsageError on bad Cypher."""
        values = sendable(parameters)

        def answer(runner: neo4j.Session | neo4j.ManagedTransaction, query: Any) -> Result:
            said = runner.run(query, values)
            return Result(tuple(said.keys()), [dict(record) for record in said])

        @neo4j.unit_of_work(timeout=timeout_s)
        def work(tx: neo4j.ManagedTransaction) -> Result:
            return answer(tx, cypher)

        with self._session(neo4j.READ_ACCESS) as session:

            def ask() -> Result:
                # A managed transaction takes three round trips: only for what is worth trying again.
                try:
                    return answer(session, neo4j.Query(cypher, timeout=timeout_s))
                except (Neo4jError, DriverError) as error:
                    if not error.is_retryable():
                        raise
                    return session.execute_read(work)

            return self._guarded(ask)

    def stream(self, cypher: str, **parameters: Any) -> Iterator[Row]:
        """Rows one by one, for answers larger than memory."""
        with self._session(neo4j.READ_ACCESS, fetch_size=5000) as session, session.begin_transaction() as tx:
            for record in tx.run(cypher, sendable(parameters)):
                yield dict(record)

    def write(self, work: Callable[[Transaction], T]) -> T:
        """Run ``work`` in one managed write transaction and return what it returns."""
        with self._session(neo4j.WRITE_ACCESS) as session:
            return self._guarded(lambda: session.execute_write(lambda tx: work(Transaction(tx))))

    def explain(self, cypher: str, **parameters: Any) -> tuple[tuple[str, ...], list[str], dict[str, Any]]:
        """(columns, notification titles, plan) of a query without running it."""
        with self._session(neo4j.READ_ACCESS) as session:
            answer = session.run(with_mode(cypher, "EXPLAIN"), parameters)
            columns = tuple(answer.keys())
            summary = answer.consume()
            titles = [status.status_description for status in summary.gql_status_objects if status.is_notification]
            return columns, titles, cast(dict[str, Any], summary.plan or {})

    def version(self) -> str:
        """Neo4j's version, such as ``2026.09.0``."""
        rows = self.read("CALL dbms.components() YIELD versions RETURN versions[0] AS version").rows
        return str(rows[0]["version"])

    def prepare(self) -> None:
        """Make the database ours: constraints, indexes, the marker. Raises RefusedError if somebody else's data is in it."""
        if self._model() == MODEL_VERSION:
            return
        foreign = self.read("OPTIONAL MATCH (n) WHERE NOT n:Lineage RETURN n IS NOT NULL AS there LIMIT 1").rows[0]["there"]
        # Asked again: another loader may have prepared the database, and loaded, between the two questions.
        if foreign and self._model() is None:
            raise RefusedError(
                f"The database at {self.uri} holds data that this product did not write.",
                hint="Name an empty one with --database or --uri, or use the embedded server (`lineage up`).",
            )
        # Indexes made in one transaction are filled in one pass over what is there; constraints fill their own, one by one.
        self._make(index_statements())
        for statement in constraint_statements():
            self._make([statement])
        with self._session(neo4j.WRITE_ACCESS) as session:
            self._guarded(lambda: session.run("CALL db.awaitIndexes($seconds)", seconds=_INDEXES_WITHIN_S).consume())
        # Names that no data uses yet make Neo4j warn about every query that mentions them, so they are made known first.
        for procedure, names in vocabulary().items():
            self.write(
                lambda tx, p=procedure, n=names: tx.run(  # type: ignore[misc]
                    f"UNWIND $names AS name CALL {p}(name) RETURN count(*) AS made", names=sorted(n)
                )
            )
        self.write(lambda tx: tx.run("MERGE (l:Lineage {id: 'graph'}) SET l.model = $model", model=MODEL_VERSION))

    def _make(self, statements: Sequence[str]) -> None:
        """Make parts of the schema in one transaction. What another loader made meanwhile is there, whatever IF NOT EXISTS saw."""
        try:
            self.write(lambda tx: [tx.run(statement) for statement in statements])
        except _AlreadyMadeError:
            if len(statements) > 1:
                for statement in statements:
                    self._make([statement])

    def _model(self) -> int | None:
        model: int | None = self.read("OPTIONAL MATCH (l:Lineage {id: 'graph'}) RETURN l.model AS model").rows[0]["model"]
        return model

    def _session(self, mode: str, fetch_size: int = -1) -> neo4j.Session:
        return self.driver.session(database=self.database, default_access_mode=mode, fetch_size=fetch_size)

    def _guarded(self, call: Callable[[], T]) -> T:
        try:
            return call()
        except ClientError as error:
            if any(word in (error.code or "") for word in _TIMEOUT):
                raise OutOfTime("The query reached its time limit.", hint="Narrow the question, or raise --timeout.") from error
            if "AccessMode" in (error.code or "") or "Statement" in (error.code or ""):
                raise UsageError(f"Neo4j refuses the query: {error.message}") from error
            kind = _AlreadyMadeError if any(word in (error.code or "") for word in _MADE) else ServerError
            raise kind(f"Neo4j at {self.uri} refuses: {error.message}") from error
        except (ServiceUnavailable, DriverError) as error:
            raise ServerError(f"Neo4j at {self.uri} stopped answering: {error}.", hint="See `lineage status`.") from error
        except Neo4jError as error:
            if any(word in (error.code or "") for word in _TIMEOUT):
                raise OutOfTime("The query reached its time limit.", hint="Narrow the question, or raise --timeout.") from error
            raise ServerError(
                f"Neo4j at {self.uri} fails: {error.message} ({error.code}).", hint="Try again; see its log."
            ) from error


_OPTIONS = re.compile(r"CYPHER 25([ \t]+\w+=\w+)*", re.IGNORECASE)


def with_mode(cypher: str, mode: str) -> str:
    """A query with ``EXPLAIN`` or ``PROFILE`` behind a leading ``CYPHER 25`` with its options; comments may stand in front of either."""
    lines = cypher.splitlines()
    first = next(index for index, line in enumerate(lines) if line.strip() and not line.lstrip().startswith("//"))
    options = found.group() if (found := _OPTIONS.match(lines[first].lstrip())) else ""
    rest = lines[first].lstrip()[len(options) :]
    return "\n".join([*lines[:first], f"{options} {mode} {rest}", *lines[first + 1 :]])


_AS_THEY_ARE = frozenset({str, int, float, bool, bytes, type(None)})


def plain(value: Any) -> Any:
    """A value of the driver as plain Python: nodes and relationships become dicts, its own times become datetimes.

    Nodes: {"labels", "properties"}; relationships: {"type", "properties"}; paths: a list of both in turn.
    """
    kind = type(value)
    # What there is most of comes first: an answer has tens of values for each time, and tens of times for each node.
    if kind in _AS_THEY_ARE:
        return value
    if kind is dict:
        return {key: plain(inner) for key, inner in value.items()}
    if kind is list:
        return [plain(inner) for inner in value]
    if kind is neo4j.time.DateTime:
        return value.to_native()
    if isinstance(value, drawn.Node):
        return {"labels": sorted(value.labels), "properties": plain(dict(value))}
    if isinstance(value, drawn.Relationship):
        return {"type": value.type, "properties": plain(dict(value))}
    if isinstance(value, drawn.Path):
        parts: list[Any] = [plain(value.nodes[0])]
        for relationship, node in zip(value.relationships, value.nodes[1:], strict=True):
            parts += [plain(relationship), plain(node)]
        return parts
    if isinstance(value, neo4j.time.Duration):
        return value.iso_format()
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [plain(inner) for inner in value]
    return value
