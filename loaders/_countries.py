"""Countries by their codes of ISO 3166-1 alpha-2, as the time zone database publishes them (its file iso3166.tab)."""

from __future__ import annotations

from functools import cache
from importlib import resources


@cache
def countries() -> frozenset[str]:
    """All codes, in upper case."""
    table = resources.files("tzdata").joinpath("zoneinfo", "iso3166.tab").read_text("utf-8")
    return frozenset(line[:2] for line in table.splitlines() if line and not line.startswith("#"))
