"""What logs usually hold: how long a pause in one is, and what would be in it if it were whole (pure)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from itertools import pairwise

from lineage.answers.outcomes import Outcome

BURST_S = 300
"""What is written within so many seconds is one batch."""
LATELY = 20
"""So many entries of a log tell how often it is written."""
FEW = 6
"""Less than so many events on a route do not tell how often there are such."""


def usual(seen: Iterable[Outcome], seconds: float) -> float:
    """How many of these would usually be seen in so much time, by how close together they are on each route that has enough."""
    by_route: dict[str, list[float]] = defaultdict(list)
    for one in seen:
        by_route[one.route].append(one.at)
    enough = [times for times in by_route.values() if len(times) >= FEW and max(times) > min(times)]
    return sum((len(times) - 1) / (max(times) - min(times)) for times in enough) * seconds


def longest_pause(since: float, until: float, entries: Iterable[float]) -> tuple[float, float]:
    """The longest time without an entry of a log that overlaps with these moments."""
    times = sorted(entries)
    inner = [at for at in times if since <= at <= until]
    before = max((at for at in times if at < since), default=since)
    after = min((at for at in times if at > until), default=until)
    return max(pairwise([before, *inner, after]), key=lambda pair: pair[1] - pair[0])


def beyond_one_hole(low: float, high: float, noted: Iterable[float]) -> float:
    """How much of a pause no single hole in the log could cover: a log that notes other things in between is there."""
    inner = sorted(at for at in noted if low < at < high)
    return high - low - max(after - before for before, after in pairwise([low, *inner, high]))


def usual_rate(entries: Iterable[float], low: float, high: float) -> float:
    """How often a second a log is written before and after a pause, the lesser of both.

    What is written together, as batches are, counts once. Zero where too little is written to tell.
    """
    times = sorted({at // BURST_S * BURST_S for at in entries})
    before = [at for at in times if at <= low][-LATELY:]
    after = [at for at in times if at > high - BURST_S][:LATELY]
    rates = [(len(some) - 1) / (some[-1] - some[0]) for some in (before, after) if len(some) > 1]
    return min(rates, default=0.0)
