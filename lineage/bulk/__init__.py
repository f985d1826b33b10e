"""The offline build of an empty database: the same graph as ``lineage load`` makes of the same sources, for millions of events."""

from lineage.bulk.building import build

__all__ = ["build"]
