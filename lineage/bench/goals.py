"""What has a stated goal, as one row each: what was measured, what it is held against, and whether the goal is reached."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Goal:
    """``figure`` and ``bound`` in ``unit``: how often the reference (x), milliseconds, or MB of 10^6 bytes. ``how``: in words."""

    what: str
    figure: float
    bound: float
    unit: Literal["x", "ms", "MB"]
    at_least: bool
    how: str

    @property
    def reached(self) -> bool:
        """Whether the figure is on the right side of the bound."""
        return self.figure >= self.bound if self.at_least else self.figure <= self.bound

    @property
    def measured(self) -> str:
        """The figure with its unit."""
        return f"{self.figure:,.{2 if self.figure < 10 else 1}f} {self.unit}"

    @property
    def wanted(self) -> str:
        """The bound with its unit."""
        return f"{'at least' if self.at_least else 'at most'} {self.bound:g} {self.unit}"

    def __str__(self) -> str:
        return f"{self.what}: {self.measured}, goal {self.wanted}{'' if self.reached else ', MISSED'} ({self.how})"


COLUMNS = ("what", "measured", "goal", "reached", "how")


def markdown(goals: Iterable[Goal]) -> Iterator[str]:
    """A table; nothing where there is none."""
    rows = [(one.what, one.measured, one.wanted, "yes" if one.reached else "**no**", one.how) for one in goals]
    if rows:
        yield from ("", "### Goals", "")
        yield from (f"| {' | '.join(COLUMNS)} |", f"|{'---|' * len(COLUMNS)}")
        yield from (f"| {' | '.join(row)} |" for row in rows)
