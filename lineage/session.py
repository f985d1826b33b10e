"""The Python face: ``lineage.connect()`` gives an object that asks and loads, the same as the command line does.

Each question is imported when it is asked, so that a command waits for its own only.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from lineage.answers.asking import Asker
from lineage.answers.results import Table
from lineage.errors import UsageError
from lineage.graph import DEFAULT_TIMEOUT_S, Graph, plain
from lineage.library import Library, Query, shipped
from lineage.times import parse_time

if TYPE_CHECKING:
    import neo4j

    from lineage.answers.check_results import Check
    from lineage.answers.compliance_results import Compliance
    from lineage.answers.drift_results import Drift
    from lineage.answers.impact import Reached
    from lineage.answers.incidents import Diagnosis
    from lineage.answers.late_results import Late
    from lineage.answers.notices import Notice
    from lineage.answers.partner_results import PartnerReference
    from lineage.answers.results import Hit, Impact, LastHandoff, Trace
    from lineage.ingest import Report

Time = datetime | str | None


def connect(
    uri: str | None = None,
    user: str | None = None,
    password: str | None = None,
    database: str | None = None,
    *,
    home: Path | str | None = None,
    timeout_s: float = DEFAULT_TIMEOUT_S,
    progress: bool = False,
) -> Lineage:
    """Connect to a graph.

    What is not given comes from NEO4J_URI, NEO4J_USERNAME, NEO4J_PASSWORD and NEO4J_DATABASE; with no URI at all, from the
    embedded server of ``home``, which is started when needed and left running. ``timeout_s``: limit of one query, seconds.
    Raises ServerError, UsageError.
    """
    uri = uri or os.environ.get("NEO4J_URI")
    if uri:
        user = user or os.environ.get("NEO4J_USERNAME", "neo4j")
        password = password if password is not None else os.environ.get("NEO4J_PASSWORD", "")
        database = database or os.environ.get("NEO4J_DATABASE") or None
        return Lineage(Graph(uri, user, password, database), user=user, home=home, timeout_s=timeout_s)
    return connect_embedded(home, database=database, timeout_s=timeout_s, progress=progress)


def connect_embedded(
    home: Path | str | None = None,
    *,
    database: str | None = None,
    timeout_s: float = DEFAULT_TIMEOUT_S,
    progress: bool = False,
) -> Lineage:
    """Connect to the embedded server of ``home``, whatever NEO4J_URI says; started when needed. Raises ServerError."""
    from lineage.embedded import up
    from lineage.embedded.home import resolve

    running = up(home, progress=progress)
    return Lineage(
        Graph(running.uri, running.user, running.password, database),
        user=running.user,
        home=running.home,
        timeout_s=timeout_s,
        browser_url=running.browser_url,
        password_file=resolve(running.home).password_file,
    )


class Lineage:
    """A connected graph with its library. Use as a context manager, or call ``close``."""

    def __init__(
        self,
        graph: Graph,
        *,
        user: str = "neo4j",
        library: Library | None = None,
        home: Path | str | None = None,
        timeout_s: float = DEFAULT_TIMEOUT_S,
        browser_url: str | None = None,
        password_file: Path | None = None,
    ) -> None:
        self.graph, self.user, self.home = graph, user, home
        self.browser_url, self.password_file = browser_url, password_file
        self.ask = Asker(graph, library or shipped(), timeout_s)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection. An embedded server keeps running."""
        self.graph.close()

    @property
    def driver(self) -> neo4j.Driver:
        """The Neo4j driver underneath."""
        return self.graph.driver

    @property
    def library(self) -> Library:
        """The Cypher library."""
        return self.ask.library

    def trace(self, item: str, *, as_of: Time = None, depth: int = 20) -> Trace:
        """The whole way an item took and should have taken. Raises NotFoundError, ServerError, OutOfTime."""
        from lineage.answers.trace import trace

        return trace(self.ask, item, as_of=_time(as_of), depth=depth)

    def last_handoff(self, item: str, *, as_of: Time = None) -> LastHandoff:
        """Where an item was last safe, who has it now, and whose fault is likely. Errors as for ``trace``."""
        from lineage.answers.last_handoff import last_handoff

        return last_handoff(self.ask, item, as_of=_time(as_of))

    def last_handoffs(
        self,
        *,
        route: str | None = None,
        partner: str | None = None,
        system: str | None = None,
        limit: int = 20,
        as_of: Time = None,
    ) -> list[LastHandoff]:
        """The newest secured handoffs of a route, partner or system. Errors as for ``trace``."""
        from lineage.answers.last_handoff import last_handoffs

        return last_handoffs(self.ask, route=route, partner=partner, system=system, limit=limit, as_of=_time(as_of))

    def impact(
        self,
        node: str | None = None,
        *,
        field: str | None = None,
        depth: int = 30,
        as_of: Time = None,
        change: tuple[str | Path, str | Path] | None = None,
        feed: str | None = None,
        settings: Mapping[str, Any] | None = None,
    ) -> Impact:
        """What a change or outage of a node reaches; with ``change``, what a new version of a contract reaches.

        ``change``: the old and the new version, files or URLs; ``feed`` reads them (told by their content if None), with these
        ``settings``. ``node`` may then be left out where the map holds what the contract describes. Errors as for ``trace``,
        and SourceError.
        """
        if change is None:
            if node is None:
                raise UsageError("Name a NODE.", hint="Or two versions of a contract: --change OLD NEW.")
            from lineage.answers.impact import impact

            return impact(self.ask, node, field=field, depth=depth, as_of=_time(as_of))
        from lineage.answers.change import change_impact
        from lineage.loading import read_versions

        old, new, not_read = read_versions(str(change[0]), str(change[1]), feed=feed, settings=settings)
        return change_impact(self.ask, old, new, node=node, field=field, depth=depth, as_of=_time(as_of), not_read=not_read)

    def reached(self, node: str, *, field: str | None = None, depth: int = 30, as_of: Time = None) -> tuple[Reached, ...]:
        """Only how far what ``impact`` finds is away: nearest first, each field by itself. Errors as for ``trace``, and OutOfTime."""
        from lineage.answers.impact import reached

        return reached(self.ask, node, field=field, depth=depth, as_of=_time(as_of))

    def notices(self, change: Impact, *, effective: Time = None, as_of: Time = None) -> list[Notice]:
        """For each partner and team that a change reaches, what it has to know; ``effective``: when it comes. Raises ServerError."""
        from lineage.answers.notices import notices

        return notices(self.ask, change, effective=_time(effective), as_of=_time(as_of))

    def diagnose(self, *, open_only: bool = False, since: Time = None, as_of: Time = None) -> Diagnosis:
        """A verdict on every item on its way, and the incidents behind what has not arrived. Raises ServerError, OutOfTime."""
        from lineage.answers.diagnose import diagnose

        return diagnose(self.ask, open_only=open_only, since=_time(since), as_of=_time(as_of))

    def late(self, *, as_of: Time = None, soon: timedelta | str = "PT1H") -> Late:
        """What is late, due within ``soon`` (ISO 8601 if text), arrived late or went silent. Raises ServerError, OutOfTime."""
        from lineage.answers.late import late, parse_soon

        return late(self.ask, as_of=_time(as_of), soon=parse_soon(soon) if isinstance(soon, str) else soon)

    def compliance(
        self, *, as_of: Time = None, store: str | None = None, every: bool = False, heard_within: timedelta | str = "P1D"
    ) -> Compliance:
        """Stores that are not as licence, subscription and activation say; with ``every`` the others, too.

        ``store``: only this one and its parts; ``heard_within``: how long after it was heard a player counts as playing (ISO 8601
        if text). Raises NotFoundError, UsageError, ServerError, OutOfTime.
        """
        from lineage.answers.compliance import compliance
        from lineage.answers.late import parse_soon

        within = parse_soon(heard_within) if isinstance(heard_within, str) else heard_within
        return compliance(self.ask, as_of=_time(as_of), store=store, every=every, heard_within=within)

    def drift(self, *, as_of: Time = None) -> Drift:
        """Where what is observed differs from what is declared, as a work list. Raises ServerError, OutOfTime."""
        from lineage.answers.drift import drift

        return drift(self.ask, as_of=_time(as_of))

    def partner(self, id: str, *, since: Time = None, as_of: Time = None) -> PartnerReference:
        """The reference of a partner; ``since``: incidents of items seen since then only. Raises NotFoundError, ServerError, OutOfTime."""
        from lineage.answers.partner import partner

        return partner(self.ask, id, since=_time(since), as_of=_time(as_of))

    def check(self, *, partner: str | None = None, as_of: Time = None) -> Check:
        """What is missing or contradictory in the declared map. Raises NotFoundError, ServerError, OutOfTime."""
        from lineage.answers.check import check

        return check(self.ask, partner=partner, as_of=_time(as_of))

    def export(self, *, items: bool = False) -> str:
        """The declared map as a registry (YAML), with ``items`` the items too. Raises ServerError, OutOfTime."""
        from lineage.answers.export import export

        return "".join(export(self.ask, items=items))

    def search(self, text: str, limit: int = 50) -> list[Hit]:
        """Nodes by any part of their id, name or identifiers."""
        from lineage.answers.search import search

        return search(self.ask, text, limit)

    def query(self, name: str, /, **values: Any) -> Table:
        """A query of the library, read only. Raises NotFoundError, UsageError, ServerError, OutOfTime."""
        return run_query(self.graph, self.library[name], values, self.ask.timeout_s)

    def load(
        self, feed: str, source: str | Path, *, settings: Mapping[str, Any] | None = None, name: str | None = None
    ) -> Report:
        """Load a source; see ``lineage.loading.load`` for arguments and errors."""
        from lineage.loading import load

        return load(self.graph, feed, str(source), rejects=lambda: rejects_path(self.home), settings=settings, name=name)

    def digest(self) -> str:
        """SHA-256 of the graph's content, independent of the order of loading."""
        from lineage.digest import digest

        return digest(self.graph)


def run_query(graph: Graph, query: Query, values: Mapping[str, Any], timeout_s: float) -> Table:
    """Run a library query read-only. Raises UsageError if it is one that writes."""
    if query.writes:
        raise UsageError(
            f"{query.name} writes, and queries are only read here.", hint="Run it with cypher-shell or in Browser."
        )
    result = graph.read(query.cypher, timeout_s=timeout_s, **query.bind(values))
    rows = tuple({key: plain(value) for key, value in row.items()} for row in result.rows)
    return Table(columns=result.columns, rows=rows)


def rejects_path(home: Path | str | None) -> Path:
    """A fresh path for a rejects file in the home directory."""
    from lineage.embedded.home import resolve

    return resolve(home).root / "rejects" / f"{datetime.now():%Y%m%d-%H%M%S}-{uuid.uuid4().hex[:6]}.jsonl"


def _time(time: Time) -> datetime | None:
    return parse_time(time) if isinstance(time, str) else time
