"""What came of each attempt of a handoff, and in whose log it stands (pure)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from operator import attrgetter
from typing import Literal, NamedTuple

from lineage.answers.codes import classify, is_answer, is_unanswered
from lineage.answers.expected import Agreement, later
from lineage.custody import RECEIPTS, Attempt, Evidence, State, negates

SKEW_S = 20 * 60
"""Two companies' clocks: each may be off by ten minutes, so what lies closer than this has no certain order."""

What = Literal["ok", "refused", "unauthorised", "rejected", "silent", "unseen", "queued", "unknown"]
"""``silent``: an answer was owed and did not come. ``unseen``: none was owed, and nothing shows that it arrived in its time."""


class Shown(NamedTuple):
    """In whose log an attempt is: a log that has holes proves nothing by what is missing in it.

    ``sender``, ``receiver``: they report it at all. ``reply``: the sender's log has the receipt; ``receipt``: somebody else's has.
    """

    sender: bool
    receiver: bool
    reply: bool
    receipt: bool


class Outcome(NamedTuple):
    """What came of one attempt.

    ``at``: seconds since the epoch, by the sender's clock where its log has it. ``shown``: in whose log it is. ``code``: of a failure.
    ``answered_at``: when the answer came (seconds since the epoch), where it is known: then, and not when it was sent, the receiver was up.
    ``answered``: a failure that is the receiver's own answer, and no loss on the way to it.
    """

    item: str
    kind: str
    route: str
    sender: str
    receiver: str
    dataset: str | None
    at: float
    what: What
    shown: Shown
    code: str | None = None
    answered_at: float | None = None
    answered: bool = False


_at = attrgetter("at")


def silence(told: Iterable[Outcome]) -> list[Outcome]:
    """The same where an arrival is known to be seen: what is not seen was left without an answer."""
    return [one._replace(what="silent") if one.what == "unseen" else one for one in told]


def outcomes(state: State, agreement: Agreement | None, item: str, kind: str, as_of: datetime) -> tuple[Outcome, ...]:
    """What came of the attempts of one handoff by a time; what is still under way, or never answered by agreement, tells nothing."""
    if not state.from_system or not state.to_system:
        return ()
    sender, receiver = state.from_system, state.to_system
    found = [
        Outcome(item, kind, state.route, sender, receiver, state.dataset, *told) for told in _told(state, agreement, as_of)
    ]
    return tuple(sorted(found, key=_at))


def _told(
    state: State, agreement: Agreement | None, as_of: datetime
) -> Iterator[tuple[float, What, Shown, str | None, float | None, bool]]:
    for queued in state.evidence:
        if queued.type == "queued" and queued.time and queued.said_by == state.from_system and not state.attempts:
            # Nothing came of it yet; but the sender's log of that time is there.
            shown = Shown(sender=True, receiver=False, reply=False, receipt=False)
            yield queued.time.timestamp(), "queued", shown, None, None, False
    for attempt in state.attempts:
        onward = attempt is state.attempts[-1] and state.secured_by == "onward"
        shown = shown_by(
            state.from_system,
            state.to_system,
            {e.said_by for e in attempt.evidence},
            {e.said_by for e in attempt.evidence if e.type in RECEIPTS},
            agreement,
            onward=onward,
        )
        refused = any(negates(e, state.to_system) for e in attempt.evidence)
        # Attempts with one message id are one: what failed before it arrived is told too.
        for seen in attempt.evidence:
            if seen.time and seen.type == "failed" and seen.said_by == state.from_system:
                yield seen.time.timestamp(), _failed(seen), shown, seen.code, None, is_answer(seen.code, seen.detail)
            elif seen.time and negates(seen, state.to_system):
                yield seen.time.timestamp(), refusal(seen), shown, seen.code, None, True
        own = [e.time for e in attempt.evidence if e.said_by == state.from_system and e.type == "sent" and e.time]
        begun = max(own) if own else attempt.started
        if begun is None:
            continue
        at = begun.timestamp()
        if not refused:
            yield from _sent_in_vain(attempt, sorted(own), agreement)
        if attempt.secured or onward:
            answered = None if onward or not attempt.secured_at else attempt.secured_at.timestamp()
            yield at, "ok", shown, None, answered, False
        elif attempt.transport == "sent" and not refused and _overdue(attempt, agreement, as_of):
            owed = agreement is not None and agreement.acknowledgement != "none"
            yield at, "silent" if owed else "unseen", shown, None, None, False


def _sent_in_vain(
    attempt: Attempt, sent: Sequence[datetime], agreement: Agreement | None
) -> Iterator[tuple[float, What, Shown, None, None, bool]]:
    """The sendings of one message that got no answer until it was sent again, under the same id (RFC 4130, 9.3)."""
    within = _answer_due(agreement)
    if agreement is None or within is None:
        return
    skew = timedelta(seconds=SKEW_S)
    for one, again in pairwise(sent):
        came = attempt.secured_at is not None and attempt.secured_at < again - skew
        failed = any(e.type == "failed" and e.time and one <= e.time < again for e in attempt.evidence)
        if again - one > skew and later(one, within) <= again and not came and not failed:
            shown = Shown(sender=True, receiver=False, reply=False, receipt=False)
            yield one.timestamp(), "unseen" if agreement.acknowledgement == "none" else "silent", shown, None, None, False


def sent_once(first_at: datetime, sent_at: datetime | None) -> bool:
    """Whether a message that was last sent so long after it was first seen cannot have been sent before in vain."""
    return sent_at is None or (sent_at - first_at).total_seconds() <= SKEW_S


def shown_by(
    sender: str | None,
    receiver: str | None,
    reporters: Collection[str],
    confirmed_by: Collection[str],
    agreement: Agreement | None,
    *,
    onward: bool,
) -> Shown:
    """In whose logs it is. ``onward``: that it was seen going on from the receiver is what shows its arrival."""
    return Shown(
        sender=sender in reporters,
        receiver=receiver in reporters,
        # A reply by HTTP is on the sender's own line, whoever is named as its source.
        reply=sender in confirmed_by or (bool(confirmed_by) and agreement is not None and agreement.acknowledgement == "http"),
        receipt=onward or any(one != sender for one in confirmed_by),
    )


def _failed(failure: Evidence) -> What:
    """A reply that did not come is a silence that the sender noted: the message may have arrived."""
    return "silent" if is_unanswered(failure.code, failure.detail) else classify(failure.code, failure.detail)


def refusal(said: Evidence) -> What:
    """What the receiver's own word means: a rejection of the document, unless it says that it failed by itself (5xx)."""
    if said.type == "failed" and classify(said.code, said.detail) == "refused":
        return "refused"
    return "rejected"


def _overdue(attempt: Attempt, agreement: Agreement | None, as_of: datetime) -> bool:
    """Whether an answer was owed by then; where none is agreed, whether it should have been there."""
    within = _answer_due(agreement)
    sent = [e.time for e in attempt.evidence if e.type == "sent" and e.time]
    return bool(sent) and within is not None and later(max(sent), within) <= as_of


def _answer_due(agreement: Agreement | None) -> timedelta | None:
    """How long after it was sent something shows that it arrived."""
    return None if agreement is None else agreement.acknowledge_within or agreement.deliver_within
