"""What a benchmark found, as JSON, as text and as the Markdown of docs/performance.md."""

from __future__ import annotations

import json
import os
import platform
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psutil

from lineage.bench.goals import Goal
from lineage.bench.goals import markdown as goals_markdown
from lineage.bench.offline import Offline
from lineage.bench.sampling import Spread

Row = tuple[str, ...]


@dataclass(frozen=True)
class Machine:
    """What it ran on. ``memory_gib``: of the whole machine."""

    processors: int
    memory_gib: int
    python: str
    neo4j: str

    @classmethod
    def here(cls, neo4j: str) -> Machine:
        """This one."""
        return cls(os.cpu_count() or 1, round(psutil.virtual_memory().total / 2**30), platform.python_version(), neo4j)


@dataclass(frozen=True)
class Group:
    """Ways that were sampled together. ``reference``: the way that the others are held against."""

    title: str
    reference: str
    spreads: dict[str, Spread]

    def ratio(self, name: str) -> float:
        """Median of a way by the median of the reference."""
        return self.spreads[name].p50 / self.spreads[self.reference].p50


@dataclass(frozen=True)
class LoadCost:
    """What loading handoff events took beside raw creation of what they left, both with one session.

    ``registry_seconds``: of the schema, the registry and the items, which were loaded before and are not part of either.
    """

    events: int
    seconds: float
    registry_seconds: float
    created: int
    raw_seconds: float

    @property
    def ratio(self) -> float:
        """Events a second by the load, by events a second of creating exactly what they left: seconds by seconds."""
        return self.raw_seconds / self.seconds


@dataclass(frozen=True)
class Measured:
    """All of one run. ``graph``: counts by label; ``missing``: references that could not be measured, and why.

    ``load``, ``built``: what it took to load the graph, or to build it offline; ``goals``: what else was measured, each with one.
    """

    items: int
    seed: int
    machine: Machine
    graph: dict[str, int]
    groups: tuple[Group, ...]
    load: LoadCost | None
    built: Offline | None
    goals: tuple[Goal, ...]
    missing: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """Everything, seconds as they were measured."""
        said = asdict(self)
        for group, one in zip(said["groups"], self.groups, strict=True):
            group["ratios"] = {name: one.ratio(name) for name in one.spreads}
        for row, goal in zip(said["goals"], self.goals, strict=True):
            row["reached"] = goal.reached
        for name, cost in (("load", self.load), ("built", self.built)):
            if cost is not None:
                said[name]["ratio"] = cost.ratio
        return said

    def write(self, path: Path) -> None:
        """As a JSON file."""
        path.write_text(json.dumps(self.as_json(), indent=2) + "\n", "utf-8")


def rows_of(group: Group) -> list[Row]:
    """Name, p50, p95, p99 in ms and the ratio to the reference, of each way."""
    found = []
    for name, spread in group.spreads.items():
        times = [f"{seconds * 1000:.2f}" for seconds in (spread.p50, spread.p95, spread.p99)]
        found.append((name, *times, f"{group.ratio(name):.2f}"))
    return found


COLUMNS = ("what", "p50 ms", "p95 ms", "p99 ms", "× reference")


def markdown(measured: Measured) -> str:
    """The figures as a part of docs/performance.md."""
    machine, counts = measured.machine, ", ".join(f"{count:,} {label}" for label, count in measured.graph.items())
    lines = [
        f"`lineage bench --items {measured.items} --seed {measured.seed}` on {machine.processors} processors and {machine.memory_gib} GiB,"
        f" Python {machine.python}, Neo4j {machine.neo4j}. The graph: {counts}.",
    ]
    for group in measured.groups:
        lines += ["", f"### {group.title}", "", f"Reference: {group.reference}.", ""]
        lines += [f"| {' | '.join(COLUMNS)} |", f"|{'---|' * len(COLUMNS)}"]
        lines += [f"| {' | '.join(row)} |" for row in rows_of(group)]
        lines += ["", *_chart(group)]
    if measured.load:
        one = measured.load
        lines += [
            "",
            "### Loading",
            "",
            f"{one.events:,} events in {one.seconds:.1f} s: {one.events / one.seconds:,.0f} events/s.",
            f"Before them, in a server that had just started, the schema, the registry and the items took {one.registry_seconds:.1f} s.",
            f"Raw UNWIND CREATE of the {one.created:,} nodes and relationships that the events left: {one.raw_seconds:.1f} s,"
            f" {one.created / one.raw_seconds:,.0f} rows/s.",
            f"Ratio: {one.ratio:.2f}.",
        ]
    if measured.built:
        lines += ["", "### Building offline", "", *_built(measured.built)]
    lines += goals_markdown(measured.goals)
    if measured.missing:
        lines += ["", "Not measured:", "", *(f"- {why}" for why in measured.missing)]
    return "\n".join([*lines, ""])


def _built(one: Offline) -> list[str]:
    """What the offline build took, and its reference."""
    said = [
        f"{one.events:,} events in {one.seconds:.1f} s: {one.events / one.seconds:,.0f} events/s, until all indexes are online."
    ]
    if one.bare_seconds is None or one.bare_size is None:
        return [*said, "Its reference was not measured."]
    return [
        *said,
        f"neo4j-admin's bare import of the tables that it made, with the same constraints and indexes: {one.bare_seconds:.1f} s"
        f" ({one.bare_size:,} of the graph's {one.size:,} nodes and relationships; the store wrote the others).",
        f"Ratio: {one.ratio:.2f}.",
    ]


def _chart(group: Group) -> list[str]:
    """Medians as bars, drawn by whoever shows the Markdown (Mermaid)."""
    names = ", ".join(f'"{name}"' for name in group.spreads)
    values = ", ".join(f"{spread.p50 * 1000:.2f}" for spread in group.spreads.values())
    return [
        "```mermaid",
        "xychart-beta horizontal",
        f"    x-axis [{names}]",
        '    y-axis "p50, ms"',
        f"    bar [{values}]",
        "```",
    ]
