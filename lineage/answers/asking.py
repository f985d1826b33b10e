"""How answers reach the graph: by the library's files, never by Cypher of their own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from lineage.graph import Graph, Row, plain
from lineage.library import Library


@dataclass(frozen=True)
class Asker:
    """A graph and the library to ask it with. ``timeout_s``: limit of one query in seconds."""

    graph: Graph
    library: Library
    timeout_s: float = 60.0

    def rows(self, name: str, /, **values: Any) -> list[Row]:
        """Rows of a library query, with the driver's own types made plain. Raises OutOfTime, UsageError, ServerError."""
        return [{key: plain(value) for key, value in row.items()} for row in self.raw(name, **values)]

    def raw(self, name: str, /, **values: Any) -> list[Row]:
        """The same as the driver gives them: for long lists of numbers and texts, which need no conversion."""
        query = self.library[name]
        return self.graph.read(query.cypher, timeout_s=self.timeout_s, **query.bind(values)).rows
