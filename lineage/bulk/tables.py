"""Tables as neo4j-admin reads them: CSV with typed headers (Neo4j's operations manual, "Import", "CSV header format").

Every text is quoted, so that an empty one is not taken for an absent one. A row with a line break goes into a file of its own:
the importer then reads only that one in the slow way. What CSV cannot say at all (an empty list, a list with the delimiter in
an element) is left out of the row and kept as a ``Patch``, to be set when the server runs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, TextIO

LIST_DELIMITER = "\x1f"
"""U+001F, the unit separator: what a text in a feed holds least likely."""
Kind = Literal["nodes", "relationships"]


@dataclass(frozen=True)
class Part:
    """One file of a table. ``of``: labels (``Item:Episode``) or a relationship type; ``multiline``: rows hold line breaks."""

    kind: Kind
    of: str
    header: str
    path: Path
    multiline: bool = False


@dataclass(frozen=True)
class Patch:
    """A list that could not be said in CSV: of the node with that label and these key properties."""

    label: str
    key: dict[str, str]
    name: str
    value: list[str]


def text_of(value: str) -> str:
    """A text, quoted (RFC 4180)."""
    return f'"{value.replace(chr(34), chr(34) * 2)}"' if '"' in value else f'"{value}"'


def _list(value: Sequence[str]) -> str:
    return text_of(LIST_DELIMITER.join(value))


def _boolean(value: bool) -> str:
    return "true" if value else "false"


def _time(value: datetime | str) -> str:
    return value if isinstance(value, str) else value.isoformat()


_FORMATS: dict[str, Callable[[Any], str]] = {
    "": text_of,
    "string[]": _list,
    "boolean": _boolean,
    "datetime": _time,
    "long": str,
    "double": repr,
}


def _format_of(column: str) -> Callable[[Any], str]:
    type_ = column.partition(":")[2]
    if "ID(" in type_:
        return str if "id-type" in type_ else text_of
    return _FORMATS[type_]


class Table:
    """Rows of one shape, as this process writes them. ``columns``: ``name:type``, without a type for text."""

    def __init__(self, folder: Path, kind: Kind, of: str, columns: Sequence[str], name: str) -> None:
        self.kind, self.of, self.header = kind, of, ",".join(columns)
        self._formats = [_format_of(column) for column in columns]
        self._paths = {False: folder / f"{name}.csv", True: folder / f"{name}-lines.csv"}
        self._files: dict[bool, TextIO] = {}

    def write(self, values: Sequence[Any]) -> None:
        """One row, in the order of the columns; None is absent."""
        cells = zip(self._formats, values, strict=True)
        # Most cells are texts without a quote: a call for each would take a third of the time.
        line = ",".join(
            [
                "" if value is None else f'"{value}"' if form is text_of and '"' not in value else form(value)
                for form, value in cells
            ]
        )
        broken = "\n" in line or "\r" in line
        file = self._files.get(broken) or self._open(broken)
        file.write(line)
        file.write("\n")

    def _open(self, broken: bool) -> TextIO:
        self._files[broken] = self._paths[broken].open("w", encoding="utf-8", newline="", buffering=1 << 18)
        return self._files[broken]

    def close(self) -> list[Part]:
        """Close the files and name those that hold rows."""
        for file in self._files.values():
            file.close()
        return [Part(self.kind, self.of, self.header, self._paths[broken], broken) for broken in self._files]


@dataclass
class Tables:
    """All tables that one job of a step writes. ``job``: a name that no other job of the build has."""

    folder: Path
    job: str
    patches: list[Patch] = field(default_factory=list)
    _tables: dict[tuple[str, tuple[str, ...]], Table] = field(default_factory=dict)

    def table(self, kind: Kind, of: str, columns: tuple[str, ...]) -> Table:
        """The table of these columns."""
        table = self._tables.get((of, columns))
        if table is None:
            self.folder.mkdir(parents=True, exist_ok=True)
            name = f"{of.replace(':', '-')}-{self.job}-{len(self._tables)}"
            table = self._tables[of, columns] = Table(self.folder, kind, of, columns, name)
        return table

    def node(self, labels: str, id_space: str, properties: dict[str, Any]) -> None:
        """A node with whatever properties it has; ``id`` is its key, also for the importer. Meant for nodes that vary."""
        said = self.sayable(labels.partition(":")[0], {"id": properties["id"]}, properties)
        names = sorted(name for name in said if name != "id")
        columns = (f"id:ID({id_space})", *(_column(name, said[name]) for name in names))
        self.table("nodes", labels, columns).write([said["id"], *(said[name] for name in names)])

    def sayable(self, label: str, key: dict[str, str], properties: dict[str, Any]) -> dict[str, Any]:
        """The properties that CSV can say and that are there; the others become patches."""
        said = {}
        for name, value in properties.items():
            if isinstance(value, list | tuple) and (not value or any(LIST_DELIMITER in one for one in value)):
                self.patches.append(Patch(label, key, name, list(value)))
            elif value is not None:
                said[name] = value
        return said

    def close(self) -> list[Part]:
        """Close all files and name them."""
        return [part for table in self._tables.values() for part in table.close()]


def _column(name: str, value: Any) -> str:
    if isinstance(value, bool):
        return f"{name}:boolean"
    types = {str: "", datetime: "datetime", int: "long", float: "double", list: "string[]", tuple: "string[]"}
    type_ = types[type(value)]
    return f"{name}:{type_}" if type_ else name
