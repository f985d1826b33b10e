"""The verdict on one expected handoff that has not arrived: rule by rule, in this order (design: "the verdict"; pure).

Here are only the rules that one item's own evidence can decide. A rejection, a refused login and silence look the same
whoever caused them; without other items to compare with (``lineage.answers.corroboration``) they stay undetermined. A wrong
accusation is worse than that.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from lineage.answers.codes import classify, is_answer, is_unanswered
from lineage.answers.expected import Expected, later
from lineage.custody import Attempt, Evidence, State, negates
from lineage.times import rfc3339


@dataclass(frozen=True)
class Finding:
    """A verdict before names are looked up. ``at_fault``: a system id, None (nobody), or "" (undetermined).

    ``at``: when it happened, or for what was never sent, since when it could have; ``began``: when an attempt first failed;
    ``answered``: the failure is an answer of the receiver's own, such as an HTTP status, and no silence or loss on the way to
    it; ``codes``: with which codes it failed in this way, sorted; ``ways``: how many of these one log tells.
    """

    rule: str
    at_fault: str | None
    reason: str
    confidence: float
    evidence: tuple[Evidence, ...] = ()
    missing: tuple[str, ...] = ()
    due: datetime | None = None
    at: datetime | None = None
    began: datetime | None = None
    answered: bool = False
    codes: tuple[str, ...] = ()
    ways: int = 0

    def doubted(self, why: str, missing: str) -> Finding:
        """The same without an accusation: ``why`` it may be otherwise, and what is ``missing`` to tell."""
        return replace(self, at_fault=UNDETERMINED, reason=f"{self.reason} {why}", confidence=DOUBT, missing=(missing,))


NOBODY, UNDETERMINED = None, ""
DOUBT = 0.95
"""Confidence of a verdict that accuses nobody: how often nobody could know, or it had arrived (docs/verdicts.md)."""
CERTAIN, STRONG = 0.99, 0.98
"""Confidences of accusations, by how much speaks for them: shares of them that were right on simulations (docs/verdicts.md)."""


def judge(expected: Expected, state: State | None, as_of: datetime) -> Finding:
    """The verdict on an expected handoff whose sender has custody and whose receiver has no secured handoff."""
    found = _judge(expected, state, as_of)
    if state is None or found.at is None:
        return found
    alike = [e for e in state.evidence if e.time and _way_of_failing(e) == found.rule]
    began = min((e.time for e in alike if e.time), default=None)
    return replace(found, began=began, codes=tuple(sorted({e.code for e in alike if e.code})), ways=_ways(alike))


def _ways(alike: Iterable[Evidence]) -> int:
    """How many codes failures have, told by one and the same: two who tell of one answer each have their own words for it."""
    told: dict[str, set[str]] = defaultdict(set)
    for one in alike:
        if one.code:
            told[one.said_by].add(one.code)
    return max(map(len, told.values()), default=0)


def _way_of_failing(seen: Evidence) -> str | None:
    """The rule that a piece of evidence speaks for."""
    if seen.type == "failed" and is_unanswered(seen.code, seen.detail):
        return "no-receipt"
    if seen.type == "failed":
        rules = {"refused": "refused-by-endpoint", "unauthorised": "not-authorised", "rejected": "rejected"}
        return rules.get(classify(seen.code, seen.detail))
    return {"rejected": "rejected", "sent": "no-receipt"}.get(seen.type)


def _judge(expected: Expected, state: State | None, as_of: datetime) -> Finding:
    route = expected.agreement
    sender, receiver = route.sender, route.receiver
    attempts = state.attempts if state else ()
    latest = attempts[-1] if attempts else None
    evidence = state.evidence if state else ()
    due = _due(expected, latest)
    happened = _happened(latest, sender, receiver)
    if due is None:
        why = f"Route {route.id} declares no deadline, so nothing is late."
        if route.deliver_within is not None:
            why = f"No evidence says when {sender} got it, so it cannot be told whether it is late."
        return Finding("no-deadline", NOBODY, f"{happened} {why}", 1.0, evidence)
    if as_of < due:
        reason = f"{happened} It is due at {rfc3339(due.replace(microsecond=0))}, which has not passed."
        return Finding("not-due", NOBODY, reason, 1.0, evidence, due=due)
    if latest is None:
        since = rfc3339(due.replace(microsecond=0))
        reason = f"{sender} has it and there is no sign that it tried to send it to {receiver}; due was {since}."
        missing: tuple[str, ...] = (f"a log of {sender} for this item",)
        return Finding("not-sent", sender, reason, 0.9, evidence, missing, due, expected.begun_at)
    at = _at(latest, sender)
    if latest.acknowledgement == "rejected" or latest.processing == "failed":
        own = [e for e in latest.evidence if negates(e, receiver)]
        if latest.acknowledgement != "rejected" and own and classify(own[-1].code, own[-1].detail) == "refused":
            # It took the message and says itself that it cannot go on with it: no rejection of the document.
            reason = f"{happened} That is a failure of its own; due was {rfc3339(due.replace(microsecond=0))}."
            return Finding("refused-by-endpoint", receiver, reason, 0.85, evidence, (), due, at, answered=True)
        others = f"whether {receiver} rejects other senders' messages too, or takes others of this kind from {sender}"
        reason = f"{happened} That alone does not say whose document is wrong."
        return Finding("rejected", UNDETERMINED, reason, DOUBT, evidence, (others,), due, at)
    if latest.transport == "failed":
        return _failed(sender, receiver, latest, evidence, due)
    if latest.transport == "sent":
        missing = (f"a log or receipt of {receiver}", f"whether {receiver} answers other senders in that time")
        reason = f"{sender} sent it and nothing came back from {receiver}; due was {rfc3339(due.replace(microsecond=0))}."
        return Finding("no-receipt", UNDETERMINED, reason, DOUBT, evidence, missing, due, at)
    return Finding("unknown-failure", UNDETERMINED, f"{happened} No rule knows what that means.", DOUBT, evidence, (), due)


def _failed(sender: str, receiver: str, latest: Attempt, evidence: tuple[Evidence, ...], due: datetime) -> Finding:
    failure = [e for e in latest.evidence if e.type == "failed"][-1]
    said = " ".join(filter(None, (failure.code, failure.detail))) or "no code"
    if failure.said_by != sender:
        reason = (
            f"{failure.said_by} reports that it failed between {sender} and {receiver} ({said}); {sender} itself says nothing."
        )
        return Finding("unknown-failure", UNDETERMINED, reason, DOUBT, evidence, (f"a log of {sender} for this item",), due)
    count = len({e.attempt for e in evidence if e.type == "failed"})
    at = failure.time
    match classify(failure.code, failure.detail):
        case "refused":
            tries = f"tried {count} times" if count > 1 else "tried"
            reason = f"{receiver} did not take it: {sender} {tries} and last got {said}; due was {rfc3339(due.replace(microsecond=0))}."
            others = f"whether {sender} fails towards its other receivers in the same way"
            found = Finding("refused-by-endpoint", receiver, reason, 0.85, evidence, (others,), due, at)
            if is_unanswered(failure.code, failure.detail):
                return replace(found, rule="no-receipt", at_fault=UNDETERMINED, confidence=DOUBT)
            return replace(found, answered=is_answer(failure.code, failure.detail))
        case "unauthorised":
            reason = f"{receiver} did not let {sender} in ({said}); that can be {sender}'s credentials or {receiver}'s change."
            others = f"whether {receiver} refuses its other senders too, and {sender} is refused elsewhere"
            return Finding("not-authorised", UNDETERMINED, reason, DOUBT, evidence, (others,), due, at)
        case "rejected":
            reason = f"{receiver} answered {said}: it did not accept the document, which does not say whose mistake it is."
            others = f"whether {receiver} accepts others of this kind"
            return Finding("rejected", UNDETERMINED, reason, DOUBT, evidence, (others,), due, at)
        case _:
            reason = f"{sender} reports a failure that no rule knows ({said})."
            return Finding("unknown-failure", UNDETERMINED, reason, DOUBT, evidence, ("what the code means",), due)


def _at(latest: Attempt, sender: str) -> datetime | None:
    """When an attempt was last made, by the sender's clock where its log has it."""
    own = [e.time for e in latest.evidence if e.said_by == sender and e.type in {"sent", "failed"} and e.time]
    return max(own, default=None) or latest.started


def _due(expected: Expected, latest: Attempt | None) -> datetime | None:
    """deliver_within from custody; for a message under way also acknowledge_within from its sending, whichever is later."""
    due = expected.due
    if latest is None or expected.agreement.acknowledge_within is None:
        return due
    sent = [e.time for e in latest.evidence if e.type == "sent" and e.time] or [e.time for e in latest.evidence if e.time]
    acknowledged_by = later(max(sent), expected.agreement.acknowledge_within) if sent else None
    if latest.transport != "sent" or latest.acknowledgement == "rejected":
        # The answer is there; only where no deadline for the delivery is declared, that for the answer stands in.
        return due or acknowledged_by
    return max(filter(None, (due, acknowledged_by)), default=None)


def _happened(latest: Attempt | None, sender: str, receiver: str) -> str:
    if latest is None:
        return f"{sender} has it and has not sent it to {receiver} so far."
    if latest.acknowledgement == "rejected":
        return f"{receiver} rejected it{_code(latest, 'rejected')}."
    if latest.processing == "failed":
        return f"{receiver} has failed to process it{_code(latest, 'failed')}."
    if latest.transport == "failed":
        return f"{sender} failed to send it to {receiver}{_code(latest, 'failed')}."
    if latest.transport == "sent":
        return f"{sender} sent it; {receiver} has not confirmed it."
    return f"There is evidence between {sender} and {receiver} ({', '.join(sorted({e.type for e in latest.evidence}))})."


def _code(attempt: Attempt, kind: str) -> str:
    said = next((" ".join(filter(None, (e.code, e.detail))) for e in reversed(attempt.evidence) if e.type == kind), "")
    return f" ({said})" if said else ""
