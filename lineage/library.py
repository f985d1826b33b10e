"""The Cypher library: plain files in ``cypher/``, one query each, sent unchanged to the driver, cypher-shell and Browser.

A file's stem is the query's name, its folder the favourites folder in Browser. The header says everything else::

    // Trace path: which way did an item take, and which way should it have taken?
    // Free text up to the first tag or clause.
    // @param item string  id of an item
    // @param limit integer = 20  rows at most
    // @returns route, from, to
    // @example item='episode:42'

``@writes`` marks a query that writes; without it the query runs in READ access mode.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Any

import yaml

from lineage.errors import LineageError, NotFoundError, UsageError
from lineage.times import parse_time

_PARAM = re.compile(r"^(?P<name>\w+)\s+(?P<type>\w+)(?:\s*=\s*(?P<default>\S+))?(?:\s{2,}(?P<text>.*))?$")
_TYPES = ("string", "integer", "float", "boolean", "datetime", "list")
_PAIR = re.compile(r"(\w+)=('(?:[^'\\]|\\.)*'|\[[^\]]*\]|\S+)")


@dataclass(frozen=True)
class Parameter:
    """A query's parameter. ``required``: it has no default. Types: string, integer, float, boolean, datetime, list."""

    name: str
    type: str
    required: bool
    default: Any
    text: str


@dataclass(frozen=True)
class Query:
    """One library query. ``cypher`` is the whole file, header included, exactly as it is sent."""

    name: str
    folder: str
    title: str
    question: str
    description: str
    parameters: tuple[Parameter, ...]
    returns: tuple[str, ...]
    example: dict[str, Any]
    writes: bool
    cypher: str

    def bind(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Parameters for a run: given values converted to their types, defaults for the rest.

        Raises UsageError for an unknown name, a missing value or one of a wrong type.
        """
        known = {parameter.name: parameter for parameter in self.parameters}
        for name in given:
            if name not in known:
                raise UsageError(
                    f"{self.name} has no parameter {name}.",
                    hint=f"It takes: {', '.join(known) or 'none'}. See `lineage queries`.",
                )
        values = {}
        for name, parameter in known.items():
            if name in given:
                values[name] = _typed(self.name, parameter, given[name])
            elif parameter.required:
                raise UsageError(f"{self.name} needs {name}: {parameter.text}.", hint=f"Give it as -p {name}=VALUE.")
            else:
                values[name] = parameter.default
        return values


class Library:
    """All queries by name, read from a folder of ``.cypher`` files."""

    def __init__(self, root: Traversable) -> None:
        self.queries: dict[str, Query] = {}
        for folder, file in _files(root):
            query = parse(file.name.removesuffix(".cypher"), folder, file.read_text(encoding="utf-8"))
            if query.name in self.queries:
                raise LineageError(
                    f"Two library queries are called {query.name}.", hint="File stems must be unique across folders."
                )
            self.queries[query.name] = query

    def __getitem__(self, name: str) -> Query:
        """The query of that name (``-`` and ``_`` are the same). Raises NotFoundError with the nearest names."""
        wanted = name.replace("-", "_")
        if wanted not in self.queries:
            nearest = tuple(difflib.get_close_matches(wanted, self.queries, 3, 0.4))
            raise NotFoundError(f"No library query is called {name}.", hint="`lineage queries` lists them.", nearest=nearest)
        return self.queries[wanted]

    def __iter__(self) -> Iterator[Query]:
        return iter(self.queries[name] for name in sorted(self.queries, key=lambda n: (self.queries[n].folder, n)))


def shipped() -> Library:
    """The library that comes with the product."""
    return Library(resources.files("cypher"))


def _files(root: Traversable) -> Iterator[tuple[str, Traversable]]:
    for folder in sorted(root.iterdir(), key=lambda entry: entry.name):
        if folder.is_dir():
            for file in sorted(folder.iterdir(), key=lambda entry: entry.name):
                if file.name.endswith(".cypher"):
                    yield folder.name, file


def parse(name: str, folder: str, text: str) -> Query:
    """Read a query file. Raises LineageError where the header is not as described above."""
    lines = text.splitlines()
    head = []
    for line in lines:
        if not line.startswith("//"):
            break
        head.append(line.removeprefix("//").strip())
    title, colon, question = head[0].partition(": ") if head else ("", "", "")
    if not colon:
        raise LineageError(f"{folder}/{name}.cypher: line 1 must read `// Name: the question`.")
    parameters: list[Parameter] = []
    returns: tuple[str, ...] = ()
    example: dict[str, Any] = {}
    writes, description = False, []
    for line in head[1:]:
        tag, _, rest = line.partition(" ")
        if tag == "@param":
            parameters.append(_parameter(f"{folder}/{name}.cypher", rest.strip()))
        elif tag == "@returns":
            returns = tuple(part.strip() for part in rest.split(","))
        elif tag == "@example":
            example = {key: yaml.safe_load(value) for key, value in _PAIR.findall(rest)}
        elif tag == "@writes":
            writes = True
        elif tag.startswith("@"):
            raise LineageError(f"{folder}/{name}.cypher: unknown tag {tag}.")
        else:
            description.append(line)
    return Query(
        name, folder, title, question, " ".join(description).strip(), tuple(parameters), returns, example, writes, text
    )  # fmt: skip


def _parameter(where: str, text: str) -> Parameter:
    match = _PARAM.match(text)
    if match is None or match["type"] not in _TYPES:
        raise LineageError(f"{where}: @param must read `name type [= default]  text`, type one of {', '.join(_TYPES)}: {text}")
    default = match["default"]
    return Parameter(match["name"], match["type"], default is None, yaml.safe_load(default or "null"), match["text"] or "")


def _typed(query: str, parameter: Parameter, value: Any) -> Any:
    if value is None or not isinstance(value, str):
        return value
    try:
        match parameter.type:
            case "integer":
                number = int(value)
                if abs(number) >= 2**63:
                    raise ValueError("Neo4j's integers have 64 bits")
                return number
            case "float":
                return float(value)
            case "boolean":
                return {"true": True, "false": False}[value.lower()]
            case "datetime":
                return None if value in {"", "null"} else parse_time(value)
            case "list":
                return [part.strip() for part in value.strip("[]").split(",") if part.strip()]
            case _:
                return value
    except (ValueError, KeyError) as error:
        raise UsageError(f"{query}: {parameter.name} must be of type {parameter.type}, not {value!r}.") from error


def as_literal(value: Any) -> str:
    """A parameter's value as Neo4j Browser reads it in ``:param`` (strings quoted, times as ``datetime(...)``)."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, datetime):
        return f"datetime('{value.isoformat()}')"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, list | tuple):
        return "[" + ", ".join(as_literal(part) for part in value) + "]"
    return "'" + str(value).replace("\\", "\\\\").replace("'", "\\'") + "'"
