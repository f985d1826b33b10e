"""The demo: real feeds, the map around them, and logs in which one episode never reached one partner."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from lineage.loading import load
from lineage.session import rejects_path

if TYPE_CHECKING:
    from lineage.ingest import Report
    from lineage.session import Lineage

ITEM = "episode:dev-meeting"
"""The episode that never reached one partner."""
SYSTEM = "northwind-directory"
"""The system that did not take it."""
SOURCES: tuple[tuple[str, str], ...] = (
    ("podcast", "podcasts"),
    ("partners", "partners.yaml"),
    ("handoffs", "handoffs.jsonl"),
)
"""(feed, file or folder of the demo's data), in no particular order: any order gives the same graph."""


def load_demo(session: Lineage, progress: Callable[[str], None] = lambda source: None) -> list[Report]:
    """Load the demo's data; a second time it is recognised as unchanged. Raises ServerError."""
    reports = []
    with ExitStack() as stack:
        data = stack.enter_context(resources.as_file(resources.files("lineage.demo") / "data"))
        for feed, name in SOURCES:
            progress(name)
            reports.append(
                load(
                    session.graph, feed, str(Path(data) / name), rejects=lambda: rejects_path(session.home), name=f"demo/{name}"
                )
            )
    return reports
