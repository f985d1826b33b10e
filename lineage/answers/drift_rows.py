"""Rows of ``drift``: with whom they are about, whom to ask, and who says so."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from lineage.answers.asking import Asker
from lineage.answers.drift_observed import Seen
from lineage.answers.drift_results import KINDS, DriftRow

Node = Mapping[str, Any]
_ZONES = {"partner": 0, "middleware": 1, "spotify": 2}
_NAMED = 5
"""So many names stand in a sentence; the rest is counted."""


@dataclass(frozen=True)
class Draft:
    """A row whose speakers are still to be read: ``handoffs`` and ``subjects`` (Label:id) are what shows it."""

    row: DriftRow
    handoffs: tuple[str, ...]
    subjects: tuple[str, ...]


class Draughtsman:
    """Writes rows; knows the systems and the zones of their partners."""

    def __init__(self, systems: Mapping[str, Node], zones: Mapping[str, str | None]) -> None:
        self._systems, self._zones = systems, zones

    def draft(
        self,
        kind: str,
        label: str,
        node: Node,
        detail: str,
        *,
        ends: Sequence[str | None] | None = None,
        seen: Seen | None = None,
        handoffs: tuple[str, ...] = (),
        said: bool = False,
        **more: Any,
    ) -> Draft:
        """A row about a node. ``ends``: its systems, those of the route if None. ``seen`` gives times and a handoff that shows it;
        ``said``: also the sources that say anything of the node are named."""
        systems = [self._systems.get(end or "", {}) for end in ((node.get("from"), node.get("to")) if ends is None else ends)]
        partners = [s["partner"] for s in systems if s.get("partner")]
        # The outermost partner is whom to talk to: the other end is often Spotify, or the middleware that everything passes.
        partner = min(partners, key=lambda one: _ZONES.get(self._zones.get(one) or "", 3), default=None)
        owner = node.get("owner") or next((s["owner"] for s in systems if s.get("owner")), None)
        times = {"first_at": seen.first, "last_at": seen.last} if seen else {}
        row = DriftRow.model_validate(
            {
                "drift": kind,
                "label": label,
                "id": node["id"],
                "name": node.get("name") or node["id"],
                "detail": detail,
                "partner": partner,
                "owner": owner,
                **times,
                **more,
            }
        )
        shown = handoffs or ((seen.newest.id,) if seen else ())
        return Draft(row, shown, (f"{label}:{node['id']}",) if said else ())


def finished(ask: Asker, drafts: Iterable[Draft], as_of: datetime) -> tuple[DriftRow, ...]:
    """The rows with their speakers, by kind, partner and id."""
    ordered = sorted(drafts, key=lambda d: (KINDS.index(d.row.drift), d.row.partner or "", d.row.id, d.row.declared or ""))
    handoffs = sorted({one for draft in ordered for one in draft.handoffs})
    subjects = sorted({one for draft in ordered for one in draft.subjects})
    said: dict[str, set[str]] = defaultdict(set)
    if handoffs or subjects:
        found = ask.rows("drift_said_by", handoffs=handoffs, subjects=subjects, as_of=as_of)[0]
        for what, who in [*found["speakers"], *found["sources"]]:
            said[what].add(who)
    return tuple(
        draft.row.model_copy(
            update={
                "said_by": (
                    *draft.row.said_by,
                    *sorted({who for what in (*draft.handoffs, *draft.subjects) for who in said[what]} - {*draft.row.said_by}),
                )
            }
        )
        for draft in ordered
    )


def between(route: Node) -> str:
    """A route's two ends."""
    return f"{route.get('from') or 'an unknown system'} to {route.get('to') or 'an unknown system'}"


def some(names: Iterable[str]) -> str:
    """Names in a sentence: the first few, and how many more."""
    given = list(names)
    more = f" and {len(given) - _NAMED} more" if len(given) > _NAMED else ""
    return ", ".join(given[:_NAMED]) + more
