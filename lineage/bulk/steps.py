"""The steps before the import, each spread over processes: every job takes some partitions and writes files of its own."""

from __future__ import annotations

import gc
import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from lineage.bulk.events import Written, place_replies, write_events
from lineage.bulk.handoffs import write_handoffs
from lineage.bulk.items import Declared, write_items, write_together
from lineage.bulk.names import groups_of, write_names
from lineage.bulk.plan import Merged, Plan, Tally
from lineage.bulk.reading import Read, read_portion
from lineage.bulk.tables import Part, Patch
from lineage.errors import LineageError
from lineage.loading import Portion
from lineage.store.events import Ends

Step = Callable[..., Any]


@dataclass
class Built:
    """What the steps leave behind for the import and for what comes after it. ``rest``: by source, what each portion kept."""

    tally: Tally = field(default_factory=Tally)
    parts: list[Part] = field(default_factory=list)
    patches: list[Patch] = field(default_factory=list)
    observed: set[Ends] = field(default_factory=set)
    origins: set[str] = field(default_factory=set)
    matching: list[str] = field(default_factory=list)
    rest: dict[int, list[Read]] = field(default_factory=dict)
    events: int = 0


class Workers:
    """Processes that run jobs. Spawned, not forked: the parent has threads (the driver's)."""

    def __init__(self, pool: ProcessPoolExecutor, count: int) -> None:
        self._pool, self.count = pool, count

    @classmethod
    @contextmanager
    def hired(cls, count: int) -> Iterator[Workers]:
        """As many as were asked for, until the context ends."""
        spawning = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(count, mp_context=spawning, initializer=_collect_seldom) as pool:
            try:
                yield cls(pool, count)
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise

    def each(self, step: Step, jobs: Sequence[tuple[Any, ...]]) -> Iterator[Any]:
        """The results of a step's jobs, in their order."""
        running = [self._pool.submit(step, *job) for job in jobs]
        try:
            for one in running:
                yield one.result()
        except BrokenProcessPool as error:
            raise LineageError(
                "A process of the build was ended from outside, as a system does that runs out of memory. Nothing was written.",
                hint="Give it fewer --workers, or a machine with more memory.",
            ) from error

    def over(self, step: Step, plan: Plan, name: str) -> Iterator[Any]:
        """A step over all partitions: twice as many jobs as workers, as some take longer."""
        count = min(plan.partitions, self.count * 2)
        shares = [list(range(plan.partitions))[number::count] for number in range(count)]
        yield from self.each(step, [(plan, share, f"{name}-{number:03}") for number, share in enumerate(shares)])


def _collect_seldom() -> None:
    # A job makes records by the hundred thousand, none of them in cycles: looking for some takes a twentieth of its time.
    gc.set_threshold(200_000, 50, 50)


def run_steps(plan: Plan, portions: Sequence[tuple[int, Portion]], workers: Workers, say: Callable[[str], None]) -> Built:
    """From sources to tables. ``portions``: each with its source's place in the plan."""
    built = Built()
    say("reading")
    jobs = [(plan, place, portion, f"read-{number:05}") for number, (place, portion) in enumerate(portions)]
    for (place, _), read in zip(portions, workers.each(read_portion, jobs), strict=True):
        built.tally.add(read.tally)
        built.observed |= read.observed
        built.events += read.events
        built.rest.setdefault(place, []).append(read)
    say("names")
    groups = []
    for found, tally in workers.over(_groups, plan, "groups"):
        built.tally.add(tally)
        groups += found
    Merged.of(groups).write(plan)
    for parts in workers.over(write_names, plan, "names"):
        built.parts += parts
    say("items")
    declared = Declared()
    for one in workers.over(write_items, plan, "declared"):
        declared.add(one)
    for one in workers.each(write_together, [(plan, "together")]):
        declared.add(one)
    built.origins, built.matching = declared.origins, declared.matching
    say("evidence")
    written = Written(declared.tally, declared.parts, declared.patches)
    for one in workers.over(write_events, plan, "events"):
        written.add(one)
    for parts in workers.over(place_replies, plan, "replies"):
        built.parts += parts
    plan.forget("events", "messages")
    say("handoffs")
    for one in workers.over(write_handoffs, plan, "handoffs"):
        written.add(one)
    plan.forget("items")
    built.tally.add(written.tally)
    built.parts += written.parts
    built.patches += written.patches
    return built


def _groups(plan: Plan, partitions: list[int], job: str) -> tuple[list[tuple[str, ...]], Tally]:
    tally = Tally()
    return groups_of(plan, partitions, tally), tally
