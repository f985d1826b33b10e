"""What a handoff still owes, and until when its state could change: read off its folded state (pure; no registry, no clock).

These are stored with the handoff, so that lateness is asked from an index that holds only what is open. Whether anything is
owed at all, and by when, is the registry's and the clock's to say (``lineage.answers.late``).
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lineage.custody import Attempt, State

SPANS = 16
"""How many classes of ``unsettled`` there are: class n holds spans of at most 4**n seconds, the last one all longer ones."""
_ACCEPTED = frozenset({"accepted", "accepted_with_errors", "partially_accepted"})
_NEVER = datetime.max.replace(tzinfo=UTC)


def standing(state: State) -> dict[str, Any]:
    """The properties of the Handoff node that say what is open.

    ``pending_since``: it is not secured, the receiver does not have the item from elsewhere either, and this is when it was
    first seen; ``pending_undated``: the same, and nobody knows when. ``awaiting``, ``awaiting_at``: see ``awaiting``.
    ``unsettled``, ``settled_at``: see ``settled``.
    """
    open_ = not state.secured and not state.superseded
    awaits, since = awaiting(state)
    span, until = settled(state)
    return {
        "pending_since": state.first_at if open_ else None,
        "pending_undated": True if open_ and state.first_at is None else None,
        "awaiting": awaits,
        "awaiting_at": since,
        "unsettled": span,
        "settled_at": until,
    }


def awaiting(state: State) -> tuple[str | None, datetime | None]:
    """What is still unanswered, and the first sending of it (UTC), or (None, None).

    ``receipt``: nothing came back at all, so whatever was agreed is owed. ``acknowledgement``: the receiver has it, and has
    neither accepted nor rejected it, which is owed where a functional acknowledgement was agreed. An attempt that failed or was
    rejected owes nothing; one that was answered answers for the item, so a resend beside it owes nothing either. An answer
    counts also where it named the route and the message only its two ends, which makes two handoffs of one exchange.
    """
    everything = (*state.attempts, *state.beside)
    if any(attempt.acknowledgement in _ACCEPTED for attempt in everything):
        return None, None
    refused = {a.key for a in state.beside if a.acknowledgement == "rejected" or a.processing == "failed"}
    own = [a for a in state.attempts if a.acknowledgement is None and a.key not in refused]
    unheard = [a for a in own if a.transport == "sent" and a.processing is None]
    since = _first_sent(unheard)
    if since and not any(attempt.secured for attempt in everything):
        return "receipt", since
    undecided = [a for a in own if a.transport != "failed" and a.processing != "failed"]
    since = _first_sent(undecided)
    return ("acknowledgement", since) if since else (None, None)


def _first_sent(attempts: list[Attempt]) -> datetime | None:
    """The earliest sending of these messages; where one failed and was sent again, it is that resend's time."""
    times = []
    for attempt in attempts:
        failed = max((e.time for e in attempt.evidence if e.type == "failed" and e.time), default=None)
        sent = [e.time for e in attempt.evidence if e.type == "sent" and e.time]
        times += [t for t in sent if failed is None or t > failed]
    return min(times, default=None)


def may_change(state: State) -> bool:
    """Whether evidence about the item's other handoffs can still change this state.

    Not where there is a receipt that nothing speaks against: that is settled by the handoff's own evidence. Any other may change,
    because what is seen going on from the receiver had arrived there.
    """
    return state.secured_by != "receipt" or any(e.type in {"rejected", "failed"} for e in state.evidence)


def settled(state: State) -> tuple[int | None, datetime | None]:
    """From when on the state holds (UTC), with the class of the span before it in which it was another one.

    A question as of a time within that span folds the evidence anew. (None, None): it never was any other.
    """
    until = state.item_last_at if state.beside or may_change(state) else state.last_at
    if until is None:
        return None, None
    if state.undated:
        return SPANS - 1, until
    seconds = (until - min(state.first_at or until, state.secured_at or _NEVER)).total_seconds()
    if seconds <= 0:
        return None, None
    return next((n for n in range(SPANS - 1) if seconds <= 4**n), SPANS - 1), until
