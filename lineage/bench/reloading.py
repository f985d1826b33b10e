"""Loads in a server that is gone afterwards: a file again, its events in another order, and a reader beside a load that runs."""

from __future__ import annotations

import itertools
import json
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import psutil

from lineage.bench.goals import Goal
from lineage.bench.sampling import Spread
from lineage.bench.starting import MAIN
from lineage.embedded import down
from lineage.session import Lineage, connect_embedded

EVENTS = 20_000
"""Events that are loaded at most: one half twice and reshuffled, the other beside the reader."""
_PAUSE_S = 0.02
"""Between two looks at the memory of a process, and between two questions of the reader, who is a person and not a second load."""
_IDLE = 50
"""Questions that are asked before the load begins."""


def loading_goals(simulation: Path, seed: int) -> tuple[Goal, ...]:
    """Load events of a simulation that is there. Raises ServerError."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="lineage-bench-")))
        stack.callback(down, folder / "home")
        session = stack.enter_context(connect_embedded(folder / "home"))
        session.load("partners", str(simulation / "partners.yaml"))
        events = list(itertools.islice(_events(simulation), EVENTS))
        # Both halves speak of the same items, so that the reader asks about what the load is writing.
        once, beside = (_written(folder / f"{name}.jsonl", events[part::2]) for part, name in enumerate(("once", "beside")))
        return (*_again(session, once, seed), *_beside(session, folder / "home", once, beside))


def _events(simulation: Path) -> Iterator[str]:
    for path in sorted((simulation / "handoffs").rglob("*.jsonl")):
        with path.open(encoding="utf-8") as lines:
            yield from lines


def _written(path: Path, lines: list[str]) -> Path:
    path.write_text("".join(lines), "utf-8")
    return path


def _again(session: Lineage, path: Path, seed: int) -> Iterator[Goal]:
    lines = path.read_text("utf-8").splitlines(keepends=True)
    first = _seconds(session, path)
    second = _seconds(session, path)
    random.Random(seed).shuffle(lines)  # noqa: S311 (no secret: an order that can be repeated)
    reshuffled = _seconds(session, _written(path.with_name("reshuffled.jsonl"), lines))
    of = f"{len(lines):,} events in {first:.1f} s"
    yield Goal("the same file again", first / second, 50, "x", True, f"{of}; again in {second:.2f} s")
    yield Goal(
        "the same events in another file and order", first / reshuffled, 1.5, "x", True, f"{of}; these in {reshuffled:.1f} s"
    )


def _seconds(session: Lineage, path: Path) -> float:
    started = time.perf_counter()
    session.load("handoffs", str(path))
    return time.perf_counter() - started


@dataclass(frozen=True)
class _Beside:
    """``idle``, ``busy``: seconds of each question; ``peak``: bytes that the loading process held at most; ``seconds`` it took."""

    idle: list[float]
    busy: list[float]
    peak: int
    seconds: float


def _beside(session: Lineage, home: Path, known: Path, path: Path) -> Iterator[Goal]:
    with known.open(encoding="utf-8") as lines:
        items = list(dict.fromkeys(event["subject"] for event in map(json.loads, lines) if event.get("subject")))
    found = _read_beside(session, home, items, path)
    idle, busy, slowest = Spread.of(found.idle), Spread.of(found.busy), max(found.busy)
    with path.open(encoding="utf-8") as lines:
        events = sum(1 for _ in lines)
    yield Goal(
        "the slowest trace beside a load",
        slowest * 1000,
        250,
        "ms",
        False,
        f"{busy.count:,} traces: p50 {busy.p50 * 1000:.0f}, p95 {busy.p95 * 1000:.0f}, p99 {busy.p99 * 1000:.0f} ms;"
        f" {idle.count} without the load: p50 {idle.p50 * 1000:.0f}, slowest {max(found.idle) * 1000:.0f} ms",
    )
    yield Goal(
        "memory of a load", found.peak / 1e6, 400, "MB", False, f"{events:,} events in {found.seconds:.1f} s, at its peak"
    )


def _read_beside(session: Lineage, home: Path, items: list[str], path: Path) -> _Beside:
    """Trace one item after the other while a process of its own loads a file."""
    asked = itertools.cycle(items)

    def trace() -> float:
        started = time.perf_counter()
        session.trace(next(asked))
        return time.perf_counter() - started

    trace()  # the first one, for which the server compiles its queries, does not count
    idle = [trace() for _ in range(_IDLE)]
    command = [sys.executable, "-c", MAIN, "load", "handoffs", str(path), "--home", str(home), "--no-progress"]
    busy, peak, started = [], 0, time.perf_counter()
    with psutil.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        while process.poll() is None:
            try:
                peak = max(peak, process.memory_info().rss)
            except psutil.NoSuchProcess:
                break
            busy.append(trace())
            time.sleep(_PAUSE_S)
    if process.returncode:
        raise RuntimeError(f"the load beside the reader ended with exit code {process.returncode}")
    return _Beside(idle, busy, peak, time.perf_counter() - started)
