"""Samples of several ways to do something, taken in turn, so that what disturbs the machine disturbs all of them.

Each round has an order of its own: what comes after something heavy finds caches cold and a server that still tidies up.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

Way = Callable[[int], object]
"""Does the thing once. Its argument is the number of the round, so that rounds can ask about different items."""


@dataclass(frozen=True)
class Spread:
    """Percentiles of seconds, by nearest rank."""

    count: int
    p50: float
    p95: float
    p99: float

    @classmethod
    def of(cls, seconds: Iterable[float]) -> Spread:
        """Of at least one sample."""
        ranked = sorted(seconds)
        at = [ranked[min(len(ranked) - 1, int(len(ranked) * share))] for share in (0.5, 0.95, 0.99)]
        return cls(len(ranked), *at)


def sample(ways: Mapping[str, Way], rounds: int, warm_up: int) -> dict[str, Spread]:
    """The seconds of each way in ``rounds`` rounds, after ``warm_up`` more that do not count."""
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    order = list(ways.items())
    chance = random.Random(rounds)  # noqa: S311 (no secret: an order that can be repeated)
    for number in range(warm_up + rounds):
        chance.shuffle(order)
        for name, way in order:
            started = time.perf_counter()
            way(number)
            if number >= warm_up:
                seconds[name].append(time.perf_counter() - started)
    return {name: Spread.of(some) for name, some in seconds.items()}
