"""A declared map as wide as a whole ecosystem's, beside the simulation: what impact and late are asked about.

A simulation has some hundred routes, because its network is one that people can follow. Here are thousands, on two hundred
schedules, and a tree of data sets whose root reaches half of everything. Nothing of it is random.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

from lineage.times import rfc3339

ROOT = "wide-data-0"
"""The data set whose change reaches most."""
SCHEDULES = 200
_SYSTEMS, _PARTNERS = 6, 24
"""So many routes there are for each system, and for each partner."""
_TREE, _BRANCHES = 6, 5
"""One in so many data sets is made from ROOT, in a tree in which each has so many children."""
_SILENT = 10
"""One in so many routes has delivered nothing since the day before."""
_STEP = 7919
"""A prime: spreads the receivers over all systems."""


def write_wide(folder: Path, routes: int, as_of: datetime, days: int) -> Path:
    """Write the registry, the handoff events of ``routes`` routes, and the project that names both; gives its path.

    ``as_of``: the events end there (UTC); ``days``: so many of them on each route.
    """
    folder.mkdir(exist_ok=True, parents=True)
    (folder / "registry.json").write_text(json.dumps(_registry(routes)), "utf-8")
    with (folder / "handoffs.jsonl").open("w", encoding="utf-8") as file:
        file.writelines(f"{json.dumps(event)}\n" for event in _events(routes, as_of, days))
    sources = [{"feed": "partners", "source": "registry.json"}, {"feed": "handoffs", "source": "handoffs.jsonl"}]
    project = folder / "lineage.yaml"
    project.write_text(yaml.safe_dump({"sources": sources}), "utf-8")
    return project


def _registry(routes: int) -> dict[str, list[dict[str, Any]]]:
    partners, systems = max(1, routes // _PARTNERS), _systems(routes)
    return {
        "partners": [
            {
                "id": f"wide-partner-{n}",
                "name": f"Wide partner {n}",
                "zone": "partner",
                "contacts": [{"name": f"Operations {n}", "email": f"operations@{n}.example", "role": "on-call"}],
            }
            for n in range(partners)
        ],
        "teams": [
            {
                "id": f"wide-team-{n}",
                "name": f"Wide team {n}",
                "partner": f"wide-partner-{n}",
                "contacts": [{"name": f"Team {n}", "email": f"team@{n}.example", "role": "owner"}],
            }
            for n in range(partners)
        ],
        "systems": [
            {
                "id": f"wide-system-{n}",
                "name": f"Wide system {n}",
                "partner": f"wide-partner-{n % partners}",
                "owner": f"wide-team-{n % partners}",
            }
            for n in range(systems)
        ],
        "datasets": [
            {"id": f"wide-data-{n}", "name": f"Wide data {n}", "owner": f"wide-team-{n % partners}"} for n in range(routes)
        ],
        "derivations": [
            {"of": f"wide-data-{n}", "from": f"wide-data-{(n - 1) // _BRANCHES}"} for n in range(1, max(2, routes // _TREE))
        ],
        "routes": [
            {
                "id": f"wide-route-{n}",
                "from": f"wide-system-{n % systems}",
                "to": _receiver(n, systems),
                "dataset": f"wide-data-{n}",
                "item_kind": "report",
                "schedule": _schedule(n),
                "timezone": "UTC",
                "deliver_within": "PT1H",
                "owner": f"wide-team-{n % partners}",
            }
            for n in range(routes)
        ],
    }


def _systems(routes: int) -> int:
    return max(2, routes // _SYSTEMS)


def _receiver(route: int, systems: int) -> str:
    """Another system than the sender's."""
    to = route * _STEP % systems
    return f"wide-system-{(to + 1) % systems if to == route % systems else to}"


def _schedule(route: int) -> str:
    """Once a day."""
    hour, minute = _time(route)
    return f"{minute} {hour} * * *"


def _time(route: int) -> tuple[int, int]:
    """Hour and minute: one of 200 times, every seven minutes."""
    return divmod(route % SCHEDULES * 7, 60)


def _events(routes: int, as_of: datetime, days: int) -> Iterator[dict[str, Any]]:
    """Day by day, each route delivers one report in its slot, but the last one only unless it fell silent."""
    systems = _systems(routes)
    due = [at for _, at in slots_of(as_of)]
    for day, n in itertools.product(reversed(range(days)), range(routes)):
        if day or n % _SILENT:
            sender, receiver = f"wide-system-{n % systems}", _receiver(n, systems)
            at = due[n % SCHEDULES] - timedelta(days=day) + timedelta(minutes=5)
            yield from _delivery(f"wide-route-{n}", f"report:wide-{n}-{day}", (sender, receiver), at)


def _delivery(route: str, item: str, ends: Iterable[str], at: datetime) -> Iterator[dict[str, Any]]:
    for type_, by, time in zip(("sent", "received"), ends, (at, at + timedelta(seconds=2)), strict=True):
        yield {
            "specversion": "1.0",
            "source": f"urn:lineage:system:{by}",
            "id": f"{item}-{type_}",
            "type": f"lineage.handoff.{type_}.v1",
            "time": rfc3339(time),
            "subject": item,
            "data": {"route": route},
        }


def slots_of(as_of: datetime) -> Iterator[tuple[str, datetime]]:
    """Each schedule, and when it was last due an hour or more before ``as_of``, in UTC as if it were declared so."""
    for number in range(SCHEDULES):
        hour, minute = _time(number)
        at = as_of.replace(hour=hour, minute=minute, second=0, microsecond=0)
        yield _schedule(number), at if at <= as_of - timedelta(hours=1) else at - timedelta(days=1)
