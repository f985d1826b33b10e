"""The graph that is measured: simulated, and put by the ordinary feeds into a home of its own, once."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from lineage.bench.offline import Offline, build_offline
from lineage.errors import RefusedError, UsageError
from lineage.project import read_project
from lineage.session import Lineage, connect_embedded
from lineage.simulate import simulate
from lineage.times import parse_time


@dataclass(frozen=True)
class Loaded:
    """What putting the whole simulation into the graph took. ``events``: handoff events that were read.

    ``seconds``: of the events alone, before which ``registry_seconds`` went into the schema, the registry and the items; of all that if
    it was built offline and not loaded, when ``offline`` says what is known besides.
    """

    items: int
    seed: int
    events: int
    seconds: float
    registry_seconds: float = 0.0
    offline: Offline | None = None

    @classmethod
    def read(cls, path: Path) -> Loaded:
        """What ``write`` wrote."""
        said = _read(path)
        offline = said.pop("offline", None)
        return cls(**said, offline=offline and Offline(**offline))

    def write(self, path: Path) -> None:
        """For the next run."""
        path.write_text(json.dumps(asdict(self)), "utf-8")


def prepared(
    folder: Path, items: int, seed: int, *, offline: bool, reference: bool, say: Callable[[str], None]
) -> tuple[Lineage, Loaded, datetime]:
    """A session on the simulation's graph below ``folder``, what its load took, and the moment that it ends with (UTC).

    ``offline``: build it offline, and, with ``reference``, import the same bare beside it. A graph that an earlier run left there is
    taken as it is, however it was made. Raises RefusedError where the folder holds another one, or a half.
    """
    measured = folder / "loaded.json"
    if not measured.exists():
        if folder.exists() and any(folder.iterdir()):
            raise RefusedError(f"{folder} holds no finished benchmark.", hint="Name another folder, or remove it.")
        say(f"Simulating {items} items")
        simulate(items, seed, folder / "simulation")
        (_build(folder, items, seed, reference, say) if offline else _load(folder, items, seed, say)).write(measured)
    loaded = Loaded.read(measured)
    if (loaded.items, loaded.seed) != (items, seed):
        raise RefusedError(
            f"{folder} holds {loaded.items} items of seed {loaded.seed}.", hint="Name another folder, or ask for these."
        )
    return connect_embedded(folder / "home"), loaded, parse_time(_read(folder / "simulation" / "simulation.json")["as_of"])


def _read(path: Path) -> dict[str, Any]:
    try:
        read: dict[str, Any] = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(f"{path} cannot be read: {error}.", hint="Remove the folder and start anew.") from error
    return read


def _build(folder: Path, items: int, seed: int, reference: bool, say: Callable[[str], None]) -> Loaded:
    say("Building the graph offline")
    built = build_offline(
        folder / "simulation" / "lineage.yaml", folder / "home", folder / "reference" if reference else None, say
    )
    return Loaded(items, seed, built.events, built.seconds, offline=built)


def _load(folder: Path, items: int, seed: int, say: Callable[[str], None]) -> Loaded:
    events, seconds = 0, {True: 0.0, False: 0.0}
    with connect_embedded(folder / "home") as session:
        say("Loading them")
        for one in read_project(folder / "simulation" / "lineage.yaml"):
            started = time.perf_counter()
            report = session.load(one.feed, one.source, settings=one.settings, name=one.name)
            observed = one.feed == "handoffs"
            seconds[observed] += time.perf_counter() - started
            events += report.facts if observed else 0
        return Loaded(items, seed, events, seconds[True], seconds[False])
