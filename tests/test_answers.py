"""The three questions and search, on the small world of tests/fixtures/scenario."""

from __future__ import annotations

from typing import Any

import pytest
from evidence import event
from harness import Run, Say

from lineage.errors import NotFoundError, UsageError
from lineage.facts import Item, Partner, Route, System
from lineage.graph import OutOfTime
from lineage.session import Lineage

# All evidence of the scenario is of 1 March 2026; every deadline in it has passed the day after.
AFTER = "2026-03-03"


def hops(answer: Any) -> list[tuple[str, bool, bool, str | None, str | None, str | None]]:
    return [(h.route, h.expected, h.secured, h.transport, h.acknowledgement, h.processing) for h in answer.hops]


# Trace.


def test_the_whole_way_of_one_that_arrived(scenario: Lineage) -> None:
    answer = scenario.trace("episode:delivered", as_of=AFTER)
    assert hops(answer) == [
        ("cms-to-host", True, True, "received", None, None),
        ("host-to-relay", True, True, "sent", "accepted", None),
        # Evidence that named only the two ends, joined to the one route that is declared between them.
        ("host-to-dir", True, True, "received", None, None),
        # Nobody declared this one: it counts for custody and shows.
        ("aurora-host>mystery-cdn", False, True, "picked_up", None, None),
        ("relay-to-spotify", True, True, "received", "overdue", "published"),
    ]
    assert answer.not_reached == ()
    assert answer.item.identifiers == ("file:aurora-1.mp3", "rss:guid:aurora-1", "spotify:episode:4kYd")
    assert [h.seq for h in answer.hops] == [1, 2, 3, 4, 5]


def test_a_hop_in_json_is_as_the_contract_says(scenario: Lineage) -> None:
    said = scenario.trace("episode:delivered", as_of=AFTER).as_json()
    (hop,) = [h for h in said["hops"] if h["route"] == "host-to-relay"]
    expected = {
        "from": "aurora-host", "to": "relay", "from_zone": "partner", "to_zone": "middleware", "dataset": "episodes",
        "interface": None, "expected": True, "transport": "sent", "acknowledgement": "accepted", "processing": None, "attempts": 1,
        "sent_at": "2026-03-01T06:10:00Z", "received_at": None, "acknowledged_at": "2026-03-01T06:10:30Z",
        "evidence": ["delivered-3", "delivered-4"],
    }  # fmt: skip
    assert {name: hop[name] for name in expected} == expected


def test_what_was_not_reached_and_by_when_it_should_have_been(scenario: Lineage) -> None:
    said = scenario.trace("episode:stuck", as_of=AFTER).as_json()
    # Custody at the relay began with its acknowledgement at 06:10:30; two hours later it was due.
    assert said["not_reached"] == [
        {"route": "relay-to-spotify", "from": "relay", "to": "spotify-ingest", "expected_by": "2026-03-01T08:10:30Z"}
    ]
    (hop,) = [h for h in said["hops"] if h["route"] == "relay-to-spotify"]
    assert (hop["expected"], hop["secured"], hop["transport"], hop["attempts"]) == (True, False, "failed", 2)


def test_as_of_before_after_and_between(scenario: Lineage) -> None:
    early = scenario.trace("episode:stuck", as_of="2026-03-01T06:00:02Z")
    assert hops(early) == [("cms-to-host", True, False, "sent", None, None)]
    assert [n.route for n in early.not_reached] == ["cms-to-host", "host-to-dir", "host-to-relay", "relay-to-spotify"]
    between = scenario.trace("episode:stuck", as_of="2026-03-01T06:15:00Z")
    assert [h.route for h in between.hops] == ["cms-to-host", "host-to-relay"]
    assert scenario.trace("episode:stuck", as_of="2026-02-28").hops == ()
    # A date is the end of that day.
    assert len(scenario.trace("episode:stuck", as_of="2026-03-01").hops) == 4


def test_an_asset_goes_to_the_routes_of_its_campaign_only(scenario: Lineage) -> None:
    banner = scenario.trace("asset:banner", as_of=AFTER)
    assert [(h.route, h.expected) for h in banner.hops] == [("agency-to-ads", True)]
    assert [n.route for n in banner.not_reached] == ["agency-to-ads"]
    jingle = scenario.trace("asset:jingle", as_of=AFTER)
    assert [(h.route, h.expected) for h in jingle.hops] == [("agency-to-ads", False)]
    assert jingle.not_reached == ()


def test_an_item_that_nothing_expects_has_an_empty_way(scenario: Lineage) -> None:
    answer = scenario.trace("show:aurora")
    assert (answer.hops, answer.not_reached) == ((), ())


# An item by any of its names.


@pytest.mark.parametrize(
    "name",
    [
        "episode:delivered", "spotify:episode:4kYd", "rss:guid:aurora-1", "file:aurora-1.mp3", "4kYd", "aurora-1", "aurora-1.mp3",
        "delivered-m3", "episode:rss:guid:aurora-1", " episode:delivered ",
    ],
)  # fmt: skip
def test_an_item_by_any_of_its_names(scenario: Lineage, name: str) -> None:
    assert scenario.trace(name).item.id == "episode:delivered"


@pytest.mark.parametrize("name", ["file:same-name.png", "same-name.png"])
def test_a_name_of_several_lists_them(scenario: Lineage, name: str) -> None:
    with pytest.raises(NotFoundError, match="2 items") as caught:
        scenario.trace(name)
    assert set(caught.value.nearest) == {"asset:banner", "asset:jingle"}


def test_a_name_of_nothing_suggests_what_is_near(scenario: Lineage) -> None:
    with pytest.raises(NotFoundError) as caught:
        scenario.trace("episode:delivred")
    assert "episode:delivered" in caught.value.nearest


def test_a_work_means_its_newest_version(session: Lineage, say: Say) -> None:
    say(
        event("e1", "received", 1, "b", item="episode:old", route="r", identifiers=("rss:guid:g",)),
        event("e2", "received", 9, "b", item="episode:new", route="r", identifiers=("rss:guid:g",)),
    )
    assert session.trace("rss:guid:g").item.id == "episode:new"
    assert session.trace("episode:rss:guid:g").item.id == "episode:new"
    assert session.trace("episode:old").item.id == "episode:old"


# Last handoff.


def test_the_last_handoff_of_a_stuck_one(scenario: Lineage) -> None:
    said = scenario.last_handoff("episode:stuck", as_of=AFTER).as_json()
    assert said["last_successful"] == {
        "route": "host-to-relay", "from": "aurora-host", "to": "relay", "at": "2026-03-01T06:10:30Z",
        "evidence": ["stuck-3", "stuck-4"],
    }  # fmt: skip
    assert said["in_custody_of"] == {"system": "relay", "partner": "relayco", "zone": "middleware"}
    assert said["next_expected"] == {
        "route": "relay-to-spotify", "from": "relay", "to": "spotify-ingest", "expected_by": "2026-03-01T08:10:30Z",
    }  # fmt: skip
    verdict = said["verdict"]
    assert (verdict["zone"], verdict["system"], verdict["partner"]) == ("spotify", "spotify-ingest", "spotify")
    assert (verdict["rule"], verdict["evidence"]) == ("refused-by-endpoint", ["stuck-5", "stuck-6", "stuck-7"])
    assert 0 < verdict["confidence"] < 1
    assert "503" in verdict["reason"]
    assert [c["email"] for c in said["contacts"]] == ["partners@spotify.example"]


def test_the_other_branch_is_told_too(scenario: Lineage) -> None:
    answer = scenario.last_handoff("episode:stuck", as_of=AFTER)
    assert [(b.in_custody_of.system, b.verdict.rule, b.verdict.zone) for b in answer.branches] == [
        ("relay", "refused-by-endpoint", "spotify"),
        ("dir-ingest", "arrived", "none"),
    ]
    assert answer.verdict == answer.branches[0].verdict


@pytest.mark.parametrize(
    "item, rule, route",
    [("episode:locked-out", "not-authorised", "relay-to-spotify"), ("asset:banner", "no-receipt", "agency-to-ads")],
)
def test_what_one_items_evidence_cannot_decide_accuses_nobody(scenario: Lineage, item: str, rule: str, route: str) -> None:
    answer = scenario.last_handoff(item, as_of=AFTER)
    assert (answer.verdict.rule, answer.verdict.zone, answer.verdict.system) == (rule, "undetermined", None)
    assert answer.verdict.missing_evidence
    assert answer.next_expected is not None and answer.next_expected.route == route


def test_an_undetermined_fault_names_the_contacts_of_both_ends(scenario: Lineage) -> None:
    contacts = scenario.last_handoff("episode:locked-out", as_of=AFTER).contacts
    assert [c.email for c in contacts] == ["noc@relayco.example", "partners@spotify.example"]


def test_of_two_faults_the_one_due_first_is_told_first(scenario: Lineage) -> None:
    """Silent: sent to Spotify, due 08:10:30; never sent to the directory, due 08:00:05."""
    answer = scenario.last_handoff("episode:silent", as_of=AFTER)
    assert [(b.next_expected.route, b.verdict.rule, b.verdict.system) for b in answer.branches if b.next_expected] == [
        ("host-to-dir", "not-sent", "aurora-host"),
        ("relay-to-spotify", "no-receipt", None),
    ]
    assert answer.verdict.rule == "not-sent"
    assert [c.email for c in answer.contacts] == ["desk@aurora.example"]


def test_before_the_deadline_nobody_is_at_fault(scenario: Lineage) -> None:
    answer = scenario.last_handoff("episode:stuck", as_of="2026-03-01T07:30:00Z")
    assert (answer.verdict.rule, answer.verdict.zone, answer.verdict.system) == ("not-due", "none", None)
    assert "503" in answer.verdict.reason


def test_arrived(scenario: Lineage) -> None:
    answer = scenario.last_handoff("episode:delivered", as_of=AFTER)
    assert {b.verdict.rule for b in answer.branches} == {"arrived"}
    assert (answer.verdict.zone, answer.next_expected) == ("none", None)
    # An acknowledgement that is overdue on what has arrived is late, and no verdict.
    assert answer.verdict.rule == "arrived"


def test_nothing_is_late_without_an_expected_path(scenario: Lineage) -> None:
    answer = scenario.last_handoff("asset:jingle", as_of=AFTER)
    assert (answer.verdict.rule, answer.verdict.zone, answer.last_successful) == ("no-deadline", "none", None)
    assert answer.in_custody_of.system == "agency-desk"


def test_an_undeclared_partner_leaves_the_zone_undetermined_and_keeps_the_system(session: Lineage, say: Say) -> None:
    route = {"id": "r", "from": "a", "to": "b", "item_kind": "episode", "deliver_within": "PT1H"}
    say(Route.model_validate(route), Item(id="episode:1", origin="a"))
    say(event("e", "queued", 0, "a", route="r"), feed="handoffs", source="e", authority="observed")
    verdict = session.last_handoff("episode:1", as_of=AFTER).verdict
    assert (verdict.rule, verdict.zone, verdict.system) == ("not-sent", "undetermined", "a")


@pytest.mark.parametrize(
    "asked, items",
    [
        ({"route": "relay-to-spotify"}, ["episode:delivered"]),
        ({"system": "dir-ingest"}, ["episode:delivered", "episode:locked-out", "episode:stuck"]),
        ({"partner": "otherdir"}, ["episode:delivered", "episode:locked-out", "episode:stuck"]),
        ({"partner": "agency"}, []),
    ],
)
def test_the_last_ones_of_a_route_system_or_partner(scenario: Lineage, asked: dict[str, str], items: list[str]) -> None:
    assert sorted(a.item.id for a in scenario.last_handoffs(**asked, as_of=AFTER)) == items


def test_a_route_joined_at_read_has_its_last_ones_too(scenario: Lineage) -> None:
    """All evidence on host-to-dir named only the two ends; whoever asks for the route means these."""
    found = scenario.last_handoffs(route="host-to-dir", as_of=AFTER)
    assert sorted(a.item.id for a in found) == ["episode:delivered", "episode:locked-out", "episode:stuck"]


def test_newest_first_with_the_handoff_that_was_asked_for(scenario: Lineage) -> None:
    answers = scenario.last_handoffs(partner="aurora", limit=3, as_of=AFTER)
    assert len(answers) == 3
    moments = [a.last_successful.at for a in answers if a.last_successful and a.last_successful.at]
    assert moments == sorted(moments, reverse=True)


def test_the_last_ones_as_of_then(scenario: Lineage) -> None:
    assert scenario.last_handoffs(route="relay-to-spotify", as_of="2026-03-01T06:20:05Z") == []


@pytest.mark.parametrize("asked", [{"route": "nope"}, {"system": "nope"}, {"partner": "nope"}])
def test_an_unknown_end_is_not_found(scenario: Lineage, asked: dict[str, str]) -> None:
    with pytest.raises(NotFoundError, match="nope"):
        scenario.last_handoffs(**asked)


# Impact.


def reached(scenario: Lineage, node: str, **rest: Any) -> dict[str, Any]:
    return {f"{a.label}:{a.id}": a for a in scenario.impact(node, as_of=AFTER, **rest).affected}


def test_an_outage_reaches_what_comes_after(scenario: Lineage) -> None:
    found = reached(scenario, "aurora-host")
    assert {
        "Route:host-to-relay",
        "Route:relay-to-spotify",
        "Route:host-to-dir",
        "System:spotify-ingest",
        "Report:reach",
    } <= set(found)
    # Campaigns pass the relay too, but not with the episodes.
    assert not {"Route:agency-to-ads", "Route:agency-to-relay", "System:aurora-cms", "System:spotify-ads"} & set(found)
    assert (
        found["Route:host-to-relay"].distance
        < found["Route:relay-to-spotify"].distance
        < found["System:spotify-ingest"].distance
    )
    assert found["System:spotify-ingest"].via == "relay-to-spotify"
    assert found["System:spotify-ingest"].partner == "spotify"
    assert found["Report:reach"].owner == "catalogue"
    assert found["Report:reach"].contact == "catalogue@spotify.example"


def test_a_relay_is_crossed_along_the_same_data_only(scenario: Lineage) -> None:
    assert "System:spotify-ingest" not in reached(scenario, "agency-to-relay")


def test_a_field_reaches_what_is_made_of_it(scenario: Lineage) -> None:
    guid, duration = reached(scenario, "episodes", field="guid"), reached(scenario, "episodes", field="duration")
    assert guid["Dataset:catalogue"].fields == ("episode_id",)
    assert duration["Dataset:catalogue"].fields == ("seconds",)
    assert "Report:reach" in duration
    assert "Report:reach" not in guid


@pytest.mark.parametrize("node", ["episodes#duration", "episodes.duration", "field:episodes#duration"])
def test_a_field_by_any_spelling(scenario: Lineage, node: str) -> None:
    assert scenario.impact(node, as_of=AFTER).of.id == "episodes#duration"


def test_a_partner_reaches_over_its_systems(scenario: Lineage) -> None:
    assert "System:spotify-ingest" in reached(scenario, "relayco")


def test_a_job_reaches_what_it_makes(scenario: Lineage) -> None:
    assert {"Dataset:catalogue", "Report:reach"} <= set(reached(scenario, "catalogue-job"))


def test_a_team_of_the_same_name_is_not_in_the_way(scenario: Lineage) -> None:
    assert scenario.impact("catalogue", as_of=AFTER).of.label == "Dataset"


def test_an_id_of_several_nodes_asks_which(session: Lineage, say: Say) -> None:
    say(Partner(id="acme"), System(id="acme", partner="acme"))
    with pytest.raises(NotFoundError, match="2 nodes") as caught:
        session.impact("acme")
    assert caught.value.nearest == ("partner:acme", "system:acme")
    assert session.impact("system:acme").of.label == "System"
    with pytest.raises(NotFoundError, match="nowhere"):
        session.impact("nowhere")


def test_a_shorter_depth_says_that_it_is_one(scenario: Lineage) -> None:
    answer = scenario.impact("aurora-host", depth=1, as_of=AFTER)
    assert {a.distance for a in answer.affected} == {1}
    assert (answer.completeness.complete, answer.completeness.truncated_by) == (False, "depth")
    assert scenario.impact("aurora-host", as_of=AFTER).completeness.complete
    for depth in (0, 31):
        with pytest.raises(UsageError):
            scenario.impact("aurora-host", depth=depth)


def test_nearest_first_and_each_once(scenario: Lineage) -> None:
    answer = scenario.impact("aurora", as_of=AFTER)
    assert [a.distance for a in answer.affected] == sorted(a.distance for a in answer.affected)
    assert len({(a.label, a.id) for a in answer.affected}) == len(answer.affected)


# Search, completeness, frames.


def test_search_finds_by_any_part_of_any_name(scenario: Lineage) -> None:
    assert [h.id for h in scenario.search("STUCK")] == ["episode:stuck"]
    assert "episode:delivered" in [h.id for h in scenario.search("4kYd")]
    assert ("System", "relay") in [(h.label, h.id) for h in scenario.search("relay hub")]
    assert scenario.search("no such thing anywhere") == []
    assert len(scenario.search("a", 3)) == 3
    (hit,) = [h for h in scenario.search("episode:delivered") if h.id == "episode:delivered"]
    assert hit.identifiers == ("file:aurora-1.mp3", "spotify:episode:4kYd")


def test_answers_say_how_fresh_they_are(scenario: Lineage) -> None:
    said = scenario.trace("episode:stuck", as_of=AFTER).as_json()["completeness"]
    assert said == {"complete": True, "truncated_by": None, "freshest_evidence": "2026-03-01T09:00:00Z", "silent_sources": []}
    early = scenario.trace("episode:stuck", as_of="2026-03-01T06:00:02Z").completeness
    assert early.freshest_evidence is not None and early.freshest_evidence.minute == 0


def test_a_system_that_stopped_reporting_is_named(session: Lineage, say: Say) -> None:
    say(
        event("e1", "sent", 0, "a", route="a-to-b", from_="a", to="b", message_id="m"),
        event("e2", "received", 60 * 25, "b", route="a-to-b", from_="a", to="b", in_reply_to="m"),
    )
    assert session.trace("episode:1").completeness.silent_sources == ("a",)


def test_a_trace_cut_short_says_so(scenario: Lineage) -> None:
    answer = scenario.trace("episode:stuck", depth=1, as_of=AFTER)
    assert answer.completeness.truncated_by == "depth"
    assert not answer.completeness.complete


def test_frames_have_a_row_for_each_thing(scenario: Lineage) -> None:
    trace = scenario.trace("episode:stuck", as_of=AFTER)
    frame = trace.to_frame()
    assert len(frame) == len(trace.hops)
    assert {"seq", "route", "from", "to", "expected", "secured", "evidence"} <= set(frame.columns)
    early = scenario.trace("episode:stuck", as_of="2026-02-28")
    assert list(early.to_frame()["route"]) == [n.route for n in early.not_reached]
    assert list(scenario.last_handoff("episode:stuck", as_of=AFTER).to_frame()["rule"]) == ["refused-by-endpoint", "arrived"]
    impact = scenario.impact("relay", as_of=AFTER)
    assert list(impact.to_frame()["id"]) == [a.id for a in impact.affected]
    empty = scenario.query("last_handoffs_of_route", route="nope")
    assert list(empty.to_frame().columns) == list(empty.columns)
    assert len(empty.to_frame()) == 0


def test_a_notebook_draws_a_trace(scenario: Lineage) -> None:
    drawn = scenario.trace("episode:stuck", as_of=AFTER)._repr_html_()
    assert "<svg" in drawn
    assert "spotify-ingest" in drawn


def test_an_answer_that_ran_out_of_time_is_none(scenario: Lineage) -> None:
    with pytest.raises(OutOfTime):
        scenario.graph.read("UNWIND range(1, 1000000000) AS n WITH n WHERE n % 2 = 0 RETURN count(n)", timeout_s=0.2)


def test_what_is_secured_without_a_date_comes_last(session: Lineage, say: Say) -> None:
    """Undated evidence always counts (design: as of), also where an index on the time could not hold it."""
    ends = {"route": "a-to-b", "from_": "a", "to": "b", "by": "b"}
    say(event("1", "received", None, item="asset:undated", **ends), event("2", "received", 0, item="asset:dated", **ends))
    for named in ({"route": "a-to-b"}, {"system": "a"}, {"system": "b"}):
        found = session.last_handoffs(**named, as_of=AFTER)
        assert [answer.item.id for answer in found] == ["asset:dated", "asset:undated"], named
        assert found[1].last_successful is not None
        assert found[1].last_successful.at is None


def test_deliveries_that_nobody_dates_count_too(session: Lineage, say: Say) -> None:
    say(
        event("1", "received", 0, item="asset:dated", from_="a", to="b", by="b"),
        event("2", "received", None, item="asset:undated", from_="a", to="b", by="b"),
    )
    (row,) = session.query("who_receives_item", item="asset:dated").rows
    assert row["deliveries"] == 2


def test_deliveries_of_a_route_count_where_only_its_ends_were_named(session: Lineage, say: Say) -> None:
    """An asset between the same two systems is none of that route's, which carries episodes."""
    ends = {"from_": "a", "to": "b", "by": "b"}
    say(
        Route(id="a-to-b", **{"from": "a", "to": "b"}, item_kind=("episode",)),
        event("1", "received", item="episode:1", **ends),
        event("2", "received", item="episode:2", **ends),
        event("3", "received", item="episode:3", route="a-to-b", **ends),
        event("4", "received", item="asset:1", **ends),
    )
    for item, route, deliveries in (("episode:1", "a-to-b", 3), ("episode:3", "a-to-b", 3), ("asset:1", "a>b", 1)):
        (row,) = session.query("who_receives_item", item=item).rows
        assert (row["route"], row["state"], row["deliveries"]) == (route, "arrived", deliveries)


def test_an_announcement_is_no_stray_delivery(session: Lineage, say: Say, run_cli: Run) -> None:
    """Podping is told of a show, and is not given it."""
    say(
        System(id="podping", kind="notification"),
        event("1", "received", item="show:1", from_="host", to="podping", by="podping"),
    )
    (hop,) = session.trace("show:1").hops
    assert (hop.announcement, hop.expected) == (True, False)
    text = run_cli("trace", "show:1").out
    assert "received [an announcement]" in text and "No declared route says where it should go." in text


def test_what_people_see_of_a_way_is_what_programs_read(scenario: Lineage) -> None:
    """``trace_path`` draws in Browser, ``item_way`` is read by the answers: the same handoffs and routes."""
    for item in (row["id"] for row in scenario.graph.read("MATCH (i:Item) RETURN i.id AS id").rows):
        drawn = scenario.ask.rows("trace_path", item=item)
        (read,) = scenario.ask.rows("item_way", items=[item])
        seen = {(row["route"], tuple(row["joined"]), row["sender"], row["receiver"]) for row in drawn if row["handoff"]}
        assert seen == {
            (joined[0] if len(joined) == 1 else route, tuple(joined), sender, receiver)
            for route, sender, receiver, joined, _ in read["hops"]
        }
        agreed = {row["route"] for row in drawn if row["agreement"] and row["agreement"]["properties"]["declared"]}
        assert agreed == {one["id"] for one in read["agreements"]}
        assert {zone for row in drawn for zone in (row["sender_zone"], row["receiver_zone"])} - {None} <= {
            zone for _, zone, *_ in read["systems"]
        }
