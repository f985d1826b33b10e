"""Printing results as table, JSON, JSON Lines or CSV."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

from rich import box
from rich.cells import cell_len
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from lineage.times import rfc3339

Format = Literal["table", "json", "jsonl", "csv"]
FORMATS: tuple[Format, ...] = ("table", "json", "jsonl", "csv")
WIDTH_WHEN_PIPED = 160
_AROUND = 3
"""Columns of the screen that a column of a table takes besides its text."""


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
    kept = list(rows)
    cells = [[cell(row.get(column)) for column in columns] for row in kept]
    headings = [column.replace("_", " ") for column in columns]
    widths = _widths([headings, *cells], console().width - _AROUND * len(columns) + 1)
    if widths is None:
        return Group(*_records(kept, columns))
    shown = Table(box=box.SIMPLE_HEAD, header_style="bold", pad_edge=False)
    for heading, width in zip(headings, widths, strict=True):
        shown.add_column(heading, overflow="fold", width=width)
    for values in cells:
        shown.add_row(*map(Text, values))
    return shown


def _widths(lines: list[list[str]], room: int) -> list[int] | None:
    """How wide the columns are, the widest made narrower as long as no word breaks; None if that is not enough.

    rich narrows columns without regard to their words.
    """
    columns = list(zip(*lines, strict=True))
    widths = [min(room, max(cell_len(part) for value in column for part in value.split("\n"))) for column in columns]
    least = [max(cell_len(word) for value in column for word in value.split() or [""]) for column in columns]
    if sum(least) > room:
        return None
    while sum(widths) > room:
        widths[max((i for i, width in enumerate(widths) if width > least[i]), key=widths.__getitem__)] -= 1
    return widths


def _records(rows: Iterable[Mapping[str, Any]], columns: Sequence[str]) -> Iterator[RenderableType]:
    """A line for each value that there is, and an empty one around each row, as around a table."""
    yield Text()
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
