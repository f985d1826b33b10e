"""The feeds: every module here that binds a ``Feed``, and every entry point in the group ``lineage.feeds``."""

from __future__ import annotations

import importlib
import pkgutil
from importlib.metadata import entry_points

from loaders.base import Feed

__all__ = ["discover"]

_SHARED = {"base", "formats", "sources"}


def discover() -> dict[str, Feed]:
    """All feeds by name, sorted; a name taken twice raises ValueError naming both."""
    found: list[tuple[str, Feed]] = []
    for module in pkgutil.iter_modules(__path__):
        if module.name in _SHARED or module.name.startswith("_"):
            continue
        loaded = importlib.import_module(f"{__name__}.{module.name}")
        found += [(loaded.__name__, value) for value in vars(loaded).values() if isinstance(value, Feed)]
    for point in entry_points(group="lineage.feeds"):
        value = point.load()
        found.append((point.value, value))
    feeds: dict[str, tuple[str, Feed]] = {}
    for origin, value in found:
        if value.name in feeds:
            raise ValueError(f"two feeds are called {value.name}: {feeds[value.name][0]} and {origin}")
        feeds[value.name] = (origin, value)
    return {name: feeds[name][1] for name in sorted(feeds)}
