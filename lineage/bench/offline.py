"""A graph that is built offline, and its reference: neo4j-admin's bare import of the tables that the build made."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from lineage.bulk import build
from lineage.bulk.importing import import_tables
from lineage.bulk.tables import Part
from lineage.embedded import down, stopped
from lineage.embedded.home import Home, resolve
from lineage.project import read_project
from lineage.session import connect_embedded, rejects_path


@dataclass(frozen=True)
class Offline:
    """What a build of a whole simulation took, from its files to indexes that are online; and its reference, if it was measured.

    ``size``: nodes and relationships of the built graph; ``bare_size``: those that the tables held (the store wrote the others).
    """

    events: int
    seconds: float
    size: int
    bare_seconds: float | None = None
    bare_size: int | None = None

    @property
    def ratio(self) -> float | None:
        """Seconds of the reference by those of the build."""
        return None if self.bare_seconds is None else self.bare_seconds / self.seconds


def build_offline(project: Path, home: Path, reference: Path | None, say: Callable[[str], None]) -> Offline:
    """Build in the empty home and stop its server; then import the same tables bare in ``reference``, a home that is gone afterwards.

    Both times include the start of the server, and its constraints and indexes, awaited.
    """
    kept = _Kept(resolve(reference)) if reference else None
    started = time.perf_counter()
    reports = build(
        read_project(project),
        home,
        rejects=lambda _: rejects_path(home),
        workers=os.cpu_count() or 1,
        say=say,
        imported=kept.take if kept else lambda parts: None,
    )
    built = Offline(
        sum(report.facts for report in reports if report.feed == "handoffs"), time.perf_counter() - started, _size(home)
    )
    down(home)
    if kept is None:
        return built
    say("reference")
    seconds, size = kept.imported()
    return replace(built, bare_seconds=seconds, bare_size=size)


@dataclass
class _Kept:
    """The tables of a build, moved to another home on the same disk."""

    home: Home
    parts: list[Part] = field(default_factory=list)

    @property
    def folder(self) -> Path:
        return self.home.root / "tables"

    def take(self, parts: Sequence[Part]) -> None:
        self.home.create()
        self.folder.mkdir()
        for part in parts:
            self.parts.append(replace(part, path=part.path.rename(self.folder / part.path.name)))

    def imported(self) -> tuple[float, int]:
        """Import them into the home: how long that took, and how many nodes and relationships it gave."""
        try:
            started = time.perf_counter()
            with stopped(self.home.root):
                import_tables(self.home, self.folder, self.parts)
            with connect_embedded(self.home.root) as session:
                session.graph.prepare()
            return time.perf_counter() - started, _size(self.home.root)
        finally:
            down(self.home.root)
            shutil.rmtree(self.home.root)


def _size(home: Path) -> int:
    with connect_embedded(home) as session:
        (counts,) = session.graph.read("RETURN COUNT { () } AS nodes, COUNT { ()-[]->() } AS relationships").rows
    return int(counts["nodes"] + counts["relationships"])
