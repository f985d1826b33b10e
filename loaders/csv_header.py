"""The header line of a CSV as the layout of a file: a data set whose fields are its columns. No row is read.

The data set is ``dataset`` (setting), else it is called after the file. ``direction`` says whether the system whose layout it
is sends such files, or accepts them. A header says neither types nor what may be left out, so neither do the facts.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePath

from pydantic import Field

from lineage.facts import Dataset, DatasetField
from loaders._contract import Direction, slug
from loaders.base import Document, Reject, Said, Settings, Source, binary, csv_columns, feed, make


class CsvHeaderSettings(Settings):
    """``dataset``: the registry's own id; ``direction``: sent (default), accepted or both."""

    dataset: str | None = Field(default=None, description="the registry's id of the data set")
    direction: Direction = Field(default="sent", description="whether it is sent, accepted, or both")


@feed(
    name="csv-header",
    title="CSV layouts",
    formats="the header line of a CSV (comma, semicolon or tab), .gz too",
    contributes="a data set with its columns as fields",
    patterns=("*.csv", "*.tsv"),
    authority="contract",
    example="lineage load csv-header layout.csv --set dataset=plays",
    settings=CsvHeaderSettings,
)
def read(source: Source, settings: CsvHeaderSettings) -> Iterator[Said]:
    """The columns of each file; files of one data set add up."""

    def layout(document: Document) -> Iterator[Said]:
        columns = csv_columns(document)
        if columns is None:
            reject = binary(document)
            hint = "name a CSV whose first line holds the names of its columns"
            yield reject or Reject(position=document.at("line 1"), reason=f"{document.name} has no header line", hint=hint)
            return
        id_ = settings.dataset or slug(PurePath(document.name).stem.removesuffix(".csv"))
        position = document.at("line 1")
        called = document.url or document.name
        yield make(Dataset, position, called, id=id_, format="csv", contract=called, direction=settings.direction)
        for index, name in enumerate(columns, start=1):
            place = document.at(f"line 1, column {index}")
            if name in columns[: index - 1] or not name:
                reason = f"the column {name!r} is there twice" if name else "a column without a name"
                yield Reject(position=place, reason=reason, hint="give each column a name of its own", record=columns[:50])
            else:
                yield make(DatasetField, place, name, dataset=id_, name=name)

    yield from source.each(layout)
