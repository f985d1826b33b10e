"""Wrappers and what they wrap, across the documents of one load; circles and chains that are too long."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from lineage.facts import Finding
from loaders._vast_document import Ad, Vast, file_name
from loaders._vast_urls import host_of

_MAX_SHOWN = 12


@dataclass
class Library:
    """The documents of a load. ``asked``: addresses that were fetched or tried: none is asked twice."""

    documents: list[Vast] = field(default_factory=list)
    asked: set[str] = field(default_factory=set)
    _names: dict[str, int] = field(default_factory=dict)

    def add(self, vast: Vast) -> None:
        """Keep a document; the first of a name has it."""
        self._names.setdefault(vast.name, len(self.documents))
        self.documents.append(vast)

    def wrapped(self, ad: Ad) -> int | None:
        """The number of the document that a wrapper points to, if it is here."""
        if ad.target is None:
            return None
        found = self._names.get(ad.target)
        return self._names.get(file_name(ad.target)) if found is None else found

    def unresolved(self) -> list[tuple[Ad, str]]:
        """The wrappers whose document is not here and was not asked for, one for each address."""
        found: dict[str, tuple[Ad, str]] = {}
        for vast in self.documents:
            for ad in vast.ads:
                if ad.target is not None and ad.target not in self.asked and self.wrapped(ad) is None:
                    found.setdefault(ad.target, (ad, ad.target))
        return list(found.values())

    def servers(self) -> list[str | None]:
        """The host that each document came from: its own address, else the wrapper's that points to it."""
        hosts = [vast.server for vast in self.documents]
        for vast in self.documents:
            for ad in vast.ads:
                number = self.wrapped(ad)
                if number is not None and hosts[number] is None:
                    hosts[number] = host_of(ad.target)
        return hosts

    def around(self) -> dict[int, list[tuple[int, Ad]]]:
        """The wrappers that point to each document, as (their document, ad)."""
        around: dict[int, list[tuple[int, Ad]]] = {}
        for number, vast in enumerate(self.documents):
            for ad in vast.ads:
                if (inner := self.wrapped(ad)) is not None:
                    around.setdefault(inner, []).append((number, ad))
        return around

    def findings(self, max_depth: int) -> Iterator[Finding]:
        """What is odd in single documents and in their chains."""
        for vast in self.documents:
            yield from vast.findings
        inner = [list(dict.fromkeys(n for ad in vast.ads if (n := self.wrapped(ad)) is not None)) for vast in self.documents]
        order, circles = _walk(inner)
        for circle in circles:
            names = [self.documents[number].shown for number in circle]
            detail = f"{_chain([*names, names[0]])}: no player ever gets to the ad (VAST error 302)"
            yield self._finding(circle[0], "wrapper-loop", detail)
        back = {(circle[-1], circle[0]) for circle in circles}
        depth, following = [0] * len(inner), [-1] * len(inner)
        endless = {number for circle in circles for number in circle}
        within: set[int] = set()
        for number in order:  # what is wrapped comes before its wrapper
            wrapping = any(ad.target is not None for ad in self.documents[number].ads)
            nexts = [n for n in inner[number] if (number, n) not in back]
            within.update(nexts)
            if not endless.isdisjoint(nexts):
                endless.add(number)
            following[number] = max(nexts, key=lambda n: depth[n], default=-1)
            depth[number] = wrapping + (depth[following[number]] if nexts else 0)
        for number in range(len(inner)):
            if number not in within and number not in endless and depth[number] > max_depth:
                way = [number]
                while following[way[-1]] >= 0:
                    way.append(following[way[-1]])
                detail = f"{depth[number]} wrappers in a row, {max_depth} is the limit: {_chain([self.documents[n].shown for n in way])}"
                yield self._finding(number, "wrapper-depth", detail)

    def _finding(self, number: int, finding: str, detail: str) -> Finding:
        vast = self.documents[number]
        return Finding(position=vast.document.at("file"), finding=finding, subject=vast.shown, detail=detail)


def wrappers_of(number: int, around: dict[int, list[tuple[int, Ad]]]) -> list[tuple[int, Ad]]:
    """All wrappers around a document as (document, ad), the nearest first. ``around``: of ``Library.around``."""
    found, seen, todo = [], {number}, [number]
    for inner in todo:
        for outer, ad in around.get(inner, ()):
            found.append((outer, ad))
            if outer not in seen:
                seen.add(outer)
                todo.append(outer)
    return found


def _chain(names: list[str]) -> str:
    shown = names if len(names) <= _MAX_SHOWN else [*names[: _MAX_SHOWN - 1], "...", names[-1]]
    return " > ".join(shown)


def _walk(inner: list[list[int]]) -> tuple[list[int], list[list[int]]]:
    """Depth first without recursion: the documents, each after what it wraps, and the circles that were met."""
    order: list[int] = []
    circles: list[list[int]] = []
    done = [False] * len(inner)
    for start in range(len(inner)):
        if done[start]:
            continue
        path, place, todo = [start], {start: 0}, [iter(inner[start])]
        while path:
            following = next(todo[-1], None)
            if following is None:
                todo.pop()
                done[last := path.pop()] = True
                del place[last]
                order.append(last)
            elif following in place:
                circles.append(path[place[following] :])
            elif not done[following]:
                place[following] = len(path)
                path.append(following)
                todo.append(iter(inner[following]))
    return order, circles
