"""Loading: a feed and a source, wired to a run. The one place in ``lineage`` that knows ``loaders``."""

from __future__ import annotations

import difflib
import hashlib
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from lineage.ahead import ahead
from lineage.contracts import Version, version_of
from lineage.errors import NotFoundError, SourceError, UsageError
from lineage.facts import Fact, Reject, Said
from lineage.graph import Graph
from lineage.ingest import DEFAULT_BATCH, Load, Report, Written, write
from loaders import discover
from loaders.base import Document, Feed, Settings, Source, csv_columns, open_source, reasons, yaml_documents


def find_feed(name: str) -> Feed:
    """The feed of that name. Raises NotFoundError with the nearest names."""
    feeds = discover()
    if name not in feeds:
        raise NotFoundError(
            f"No feed is called {name}.",
            hint="`lineage feeds` lists them.",
            nearest=tuple(difflib.get_close_matches(name, feeds, 3, 0.4)),
        )
    return feeds[name]


def settings_for(feed: Feed, given: Mapping[str, Any]) -> Settings:
    """A feed's settings from ``--set`` pairs, where ``a.b=c`` sets key b of setting a, or from nested values. Raises UsageError."""
    nested: dict[str, Any] = {}
    for name, value in given.items():
        head, dot, rest = name.partition(".")
        if dot:
            nested.setdefault(head, {})[rest] = value
        else:
            nested[head] = value
    try:
        return feed.settings(**nested)
    except ValidationError as error:
        reason, _ = reasons(error)
        known = ", ".join(feed.settings.model_fields) or "none"
        raise UsageError(f"Settings of {feed.name}: {reason}.", hint=f"It takes: {known}.") from error


@dataclass(frozen=True)
class OpenedSource:
    """An opened source with its feed: the facts come from ``said``."""

    feed: Feed
    source: Source
    settings: Settings

    def said(self) -> Iterator[Said]:
        """What the source says, as facts and rejects."""
        return self.feed.read(self.source, self.settings)

    def about(self) -> Load:
        """What a run says of it."""
        return Load(
            feed=self.feed.name,
            source=self.source.name,
            authority=self.feed.authority,
            sha256=self.source.sha256,
            fingerprint=_fingerprint(self),
            stream=self.source.stream,
        )

    @property
    def about_bytes(self) -> int:
        """About how much it holds, unpacked."""
        return sum(map(_about_bytes, self.source.documents))

    def portions(self, most_bytes: int) -> list[Portion]:
        """The source in parts that can be read apart, by other processes too: one, unless its feed reads documents one by one."""
        portions: list[list[Document]] = [[]]
        size = 0
        for document in self.source.documents if self.feed.apart else ():
            size += (more := _about_bytes(document))
            if portions[-1] and size > most_bytes:
                portions.append([])
                size = more
            portions[-1].append(document)
        if not portions[0]:
            return [Portion(self.feed.name, self.source, self.settings)]
        return [Portion(self.feed.name, replace(self.source, documents=tuple(part)), self.settings) for part in portions]


_PACKED = 10


def _about_bytes(document: Document) -> int:
    packed = document.member is not None or document.path.suffix in {".gz", ".parquet"}
    return document.path.stat().st_size * (_PACKED if packed else 1)


@dataclass(frozen=True)
class Portion:
    """A part of a source that another process can read: ``OpenedSource`` with its feed by name."""

    feed: str
    source: Source
    settings: Settings

    def said(self) -> Iterator[Said]:
        """See ``OpenedSource.said``."""
        return find_feed(self.feed).read(self.source, self.settings)


@contextmanager
def opened(
    feed_name: str, source: str, *, given: Mapping[str, Any] | None = None, name: str | None = None
) -> Iterator[OpenedSource]:
    """Open a source for a feed; downloads live as long as the context. Raises NotFoundError, SourceError, UsageError."""
    feed = find_feed(feed_name)
    settings = settings_for(feed, given or {})
    if (read_there := feed.live(source, settings)) is not None:
        yield OpenedSource(feed, Source(name or read_there, (), live=source), settings)
        return
    with tempfile.TemporaryDirectory(prefix="lineage-") as scratch:
        yield OpenedSource(feed, open_source(source, accepts=feed.accepts, scratch=Path(scratch), name=name), settings)


def load(
    graph: Graph,
    feed_name: str,
    source: str,
    *,
    rejects: Callable[[], Path],
    settings: Mapping[str, Any] | None = None,
    name: str | None = None,
    batch_size: int = DEFAULT_BATCH,
    progress: Callable[[int], None] = lambda facts: None,
) -> Report:
    """Load one source into the graph.

    ``source``: file, directory, glob, URL or ``-``; ``name``: what identifies it across runs, the source itself by default.
    ``rejects`` gives the path of the rejects file. Raises NotFoundError, SourceError, UsageError, ServerError, RefusedError.
    """
    return write_source(
        graph, feed_name, source, rejects=rejects, settings=settings, name=name, batch_size=batch_size, progress=progress
    ).finish()


def write_source(
    graph: Graph,
    feed_name: str,
    source: str,
    *,
    rejects: Callable[[], Path],
    settings: Mapping[str, Any] | None = None,
    name: str | None = None,
    batch_size: int = DEFAULT_BATCH,
    progress: Callable[[int], None] = lambda facts: None,
    readers: int = 1,
    stop: threading.Event | None = None,
) -> Written:
    """``load`` up to the closing of the run.

    ``readers``: with several, threads read ahead of the writer, a document each where the feed reads them one by one; ``stop``, when
    it is set, ends that with StoppedError.
    """
    with opened(feed_name, source, given=settings, name=name) as reading, ExitStack() as stack:
        said = reading.said()
        if readers > 1:
            streams = [portion.said for portion in reading.portions(0)]
            said = stack.enter_context(closing(ahead(streams, readers, stop or threading.Event())))
        return write(graph, reading.about(), said, rejects=rejects(), batch_size=batch_size, progress=progress)


def read_versions(
    old: str, new: str, *, feed: str | None = None, settings: Mapping[str, Any] | None = None
) -> tuple[Version, Version, tuple[str, ...]]:
    """Two versions of a contract, as the facts that its feed says of each, and what of them could not be read.

    ``feed``: told by the content of the two if None. Raises NotFoundError, SourceError, UsageError.
    """
    name = feed or recognise(old)
    if feed is None and (other := recognise(new)) != name:
        raise UsageError(f"{old} is for the feed {name} and {new} for {other}.", hint="Name two versions of the same contract.")
    versions, not_read = [], []
    for source in (old, new):
        with opened(name, source, given=settings) as reading:
            said = list(reading.said())
        rejects = [one for one in said if isinstance(one, Reject)]
        if not any(isinstance(one, Fact) for one in said):
            why = f"{rejects[0].position}: {rejects[0].reason}" if rejects else "it is empty"
            hint = rejects[0].hint if rejects else "Name the right file."
            raise SourceError(f"{source} says nothing that can be compared: {why}.", hint=f"{hint[:1].upper()}{hint[1:]}.")
        not_read += [f"{source}: {one.position}: {one.reason}" for one in rejects]
        versions.append(version_of(said, source))
    return versions[0], versions[1], tuple(not_read)


def recognise(source: str) -> str:
    """The feed that reads a contract or schema, by its content. Raises SourceError where none does."""
    with tempfile.TemporaryDirectory(prefix="lineage-") as scratch:
        document = open_source(source, accepts=lambda name: True, scratch=Path(scratch)).documents[0]
        content = _content(document)
        for feed, told in _TOLD_BY.items():
            if isinstance(content, dict) and told(content):
                return feed
        if not isinstance(content, dict | list) and csv_columns(document):
            return "csv-header"
    raise SourceError(
        f"{source} is no contract or schema that is known by its content ({', '.join(_TOLD_BY)} or the header of a CSV).",
        hint="Say which feed reads it: --feed NAME.",
    )


_TOLD_BY: dict[str, Callable[[dict[Any, Any]], bool]] = {
    "openapi": lambda content: "openapi" in content or "swagger" in content,
    "asyncapi": lambda content: "asyncapi" in content,
    "odcs": lambda content: content.get("kind") == "DataContract",
    "dbt": lambda content: isinstance(about := content.get("metadata"), dict) and "dbt_schema_version" in about,
    "json-schema": lambda content: any(word in content for word in ("$schema", "properties", "$defs", "definitions")),
}


def _content(document: Document) -> Any:
    """The first YAML or JSON value; None where the name or the first line tell that it is a table."""
    bare = document.name.lower().removesuffix(".gz")
    if bare.endswith((".csv", ".tsv")):
        return None
    first = next(iter(yaml_documents(document)), None)
    return first[1] if isinstance(first, tuple) else None


def _fingerprint(reading: OpenedSource) -> str:
    """What else decides what the same bytes mean: settings, names of documents, and the version of the product."""
    names = sorted(document.name for document in reading.source.documents)
    text = "\0".join([product_version(), reading.settings.model_dump_json(), *names])
    return hashlib.sha256(text.encode()).hexdigest()


def product_version() -> str:
    """The installed version of this product."""
    try:
        return version("lineage-platform")
    except PackageNotFoundError:
        return "0"
