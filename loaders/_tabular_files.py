"""Files that hold a table: whether CSV, Parquet or JSON, told by name or content, and the names of its columns."""

from __future__ import annotations

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
