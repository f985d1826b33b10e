"""What an item may be, by a score and no fact (see ``lineage.matching``), and where that was seen published."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from lineage.answers.asking import Asker


@dataclass(frozen=True)
class Possible:
    """An item that another one may be. ``published``: systems in which it was seen published, with the ids of that evidence."""

    id: str
    name: str
    score: float
    because: tuple[str, ...]
    published: tuple[tuple[str, tuple[str, ...]], ...] = ()

    def seen_at(self, system: str) -> tuple[str, ...]:
        """Ids of the evidence that it was published in a system."""
        return dict(self.published).get(system, ())


def possible(ask: Asker, items: Iterable[str], as_of: datetime) -> dict[str, tuple[Possible, ...]]:
    """What these items may be as far as was seen by a time (UTC), the best match first."""
    wanted = sorted(set(items))
    rows = ask.rows("possible_matches", items=wanted, as_of=as_of) if wanted else []
    return {row["item"]: tuple(_possible(match) for match in row["matches"]) for row in rows}


def _possible(match: dict[str, Any]) -> Possible:
    published: dict[str, list[str]] = defaultdict(list)
    for seen in match["published"]:
        if seen["system"]:
            published[seen["system"]].append(seen["evidence"])
    return Possible(
        id=match["id"],
        name=match["name"],
        score=match["score"],
        because=tuple(match["because"]),
        published=tuple((system, tuple(ids)) for system, ids in sorted(published.items())),
    )
