"""Files that hold a table: whether CSV, Parquet or JSON, told by name or content, and the columns that it has."""

from __future__ import annotations

from urllib.parse import unquote

from loaders.base import Document, csv_columns, parquet_columns


def table_kind(document: Document) -> str:
    """``csv``, ``parquet`` or ``json``: by the file's name, else by how it begins."""
    name = document.name.lower().removesuffix(".gz")
    for kind, endings in (("csv", (".csv", ".tsv")), ("parquet", (".parquet",)), ("json", (".json", ".jsonl", ".ndjson"))):
        if name.endswith(endings):
            return kind
    with document.open() as stream:
        start = stream.read(4096).removeprefix(b"\xef\xbb\xbf").lstrip()
    if start.startswith(b"PAR1"):
        return "parquet"
    return "csv" if start and start[:1] not in b"[{" and b"\x00" not in start else "json"


def column_names(document: Document, kind: str) -> list[str] | None:
    """The names of a table's columns; None where there is no header, which the reader says in its own words."""
    return parquet_columns(document) if kind == "parquet" else csv_columns(document)


# What Hive and Spark write where the column is empty.
_EMPTY = "__HIVE_DEFAULT_PARTITION__"


def partition_of(document: Document) -> dict[str, str | None]:
    """The columns that stand in the names of folders: ``system=acme/day=2026-03-01/part-0.parquet``, as Hive and Spark write them.

    They are no columns of the file; characters that folders cannot have are written as in a URL.
    """
    pairs = (folder.partition("=") for folder in document.name.split("/")[:-1])
    return {unquote(name): None if value == _EMPTY else unquote(value) for name, equals, value in pairs if name and equals}
