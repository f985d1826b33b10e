"""What a sender did or did not do by itself: whether it sent at all, and whether it gave up (pure).

What its log does not show proves something only where that log is whole; others' logs tell whether it is.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from statistics import median

from lineage.answers.cases import ANSWERS, ENOUGH, GAP_S, NEAR_S, Case, answered
from lineage.answers.logs import beyond_one_hole, longest_pause, usual, usual_rate
from lineage.answers.outcomes import SKEW_S, Outcome
from lineage.answers.traffic import Traffic, outcomes_in
from lineage.answers.verdict import CERTAIN, STRONG, Finding

SENT_BY_S = 90 * 60
"""What was to be sent from a moment on, was sent by then, if at all."""
TELLING = 3
"""So many entries that a log would usually have in a pause make the pause telling: by chance, one in twenty is so long."""


def not_sent(case: Case, traffic: Traffic) -> Finding:
    """The sender has it and shows no attempt. That proves something only if its log of that time is there."""
    mine = case.outgoing
    into = outcomes_in(traffic.into(case.sender, case.moment))
    sends = _sends(case)
    since, until = case.at - SKEW_S / 2, case.at + SENT_BY_S
    low, high = longest_pause(since, until, sends)
    sent = [o for o in mine if o.what != "queued" and min(low, since) <= o.at <= max(high, until)]
    holes = [o for o in sent if not o.shown.sender]
    if len(holes) > len(sent) / 20:
        if _only_the_receiver_tells(case):
            return replace(case.finding, confidence=STRONG)
        why = f"But {len(holes)} of its other messages of that time are missing in its log as well."
        return case.finding.doubted(why, f"the log of {case.sender} of that time")
    if unlogged := _unlogged(into, low, high):
        why = f"But {unlogged} of the items that reached it at that time are missing in its log as well."
        return case.finding.doubted(why, f"the log of {case.sender} of that time")
    often = usual_rate(sends, low, high)
    noted = [o.at for o in mine if o.what == "queued"] + [o.at for o in into if o.shown.receiver]
    if not sends and not noted and sum(o.what == "ok" and o.item != case.item for o in into) >= TELLING:
        why = "But its log shows nothing at all of that time, of what others handed on to it either."
        return case.finding.doubted(why, f"the log of {case.sender} of that time")
    if often * (high - low) < TELLING:
        # It sent others all the time, or its log is too thin to tell.
        unheard = case.expected.agreement.acknowledgement == "none"
        if ((often and len(sends) >= ENOUGH) or unheard) and _one_line(case, [o for o in mine if o.what == "queued"]):
            why = "But one line that is missing in its log would look the same, and others of that time show nothing."
            return case.finding.doubted(why, f"what {case.receiver} got at that time")
        return replace(case.finding, confidence=CERTAIN)
    if _down(into, low, high) or often * beyond_one_hole(low, high, noted) >= TELLING or _unheard(case, traffic, low, high):
        # It was down, or noted what came in while it sent nothing, or others' logs would show what it sends.
        return replace(case.finding, confidence=CERTAIN)
    why = f"But its log shows nothing at all of that time, which is unusual: {case.sender} stood still, or its log is missing."
    return case.finding.doubted(why, f"the log of {case.sender} of that time")


def _unlogged(into: list[Outcome], low: float, high: float) -> int:
    """How many items reached a system in a pause of its log that others' logs show, and its own does not, which shows such else.

    A system that is down takes nothing, and one that only sends nothing notes what comes in: then it is the log that is missing.
    """
    hidden = inside = 0
    by_sender: dict[str, list[Outcome]] = defaultdict(list)
    for one in into:
        if one.what == "ok":
            by_sender[one.sender].append(one)
    for reached in by_sender.values():
        outside = [o.shown.receiver for o in reached if not low < o.at < high]
        if sum(outside) > 0.9 * len(outside):
            inside += len(reached) - len(outside)
            hidden += sum(not o.shown.receiver for o in reached if low < o.at < high)
    return hidden if hidden > inside / 20 else 0


def _unheard(case: Case, traffic: Traffic, low: float, high: float) -> bool:
    """Whether receivers, whose own logs show what they take in a pause, would usually show what the sender sends in so much time.

    Replies on the sender's own line are lost with its log and show nothing; so may be what comes of a rejection.
    """
    told = [o for o in case.outgoing if o.shown.receiver or (o.shown.receipt and not o.shown.reply)]
    taking = {
        receiver
        for receiver in {o.receiver for o in told}
        for o in outcomes_in(traffic.into(receiver, case.moment))
        if o.what == "ok" and o.shown.receiver and low < o.at < high
    }
    return usual([o for o in told if o.receiver in taking], high - low) >= ENOUGH


def _only_the_receiver_tells(case: Case) -> bool:
    """Whether the sender's log never shows this way, and the receiver's shows that it took others shortly before or after.

    Not if it took none for unusually long around that moment: what is sent to a system that is down is missing in its log as well.
    """
    kind = case.item.partition(":")[0]
    taken = [o.at for o in case.own if o.what == "ok" and o.shown.receipt and o.kind == kind]
    low, high = longest_pause(case.at, case.at, taken)
    near = any(abs(at - case.at) <= GAP_S for at in taken)
    return near and not _unusual(taken, low, high) and not any(o.shown.sender for o in case.own)


def _one_line(case: Case, waiting: list[Outcome]) -> bool:
    """Whether one line that is missing in the sender's log would look the same as what it never sent.

    Acknowledgements but those on the sender's own HTTP line name the message (RFC 4130, Original-Message-ID; X12 997, AK1 and
    AK2), which only the line about its sending ties to the item. Others that were waiting then and were not sent either tell.
    """
    alone = all(o.item == case.item or abs(o.at - case.at) > NEAR_S for o in waiting)
    return alone and case.expected.agreement.acknowledgement != "http"


def gave_up(case: Case, traffic: Traffic) -> bool:
    """Whether the sender tried as often as it does.

    If it tried others more often, and stood still or was down when it was to try this one again, nobody knows what it would have got.
    """
    tries: dict[str, list[float]] = defaultdict(list)
    # What is not answered is tried again at other times than what is refused.
    alike = {one.what for one in case.own if one.item == case.item and one.what in case.bad} or case.bad
    for one in case.own:
        if one.what in alike or (one.what in case.good and one.item in tries):
            tries[one.item].append(one.at)
    mine = tries.pop(case.item, [case.at])
    again = [some[len(mine)] - some[len(mine) - 1] for some in tries.values() if len(some) > len(mine)]
    if not again:
        return True
    due = max(mine) + median(again)
    sends = _sends(case)
    low, high = longest_pause(due, due + 1, sends)
    if _unusual(sends, low, high):
        return False
    return not _down(outcomes_in(traffic.into(case.sender, datetime.fromtimestamp(due, UTC))), low, high)


def _sends(case: Case) -> list[float]:
    """When the sender's log shows that it sent something to anybody; what it noted as waiting is no such sign."""
    return [o.at for o in case.outgoing if o.shown.sender and o.what != "queued"]


def _unusual(entries: Iterable[float], low: float, high: float) -> bool:
    """Whether so long a pause tells, by how often such entries are written before and after."""
    return usual_rate(entries, low, high) * (high - low) >= TELLING


def _down(into: Iterable[Outcome], low: float, high: float) -> bool:
    """Whether most of what others tried did not get through to a system in a pause of its log.

    What leaves some unanswered and answers others is not down: what it noted of those is what is missing.
    """
    then = [o for o in into if low <= o.at <= high]
    up = answered(then, low, high)
    failed = sum(o.what == "refused" or (o.what == "silent" and not up) for o in then)
    return failed > sum(o.what in ANSWERS for o in then)
