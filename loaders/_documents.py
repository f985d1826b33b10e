"""The contract documents of one source, and where a ``$ref`` in one of them leads.

A reference is RFC 3986, section 4.4 (another document, relative to this one), with a JSON pointer as its fragment (RFC 6901).
It is followed within the document and into other documents of the same source, never into the network or elsewhere on the disk.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

from loaders.base import Document, Finding, Reject, Said, Source, UnusableError, shown, yaml_documents


@dataclass(frozen=True, eq=False)
class Part:
    """One YAML or JSON document; a file may hold several. ``base``: its place in the file, empty for the first."""

    document: Document
    base: str
    root: Any

    def at(self, pointer: str) -> str:
        """The position of a JSON pointer in it."""
        return self.document.at((self.base + pointer) or "/")

    @property
    def called(self) -> str:
        """Where it was fetched, else the name of its file."""
        return self.document.url or self.document.name


@dataclass(frozen=True, eq=False)
class Place:
    """A value in a document, and its JSON pointer."""

    part: Part
    pointer: str
    value: Any

    @property
    def key(self) -> tuple[int, str]:
        """What tells it from other places."""
        return id(self.part), self.pointer

    @property
    def position(self) -> str:
        """As facts and rejects name it."""
        return self.part.at(self.pointer)

    def __truediv__(self, name: object) -> Place:
        """The value below it by that key or index, which may be None."""
        token = str(name).replace("~", "~0").replace("/", "~1")
        below = None
        if isinstance(self.value, dict):
            below = self.value.get(name)
        elif isinstance(self.value, list) and isinstance(name, int) and name < len(self.value):
            below = self.value[name]
        return Place(self.part, f"{self.pointer}/{_printable(token)}", below)

    def entries(self) -> Iterator[tuple[str, Place]]:
        """What is below it, by name as text; nothing where it is no mapping."""
        if isinstance(self.value, dict):
            for name in self.value:
                yield _printable(str(name)), self / name

    def elements(self) -> Iterator[Place]:
        """What is below it in order; nothing where it is no list."""
        if isinstance(self.value, list):
            for index in range(len(self.value)):
                yield self / index

    def text(self, name: str) -> str | None:
        """The value below it as text; None where it is none, or empty."""
        return text_of(self.value.get(name)) if isinstance(self.value, dict) else None

    def finding(self, finding: str, subject: str, detail: str) -> Finding:
        """Something odd here."""
        return Finding(position=self.position, finding=finding, subject=subject[:300], detail=detail)

    def reject(self, reason: str, hint: str) -> Reject:
        """This could not be read."""
        return Reject(position=self.position, reason=reason, hint=hint, record=shown(self.value))


def _printable(text: str) -> str:
    return text[:300].encode("utf-8", "backslashreplace").decode()


def text_of(value: Any) -> str | None:
    """A scalar as text, None where it is none, or empty: versions and names are often written as numbers."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    return str(value).encode("utf-8", "backslashreplace").decode().strip() or None


class OutsideError(Exception):
    """A reference that leads out of the source; the text says where to."""


class Contracts:
    """The documents of a source, by name."""

    def __init__(self) -> None:
        self._parts: dict[str, list[Part]] = {}
        self._referred: set[str] = set()

    def collect(self, source: Source) -> Iterator[Said]:
        """Read all documents; yields rejects only."""
        yield from source.each(self._collect)

    def _collect(self, document: Document) -> Iterator[Said]:
        parts = self._parts.setdefault(document.name, [])
        broken = False
        for one in yaml_documents(document):
            if isinstance(one, Reject):
                broken = True
                yield one
            else:
                parts.append(Part(document, f"/{len(parts)}" if parts else "", one[1]))
        if not parts and not broken:
            yield Reject(position=document.at("file"), reason=f"{document.name} is empty", hint="name the contract's file")

    def read(self, accepts: Callable[[Any], bool], read: Callable[[Place], Iterator[Said]], *, wanted: str) -> Iterator[Said]:
        """What ``read`` says of each document that ``accepts`` takes. ``wanted``: how one is told, for the reject of the others."""
        roots = [Place(part, "", part.root) for parts in self._parts.values() for part in parts]
        for root in roots:
            if accepts(root.value):
                yield from read(root)
        for root in roots:
            # What a contract refers to (its schemas in a file of their own) is no contract and need not be one.
            if not accepts(root.value) and root.part.document.name not in self._referred:
                yield Reject(
                    position=root.position,
                    reason=f"{root.part.document.name} is no such contract: {_what(root.value)}",
                    hint=f"name a file with {wanted}; {_OTHERS}",
                    record=shown(root.value),
                )

    def resolve(self, place: Place, reference: Any) -> Place:
        """Where a ``$ref`` at ``place`` leads. Raises UnusableError where it leads nowhere, OutsideError where it leaves the source."""
        if not isinstance(reference, str):
            raise UnusableError("a $ref is not text", "write it as '#/components/schemas/Name'")
        try:
            split = urlsplit(reference)
        except ValueError as error:
            raise UnusableError(f"$ref {reference[:200]!r} is no reference: {error}", "correct the reference") from error
        if split.scheme or split.netloc:
            raise OutsideError(reference)
        target = Place(place.part, "", place.part.root)
        if split.path:
            folder = posixpath.dirname(place.part.document.name)
            name = posixpath.normpath(posixpath.join(folder, unquote(split.path)))
            found = self._parts.get(name) or [p for n, ps in self._parts.items() if posixpath.normpath(n) == name for p in ps]
            if not found:
                raise OutsideError(reference)
            self._referred.add(found[0].document.name)
            target = Place(found[0], "", found[0].root)
        first, *tokens = unquote(split.fragment).split("/")
        for token in tokens:
            target = _step(target, token.replace("~1", "/").replace("~0", "~"))
        if first or target.value is None:
            raise UnusableError(f"$ref {reference[:200]!r} leads nowhere", "correct the reference, or define what it names")
        return target


_OTHERS = "openapi, asyncapi, odcs and json-schema are feeds of their own"


def _step(place: Place, token: str) -> Place:
    if isinstance(place.value, list) and token.isdecimal() and len(token) < 9:
        return place / int(token)
    if isinstance(place.value, dict) and token not in place.value:
        # YAML's unquoted 200 is a number.
        return place / next((key for key in place.value if str(key) == token), token)
    return place / token


def _what(value: Any) -> str:
    if not isinstance(value, dict):
        return f"its top level is a {type(value).__name__}, not a mapping"
    return "it begins with " + ", ".join(repr(str(key)[:40]) for key in list(value)[:3])
