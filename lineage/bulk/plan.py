"""What all steps of an offline build know: the sources, where the steps leave their records, and how many parts there are."""

from __future__ import annotations

import shutil
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from lineage.bulk.spill import Spill, read_records, write_records
from lineage.facts import Authority
from lineage.identity import Merger
from lineage.ingest import MAX_FINDINGS, Taken


class About(NamedTuple):
    """A source, as its assertions name it."""

    feed: str
    source: str
    authority: Authority


@dataclass(frozen=True)
class Plan:
    """One build. ``folder``: all that it writes before the import; ``partitions``: in how many parts records are split by key."""

    folder: Path
    partitions: int
    sources: tuple[About, ...]

    def records(self, step: str) -> Path:
        """Where a step finds its records."""
        return self.folder / step

    def spill(self, step: str, job: str) -> Spill:
        """A job's own file of records for a later step."""
        return Spill(self.records(step) / f"{job}.spill", self.partitions)

    def forget(self, *steps: str) -> None:
        """Give back the disk that the records for these steps took."""
        for step in steps:
            shutil.rmtree(self.records(step))

    @property
    def tables(self) -> Path:
        """Where the tables for the importer go."""
        return self.folder / "tables"


@dataclass(frozen=True)
class Merged:
    """Items that are one by their identifiers: each member of a group with the group's name."""

    names: dict[str, str]

    def __call__(self, item: str) -> str:
        """The item that this id names."""
        return self.names.get(item, item)

    @classmethod
    def of(cls, groups: Iterable[Iterable[str]]) -> Merged:
        """From groups of items that share a version identifier; groups that have a member in common are one."""
        merger = Merger()
        members: set[str] = set()
        for group in groups:
            several = tuple(group)
            merger.union(several)
            members.update(several)
        return cls({item: merger.find(item) for item in members})

    def write(self, plan: Plan) -> None:
        """For the steps that follow."""
        write_records(plan.folder / "merged", self.names.items())

    @classmethod
    def read(cls, plan: Plan) -> Merged:
        """What ``write`` wrote."""
        return cls(dict(read_records(plan.folder / "merged")))


def _taken() -> defaultdict[int, Taken]:
    return defaultdict(Taken)


@dataclass
class Tally:
    """What a step counts for each source, by its place in the plan: the reports of ``lineage load`` are made of it."""

    taken: defaultdict[int, Taken] = field(default_factory=_taken)

    def add(self, other: Tally) -> None:
        """Add another job's counts to these."""
        for place, more in other.taken.items():
            mine = self.taken[place]
            mine.facts += more.facts
            mine.created += more.created
            mine.changed += more.changed
            mine.unchanged += more.unchanged
            mine.findings += more.findings[: MAX_FINDINGS - len(mine.findings)]
            mine.bare += more.bare[: MAX_FINDINGS - len(mine.bare)]
            for end, who in more.ends.items():
                mine.ends.setdefault(end, who)

    def find(self, place: int, finding: dict[str, str]) -> None:
        """Note a finding, as long as there are not too many."""
        if len(self.taken[place].findings) < MAX_FINDINGS:
            self.taken[place].findings.append(finding)
