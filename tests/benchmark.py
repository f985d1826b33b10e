"""What ``diagnose`` costs beside the bare read of the same handoffs: ``python -m tests.benchmark [--home DIR]``.

On whatever graph is connected; a simulation is a good one::

    lineage simulate --items 20000 --seed 3 --out simulation
    lineage load --config simulation/lineage.yaml

Bare reads of the handoffs of all items, by one query each: as rows of the properties that a verdict needs, as anybody would read
them; of four of these properties; and as lists with times as integers, which spares the driver's making Python objects of times,
most of what the others cost. All are measured in turn, after a round that does not count. Prints the median of each in seconds and
its ratio to the reads.
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
ROWS = """MATCH (i:Item)<-[:OF]-(h:Handoff) RETURN i.id AS item, h.route_id AS route, h.from_system AS sender, h.to_system AS receiver,
    h.secured AS secured, h.secured_at AS secured_at, h.first_at AS first_at, h.last_at AS last_at, h.sent_at AS sent_at,
    h.transport AS transport, h.acknowledgement AS acknowledgement, h.processing AS processing, h.attempts AS attempts"""
FEW = "MATCH (i:Item)<-[:OF]-(h:Handoff) RETURN i.id AS item, h.route_id AS route, h.secured AS secured, h.secured_at AS at"
LISTS = """MATCH (i:Item)<-[:OF]-(h:Handoff) RETURN i.id AS item, collect([
    h.route_id, h.from_system, h.to_system, h.secured, h.secured_at.epochMillis, h.first_at.epochMillis, h.last_at.epochMillis,
    h.sent_at.epochMillis, h.transport, h.acknowledgement, h.processing, h.attempts]) AS handoffs"""


def measure(session: Lineage, as_of: datetime | None, rounds: int = ROUNDS) -> dict[str, float]:
    """Median seconds of each way to read, by name."""
    ways: dict[str, Callable[[], object]] = {
        "read as rows": lambda: session.graph.read(ROWS, timeout_s=600.0),
        "four properties": lambda: session.graph.read(FEW, timeout_s=600.0),
        "read as lists": lambda: session.graph.read(LISTS, timeout_s=600.0),
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
        ratios = "  ".join(f"{seconds / found[read]:6.2f} x {read.removeprefix('read as ')}" for read in list(found)[:3])
        print(f"{name:16} {seconds:7.2f} s  {ratios}")


if __name__ == "__main__":
    main()
