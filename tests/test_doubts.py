"""Where an answer would be wrong if one thing were overlooked: each of these once accused somebody, or hid a fault."""

from __future__ import annotations

from typing import Any

import pytest
from evidence import event
from harness import Say

from lineage.facts import Interface, Item, Partner, Route, System
from lineage.session import Lineage

AFTER = "2026-03-03"


def route(id_: str, sender: str, receiver: str, **rest: Any) -> Route:
    return Route.model_validate(
        {"id": id_, "from": sender, "to": receiver, "item_kind": "episode", "deliver_within": "PT6H", **rest}
    )


def moved(id_: str, kind: str, sender: str, receiver: str, by: str, minutes: float | None = 0, **rest: Any) -> Any:
    return event(id_, kind, minutes, by=by, from_=sender, to=receiver, **rest)


def evidence(say: Say, *events: Any) -> None:
    say(*events, feed="handoffs", source="log", authority="observed")


def test_a_reworded_route_stays_expected_for_what_is_under_way(session: Lineage, say: Say) -> None:
    say(route("ab", "a", "b"), route("bc", "b", "c"))
    evidence(say, moved("1", "received", "a", "b", "b"), moved("2", "failed", "b", "c", "b", 60, code="503"))
    assert session.last_handoff("episode:1", as_of=AFTER).verdict.system == "c"
    say(route("ab", "a", "b"), route("bc", "b", "c", owner="team-1"))
    assert session.last_handoff("episode:1", as_of=AFTER).verdict.system == "c"
    assert all(hop.expected for hop in session.trace("episode:1", as_of=AFTER).hops)


def test_what_was_seen_further_down_is_not_missing_before(session: Lineage, say: Say) -> None:
    say(route("ab", "a", "b"), route("bc", "b", "c"), route("cd", "c", "d"))
    evidence(say, moved("1", "received", "a", "b", "b"), moved("2", "received", "c", "d", "d", 120))
    answer = session.last_handoff("episode:1", as_of=AFTER)
    assert (answer.verdict.rule, answer.verdict.zone) == ("arrived", "none")
    assert session.trace("episode:1", as_of=AFTER).not_reached == ()


@pytest.mark.parametrize(
    "other",
    [
        {"item_kind": "ad"},  # the other route carries something else
        {"valid_to": "2025-06-01T00:00:00Z"},  # the other route was replaced before
    ],
)
def test_evidence_by_its_ends_joins_the_only_route_that_it_can_be(session: Lineage, say: Say, other: dict[str, Any]) -> None:
    say(route("r1", "a", "b"), route("r2", "a", "b", **other))
    evidence(say, moved("1", "sent", "a", "b", "a", message_id="m1"))
    answer = session.last_handoff("episode:1", as_of=AFTER)
    assert (answer.verdict.rule, answer.verdict.zone) == ("no-receipt", "undetermined")
    assert [hop.route for hop in session.trace("episode:1", as_of=AFTER).hops] == ["r1"]


def test_evidence_that_fits_several_routes_accuses_nobody(session: Lineage, say: Say) -> None:
    say(route("r1", "a", "b", dataset="one"), route("r2", "a", "b", dataset="two"))
    evidence(say, moved("1", "sent", "a", "b", "a", message_id="m1"))
    answer = session.last_handoff("episode:1", as_of=AFTER)
    assert {branch.verdict.zone for branch in answer.branches} == {"undetermined"}
    assert {branch.verdict.rule for branch in answer.branches} == {"ambiguous-route"}


def test_evidence_on_an_unknown_route_keeps_its_sender_from_being_accused(session: Lineage, say: Say) -> None:
    say(route("ab", "a", "b"), Item(id="episode:1", origin="a"))
    evidence(say, event("0", "queued", 0, by="a", route="r-one"), event("1", "sent", 0, by="a", route="r-one"))
    answer = session.last_handoff("episode:1", as_of=AFTER)
    assert answer.verdict.zone in {"undetermined", "none"}
    assert answer.verdict.system is None


def test_what_came_there_by_nobody_else_shows_a_hole_in_the_senders_log(session: Lineage, say: Say) -> None:
    """b must have given it to d, and its log shows nothing of that; so it proves nothing about c either."""
    say(route("ab", "a", "b"), route("bc", "b", "c"), route("bd", "b", "d"), route("de", "d", "e"))
    evidence(say, moved("1", "received", "a", "b", "b"))
    assert session.last_handoff("episode:1", as_of=AFTER).verdict.system == "b"
    evidence(say, moved("2", "sent", "d", "e", "d", 60), moved("3", "received", "d", "e", "e", 61))
    found = session.last_handoff("episode:1", as_of=AFTER)
    assert (found.verdict.rule, found.verdict.zone) == ("not-sent", "undetermined")
    assert found.verdict.missing_evidence == ("the log of b of that time",)


def test_a_sender_that_fails_towards_everybody_makes_no_receiver_guilty(session: Lineage, say: Say) -> None:
    say(*(route(f"b{x}", "b", x) for x in "cde"), route("ab", "a", "b"))
    failures = [moved(x, "failed", "b", x, "b", 60, code="ECONNREFUSED") for x in "cde"]
    evidence(say, moved("1", "received", "a", "b", "b"), *failures)
    answer = session.last_handoff("episode:1", as_of=AFTER)
    assert len(answer.branches) == 3
    assert {branch.verdict.system for branch in answer.branches} == {None}


@pytest.mark.parametrize("new", ["c", "d", "e"])
def test_a_removed_route_is_remembered_as_it_was_last(session: Lineage, say: Say, new: str) -> None:
    keep = System(id="x")
    say(keep, route("ab", "a", "b"))
    say(keep, route("ab", "a", new))
    say(keep)
    found = session.graph.read("MATCH (r:Route {id: 'ab'}) RETURN r.to AS to, r.retired AS retired").rows
    assert found == [{"to": new, "retired": True}]


def test_a_route_that_comes_after_one_elsewhere_waits_for_it(session: Lineage, say: Say) -> None:
    say(route("first", "a", "b", after=[]), route("second", "a", "c", after=["first"]))
    evidence(say, moved("1", "sent", "a", "b", "a", route="first", message_id="m1"))
    answer = session.last_handoff("episode:1", as_of=AFTER)
    assert answer.next_expected is not None
    assert answer.next_expected.route == "first"
    assert answer.branches == ()


def test_a_changed_agreement_shows_its_new_values_only(session: Lineage, say: Say) -> None:
    ends = [
        Partner(id="p"),
        System(id="a", partner="p"),
        Interface(id="i1", protocol="sftp"),
        Interface(id="i2", protocol="https"),
    ]
    say(*ends, route("ab", "a", "b", interface="i1"))
    say(*ends, route("ab", "a", "e", interface="i2"))
    rows = session.query("who_receives_what", partner="p").rows
    assert [(row["receiver"], row["protocol"]) for row in rows] == [("e", "https")]


def test_questions_by_route_see_what_evidence_named_by_its_ends(session: Lineage, say: Say) -> None:
    evidence(
        say, moved("1", "sent", "a", "b", "a", message_id="m1"), moved("2", "received", "a", "b", "b", 5, in_reply_to="m1")
    )
    say(route("ab", "a", "b", acknowledgement="functional", acknowledge_within="PT1H"))
    assert [answer.item.id for answer in session.last_handoffs(route="ab")] == ["episode:1"]
    assert [row["route"] for row in session.query("overdue_acknowledgements").rows] == ["ab"]
    assert [row["item"] for row in session.query("latest_handoff_per_route").rows] == ["episode:1"]
    assert [row["route"] for row in session.query("systems_map").rows] == ["ab"]
    assert [one.label for one in session.impact("a").affected] == ["Route", "System"]


def test_the_same_kind_of_item_as_other_data_is_no_impact(session: Lineage, say: Say) -> None:
    say(route("ab", "a", "b", dataset="one"), route("bc", "b", "c", dataset="two"))
    assert {one.id for one in session.impact("one").affected} == {"ab", "b"}
    evidence(say, moved("1", "received", "a", "b", "b"))
    assert [n.route for n in session.trace("episode:1", as_of=AFTER).not_reached] == ["bc"]


def test_the_newest_version_is_found_through_two_works(session: Lineage, say: Say) -> None:
    versions = [
        Item.model_validate({"id": f"episode:v{n}", "version_of": "episode:W", "published_at": f"2026-01-0{n}T00:00:00Z"})
        for n in (1, 2)
    ]
    say(*versions)
    evidence(say, event("1", "received", 0, by="b", item="episode:W", from_="a", to="b", identifiers=("rss:guid:W-guid",)))
    assert session.trace("rss:guid:W-guid").item.id == "episode:v2"


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1), (0, 2, 1), (2, 1, 0)])
def test_a_reply_to_a_message_id_of_two_senders_secures_neither(session: Lineage, say: Say, order: tuple[int, ...]) -> None:
    events = (
        moved("1", "sent", "a", "c", "a", message_id="m9", item="episode:1"),
        moved("2", "sent", "b", "c", "b", message_id="m9", item="episode:2"),
        event("3", "received", 5, by="c", item=None, in_reply_to="m9"),
    )
    for number in order:
        evidence(say, events[number])
    assert [session.trace(f"episode:{n}").hops[0].secured for n in (1, 2)] == [False, False]
    assert [row["id"] for row in session.query("orphan_evidence").rows] == ["3"]


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_a_reply_is_the_receivers_where_a_message_id_is_passed_on(session: Lineage, say: Say, order: tuple[int, ...]) -> None:
    events = (
        moved("1", "sent", "a", "b", "a", message_id="m1"),
        moved("2", "sent", "b", "c", "b", message_id="m1"),
        event("3", "received", 5, by="b", item=None, in_reply_to="m1"),
    )
    for number in order:
        evidence(say, events[number])
    assert {hop.route: (hop.secured, "3" in hop.evidence) for hop in session.trace("episode:1").hops} == {
        "a>b": (True, True),
        "b>c": (False, False),
    }
