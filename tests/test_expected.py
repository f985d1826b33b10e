"""The expected path: which declared routes an item should take (design.md section 5). No database."""

from __future__ import annotations

from typing import Any

import pytest
from evidence import agreement, at, seen

from lineage.answers.expected import Agreement, Expected, expected_path, origin_of
from lineage.custody import Evidence, fold_item


def path(*agreements: Agreement, evidence: tuple[Evidence, ...] = (), **given: Any) -> dict[str, Expected]:
    """The expected path of an episode that starts at a, seen at minute 1000."""
    values: dict[str, Any] = {"kind": "episode", "origin": "a", "listed_on": frozenset(), "as_of": at(1000), **given}
    return expected_path(agreements=agreements, states=fold_item(evidence), **values)


A_B, B_C, C_D = agreement("a-to-b", "a", "b"), agreement("b-to-c", "b", "c"), agreement("c-to-d", "c", "d")


def received(minutes: float, sender: str, receiver: str) -> Evidence:
    return seen("received", minutes, receiver, route=f"{sender}-to-{receiver}", ends=f"{sender} {receiver}")


# Which routes.


def test_routes_follow_each_other_by_their_ends() -> None:
    assert list(path(C_D, B_C, A_B)) == ["a-to-b", "b-to-c", "c-to-d"]
    assert [e.depth for e in path(C_D, B_C, A_B).values()] == [0, 1, 2]


def test_only_from_the_origin() -> None:
    assert list(path(A_B, B_C, C_D, origin="b")) == ["b-to-c", "c-to-d"]
    assert path(A_B, B_C, origin=None) == {}


def test_only_routes_of_the_items_kind() -> None:
    assert path(agreement("a-to-b", "a", "b", item_kinds=frozenset({"asset"}))) == {}
    assert path(agreement("a-to-b", "a", "b", item_kinds=frozenset())) == {}


def test_after_nothing_starts_at_the_origin_only() -> None:
    start = agreement("b-to-c", "b", "c", after=())
    assert list(path(A_B, start)) == ["a-to-b"]
    assert list(path(A_B, start, origin="b")) == ["b-to-c"]


def test_after_a_route_follows_that_one_only() -> None:
    other = agreement("b-to-c", "b", "c", after=("x-to-b",))
    assert list(path(A_B, other)) == ["a-to-b"]
    assert list(path(A_B, other, agreement("x-to-b", "a", "b"))) == ["a-to-b", "x-to-b", "b-to-c"]


def test_after_several_means_any_of_them() -> None:
    either = agreement("b-to-c", "b", "c", after=("x-to-b", "a-to-b"))
    assert "b-to-c" in path(A_B, either)


def test_after_counts_also_where_the_ends_do_not_meet() -> None:
    """A store and its mirror: the order of agreements is what was declared, not what the ends suggest."""
    assert list(path(A_B, agreement("x-to-c", "x", "c", after=("a-to-b",)))) == ["a-to-b", "x-to-c"]


@pytest.mark.parametrize("listed_on, routes", [((), []), (("a-to-b",), ["a-to-b"]), (("other",), [])])
def test_listed_routes_need_an_expectation(listed_on: tuple[str, ...], routes: list[str]) -> None:
    assert list(path(agreement("a-to-b", "a", "b", listed=True), listed_on=frozenset(listed_on))) == routes


def test_what_follows_a_route_that_is_not_expected_is_not_expected() -> None:
    assert path(agreement("a-to-b", "a", "b", listed=True), B_C) == {}


def test_a_cycle_ends() -> None:
    found = path(A_B, agreement("b-to-a", "b", "a"), evidence=(received(5, "a", "b"),))
    assert list(found) == ["a-to-b", "b-to-a"]


def test_routes_after_each_other_in_a_circle_are_never_started() -> None:
    assert path(agreement("r1", "b", "c", after=("r2",)), agreement("r2", "c", "b", after=("r1",))) == {}


# Validity: the route as it was when custody began at its sender.


@pytest.mark.parametrize(
    "valid_from, valid_to, expected",
    [(None, None, True), (5, None, True), (6, None, False), (None, 5, False), (None, 6, True), (2000, None, False)],
)
def test_validity_when_custody_began(valid_from: int | None, valid_to: int | None, expected: bool) -> None:
    onward = agreement(
        "b-to-c",
        "b",
        "c",
        valid_from=None if valid_from is None else at(valid_from),
        valid_to=None if valid_to is None else at(valid_to),
    )
    assert ("b-to-c" in path(A_B, onward, evidence=(received(5, "a", "b"),))) is expected


@pytest.mark.parametrize("valid_to, expected", [(999, False), (1001, True)])
def test_validity_now_where_custody_has_not_begun(valid_to: int, expected: bool) -> None:
    assert ("b-to-c" in path(A_B, agreement("b-to-c", "b", "c", valid_to=at(valid_to)))) is expected


# Custody, deadlines, branches.


def test_begun_where_the_sender_has_it() -> None:
    found = path(A_B, B_C, C_D, evidence=(received(5, "a", "b"),))
    assert [(e.begun, e.secured) for e in found.values()] == [(True, True), (True, False), (False, False)]


def test_the_first_deadline_runs_from_the_first_evidence_and_others_from_custody() -> None:
    evidence = (seen("queued", 1, "a"), seen("sent", 3, "a", message_id="m"), received(5, "a", "b"))
    found = path(agreement("a-to-b", "a", "b", within=60), agreement("b-to-c", "b", "c", within=10), evidence=evidence)
    assert (found["a-to-b"].due, found["b-to-c"].due) == (at(61), at(15))


def test_no_deadline_without_a_promise_or_a_beginning() -> None:
    assert path(A_B, evidence=(received(5, "a", "b"),))["a-to-b"].due is None
    assert path(A_B, agreement("b-to-c", "b", "c", within=10))["b-to-c"].due is None


def test_siblings_are_all_expected() -> None:
    found = path(A_B, B_C, agreement("b-to-d", "b", "d"), evidence=(received(5, "a", "b"), received(6, "b", "c")))
    assert not found["b-to-d"].superseded
    assert found["b-to-d"].begun and not found["b-to-d"].secured


def test_a_second_way_into_a_system_that_has_it_is_superseded() -> None:
    second = agreement("b-to-c", "b", "c"), agreement("a-to-c", "a", "c")
    found = path(A_B, *second, evidence=(received(5, "a", "b"), received(6, "a", "c")))
    assert (found["b-to-c"].superseded, found["a-to-c"].superseded) == (True, False)
    assert not any(e.superseded for e in path(A_B, *second, evidence=(received(5, "a", "b"),)).values())


def test_coming_home_is_not_superseded() -> None:
    back = agreement("b-to-a", "b", "a")
    assert not path(A_B, back, evidence=(received(5, "a", "b"),))["b-to-a"].superseded


# The origin.


def test_a_declared_origin_wins() -> None:
    states = fold_item([seen("queued", 1, "b", route="b-to-c", ends="b c")])
    assert origin_of([None, "x", "y"], ["z"], states) == "x"


def test_an_observed_origin_counts_until_evidence_shows_where_it_came_from() -> None:
    assert origin_of([], [None, "b"], fold_item([received(1, "b", "c")])) == "b"
    assert origin_of([], ["b"], fold_item([received(1, "a", "b")])) == "a"
    assert origin_of([], ["b"], fold_item([received(1, "x", "y")])) == "b"


def test_else_the_sender_of_queued() -> None:
    states = fold_item([received(1, "x", "b"), seen("queued", 2, "a")])
    assert origin_of([], [], states) == "a"


def test_else_the_sender_that_nothing_came_to() -> None:
    assert origin_of([], [], fold_item([received(2, "a", "b"), received(1, "b", "c")])) == "a"


def test_a_circle_begins_where_it_was_seen_first_unless_one_queued() -> None:
    circle = [received(1, "a", "b"), received(2, "b", "a")]
    assert origin_of([], [], fold_item(circle)) == "a"
    assert origin_of([], [], fold_item([*circle, seen("queued", 3, "b", route="b-to-a", ends="b a")])) == "b"
    assert origin_of([], [], {}) is None


def test_from_a_nodes_properties() -> None:
    given = {
        "id": "r",
        "from": "a",
        "to": "b",
        "item_kind": ["episode"],
        "after": [],
        "deliver_within": "PT1H",
        "expect": "listed",
    }
    one = Agreement.of(given)
    assert (one.after, one.listed, one.item_kinds, one.acknowledge_within) == ((), True, frozenset({"episode"}), None)
    assert one.deliver_within is not None and one.deliver_within.total_seconds() == 3600
    assert Agreement.of({"id": "r", "from": "a", "to": "b"}).after is None
