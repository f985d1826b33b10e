"""Printing results as table, JSON, JSON Lines or CSV."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

from rich import box
from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from lineage.times import rfc3339

Format = Literal["table", "json", "jsonl", "csv"]
FORMATS: tuple[Format, ...] = ("table", "json", "jsonl", "csv")
WIDTH_WHEN_PIPED = 160
NARROW, COLUMNS_WHEN_NARROW = 110, 5
"""Below this width a table of more columns would break its cells into pieces."""


def console() -> Console:
    """Standard output: colours only on a terminal, and not where NO_COLOR is set (rich honours it)."""
    probe = Console()
    return probe if probe.is_terminal else Console(width=WIDTH_WHEN_PIPED, no_color=True)


def show(*parts: RenderableType) -> None:
    """Print for people. Into a pipe: without colours and without blanks at the ends of lines."""
    screen = console()
    if screen.is_terminal:
        screen.print(*parts, sep="\n")
        return
    with screen.capture() as captured:
        screen.print(*parts, sep="\n")
    print("\n".join(line.rstrip() for line in captured.get().splitlines()))


def as_json(value: Any) -> Any:
    """Times as RFC 3339, everything unknown as text."""
    if isinstance(value, datetime):
        return rfc3339(value)
    return str(value)


def print_rows(rows: Sequence[Mapping[str, Any]], columns: Sequence[str], form: Format, *, empty: str = "Nothing.") -> None:
    """Print rows in the wanted form; ``empty`` is said (on the console only) where there are none."""
    if form == "json":
        print(json.dumps(list(rows), ensure_ascii=False, indent=2, default=as_json))
    elif form == "jsonl":
        for row in rows:
            print(json.dumps(row, ensure_ascii=False, default=as_json))
    elif form == "csv":
        print(_csv(rows, columns), end="")
    elif rows:
        filled = [name for name in columns if any(cell(row.get(name)) for row in rows)] or list(columns)
        narrow = console().width < NARROW and len(filled) > COLUMNS_WHEN_NARROW
        show(*records(rows, filled) if narrow else [table(rows, filled)])
    else:
        show(Text(empty))


def print_json(value: Any, form: Format = "json") -> None:
    """One JSON value: indented, or on one line for ``jsonl``."""
    print(json.dumps(value, ensure_ascii=False, indent=2 if form == "json" else None, default=as_json))


def table(rows: Iterable[Mapping[str, Any]], columns: Sequence[str]) -> Table:
    """A rich table with one column a key. Cells are text, never markup: data may hold square brackets."""
    shown = Table(box=box.SIMPLE_HEAD, header_style="bold", pad_edge=False)
    for column in columns:
        shown.add_column(column.replace("_", " "), overflow="fold")
    for row in rows:
        shown.add_row(*(Text(cell(row.get(column))) for column in columns))
    return shown


def records(rows: Iterable[Mapping[str, Any]], columns: Sequence[str]) -> list[RenderableType]:
    """Rows one under the other, a line for each value: what is left of a wide table on a narrow terminal."""
    width = max(len(column) for column in columns)
    shown: list[RenderableType] = []
    for row in rows:
        filled = [column for column in columns if cell(row.get(column))]
        shown += [Text(f"{column.replace('_', ' '):{width}}  {cell(row[column])}") for column in filled] + [Text()]
    return shown


def cell(value: Any) -> str:
    """A value as a table cell."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return rfc3339(value.replace(microsecond=0)) or ""
    if isinstance(value, list | tuple) and all(isinstance(one, str | int | float) for one in value):
        return ", ".join(str(one) for one in value)
    if isinstance(value, list | dict):
        return json.dumps(value, ensure_ascii=False, default=as_json)
    return str(value)


def _csv(rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    for row in rows:
        writer.writerow([cell(row.get(column)) for column in columns])
    return out.getvalue()
