"""Records on their way from one step to the next: too many for memory, so they go to disk by the partition they belong to.

A spill is one file, written by one process: blocks of records, each block of one partition, and beside it an index of the blocks.
Records are tuples of plain values (marshal: read back by the same Python within the same build, several times faster than
pickle). A step reads all blocks of one partition, from all files, and nothing else.
"""

from __future__ import annotations

import marshal
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Self

Record = tuple[Any, ...]
_BLOCK = 256
"""Records a block: what a writer holds in memory for each partition."""


def partition_of(text: str, partitions: int) -> int:
    """Where a key belongs: the same in every process."""
    return zlib.crc32(text.encode()) % partitions


class Spill:
    """Writes records of all partitions into one file. A context manager."""

    def __init__(self, path: Path, partitions: int) -> None:
        self.partitions = partitions
        self._path = path
        self._blocks: list[list[Record]] = [[] for _ in range(partitions)]
        self._index: list[tuple[int, int, int]] = []
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("wb")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for partition, block in enumerate(self._blocks):
            if block:
                self._flush(partition, block)
        self._file.close()
        self._path.with_suffix(".index").write_bytes(marshal.dumps(self._index))

    def put(self, key: str, record: Record) -> None:
        """Add a record to the partition of its key."""
        self.put_into(zlib.crc32(key.encode()) % self.partitions, record)

    def put_into(self, partition: int, record: Record) -> None:
        """Add a record to a partition."""
        block = self._blocks[partition]
        block.append(record)
        if len(block) >= _BLOCK:
            self._flush(partition, block)

    def _flush(self, partition: int, block: list[Record]) -> None:
        data = marshal.dumps(block)
        self._index.append((partition, self._file.tell(), len(data)))
        self._file.write(data)
        block.clear()


def spilled(folder: Path, partition: int) -> Iterator[Record]:
    """All records of one partition, from all spills in a folder, in the order of the files' names."""
    for index in sorted(folder.glob("*.index")):
        blocks = [(at, size) for of, at, size in marshal.loads(index.read_bytes()) if of == partition]  # noqa: S302  (our own file)
        if not blocks:
            continue
        with index.with_suffix(".spill").open("rb") as file:
            for at, size in blocks:
                file.seek(at)
                yield from marshal.loads(file.read(size))  # noqa: S302


def write_records(path: Path, records: Iterable[Record]) -> None:
    """Some records that every process reads as a whole."""
    path.write_bytes(marshal.dumps(list(records)))


def read_records(path: Path) -> list[Record]:
    """See ``write_records``."""
    records: list[Record] = marshal.loads(path.read_bytes())  # noqa: S302
    return records
