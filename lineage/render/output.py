"""Printing results as table, JSON, JSON Lines or CSV."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

from rich import box
from rich.console import Console, Group, RenderableType
from rich.measure import Measurement
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from lineage.times import rfc3339

Format = Literal["table", "json", "jsonl", "csv"]
FORMATS: tuple[Format, ...] = ("table", "json", "jsonl", "csv")
WIDTH_WHEN_PIPED = 160
_ANY_WIDTH = 10_000


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
        show(table(rows, filled))
    else:
        show(Text(empty))


def print_json(value: Any, form: Format = "json") -> None:
    """One JSON value: indented, or on one line for ``jsonl``."""
    print(json.dumps(value, ensure_ascii=False, indent=2 if form == "json" else None, default=as_json))


def table(rows: Iterable[Mapping[str, Any]], columns: Sequence[str]) -> RenderableType:
    """A table with one column a key; where its words do not fit, the rows one under the other.

    Cells are text, never markup: data may hold square brackets.
    """
    shown, kept = Table(box=box.SIMPLE_HEAD, header_style="bold", pad_edge=False), list(rows)
    for column in columns:
        shown.add_column(column.replace("_", " "), overflow="fold")
    for row in kept:
        shown.add_row(*(Text(cell(row.get(column))) for column in columns))
    screen = console()
    unbroken = Measurement.get(screen, screen.options.update_width(_ANY_WIDTH), shown).minimum
    return Group(*_records(kept, columns)) if unbroken > screen.width else shown


def _records(rows: Iterable[Mapping[str, Any]], columns: Sequence[str]) -> Iterator[RenderableType]:
    """A line for each value that there is, and an empty one after each row."""
    for row in rows:
        grid = Table.grid(padding=(0, 2))
        grid.add_column(style="bold", no_wrap=True, min_width=max(len(column) for column in columns))
        grid.add_column(overflow="fold")
        for column in columns:
            if value := cell(row.get(column)):
                grid.add_row(column.replace("_", " "), Text(value))
        yield Padding(grid, (0, 0, 1, 0))


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
