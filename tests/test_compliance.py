"""Compliance: each rule from files through the command line, as of other times, and what a smaller graph would have said."""

from __future__ import annotations

import csv
import importlib
import io
import json
import random
from datetime import UTC, datetime, timedelta
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from harness import FIXTURES, Database, Run, Say, write

from lineage.answers.compliance_results import Violation
from lineage.answers.licences import Held, Term, licensed
from lineage.facts import Fact, Grant, HandoffEvent, Item, Partner, Route, Standing, System
from lineage.session import Lineage

FOLDER = FIXTURES / "compliance"
NOW = "2026-11-20T10:00:00Z"


def load_chain(session: Lineage) -> None:
    for feed, name in (
        ("partners", "partners.yaml"),
        ("stores", "stores.csv"),
        ("stores", "licences.csv"),
        ("handoffs", "events.csv"),
    ):
        assert session.load(feed, FOLDER / name, name=name).rejected == 0


@pytest.fixture
def chain(database: Database) -> Lineage:
    """tests/fixtures/compliance, loaded; to be looked at only."""
    return database.hold("compliance", load_chain)


def rules(session: Lineage, **asked: Any) -> dict[str, list[str]]:
    return {row.store.id: [one.rule for one in row.violations] for row in session.compliance(**{"as_of": NOW, **asked}).stores}


def violation(session: Lineage, store: str, rule: str, as_of: str = NOW) -> Violation:
    (row,) = [row for row in session.compliance(as_of=as_of).stores if row.store.id == store]
    (found,) = [one for one in row.violations if one.rule == rule]
    return found


def day(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


# Every rule, by the command line.


@pytest.mark.parametrize(
    ("store", "rule", "missing", "since", "system", "zone"),
    [
        ("store:elsewhere", "no-licence", "licence:central is for DE, FR", "2026-03-01T00:00:00Z", "spotify-business", "spotify"),
        ("store:other-use", "no-licence", "PerformAsMusicOnHold in DE", "2026-11-20T09:00:00Z", "cafe-players", "partner"),
        ("store:unlicensed", "no-licence", "no licence of it covers", "2026-03-01T00:00:00Z", "hotel-players", "partner"),
        ("store:ended", "licence-lapsed", "licence:french for PlayInPublic in FR: ended", "2026-07-01T00:00:00Z", "cafe-players",
         "partner"),
        ("zone:bar", "licence-lapsed", "licence:french for PlayInPublic in FR: ended", "2026-07-01T00:00:00Z", "cafe-players",
         "partner"),
        ("store:withdrawn", "licence-lapsed", "licence:austrian for PlayInPublic in AT: withdrawn", "2026-07-01T00:00:00Z", "cafe-players",
         "partner"),
        ("store:named", "licence-lapsed", "licence:nordic for PlayInPublic in NO: ended", "2026-10-01T00:00:00Z", "hotel-players",
         "partner"),
        ("store:taken", "licence-lapsed", "licence:nordic for PlayInPublic in NO: withdrawn", "2026-08-01T00:00:00Z", "hotel-players",
         "partner"),
        ("store:plays-on", "deactivated-playing", "deactivated 2026-11-20T08:00:00Z", "2026-11-20T08:00:00Z", "cafe-players", "partner"),
        ("store:paused", "not-subscribed", "subscription of store:paused: paused", "2026-10-01T00:00:00Z", "cafe-players", "partner"),
        ("store:over", "not-subscribed", "active, which ended 2026-11-01T00:00:00Z", "2026-11-20T09:00:00Z", "cafe-players", "partner"),
        ("store:ineligible", "not-eligible", "eligibility of store:ineligible", "2026-09-01T00:00:00Z", "cafe-players", "partner"),
        ("store:was-eligible", "not-eligible", "eligible, which ended", "2026-10-01T00:00:00Z", "cafe-players", "partner"),
        ("store:lost", "activation-not-confirmed", "activation:lost: relay-stores → cafe-players (route out-2)", "2026-11-19T08:01:00Z",
         None, "undetermined"),
        ("zone:held", "activation-not-confirmed", "activation:held: relay-stores → cafe-players (route out-2)", "2026-11-19T08:01:00Z",
         "relay-stores", "middleware"),
        ("activation:nobodys", "activation-not-confirmed", "spotify-business → relay-stores (route out-1)", "2026-11-19T07:00:00Z",
         None, "undetermined"),
        ("store:silent", "update-not-returned", "relay-stores → spotify-business (route back-2)", "2026-11-19T08:01:00Z", "relay-stores",
         "middleware"),
    ],
)  # fmt: skip
def test_a_rule_that_is_broken(
    chain: Lineage, run_cli: Run, store: str, rule: str, missing: str, since: str, system: str | None, zone: str
) -> None:
    ran = run_cli("compliance", "--as-of", NOW, "--store", store, "--format", "json")
    assert ran.code == 1, ran.err
    answer = json.loads(ran.out)
    (row,) = [row for row in answer["stores"] if row["store"]["id"] == store]
    (found,) = row["violations"]
    assert (found["rule"], found["since"]) == (rule, since)
    assert missing in found["missing_link"]
    assert (found["must_act"]["system"], found["must_act"]["zone"]) == (system, zone)
    assert found["evidence"]
    if system in {"cafe-players", "spotify-business", "relay-stores"}:
        assert found["contacts"][0]["email"].endswith(".example")


def test_these_and_no_others_are_listed(chain: Lineage) -> None:
    assert rules(chain) == {
        "activation:nobodys": ["activation-not-confirmed"],
        "store:elsewhere": ["no-licence"],
        "store:ended": ["licence-lapsed"],
        "store:ineligible": ["not-eligible"],
        "store:lost": ["activation-not-confirmed"],
        "store:named": ["licence-lapsed"],
        "store:other-use": ["no-licence"],
        "store:over": ["not-subscribed"],
        "store:paused": ["not-subscribed"],
        "store:plays-on": ["deactivated-playing"],
        "store:silent": ["update-not-returned"],
        "store:taken": ["licence-lapsed"],
        "store:unlicensed": ["no-licence"],
        "store:was-eligible": ["not-eligible"],
        "store:withdrawn": ["licence-lapsed"],
        "zone:bar": ["licence-lapsed"],
        "zone:held": ["activation-not-confirmed"],
    }


def test_unknown_is_not_no(chain: Lineage) -> None:
    rows = {row.store.id: row for row in chain.compliance(as_of=NOW, every=True).stores}
    unsaid, terms, fine = rows["store:unsaid"], rows["store:terms"], rows["store:fine"]
    assert (unsaid.eligible, unsaid.subscribed, unsaid.playing, unsaid.violations) == (None, None, None, ())
    assert (terms.licensed, terms.licence, terms.violations) == (None, "licence:unread", ())
    assert (fine.eligible, fine.licensed, fine.subscribed, fine.activated, fine.playing) == (True,) * 5
    assert fine.licence == "licence:central"
    # What a zone does not say, its store does; a bare store with parts that speak for themselves is still one that plays.
    assert (rows["zone:bar"].territory, rows["zone:bar"].use) == ("FR", "PlayInPublic")
    assert {"store:ended", "zone:held"} <= set(rows)


# The command line's forms.


def test_the_forms_say_the_same(chain: Lineage, run_cli: Run) -> None:
    asked = ("compliance", "--as-of", NOW)
    whole = json.loads(run_cli(*asked, "--format", "json").out)
    assert set(whole) == {"as_of", "stores", "checked", "completeness"}
    assert whole["as_of"] == NOW and whole["checked"] == 22
    assert set(whole["stores"][0]) == {"store", "territory", "use", "eligible", "licensed", "subscribed", "activated", "playing", "licence",
                                       "violations"}  # fmt: skip
    lines = [json.loads(line) for line in run_cli(*asked, "--format", "jsonl").out.splitlines()]
    assert lines == whole["stores"]
    rows = list(csv.DictReader(io.StringIO(run_cli(*asked, "--format", "csv").out)))
    frame = chain.compliance(as_of=NOW).to_frame()
    assert [row["store"] for row in rows] == list(frame["store"]) == [row["store"]["id"] for row in whole["stores"]]
    text = run_cli(*asked).out
    assert all(row["store"]["id"] in text for row in whole["stores"])
    assert "17 of 22 stores not compliant" in text


def test_nothing_wrong_ends_with_zero(chain: Lineage, run_cli: Run) -> None:
    ran = run_cli("compliance", "--as-of", NOW, "--store", "store:unsaid")
    assert (ran.code, ran.out.splitlines()[0]) == (0, "Nothing is wrong with 1 store, as of 2026-11-20 10:00:00.")
    every = run_cli("compliance", "--as-of", NOW, "--store", "store:unsaid", "--all").out
    assert "unknown" in every and "Nobody says anything" in every
    ran = run_cli("compliance", "--store", "store:unsiad")
    assert ran.code == 4 and "store:unsaid" in ran.err
    assert run_cli("compliance", "--heard-within", "soon").code == 2


def test_a_store_is_asked_with_its_parts_and_an_account_with_its_stores(chain: Lineage) -> None:
    assert set(rules(chain, store="store:ended")) == set(rules(chain, store="ended")) == {"store:ended", "zone:bar"}
    assert set(rules(chain, store="store:fine", every=True)) == {"store:fine", "zone:held"}
    whole = rules(chain)
    assert rules(chain, store="account:hotels") == {
        store: whole[store] for store in ("store:named", "store:taken", "store:unlicensed")
    }
    assert {store: whole[store] for store in rules(chain, store="account:cafes")} == rules(chain, store="account:cafes")


def test_how_long_ago_a_player_was_heard(chain: Lineage) -> None:
    later = "2026-11-21T09:00:00Z"  # a day after the last heartbeats
    assert "store:plays-on" not in rules(chain, as_of=later)
    assert "store:other-use" in rules(chain, as_of=later)  # to the minute
    assert "store:other-use" not in rules(chain, as_of="2026-11-21T09:00:00.000001Z")
    assert rules(chain, as_of=later, heard_within="P2D")["store:plays-on"] == ["deactivated-playing"]


# As of other times.


@pytest.mark.parametrize(
    ("store", "rule", "before", "from_"),
    [
        ("store:ended", "licence-lapsed", "2026-06-30T23:59:59Z", "2026-07-01T00:00:00Z"),
        ("store:withdrawn", "licence-lapsed", "2026-06-30T23:59:59Z", "2026-07-01T00:00:00Z"),
        ("store:named", "licence-lapsed", "2026-09-30T23:59:59Z", "2026-10-01T00:00:00Z"),
        ("store:taken", "licence-lapsed", "2026-07-31T23:59:59Z", "2026-08-01T00:00:00Z"),
        ("store:plays-on", "deactivated-playing", "2026-11-20T08:10:00Z", "2026-11-20T08:10:01Z"),
        ("store:paused", "not-subscribed", "2026-09-30T23:59:59Z", "2026-10-01T00:00:00Z"),
        ("store:ineligible", "not-eligible", "2026-08-31T23:59:59Z", "2026-09-01T00:00:00Z"),
        ("store:elsewhere", "no-licence", "2026-02-28T23:59:59Z", "2026-03-01T00:00:00Z"),
        ("store:lost", "activation-not-confirmed", "2026-11-19T08:00:59Z", "2026-11-19T08:01:00Z"),
        ("store:silent", "update-not-returned", "2026-11-19T08:00:59Z", "2026-11-19T08:01:00Z"),
    ],
)
def test_a_rule_is_broken_from_one_moment_on(chain: Lineage, store: str, rule: str, before: str, from_: str) -> None:
    assert rule not in rules(chain, as_of=before).get(store, [])
    assert rule in rules(chain, as_of=from_)[store]


# Handoffs of both directions.


@pytest.mark.parametrize(("item", "store", "rule"), [
    ("activation:lost", "store:lost", "activation-not-confirmed"),
    ("activation:held", "zone:held", "activation-not-confirmed"),
    ("store:silent", "store:silent", "update-not-returned"),
])  # fmt: skip
def test_the_fault_is_the_verdicts(chain: Lineage, item: str, store: str, rule: str) -> None:
    found = violation(chain, store, rule)
    verdict = chain.last_handoff(item, as_of=NOW).verdict
    (diagnosed,) = [one for one in chain.diagnose(as_of=NOW).items if one.item.id == item]
    assert diagnosed.verdict == verdict
    assert (found.must_act.system, found.must_act.partner, found.must_act.zone) == (
        verdict.system,
        verdict.partner,
        verdict.zone,
    )
    last = chain.last_handoff(item, as_of=NOW).last_successful
    assert last and found.evidence == (verdict.evidence or last.evidence)
    assert verdict.reason in found.missing_link


def test_from_the_store_to_spotify_is_traced_as_from_spotify_to_the_store(chain: Lineage) -> None:
    out, back = chain.trace("activation:fine", as_of=NOW), chain.trace("store:fine", as_of=NOW)
    assert [(hop.route, hop.secured, hop.expected) for hop in out.hops] == [("out-1", True, True), ("out-2", True, True)]
    assert [(hop.route, hop.secured, hop.expected) for hop in back.hops] == [("back-1", True, True), ("back-2", True, True)]
    assert [hop.to_zone for hop in back.hops] == ["middleware", "spotify"]
    assert out.not_reached == back.not_reached == ()
    for item, holder, zone in (("activation:fine", "cafe-players", "partner"), ("store:fine", "spotify-business", "spotify")):
        last = chain.last_handoff(item, as_of=NOW)
        assert (last.verdict.rule, last.in_custody_of.system, last.in_custody_of.zone) == ("arrived", holder, zone)
    lost = chain.trace("store:silent", as_of=NOW)
    assert [one.route for one in lost.not_reached] == ["back-2"]
    last = chain.last_handoff("store:silent", as_of=NOW)
    assert (last.last_successful and last.last_successful.route, last.in_custody_of.system) == ("back-1", "relay-stores")
    assert last.next_expected and last.next_expected.to == "spotify-business"


def test_many_items_are_judged_as_few_are(chain: Lineage, monkeypatch: pytest.MonkeyPatch) -> None:
    few = chain.compliance(as_of=NOW, store="account:cafes")
    monkeypatch.setattr("lineage.answers.compliance_handoffs.FEW", 0)
    assert chain.compliance(as_of=NOW, store="account:cafes") == few


def test_pages_leave_nobody_out(chain: Lineage, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = chain.compliance(as_of=NOW, every=True)
    monkeypatch.setattr(importlib.import_module("lineage.answers.compliance"), "PAGE", 2)
    assert chain.compliance(as_of=NOW, every=True) == whole


def test_the_query_for_browser_lists_the_same_stores(chain: Lineage) -> None:
    called = {"no-licence": "not-licensed", "licence-lapsed": "not-licensed"}
    handoffs = {"activation-not-confirmed", "update-not-returned"}
    for as_of in (NOW, "2026-07-15", "2026-10-15"):
        typed = {store: sorted(called.get(rule, rule) for rule in broken if rule not in handoffs)
                 for store, broken in rules(chain, as_of=as_of).items()}  # fmt: skip
        rows = chain.query("stores_not_compliant", as_of=as_of).rows
        assert {row["store"]: sorted(row["wrong"]) for row in rows} == {store: some for store, some in typed.items() if some}
        assert all(row["way"] for row in rows)


# What only a graph of its own can show.


def test_without_any_licence_loaded_no_store_is_unlicensed(session: Lineage, say: Say) -> None:
    say(
        Item(id="store:1", territory="SE", use="PlayInPublic"),
        Standing(item="store:1", aspect="activation", value="activated", valid_from=day("2026-01-01")),
    )
    (row,) = session.compliance(as_of=NOW, every=True).stores
    assert (row.activated, row.licensed, row.violations) == (True, None, ())
    say(Grant(id="g", licence="licence:1", licensee="other", territories="SE", valid_from=day("2026-02-01")), source="licences")
    say(Item(id="store:2", origin="till"), System(id="till", partner="other"), source="others")
    assert rules(session) == {"store:1": ["no-licence"]}
    # A licence that comes later is not known before.
    assert rules(session, as_of="2026-01-15") == {}


def test_what_no_source_says_any_more_has_ended(session: Lineage, say: Say) -> None:
    heard = Standing(item="store:1", aspect="playing", value="playing", valid_from=day("2026-11-20T09:00:00"))
    on = Standing(item="store:1", aspect="activation", value="activated", valid_from=day("2026-01-01"))
    paid = Standing(item="store:1", aspect="subscription", value="active", valid_from=day("2026-01-01"))
    say(heard, on, paid)
    assert rules(session) == {}
    say(on)
    (row,) = session.compliance(heard_within=timedelta(days=36500)).stores
    # The heartbeat happened; the subscription is gone.
    assert (row.playing, row.subscribed, [one.rule for one in row.violations]) == (True, False, ["not-subscribed"])
    assert "which no source says any more" in row.violations[0].missing_link


def test_as_of_a_time_is_what_a_graph_with_facts_up_to_then_says(database: Database, tmp_path: Path) -> None:
    draw = random.Random(20261120)
    facts = _made_up(draw)
    moments = [day("2026-06-01") + timedelta(days=draw.randrange(150), minutes=draw.randrange(1440)) for _ in range(4)]
    database.wipe()
    write(database.graph, facts, tmp_path)
    session = Lineage(database.graph, home=tmp_path)
    then = {at: session.compliance(as_of=at, every=True, heard_within="P30D") for at in moments}
    assert {one.rule for answer in then.values() for row in answer.stores for one in row.violations} >= {
        "no-licence", "licence-lapsed", "deactivated-playing", "not-subscribed", "not-eligible", "activation-not-confirmed",
        "update-not-returned",
    }  # fmt: skip
    for at, answer in then.items():
        database.wipe()
        write(database.graph, [one for one in facts if _date(one) is None or _date(one) <= at], tmp_path)
        assert session.compliance(as_of=at, every=True, heard_within="P30D") == answer


def _date(fact: Fact) -> Any:
    return fact.time if isinstance(fact, HandoffEvent) else getattr(fact, "valid_from", None)


VALUES = {
    "eligibility": ("eligible", "ineligible", "unknown"),
    "licence": ("licence:a", "licence:b", "none", "licence:unread"),
    "subscription": ("active", "paused", "cancelled", "unknown"),
    "activation": ("activated", "activated", "deactivated"),
    "playing": ("playing", "playing", "silent"),
}


def _made_up(draw: random.Random) -> list[Fact]:
    def moment() -> datetime:
        return day("2026-05-01") + timedelta(days=draw.randrange(220), minutes=draw.randrange(1440))

    facts: list[Fact] = [
        *(Partner(id=id_, zone=zone) for id_, zone in (("spotify", "spotify"), ("relay", "middleware"), ("cafes", "partner"))),
        *(System(id=id_, partner=who) for id_, who in (("business", "spotify"), ("hub", "relay"), ("players", "cafes"))),
    ]
    routes = (
        ("out", "business", "players", "activation"),
        ("in", "players", "hub", "store"),
        ("on", "hub", "business", "store"),
    )
    for id_, from_, to, kind in routes:
        facts.append(Route.model_validate({"id": id_, "from": from_, "to": to, "item_kind": kind, "deliver_within": "PT6H"}))
    for licence, country in product(("licence:a", "licence:b"), ("SE", "NO", "DE")):
        start = moment()
        end = start + timedelta(days=draw.randrange(1, 90)) if draw.random() < 0.6 else None
        terms: dict[str, Any] = {
            "licence": licence,
            "licensee": draw.choice(("cafes", "chain", None)),
            "territories": (country,),
        }
        facts.append(Grant(id=f"{licence}-{country}", valid_from=start, valid_to=end, uses="PlayInPublic", **terms))
        if draw.random() < 0.4:
            facts.append(Grant(id=f"{licence}-{country}-w", valid_from=moment(), withdrawn=True, **terms))
    facts.append(Item(id="account:chain"))
    for number in range(40):
        store, zone = f"store:{number:02}", f"zone:{number:02}"
        about = {"part_of": "account:chain", "territory": draw.choice(("SE", "NO", "DE", "FR")), "use": "PlayInPublic"}
        facts.append(Item(id=store, origin="players", **about))  # type: ignore[arg-type]
        if number % 5 == 0:
            facts.append(Item(id=zone, part_of=store))  # type: ignore[arg-type]
        for item in (store, zone) if number % 5 == 0 else (store,):
            for aspect, words in VALUES.items():
                for _ in range(draw.randrange(0, 4)):
                    start = moment() if draw.random() < 0.9 else None
                    ends = draw.random() < 0.3 and aspect != "playing"
                    end = (start or moment()) + timedelta(days=draw.randrange(1, 60)) if ends else None
                    word = draw.choice(words)
                    facts.append(Standing(item=item, aspect=aspect, value=word, valid_from=start, valid_to=end))  # type: ignore[arg-type]
        if number % 3 == 0:
            facts += _handed_on(draw, number, store, moment())
    unique = {(type(one), getattr(one, "key", getattr(one, "id", ""))): one for one in facts}
    return list(unique.values())


def _handed_on(draw: random.Random, number: int, store: str, at: datetime) -> list[Fact]:
    """An activation to the store and an update back, of which each step may be missing."""
    activation = f"activation:{number}"
    steps = [(activation, "out", "business", "sent"), (activation, "out", "players", "received"), (store, "in", "players", "sent"),
             (store, "in", "hub", "received"), (store, "on", "hub", "sent"), (store, "on", "business", "received")]  # fmt: skip
    facts: list[Fact] = [Item(id=activation, part_of=store, origin="business")]
    for step, (item, route, by, type_) in enumerate(steps):
        if draw.random() < 0.75:
            values = {
                "id": f"{item}-{route}-{type_}",
                "source": f"urn:lineage:system:{by}",
                "type": type_,
                "item": item,
                "route": route,
            }
            facts.append(HandoffEvent(time=at + timedelta(hours=step), **values))  # type: ignore[arg-type]
    return facts


# Licences, purely.

T = 100


def held(value: str, since: int | None = 10, until: int | None = None) -> Held:
    return Held("licence", value, since, until, False, None, f"s-{value}-{since}")


def term(key: str = "cafes", **more: Any) -> Term:
    values = {
        "id": f"g-{key}-{sorted(more.items())}",
        "licence": "licence:a",
        "licensor": "label",
        "territories": ["SE"],
        "since": 10,
    }
    return Term(**{**dict.fromkeys(Term._fields), "key": key, **values, "withdrawn": False, **more})


@pytest.mark.parametrize(
    ("named", "terms", "expected"),
    [
        ([], [term()], True),
        ([], [term(territories=["Worldwide"])], True),
        ([], [term(territories=["Worldwide"], excluded=["SE"])], False),
        ([], [term(territories=["NO"])], False),
        ([], [term(territories=None)], None),
        ([], [term(uses=["PlayInPublic"])], True),
        ([], [term(uses=["OnDemandStream"])], False),
        ([], [term(until=100)], False),
        ([], [term(until=101)], True),
        ([], [term(), term(withdrawn=True, since=50)], False),
        ([], [term(since=60), term(withdrawn=True, since=50)], True),  # granted anew
        ([], [term(), term(withdrawn=True, since=50, territories=["NO"])], True),
        ([], [term(), term(withdrawn=True, since=50, licence="licence:b")], True),
        ([], [term(), term(withdrawn=True, since=50, covers=["release:1"])], True),
        ([], [term(covers=["release:1"]), term(withdrawn=True, since=50, covers=["release:1"])], False),
        ([held("licence:a")], [term("licence:a")], True),
        ([held("licence:a", until=100)], [term("licence:a")], False),
        ([held("licence:a")], [], None),
        ([held("licence:a")], [term("licence:a", territories=["NO"]), term()], True),
        ([held("none")], [term()], False),
        ([held("unknown")], [], None),
        ([held("licence:b", 50), held("licence:a", 10)], [term("licence:a"), term("licence:b", territories=["NO"])], False),
        ([], [], False),
    ],
)
def test_whether_a_store_is_licensed(named: list[Held], terms: list[Term], expected: bool | None) -> None:
    assert licensed(named, terms, "SE", "PlayInPublic", T).value is expected


def test_what_cannot_be_told_of_a_store_without_a_country_or_a_use() -> None:
    assert licensed([], [term()], None, "PlayInPublic", T).value is None
    assert licensed([], [term(territories=["Worldwide"])], None, None, T).value is True
    assert licensed([], [term(territories=["Worldwide"], excluded=["US"])], None, None, T).value is None
    assert licensed([], [term(uses=["PlayInPublic"])], "SE", None, T).value is None
    # Whatever the country: it has ended.
    assert licensed([], [term(until=90)], None, None, T).value is False


def test_when_it_lapsed_is_the_last_moment_that_anything_covered_it() -> None:
    two = [term(until=40), term(until=70, territories=["Worldwide"]), term(until=90, territories=["NO"])]
    found = licensed([], two, "SE", None, T)
    assert (found.had, found.ended, found.withdrawn) == (True, 70, False)
    again = licensed([held("licence:b", 80, 85), held("licence:a", 10)], [term("licence:a"), term("licence:b")], "SE", None, T)
    assert again.value is True or (again.had, again.ended) == (True, 85)
