"""A project file, ``lineage.yaml``: all sources of a partner network with their settings, loaded by one command.

::

    sources:
      - feed: handoffs
        source: logs/*.csv            # relative to this file; or a URL
        name: support-desk            # optional: what identifies it across runs, the path by default
        settings: {column: {time: Timestamp}, constant: {source: support-desk}}
"""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from lineage.errors import NotFoundError, RefusedError, UsageError
from lineage.facts import Reject
from lineage.loading import find_feed, settings_for
from loaders import discover
from loaders.base import Document, Feed, reasons, yaml_documents


class ProjectSource(BaseModel):
    """One source: which feed reads it, where it is (a path relative to the project file, a glob, or a URL)."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    feed: str
    source: str
    name: str | None = None
    settings: dict[str, Any] = Field(default_factory=dict)

    @field_validator("settings", mode="before")
    @classmethod
    def _words(cls, given: Any) -> Any:
        return _plain(given)


def _plain(given: Any) -> Any:
    """Mappings with text as keys: YAML reads {200: accepted} with a number, and it is the log's word all the same.

    What is left empty (``timezone:``) is not said.
    """
    if not isinstance(given, dict):
        return given
    return {str(key): _plain(value) for key, value in given.items() if value is not None}


class Project(BaseModel):
    """What ``lineage.yaml`` says."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    sources: list[ProjectSource] = Field(default_factory=list)

    @field_validator("sources", mode="before")
    @classmethod
    def _none_yet(cls, given: Any) -> Any:
        return [] if given is None else given


def read_project(path: Path) -> list[ProjectSource]:
    """The sources of a project file, with their paths made absolute, every feed and setting checked.

    Raises UsageError, or NotFoundError for a feed, naming file, position, reason and what to do.
    """
    if not path.is_file():
        raise UsageError(f"{path} does not exist.", hint="`lineage init` writes one to start from.")
    try:
        values = list(yaml_documents(Document(path.name, path)))
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} cannot be read: {error}.", hint="Save it as UTF-8 text.") from error
    for value in values:
        if isinstance(value, Reject):
            raise UsageError(f"{path}: {value.position}: {value.reason}.", hint=f"{value.hint.capitalize()}.")
    given = values[0][1] if len(values) == 1 and not isinstance(values[0], Reject) else None
    if not isinstance(given, dict):
        raise UsageError(f"{path} is no project file: it has no list of sources.", hint="`lineage init` writes one.")
    try:
        project = Project.model_validate(given)
    except ValidationError as error:
        reason, hint = reasons(error)
        raise UsageError(f"{path}: {reason}.", hint=f"{hint.capitalize()}.") from error
    if not project.sources:
        raise UsageError(f"{path} names no source yet.", hint="Remove the # before those that you have.")
    return [_checked(path, number, source) for number, source in enumerate(project.sources)]


def _checked(path: Path, number: int, source: ProjectSource) -> ProjectSource:
    try:
        feed = find_feed(source.feed)
        files = {name: _beside(path, file) for name, file in source.settings.items() if name in feed.settings.files}
        source = source.model_copy(update={"settings": source.settings | files})
        settings_for(feed, source.settings)
    except UsageError as error:
        raise UsageError(f"{path}: /sources/{number}: {error.message}", hint=error.hint) from error
    except NotFoundError as error:
        raise NotFoundError(f"{path}: /sources/{number}: {error.message}", hint=error.hint, nearest=error.nearest) from error
    if urlsplit(source.source).scheme in {"http", "https"}:
        return source
    return source.model_copy(update={"source": _beside(path, source.source)})


def _beside(path: Path, file: Any) -> Any:
    """A path in the project file as an absolute one; what is no text is for the setting to refuse."""
    return str(path.absolute().parent / Path(file).expanduser()) if isinstance(file, str) else file


def write_starter(path: Path) -> None:
    """Write a commented starter file that names every feed there is. Raises RefusedError if the file exists."""
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write("\n".join(_starter()) + "\n")
    except FileExistsError:
        raise RefusedError(f"{path} exists already.", hint="Name another file, or move this one away first.") from None
    except OSError as error:
        raise UsageError(
            f"{path} cannot be written: {error}.", hint="Name a file in a directory that you can write."
        ) from error


def _starter() -> Iterator[str]:
    yield "# The sources of this project. Load them all, in any order, as often as you like:"
    yield "#"
    yield "#     lineage load --config lineage.yaml"
    yield "#"
    yield "# feed: what reads it (`lineage feeds`). source: a file, directory, glob or URL; paths are relative to this file."
    yield "# name: optional; what identifies the source across runs, the path by default. settings: the feed's own, files among them"
    yield "# relative to this file, too."
    yield "# Remove the # before what you have."
    yield ""
    yield "sources:"
    for feed in discover().values():
        yield ""
        yield from (f"  # {line}" for line in textwrap.wrap(f"{feed.title}: {feed.contributes}", 100))
        yield f"  # - feed: {feed.name}"
        yield f"  #   source: {feed.example.split()[3]}"
        yield from _starter_settings(feed)


def _starter_settings(feed: Feed) -> Iterator[str]:
    fields = feed.settings.model_fields
    if not fields:
        return
    yield "  #   settings:"
    for name, field in fields.items():
        value = field.get_default(call_default_factory=True)
        shown = "" if value is None else json.dumps(value)
        yield f"  #     {name}: {shown}".rstrip() + (f"   # {field.description}" if field.description else "")
