"""What neighbours say about a failure, cause by cause (design.md, section 6). No database."""

from __future__ import annotations

from typing import Any

import pytest
from evidence import agreement, at, seen

from lineage.answers.cases import case_of
from lineage.answers.corroboration import corroborate
from lineage.answers.expected import Expected
from lineage.answers.outcomes import Outcome, Shown, What, outcomes
from lineage.answers.routemap import RouteMap
from lineage.answers.traffic import NEAREST, Arrival, Hop, TrafficInMemory, hop_of
from lineage.answers.verdict import UNDETERMINED, Finding
from lineage.custody import fold_item

RULES: dict[What, str] = {
    "refused": "refused-by-endpoint",
    "unauthorised": "not-authorised",
    "rejected": "rejected",
    "silent": "no-receipt",
}


class Network:
    """Traffic written down as ``sender receiver minute outcome``; item 1 on a→b at minute 600 is the one that is judged."""

    def __init__(self, *lines: str, replies_only: bool = False, replies: bool = True) -> None:
        self.replies_only, self.replies = replies_only, replies
        self.traffic = TrafficInMemory()
        self.outcomes: list[Outcome] = []
        for number, line in enumerate(lines, start=2):
            sender, receiver, minute, what, *rest = line.split()
            self.add(
                sender, receiver, float(minute), what, **{"item": f"episode:{number}", **dict(one.split("=") for one in rest)}
            )

    def add(self, sender: str, receiver: str, minute: float, what: Any, item: str, **rest: str) -> None:
        moment = at(minute).timestamp()
        outcome = Outcome(
            item=item, kind=rest.get("kind", "episode"), route=f"{sender}-to-{receiver}", sender=sender,
            receiver=receiver, dataset=rest.get("dataset"), at=moment, what=what,
            shown=self.shown(
                what == "ok", rest.get("logged") != "no", rest.get("received", what == "ok" or "no"), rest.get("reply") != "no"
            ),
            code=rest.get("code"), answered_at=at(float(rest["replied"])).timestamp() if "replied" in rest else None,
            answered="answered" in rest,
        )  # fmt: skip
        self.outcomes.append(outcome)
        arrival = Arrival(moment, moment) if what == "ok" else None
        self.traffic.add(outcome.route, Hop(moment, outcome.item, sender, receiver, (outcome,), arrival))

    def shown(self, ok: bool, logged: bool, received: bool | str, reply: bool) -> Shown:
        """``replies_only``: receipts are in the senders' logs, receivers log nothing."""
        others = received != "no" and not self.replies_only
        return Shown(sender=logged, receiver=others, reply=ok and reply and self.replies, receipt=ok and others)

    def judge(
        self,
        what: What | None,
        *,
        answered: bool = False,
        item: str = "episode:1",
        minute: float = 600,
        code: str = "",
        ways: int = 1,
        began: float | None = None,
        **agreed: Any,
    ) -> Finding:
        rule = RULES[what] if what else "not-sent"
        route = agreement("a-to-b", "a", "b", within=60, **agreed)
        if what:
            self.add("a", "b", minute, what, item, code=code)
        suspect = {"refused-by-endpoint": "b", "not-sent": "a"}.get(rule, UNDETERMINED)
        finding = Finding(
            rule,
            suspect,
            "It failed.",
            0.5,
            due=at(700),
            at=at(minute),
            began=None if began is None else at(began),
            answered=answered,
            codes=(code,) * bool(code),
            ways=ways,
        )
        expected = Expected(route, begun=True, begun_at=at(minute), depth=0, secured=False, superseded=False)
        mine = [o for o in self.outcomes if o.item == item and o.route == "a-to-b"]
        return corroborate(finding, expected, item, "episode", lambda: mine, self.traffic)


def fault(what: What | None, *lines: str, **rest: Any) -> str | None:
    return Network(*lines).judge(what, **rest).at_fault


ALONE = ("a b 0 ok", "a b 100 ok", "a b 1000 ok")


@pytest.mark.parametrize("what", ["unauthorised", "rejected", "silent"])
def test_without_neighbours_nobody_is_accused(what: What) -> None:
    assert fault(what) == UNDETERMINED
    assert fault(what, *ALONE) == UNDETERMINED


@pytest.mark.parametrize("what", ["unauthorised", "rejected", "silent"])
def test_what_fails_for_all_senders_at_that_time_is_the_receivers(what: What) -> None:
    others = [f"c b 590 {what}", f"c b 610 {what}", f"d b 605 {what}", "c b 300 ok", "c b 900 ok", "d b 200 ok"]
    found = Network(*ALONE, *others).judge(what)
    assert found.at_fault == "b"
    assert found.confidence > 0.9
    assert "c" in found.reason


@pytest.mark.parametrize("what", ["unauthorised", "rejected"])
def test_what_fails_for_one_sender_while_others_get_through_is_its_own(what: What) -> None:
    own = [f"a b 500 {what}", f"a b 700 {what}"]
    assert fault(what, *ALONE, *own, "c b 560 ok", "c b 640 ok", "d b 600 ok") == "a"


def test_clocks_that_differ_do_not_make_a_good_neighbour() -> None:
    """c got through ten minutes into the failures of a by its own clock: it may have been before them."""
    assert fault("unauthorised", "a b 595 unauthorised", "c b 605 ok") == UNDETERMINED


def test_a_change_that_each_sender_must_follow_is_the_receivers_for_the_last_one_too() -> None:
    """All were refused from minute 300 on; c and d were let in again long before a."""
    lines = ["a b 100 ok", "c b 290 ok", "d b 280 ok", "a b 310 unauthorised", "c b 320 unauthorised", "d b 330 unauthorised"]
    later = [
        "c b 420 ok",
        "d b 450 ok",
        "c b 590 ok",
        "d b 610 ok",
        "c b 640 ok",
        "a b 500 unauthorised",
        "a b 700 unauthorised",
    ]
    assert fault("unauthorised", *lines, *later) == "b"


def test_a_sender_that_is_not_let_in_again_for_days_was_locked_out_by_the_change_that_began_it() -> None:
    """Days later c and d get in all the time, and nothing near shows any more that all were refused at first."""
    change = [
        "a b 100 ok",
        "c b 90 ok",
        "d b 80 ok",
        "c b 320 unauthorised",
        "d b 330 unauthorised",
        "c b 420 ok",
        "d b 450 ok",
    ]
    mine = [f"a b {minute} unauthorised item=episode:1" for minute in range(310, 4000, 600)]
    usual = [f"{sender} b {minute} ok" for sender in "cd" for minute in range(3700, 4300, 40)]
    assert Network(*change, *mine, *usual).judge("unauthorised", minute=4000, began=310).at_fault == "b"
    assert Network(*mine, *usual).judge("unauthorised", minute=4000, began=310).at_fault == UNDETERMINED
    assert Network(*change, *mine, *usual).judge("unauthorised", minute=4000, began=310, ways=2).at_fault == UNDETERMINED
    let_in = Network(*change, *mine, *usual, "a b 600 ok")
    assert let_in.judge("unauthorised", minute=4000, began=310).at_fault == UNDETERMINED, "it was let in meanwhile"
    elsewhere = Network(*change, *mine, *usual, "a e 3990 unauthorised", "a e 4010 unauthorised")
    assert elsewhere.judge("unauthorised", minute=4000, began=310).at_fault == UNDETERMINED, "others refuse it as well"


def test_what_began_for_all_at_once_is_found_however_many_refusals_lie_between() -> None:
    """Item 1 was tried only days later; the refusals of others since then are more than neighbours are looked at."""
    change = ["c b 90 ok", "d b 80 ok", "c b 320 unauthorised", "d b 330 unauthorised", "c b 420 ok", "d b 450 ok"]
    mine = ["a b 100 ok", *(f"a b {minute} unauthorised" for minute in range(310, 4000, 90))]
    usual = [f"{sender} b {minute} ok" for sender in "cd" for minute in range(3700, 4300, 40)]
    assert fault("unauthorised", *change, *mine, *usual, minute=4000) == "b"
    assert fault("unauthorised", *mine, *usual, minute=4000) == "a", "nobody else was refused when it began"
    assert fault("unauthorised", *change, *mine, *usual, "a b 2040 ok", minute=4000) == "a", "that was another one, which ended"
    assert fault("unauthorised", *change, *mine[1:], *usual, minute=4000) == "a", "when it began is not known"
    rejected = [f"a b {minute} rejected" for minute in range(1200, 2900, 30)]
    ended = [line for line in mine if not 1200 < int(line.split()[2]) < 2900]
    assert fault("unauthorised", *change, *ended, *rejected, *usual, minute=4000) == "a", "it was let in, though not taken"
    assert fault("unauthorised", *change, *mine, *usual, "a e 3990 unauthorised", "a e 4010 unauthorised", minute=4000) == "a"


def test_expired_credentials_show_at_the_other_receivers() -> None:
    assert fault("unauthorised", "a e 590 unauthorised", "a e 615 unauthorised", "a e 100 ok") == "a"
    assert fault("unauthorised", "a e 590 ok", "a e 615 ok") == UNDETERMINED


def test_another_code_is_another_cause() -> None:
    """Judged is a 401 of a; what others are answered with another code speaks neither for nor against the receiver."""
    refused = [f"{sender} b {minute} unauthorised code=535" for sender in ("c", "d") for minute in (590, 610)]
    alike = [line.replace("535", "401") for line in refused]
    assert fault("unauthorised", *ALONE, *alike, code="401") == "b"
    assert fault("unauthorised", *ALONE, *refused, code="401") == UNDETERMINED


def test_a_run_of_refusals_ends_where_the_code_changes() -> None:
    """a was refused with 535 as all others were, and, when they got in again, with another code of its own."""
    changed = [f"{sender} b {minute} unauthorised code=535" for sender in ("a", "c", "d") for minute in (300, 400)]
    usual = [f"{sender} b 200 ok" for sender in ("a", "c", "d")]
    mended = [f"{sender} b {minute} ok" for sender in ("c", "d") for minute in (580, 620)]
    assert fault("unauthorised", *usual, *changed, *mended, code="expired") == "a"
    assert fault("unauthorised", *usual, *changed, *mended, code="535") == "b"


def test_one_bad_document_among_good_ones_of_its_kind_is_the_senders() -> None:
    assert fault("rejected", "a b 560 ok", "a b 640 ok") == "a"
    assert fault("rejected", "a b 560 ok dataset=x kind=licence", "a b 640 ok kind=licence") == UNDETERMINED
    # So far apart that the receiver may have rejected everything in between.
    assert fault("rejected", "a b 300 ok", "a b 900 ok") == UNDETERMINED


def test_one_document_that_is_rejected_again_while_others_are_taken() -> None:
    assert fault("rejected", "a b 300 ok", "a b 400 rejected item=episode:1", "a b 450 ok", "a b 2000 ok") == "a"


def test_rejections_of_one_sender_only_with_no_other_sender_are_nobodys() -> None:
    """A contract that changed at the receiver and a map that broke at the sender look the same."""
    assert fault("rejected", "a b 560 rejected", "a b 640 rejected", "a b 100 ok") == UNDETERMINED


def test_a_refusal_is_the_receivers() -> None:
    assert fault("refused", answered=True) == "b"
    more = Network("c b 590 refused", "c b 615 refused").judge("refused")
    assert (more.at_fault, more.confidence) == ("b", 0.99)


def test_a_connection_that_timed_out_may_have_failed_anywhere_between_the_two() -> None:
    """Unless the sender reached others meanwhile, or the receiver itself refused something else of it."""
    assert fault("refused", *ALONE) == UNDETERMINED
    assert fault("refused", "a e 590 ok", "a e 610 ok") == "b"
    assert fault("refused", *ALONE, "a b 580 refused answered=yes") == "b"
    assert fault("refused", *ALONE, "a b 580 refused") == UNDETERMINED
    assert fault("refused", *ALONE, "a b 90 refused answered=yes") == UNDETERMINED, "it took another one after that"


def test_most_that_do_not_get_through_tell_more_than_one_that_seems_to() -> None:
    down = [f"{who} b {minute} refused" for who in "cde" for minute in (580, 620)]
    assert fault("refused", *ALONE, *down, "f b 590 ok", "f b 610 ok") == "b"
    assert fault("refused", *ALONE, *down[:2], "f b 590 ok", "f b 610 ok") == UNDETERMINED


def test_a_sender_that_reaches_nobody_while_others_reach_the_receiver_is_at_fault_itself() -> None:
    away = ("a e 590 refused", "a e 610 refused")
    assert fault("refused", *away, "c b 595 ok", "c b 615 ok") == "a"
    assert fault("refused", *away) == UNDETERMINED
    assert fault("refused", *away, answered=True) == "b"


def test_two_receivers_down_at_once_do_not_accuse_their_sender() -> None:
    assert fault("refused", "a e 590 refused", "a e 610 refused", "c b 595 refused") == "b"


def test_silence_to_all_is_the_receivers_and_to_one_is_nobodys() -> None:
    usual = [f"{who} b {minute} ok" for who in "acd" for minute in range(0, 500, 100)]
    assert fault("silent", *usual, "c b 590 silent", "d b 610 silent") == "b"
    assert fault("silent", *usual, "c b 590 ok", "c b 615 ok") == UNDETERMINED
    assert fault("silent", *usual, "a b 590 silent", "a b 610 silent") == UNDETERMINED


def test_who_was_left_unanswered_when_a_long_silence_began_tells_as_well() -> None:
    """a goes on for a day while c has nothing to send any more."""
    lines = [f"{who} b {minute} ok" for who in "acd" for minute in range(0, 500, 100)]
    lines += [f"a b {minute} silent" for minute in range(510, 2000, 80)]
    assert fault("silent", *lines, "c b 520 silent", "c b 530 silent", minute=1500) == "b"
    assert fault("silent", *lines, "c b 540 ok", "c b 550 ok", minute=1500) == UNDETERMINED
    assert fault("silent", *lines, minute=1500) == UNDETERMINED


def test_a_receiver_that_often_loses_receipts_is_not_accused_for_two_of_them() -> None:
    usual = [
        f"{who} b {minute} {what}"
        for who in "ac"
        for minute, what in ((10, "ok"), (60, "silent"), (110, "ok"), (160, "silent"))
    ]
    assert fault("silent", *usual, "c b 590 silent") == UNDETERMINED


def test_several_that_are_left_unanswered_together_make_up_for_receipts_lost_before() -> None:
    """Until minute 550 b loses every other receipt; then it is down for a and for as many others as are given."""

    def judged(*senders: str) -> str | None:
        lossy = [f"{name} b {300 + 20 * n} {'silent' if n % 2 else 'ok'}" for name in senders for n in range(12)]
        down = [f"{name} b {minute} silent" for name in senders for minute in (560, 590, 610, 640)]
        return fault("silent", *lossy, *down, *(f"{name} b 700 ok" for name in senders))

    assert judged("a", "c", "d", "e") == "b"
    assert judged("a", "c") == UNDETERMINED


def test_a_receiver_that_is_seen_sending_on_has_lost_its_receipts_only() -> None:
    usual = [f"{who} b {minute} ok" for who in "ac" for minute in range(0, 400, 50)]
    lost = ["a b 500 silent", "c b 520 silent", "c b 640 silent", "a b 700 silent"]
    assert fault("silent", *usual, *lost) == "b"
    assert fault("silent", *usual, *lost, "b f 600 ok") == UNDETERMINED


def test_a_sender_whose_messages_vanish_everywhere_is_at_fault() -> None:
    lost = [f"a {who} {minute} silent" for who in "ef" for minute in (590, 610)]
    heard = ("c b 595 ok", "c b 615 ok", "d b 590 ok")
    assert fault("silent", *lost, *heard) == "a"
    assert fault("silent", *lost[:2], *heard) == UNDETERMINED, "one other receiver that stays silent is not everywhere"


def test_not_sent_is_the_senders() -> None:
    assert fault(None) == "a"
    assert fault(None, "a b 590 ok", "c b 610 silent") == "a"


def test_nothing_is_proved_by_a_log_that_has_holes() -> None:
    holes = ("a b 100 ok", "a b 560 ok", "a e 620 ok logged=no", "a e 650 ok logged=no")
    assert fault(None, *holes) == UNDETERMINED
    unlogged = ("a b 580 ok logged=no", "a b 620 ok logged=no")
    assert fault(None, *unlogged) == "a", "this way stands in the receiver's log only, and that is there"
    down = [f"a b {minute} ok logged=no" for minute in (*range(100, 220, 20), *range(620, 740, 20))]
    assert fault(None, *down) == UNDETERMINED, "b took none for so long that it may have been down"


def test_one_line_that_is_missing_in_a_busy_log_proves_nothing() -> None:
    """An acknowledgement names the message only: without the line that ties it to the item nothing would show the delivery."""
    busy = [f"a b {minute} ok" for minute in range(500, 720, 10)]
    assert fault(None, *busy) == UNDETERMINED
    assert fault(None, *busy, "a b 612 queued") == "a", "another one that waited was not sent either"
    network = Network(*busy)
    assert network.judge(None, acknowledgement="http").at_fault == "a", "two lines would have to be missing"


def test_a_log_that_notes_other_things_meanwhile_is_there() -> None:
    """However long one hole is, it covers only what lies between two lines that are there."""
    usual = [f"a e {minute} ok" for minute in (*range(300, 590, 10), *range(700, 990, 10))]
    noted = [f"a e {minute} queued" for minute in (600, 620, 650, 680)]
    assert Network(*usual, *noted[:1], replies_only=True).judge(None).at_fault == UNDETERMINED
    assert Network(*usual, *noted, replies_only=True).judge(None).at_fault == "a"


@pytest.mark.parametrize("what", ["refused", "silent", "unauthorised", "rejected"])
def test_a_sender_that_stood_still_before_it_tried_again_has_not_given_up(what: What) -> None:
    """Others were tried three times an hour; this one once, and then nothing left the sender for long."""
    others = [f"a b {minute + n} {what} item=episode:{n}" for n in (20, 21, 22) for minute in (500, 520, 540)]
    down = ("c b 500 ok", "d b 490 ok", f"c b 600 {what}", f"c b 620 {what}", f"d b 600 {what}", f"d b 620 {what}")
    busy = [f"a e {minute} ok" for minute in range(300, 601, 10)]
    after = [f"a e {minute} ok" for minute in range(800, 1100, 10)]
    meanwhile = [f"a e {minute} ok" for minute in range(610, 800, 10)]
    assert fault(what, *others, *down, *busy, *meanwhile, *after) == "b"
    assert fault(what, *others, *down, *busy, *after) == UNDETERMINED


def test_a_log_that_ends_proves_nothing() -> None:
    usual = [f"a e {minute} ok" for minute in range(300, 590, 10)]
    assert Network(*usual, replies_only=True).judge(None).at_fault == UNDETERMINED


def test_what_comes_in_while_nothing_goes_out_shows_that_the_log_is_there() -> None:
    usual = [f"a e {minute} ok" for minute in (*range(300, 590, 10), *range(800, 1100, 10))]
    assert Network(*usual, "c a 700 ok", replies_only=True).judge(None).at_fault == UNDETERMINED, "only c's log has that"
    assert Network(*usual, "a e 700 queued", replies_only=True).judge(None).at_fault == "a"


def test_a_receiver_that_answers_in_between_is_not_down() -> None:
    up = [f"{who} b {minute} ok" for who in "ac" for minute in range(0, 500, 20)]
    down = [f"{who} b {minute} silent" for who in "ac" for minute in range(540, 680, 20)]
    assert fault("silent", *up, *down) == "b"
    between = [f"{who} b {minute} {'ok' if minute % 60 else 'silent'}" for who in "ac" for minute in range(700, 900, 20)]
    assert fault("silent", *up, *down, *between) == UNDETERMINED


def test_one_rejection_between_two_that_were_taken_is_about_the_document() -> None:
    around = ("a b 595 ok", "a b 605 ok", "c b 590 rejected", "c b 610 ok")
    assert fault("rejected", *around) == "a"


def test_others_who_got_through_first_were_mended_first() -> None:
    changed = [f"{who} b {minute} unauthorised" for who in "acd" for minute in (590, 640)]
    usual = [f"{who} b {minute} ok" for who in "acde" for minute in (400, 500, 560)]
    assert fault("unauthorised", *usual, *changed, "e b 630 ok") == "b"


def test_an_unusual_pause_of_the_log_proves_nothing_unless_others_see_it_stand_still() -> None:
    before, after = range(300, 590, 10), range(800, 1100, 10)
    usual = [f"a e {minute} ok" for minute in (*before, *after)]
    assert Network(*usual, replies_only=True).judge(None).at_fault == UNDETERMINED
    assert fault(None, *usual) == UNDETERMINED, "e's log may be missing as well"
    assert fault(None, *usual, "c e 700 ok") == "a", "e's log goes on, and shows nothing of a, of which it shows all"
    rejected = "c e 700 rejected received=yes"
    assert fault(None, *usual, rejected) == UNDETERMINED, "nothing is taken, and a may have noted that alone"
    busy = [f"c a {minute} ok" for minute in range(580, 820, 10)]
    assert fault(None, *usual, *busy) == "a", "its log goes on with what it gets"


def test_a_log_that_lacks_what_reached_its_system_is_missing() -> None:
    """c got its replies from a in a pause of a's log, which shows what c sends at other times."""
    usual = [f"a e {minute} ok" for minute in (*range(300, 590, 10), *range(800, 1100, 10))]
    goes_on = [f"c e {minute} ok" for minute in (650, 700)]
    reached = [f"c a {minute} ok" for minute in (400, 450, 500, 820)]
    assert fault(None, *usual, *goes_on, *reached) == "a"
    network = Network(*usual, *goes_on, *reached)
    network.add("c", "a", 650, "ok", "episode:x", received="no")
    found = network.judge(None)
    assert found.at_fault == UNDETERMINED
    assert found.missing == ("the log of a of that time",)


def test_what_answers_some_is_not_down_for_those_that_it_leaves_unanswered() -> None:
    usual = [f"a e {minute} ok" for minute in (*range(300, 590, 10), *range(800, 1100, 10))]
    silent = [f"c a {minute} silent" for minute in (650, 700)]
    assert Network(*usual, *silent, replies_only=True).judge(None).at_fault == "a"
    assert Network(*usual, *silent, "d a 660 ok", replies_only=True).judge(None).at_fault == UNDETERMINED


def arrivals(senders: str) -> list[str]:
    """What each of these senders usually gets through to b, before and after some hours that are left to a test."""
    return [f"{sender} b {minute} ok" for sender in senders for minute in (*range(300, 560, 20), *range(900, 1000, 20))]


BUSY = [f"a e {minute} ok" for minute in (*range(300, 610, 10), *range(800, 1100, 10))]


def test_a_sender_that_tried_as_often_as_it_does_has_given_up_however_long_ago_it_began() -> None:
    others = [f"a b {minute} refused item=episode:9" for minute in (500, 520, 560)]
    before = [f"a b {minute} refused item=episode:1" for minute in (-2000, -1900)]
    assert Network(*BUSY, *others, *before).judge("refused", answered=True).at_fault == "b"
    queued = [f"a e {minute} queued" for minute in range(610, 800, 30)]
    still = Network(*BUSY, *others, *queued).judge("refused", answered=True)
    assert still.at_fault == UNDETERMINED, "it was to try again at 620, when it sent nothing, whatever came in"


@pytest.mark.parametrize(("what", "other"), [("rejected", "ok"), ("unauthorised", "ok")])
def test_what_was_refused_in_several_ways_has_several_causes(what: What, other: str) -> None:
    others = [f"c b {minute} {other}" for minute in (580, 620)]
    assert fault(what, *others) == "a"
    found = Network(*others).judge(what, ways=2)
    assert found.at_fault == UNDETERMINED
    assert "in several ways" in found.reason


def test_a_try_that_succeeded_shows_that_it_tries_again_too() -> None:
    others = ["a b 590 refused item=episode:9", "a b 620 ok item=episode:9"]
    assert Network(*BUSY, *others).judge("refused", answered=True).at_fault == UNDETERMINED, "it was to try again at 630"
    assert Network(*BUSY, others[0]).judge("refused", answered=True).at_fault == "b"


def test_what_is_refused_is_tried_again_at_other_times_than_what_is_not_answered() -> None:
    others = [f"a b {minute} silent item=episode:9" for minute in (590, 620)]
    assert Network(*BUSY, *others).judge("refused", answered=True).at_fault == "b"
    assert (
        Network(*BUSY, *(line.replace("silent", "refused") for line in others)).judge("refused", answered=True).at_fault
        == UNDETERMINED
    )


def test_a_sender_that_is_down_when_it_is_to_try_again_has_not_given_up() -> None:
    others = [f"a b {minute} refused item=episode:9" for minute in (580, 605)]
    busy = [f"a e {minute} ok" for minute in range(300, 1100, 100)]
    assert Network(*busy, *others).judge("refused", answered=True).at_fault == "b"
    assert Network(*busy, *others, "c a 630 refused").judge("refused", answered=True).at_fault == UNDETERMINED


def test_one_that_did_not_get_through_among_many_does_not_make_a_missing_log_an_outage() -> None:
    usual = [f"a e {minute} ok" for minute in (*range(300, 550, 10), *range(900, 1100, 10))]
    refused = [f"c a {minute} refused" for minute in (600, 640, 700)]
    assert fault(None, *usual, *refused) == "a", "it was down, and lost what it had"
    through = [f"c a {minute} ok received=no" for minute in range(560, 880, 40)]
    assert fault(None, *usual, *refused[:1], *through) == UNDETERMINED


def test_what_is_usually_seen_to_arrive_and_is_not_was_left_unanswered_though_no_answer_is_agreed() -> None:
    usual = arrivals("ac")
    unseen = [f"c b {minute} unseen" for minute in range(580, 660, 20)]
    assert fault("silent", *usual, *unseen) == "b"
    assert fault("silent", *usual) == UNDETERMINED
    never_seen = [line for line in usual if line[0] == "a"]
    assert fault("silent", *never_seen, *unseen) == UNDETERMINED, "what comes from c is never seen to arrive"


def test_a_receiver_whose_log_alone_tells_of_arrivals_may_only_have_lost_it() -> None:
    usual = arrivals("acd")
    silent = [f"{sender} b {minute} silent" for sender in "cd" for minute in range(560, 660, 20)]
    assert Network(*usual, *silent).judge("silent").at_fault == "b", "senders note its replies, and noted none"
    found = Network(*usual, *silent, replies=False).judge("silent")
    assert (found.at_fault, found.missing) == (UNDETERMINED, ("the log of b of that time",))


def test_what_answers_others_in_between_is_not_down() -> None:
    usual = arrivals("acd")
    silent = [f"c b {minute} silent" for minute in range(560, 660, 20)]
    assert fault("silent", *usual, *silent) == "b"
    answered = Network(*usual, *silent, "d b 610 ok").judge("silent")
    assert answered.at_fault == UNDETERMINED
    assert answered.missing == ("the log of b of that time",)


def test_receipts_lost_before_an_outage_do_not_make_it_a_hole_in_a_log() -> None:
    usual = [*arrivals("cd"), "a b 400 ok", "a b 420 ok", "a b 950 ok", "c b 455 silent"]
    silent = [f"{sender} b {minute} silent" for sender in "cd" for minute in range(570, 690, 10)]
    assert fault("silent", *usual, *silent) == "b"
    answered = Network(*usual, *silent, "d b 610 ok", "d b 650 ok").judge("silent")
    assert answered.at_fault == UNDETERMINED


def test_what_a_long_outage_left_unanswered_is_not_usually_so() -> None:
    """It began a day before, and what was sent then says nothing about receipts that get lost."""
    silent = [f"c b {minute} silent" for minute in range(-240, 1500, 45)]
    assert fault("silent", "a b -560 ok", "a b -530 ok", "c b -300 ok", *silent) == "b"


def test_who_was_answered_before_a_long_outage_tells_though_nothing_near_was_answered() -> None:
    """Whatever is near of what c sent was left unanswered, as in an outage that is long, or in which much was sent."""
    silent = [f"c b {minute} silent" for minute in range(500, 700, 5)]
    mine = ["a b 480 ok", "a b 590 silent", "a b 610 silent", "a b 720 ok"]
    assert fault("silent", *mine, *silent, "c b -3000 ok") == "b"
    assert fault("silent", *mine, *silent) == UNDETERMINED


def test_senders_that_note_that_no_reply_came_need_none_that_shows_that_they_note_them() -> None:
    """All was left unanswered for a day and more; where replies are awaited, a hole in the receiver's log looks otherwise."""
    before = [f"{who} b -3000 ok" for who in "acd"]
    awaited = [f"{who} b {minute} silent code=ETIMEDOUT" for who in "acd" for minute in range(-1500, 2100, 30)]
    assert fault("silent", *before, *awaited, code="ETIMEDOUT") == "b"
    assert fault("silent", *before, *(line.replace(" code=ETIMEDOUT", "") for line in awaited)) == UNDETERMINED


def test_what_the_receivers_log_has_only_lost_its_answer() -> None:
    """Before it went down b lost every other receipt, and its log shows that it had the messages."""
    lossy = [f"{who} b {300 + 20 * n} {'silent' if n % 2 else 'ok'}" for who in "ac" for n in range(12)]
    down = [f"{who} b {minute} silent" for who in "ac" for minute in (560, 590, 610, 640)]
    after = [f"{who} b 700 ok" for who in "ac"]
    assert fault("silent", *lossy, *down, *after) == UNDETERMINED
    had = [line + " received=yes" if "silent" in line else line for line in lossy]
    assert fault("silent", *had, *down, *after) == "b"


def test_who_is_never_answered_tells_nothing_by_its_silence() -> None:
    """Nobody notes what b says to c: that may be how they work, and a lost one receipt."""
    silent = [f"c b {minute} silent" for minute in range(0, 1200, 30)]
    rarely = ["a b -100 ok", "a b 1300 ok"]
    assert fault("silent", *rarely, *silent) == UNDETERMINED
    assert Network(*silent).judge("silent", acknowledgement="http").at_fault == UNDETERMINED
    down = [f"d b {minute} silent" for minute in range(500, 720, 20)]
    before = [f"d b {minute} ok" for minute in range(300, 500, 20)]
    assert fault("silent", *before, *down, "d b 760 ok", "a b 480 ok") == "b"


def test_a_log_in_which_nothing_is_of_what_others_handed_on_is_not_there() -> None:
    handed_on = [f"c a {minute} ok received=no" for minute in (500, 560, 600, 640)]
    assert fault(None, *handed_on) == UNDETERMINED
    assert fault(None, *handed_on[:1]) == "a", "one line may be missing"
    assert fault(None, *handed_on, "c a 610 ok") == "a"


@pytest.mark.parametrize("batch", [("ok", "silent"), ("silent", "ok")])
def test_of_what_was_sent_at_one_moment_the_order_says_nothing(batch: tuple[What, What]) -> None:
    """A batch has one time for all that is in it: whoever answered one of them was up, in whatever order they are listed."""
    assert fault("refused", *(f"c b 590 {what}" for what in batch), "c b 605 ok") == UNDETERMINED


@pytest.mark.parametrize(("acknowledgement", "what"), [("none", "silent"), ("http", "unseen")])
def test_what_is_known_to_be_seen_when_it_arrives_needs_no_arrival_among_the_nearest(acknowledgement: str, what: What) -> None:
    network = Network("a b 580 unseen", "a b 620 unseen")
    route = agreement("a-to-b", "a", "b", within=60, acknowledgement=acknowledgement)
    expected = Expected(route, begun=True, begun_at=at(600), depth=0, secured=False, superseded=False)
    finding = Finding("no-receipt", UNDETERMINED, "Nothing came back.", 0.5)
    case = case_of(finding, expected, "episode:1", "episode", (), network.traffic, at(600))
    assert [one.what for one in case.own] == [what, what]


def test_only_so_many_neighbours_are_looked_at() -> None:
    crowd = [f"c b {600 + minute / 10} ok" for minute in range(-3 * NEAREST, 3 * NEAREST)]
    network = Network(*crowd)
    assert len(network.traffic.near("c-to-b", at(600).timestamp()).hops) == 2 * NEAREST
    assert network.traffic.near("c-to-b", at(600 + 26 * 60).timestamp()).hops == []


def told(*evidence: Any, **route: Any) -> list[tuple[str, bool]]:
    states = fold_item(evidence)
    found = outcomes(states["a-to-b"], agreement("a-to-b", "a", "b", within=60, **route), "episode:1", "episode", at(1000))
    return [(one.what, one.shown.sender) for one in found]


def test_outcomes_of_attempts() -> None:
    sent = seen("sent", 1, "a", message_id="m1")
    assert told(sent) == [("silent", True)]
    assert told(sent, acknowledgement="none") == [("unseen", True)]
    assert told(sent, seen("received", 2, "b", in_reply_to="m1")) == [("ok", True)]
    assert told(seen("received", 2, "b", in_reply_to="m1")) == [("ok", False)]
    assert told(sent, seen("failed", 2, "a", message_id="m1", code="503"), seen("received", 9, "b", message_id="m2")) == [
        ("refused", True),
        ("ok", False),
    ]
    assert told(sent, seen("rejected", 2, "b", in_reply_to="m1")) == [("rejected", True)]
    assert told(sent, seen("failed", 2, "b", in_reply_to="m1", code="503")) == [("refused", True)]
    assert told(seen("sent", 990, "a", message_id="m1")) == [], "its answer is not overdue"


@pytest.mark.parametrize(
    ("received", "again", "found"),
    [
        (501, 500, ["silent", "ok"]),
        (485, 500, ["silent", "ok"]),  # by the receiver's clock
        (5, 500, ["ok"]),
        (501, 40, ["ok"]),  # before an answer was due
        (None, 500, ["silent", "silent"]),
    ],
)
def test_what_was_sent_again_as_it_was_had_been_sent_in_vain(received: int | None, again: int, found: list[str]) -> None:
    """A message may be sent again under its id until it is answered (RFC 4130, 9.3)."""
    route = {"id": "a-to-b", "from": "a", "to": "b", "declared": True, "item_kind": ["episode"], "acknowledge_within": "PT1H"}
    said = [seen("sent", minute, "a", message_id="m1") for minute in (1, again)]
    if received is not None:
        said.append(seen("received", received, "b", message_id="m1"))
    hop = hop_of("a-to-b", "episode:1", "episode", at(1), said, RouteMap([route]), at(1000))
    assert hop is not None
    assert [one.what for one in hop.outcomes] == found
    assert [one.shown.receiver for one in hop.outcomes if one.what == "silent"] == [False] * found.count("silent")


def test_what_failed_before_it_was_sent_again_is_told_once() -> None:
    failed = seen("failed", 2, "a", message_id="m1", code="401")
    assert told(seen("sent", 1, "a", message_id="m1"), failed, seen("sent", 500, "a", message_id="m1")) == [
        ("unauthorised", True),
        ("silent", True),
    ]


@pytest.mark.parametrize("answered", [6, 80, 300])
def test_when_an_answer_came_is_known_beside_when_it_was_sent(answered: int) -> None:
    route = {"id": "a-to-b", "from": "a", "to": "b", "declared": True, "item_kind": ["episode"], "acknowledge_within": "PT1H"}
    said = [seen("sent", 5, "a", message_id="m1"), seen("received", answered, "b", in_reply_to="m1")]
    failed = seen("failed", 2, "a", message_id="m1", code="503")
    for evidence in (said, [failed, *said]):
        hop = hop_of("a-to-b", "episode:1", "episode", at(1), evidence, RouteMap([route]), at(1000))
        assert hop is not None
        (one,) = (one for one in hop.outcomes if one.what == "ok")
        assert (one.at, one.answered_at) == (at(5).timestamp(), at(answered).timestamp())


@pytest.mark.parametrize(("replied", "at_fault"), [(720, "b"), (665, "b"), (611, UNDETERMINED)])
def test_what_was_sent_in_an_outage_and_answered_after_it_does_not_show_that_the_receiver_was_up(
    replied: int, at_fault: str
) -> None:
    network = Network(*arrivals("acd"), *(f"{who} b {minute} silent" for who in "cd" for minute in range(560, 660, 20)))
    network.add("d", "b", 610, "ok", "episode:99", replied=str(replied))
    assert network.judge("silent").at_fault == at_fault


def test_two_receipts_that_are_lost_at_one_moment_may_be_lost_by_chance() -> None:
    """One message in a hundred may be left unanswered at any time: two at once are no outage, of several hundred silences."""
    usual = arrivals("acd")
    assert fault("silent", *usual, "c b 605 silent") == UNDETERMINED
    assert fault("silent", *usual, "c b 605 silent", "c b 610 silent") == "b"


@pytest.mark.parametrize(("reply", "at_fault"), [("no", "b"), ("yes", UNDETERMINED)])
def test_a_hole_in_the_receivers_log_does_not_silence_what_senders_note_themselves(reply: str, at_fault: str) -> None:
    """The last senders were left unanswered after b answered others: where only b's log has the answers to them, it lost these."""
    down = (f"{who} b {minute} silent" for who in "cd" for minute in range(560, 630, 20))
    late = (f"{who} b {minute} silent reply={reply}" for who in "efgh" for minute in (610, 670, 690))
    before = (line + f" reply={reply}" for line in arrivals("efgh"))
    network = Network(*arrivals("acd"), *before, *down, *late, "c b 640 ok", "d b 690 ok", "a b 690 ok")
    assert network.judge("silent").at_fault == at_fault


def test_evidence_that_names_only_the_ends_is_one_hop_with_that_on_the_route() -> None:
    routes = RouteMap(
        [{"id": "a-to-b", "from": "a", "to": "b", "declared": True, "item_kind": ["episode"], "deliver_within": "PT1H"}]
    )
    by_a = seen("sent", 1, "a", message_id="m1")
    by_b = seen("received", 2, "b", in_reply_to="m1")._replace(route="a>b")
    hop = hop_of("a-to-b", "episode:1", "episode", at(1), [by_a, by_b], routes, at(1000))
    assert hop is not None
    assert [one.what for one in hop.outcomes] == ["ok"]
