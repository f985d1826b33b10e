"""One simulation from end to end: network, faults, items, logs, truth."""

from __future__ import annotations

import itertools
import json
import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import IO, Any

from lineage.simulate import output
from lineage.simulate.build import build
from lineage.simulate.faults import CAUSES, MALFORMED, Fault
from lineage.simulate.journey import Item, Journeys, Outcome
from lineage.simulate.logs import Clock, Log
from lineage.simulate.network import DAY, Network, Route, System
from lineage.simulate.schedule import schedule
from lineage.simulate.traffic import Missing, Traffic

ENDED = datetime(2026, 3, 15, tzinfo=UTC)
"""When the last item starts; the logs are collected a day later."""
ITEMS_A_FORTNIGHT = 100_000
"""More than these take more time, not more haste: a network that grows to twice its systems does not get fifty times as busy."""
SAMPLE = 3000
"""So many items are sent in thought to see how dense each route is."""


@dataclass(frozen=True)
class Simulated:
    """What was made: ``about`` as in simulation.json."""

    folder: Path
    about: dict[str, Any]


def simulate(items: int, seed: int, folder: Path) -> Simulated:
    """Simulate a network for this many items and write registry, logs and truth into the folder.

    The same arguments give the same bytes. Raises RefusedError if the folder holds other things, UsageError if it cannot be
    written.
    """
    return _Simulation(items, seed, folder).run()


class _Simulation:
    def __init__(self, items: int, seed: int, folder: Path) -> None:
        self._items = items
        self._seed = seed
        self._folder = folder
        days = 14 * max(1, round(items / ITEMS_A_FORTNIGHT))
        self._span = days * DAY
        self._until = self._span + DAY
        self._clock = Clock(ENDED - timedelta(days=days), days + 1)
        self._network = build(items, self._dice("network"))
        self._starts = {
            (origin.index, kind): self._network.starting(origin, kind)
            for kind, origins in self._network.origins.items()
            for origin, _ in origins
        }
        self._choices = Choices(self._network)
        self._faults = schedule(self._network, self._sample(), self._span, self._dice("faults"))
        self._malformed = 0
        self._faults_file: IO[str]

    def _dice(self, what: str) -> Random:
        return Random(f"{self._seed}:{self._items}:{what}")  # noqa: S311  (it must be repeatable, not secret)

    def run(self) -> Simulated:
        about: dict[str, Any] = {
            "seed": self._seed,
            "items": self._items,
            "started": self._clock.text(0),
            "as_of": self._clock.text(self._until),
        }
        output.prepare(self._folder, about)
        output.write_registry(self._folder, self._network)
        random = self._dice("items")
        handoffs = self._folder / output.HANDOFFS
        logs = [Log(system, handoffs, self._clock, self._until, random) for system in self._network.systems]
        for log in logs:
            log.others = logs
        traffic = Traffic(self._network, [log.noted for log in logs])
        with (self._folder / output.FAULTS).open("w", encoding="utf-8") as self._faults_file:
            for fault in self._faults:
                self._write_fault(fault)
            journeys = Journeys(self._network, logs, traffic, random, self._until, self._make_malformed)
            counts = self._travel(journeys, traffic)
        for log in logs:
            log.close()
        about |= {
            "events": sum(log.written for log in logs),
            "systems": len(self._network.systems),
            "routes": len(self._network.routes),
            **counts,
        }
        output.write_about(self._folder, about)
        return Simulated(self._folder, about)

    def _travel(self, journeys: Journeys, traffic: Traffic) -> dict[str, Any]:
        """Send all items; write what arrived at once, and what is missing when all the traffic around it is known."""
        late: list[tuple[Item, Outcome]] = []
        arrived = pending = 0
        with (
            (self._folder / output.TRUTH).open("w", encoding="utf-8") as truth,
            output.ItemFiles(self._folder) as listed,
        ):
            for item, origin in self._produce(self._dice("origins")):
                if item.listed:
                    listed.write(self._listed(item, origin))
                outcome = journeys.travel(item, self._starts[origin.index, item.kind])
                if outcome.missing or outcome.pending:
                    late.append((item, outcome))
                else:
                    arrived += 1
                    truth.write(f'{{"item":"{item.id}","kind":"{item.kind}","arrived":true,"missing":[]}}\n')
            output.write_project(self._folder, listed.names)
            traffic.settle()
            missing: Counter[str] = Counter()
            decidable: Counter[str] = Counter()
            for item, outcome in late:
                line = self._truth(item, outcome, traffic)
                truth.write(json.dumps(line, separators=(",", ":")) + "\n")
                pending += len(outcome.pending)
                missing.update(one["cause"] for one in line["missing"])
                decidable.update(one["cause"] for one in line["missing"] if one["decidable"])
        faults = Counter(fault.cause for fault in self._faults) + Counter({MALFORMED: self._malformed})
        causes = {
            cause: {"faults": faults[cause], "missing": missing[cause], "decidable": decidable[cause]} for cause in CAUSES
        }
        return {"arrived": arrived, "missing": missing.total(), "pending": pending, "causes": causes}

    def _produce(self, random: Random) -> Iterator[tuple[Item, System]]:
        """Items in the order of time, more of them by day than by night."""
        kinds = list(self._network.shares)
        shares = list(itertools.accumulate(self._network.shares.values()))
        origins = {
            kind: ([one for one, _ in pairs], list(itertools.accumulate(weight for _, weight in pairs)))
            for kind, pairs in self._network.origins.items()
        }
        span = self._span
        for number in range(self._items):
            even = span * (number + random.random()) / self._items
            started = int(even - 0.1 * DAY * math.sin(2 * math.pi * even / DAY)) if even < span - DAY else int(even)
            kind = random.choices(kinds, cum_weights=shares)[0]
            systems, weights = origins[kind]
            origin = random.choices(systems, cum_weights=weights)[0]
            item_id = f"{kind}:{origin.id}-{number + 1:06}"
            chosen = self._choices.draw(self._starts[origin.index, kind], random)
            yield Item(item_id, kind, max(0, started), chosen, f',"subject":"{item_id}"'), origin

    def _sample(self) -> list[float]:
        """Share of the items that would travel on each route if nothing went wrong."""
        seen = [0] * len(self._network.routes)
        for number, (item, origin) in enumerate(self._sample_items()):
            todo = [r for r in self._starts[origin.index, item.kind] if not r.listed or r.index in item.listed]
            while todo:
                route = todo.pop()
                seen[route.index] += 1
                todo += [r for r in route.onward if not r.listed or r.index in item.listed]
            if number + 1 == SAMPLE:
                break
        return [count / SAMPLE for count in seen]

    def _sample_items(self) -> Iterator[tuple[Item, System]]:
        random = self._dice("sample")
        while True:
            yield from self._produce(random)

    def _listed(self, item: Item, origin: System) -> str:
        routes = ", ".join(self._network.routes[index].id for index in sorted(item.listed))
        return f'  - {{id: "{item.id}", origin: {origin.id}, expected_on: [{routes}]}}\n'

    def _make_malformed(self, item: Item, route: Route, time: int) -> Fault:
        self._malformed += 1
        fault = Fault(f"m{self._malformed:05}-{MALFORMED}", MALFORMED, route.sender, time, time, route.sender, route=route)
        fault.variant = self._malformed
        self._write_fault(fault, item.id)
        return fault

    def _write_fault(self, fault: Fault, item: str | None = None) -> None:
        line = fault.as_json(self._clock.text)
        self._faults_file.write(json.dumps(line if item is None else {**line, "item": item}) + "\n")

    def _truth(self, item: Item, outcome: Outcome, traffic: Traffic) -> dict[str, Any]:
        missing = [_missing(one, traffic.decidable(one)) for one in outcome.missing]
        line: dict[str, Any] = {"item": item.id, "kind": item.kind, "arrived": False, "missing": missing}
        if outcome.pending:
            line["pending"] = [
                {"route": route.id, "from": route.sender.id, "to": route.receiver.id} for route in outcome.pending
            ]
        return line


def _missing(one: Missing, decidable: bool) -> dict[str, Any]:
    return {
        "route": one.route.id,
        "from": one.route.sender.id,
        "to": one.route.receiver.id,
        "cause": one.fault.cause,
        "fault": one.fault.id,
        "system": one.fault.system.id,
        "zone": one.fault.system.zone,
        "decidable": decidable,
    }


class Choices:
    """Draws the listed routes of an item: one to three of those that go out of the same system."""

    def __init__(self, network: Network) -> None:
        listed: dict[str, bool] = {}
        for kind in network.shares:
            listed[kind] = any(route.listed for route in network.routes if route.kind == kind)
        self._kinds = listed

    def draw(self, starts: list[Route], random: Random) -> frozenset[int]:
        """Indexes of the chosen routes."""
        if not starts or not self._kinds[starts[0].kind]:
            return frozenset()
        chosen: set[int] = set()
        todo = [starts]
        while todo:
            siblings = todo.pop()
            offered = [route for route in siblings if route.listed]
            taken = random.sample(offered, min(len(offered), 1 + int(random.random() * 2.2))) if offered else []
            chosen.update(route.index for route in taken)
            todo += [route.onward for route in siblings if route.onward and (not route.listed or route in taken)]
        return frozenset(chosen)
