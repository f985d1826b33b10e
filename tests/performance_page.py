"""Put a run's figures into docs/performance.md: ``python -m tests.performance_page bench/figures.md``."""

from __future__ import annotations

import sys
from pathlib import Path

PAGE = Path(__file__).parents[1] / "docs" / "performance.md"
BEGIN, END = "<!-- figures -->", "<!-- /figures -->"


def put(figures: str) -> None:
    """Between the page's two marks."""
    before, rest = PAGE.read_text("utf-8").split(BEGIN)
    PAGE.write_text(f"{before}{BEGIN}\n{figures}{END}{rest.split(END)[1]}", "utf-8")


if __name__ == "__main__":
    put(Path(sys.argv[1]).read_text("utf-8"))
