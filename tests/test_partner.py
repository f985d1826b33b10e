"""The reference of a partner: both directions, who owns what, how it does now, what changed."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from harness import Run, Say

from lineage.answers.history import history, sources
from lineage.answers.partner import agreed
from lineage.assertions import Assertion, canonical, content_hash
from lineage.errors import NotFoundError
from lineage.facts import Contact, Partner, Route, System
from lineage.neighbourhood import Box, neighbourhood
from lineage.picture import Edge
from lineage.session import Lineage

AS_OF = "2022-05-29"


def test_what_is_exchanged_in_both_directions(demo: Lineage) -> None:
    answer = demo.partner("northwind", as_of=AS_OF)
    assert (answer.name, answer.zone, answer.kind) == ("Northwind Directory", "partner", "directory")
    assert [(c.name, c.role) for c in answer.contacts] == [("Jonas Lind", "partner manager")]
    assert [(t.id, [c.email for c in t.contacts]) for t in answer.teams] == [
        ("northwind-platform", ["oncall@northwind.example"])
    ]
    assert [(s.id, [i.protocol for i in s.interfaces]) for s in answer.systems] == [
        ("northwind-app", []),
        ("northwind-directory", ["https"]),
    ]
    assert {one.route: one.direction for one in answer.exchanges} == {
        "relay-to-northwind": "in", "app-to-analytics": "out", "northwind-to-app": "within",
    }  # fmt: skip
    (into,) = answer.directed("in")
    assert (into.other.system, into.other.partner, into.other.zone) == ("relay-hub", "relay", "middleware")
    assert into.dataset is not None and into.interface is not None and into.owner is not None
    assert [(f.name, f.type) for f in into.dataset.fields] == [("enclosure", "url"), ("guid", "string"), ("title", "string")]
    assert (into.interface.format, into.item_kind, into.owner.id) == ("JSON", ("episode",), "northwind-platform")
    assert into.agreed.in_words == (
        "delivered within 6 hours of the sender having it",
        "acknowledged by the HTTP answer within 1 hour",
    )
    (out,) = answer.directed("out")
    assert out.agreed.in_words[0] == "due at 06:30 every day, Europe/Stockholm"


def test_how_it_does_now(demo: Lineage) -> None:
    answer = demo.partner("northwind", as_of=AS_OF)
    (into,) = answer.directed("in")
    assert (into.status.state, into.status.stuck, into.status.overdue) == ("delivering", 1, 1)
    assert into.status.last_secured_at == datetime(2022, 5, 28, 3, 8, 32, tzinfo=UTC)
    assert [(i.system, i.routes) for i in answer.incidents] == [("northwind-directory", ("relay-to-northwind",))]
    assert {one.route for one in answer.trouble} == {one.route for one in answer.exchanges}
    assert answer.completeness.silent_sources == ("northwind-directory",)
    # Before it refused, nothing was wrong there.
    before = demo.partner("northwind", as_of="2022-05-28T04:00:00Z")
    assert (before.incidents, before.directed("in")[0].status.stuck) == ((), 0)


def test_who_owns_what(demo: Lineage) -> None:
    boundary = demo.partner("relay", as_of=AS_OF).boundary
    sides = {side.zone: (side.systems, side.routes) for side in boundary.sides}
    assert sides["middleware"] == (("relay-ads", "relay-hub"), ("relay-to-soundgrid", "relay-to-tonewave"))
    assert sides["partner"][1] == ("relay-to-northwind",)
    assert "mirror-archive" in sides["undetermined"][0]
    passes = {one.route: one for one in boundary.handovers}
    assert passes["relay-to-tonewave"].in_words == (
        "custody passes from Relay Hub (middleware) to Tonewave (partner) as soon as Tonewave ad server has it; "
        "Relay Ad Desk owns the route"
    )
    assert passes["relay-hub>mirror-archive"].to_partner is None


def test_evidence_by_two_ends_counts_for_the_declared_route(demo: Lineage) -> None:
    answer = demo.partner("tonewave", as_of=AS_OF)
    (into,) = answer.exchanges
    assert (into.route, into.declared) == ("relay-to-tonewave", True)
    assert into.status.last_secured_at == datetime(2022, 5, 29, 10, 2, 20, tzinfo=UTC)
    assert into.status.stuck == 1


def test_what_was_not_seen_by_then_is_not_told(demo: Lineage) -> None:
    routes = {one.route for one in demo.partner("relay", as_of="2022-05-28T03:00:00Z").exchanges}
    assert "relay-hub>mirror-archive" not in routes
    assert "relay-to-northwind" in routes


@pytest.mark.parametrize("wanted", ["nortwind", "no-such-partner-at-all"])
def test_an_unknown_partner(demo: Lineage, run_cli: Run, wanted: str) -> None:
    with pytest.raises(NotFoundError) as caught:
        demo.partner(wanted)
    assert ("northwind" in caught.value.nearest) == (wanted == "nortwind")
    assert run_cli("partner", wanted).code == 4


def test_on_the_command_line(demo: Lineage, run_cli: Run) -> None:
    said = json.loads(run_cli("partner", "northwind", "--as-of", AS_OF, "--format", "json").out)
    assert list(said) == [
        "id", "name", "zone", "kind", "declared", "valid_from", "valid_to", "as_of", "contacts", "teams", "systems", "exchanges",
        "boundary", "incidents", "sources", "history", "completeness",
    ]  # fmt: skip
    assert list(said["exchanges"][0]) == [
        "route", "direction", "from", "to", "item_kind", "expect", "after", "dataset", "interface", "agreed", "owner", "declared",
        "valid_from", "valid_to", "status",
    ]  # fmt: skip
    table = run_cli("partner", "northwind", "--as-of", AS_OF).out
    for words in ("Whom to ask", "Receives", "Sends", "northwind-directory refuses", "custody passes", "1 stuck"):
        assert words in table
    lines = run_cli("partner", "northwind", "--format", "csv").out.splitlines()
    assert (len(lines), lines[0].split(",")[0]) == (4, "route")
    assert "<svg" in demo.partner("northwind").picture()


def test_what_changed(session: Lineage, say: Say) -> None:
    route = {"id": "r", "from": "cms", "to": "hub", "deliver_within": "PT1H"}
    ends = datetime(2099, 1, 1, tzinfo=UTC)
    system, desk = System(id="cms", partner="acme"), Contact(of_label="Partner", of="acme", email="desk@acme.example")
    say(Partner(id="acme"), system, desk, Route.model_validate(route))
    assert session.partner("acme").history == ()
    say(Partner(id="acme", name="Acme", valid_to=ends), system, Route.model_validate({**route, "deliver_within": "PT2H"}))
    answer = session.partner("acme")
    assert {(e.label, e.change, e.property, e.before, e.after) for e in answer.history} == {
        ("Partner", "changed", "name", None, "Acme"),
        ("Partner", "changed", "valid_to", None, "2099-01-01T00:00:00Z"),
        ("Partner", "ends", None, None, None),
        ("Contact", "dropped", None, None, None),
        ("Route", "changed", "deliver_within", "PT1H", "PT2H"),
    }
    assert answer.history[0].at == ends, "what is known to come is told as well"
    assert [(s.source, s.nodes) for s in answer.sources] == [("registry.yaml", 3)]
    assert answer.contacts == ()


# Pure.

DAY = datetime(2026, 1, 1, tzinfo=UTC)


def said(content: dict[str, Any], seen: int | None, retired: int | None = None, source: str = "s") -> Assertion:
    at = [None if n is None else DAY + timedelta(days=n) for n in (seen, retired)]
    return Assertion("registry", "partners", source, content, content_hash(canonical(content)), *at)


def test_a_source_that_returns_to_its_first_word() -> None:
    first, second = {"id": "p", "name": "a"}, {"id": "p", "name": "b"}
    told = history({"Partner:p": [said(first, None), said(second, 1, 2)]}, DAY + timedelta(days=9))
    assert [((e.at - DAY).days, e.change, e.before, e.after) for e in told] == [
        (2, "changed", "b", "a"),
        (1, "changed", "a", "b"),
    ]


def test_history_up_to_a_time_and_by_source() -> None:
    assertions = {"Partner:p": [said({"id": "p"}, 1, 3), said({"id": "p", "kind": "k"}, 2, source="other")]}
    told = history(assertions, DAY + timedelta(days=2))
    assert [(e.source, e.change) for e in told] == [("other", "appeared"), ("s", "appeared")]
    assert [e.change for e in history(assertions, DAY + timedelta(days=3))] == ["dropped", "appeared", "appeared"]
    assert {one.source for one in sources(assertions, DAY + timedelta(days=2))} == {"s", "other"}
    assert [one.source for one in sources(assertions, DAY + timedelta(days=3))] == ["other"]


@pytest.mark.parametrize(
    ("route", "words"),
    [
        ({}, ("no deadline is agreed", "nobody says whether an acknowledgement is owed")),
        ({"acknowledgement": "none", "deliver_within": "PT30M"},
         ("delivered within 30 minutes of the sender having it", "no acknowledgement is owed")),
        ({"schedule": "0 6 * * 1-5", "calendar": "SE", "deliver_within": "P1DT2H", "acknowledgement": "mdn"},
         ("due at 06:00 on Monday through Friday, UTC, on business days of SE, and delivered within 1 day 2 hours",
          "acknowledged by an MDN")),
        ({"schedule": "nonsense", "deliver_within": "soon"},
         ("due nonsense, UTC, and delivered within soon", "nobody says whether an acknowledgement is owed")),
    ],
)  # fmt: skip
def test_what_is_agreed_in_words(route: dict[str, str], words: tuple[str, ...]) -> None:
    assert agreed(route).in_words == words


def test_a_picture_of_many_neighbours() -> None:
    boxes = {name: Box(name, "", None) for name in ("own", "<b>", *map(str, range(40)))}
    edges = [Edge(str(n), "own", "ok", f"in-{n}") for n in range(40)] + [
        Edge("own", "<b>", "bad", "x"),
        Edge("own", "<b>", "ok", "y"),
    ]
    picture = neighbourhood("t", ["own"], edges, boxes)
    assert picture.count("<rect") == 42
    assert picture.count("<path d=") == 41 + 3, "two routes between the same systems are one line; three are arrow heads"
    assert "<b>" not in picture and "&lt;b&gt;" in picture
    # A circle, a system that sends to itself, and nothing at all.
    assert "<svg" in neighbourhood(
        "t", ["own"], [Edge("own", "0", "ok", "r"), Edge("0", "own", "ok", "s"), Edge("own", "own", "never", "t")], boxes
    )
    assert neighbourhood("t", [], [], boxes) == ""
