"""Several sources at once: each is a run of its own, and the graph is the one that loading them one by one gives.

Sessions are threads. Writers take turns in the graph, so what goes on at once is reading and preparing one source while
the server works on another.
"""

from __future__ import annotations

import itertools
import threading
from collections import defaultdict
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from functools import partial
from pathlib import Path

from lineage.errors import LineageError
from lineage.graph import Graph
from lineage.ingest import DEFAULT_BATCH, Report, Written
from lineage.loading import write_source
from lineage.project import ProjectSource

Progress = Callable[[int, int | None], None]
"""Is told a source's number and how many of its facts are written; None when that is over."""


def load_all(
    graph: Graph,
    sources: Sequence[ProjectSource],
    *,
    sessions: int = 1,
    rejects: Callable[[int], Path],
    batch_size: int = DEFAULT_BATCH,
    progress: Progress = lambda number, facts: None,
) -> Generator[Report | LineageError]:
    """Load these sources, ``sessions`` of them at a time, large ones first; what became of each comes in the order given.

    A source that fails does not keep the others from loading: its error comes in place of its report. ``rejects`` gives the
    path for the rejects of the source of that number. Closing this stops what is under way; what was written stays.
    """
    stop = threading.Event()

    def written(number: int) -> Written:
        one = sources[number]
        progress(number, 0)
        try:
            return write_source(
                graph,
                one.feed,
                one.source,
                rejects=lambda: rejects(number),
                settings=one.settings,
                name=one.name,
                batch_size=batch_size,
                progress=partial(progress, number),
                readers=sessions,
                stop=stop,
            )
        finally:
            progress(number, None)

    if sessions == 1:
        for number in range(len(sources)):
            yield _outcome(partial(written, number))
        return
    pool = ThreadPoolExecutor(sessions, "load")
    try:
        for under_way in _in_order(pool, sources, written):
            yield _outcome(under_way.result)
    finally:
        stop.set()
        pool.shutdown(cancel_futures=True)


def _outcome(written: Callable[[], Written]) -> Report | LineageError:
    """Closed one after the other: then a source's findings know what those before it have said."""
    try:
        return written().finish()
    except LineageError as error:
        return error


def _in_order(pool: Executor, sources: Sequence[ProjectSource], written: Callable[[int], Written]) -> Iterator[Future[Written]]:
    """The sources in the order given while the pool writes them; each is closed before the next is asked for.

    The same source twice is written twice, one after the other: the second run has to know what the first said.
    """
    same: dict[tuple[str, str], list[int]] = defaultdict(list)
    for number, one in enumerate(sources):
        same[one.feed, one.name or str(Path(one.source).absolute())].append(number)
    first = sorted((numbers[0] for numbers in same.values()), key=lambda number: -_bytes(sources[number].source))
    under_way = {number: pool.submit(written, number) for number in first}
    after = dict(pair for numbers in same.values() for pair in itertools.pairwise(numbers))
    for number in range(len(sources)):
        yield under_way.pop(number)
        if (again := after.get(number)) is not None:
            under_way[again] = pool.submit(written, again)


def _bytes(source: str) -> int:
    """How much there is to read, as far as that can be told beforehand: files and directories."""
    path = Path(source)
    files = path.rglob("*") if path.is_dir() else [path]
    return sum(file.stat().st_size for file in files if file.is_file())
