"""The feed of stores: tables with a mapping, and Soundtrack's answers."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from reading import check_good, check_hostile, files, load, load_text, only, rejects, sample

from lineage.facts import Expectation, Finding, Grant, HandoffEvent, Identifier, Item, Partner, Said, Standing, System
from loaders.stores import read


@pytest.mark.parametrize("path", files("stores", read), ids=lambda path: path.name)
def test_fixture(path: Path) -> None:
    check_good(read, path)


@pytest.mark.parametrize("path", files("hostile/stores", read), ids=lambda path: path.name)
def test_hostile(path: Path) -> None:
    check_hostile(read, path)


def day(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def held(said: list[Said], aspect: str) -> list[tuple[str, datetime | None, datetime | None]]:
    return [(one.value, one.valid_from, one.valid_to) for one in only(Standing, said) if one.aspect == aspect]


def table(*rows: str, **settings: Any) -> list[Said]:
    return load_text(read, "stores.csv", "\n".join(rows) + "\n", **settings)


# Tables of stores.


def test_a_row_says_all_of_a_store() -> None:
    said = table(
        "store,name,part_of,territory,use,origin,partner,identifiers,expected_on,by,eligibility,licence,licence_until",
        "7,Pier,chain,se,PlayInPublic,players,cafes,gln:1|vat:2,out-1,crm,yes,L-1,2026-12-31",
    )
    assert only(System, said) == [System(position="line 2", id="players", partner="cafes")]
    (item,) = only(Item, said)
    assert (item.id, item.name, item.part_of, item.origin) == ("store:7", "Pier", ("account:chain",), "players")
    assert (item.territory, item.use) == ("SE", "PlayInPublic")
    assert [one.identifier for one in only(Identifier, said)] == ["gln:1", "vat:2"]
    assert held(said, "eligibility") == [("eligible", None, None)]
    assert held(said, "licence") == [("licence:L-1", None, day("2027-01-01"))]
    assert {one.by for one in only(Standing, said)} == {"crm"}
    assert [one.route for one in only(Expectation, said)] == ["out-1"]
    assert rejects(said) == []


@pytest.mark.parametrize(
    ("columns", "cells", "aspect", "expected"),
    [
        ("subscription,subscription_since", "ACTIVE,2026-01-01", "subscription", ("active", day("2026-01-01"), None)),
        ("subscription,subscription_until", "active,2026-10-31", "subscription", ("active", None, day("2026-11-01"))),
        ("subscription,subscription_until", "canceled,2026-10-31", "subscription", ("cancelled", day("2026-11-01"), None)),
        ("subscription,subscription_until", "paused,2026-10-31", "subscription", ("paused", None, day("2026-11-01"))),
        ("subscription_since", "2026-01-01T08:00:00+01:00", "subscription", ("active", day("2026-01-01T07:00:00"), None)),
        ("subscription_since,subscription_until", "2026-01-01,9999-12-31", "subscription", ("active", day("2026-01-01"), None)),
        ("activation_since,activation_until", "2026-01-01,2026-02-01", "activation",
         ("activated", day("2026-01-01"), day("2026-02-02"))),
        ("activation", "Not-Activated", "activation", ("deactivated", None, None)),
        ("eligibility", "0", "eligibility", ("ineligible", None, None)),
        ("licence,licence_since", "none,2026-01-01", "licence", ("none", day("2026-01-01"), None)),
        ("heard_at", "2026-11-20T09:00:00Z", "playing", ("playing", day("2026-11-20T09:00:00"), None)),
        ("heard_at,playing", "2026-11-20T09:00:00Z,offline", "playing", ("silent", day("2026-11-20T09:00:00"), None)),
        ("playing", "on", "playing", ("playing", None, None)),
    ],
)  # fmt: skip
def test_words_and_dates(columns: str, cells: str, aspect: str, expected: tuple[str, datetime | None, datetime | None]) -> None:
    assert held(table(f"store,{columns}", f"1,{cells}"), aspect) == [expected]


def test_an_unknown_word_is_kept_and_can_be_said() -> None:
    rows = ("store,subscription", "1,Laufend")
    said = table(*rows)
    (standing,), (finding,) = only(Standing, said), only(Finding, said)
    assert (standing.value, standing.raw) == ("unknown", "Laufend")
    assert (finding.finding, finding.subject, finding.position) == ("unknown-word", "store:1", "line 2")
    assert held(table(*rows, word={"subscription.LAUFEND": "active"}), "subscription") == [("active", None, None)]
    assert table("store,territory", "1,Schweden", word={"territory.schweden": "SE"}) != []


@pytest.mark.parametrize(
    "wrong",
    [
        {"word": {"laufend": "active"}},
        {"word": {"subscription.laufend": "on"}},
        {"column": {"shop": "x"}},
        {"read_at": "today"},
    ],
)
def test_wrong_settings_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        read.settings.model_validate(wrong)


def test_columns_of_other_names_constants_and_dates_as_they_are_written() -> None:
    said = table(
        "Filiale;Land;Abo;seit;zuletzt gehört",
        "0815;AT;läuft;01.02.2026;20.11.2026 10:00",
        column={"store": "{Land}-{Filiale}", "territory": "Land", "subscription": "Abo", "subscription_since": "seit"},
        constant={"use": "PlayInPublic", "kind": "zone"},
        word={"subscription.läuft": "active"},
        time_format="%d.%m.%Y",
        timezone="Europe/Vienna",
        system="crm",
    )
    assert rejects(said) == []
    (item,) = only(Item, said)
    assert (item.id, item.territory, item.use) == ("zone:AT-0815", "AT", "PlayInPublic")
    assert held(said, "subscription") == [("active", datetime(2026, 1, 31, 23, tzinfo=UTC), None)]
    assert only(Standing, said)[0].by == "crm"


def test_states_without_a_date_hold_from_when_they_were_read() -> None:
    said = table("store,subscription,activation,activation_since", "1,active,on,2026-01-01", read_at="2026-11-20T06:00:00Z")
    assert held(said, "subscription") == [("active", day("2026-11-20T06:00:00"), None)]
    assert held(said, "activation") == [("activated", day("2026-01-01"), None)]


def test_the_first_of_two_contradicting_rows_stays() -> None:
    said = table(
        "store,territory,subscription,subscription_since,heard_at",
        "1,SE,active,2026-01-01,2026-11-20T09:00:00Z",
        "1,SE,active,2026-01-01,2026-11-20T10:00:00Z",  # a heartbeat more
        "1,SE,paused,2026-03-01,",  # what came after
        "1,,,,",
        "1,NO,,,",
        "1,,cancelled,2026-01-01,",
    )
    territory, cancelled = rejects(said)
    assert (territory.position, cancelled.position) == ("line 6", "line 7")
    assert "territory is 'NO' and was 'SE'" in territory.reason
    assert {value for value, _, _ in held(said, "subscription")} == {"active", "paused"}
    assert len(set(held(said, "playing"))) == 2


def test_an_activation_that_was_sent_and_confirmed_is_evidence_on_an_item_of_its_own() -> None:
    rows = ("store,activation_sent_at,activation_confirmed_at", "1,2026-11-01T06:00:00Z,2026-11-01T06:05:00Z")
    said = table(*rows, constant={"sender": "spotify-business", "receiver": "players"})
    sent, received = only(HandoffEvent, said)
    (item,) = only(Item, said)
    assert item.part_of == ("store:1",) and item.origin == "spotify-business"
    assert [(e.type, e.item, e.from_, e.to) for e in (sent, received)] == [
        (type_, item.id, "spotify-business", "players") for type_ in ("sent", "received")
    ]
    (reject,) = rejects(table(*rows))
    assert "constant.sender" in reject.hint
    (reject,) = rejects(table("store,activation_confirmed_at,sender,receiver", "1,2026-11-01T06:05:00Z,a,b"))
    assert "activation_id" in reject.hint


def test_a_column_that_no_table_has_is_named() -> None:
    said = load_text(
        read, "a.csv", "No,Status\n1,active\n", "No,Seen\n1,2026-11-20T09:00:00Z\n",
        column={"store": "No", "subscription": "Stauts", "heard_at": "Seen"},
    )  # fmt: skip
    (reject,) = rejects(said)
    assert "'Stauts' (there is 'Status')" in reject.reason
    assert len(held(said, "playing")) == 1


def test_parquet_and_json_say_the_same_as_csv(tmp_path: Path) -> None:
    rows = [{"store": 1, "territory": "SE", "activation": True, "heard_at": "2026-11-20T09:00:00Z"}]
    pd.DataFrame(rows).to_parquet(tmp_path / "stores.parquet")
    expected = table("store,territory,activation,heard_at", "1,SE,true,2026-11-20T09:00:00Z")
    for said in (load(read, tmp_path / "stores.parquet"), load_text(read, "stores.jsonl", json.dumps(rows[0]))):
        assert [one.model_dump() for one in said] == [one.model_dump() for one in expected]


# Tables of licences.


def test_a_licence_with_its_terms_and_its_withdrawal() -> None:
    said = table(
        "licence,name,licensor,licensee,territories,excluded,uses,models,valid_from,valid_to,withdrawn_at",
        '1,Nordic,label,cafes,"SE, no; DK",,PlayInPublic|NonInteractiveStream,SubscriptionModel,2025-01-01,2026-12-31,2026-06-01',
        "2,,,cafes,WorldWide,US,,,,,",
    )
    assert rejects(said) == []
    first, withdrawn, second = only(Grant, said)
    assert (first.licence, first.territories, first.uses) == (
        "licence:1",
        ("SE", "NO", "DK"),
        ("PlayInPublic", "NonInteractiveStream"),
    )
    assert (first.valid_from, first.valid_to) == (day("2025-01-01"), day("2027-01-01"))
    assert (withdrawn.withdrawn, withdrawn.valid_from, withdrawn.territories) == (True, day("2026-06-01"), first.territories)
    assert (second.territories, second.excluded, second.uses) == (("Worldwide",), ("US",), ())
    assert [one.name for one in only(Item, said)] == ["Nordic", None]


def test_a_licence_in_several_rows_is_several_terms_and_one_that_is_prolonged_stays_one() -> None:
    header = "licence,licensee,territory,valid_from,valid_to"
    several = only(Grant, table(header, "1,cafes,SE,2025-01-01,2025-12-31", "1,cafes,NO,2025-01-01,2025-12-31"))
    assert len({one.id for one in several}) == 2
    (longer,) = only(Grant, table(header, "1,cafes,SE,2025-01-01,2026-12-31"))
    assert longer.id == several[0].id


# Soundtrack.


def zone(**more: Any) -> dict[str, Any]:
    return {"data": {"soundZone": {"id": "Wg==", "name": "Bar", **more}}}


def answer(*values: Any, **settings: Any) -> list[Said]:
    return load_text(read, "answers.jsonl", "".join(json.dumps(value) + "\n" for value in values), **settings)


def log(*entries: tuple[str, str]) -> dict[str, Any]:
    return {"activityLog": {"edges": [{"node": {"timestamp": at, "action": action}} for at, action in entries]}}


def subscription(state: str, *, active: bool | None = None, until: str | None = None) -> dict[str, Any]:
    return {"subscription": {"state": state, "isActive": active, "activeUntil": until, "reactivateAt": None}}


def test_the_whole_tree_of_an_account() -> None:
    said = load(read, Path(__file__).parents[1] / "fixtures" / "stores" / "soundtrack-account.json")
    items = {one.id.partition(":")[0]: one for one in only(Item, said)}
    assert {kind: sum(one.kind == kind for one in only(Item, said)) for kind in items} == {"account": 1, "store": 2, "zone": 3}
    assert items["account"].territory == items["store"].territory == "SE"
    assert items["zone"].part_of == (items["store"].id,) and items["store"].part_of == (items["account"].id,)
    assert "soundtrack:zone:U291bmRab25lLVNZTjM=" in {one.identifier for one in only(Identifier, said)}
    assert [one.kind for one in only(Partner, said)] == ["reseller"]
    assert held(said, "subscription")[0] == ("active", day("2025-02-03T10:00:00"), day("2026-12-31"))
    assert [value for value, _, _ in held(said, "activation")] == ["activated", "activated", "deactivated"]
    assert [value for value, _, _ in held(said, "playing")] == ["playing", "silent", "silent"]


DATE, NOTICE, LATER = "2026-01-01T00:00:00Z", "2026-08-01T00:00:00Z", "2026-09-01T00:00:00Z"


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        (subscription("ACTIVE", until=LATER), [("active", None, day("2026-09-01"))]),
        (subscription("PAUSED"), [("paused", None, None)]),
        (subscription("EXPIRED", until=LATER), [("expired", day("2026-09-01"), None)]),
        (subscription("INACTIVE", active=False), [("inactive", None, None)]),
        (subscription("CANCELLED", active=False, until=LATER), [("cancelled", None, None)]),
        # Cancelled, and paid for until then: the log's entry is the notice.
        (
            subscription("CANCELLED", active=True, until=LATER) | log((DATE, "SUBSCRIPTION_ACTIVATED"), (NOTICE, "SUBSCRIPTION_CANCELLED")),
            [("cancelled", day("2026-09-01"), None), ("active", day("2026-01-01"), day("2026-09-01"))],
        ),
        (
            subscription("PAUSED") | log((LATER, "SUBSCRIPTION_PAUSED"), (DATE, "SUBSCRIPTION_ACTIVATED")),
            [("active", day("2026-01-01"), None), ("paused", day("2026-09-01"), None)],
        ),
        (subscription("ON_TRIAL"), [("unknown", None, None)]),
    ],
)  # fmt: skip
def test_a_subscription_with_its_log(more: dict[str, Any], expected: list[Any]) -> None:
    assert held(answer(zone(**more)), "subscription") == expected


def test_a_log_that_lacks_the_last_change_is_not_believed() -> None:
    said = answer(
        zone(**subscription("CANCELLED"), isPaired=False, **log((DATE, "SUBSCRIPTION_ACTIVATED"), (DATE, "DEVICE_PAIRED")))
    )
    assert held(said, "subscription") == [("cancelled", None, None)]
    assert held(said, "activation") == [("deactivated", None, None)]
    assert [one.finding for one in only(Finding, said)] == ["log-differs", "log-differs"]


@pytest.mark.parametrize(
    ("online", "code", "value"),
    [(True, "ALL_OK", "playing"), (True, "PLAYER_MUTED", "silent"), (False, "ALL_OK", "silent"), (True, "SUBSCRIPTION_EXPIRED", "unknown"),
     (True, None, "playing")],
)  # fmt: skip
def test_a_player_that_is_online(online: bool, code: str | None, value: str) -> None:
    assert held(answer(zone(online=online, status={"state": "OK", "code": code})), "playing") == [(value, None, None)]


def test_a_track_that_was_played_is_a_heartbeat() -> None:
    history = {"playbackHistory": {"edges": [{"node": {"id": "1", "startedAt": "2026-11-20T09:00:00Z"}}]}}
    assert held(answer(zone(**history)), "playing") == [("playing", day("2026-11-20T09:00:00"), None)]


def test_pages_of_one_connection_belong_together() -> None:
    def page(*ids: str, more: bool) -> dict[str, Any]:
        zones = {"total": 3, "pageInfo": {"hasNextPage": more}, "edges": [{"node": {"id": one, "name": one}} for one in ids]}
        return {"data": {"account": {"id": "QQ==", "businessName": "Chain", "soundZones": zones}}}

    assert rejects(answer(page("1", "2", more=True), page("3", more=False))) == []
    (reject,) = rejects(answer(page("1", "2", more=True)))
    assert "2 of 3 soundZones" in reject.reason


def test_a_zone_that_answers_tell_apart_is_refused_the_second_time() -> None:
    said = answer(zone(isPaired=True), zone(isPaired=False))
    assert [one.position for one in rejects(said)] == ["line 2"]
    assert held(said, "activation") == [("activated", None, None)]


@pytest.mark.parametrize(
    ("name", "facts"), [("docs-response-1.json", 0), ("docs-response-3.json", 4), ("docs-response-5.json", 0)]
)
def test_documented_answers(name: str, facts: int) -> None:
    said = load(read, sample(f"soundtrack/{name}"))
    assert len(said) - len(rejects(said)) == facts
    assert len(rejects(said)) == (facts == 0)


# Nothing escapes.

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
names = st.sampled_from([*read.settings.attributes, "data", "account", "soundZone", "locations", "edges", "node", "id", "subscription",
                         "state", "activityLog", "status", "online", "isPaired", "pageInfo", "total", "errors"])  # fmt: skip
objects = st.recursive(
    st.dictionaries(names, anything, max_size=4),
    lambda inner: st.dictionaries(names, inner | st.lists(inner, max_size=2), max_size=4),
    max_leaves=8,
)


@given(objects)
def test_no_object_escapes(value: dict[str, Any]) -> None:
    answer(value, {"data": value})


@given(st.binary(max_size=200))
def test_no_bytes_escape(content: bytes) -> None:
    for name in ("a.jsonl", "a.csv", "-"):
        load_text(read, name, content, b"store,heard_at,subscription_since\n" + content, b"[" + content)
