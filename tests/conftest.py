"""One Neo4j for a whole run (or each of its workers), a fresh state for each test that asks for one, and the command line in this process.

``--neo4j=embedded`` (default) starts our own server in a temporary home; ``container`` runs the same version by
testcontainers; anything else is the URI of a server, with NEO4J_USERNAME and NEO4J_PASSWORD. Tests wipe what they loaded, so
a database that holds anything is refused unless an earlier run of these tests marked it.
"""

from __future__ import annotations

import contextlib
import functools
import gc
import io
import os
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import hypothesis
import java_cache
import pytest
from harness import Database, Ran, Run, Say, load_scenario, write

from lineage import embedded
from lineage.embedded.lock import locked, neo4j_version
from lineage.graph import Graph
from lineage.session import Lineage

# The label is the product's own, so that it does not take the database for somebody else's.
MARK = "MERGE (:Lineage {id: 'tests'})"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--neo4j", default="embedded", metavar="embedded|container|URI", help="the Neo4j that tests of the graph run against"
    )


def pytest_configure(config: pytest.Config) -> None:
    hypothesis.settings.register_profile("untimed", deadline=None)  # how long an example takes is the machine's affair
    hypothesis.settings.load_profile("untimed")
    if config.getoption("--neo4j") == "embedded" and config.cache is not None:
        whole_run = bool(config.getoption("numprocesses", None)) and not hasattr(config, "workerinput")
        java_cache.hand_out(config.cache.mkdir("java"), make=whole_run)
    config.addinivalue_line("markers", "fresh_server: runs before what might leave names behind that a new server lacks")


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """``-n auto``: two workers, each with its own server; on a server that was given, all tests take turns."""
    return min(2, os.cpu_count() or 1) if config.getoption("--neo4j") == "embedded" else 0


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    # Neo4j never forgets a label or property key, wiped or not, and warns of those that it does not know: such tests come first.
    items.sort(key=lambda item: item.get_closest_marker("fresh_server") is None)


@pytest.fixture(scope="session")
def database(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """The server of the run, verified to hold nobody's data."""
    wanted = str(request.config.getoption("--neo4j"))
    home = tmp_path_factory.mktemp("neo4j") / "home"
    with contextlib.ExitStack() as stack:
        if wanted == "embedded":
            stack.callback(embedded.down, home)  # before the start: a start that fails half-way is stopped too
            running = embedded.up(home, progress=False)
            uri, user, password = running.uri, running.user, running.password
        elif wanted == "container":
            uri, user, password = stack.enter_context(_container())
        else:
            uri = wanted
            user, password = os.environ.get("NEO4J_USERNAME", "neo4j"), os.environ.get("NEO4J_PASSWORD", "")
        graph = stack.enter_context(Graph(uri, user, password))
        _claim(graph)
        found = Database(uri, user, password, home, graph, wanted == "embedded")
        found.wipe()
        graph.prepare()
        yield found
        if not found.embedded:
            # Unmarked, so that what somebody loads here later is theirs again. Our own goes with its home.
            found.wipe()
            graph.write(lambda tx: tx.run("MATCH (l:Lineage) DELETE l"))


@contextlib.contextmanager
def _container() -> Iterator[tuple[str, str, str]]:
    docker = pytest.importorskip("docker", reason="--neo4j=container needs the package docker (testcontainers brings it)")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # a client that finds no engine leaves its socket to the collector
        try:
            with contextlib.closing(docker.from_env()) as client:
                client.ping()
            reason = ""
        except Exception as error:
            reason = f"--neo4j=container: no Docker engine answers ({error})"
        gc.collect()
    if reason:
        pytest.skip(reason)
    from testcontainers.community.neo4j import Neo4jContainer

    with Neo4jContainer(f"neo4j:{neo4j_version(locked())}-community") as container:
        yield container.get_connection_url(), container.username, container.password


def _claim(graph: Graph) -> None:
    """Mark an empty database as the tests'; end the run rather than wipe what others wrote."""
    marked = graph.read("MATCH (l:Lineage {id: 'tests'}) RETURN l LIMIT 1").rows
    if not marked and graph.read("MATCH (n) RETURN 1 AS one LIMIT 1").rows:
        pytest.exit(
            f"The database at {graph.uri} is not empty and no earlier run of these tests marked it; the tests would wipe it. "
            "Give --neo4j the URI of an empty one.",
            returncode=pytest.ExitCode.USAGE_ERROR,
        )
    graph.write(lambda tx: tx.run(MARK))


@pytest.fixture
def graph(database: Database) -> Graph:
    """An empty graph with the product's schema."""
    database.wipe()
    return database.graph


@pytest.fixture
def session(graph: Graph, tmp_path: Path) -> Lineage:
    """The Python face on an empty graph."""
    return Lineage(graph, home=tmp_path)


@pytest.fixture
def scenario(database: Database) -> Lineage:
    """tests/fixtures/scenario, loaded; to be looked at only."""
    return database.hold("scenario", load_scenario)


@pytest.fixture
def demo(database: Database) -> Lineage:
    """The graph of ``lineage demo``; to be looked at only."""
    from lineage.demo import load_demo

    return database.hold("demo", load_demo)


@pytest.fixture
def say(database: Database, tmp_path: Path) -> Say:
    """Load facts as a feed would say them, without a file."""
    return lambda *facts, **about: write(database.graph, facts, tmp_path, **about)


@pytest.fixture
def run_cli(database: Database, monkeypatch: pytest.MonkeyPatch) -> Run:
    """The command line in this process, with pipes for standard streams. Half a second faster a call than a process."""
    from lineage.cli import main

    for name, value in database.environment.items():
        monkeypatch.setenv(name, value)
    for name in ("NEO4J_DATABASE", "NO_COLOR", "FORCE_COLOR", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)

    def run(*arguments: str | Path, stdin: bytes = b"") -> Ran:
        out, err = io.StringIO(), io.StringIO()
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), pytest.raises(SystemExit) as ended:
            main([str(one) for one in arguments])
        return Ran(int(ended.value.code or 0), out.getvalue(), err.getvalue())

    return run


@pytest.fixture
def served() -> Iterator[Callable[[Path], str]]:
    """Serve folders by HTTP on the loopback address: gives ``http://127.0.0.1:port`` for one."""
    servers: list[ThreadingHTTPServer] = []

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:
            pass

    def serve(folder: Path) -> str:
        server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(folder)))
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_port}"

    yield serve
    for server in servers:
        server.shutdown()
        server.server_close()
