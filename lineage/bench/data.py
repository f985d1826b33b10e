"""The graph that is measured: simulated, and loaded by the ordinary feeds into a home of its own, once."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from lineage.errors import RefusedError, UsageError
from lineage.loading import load
from lineage.project import read_project
from lineage.session import Lineage, connect_embedded, rejects_path
from lineage.simulate import simulate
from lineage.times import parse_time


@dataclass(frozen=True)
class Loaded:
    """What a load of the whole simulation took. ``events``: handoff events that were read; ``seconds``: all its sources."""

    items: int
    seed: int
    events: int
    seconds: float


def prepared(folder: Path, items: int, seed: int, say: Callable[[str], None]) -> tuple[Lineage, Loaded, datetime]:
    """A session on the simulation's graph below ``folder``, what its load took, and the moment that it ends with (UTC).

    A graph that an earlier run built there is taken as it is. Raises RefusedError where the folder holds another one, or a half.
    """
    measured = folder / "loaded.json"
    if not measured.exists():
        if folder.exists() and any(folder.iterdir()):
            raise RefusedError(f"{folder} holds no finished benchmark.", hint="Name another folder, or remove it.")
        say(f"Simulating {items} items")
        simulate(items, seed, folder / "simulation")
        session = connect_embedded(folder / "home")
        say("Loading them")
        measured.write_text(json.dumps(asdict(_load(session, folder, items, seed))), "utf-8")
    else:
        session = connect_embedded(folder / "home")
    loaded = Loaded(**_read(measured))
    if (loaded.items, loaded.seed) != (items, seed):
        session.close()
        raise RefusedError(
            f"{folder} holds {loaded.items} items of seed {loaded.seed}.", hint="Name another folder, or ask for these."
        )
    return session, loaded, parse_time(_read(folder / "simulation" / "simulation.json")["as_of"])


def _read(path: Path) -> dict[str, Any]:
    try:
        read: dict[str, Any] = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(f"{path} cannot be read: {error}.", hint="Remove the folder and start anew.") from error
    return read


def _load(session: Lineage, folder: Path, items: int, seed: int) -> Loaded:
    events = 0
    started = time.perf_counter()
    for one in read_project(folder / "simulation" / "lineage.yaml"):
        report = load(
            session.graph,
            one.feed,
            one.source,
            rejects=lambda: rejects_path(session.home),
            settings=one.settings,
            name=one.name,
        )
        events += report.facts if one.feed == "handoffs" else 0
    return Loaded(items, seed, events, time.perf_counter() - started)
