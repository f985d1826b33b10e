"""What ``diagnose`` costs beside the bare read of the same handoffs: ``python -m tests.benchmark [--home DIR]``.

On whatever graph is connected; a simulation is a good one::

    lineage simulate --items 20000 --seed 3 --out simulation
    lineage load --config simulation/lineage.yaml

Two bare reads of the handoffs of all items, by one query each: as lists of the properties that a verdict needs, with times as
integers, which is what ``diagnose`` is to be held against; and as whole nodes, most of whose cost is the driver's making Python
objects of times. All are measured in turn, after a round that does not count. Prints the median of each in seconds and its ratio to
both.
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
NODES = "MATCH (i:Item)<-[:OF]-(h:Handoff) RETURN h"
LISTS = """MATCH (i:Item)<-[:OF]-(h:Handoff) RETURN i.id AS item, collect([
    h.route_id, h.from_system, h.to_system, h.secured, h.secured_at.epochMillis, h.first_at.epochMillis, h.last_at.epochMillis,
    h.sent_at.epochMillis, h.transport, h.acknowledgement, h.processing, h.attempts]) AS handoffs"""


def measure(session: Lineage, as_of: datetime | None, rounds: int = ROUNDS) -> dict[str, float]:
    """Median seconds of each way to read, by name."""
    ways: dict[str, Callable[[], object]] = {
        "read as lists": lambda: session.graph.read(LISTS, timeout_s=600.0),
        "read as nodes": lambda: session.graph.read(NODES, timeout_s=600.0),
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
        lists, nodes = seconds / found["read as lists"], seconds / found["read as nodes"]
        print(f"{name:16} {seconds:7.2f} s  {lists:6.2f} x lists  {nodes:5.2f} x nodes")


if __name__ == "__main__":
    main()
