"""Reading ahead: what a source says is parsed and validated while the writer waits for the server."""

from __future__ import annotations

import itertools
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, field
from queue import Empty, Full, Queue

from lineage.facts import Said

CHUNK = 500
"""Facts that change hands at a time."""
AHEAD = 4
"""Chunks that may wait for the writer: memory stays flat, however far ahead readers could get."""
PATIENCE_S = 2.0
"""How long a reader is waited for that nobody needs any more: it may itself be waiting for a server's answer."""
_LOOK_S = 0.1

Stream = Callable[[], Iterator[Said]]


class StoppedError(Exception):
    """The load was given up elsewhere."""


def ahead(streams: Sequence[Stream], readers: int, stop: threading.Event) -> Generator[Said]:
    """What these streams say, read by up to ``readers`` threads; one reader leaves the order as it is.

    What a stream raises is raised here; StoppedError when ``stop`` is set, which also ends the readers. So does closing this, as
    an error of the writer does.
    """
    shared = _Shared(deque(streams))
    threads = [threading.Thread(target=shared.read, daemon=True) for _ in range(min(readers, len(streams)))]
    for thread in threads:
        thread.start()
    try:
        under_way = len(threads)
        while under_way:
            chunk = shared.next(stop)
            under_way -= not chunk
            for one in chunk:
                if stop.is_set():
                    raise StoppedError
                yield one
    finally:
        shared.over.set()
        for thread in threads:
            thread.join(PATIENCE_S)


@dataclass
class _Shared:
    """What readers and the writer share. In ``chunks``: facts; none at all where a reader is done; or what it failed with."""

    todo: deque[Stream]
    chunks: Queue[list[Said] | BaseException] = field(default_factory=lambda: Queue(AHEAD))
    over: threading.Event = field(default_factory=threading.Event)

    def next(self, stop: threading.Event) -> list[Said]:
        while not stop.is_set():
            try:
                chunk = self.chunks.get(timeout=_LOOK_S)
            except Empty:
                continue
            if isinstance(chunk, BaseException):
                raise chunk
            return chunk
        raise StoppedError

    def read(self) -> None:
        try:
            while not self.over.is_set() and (stream := self._stream()):
                said = stream()
                while not self.over.is_set() and (chunk := list(itertools.islice(said, CHUNK))):
                    self._put(chunk)
            self._put([])
        except BaseException as error:
            self._put(error)

    def _stream(self) -> Stream | None:
        try:
            return self.todo.popleft()  # a deque: two readers never get the same
        except IndexError:
            return None

    def _put(self, chunk: list[Said] | BaseException) -> None:
        while not self.over.is_set():
            try:
                return self.chunks.put(chunk, timeout=_LOOK_S)
            except Full:
                continue
        return None
