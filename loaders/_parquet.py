"""Parquet tables, read a batch at a time. pyarrow does the reading; here are positions and damaged files."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from lineage.facts import Reject
from loaders.sources import Document

if TYPE_CHECKING:
    import pyarrow.parquet as pq

_ROWS_AT_ONCE = 4096


@contextmanager
def _opened(document: Document) -> Iterator[pq.ParquetFile]:
    """Raises ValueError or OSError, also for what is damaged further on."""
    import pyarrow as pa  # a quarter of a second: only for those who read Parquet
    import pyarrow.parquet as pq

    # A stream of our own: the file may be inside a .zip.
    try:
        with document.open() as stream, pq.ParquetFile(pa.PythonFile(stream, mode="r")) as table:
            yield table
    except pa.ArrowException as error:
        raise ValueError(str(error)) from error


def parquet_columns(document: Document) -> list[str] | None:
    """The names of a Parquet table's columns; None where it cannot be read (``parquet_rows`` says why)."""
    try:
        with _opened(document) as table:
            return list(table.schema_arrow.names)
    except (ValueError, OSError):
        return None


def parquet_rows(document: Document) -> Iterator[tuple[str, dict[str, Any]] | Reject]:
    """The rows of a Parquet table as (position, {column: value}); times are datetimes, empty cells are left out.

    Memory holds one batch of rows. A damaged file is one reject; the rows before the damage were read.
    """
    number = 0
    try:
        with _opened(document) as table:
            for batch in table.iter_batches(batch_size=_ROWS_AT_ONCE):
                for row in batch.to_pylist():
                    number += 1
                    yield document.at(f"row {number}"), {name: value for name, value in row.items() if value is not None}
    except (ValueError, OSError) as error:
        yield Reject(
            position=document.at(f"row {number + 1}" if number else "file"),
            reason=f"not a readable Parquet table: {' '.join(str(error).split())[:200]}",
            hint="fetch or write it again; rows before that point were loaded",
        )
