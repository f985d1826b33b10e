"""What the Handoff node stores of a folded state (pure)."""

from __future__ import annotations

from typing import Any

from lineage.custody import RECEIPTS, State
from lineage.owed import standing


def properties(state: State, item_id: str) -> dict[str, Any]:
    """What the Handoff node stores of a state. Only what its evidence says: no registry, no clock."""
    arrow = f"{state.from_system} → {state.to_system}" if state.from_system and state.to_system else state.route
    word = state.processing or state.acknowledgement or state.transport or "seen"
    return {
        "id": f"{state.route}|{item_id}",
        "route_id": state.route,
        "item_id": item_id,
        "from_system": state.from_system,
        "to_system": state.to_system,
        "dataset": state.dataset,
        "secured": state.secured,
        "secured_at": state.secured_at,
        # Composite indexes leave out nodes without a secured_at, so these few have indexes of their own.
        "secured_undated": True if state.secured and state.secured_at is None else None,
        "secured_by": state.secured_by,
        "attempts": state.attempt_count,
        "transport": state.transport,
        "acknowledgement": state.acknowledgement,
        "processing": state.processing,
        "undated": state.undated,
        "first_at": state.first_at,
        "last_at": state.last_at,
        "summary": f"{'✓' if state.secured else '✗'} {word.replace('_', ' ')} {arrow}",
        # Whose logs show it, and whose show that it arrived: what is missing in a log that has holes proves nothing.
        "reporters": sorted({e.said_by for e in state.evidence}),
        "confirmed_by": sorted({e.said_by for e in state.evidence if e.type in RECEIPTS}) or None,
        **{f"{name}_at": time for name, time in state.times.items()},
        **standing(state),
    }
