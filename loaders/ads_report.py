"""Report files of Spotify's ads: the day's CSV is an item, its columns are the fields of a data set.

Which headings such a file has is published nowhere; the dimensions and metrics that a report may be asked for are (OpenAPI
document "Ads API" 3.0.0, AsyncReportDimension and AsyncReportMetric). So the header is taken as it is. A field's type is that of
all its values: integer, number, boolean, date, timestamp, else text; empty cells say nothing. Read in pieces, so that memory does
not grow with the file.

With ``receiver`` or ``route`` set, the file is evidence, too: whoever holds it has received it.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from pydantic import Field

from lineage.facts import Dataset, DatasetField, HandoffEvent, Identifier, Item
from loaders.base import Document, Reject, Said, Settings, Source, csv_columns, csv_rows, feed, make

if TYPE_CHECKING:
    import pandas as pd

ROWS_AT_ONCE = 20_000
_MAX_HEADER = 1 << 16  # as much as csv_columns reads
# What a type becomes when a later piece of the file holds the other; anything else becomes text.
_WIDER = {frozenset({"integer", "number"}): "number", frozenset({"date", "timestamp"}): "timestamp"}
_WORDS = {"true", "false"}
_DATES = {"date", "timestamp"}


class ReportSettings(Settings):
    """Where the files come from, and what the operator's map calls them."""

    system: str = Field(default="spotify-ads", description="the system that makes the reports")
    dataset: str = Field(default="spotify-ads:report", description="the data set whose fields the columns are")
    receiver: str | None = Field(
        default=None, description="the system that got the files: makes each one evidence of its arrival"
    )
    route: str | None = Field(default=None, description="the route that they came on")


@feed(
    name="ads-report",
    title="Ads report files",
    formats="CSV of Spotify's ads reports (comma, semicolon or tab), .gz too",
    contributes="each file as an item, its columns as fields of a data set; with receiver or route, that it arrived",
    patterns=("*report*.csv", "*report*.tsv"),
    authority="observed",
    example="lineage load ads-report Report_12345.csv --set receiver=acme-warehouse",
    settings=ReportSettings,
)
def read(source: Source, settings: ReportSettings) -> Iterator[Said]:
    """Every report file of the source."""
    yield from source.each(lambda document: _read_document(document, settings))


@dataclass
class _Summary:
    """What is known of a file so far. ``dates``: first and last value of each column that held dates, each behind its time."""

    rows: int = 0
    types: dict[str, str] = field(default_factory=dict)
    dates: dict[str, tuple[tuple[pd.Timestamp, str], tuple[pd.Timestamp, str]]] = field(default_factory=dict)

    def add(self, rows: list[dict[str, str]]) -> None:
        """Take another piece of the file into account."""
        import pandas as pd  # a second, which other feeds need not wait for

        self.rows += len(rows)
        for name, column in pd.DataFrame(rows).items():
            values = column.dropna().str.strip()
            type_ = _type(values)
            known = self.types.get(str(name), type_)
            self.types[str(name)] = known if known == type_ else _WIDER.get(frozenset({known, type_}), "text")
            if type_ in _DATES:
                # By the time that is meant: as texts, times of different offsets stand in another order.
                times = pd.to_datetime(values, format="ISO8601", utc=True)
                first, last = ((times.iloc[at], values.iloc[at]) for at in (int(times.argmin()), int(times.argmax())))
                before = self.dates.get(str(name), (first, last))
                self.dates[str(name)] = min(before[0], first), max(before[1], last)

    def period(self, columns: list[str]) -> tuple[str, str] | None:
        """First and last value of the first column of dates: a report has one for its days, and others for when ads run."""
        # By its type in the end: a column may begin with dates and go on with words.
        column = next((name for name in columns if self.types.get(name) in _DATES), None)
        return None if column is None else (self.dates[column][0][1], self.dates[column][1][1])


def _type(values: pd.Series[Any]) -> str:
    """The type of the values of one column, none of them empty."""
    import pandas as pd

    if pd.to_numeric(values, errors="coerce").notna().all():
        return "integer" if values.str.fullmatch(r"[-+]?\d+").all() else "number"
    if values.str.lower().isin(_WORDS).all():
        return "boolean"
    if pd.to_datetime(values, format="ISO8601", errors="coerce", utc=True).notna().all():
        return "date" if (values.str.len() <= len("2026-11-01")).all() else "timestamp"
    return "text"


def _read_document(document: Document, settings: ReportSettings) -> Iterator[Said]:
    columns = csv_columns(document)
    if (unusable := _unusable(document, columns)) is not None:
        yield unusable
        return
    summary, piece = _Summary(), list[dict[str, str]]()
    broken: Exception | None = None
    rows = csv_rows(document)
    while True:
        try:
            row = next(rows, None)
        except (EOFError, OSError, zlib.error) as error:  # what was read until here is known all the same
            broken, row = error, None
        if isinstance(row, Reject):
            yield row
            continue
        if row is not None:
            piece.append(row[1])
        if piece and (row is None or len(piece) >= ROWS_AT_ONCE):
            summary.add(piece)
            piece = []
        if row is None:
            break
    yield from _facts(document, columns or [], summary, settings)
    if broken is not None:
        raise broken


def _unusable(document: Document, columns: list[str] | None) -> Reject | None:
    """Why this is no report at all, told by its first line; None where it may be one."""
    position, hint = document.at("line 1"), "give the CSV file that the report's report_url leads to"
    if columns is None:
        with document.open() as stream:
            empty = not stream.read(1 << 16).strip(b"\xef\xbb\xbf \t\r\n")
        reason = "the file is empty" if empty else "the file is not text, or begins with an empty line"
        return Reject(position=position, reason=reason, hint=hint)
    if columns[0].startswith(("<", "{", "[")):
        return Reject(position=position, reason=f"not a CSV header: {columns[0][:60]}", hint=hint)
    with document.open() as stream, io.TextIOWrapper(stream, encoding="utf-8", errors="replace", newline="") as text:
        if len(text.readline(_MAX_HEADER)) == _MAX_HEADER:
            reason = f"the first line has {_MAX_HEADER} characters or more, too many for a header"
            return Reject(position=position, reason=reason, hint=hint)
    if any("\ufffd" in name for name in columns):
        return Reject(position=position, reason="the header is not UTF-8", hint="convert the file to UTF-8")
    twice = sorted({name for name in columns if columns.count(name) > 1})
    if twice or "" in columns:
        reason = f"two columns are called {twice[0]!r}" if twice and twice[0] else "a column has no name"
        return Reject(position=position, reason=reason, hint="give each column a name of its own", record=columns[:50])
    return None


def _facts(document: Document, columns: list[str], summary: _Summary, settings: ReportSettings) -> Iterator[Said]:
    position = document.at("line 1")
    # A report's address is signed: what stands behind its path is a secret.
    path = urlsplit(document.url).path if document.url else document.name
    name = path.replace("\\", "/").rpartition("/")[2].rpartition("!")[2].removesuffix(".gz") or "report"
    item = f"report:{name.rpartition('.')[0] or name}"
    details: dict[str, str] = {"rows": str(summary.rows), "columns": str(len(columns))}
    if (period := summary.period(columns)) is not None:
        details |= {"first_date": period[0], "last_date": period[1]}
    yield make(Dataset, position, None, id=settings.dataset)
    for column in columns:
        type_ = summary.types.get(column, "text")
        yield make(DatasetField, position, columns, dataset=settings.dataset, name=column, type=type_)
    yield make(Item, position, None, id=item, name=name, origin=settings.system, details=details)
    yield make(Identifier, position, None, item=item, identifier=f"file:{name}")
    if settings.receiver or settings.route:
        who = f"urn:lineage:system:{settings.receiver}" if settings.receiver else "urn:lineage:feed:ads-report"
        ends = {"from": settings.system, "to": settings.receiver} if settings.receiver else {}
        event = {
            "id": f"received:{name}:{_digest(document)[:16]}",
            "source": who,
            "type": "received",
            "item": item,
            "route": settings.route,
            **ends,
        }
        yield make(HandoffEvent, position, None, dataset=settings.dataset, **event)


def _digest(document: Document) -> str:
    """SHA-256 of the content, packed or not: a file of the same name with other rows has been received, too."""
    digest = hashlib.sha256()
    with document.open() as stream, contextlib.suppress(EOFError, OSError, zlib.error):  # a broken one: of what can be read
        while block := stream.read(1 << 16):
            digest.update(block)
    return digest.hexdigest()
