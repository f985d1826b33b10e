"""Build a whole graph offline: read, fold, import; then the ordinary store writes what was not set aside.

The order of loading never shows, and that carries the exactness of this road: whatever is worth folding offline is folded by the
same functions and imported first, and the rest is loaded on top of it by the same code as ever.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain, islice
from pathlib import Path
from typing import TypeVar

from filelock import FileLock, Timeout

from lineage.bulk.importing import import_tables
from lineage.bulk.plan import About, Plan
from lineage.bulk.reading import kept
from lineage.bulk.steps import Built, Workers, run_steps
from lineage.bulk.tables import Part, Patch
from lineage.embedded import stopped, up
from lineage.embedded.home import Home, resolve
from lineage.errors import LineageError, RefusedError, ServerError
from lineage.graph import Graph, Transaction
from lineage.ingest import DEFAULT_BATCH, Load, Report, Taken, ingest
from lineage.loading import OpenedSource, Portion, opened
from lineage.project import ProjectSource
from lineage.store import take_turn
from lineage.store.events import Ends, observe
from lineage.store.items import name_systems
from lineage.store.matching import rematch
from lineage.store.reading import Reading

_PARTITION_BYTES = 24 << 20
"""Of what the sources hold, in one partition: some 80,000 events, which a process holds in about 150 MB."""
_MOST_PARTITIONS = 512
T = TypeVar("T")
_MARKER = ("id:ID(Lineage)", "model:long")


@dataclass(frozen=True)
class Opened:
    """A source of the build; ``again``: one of the same feed and name came before it, so it is loaded after that, as a new version."""

    source: OpenedSource
    load: Load
    again: bool


def build(
    sources: Sequence[ProjectSource],
    home: Path | str | None,
    *,
    rejects: Callable[[int], Path],
    workers: int,
    say: Callable[[str], None] = lambda step: None,
    imported: Callable[[Sequence[Part]], None] = lambda parts: None,
) -> list[Report]:
    """Build the graph of these sources in the empty database of a home's server, which runs when this returns.

    ``rejects``: where the rejects of the source with that number go; ``say`` is told of each step as it begins; ``imported`` gets the
    tables when they are imported, before they are removed. Returns a report for each source, as loading it does.
    Raises RefusedError where the database is not empty, or an earlier build broke off behind the import; SourceError, NotFoundError,
    UsageError for a source that cannot be read (nothing is written then); ServerError.
    """
    place = resolve(home)
    place.create()
    with _alone(place) as folder, ExitStack() as stack:
        _refuse_unless_empty(place)
        found = _opened(sources, stack)
        size = sum(one.source.about_bytes for one in found)
        plan = Plan(
            folder,
            min(max(1, size // _PARTITION_BYTES), _MOST_PARTITIONS),
            tuple(About(one.load.feed, one.load.source, one.load.authority) for one in found),
        )
        portions = _portions(found, size // (workers * 4) + 1)
        with Workers.hired(workers) as hired:
            built = run_steps(plan, portions, hired, say)
        say("import")
        imported(_import(place, plan, built.parts))
        shutil.rmtree(plan.tables)  # before the indexes need the room
        say("indexes")
        return _finish(place, found, built, rejects, say)


@contextmanager
def _alone(place: Home) -> Iterator[Path]:
    """An empty folder in the home for what is on its way, for one build at a time; removed at the end."""
    folder = place.root / "bulk"
    try:
        with FileLock(place.root / "bulk.lock", timeout=0):
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            try:
                yield folder
            finally:
                shutil.rmtree(folder, ignore_errors=True)
    except Timeout as error:
        raise RefusedError(f"Another build is under way in {place.root}.", hint="Wait for it to end.") from error


IMPORTING, IMPORTED = "importing", "imported"


def _begun(place: Home) -> Path:
    """There from the start of the import to the end of all: how far a build came that broke off in between."""
    return place.root / "bulk.begun"


def _refuse_unless_empty(place: Home) -> None:
    if not place.has_store:
        return
    begun = _begun(place).read_text("utf-8") if _begun(place).exists() else ""
    running = up(place.root, progress=False)
    try:
        with Graph(running.uri, running.user, running.password) as graph:
            empty = not graph.read("MATCH (n) WHERE NOT n:Lineage RETURN 1 AS one LIMIT 1").rows
    except ServerError as error:
        # An import that broke off leaves a store that cannot be opened; the database was empty before it.
        if begun == IMPORTING and "DatabaseUnavailable" in error.message:
            return
        raise
    if empty:
        return
    if begun == IMPORTED:
        raise RefusedError(
            f"An earlier build of the graph in {place.root} broke off after the import.",
            hint="`lineage load` with the same --config completes it: what is there already is recognised.",
        )
    raise RefusedError(
        f"The database in {place.root} is not empty, and a build replaces the whole of it.",
        hint="Load into it with `lineage load --config`, or name a new home with --home.",
    )


def _opened(sources: Sequence[ProjectSource], stack: ExitStack) -> list[Opened]:
    found, seen = [], set()
    for one in sources:
        source = stack.enter_context(opened(one.feed, one.source, given=one.settings, name=one.name))
        load = source.about()
        found.append(Opened(source, load, (load.feed, load.source) in seen))
        seen.add((load.feed, load.source))
    return found


def _portions(found: Sequence[Opened], most_bytes: int) -> list[tuple[int, Portion]]:
    return [(place, portion) for place, one in enumerate(found) if not one.again for portion in one.source.portions(most_bytes)]


def _import(place: Home, plan: Plan, parts: Sequence[Part]) -> list[Part]:
    _refuse_unless_empty(place)  # asked again: reading took its time
    plan.tables.mkdir(exist_ok=True)
    # Ours from the first moment on. Its model is none that there is, so that the schema is made at the first connection.
    marker = Part("nodes", "Lineage", ",".join(_MARKER), plan.tables / "marker.csv")
    marker.path.write_text('"graph",0\n', "utf-8")
    tables = [*parts, marker]
    with stopped(place.root):
        _begun(place).write_text(IMPORTING, "utf-8")
        try:
            import_tables(place, plan.folder, tables)
        except ServerError as error:
            error.hint = "The database, which was empty, may be unusable now: mend the cause and run `lineage bulk` again."
            raise
        _begun(place).write_text(IMPORTED, "utf-8")
    return tables


def _finish(
    place: Home, found: Sequence[Opened], built: Built, rejects: Callable[[int], Path], say: Callable[[str], None]
) -> list[Report]:
    running = up(place.root, progress=False)
    try:
        with Graph(running.uri, running.user, running.password) as graph:
            graph.prepare()
            say("the rest")
            _patch(graph, built.patches)
            _observe(graph, built.observed)
            for origins in _batches(sorted(built.origins)):
                graph.write(lambda tx, ids=origins: name_systems(tx, ids))  # type: ignore[misc]
            reports = [_load(graph, number, one, built, rejects) for number, one in enumerate(found)]
            for ids in _batches(built.matching):
                graph.write(lambda tx, ids=ids: _match(tx, ids))  # type: ignore[misc]
    except LineageError as error:
        error.hint = f"{error.hint} What was imported stays; `lineage load` with the same --config completes the graph.".strip()
        raise
    _begun(place).unlink(missing_ok=True)
    return reports


def _load(graph: Graph, number: int, one: Opened, built: Built, rejects: Callable[[int], Path]) -> Report:
    if one.again:
        return ingest(graph, one.load, one.source.said(), rejects=rejects(number))
    rest = chain.from_iterable(kept(read.rest) for read in built.rest[number])
    taken = built.tally.taken.get(number, Taken())
    return ingest(graph, one.load, rest, rejects=rejects(number), taken=taken)


def _patch(graph: Graph, patches: Sequence[Patch]) -> None:
    """Set the lists that CSV could not say."""
    for patch in patches:
        where = ", ".join(f"{name}: $key.{name}" for name in patch.key)
        graph.write(
            lambda tx, p=patch, w=where: tx.run(  # type: ignore[misc]
                f"CYPHER 25 MATCH (n:{p.label} {{{w}}}) SET n[$name] = $value", key=p.key, name=p.name, value=p.value
            )
        )


def _observe(graph: Graph, observed: set[Ends]) -> None:
    observing = Reading("evidence", "evidence", "observed", datetime.now(UTC), None, replaces=False)
    for some in _batches(sorted(observed, key=lambda ends: tuple(end or "" for end in ends))):

        def write(tx: Transaction, ends: list[Ends] = some) -> None:
            observing.forget()
            take_turn(tx)
            observe(tx, observing, ends)

        graph.write(write)
        observing.keep()


def _match(tx: Transaction, ids: list[str]) -> None:
    take_turn(tx)
    rematch(tx, ids)


def _batches(values: Sequence[T]) -> Iterator[list[T]]:
    rows = iter(values)
    while some := list(islice(rows, DEFAULT_BATCH)):
        yield some
