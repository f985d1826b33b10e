"""The folder that a simulation writes: its earlier output is replaced, anything else is left alone."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import IO, Any, Self

import yaml

from lineage.errors import RefusedError, UsageError
from lineage.simulate.network import SECOND, Network, Partner, Route

HANDOFFS = "handoffs"
ABOUT, TRUTH, FAULTS = "simulation.json", "truth.jsonl", "faults.jsonl"
REGISTRY, PROJECT = "partners.yaml", "lineage.yaml"
FILES = (ABOUT, TRUTH, FAULTS, REGISTRY, PROJECT)
ITEMS_A_FILE = 20_000
"""A YAML file is read as a whole, so many items are written as several."""
_ITEMS = re.compile(r"items(-\d+)?\.yaml")
MADE_BY = "lineage simulate"

PROJECT_TEXT = """\
# A made-up partner network. Load it into a graph of its own:
#
#     lineage load --config lineage.yaml
#
# What really happened stands in truth.jsonl and faults.jsonl, which are not loaded.
sources:
  - {feed: partners, source: partners.yaml}
"""


def prepare(folder: Path, about: dict[str, Any]) -> None:
    """Make the folder ready: new, empty, or with nothing in it but an earlier simulation, which is removed.

    Writes what it is first, so that a simulation that was interrupted can be replaced too. Raises RefusedError, UsageError.
    """
    try:
        if folder.exists():
            _clear(folder)
        (folder / HANDOFFS).mkdir(parents=True)
        write_about(folder, about)
    except OSError as error:
        raise UsageError(f"{folder} cannot be written: {error}.", hint="Name another directory with --out.") from error


def _clear(folder: Path) -> None:
    if not folder.is_dir():
        raise RefusedError(f"{folder} is a file.", hint="Name a directory with --out.")
    found = sorted(folder.iterdir())
    if not found:
        return
    logs = folder / HANDOFFS
    inside = sorted(logs.iterdir()) if logs.is_dir() else []
    files = [one for one in found if one.name in FILES or _ITEMS.fullmatch(one.name)]
    strange = [one for one in found if one not in files and one != logs] + [one for one in inside if one.suffix != ".jsonl"]
    if strange or not _ours(folder / ABOUT):
        other = strange[0].name if strange else found[0].name
        raise RefusedError(
            f"{folder} holds other things ({other}), which a simulation would overwrite.",
            hint="Name a new or empty directory with --out.",
        )
    for one in [*inside, *files]:
        one.unlink()
    if logs.is_dir():
        logs.rmdir()


def _ours(path: Path) -> bool:
    try:
        return bool(json.loads(path.read_text("utf-8"))["made_by"] == MADE_BY)
    except (OSError, ValueError, KeyError, TypeError):
        return False


def write_about(folder: Path, about: dict[str, Any]) -> None:
    """Write simulation.json."""
    text = json.dumps({"made_by": MADE_BY, **about}, indent=2)
    (folder / ABOUT).write_text(text + "\n", "utf-8")


def write_registry(folder: Path, network: Network) -> None:
    """Write what is declared: partners, systems, interfaces, data sets, routes."""
    datasets = sorted({route.dataset for route in network.routes})
    registry = {
        "partners": [_partner(partner) for partner in network.partners.values()],
        "systems": [{"id": s.id, "name": s.name, "partner": s.partner, "kind": s.kind} for s in network.systems],
        "interfaces": list(_interfaces(network.routes)),
        "datasets": [{"id": name, "name": name.replace("-", " ").capitalize()} for name in datasets],
        "routes": [_route(route, network) for route in network.routes],
    }
    with (folder / REGISTRY).open("w", encoding="utf-8") as file:
        file.write("# The registry of a simulation: invented partners, systems and agreements.\n")
        yaml.safe_dump(registry, file, sort_keys=False, width=128, default_flow_style=None)


def write_project(folder: Path, items: Iterable[str]) -> None:
    """Write the project file. ``items``: the names of the files that list items."""
    sources = [f"  - {{feed: partners, source: {name}}}" for name in items] + [f"  - {{feed: handoffs, source: {HANDOFFS}}}"]
    (folder / PROJECT).write_text("\n".join([PROJECT_TEXT.rstrip(), *sources, ""]), "utf-8")


class ItemFiles:
    """Writes the items that are listed, so many to a file. A context manager."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._items = 0
        self.names: list[str] = []
        self._file = self._open()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if not self._items:
            self._file.write("  []\n")
        self._file.close()

    def write(self, item: str) -> None:
        """Add an item, as a line of YAML."""
        if self._items and self._items % ITEMS_A_FILE == 0:
            self._file.close()
            self._file = self._open()
        self._items += 1
        self._file.write(item)

    def _open(self) -> IO[str]:
        self.names.append(f"items-{len(self.names) + 1}.yaml" if self.names else "items.yaml")
        file = (self._folder / self.names[-1]).open("w", encoding="utf-8")
        file.write("items:\n")
        return file


def _partner(partner: Partner) -> dict[str, Any]:
    contact = {"name": f"{partner.name} Operations", "email": f"operations@{partner.id}.example", "role": "on-call"}
    return {"id": partner.id, "name": partner.name, "zone": partner.zone, "kind": partner.kind, "contacts": [contact]}


PROTOCOLS = {"http": ("https", "JSON"), "mdn": ("as2", "XML"), "functional": ("as2", "X12"), "none": ("sftp", "CSV")}


def _interfaces(routes: list[Route]) -> Iterable[dict[str, Any]]:
    seen = set()
    for route in routes:
        name = _interface(route)
        if name not in seen:
            seen.add(name)
            protocol, form = PROTOCOLS[route.acknowledgement]
            yield {"id": name, "system": route.receiver.id, "protocol": protocol, "format": form}


def _interface(route: Route) -> str:
    protocol, form = PROTOCOLS[route.acknowledgement]
    return f"{route.receiver.id}-{protocol}-{form.lower()}"


def _route(route: Route, network: Network) -> dict[str, Any]:
    row: dict[str, Any] = {
        "id": route.id,
        "from": route.sender.id,
        "to": route.receiver.id,
        "dataset": route.dataset,
        "interface": _interface(route),
        "item_kind": route.kind,
    }
    if route.starts:
        row["after"] = []
    elif route.explicit_after:
        row["after"] = [other.id for other in network.routes if route in other.onward]
    if route.listed:
        row["expect"] = "listed"
    if route.batch:
        row |= {"schedule": "*/15 * * * *", "timezone": "UTC"}
    if route.deliver_within is not None:
        row["deliver_within"] = duration(route.deliver_within)
    row["acknowledgement"] = route.acknowledgement
    if route.acknowledgement != "none":
        row["acknowledge_within"] = duration(route.acknowledge_within)
    return row


def duration(milliseconds: int) -> str:
    """ISO 8601.

    >>> duration(600_000), duration(7_200_000)
    ('PT10M', 'PT2H')
    """
    minutes = milliseconds // SECOND // 60
    return f"PT{minutes // 60}H" if minutes % 60 == 0 else f"PT{minutes}M"
