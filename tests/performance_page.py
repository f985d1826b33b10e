"""Put runs' figures into docs/performance.md: ``python -m tests.performance_page bench``, with more folders: also how costs grew.

Each folder is one that ``lineage bench --out`` wrote. Its figures replace those of the same number of items on the page.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

PAGE = Path(__file__).parents[1] / "docs" / "performance.md"
GROUPS = 2
"""The first groups of a run ask its own graph, whose size grows; the wide map is as large in each."""


def put(page: str, mark: str, text: str) -> str:
    """The page with this text between the two marks of that name. Raises ValueError where it has none."""
    begin, end = f"<!-- {mark} -->", f"<!-- /{mark} -->"
    before, found, rest = page.partition(begin)
    if not found or end not in rest:
        raise ValueError(f"{PAGE.name} has no {begin} with {end}")
    return f"{before}{begin}\n{text}{end}{rest.split(end, 1)[1]}"


def growth(small: dict[str, Any], large: dict[str, Any]) -> Iterator[str]:
    """A table: the median of each way that both runs asked, as milliseconds and by the reference that was sampled with it."""
    sizes = [f"{run['graph']['Handoff']:,} handoffs" for run in (small, large)]
    yield f"| p50 of | {sizes[0]} | {sizes[1]} | × reference there | × reference here | growth of that |\n|---|---|---|---|---|---|\n"
    for before, after in zip(small["groups"][:GROUPS], large["groups"][:GROUPS], strict=True):
        for name in (way for way in before["spreads"] if way in after["spreads"]):
            one, other = (group["spreads"][name]["p50"] * 1000 for group in (before, after))
            ratio, later = (group["ratios"][name] for group in (before, after))
            yield f"| {name} | {one:.2f} ms | {other:.2f} ms | {ratio:.2f} | {later:.2f} | {later / ratio:.2f} |\n"


def main(folders: list[Path]) -> None:
    """Rewrite the page."""
    runs = {folder: json.loads((folder / "figures.json").read_text("utf-8")) for folder in folders}
    page = PAGE.read_text("utf-8")
    for folder, run in runs.items():
        page = put(page, f"figures {run['items']}", (folder / "figures.md").read_text("utf-8"))
    if len(runs) > 1:
        *_, small, large = sorted(runs.values(), key=lambda run: int(run["items"]))
        page = put(page, "growth", "".join(growth(small, large)))
    PAGE.write_text(page, "utf-8")


if __name__ == "__main__":
    main([Path(name) for name in sys.argv[1:]])
