"""One benchmark from end to end."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

from lineage.bench import postgres
from lineage.bench.data import Loaded, prepared
from lineage.bench.goals import Goal
from lineage.bench.in_memory import LIBRARIES, installed
from lineage.bench.questions import (
    LOOKUP,
    in_memory,
    in_postgres,
    point_questions,
    question_goals,
    subjects,
    sweeps,
    tables,
)
from lineage.bench.raw import copy_raw
from lineage.bench.reloading import loading_goals
from lineage.bench.report import Group, LoadCost, Machine, Measured
from lineage.bench.sampling import Way, sample
from lineage.bench.starting import ROUNDS, starting_goals
from lineage.bench.warming import warmed
from lineage.bench.wide_map import Wide, wide_map
from lineage.embedded import down
from lineage.session import Lineage

WARM_UP = 100
"""Rounds that do not count: the server compiles what is asked often."""
WIDE = 30
"""Rounds at most of what is asked about the wide map, or about many items."""
SWEEPS, SWEEPS_S = 3, 40.0
"""Rounds at least of what is asked about many items, and seconds in which there may be more, up to ``WIDE``."""


def bench(
    items: int,
    seed: int,
    folder: Path,
    *,
    rounds: int,
    routes: int,
    days: int,
    offline: bool,
    with_load: bool,
    say: Callable[[str], None],
) -> Measured:
    """Measure every question and the load beside their references on a simulated graph below ``folder``.

    ``rounds``: samples of each small question; ``routes``: of the wide map that is measured beside it, with so many ``days`` of
    deliveries, none if 0;
    ``offline``: build the graph offline; ``with_load``: also create the graph's content raw, or import it bare if it is built offline,
    in another server. The graph stays in the folder for the next run. Raises RefusedError where the folder holds another graph,
    ServerError.
    """
    with ExitStack() as stack:
        stack.callback(down, folder / "home")
        session, loaded, as_of = prepared(folder, items, seed, offline=offline, reference=with_load, say=say)
        stack.enter_context(session)
        say("Reading the graph once, if it fits into memory")
        warm = warmed(session, folder / "home")
        about = subjects(session, seed)
        connection = None
        missing = [f"{name}: it is not installed" for name in LIBRARIES if name not in installed()]
        ways: dict[str, Way] = {**point_questions(session, about, as_of), **in_memory(about)}
        if why := postgres.why_not():
            missing.append(f"PostgreSQL: {why}")
        else:
            say("Filling PostgreSQL")
            connection = stack.enter_context(postgres.serving())
            postgres.fill(connection, dict(tables(session, about)))
            ways |= in_postgres(connection, about)
        say(f"Asking {len(ways)} questions {rounds} times")
        title = "Questions, the graph read once before" if warm else "Questions, to a graph that memory does not hold"
        small = Group(title, LOOKUP, sample(ways, rounds, min(rounds, WARM_UP)))
        say("Asking about many items")
        many = sweeps(session, as_of)
        often = _often(many, rounds)
        large = Group(
            "About many items: all of a day or two, and all that is late", next(iter(many)), sample(many, often, often // 3)
        )
        cost = _load_cost(session, loaded, say) if with_load and loaded.offline is None else None
        groups: tuple[Group, ...] = (small, large)
        goals = (*question_goals(small, large), *_writing_goals(cost, loaded))
        if routes:
            map_ = Wide(routes, days, offline)
            wide, found = wide_map(folder / "wide", map_, as_of, min(rounds, WIDE), connection, say)
            groups += (wide,)
            goals += found
        say("Starting the command line")
        goals += tuple(starting_goals(folder / "home", about.item(0), min(rounds, ROUNDS)))
        if with_load:
            say("Loading again, and reading beside a load")
            goals += loading_goals(folder / "simulation", seed)
        return Measured(
            items=items,
            seed=seed,
            machine=Machine.here(session.graph.version()),
            graph=_counts(session),
            groups=groups,
            load=cost,
            goals=goals,
            built=loaded.offline,
            missing=tuple(missing),
        )


def _often(ways: Mapping[str, Way], rounds: int) -> int:
    """How often to do this, after doing it once: what is done in no time is noisy."""
    started = time.perf_counter()
    for way in ways.values():
        way(0)
    return max(SWEEPS, min(rounds, WIDE, int(SWEEPS_S / (time.perf_counter() - started))))


def _counts(session: Lineage) -> dict[str, int]:
    return {
        label: session.graph.read(f"MATCH (n:{label}) RETURN count(n) AS n").rows[0]["n"]
        for label in ("Item", "Handoff", "Evidence", "Route")
    }


def _writing_goals(cost: LoadCost | None, loaded: Loaded) -> Iterator[Goal]:
    if cost:
        how = f"{cost.events:,} events in {cost.seconds:.1f} s; what they left in {cost.raw_seconds:.1f} s"
        yield Goal("loading, by raw creation of what it left", cost.ratio, 0.5, "x", True, how)
    built = loaded.offline
    if built and built.ratio is not None:
        how = f"{built.events:,} events in {built.seconds:.1f} s; the import in {built.bare_seconds:.1f} s"
        yield Goal("building offline, by the bare import of its tables", built.ratio, 0.6, "x", True, how)


def _load_cost(session: Lineage, loaded: Loaded, say: Callable[[str], None]) -> LoadCost:
    say("Creating the same raw")
    created, seconds = copy_raw(session.graph)
    return LoadCost(loaded.events, loaded.seconds, loaded.registry_seconds, created, seconds)
