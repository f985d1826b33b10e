"""The fold of evidence into states, rule by rule (design.md section 5). No database."""

from __future__ import annotations

from typing import Any

import pytest
from evidence import at, seen
from hypothesis import given, settings
from hypothesis import strategies as st

from lineage.custody import Evidence, State, fold_item, route_key
from lineage.handoff import properties


def one(*evidence: Evidence) -> State:
    (state,) = fold_item(evidence).values()
    return state


# What secures a handoff.


@pytest.mark.parametrize(
    "word", ["received", "picked_up", "accepted", "accepted_with_errors", "partially_accepted", "published"]
)
def test_the_receivers_word_secures(word: str) -> None:
    state = one(seen(word, 5, "b", in_reply_to="m1"))
    assert (state.secured, state.secured_at, state.secured_by) == (True, at(5), "receipt")


@pytest.mark.parametrize("word", ["queued", "sent", "failed", "rejected", "unknown"])
def test_these_secure_nothing(word: str) -> None:
    state = one(seen(word, 5, "a", message_id="m1"))
    assert (state.secured, state.secured_at) == (False, None)


def test_a_reply_counts_also_in_the_senders_log() -> None:
    assert one(seen("sent", 1, "a", message_id="m1"), seen("accepted", 2, "a", in_reply_to="m1", code="200")).secured


def test_secured_since_the_first_receipt() -> None:
    state = one(seen("received", 5, "b", message_id="m1"), seen("published", 9, "b", message_id="m1"))
    assert state.secured_at == at(5)


def test_any_secured_attempt_is_enough() -> None:
    state = one(
        seen("sent", 1, "a", message_id="m1"),
        seen("rejected", 2, "b", in_reply_to="m1"),
        seen("sent", 3, "a", message_id="m2"),
        seen("accepted", 4, "b", in_reply_to="m2"),
    )
    assert (state.secured, state.secured_at, state.acknowledgement, state.attempt_count) == (True, at(4), "accepted", 2)


def test_a_later_attempt_that_is_refused_takes_nothing_back() -> None:
    state = one(
        seen("accepted", 2, "b", in_reply_to="m1"),
        seen("rejected", 9, "b", in_reply_to="m2"),
    )
    assert (state.secured, state.secured_at) == (True, at(2))


# What takes a receipt back: the receiver only, within the attempt, by its own clock.


@pytest.mark.parametrize("word", ["rejected", "failed"])
def test_the_receivers_refusal_takes_the_attempts_receipt_back(word: str) -> None:
    assert not one(seen("received", 2, "b", in_reply_to="m1"), seen(word, 3, "b", in_reply_to="m1")).secured


def test_a_receipt_after_the_refusal_stands() -> None:
    state = one(seen("rejected", 2, "b", in_reply_to="m1"), seen("accepted", 3, "b", in_reply_to="m1"))
    assert (state.secured, state.secured_at) == (True, at(3))


def test_at_the_same_moment_the_refusal_counts() -> None:
    state = one(seen("accepted", 2, "b", in_reply_to="m1"), seen("rejected", 2, "b", in_reply_to="m1"))
    assert (state.secured, state.acknowledgement) == (False, "rejected")


def test_an_undated_refusal_counts() -> None:
    assert not one(seen("accepted", 2, "b", in_reply_to="m1"), seen("rejected", None, "b", in_reply_to="m1")).secured


def test_the_senders_time_out_takes_nothing_back() -> None:
    state = one(
        seen("sent", 1, "a", message_id="m1"),
        seen("received", 2, "b", in_reply_to="m1"),
        seen("failed", 3, "a", message_id="m1", detail="timed out"),
    )
    assert (state.secured, state.transport, state.processing) == (True, "received", None)


def test_failed_belongs_to_the_axis_of_who_says_it() -> None:
    by_sender, by_receiver = one(seen("failed", 1, "a", message_id="m1")), one(seen("failed", 1, "b", in_reply_to="m1"))
    assert (by_sender.transport, by_sender.processing) == ("failed", None)
    assert (by_receiver.transport, by_receiver.processing) == (None, "failed")


def test_a_reporter_outranks_the_source() -> None:
    """A middleware may pass the receiver's failure on in its own log."""
    assert one(seen("failed", 1, "hub", reporter="b", in_reply_to="m1")).processing == "failed"


# Attempts.


def test_queued_opens_no_attempt() -> None:
    state = one(seen("queued", 1, "a", message_id="m1"))
    assert (state.attempts, state.attempt_count, state.transport) == ((), 0, "queued")


def test_a_replys_own_id_is_not_an_attempt() -> None:
    state = one(seen("sent", 1, "a", message_id="m1"), seen("accepted", 2, "b", message_id="ack-9", in_reply_to="m1"))
    assert [a.key for a in state.attempts] == ["m1"]


def test_an_attempt_known_only_by_its_reply_exists() -> None:
    state = one(seen("rejected", 2, "b", in_reply_to="m1"))
    assert [(a.key, a.acknowledgement) for a in state.attempts] == [("m1", "rejected")]


def test_each_message_is_an_attempt_however_often_it_is_seen() -> None:
    state = one(
        seen("sent", 1, "a", message_id="m1"),
        seen("failed", 2, "a", message_id="m1"),
        seen("sent", 3, "a", message_id="m1"),
        seen("sent", 4, "a", message_id="m2"),
    )
    assert (state.attempt_count, [a.key for a in state.attempts]) == (2, ["m1", "m2"])


def test_a_message_sent_again_after_a_failure_is_under_way() -> None:
    sent, failed = seen("sent", 1, "a", message_id="m1"), seen("failed", 2, "a", message_id="m1")
    assert one(sent, failed).transport == "failed"
    assert one(sent, failed, seen("sent", 3, "a", message_id="m1")).transport == "sent"


def test_evidence_without_a_message_id_belongs_to_the_only_message() -> None:
    state = one(seen("received", 2, "b", message_id="m1"), seen("rejected", 3, "b"))
    assert (state.secured, state.attempt_count) == (False, 1)


def test_evidence_without_a_message_id_may_be_about_any_of_several() -> None:
    sent = [seen("sent", 1, "a", message_id="m1"), seen("sent", 2, "a", message_id="m2")]
    # A loose receipt proves arrival as long as nothing was refused at that time or later ...
    assert one(*sent, seen("received", 3, "b")).secured
    assert not one(*sent, seen("received", 3, "b"), seen("rejected", 4, "b", in_reply_to="m2")).secured
    # ... and a loose refusal takes back what it may have been about.
    assert not one(*sent, seen("received", 3, "b", in_reply_to="m1"), seen("rejected", 4, "b")).secured


def test_a_lone_receipt_without_any_id_is_one_attempt() -> None:
    assert one(seen("received", 3, "b")).attempt_count == 1


# Axes and times.


def test_three_axes_are_kept_apart() -> None:
    state = one(
        seen("sent", 1, "a", message_id="m1"),
        seen("received", 2, "b", in_reply_to="m1"),
        seen("accepted_with_errors", 3, "b", in_reply_to="m1"),
        seen("published", 4, "b", in_reply_to="m1"),
    )
    assert (state.transport, state.acknowledgement, state.processing) == ("received", "accepted_with_errors", "published")
    assert state.times == {"sent": at(1), "received": at(2), "acknowledged": at(3), "published": at(4)}


def test_undated_evidence_counts_and_is_flagged() -> None:
    state = one(seen("received", None, "b"))
    assert (state.secured, state.secured_at, state.undated, state.first_at) == (True, None, True, None)


def test_a_receipt_proves_receipt_not_acceptance() -> None:
    assert one(seen("received", 1, "b", in_reply_to="m1")).acknowledgement is None


# Onward: what was seen going on from a system had arrived there.


def onward(*evidence: Evidence) -> State:
    return fold_item([seen("sent", 1, "a", message_id="m1"), *evidence])["a-to-b"]


@pytest.mark.parametrize("word, by", [("sent", "b"), ("queued", "b"), ("received", "c"), ("rejected", "c")])
def test_going_on_secures_what_came_before(word: str, by: str) -> None:
    state = onward(seen(word, 9, by, route="b-to-c", ends="b c"))
    assert (state.secured, state.secured_by, state.secured_at) == (True, "onward", at(9))


def test_what_a_third_party_says_of_the_onward_route_proves_nothing() -> None:
    assert not onward(seen("sent", 9, "a", route="b-to-c", ends="b c")).secured


def test_a_receipt_needs_no_onward_proof() -> None:
    state = onward(seen("received", 2, "b", in_reply_to="m1"), seen("sent", 9, "b", route="b-to-c", ends="b c"))
    assert (state.secured_by, state.secured_at) == ("receipt", at(2))


def test_going_back_to_the_sender_proves_nothing() -> None:
    """a→b→a: that b has it to send may mean that it had it before a did."""
    states = fold_item([seen("sent", 1, "a"), seen("sent", 2, "b", route="b-to-a", ends="b a")])
    assert not states["a-to-b"].secured
    assert not states["b-to-a"].secured


def test_a_longer_way_back_proves_nothing_either() -> None:
    states = fold_item(
        [
            seen("sent", 1, "a"),
            seen("sent", 2, "b", route="b-to-c", ends="b c"),
            seen("sent", 3, "c", route="c-to-a", ends="c a"),
        ]
    )
    assert not any(state.secured for state in states.values())


def test_of_two_ways_in_the_refused_one_is_not_secured_by_going_on() -> None:
    states = fold_item(
        [
            seen("sent", 1, "a", message_id="m1"),
            seen("sent", 2, "x", route="x-to-b", ends="x b", message_id="m2"),
            seen("rejected", 3, "b", route="x-to-b", ends="x b", in_reply_to="m2"),
            seen("sent", 9, "b", route="b-to-c", ends="b c"),
        ]
    )
    assert (states["a-to-b"].secured, states["x-to-b"].secured) == (True, False)


# Envelopes: what many messages travelled in, and one reply answers.


def packed(minutes: float, message: str | None, *envelopes: str) -> Evidence:
    return seen("sent", minutes, "a", message_id=message, envelopes=envelopes)


def test_a_reply_to_the_envelope_is_one_to_the_message_in_it() -> None:
    state = one(packed(1, "17/0001", "17", "000000905"), seen("received", 2, "b", in_reply_to="000000905"))
    assert (state.secured, state.secured_at, state.attempt_count) == (True, at(2), 1)


def test_an_envelope_that_is_refused_refuses_all_that_is_in_it() -> None:
    state = one(
        packed(1, "17/0001", "17"),
        seen("accepted", 2, "b", in_reply_to="17/0001"),
        seen("rejected", 2, "b", in_reply_to="17"),
    )
    assert (state.secured, state.acknowledgement) == (False, "rejected")


@pytest.mark.parametrize("word", ["accepted", "rejected"])
def test_what_is_said_of_the_message_outranks_a_partial_acceptance_of_its_group(word: str) -> None:
    state = one(
        packed(1, "17/0001", "17"),
        seen(word, 2, "b", in_reply_to="17/0001"),
        seen("partially_accepted", 2, "b", in_reply_to="17"),
    )
    assert (state.secured, state.acknowledgement) == (word == "accepted", word)


def test_a_late_receipt_for_the_envelope_does_not_take_a_rejection_back() -> None:
    state = one(
        packed(1, "17/0001", "17"), seen("rejected", 2, "b", in_reply_to="17/0001"), seen("received", 9, "b", in_reply_to="17")
    )
    assert not state.secured


def test_a_message_known_only_by_its_envelope_is_one_attempt() -> None:
    state = one(
        packed(1, None, "17", "905"), seen("received", 2, "b", in_reply_to="905"), seen("accepted", 3, "b", in_reply_to="17")
    )
    assert (state.secured, state.acknowledgement, state.attempt_count) == (True, "accepted", 1)


def test_an_id_that_is_a_messages_own_is_not_an_envelope() -> None:
    state = one(packed(1, "17"), packed(2, "18", "17"), seen("accepted", 3, "b", in_reply_to="17"))
    assert {a.key: a.secured for a in state.attempts} == {"17": True, "18": False}


# Keys and what is stored.


def test_a_route_is_named_or_made_of_its_ends() -> None:
    assert route_key("r", "a", "b", "d") == "r"
    assert route_key(None, "a", "b", "d") == "a>b>d"
    assert route_key(None, "a", "b", None) == "a>b"
    assert route_key(None, "a", None, "d") is None


def test_no_evidence_no_handoff() -> None:
    assert fold_item([]) == {}


def test_what_is_stored_says_nothing_of_clock_or_registry() -> None:
    stored = properties(one(seen("sent", 1, "a", message_id="m1")), "episode:1")
    assert stored["id"] == "a-to-b|episode:1"
    assert (stored["transport"], stored["secured"], stored["sent_at"]) == ("sent", False, at(1))
    assert not {"expected", "overdue", "due_at", "waiting"} & set(stored)


# The property that everything rests on.

SYSTEMS = ["a", "b", "c"]


@st.composite
def evidence(draw: st.DrawFn) -> Evidence:
    ends = draw(st.sampled_from(["a b", "b c", "c a", "a c"]))
    return seen(
        draw(st.sampled_from(["queued", "sent", "received", "accepted", "rejected", "failed", "published", "unknown"])),
        draw(st.none() | st.integers(0, 3)),
        draw(st.sampled_from(SYSTEMS)),
        route=ends.replace(" ", "-to-"),
        ends=ends,
        message_id=draw(st.sampled_from([None, "m1", "m2"])),
        in_reply_to=draw(st.sampled_from([None, "m1", "m2", "e1"])),
        envelopes=draw(st.sampled_from([(), ("e1",), ("e1", "m2")])),
    )


@settings(max_examples=200, deadline=None, derandomize=True)
@given(data=st.data(), some=st.lists(evidence(), min_size=1, max_size=8))
def test_order_and_repetition_never_show(data: Any, some: list[Evidence]) -> None:
    again = data.draw(st.permutations(some + data.draw(st.lists(st.sampled_from(some), max_size=4))))
    assert fold_item(again) == fold_item(some)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(some=st.lists(evidence(), min_size=1, max_size=8))
def test_nothing_is_secured_without_a_word_from_the_receiver_or_beyond(some: list[Evidence]) -> None:
    receipts = {"received", "accepted", "published"}
    for state in fold_item(some).values():
        beyond = [e for e in some if e.from_system == state.to_system]
        if state.secured:
            assert any(e.type in receipts for e in state.evidence) or beyond
        if state.secured_by == "receipt":
            assert any(e.type in receipts for e in state.evidence)
