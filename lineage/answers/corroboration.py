"""The verdict in the light of what happened to others on the same systems at that time (design: "the verdict"; pure).

A cause at the receiver shows with all its senders from one moment; a cause at the sender shows with the sender alone, while others
get through; one bad document shows alone among good ones. Where neither shows, nobody is accused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise

from lineage.answers.cases import (
    ENOUGH,
    NEAR_S,
    RULES,
    Case,
    Episode,
    Side,
    all_began,
    all_fared,
    case_of,
    episode_of,
    named,
    span_without,
)
from lineage.answers.expected import Expected
from lineage.answers.logs import usual
from lineage.answers.outcomes import SKEW_S, Outcome
from lineage.answers.senders import gave_up, not_sent
from lineage.answers.traffic import Traffic, outcomes_in
from lineage.answers.verdict import CERTAIN, DOUBT, STRONG, UNDETERMINED, Finding

MOMENT_S = 20 * 60
"""A receiver does not change what it takes and change it back within so short a time."""
ALONE_S = 2 * 3600
"""One rejection alone between documents that were taken so close together is about that document, if others say nothing."""
CHANCE = 0.001
"""Silences that lost receipts alone would explain with a greater probability than this accuse nobody: of many silences, some few do."""
ALL = 2
"""So many other receivers that refuse a sender as well, and answer it nothing else, are all of them."""
LOOKS = 4
"""A long run of refusals is looked at so often between its beginning and what is known of it."""
SEVERAL = 3
"""So many others that are left unanswered together with one make it the receiver."""


def corroborate(
    finding: Finding, expected: Expected, item: str, kind: str, attempts: Callable[[], Sequence[Outcome]], traffic: Traffic
) -> Finding:
    """The finding on one expected handoff, settled where its neighbours settle it.

    ``attempts`` gives what came of the item's own attempts. Only findings whose rule leaves the fault open, or could be mistaken, are
    looked at; others are given back as they are. Where attempts were made for long, the first and the last must speak against
    the same system, unless it is one lock that others were let in again after.
    """
    if finding.at is None and finding.rule == "refused-by-endpoint" and not finding.answered:
        return _lost_between(finding, expected)
    if finding.at is None or finding.rule not in RULES:
        return finding
    own = attempts()

    def at_moment(moment: datetime) -> tuple[Case, Finding]:
        case = case_of(finding, expected, item, kind, own, traffic, moment)
        return case, _settled(case, traffic)

    receiver = expected.agreement.receiver
    ending, last = at_moment(finding.at)
    if finding.rule == "not-authorised" and last.at_fault == expected.agreement.sender:
        start = _start_of_run(ending, traffic)
        if start is not None:
            beginning, first = at_moment(start)
            if first.at_fault == receiver and _locked_out(beginning, ending):
                return first
    began = finding.at if finding.began is None else finding.began
    if (finding.at - began).total_seconds() < SKEW_S or not last.at_fault or finding.rule == "refused-by-endpoint":
        return last
    beginning, first = at_moment(began)
    if first.at_fault == last.at_fault:
        return last
    if first.at_fault == receiver and _locked_out(beginning, ending):
        return first
    if not first.at_fault:
        return replace(finding, at_fault=UNDETERMINED, reason=first.reason, confidence=DOUBT, missing=first.missing)
    why = f"{finding.reason} At first it looked like {first.at_fault}'s fault, and in the end like {last.at_fault}'s."
    return replace(finding, at_fault=UNDETERMINED, reason=why, confidence=DOUBT)


def _start_of_run(case: Case, traffic: Traffic) -> datetime | None:
    """When the sender was first refused as it still is, if that lies before all neighbours: the first after it last got through.

    None as well where it was answered otherwise in between, as far as that shows where it is looked at.
    """
    episode = episode_of(case)
    if episode.after is not None:
        return None
    last = traffic.last_secured(case.sender, case.receiver, datetime.fromtimestamp(episode.first, UTC))
    if last is None:
        return None
    refused = [o.at for o in _own_at(case, traffic, last.begun_at) if o.what in case.bad and case.alike(o)]
    start = min((at for at in refused if last.begun_at < at < episode.first), default=None)
    if start is None:
        return None
    between = [start + (episode.first - start) * part / LOOKS for part in range(LOOKS)]
    told = (o for moment in between for o in _own_at(case, traffic, moment) if start < o.at < episode.first)
    ended = any(o.what in case.good or (o.what in case.bad and not case.alike(o)) for o in told)
    return None if ended else datetime.fromtimestamp(start, UTC)


def _own_at(case: Case, traffic: Traffic, at: float) -> list[Outcome]:
    """What came of what the sender sent to the receiver around a moment."""
    near = outcomes_in(traffic.into(case.receiver, datetime.fromtimestamp(at, UTC)))
    return [o for o in near if o.sender == case.sender]


def _locked_out(beginning: Case, ending: Case) -> bool:
    """Whether one refusal lasts from the first attempt to the last, and nobody but this receiver refuses the sender.

    Then it is the change that others were let in again after, and this sender not yet.
    """
    if ending.finding.rule != "not-authorised" or ending.finding.ways > 1:
        return False
    before, after = episode_of(beginning), episode_of(ending)
    lasting = before.before is None and (after.after is None or after.after <= beginning.at)
    return lasting and not named(all_fared(ending, after, ending.elsewhere, ending.at), "bad")


def _settled(case: Case, traffic: Traffic) -> Finding:
    if case.finding.rule == "not-sent":
        return not_sent(case, traffic)
    found = _settled_by_answer(case, traffic)
    if found.at_fault == case.receiver and not gave_up(case, traffic):
        why = f"But {case.sender} tried others more often, and stood still before it tried this one again."
        return case.finding.doubted(why, f"why {case.sender} stopped trying")
    return found


def _settled_by_answer(case: Case, traffic: Traffic) -> Finding:
    match case.finding.rule:
        case "refused-by-endpoint":
            return _refused(case)
        case "no-receipt":
            return _silent(case, traffic)
        case "rejected":
            return _rejected(case)
        case _:
            return _unauthorised(case)


# -- rules ----------------------------------------------------------------------------------------------------------------


def _unauthorised(case: Case) -> Finding:
    if case.finding.ways > 1:
        return _in_several_ways(case)
    episode = episode_of(case)
    now = all_fared(case, episode, case.others, case.at)
    good, bad = named(now, "good"), named(now, "bad")
    if bad and not good:
        if not _alike(case, bad):
            why = f"{_list(bad)} was refused there as well, but with another answer: that may have another cause."
            return case.finding.doubted(why, f"a log of {case.receiver}")
        return _receiver(case, f"{_list(bad)} was refused there as well", CERTAIN if len(bad) > 1 else STRONG)
    began = all_began(case, episode)
    through = named(began, "good")
    together = [name for name in named(began, "bad") if _alike(case, [name])]
    if together and _most(together, through):
        return _receiver(case, f"{_list(together)} was refused there from the same moment on", STRONG)
    if good and not together:
        return _sender(case, f"{_list(good)} got in there at that time", CERTAIN)
    away = all_fared(case, episode, case.elsewhere, case.at)
    if not now and not began and (refused := named(away, "bad")) and not named(away, "good"):
        return _sender(case, f"{_list(refused)} refused it as well", STRONG)
    return case.finding


def _in_several_ways(case: Case) -> Finding:
    """What ends one refusal and begins another is two causes, and each may be at another end."""
    return case.finding.doubted(
        f"It was refused in several ways ({', '.join(case.finding.codes)}).", f"a log of {case.receiver}"
    )


def _alike(case: Case, names: list[str]) -> bool:
    """Whether one of these was refused with the same code."""
    return any(case.alike(o) for name in names for o in case.others[name] if o.what in case.bad)


def _rejected(case: Case) -> Finding:
    if case.finding.ways > 1:
        return _in_several_ways(case)
    mine = [o.at for o in case.own if o.item == case.item and o.what in case.bad]
    between = {
        o.sender
        for o in case.incoming
        if o.item != case.item and o.what in case.good and mine and mine[0] + SKEW_S < o.at < mine[-1] - SKEW_S
    }
    if between:
        return _sender(
            case, f"it took others of that kind from {_list(sorted(between))} between two rejections of this one", CERTAIN
        )
    episode = episode_of(case)
    alone = all(o.item == case.item for o in episode.bads)
    if alone and episode.after is not None and episode.before is not None and episode.before - episode.after <= MOMENT_S:
        return _sender(case, f"it takes others of that kind from {case.sender} just before and after", STRONG)
    now = all_fared(case, episode, case.others, case.at)
    good, bad = named(now, "good"), named(now, "bad")
    if bad and not good:
        return _receiver(case, f"it rejects what {_list(bad)} sends of that kind as well", CERTAIN if len(bad) > 1 else STRONG)
    began = all_began(case, episode)
    together, through = named(began, "bad"), named(began, "good")
    if together and _most(together, through):
        return _receiver(case, f"it rejects what {_list(together)} sends of that kind from the same moment on", STRONG)
    if together:
        return case.finding
    if good:
        what = "this document alone" if alone else f"only what {case.sender} sends"
        return _sender(case, f"it takes {_list(good)}'s documents of that kind at that time, and rejects {what}", CERTAIN)
    if alone and episode.after is not None and episode.before is not None and episode.before - episode.after <= ALONE_S:
        return _sender(case, f"it takes others of that kind from {case.sender} shortly before and after", STRONG)
    return case.finding


def _refused(case: Case) -> Finding:
    episode = episode_of(case)
    now = all_fared(case, episode, case.others, case.at)
    good, bad = named(now, "good"), named(now, "bad")
    away = all_fared(case, episode, case.elsewhere, case.at)
    failed = [] if named(away, "good") else named(away, "bad")
    # What stands before a sender may answer in the name of others, but then of all of them.
    if case.finding.answered and (bad or len(failed) < ALL):
        return _receiver(case, f"{_list(bad)} did not get through to it either" if bad else "", CERTAIN)
    if good and failed:
        return _sender(
            case, f"others got through to {case.receiver}, and {case.sender} failed towards {_list(failed)} too", STRONG
        )
    if bad and _most(bad, good):
        return _receiver(case, f"{_list(bad)} did not get through to it either", CERTAIN)
    if good or failed:
        why = (
            f"But others got through to {case.receiver} at that time."
            if good
            else f"But it failed towards {_list(failed)} as well."
        )
        return case.finding.doubted(
            f"{why} The way between the two may be at fault, or {case.sender}.", f"a log of {case.receiver}"
        )
    itself = any(o.what == "refused" and o.answered for o in episode.bads)
    if not case.finding.answered and not itself and not named(away, "good"):
        return _lost_between(case.finding, case.expected)
    return _receiver(case, "", STRONG)


def _lost_between(finding: Finding, expected: Expected) -> Finding:
    """A connection that failed without an answer, and nothing else shows at which end."""
    sender, receiver = expected.agreement.sender, expected.agreement.receiver
    why = f"But nothing that was sent to {receiver} or by {sender} at that time shows at which end it failed."
    return finding.doubted(why, f"a log of {receiver}")


def _silent(case: Case, traffic: Traffic) -> Finding:
    episode = episode_of(case)
    now = all_fared(case, episode, case.others, case.at) or all_began(case, episode)
    good, bad = named(now, "good"), named(now, "bad")
    if bad and not good and "mixed" not in {side.said for side in now.values()}:
        # Who is never answered, as far as anybody notes it, tells nothing by one more silence.
        answered = {name: side for name, side in now.items() if _ever_answered(case, name, traffic)}
        return _vanished(case, episode, answered, traffic) if answered else case.finding
    if good and not bad:
        away = all_fared(case, episode, case.elsewhere, case.at)
        lost = named(away, "bad")
        if len(lost) >= ALL and not named(away, "good"):
            why = f"{case.receiver} answered {_list(good)}, and {_list(lost)} got nothing from {case.sender} either"
            return _sender(case, why, STRONG)
    return case.finding


def _ever_answered(case: Case, sender: str, traffic: Traffic) -> bool:
    """Whether another sender's messages arrived there at that time, or before: in a long outage no neighbour shows it."""
    near = any(o.what in case.good for o in case.others[sender])
    return near or traffic.last_secured(sender, case.receiver, case.moment) is not None


def _vanished(case: Case, episode: Episode, now: dict[str, Side], traffic: Traffic) -> Finding:
    """What several senders sent vanished at one receiver: it was down, unless its receipts got lost, or its log."""
    bad = named(now, "bad")
    failed = [*episode.bads, *(o for name in bad for o in now[name].around if o.what in case.bad)]
    silent = {o.item for o in failed}
    if _usual_silence(case, silent, traffic) ** (len(silent) - 1) > CHANCE or _relapses(case, episode, bad) > 1 + len(bad):
        return case.finding.doubted(f"{case.receiver} often leaves messages unanswered.", f"a log of {case.receiver}")
    lost = [o for o in failed if o.what == "silent"]
    replies = [o for o in case.incoming if o.what == "ok" and o.shown.reply]
    noting = {o.sender for o in replies}
    noted = [o for o in lost if o.sender in noting]
    # Several that note answers themselves are enough: those of the others may be what the receiver's log lacks.
    lost = noted if len({o.sender for o in noted}) >= SEVERAL else lost
    heard = None if _answered_between(case, replies, lost, 1 + len(bad)) else _heard(case, episode, bad, traffic)
    if heard is None:
        why = f"It did not answer {_list(bad)} either, but that may be a hole in its log."
        return case.finding.doubted(why, f"the log of {case.receiver} of that time")
    return _receiver(case, f"it did not answer {_list(bad)} either", heard)


def _answered_between(case: Case, replies: list[Outcome], lost: list[Outcome], spare: int) -> bool:
    """Whether the receiver answered anybody while these were lost: it was up, and its log of them is missing.

    ``replies``: its answers that senders noted.
    ``spare``: so many receipts, and at most one in ten, may have been lost by themselves, where the same sender was answered in between.
    """
    told = [(o.answered_at or o.at, o.sender) for o in replies]
    since, until = span_without([at for at, _ in told], case.at)
    strays = [o for o in lost if not since - SKEW_S <= o.at <= until + SKEW_S]
    apart = all(any(o.sender == sender and _lies_between(at, o.at, case.at) for at, sender in told) for o in strays)
    return not apart or len(strays) > min(spare, len(lost) / 10)


def _lies_between(moment: float, one: float, other: float) -> bool:
    return min(one, other) < moment < max(one, other)


def _relapses(case: Case, episode: Episode, bad: list[str]) -> int:
    """How often at that time, after an answer, a message went unanswered again: a system that is down answers to nobody meanwhile."""
    since, until = case.at - NEAR_S, case.at + NEAR_S
    if len(bad) >= SEVERAL:
        # So many are not left unanswered at once by chance: what happened before and after is another matter.
        since = since if episode.after is None else max(since, episode.after)
        until = until if episode.before is None else min(until, episode.before)
    relapses = 0
    for group in (case.own, *(case.others[name] for name in bad)):
        then = (o for o in group if (_unseen(o) or o.what in case.good) and since <= o.at <= until)
        # Of several at one moment nobody knows which came first.
        told = [_unseen(o) for o in sorted(then, key=lambda o: (o.at, o.what in case.good))]
        first = told.index(True) if True in told else len(told)
        relapses += sum(not before and now for before, now in pairwise(told[first:]))
    return relapses


def _unseen(one: Outcome) -> bool:
    """Whether it was left unanswered, and nobody saw it arrive: where only the answer got lost, the receiver's log has the message."""
    return one.what == "silent" and not one.shown.receiver


def _usual_silence(case: Case, silent: set[str], traffic: Traffic) -> float:
    """How often messages are lost from sight at this receiver at other times: receipts do get lost.

    The same silence is no other time for those that are answered else.
    """
    incoming = case.incoming
    answers = [o for o in incoming if o.what in case.good]
    since, until = span_without([o.at for o in answers], case.at)
    answered = {name for name in case.others if _ever_answered(case, name, traffic)} | {o.sender for o in answers}
    rest = [o for o in incoming if o.item not in silent and not (o.sender in answered and since < o.at < until)]
    return (sum(map(_unseen, rest)) + 0.5) / (len(rest) + 1)


def _heard(case: Case, episode: Episode, bad: list[str], traffic: Traffic) -> float | None:
    """How sure it is that the receiver was down, and that it is not a hole in its log, or its receipts that got lost.

    Replies that the senders record do not depend on its log; and what it sends on, others' logs show. None: it cannot be told.
    """
    sends = outcomes_in(traffic.out_of(case.receiver, case.moment))
    low, high = episode.first + SKEW_S, episode.last - SKEW_S
    if any(low <= o.at <= high for o in sends):
        return None
    silent = [*case.own, *(o for name in bad for o in case.others[name])]
    if any(o.shown.reply if o.what == "ok" else o.what == "silent" and o.code for o in silent):
        return CERTAIN
    if usual([o for o in sends if o.shown.receipt], episode.last - episode.first) >= ENOUGH:
        return STRONG
    return None


def _most(together: list[str], through: list[str]) -> bool:
    """Whether so many fail together that those who got through were only mended first, or seem to have got through."""
    return len(together) > max(1, len(through)) or not through


def _receiver(case: Case, why: str, confidence: float) -> Finding:
    return _accused(case, case.receiver, why, confidence)


def _sender(case: Case, why: str, confidence: float) -> Finding:
    return _accused(case, case.sender, why, confidence)


def _accused(case: Case, system: str, why: str, confidence: float) -> Finding:
    reason = f"{case.finding.reason} {system} is at fault: {why}." if why else case.finding.reason
    return replace(case.finding, at_fault=system, reason=reason, confidence=confidence, missing=())


def _list(names: Iterable[str]) -> str:
    shown = list(names)
    return ", ".join(shown[:3]) + (f" and {len(shown) - 3} more" if len(shown) > 3 else "")
