"""The demo: two deliveries that failed, told by real formats. Its data is a project file with its sources, as a user's would be."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from lineage.project import read_project

if TYPE_CHECKING:
    from lineage.ingest import Report
    from lineage.session import Lineage

ITEM = "episode:dev-meeting"
"""The episode that never reached one partner."""
SYSTEM = "northwind-directory"
"""The system that did not take it."""
CAMPAIGN = "campaign:spotify-ads:8c1f0a03-5b7e-4d21-9a3c-6f2e4d7b0003"
"""The campaign of the second story."""
ASSET = "asset:spotify-ads:8c1f0a08-5b7e-4d21-9a3c-6f2e4d7b0008"
"""Its audio asset that one ad-tech partner never got."""


def load_demo(session: Lineage, progress: Callable[[str], None] = lambda source: None) -> list[Report]:
    """Load the demo's data; a second time it is recognised as unchanged. Raises ServerError."""
    reports = []
    with ExitStack() as stack:
        data = stack.enter_context(resources.as_file(resources.files("lineage.demo") / "data"))
        for one in read_project(Path(data) / "lineage.yaml"):
            progress(one.name or one.source)
            reports.append(session.load(one.feed, one.source, settings=one.settings, name=one.name))
    return reports
