"""What the user named on the command line, opened: file, directory, glob, URL, ``-``, .gz and .zip.

Everything becomes local ``Document``s first (URLs and standard input through a temporary file), so that the content's
SHA-256 is known before parsing and an unchanged source is recognised without reading it again.
"""

from __future__ import annotations

import glob
import gzip
import hashlib
import lzma
import shutil
import sys
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import IO, BinaryIO, cast
from urllib.parse import urlsplit

import httpx

from lineage.errors import SourceError
from lineage.facts import Reject, Said

_GZIP = b"\x1f\x8b"
_UNREADABLE = (EOFError, OSError, zlib.error, lzma.LZMAError, zipfile.BadZipFile, UnicodeError)


@dataclass(frozen=True)
class Document:
    """One file of a source. ``name`` is how positions name it; ``member`` is set inside a .zip; ``url`` if it came from one."""

    name: str
    path: Path
    member: str | None = None
    url: str | None = None
    alone: bool = True

    def __post_init__(self) -> None:
        # A file name need not be UTF-8; what names a position must be.
        object.__setattr__(self, "name", self.name.encode("utf-8", "backslashreplace").decode())

    def at(self, locator: str) -> str:
        """A position: the locator alone when the source is one file, else behind the file's name."""
        return locator if self.alone else f"{self.name}: {locator}"

    def open(self) -> BinaryIO:
        """The decompressed bytes. Raises OSError, EOFError or zlib.error where they are damaged."""
        if self.member is not None:
            with zipfile.ZipFile(self.path) as archive:
                try:
                    # The archive's own handle stays open as long as the member's stream does.
                    stream: IO[bytes] = archive.open(self.member)
                except RuntimeError as error:  # encrypted, or a compression method that Python lacks
                    raise OSError(f"{self.member} cannot be unpacked: {error}") from error
            packed = stream.read(2) == _GZIP
            stream.seek(0)
            return cast(BinaryIO, gzip.GzipFile(fileobj=stream) if packed else stream)
        # Opened by path: a GzipFile that is given a stream would leave it open.
        with self.path.open("rb") as probe:
            packed = probe.read(2) == _GZIP
        return cast(BinaryIO, gzip.open(self.path) if packed else self.path.open("rb"))


@dataclass(frozen=True)
class Source:
    """What one load reads. ``name`` identifies it across runs; ``skipped`` are files in a directory that no pattern took.

    ``stream``: standard input. ``live``: the address of an API that the feed itself asks; then there are no documents.
    """

    name: str
    documents: tuple[Document, ...]
    skipped: tuple[str, ...] = ()
    stream: bool = False
    live: str | None = None

    @cached_property
    def sha256(self) -> str:
        """Of the raw bytes of all documents, independent of their names and order; empty where nobody knows before reading."""
        if self.live is not None:
            return ""
        digests = set()
        for path in {document.path for document in self.documents}:
            with path.open("rb") as stream:
                digests.add(hashlib.file_digest(stream, "sha256").hexdigest())
        return hashlib.sha256("".join(sorted(digests)).encode()).hexdigest()

    @property
    def bytes(self) -> int:
        """Size on disk of all documents, for the progress bar."""
        return sum(path.stat().st_size for path in {document.path for document in self.documents})

    def each(self, read: Callable[[Document], Iterator[Said]]) -> Iterator[Said]:
        """Run ``read`` over every document; one that breaks off becomes a reject and the next ones still load."""
        for document in self.documents:
            try:
                yield from read(document)
            except _UNREADABLE as error:
                yield Reject(
                    position=document.at("file"),
                    reason=f"{document.name} breaks off or cannot be decoded: {error}",
                    hint="fetch it again, or save it as UTF-8; rows before that point were loaded",
                )


def open_source(
    given: str,
    *,
    accepts: Callable[[str], bool],
    scratch: Path,
    name: str | None = None,
) -> Source:
    """Open what the user named.

    ``accepts`` says which file names of a directory or archive belong to the feed; a file named by itself is always read.
    ``scratch`` is an existing directory for downloads, kept by the caller as long as the source is read.
    Raises SourceError when nothing is there, or a directory holds no such file.
    """
    if given == "-":
        target = Path(tempfile.mkdtemp(dir=scratch)) / "stdin"
        with target.open("wb") as out:
            shutil.copyfileobj(sys.stdin.buffer, out)
        return Source(name or "-", (Document("-", target),), stream=True)
    if urlsplit(given).scheme in {"http", "https"}:
        return Source(name or given, _expand(_download(given, scratch), given, accepts, url=given))
    path = Path(given)
    # Where it stands, not how it was typed: the same relative path in another directory is another source.
    name = name or str(path.absolute())
    if path.is_dir():
        found = sorted(file for file in path.rglob("*") if file.is_file() and not _hidden(file, path))
        taken = [file for file in found if accepts(file.name) or file.suffix.lower() == ".zip"]
        skipped = tuple(str(file.relative_to(path)) for file in found if file not in set(taken))
        if not taken:
            raise SourceError(
                f"{given} holds no file that this feed reads ({len(found)} other files).",
                hint="Name a file directly to read it whatever its name is; `lineage feeds` lists the file names.",
            )
        documents = [d for file in taken for d in _expand(file, str(file.relative_to(path)), accepts)]
        return Source(name or given, _marked(documents), skipped)
    if not path.exists() and glob.has_magic(given):
        found_files = (Path(hit) for hit in glob.glob(given, recursive=True))  # noqa: PTH207  (Path.glob takes no absolute one)
        files = sorted(file for file in found_files if file.is_file())
        if not files:
            raise SourceError(f"No file matches {given}.", hint="Check the pattern; quote it to keep the shell from it.")
        return Source(name or given, _marked([d for file in files for d in _expand(file, str(file), accepts)]))
    if not path.is_file():
        raise SourceError(f"{given} does not exist.", hint="Check the path; it is read relative to the current directory.")
    return Source(name or given, _expand(path, path.name, accepts))


def _marked(documents: list[Document]) -> tuple[Document, ...]:
    if len(documents) < 2:
        return tuple(documents)
    return tuple(Document(d.name, d.path, d.member, d.url, alone=False) for d in documents)


def _hidden(file: Path, root: Path) -> bool:
    return any(part.startswith(".") for part in file.relative_to(root).parts)


def _expand(path: Path, shown: str, accepts: Callable[[str], bool], url: str | None = None) -> tuple[Document, ...]:
    if not zipfile.is_zipfile(path):
        return (Document(shown, path, url=url),)
    with zipfile.ZipFile(path) as archive:
        members = [m for m in archive.namelist() if not m.endswith("/")]
    taken = [m for m in members if accepts(Path(m).name)] or (members if len(members) == 1 else [])
    if not taken:
        raise SourceError(f"{shown} holds no file that this feed reads ({len(members)} other files).", hint="Unpack it first.")
    return _marked([Document(f"{shown}!{member}", path, member, url) for member in taken])


def _download(url: str, scratch: Path) -> Path:
    target = Path(tempfile.mkdtemp(dir=scratch)) / (Path(urlsplit(url).path).name or "download")
    try:
        # No transport of our own for its retries: httpx would then ignore HTTPS_PROXY.
        with httpx.Client(follow_redirects=True, timeout=30) as client, client.stream("GET", url) as response:
            response.raise_for_status()
            with target.open("wb") as out:
                # iter_bytes undoes Content-Encoding; a .gz that is itself the resource is kept as it is.
                for chunk in response.iter_bytes():
                    out.write(chunk)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        hint = "Check the address, or save the file and load that."
        raise SourceError(f"{url} could not be read: {error}.", hint=hint) from error
    return target
