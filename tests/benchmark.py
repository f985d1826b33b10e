"""What ``diagnose`` costs beside the bare read of the same handoffs: ``python -m tests.benchmark [--home DIR]``.

On whatever graph is connected; a simulation is a good one::

    lineage simulate --items 20000 --seed 3 --out simulation
    lineage load --config simulation/lineage.yaml

The bare read fetches the handoffs of all items, with their properties, by one query. Both are measured in turn, after a round that
does not count. Prints the median of each in seconds and its ratio to the bare read.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from datetime import datetime

import lineage
from lineage.session import Lineage

ROUNDS = 3
BARE = "MATCH (i:Item)<-[:OF]-(h:Handoff) RETURN h"


def measure(session: Lineage, as_of: datetime | None, rounds: int = ROUNDS) -> dict[str, float]:
    """Median seconds of each way to read, by name."""
    ways: dict[str, Callable[[], object]] = {
        "bare read": lambda: session.graph.read(BARE, timeout_s=600.0),
        "diagnose --open": lambda: session.diagnose(open_only=True, as_of=as_of),
        "diagnose": lambda: session.diagnose(as_of=as_of),
    }
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for number in range(rounds + 1):
        for name, run in ways.items():
            started = time.perf_counter()
            run()
            if number:
                seconds[name].append(time.perf_counter() - started)
    return {name: statistics.median(some) for name, some in seconds.items()}


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser()
    options.add_argument("--home")
    options.add_argument("--as-of", type=datetime.fromisoformat)
    given = options.parse_args()
    with lineage.connect(home=given.home) as session:
        counts = session.graph.read(
            "MATCH (i:Item)<-[:OF]-(h:Handoff) RETURN count(h) AS handoffs, count(DISTINCT i) AS items"
        ).rows[0]
        found = measure(session, given.as_of)
    print(f"{counts['items']} items, {counts['handoffs']} handoffs")
    for name, seconds in found.items():
        print(f"{name:16} {seconds:7.2f} s  {seconds / found['bare read']:5.2f} x")


if __name__ == "__main__":
    main()
