"""Late: each state, each thing owed exactly once, as of any time, at a cost that does not grow with what was delivered."""

from __future__ import annotations

import json
import os
import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from evidence import event
from harness import Database, Run, Say, profiled
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lineage.answers.late_results import Late, LateRow
from lineage.answers.lateness import COUNTED
from lineage.facts import Contact, HandoffEvent, Partner, Route, System, Team
from lineage.graph import Graph
from lineage.session import Lineage

DAY = datetime(2026, 3, 4, tzinfo=UTC)  # a Wednesday


def at(clock: str, days: int = 0) -> datetime:
    """A time of day, ``days`` after DAY."""
    hours, minutes = clock.split(":")
    return DAY + timedelta(days=days, hours=int(hours), minutes=int(minutes))


def minutes(time: datetime | None) -> float | None:
    """As the events of ``evidence.event`` count: from 1 March."""
    return None if time is None else (time - datetime(2026, 3, 1, tzinfo=UTC)).total_seconds() / 60


def saw(type_: str, time: datetime | None, item: str = "episode:1", by: str = "b", **rest: Any) -> HandoffEvent:
    """An event on route ``r`` from a to b unless told otherwise."""
    rest = {"route": "r", "from_": "a", "to": "b", **rest}
    name = rest.pop("id", f"{type_}-{time}-{item}-{by}-{rest['route']}-{rest.get('message_id')}-{rest.get('in_reply_to')}")
    return event(name, type_, minutes(time), by=by, item=item, **rest)


def route(id_: str = "r", sender: str = "a", receiver: str = "b", **rest: Any) -> Route:
    return Route.model_validate({"id": id_, "from": sender, "to": receiver, **rest})


@pytest.fixture
def tell(say: Say) -> Callable[..., None]:
    def load(*facts: Any) -> None:
        declared = [fact for fact in facts if not isinstance(fact, HandoffEvent)]
        events = [fact for fact in facts if isinstance(fact, HandoffEvent)]
        if declared:
            say(*declared, source=f"registry-{os.urandom(4).hex()}.yaml")
        if events:
            say(*events, feed="handoffs", source="events", authority="observed", stream=True)

    return load


def shown(answer: Late) -> list[tuple[Any, ...]]:
    """State, what is owed, item and due time of each row."""
    return [(row.state, row.owed, row.item, row.due_at) for row in answer]


def only(answer: Late) -> LateRow:
    (row,) = answer
    return row


DAILY = {"schedule": "0 6 * * *", "deliver_within": "PT1H"}


# Schedules: each state.


def test_in_time_says_nothing(session: Lineage, tell: Callable[..., None]) -> None:
    tell(route(**DAILY), saw("received", at("6:30")))
    for now in (at("7:00"), at("12:00"), at("5:59", days=1)):
        assert len(session.late(as_of=now)) == 0


def test_late_from_the_moment_it_is_due(session: Lineage, tell: Callable[..., None]) -> None:
    tell(route(**DAILY), saw("received", at("6:30", days=-1)), saw("sent", at("6:10"), item="episode:2", by="a"))
    assert shown(session.late(as_of=at("6:59"), soon="PT0S")) == []
    row = only(session.late(as_of=at("7:00")))
    assert (row.state, row.owed, row.route, row.from_, row.to, row.item) == ("late", "delivery", "r", "a", "b", None)
    assert (row.due_at, row.arrived_at, row.last_at, row.missed) == (at("7:00"), None, at("6:30", days=-1), 1)
    assert (row.schedule, row.timezone, row.calendar) == ("0 6 * * *", None, None)


def test_what_is_only_sent_or_rejected_is_not_delivered(session: Lineage, tell: Callable[..., None]) -> None:
    tell(
        route(**DAILY),
        saw("received", at("6:30", days=-1)),
        saw("received", at("6:30"), item="episode:2", in_reply_to="m"),
        saw("rejected", at("6:40"), item="episode:2", in_reply_to="m"),
    )
    assert shown(session.late(as_of=at("8:00"))) == [("late", "delivery", None, at("7:00"))]


def test_arrived_late_until_the_next_is_due(session: Lineage, tell: Callable[..., None]) -> None:
    tell(
        route(**DAILY),
        saw("received", at("6:30", days=-1)),
        saw("received", at("9:10"), "episode:3"),
        saw("published", at("9:30"), "episode:2"),
    )
    assert only(session.late(as_of=at("9:09"))).state == "late"
    row = only(session.late(as_of=at("12:00")))
    assert (row.state, row.due_at, row.arrived_at) == ("arrived_late", at("7:00"), at("9:10"))
    assert [row.state for row in session.late(as_of=at("6:30", days=1))] == ["arrived_late", "due_soon"]
    assert [row.state for row in session.late(as_of=at("7:00", days=1))] == ["late"]


def test_due_soon_within_the_horizon_until_it_is_there(session: Lineage, tell: Callable[..., None]) -> None:
    tell(route(**DAILY), saw("received", at("6:30", days=-1)), saw("received", at("6:20"), "episode:2"))
    assert shown(session.late(as_of=at("5:59"))) == []
    assert shown(session.late(as_of=at("6:00"))) == [("due_soon", "delivery", None, at("7:00"))]
    assert shown(session.late(as_of=at("5:00"), soon="PT2H")) == [("due_soon", "delivery", None, at("7:00"))]
    assert shown(session.late(as_of=at("6:20"))) == []
    assert not session.late(as_of=at("6:00")).needs_attention


def test_silent_after_three_without_any_sign(session: Lineage, tell: Callable[..., None]) -> None:
    tell(route(**DAILY), saw("received", at("6:30", days=-3)))
    assert [(r.state, r.missed) for r in session.late(as_of=at("7:00", days=-2))] == [("late", 1)]
    assert [(r.state, r.missed) for r in session.late(as_of=at("7:00", days=-1))] == [("late", 2)]
    row = only(session.late(as_of=at("7:00")))
    assert (row.state, row.missed, row.due_at, row.last_at) == ("silent", 3, at("7:00", days=-2), at("6:30", days=-3))
    far = only(session.late(as_of=at("7:00", days=400)))
    assert (far.state, far.missed, far.due_at) == ("silent", COUNTED, at("7:00", days=-2))


def test_a_sign_of_any_kind_is_no_silence(session: Lineage, tell: Callable[..., None]) -> None:
    tell(
        route(**DAILY),
        saw("received", at("6:30", days=-3)),
        saw("failed", at("6:01", days=-2), "episode:2", by="a", code="503"),
    )
    assert [(r.state, r.missed) for r in session.late(as_of=at("7:00"))] == [("late", 3)]
    row = only(session.late(as_of=at("7:00", days=1)))
    assert (row.state, row.missed, row.due_at) == ("silent", 3, at("7:00", days=-1))


def test_a_route_that_was_never_seen(session: Lineage, tell: Callable[..., None]) -> None:
    """Without valid_from nothing says since when; with it, what was due before is not owed."""
    tell(
        route("always", **DAILY),
        route("young", **DAILY, valid_from=at("6:30", days=-1)),
        route("old", **DAILY, valid_from=at("0:00", days=-9)),
    )
    rows = {row.route: row for row in session.late(as_of=at("8:00"))}
    assert (rows["always"].state, rows["always"].missed, rows["always"].due_at) == ("silent", None, at("7:00"))
    assert (rows["young"].state, rows["young"].missed, rows["young"].due_at) == ("late", 1, at("7:00"))
    assert (rows["old"].state, rows["old"].missed, rows["old"].due_at) == ("silent", 10, at("7:00", days=-9))


@pytest.mark.parametrize("clock, counts", [("5:49", False), ("5:50", True), ("6:00", True)])
def test_a_little_early_counts(session: Lineage, tell: Callable[..., None], clock: str, counts: bool) -> None:
    """Two companies' clocks differ by up to ten minutes."""
    tell(route(**DAILY), saw("received", at(clock)))
    assert (len(session.late(as_of=at("8:00"))) == 0) == counts


def test_one_delivery_is_not_two_early_ones(session: Lineage, tell: Callable[..., None]) -> None:
    """Every ten minutes: at most half of that counts as early."""
    tell(route(schedule="*/10 * * * *"), saw("received", at("6:04")))
    assert [row.state for row in session.late(as_of=at("6:10"), soon="PT0S")] == ["late"]
    tell(saw("received", at("6:05"), "episode:2"))
    assert [row.state for row in session.late(as_of=at("6:10"), soon="PT0S")] == []


def test_a_deadline_longer_than_the_interval(session: Lineage, tell: Callable[..., None]) -> None:
    """Hourly with three hours to deliver: what came at 5:40 may be any that began from 3:00 on."""
    tell(route(schedule="0 * * * *", deliver_within="PT3H"), saw("received", at("5:40")))
    assert [row.state for row in session.late(as_of=at("6:30"), soon="PT0S")] == []
    assert [row.state for row in session.late(as_of=at("8:59"), soon="PT0S")] == []
    late = only(session.late(as_of=at("9:00"), soon="PT0S"))
    assert (late.state, late.due_at) == ("late", at("9:00"))


def test_no_delivery_is_due_on_a_holiday(session: Lineage, tell: Callable[..., None]) -> None:
    christmas = datetime(2025, 12, 26, 12, tzinfo=UTC)
    before = datetime(2025, 12, 24, 5, 30, tzinfo=UTC)
    tell(
        route("de", **DAILY, calendar="DE", timezone="Europe/Berlin"),
        route("us", **DAILY, calendar="US", timezone="Europe/Berlin"),
        saw("received", before, route="de"),
        saw("received", before, route="us"),
    )
    assert [row.route for row in session.late(as_of=christmas)] == ["us"]
    assert [row.route for row in session.late(as_of=christmas + timedelta(days=2))] == ["us"]
    assert {row.route for row in session.late(as_of=christmas + timedelta(days=3))} == {"us", "de"}


def test_the_night_the_clocks_go_forward(session: Lineage, tell: Callable[..., None]) -> None:
    """02:30 does not exist on 29 March: it is due from 03:00, which is 01:00 UTC."""
    gap = datetime(2026, 3, 29, tzinfo=UTC)
    tell(route(schedule="30 2 * * *", timezone="Europe/Stockholm"), saw("received", gap - timedelta(hours=22, minutes=30)))
    assert shown(session.late(as_of=gap + timedelta(minutes=59), soon="PT0S")) == []
    assert only(session.late(as_of=gap + timedelta(minutes=60), soon="PT0S")).due_at == gap + timedelta(hours=1)


# Which routes.


def test_only_what_is_agreed_at_that_time(session: Lineage, tell: Callable[..., None]) -> None:
    tell(
        route("over", **DAILY, valid_to=at("0:00")),
        route("to come", **DAILY, valid_from=at("0:00", days=1)),
        route("ends", **DAILY, valid_to=at("5:00", days=1)),
        route("plain"),
        saw("received", at("6:30", days=-9), route="nobody declared this"),
    )
    assert [row.route for row in session.late(as_of=at("12:00"))] == ["ends"]
    assert [row.route for row in session.late(as_of=at("4:59", days=1), soon="P1D")] == ["ends", "to come"]


def test_a_retired_route_is_owed_nothing(session: Lineage, say: Say) -> None:
    say(System(id="a"), route(**DAILY))
    assert len(session.late(as_of=datetime.now(UTC) + timedelta(seconds=5))) == 1
    say(System(id="a"))
    assert len(session.late(as_of=datetime.now(UTC) + timedelta(seconds=5))) == 0


def test_evidence_by_the_two_ends_counts_for_the_route_between_them(session: Lineage, tell: Callable[..., None]) -> None:
    tell(route(**DAILY), saw("received", at("6:30"), route=None))
    assert len(session.late(as_of=at("8:00"))) == 0
    tell(route("another", **DAILY))
    assert {row.route for row in session.late(as_of=at("8:00"))} == {"r", "another"}


def test_a_schedule_that_cannot_be_read_is_said_and_harms_nothing(
    session: Lineage, graph: Graph, tell: Callable[..., None]
) -> None:
    """No loader lets it through, but another program may have written it."""
    tell(*(route(name, **DAILY) for name in ("good", "cron", "zone", "calendar", "within", "never", "kind")))
    wrong = {
        "cron": {"schedule": "whenever"},
        "zone": {"timezone": "Mars/Olympus"},
        "calendar": {"calendar": "Narnia"},
        "within": {"deliver_within": "soon"},
        "never": {"schedule": "0 6 * * 0", "calendar": "DE"},
        "kind": {"schedule": 7, "acknowledge_within": "x", "acknowledgement": "http"},
    }
    for name, properties in wrong.items():
        graph.write(lambda tx, n=name, p=properties: tx.run("MATCH (r:Route {id: $n}) SET r += $p", n=n, p=p))  # type: ignore[misc]
    answer = session.late(as_of=at("8:00"))
    assert {(row.route, row.state) for row in answer} == {("good", "silent")} | {(name, "unreadable") for name in wrong}
    notes = {row.route: row.note or "" for row in answer}
    assert "five fields" in notes["cron"] and "IANA" in notes["zone"] and "NYSE" in notes["calendar"]
    assert "ISO 8601" in notes["within"] and "business day of DE" in notes["never"]
    assert answer.rows[0].due_at == at("7:00") and answer.needs_attention


@pytest.mark.parametrize("row", ["schedule: whenever", "timezone: Mars", "calendar: Narnia", "schedule: '0 6 * *'"])
def test_the_registry_says_so_where_it_stands(session: Lineage, tmp_path: Path, row: str) -> None:
    file = tmp_path / "r.yaml"
    file.write_text(
        f"routes:\n- {{id: bad, from: a, to: b, {row}}}\n- {{id: good, from: a, to: b, schedule: '0 6 * * 1-5'}}\n", "utf-8"
    )
    report = session.load("partners", file)
    (reject,) = [json.loads(line) for line in Path(str(report.rejects_file)).read_text("utf-8").splitlines()]
    assert reject["position"] == "/routes/0"
    assert row.partition(":")[0] in reject["reason"] and "write " in reject["reason"] and reject["hint"]
    assert [r.route for r in session.late(as_of=at("8:00"))] == ["good"]


# Items: deadlines and acknowledgements.

WITHIN = {"deliver_within": "PT1H"}
HTTP = {"acknowledgement": "http", "acknowledge_within": "PT30M"}
FUNCTIONAL = {"acknowledgement": "functional", "acknowledge_within": "PT30M"}


def test_an_item_not_delivered_in_time(session: Lineage, tell: Callable[..., None]) -> None:
    tell(route(**WITHIN), saw("queued", at("6:00"), by="a"), saw("received", at("6:59"), "episode:2"))
    assert shown(session.late(as_of=at("6:59"))) == []
    assert shown(session.late(as_of=at("7:00"))) == [("late", "delivery", "episode:1", at("7:00"))]
    tell(saw("received", at("8:00")))
    assert shown(session.late(as_of=at("7:30"))) == [("late", "delivery", "episode:1", at("7:00"))]
    assert shown(session.late(as_of=at("8:00"))) == []


def test_without_a_deadline_nothing_is_late(session: Lineage, tell: Callable[..., None]) -> None:
    tell(
        route(acknowledgement="http"),
        route("s", acknowledge_within="PT1M"),
        route("n", acknowledgement="none", acknowledge_within="PT1M"),
    )
    tell(*(saw("sent", at("6:00"), by="a", route=name) for name in ("r", "s", "n")))
    assert shown(session.late(as_of=at("6:00", days=9))) == []


def test_an_item_that_came_another_way_is_not_missed(session: Lineage, tell: Callable[..., None]) -> None:
    tell(route(**WITHIN), route("other", "x", "b"), saw("sent", at("6:00"), by="a"))
    tell(saw("received", at("9:00"), route="other", from_="x"))
    assert len(session.late(as_of=at("8:59"))) == 1
    assert len(session.late(as_of=at("9:00"))) == 0


@pytest.mark.parametrize("kind", ["http", "mdn"])
def test_any_receipt_is_the_acknowledgement_on_the_wire(session: Lineage, tell: Callable[..., None], kind: str) -> None:
    tell(route(**{**HTTP, "acknowledgement": kind}), saw("sent", at("6:00"), by="a", message_id="m"))
    tell(
        saw("sent", at("6:00"), "episode:2", by="a", message_id="n"), saw("received", at("6:01"), "episode:2", in_reply_to="n")
    )
    assert shown(session.late(as_of=at("6:29"))) == []
    row = only(session.late(as_of=at("6:30")))
    assert (row.state, row.owed, row.item, row.due_at) == ("late", "acknowledgement", "episode:1", at("6:30"))


def test_a_functional_acknowledgement_accepts_or_rejects(session: Lineage, tell: Callable[..., None]) -> None:
    answers = {"episode:1": "received", "episode:2": "accepted", "episode:3": "rejected", "episode:4": "partially_accepted"}
    tell(route(**FUNCTIONAL))
    for item, answer in answers.items():
        tell(saw("sent", at("6:00"), item, by="a", message_id=item), saw(answer, at("6:01"), item, in_reply_to=item))
    assert shown(session.late(as_of=at("7:00"))) == [("late", "acknowledgement", "episode:1", at("6:30"))]


def test_a_failed_attempt_owes_none(session: Lineage, tell: Callable[..., None]) -> None:
    tell(
        route(**HTTP),
        saw("sent", at("6:00"), by="a", message_id="m"),
        saw("failed", at("6:01"), by="a", message_id="m", code="503"),
    )
    assert shown(session.late(as_of=at("8:00"))) == []
    tell(saw("sent", at("7:00"), by="a", message_id="m"))
    assert shown(session.late(as_of=at("8:00"))) == [("late", "acknowledgement", "episode:1", at("7:30"))]


def test_a_late_acknowledgement_settles_it(session: Lineage, tell: Callable[..., None]) -> None:
    tell(route(**HTTP), saw("sent", at("6:00"), by="a", message_id="m"))
    assert len(session.late(as_of=at("9:00"))) == 1
    tell(saw("accepted", at("8:00"), in_reply_to="m"))
    assert shown(session.late(as_of=at("9:00"))) == []
    assert shown(session.late(as_of=at("7:00"))) == [("late", "acknowledgement", "episode:1", at("6:30"))]


def test_sent_twice_is_owed_once(session: Lineage, tell: Callable[..., None]) -> None:
    """A retry does not put the clock back, an answer to either message is an answer, and the same event twice is one."""
    first, second = (saw("sent", at(clock), by="a", message_id=name) for clock, name in (("6:00", "m1"), ("6:25", "m2")))
    tell(route(**HTTP), first, second, first)
    assert shown(session.late(as_of=at("6:30"))) == [("late", "acknowledgement", "episode:1", at("6:30"))]
    tell(saw("received", at("6:40"), in_reply_to="m2"), saw("received", at("6:40"), in_reply_to="m2"))
    assert shown(session.late(as_of=at("7:30"))) == []


def test_sent_again_after_a_rejection_is_owed_an_answer(session: Lineage, tell: Callable[..., None]) -> None:
    tell(route(**FUNCTIONAL), saw("sent", at("6:00"), by="a", message_id="m1"), saw("rejected", at("6:10"), in_reply_to="m1"))
    assert shown(session.late(as_of=at("7:00"))) == []
    tell(saw("sent", at("6:20"), by="a", message_id="m2"))
    assert shown(session.late(as_of=at("7:00"))) == [("late", "acknowledgement", "episode:1", at("6:50"))]


def test_both_overdue_for_one_item_are_one_row(session: Lineage, tell: Callable[..., None]) -> None:
    tell(route(**WITHIN, **HTTP), saw("queued", at("5:00"), by="a"), saw("sent", at("6:00"), by="a", message_id="m"))
    row = only(session.late(as_of=at("6:10")))
    assert (row.owed, row.also_owed, row.due_at) == ("delivery", None, at("6:00"))
    row = only(session.late(as_of=at("7:00")))
    assert (row.owed, row.also_owed, row.due_at) == ("delivery", "acknowledgement", at("6:00"))
    tell(saw("sent", at("6:00"), "episode:2", by="a", message_id="n"))
    rows = {row.item: row for row in session.late(as_of=at("7:00"))}
    assert (rows["episode:2"].owed, rows["episode:2"].also_owed) == ("acknowledgement", "delivery")


def test_an_exchange_that_is_named_in_two_ways_is_one(session: Lineage, tell: Callable[..., None]) -> None:
    """The sender's log knows the two ends only, the receiver's names the route."""
    tell(route(**WITHIN, **HTTP), saw("sent", at("6:00"), by="a", route=None, message_id="m"))
    assert len(session.late(as_of=at("8:00"))) == 1
    tell(saw("received", at("7:10"), in_reply_to="m"))
    assert len(session.late(as_of=at("8:00"))) == 0
    assert [(row.item, row.owed) for row in session.late(as_of=at("7:05"))] == [("episode:1", "acknowledgement")]


def test_parts_do_not_show(session: Lineage, tell: Callable[..., None], monkeypatch: pytest.MonkeyPatch) -> None:
    """However many routes are asked about at a time, each is answered by its own entry."""
    every = {f"r{n}": f"{n} 6 * * *" for n in range(5)}
    tell(*(route(id_, "a", f"b{id_}", schedule=schedule, deliver_within="PT1H") for id_, schedule in every.items()))
    tell(*(saw("received", at("6:10", -1), f"report:{id_}", f"b{id_}", route=id_, to=f"b{id_}") for id_ in ("r1", "r3")))
    tell(saw("received", at("6:20"), "report:today", "br4", route="r4", to="br4"))
    whole = session.late(as_of=at("8:00"))
    assert [(row.route, row.last_at) for row in whole] == [
        ("r0", None), ("r1", at("6:10", -1)), ("r2", None), ("r3", at("6:10", -1))
    ]  # fmt: skip
    monkeypatch.setattr("lineage.answers.late.PART", 2)
    assert session.late(as_of=at("8:00")) == whole


def test_due_first_comes_first(session: Lineage, tell: Callable[..., None]) -> None:
    tell(route(**WITHIN), route("q", **WITHIN), route("d", **DAILY))
    for name, item, clock in (
        ("r", "episode:2", "6:00"),
        ("r", "episode:1", "6:00"),
        ("q", "episode:3", "6:00"),
        ("q", "episode:4", "5:00"),
    ):
        tell(saw("sent", at(clock), item, by="a", route=name))
    answer = [(row.due_at, row.route, row.item) for row in session.late(as_of=at("8:00"))]
    assert answer == [
        (at("6:00"), "q", "episode:4"), (at("7:00"), "d", None), (at("7:00"), "q", "episode:3"),
        (at("7:00"), "r", "episode:1"), (at("7:00"), "r", "episode:2"),
    ]  # fmt: skip


def test_whom_to_ask(session: Lineage, tell: Callable[..., None]) -> None:
    """The route's owner, then whoever answers for the system that owes it."""
    for name, system in (("alpha", "a"), ("beta", "b")):
        contact = Contact(of_label="Partner", of=name, email=f"{name}@example.org")
        tell(Partner(id=name), System(id=system, partner=name), contact)
    tell(Team(id="crew", partner="alpha"), Contact(of_label="Team", of="crew", email="crew@example.org"))
    tell(route("s", **DAILY, owner="crew"), route(**HTTP), saw("sent", at("6:00"), by="a"))
    rows = {row.route: [contact.email for contact in row.contacts] for row in session.late(as_of=at("8:00"))}
    assert rows == {"s": ["crew@example.org", "alpha@example.org"], "r": ["beta@example.org"]}


# As of a time: what a graph would say that was loaded with no later evidence.

ROUTES = (
    route("scheduled", "a", "b", schedule="0 */2 * * *", deliver_within="PT30M"),
    route("frequent", "b", "c", schedule="*/20 * * * *", **FUNCTIONAL),
    route("http", "a", "c", **WITHIN, **HTTP),
    route("functional", "c", "d", **WITHIN, **FUNCTIONAL),
    route("ends", "d", "a", deliver_within="PT40M", schedule="30 * * * *"),
)
_TYPES = (
    "queued",
    "sent",
    "sent",
    "picked_up",
    "received",
    "accepted",
    "partially_accepted",
    "rejected",
    "failed",
    "published",
)


@st.composite
def evidence(draw: st.DrawFn) -> list[HandoffEvent]:
    """A few items' events on all routes within a day, some by the two ends or as bare replies."""
    events = []
    for number in range(draw(st.integers(1, 26))):
        agreed = draw(st.sampled_from(ROUTES))
        type_ = draw(st.sampled_from(_TYPES))
        named = draw(st.sampled_from([agreed.id, agreed.id, None]))
        time = draw(st.none() | st.integers(0, 480).map(lambda m: at("0:00") + timedelta(minutes=3 * m)))
        message, reply = draw(st.sampled_from([(None, None), ("m1", None), ("m2", None), (None, "m1"), (None, "m2")]))
        item = f"episode:{draw(st.integers(1, 3))}"
        message, reply = (name and f"{item}-{agreed.id}-{name}" for name in (message, reply))
        by = draw(st.sampled_from([agreed.from_, agreed.to]))
        rest: dict[str, Any] = {
            "route": named,
            "from_": agreed.from_,
            "to": agreed.to,
            "message_id": message,
            "in_reply_to": reply,
        }
        if reply and draw(st.booleans()):
            rest, item = {"in_reply_to": reply, "route": None, "from_": None, "to": None}, None  # type: ignore[assignment]
        events.append(saw(type_, time, item, by=by, id=f"e{number}", **rest))
    return events


@settings(
    max_examples=5,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(evidence(), st.lists(st.integers(0, 1500), min_size=3, max_size=3, unique=True), st.randoms(use_true_random=False))
def test_as_of_is_what_a_graph_without_later_evidence_says(
    database: Database,
    session: Lineage,
    tell: Callable[..., None],
    events: list[HandoffEvent],
    moments: list[int],
    order: random.Random,
) -> None:
    times = sorted(at("0:00") + timedelta(minutes=m) for m in moments)
    database.wipe()
    tell(*ROUTES)
    order.shuffle(events)
    at_the_time = []
    for time, before in zip(times, [datetime.min.replace(tzinfo=UTC), *times], strict=False):
        tell(*(one for one in events if before < (one.time or DAY) <= time))
        at_the_time.append(session.late(as_of=time).as_json())
    tell(*events)
    assert [session.late(as_of=time).as_json() for time in times] == at_the_time


# Cost.


def delivered(start: int, count: int) -> list[HandoffEvent]:
    """So many items, sent and accepted within the day, on three routes."""
    said = []
    for number in range(start, start + count):
        time = at("0:00") + timedelta(seconds=number * 20 % 36000)
        for name in ("scheduled", "http", "functional"):
            agreed = next(one for one in ROUTES if one.id == name)
            ends = {"route": name, "from_": agreed.from_, "to": agreed.to}
            item, message = f"episode:{number}", f"{name}-{number}"
            said.append(saw("sent", time, item, by=agreed.from_, id=f"s-{message}", message_id=message, **ends))
            said.append(
                saw(
                    "accepted", time + timedelta(seconds=30), item, by=agreed.to, id=f"a-{message}", in_reply_to=message, **ends
                )
            )
    return said


@pytest.mark.parametrize("now", [at("12:00"), at("5:00")])
def test_ten_times_the_deliveries_cost_the_same(
    session: Lineage, graph: Graph, tell: Callable[..., None], monkeypatch: pytest.MonkeyPatch, now: datetime
) -> None:
    """Counted, not timed. The second moment lies among them: what was delivered before and after it is not read."""
    asked: list[int] = []
    read = graph.read

    def counted(query: str, timeout_s: float = 60.0, **values: Any) -> Any:
        asked.append(profiled(graph, query, values)[0])
        return read(query, timeout_s, **values)

    tell(*ROUTES, saw("sent", at("2:00"), "episode:open", by="a", route="http", to="c"), *delivered(0, 30))
    monkeypatch.setattr(graph, "read", counted)
    few, cost = session.late(as_of=now), 0
    cost, asked[:] = sum(asked), []
    assert any(row.item == "episode:open" for row in few)
    monkeypatch.undo()
    tell(*delivered(30, 270))
    graph.write(lambda tx: tx.run("CALL db.prepareForReplanning()"))
    monkeypatch.setattr(graph, "read", counted)
    many = session.late(as_of=now)
    assert [(row.route, row.item, row.state) for row in many] == [(row.route, row.item, row.state) for row in few]
    assert sum(asked) <= 1.2 * cost + 30


# The command line.


def test_late_is_as_the_contract_says(demo: Lineage, run_cli: Run) -> None:
    ran = run_cli("late", "--as-of", "2022-05-29T07:30:00Z", "--format", "json")
    assert ran.code == 1
    rows = json.loads(ran.out)
    assert {row["state"] for row in rows} >= {"late", "silent"}
    for row in rows:
        assert set(row) >= {
            "state", "owed", "route", "from", "to", "dataset", "item", "due_at", "arrived_at", "last_at", "missed", "schedule",
            "timezone", "calendar", "owner", "contacts",
        }  # fmt: skip
        assert row["due_at"].endswith("Z") and row["contacts"]
    lines = run_cli("late", "--as-of", "2022-05-29T07:30:00Z", "--format", "jsonl").out.splitlines()
    assert [json.loads(line) for line in lines] == rows
    csv = run_cli("late", "--as-of", "2022-05-29T07:30:00Z", "--format", "csv").out.splitlines()
    assert csv[0].split(",")[:4] == ["state", "owed", "also_owed", "route"] and len(csv) == len(rows) + 1
    table = run_cli("late", "--as-of", "2022-05-29T07:30:00Z").out
    assert "Silent" in table and "host-to-relay" in table
    frame = demo.late(as_of="2022-05-29T07:30:00Z").to_frame()
    assert list(frame["route"]) == [row["route"] for row in rows]


def test_exit_codes(session: Lineage, run_cli: Run, tell: Callable[..., None]) -> None:
    tell(route(**DAILY), saw("received", at("6:30", days=-1)))
    assert run_cli("late", "--as-of", at("5:00").isoformat()).code == 0
    soon = run_cli("late", "--as-of", at("6:30").isoformat())
    assert (soon.code, "Due soon (1)" in soon.out) == (0, True)
    assert run_cli("late", "--as-of", at("7:30").isoformat()).code == 1
    assert "Nothing is late" in run_cli("late", "--as-of", at("6:30").isoformat(), "--soon", "PT5M").out
    wrong = run_cli("late", "--soon", "an hour")
    assert (wrong.code, "ISO 8601" in wrong.err) == (2, True)


def test_an_empty_graph_owes_nothing(session: Lineage, run_cli: Run) -> None:
    assert run_cli("late", "--format", "json").out.strip() == "[]"
    assert list(session.late().to_frame().columns)[:3] == ["state", "owed", "also_owed"]
