"""What a feed author needs: ``@feed``, ``Source``/``Document``, parsers' safe openings, and ``make``.

A feed is one file in this package (or an entry point in the group ``lineage.feeds``) holding one decorated generator::

    @feed(
        name="parcels",
        title="Parcel notices",
        formats="JSON Lines",
        contributes="handoffs between warehouses",
        patterns=("*.jsonl",),
        authority="observed",
        example="lineage load parcels notices.jsonl",
    )
    def read(source: Source, settings: NoSettings) -> Iterator[Said]:
        yield from source.each(_read_document)

It yields facts of ``lineage.facts``, ``Reject`` for what could not become one, and ``Finding`` for what is odd and was read
nevertheless; it never raises for bad content and
knows nothing of the graph. Its tests come free from its fixture folder ``tests/fixtures/<name>/``.
"""

from __future__ import annotations

import fnmatch
import itertools
import math
import reprlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, ClassVar, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from lineage.facts import Authority, Fact, Finding, Reject, Said
from loaders._parquet import parquet_columns, parquet_rows
from loaders._xml import parse_xml
from loaders.formats import binary, csv_columns, csv_rows, json_values, whole, yaml_documents
from loaders.sources import Document, Source, open_source

__all__ = [
    "Document",
    "Fact",
    "Feed",
    "Finding",
    "NoSettings",
    "Reject",
    "Said",
    "Settings",
    "Source",
    "UnusableError",
    "binary",
    "csv_columns",
    "csv_rows",
    "feed",
    "json_values",
    "make",
    "open_source",
    "parquet_columns",
    "parquet_rows",
    "parse_xml",
    "reasons",
    "shown",
    "whole",
    "yaml_documents",
]


class UnusableError(Exception):
    """A value of a row that a feed cannot use: the reason, and in ``hint`` what to do. The feed turns it into a reject."""

    def __init__(self, reason: str, hint: str) -> None:
        super().__init__(reason)
        self.hint = hint


class Settings(BaseModel):
    """Base of a feed's own settings (``--set name=value``); an unknown name is refused.

    ``files``: the names of those that are paths of files, which in a project file are relative to it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    files: ClassVar[frozenset[str]] = frozenset()


class NoSettings(Settings):
    """For feeds that have nothing to set."""


Reader = Callable[[Source, Any], Iterator[Said]]


def _never(url: str, settings: Any) -> str | None:
    return None


@dataclass(frozen=True)
class Feed:
    """A discovered feed.

    ``authority``: ``registry`` (somebody declared it), ``contract`` or ``observed``; decides who wins when two sources
    differ, and whether what it names counts as declared. ``patterns``: file names read from a directory.
    ``settings``: the class of its own settings; ``read`` gets an instance of it. ``live`` says of a URL and the settings what
    is read there, if it is an API that ``read`` asks itself, page by page (``Source.live``), and None if it is a file to be
    fetched. What it says identifies the source across runs. ``apart``: what a document says does not depend on the others, so
    several processes may read some each.
    """

    name: str
    title: str
    formats: str
    contributes: str
    patterns: tuple[str, ...]
    authority: Authority
    example: str
    settings: type[Settings]
    read: Reader
    live: Callable[[str, Any], str | None] = _never
    apart: bool = False

    def accepts(self, file_name: str) -> bool:
        """Whether a file found in a directory is one of this feed's, by its name without .gz."""
        bare = file_name.lower().removesuffix(".gz")
        return any(fnmatch.fnmatch(bare, pattern) for pattern in self.patterns)


def feed(
    *,
    name: str,
    title: str,
    formats: str,
    contributes: str,
    patterns: tuple[str, ...],
    authority: Authority,
    example: str,
    settings: type[Settings] = NoSettings,
    live: Callable[[str, Any], str | None] = _never,
    apart: bool = False,
) -> Callable[[Reader], Feed]:
    """Turn a generator into a ``Feed``. The module attribute it is bound to is what discovery finds."""

    def wrap(read: Reader) -> Feed:
        return Feed(name, title, formats, contributes, patterns, authority, example, settings, read, live, apart)

    return wrap


F = TypeVar("F", bound=Fact)


def make(fact: type[F], position: str, record: Any, **values: Any) -> F | Reject:
    """Build a fact, or the ``Reject`` that says which value was wrong. ``record`` is the row as it stood in the source."""
    try:
        return fact(position=position, **values)
    except ValidationError as error:
        reason, hint = reasons(error)
        return Reject(position=position, reason=reason, hint=hint, record=shown(record))


_MAX_RECORD_VALUES = 200
_MAX_RECORD_DEPTH = 8
_MAX_RECORD_TEXT = 2000


def shown(record: Any) -> Any:
    """``record`` as plain JSON values, bounded in size and depth: what a ``Reject`` keeps of a row.

    A YAML value may share its parts a billion times over, and a row may be nested as deep as its parser allows.
    """
    left = _MAX_RECORD_VALUES

    def plain(value: Any, depth: int) -> Any:
        nonlocal left
        left -= 1
        if value is None or isinstance(value, bool | int):
            return value
        if isinstance(value, float):
            return value if math.isfinite(value) else str(value)
        if isinstance(value, str):
            return _text(value)
        if left < 0 or depth == _MAX_RECORD_DEPTH:
            return "..."
        if isinstance(value, dict):
            some = itertools.islice(value.items(), max(left, 0))
            return {_text(str(key))[:100]: plain(part, depth + 1) for key, part in some}
        if isinstance(value, list | tuple):
            return [plain(part, depth + 1) for part in value[: max(left, 0)]]
        return _text(str(value))

    return plain(record, 0)


def _text(value: str) -> str:
    # JSON can say half a surrogate pair; UTF-8 cannot.
    return value[:_MAX_RECORD_TEXT].encode("utf-8", "backslashreplace").decode()


_REPR = reprlib.Repr()
_REPR.maxstring = _REPR.maxother = 80
_REPR.maxlevel = 2


def reasons(error: ValidationError, names: Mapping[str, str] = MappingProxyType({})) -> tuple[str, str]:
    """A validation error as (reason, hint), one clause for each wrong value.

    ``names``: {name in the fact: name in the source} where they differ.
    """
    clauses, hints = [], []
    for item in error.errors(include_url=False):
        where = ".".join(names.get(str(part), str(part)) for part in item["loc"]) or "record"
        if item["type"] == "extra_forbidden":
            clauses.append(f"unknown key {where!r}")
            hints.append(f"remove or correct {where!r}")
        elif item["type"] == "missing":
            clauses.append(f"{where!r} is missing")
            hints.append(f"add {where!r}")
        else:
            message = item["msg"].removeprefix("Value error, ")
            # reprlib, not repr: the value may be deep or share its parts endlessly (see ``shown``).
            clauses.append(f"{where}: {message} (got {_REPR.repr(item['input'])[:120]})" if item["loc"] else message)
            if item["type"] == "string_pattern_mismatch":
                hints.append(f"write {where} as kind:key, such as episode:acme-42")
            else:
                hints.append(f"correct {where}" if item["loc"] else "complete the record")
    return "; ".join(clauses), "; ".join(dict.fromkeys(hints))
