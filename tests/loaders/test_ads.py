"""Saved answers of the Spotify Ads API."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from reading import FIXTURES, check_good, check_hostile, files, load, load_text, only, rejects, sample

from lineage.facts import (
    Dataset,
    DatasetField,
    Derivation,
    Expectation,
    Finding,
    HandoffEvent,
    Identifier,
    Interface,
    Item,
    Partner,
    Route,
    Said,
    System,
)
from loaders._ads_objects import Objects
from loaders.ads import read

ADS = FIXTURES / "ads"


@pytest.mark.parametrize("path", files("ads", read), ids=lambda path: path.name)
def test_fixture(path: Path) -> None:
    check_good(read, path)


@pytest.mark.parametrize("path", files("hostile/ads", read), ids=lambda path: path.name)
def test_hostile(path: Path) -> None:
    check_hostile(read, path)


def said_of(value: Any, name: str = "answer.json", **settings: Any) -> list[Said]:
    return load_text(read, name, json.dumps(value), **settings)


def parts(said: list[Said]) -> dict[str, tuple[str, ...]]:
    """Each item with what it is a part of, added up."""
    found: dict[str, tuple[str, ...]] = {}
    for item in only(Item, said):
        found[item.id] = tuple(sorted({*found.get(item.id, ()), *item.part_of}))
    return found


def test_campaign_ad_set_ad_and_asset_are_a_tree() -> None:
    tree = parts(load(read, ADS))
    campaign, asset = (
        "campaign:spotify-ads:10500001-0000-4000-8000-105000000001",
        "asset:spotify-ads:10500030-0000-4000-8000-105000000030",
    )
    ads = [f"ad:spotify-ads:1050002{n}-0000-4000-8000-10500000002{n}" for n in range(3)]
    assert tree[campaign] == ()
    # One asset in three ads, named at the top level as recorded answers have it.
    assert tree[asset] == tuple(ads)
    assert {tree[ad] for ad in ads} == {(f"ad-set:spotify-ads:1050001{n}-0000-4000-8000-10500000001{n}",) for n in range(3)}
    assert {tree[parent] for ad in ads for parent in tree[ad]} == {(campaign,)}


def test_one_id_for_ad_set_ad_and_asset_stays_three_things() -> None:
    tree = parts(load(read, ADS / "openapi-example.getAds.json"))
    shared = "ce4ff15e-f04d-48b9-9ddf-fb3c85fbd57a"
    assert tree == {
        f"ad:spotify-ads:{shared}": (f"ad-set:spotify-ads:{shared}",),
        f"asset:spotify-ads:{shared}": (f"ad:spotify-ads:{shared}",),
    }


@pytest.mark.parametrize(
    "status, evidence",
    [
        ("WAITING_UPLOAD", "queued"),
        ("PROCESSING", "received"),
        ("READY", "accepted"),
        ("ERROR", "rejected"),
        ("MELTED", "unknown"),
    ],
)
def test_an_upload_is_evidence(status: str, evidence: str) -> None:
    asset = {"id": "a-1", "name": "x.mp3", "asset_type": "AUDIO", "status": status, "created_at": "2026-09-01T10:00:00Z",
             "updated_at": "2026-09-01T12:00:00+02:00"}  # fmt: skip
    said = said_of({"paging": {}, "assets": [asset]}, sender="agency")
    (event,) = only(HandoffEvent, said)
    assert (event.type, event.raw_type, event.route, event.from_, event.to) == (
        evidence,
        status,
        "ads-upload",
        "agency",
        "spotify-ads",
    )
    assert event.source == "urn:lineage:system:spotify-ads"
    assert event.time == datetime(2026, 9, 1, 10, tzinfo=UTC)
    assert event.offset == ("Z" if status == "WAITING_UPLOAD" else "+02:00")
    assert [(i.item, i.identifier) for i in only(Identifier, said)] == [("asset:spotify-ads:a-1", "spotify:asset:a-1")]


def test_a_rejected_ad_says_why() -> None:
    ad = {
        "id": "1",
        "ad_set_id": "2",
        "status": "REJECTED",
        "reject_reason": "Too loud.",
        "reject_reasons": ["Too loud.", "Too long."],
    }
    (event,) = only(HandoffEvent, said_of(ad))
    assert (event.type, event.route, event.detail, event.time) == ("rejected", "ads-review", "Too loud.; Too long.", None)


def test_who_measures_an_ad_is_a_system_with_a_route() -> None:
    said = load(read, ADS / "openapi-example.getAds.json")
    assert [(s.id, s.partner) for s in only(System, said)] == [("spotify-ads", "spotify"), ("ias", "ias")]
    (route,) = only(Route, said)
    assert (route.id, route.from_, route.to, route.item_kind) == ("ads-tracking:ias", "spotify-ads", "ias", ())
    assert {(e.item, e.route) for e in only(Expectation, said)} == {
        ("ad:spotify-ads:ce4ff15e-f04d-48b9-9ddf-fb3c85fbd57a", "ads-tracking:ias")
    }


def test_targeting_and_audiences_are_data_sets() -> None:
    ad_set = {
        "id": "s",
        "campaign_id": "c",
        "dataset_id": "d",
        "targets": {"age_ranges": [{"min": 18}], "audience_ids": ["u-1"]},
    }
    audience = {
        "id": "u-1",
        "name": "Buyers",
        "lookback_days": 30,
        "datasets": [{"id": "d", "name": "Shop"}],
        "seed_audience_id": "u-0",
    }
    pixel = {"pixels": [{"id": "p", "dataset_id": "d", "aam_fields": ["EMAIL", "PHONE"]}], "paging": {}}
    said = said_of([ad_set, audience]) + said_of(pixel)
    assert {f.key for f in only(DatasetField, said)} == {
        "spotify-ads:targeting#age_ranges", "spotify-ads:targeting#audience_ids",
        "spotify-ads:dataset:d#EMAIL", "spotify-ads:dataset:d#PHONE",
    }  # fmt: skip
    assert {(d.from_, d.to) for d in only(Derivation, said)} == {
        ("spotify-ads:audience:u-1", "spotify-ads:targeting"), ("spotify-ads:dataset:d", "spotify-ads:targeting"),
        ("spotify-ads:dataset:d", "spotify-ads:audience:u-1"), ("spotify-ads:audience:u-0", "spotify-ads:audience:u-1"),
    }  # fmt: skip
    assert {d.id: d.name for d in only(Dataset, said)}["spotify-ads:audience:u-1"] == "Buyers"


def test_a_business_is_a_partner_and_its_account_a_system() -> None:
    said = load(read, ADS / "E-01.GET__ad_accounts__ad_account_id.http") + load(read, ADS / "E-03.GET__businesses.http")
    business = "spotify-business:00000000-0000-4000-8000-0000000000b1"
    assert [(s.id, s.partner) for s in only(System, said) if s.kind == "ad-account"] == [
        ("spotify-ad-account:00000000-0000-4000-8000-000000000001", business)
    ]
    assert [(p.kind, p.zone, p.name) for p in only(Partner, said) if p.id == business] == [
        ("advertiser", "partner", "Eval Test Business")
    ]


def test_a_report_that_is_ready_was_made_and_not_fetched() -> None:
    said = load(read, ADS / "openapi-propexamples.AsyncReportResponse.json")
    (item,) = only(Item, said)
    (event,) = only(HandoffEvent, said)
    assert item.id == "report:spotify-ads:e8da1819-38ab-9876-5432-682fccd08700/Report_12345"
    assert (item.origin, item.name) == ("spotify-ads", "Report_12345.csv")
    assert (event.type, event.route, event.from_, event.to) == ("sent", "ads-report", "spotify-ads", None)
    assert event.time == datetime(2021, 1, 23, 4, 57, 7, tzinfo=UTC)
    (created,) = only(HandoffEvent, load(read, ADS / "openapi-example.createAsyncReport.json"))
    assert (created.type, created.item) == ("queued", "report:spotify-ads:ce4ff15e-f04d-48b9-9ddf-fb3c85fbd57a")


def test_a_change_of_status_is_evidence() -> None:
    def change(entity: str, field: str, after: str) -> dict[str, Any]:
        changes = [{"field_type": field, "before": {"value": "PENDING_APPROVAL"}, "after": {"value": after}}]
        return {"change_id": f"{entity}-{after}", "timestamp": "2026-04-22T09:15:43Z", "entity_type": entity, "entity_id": "1",
                "operation": "CHANGED", "actor": {"name": "Jane"}, "changes": changes}  # fmt: skip

    said = said_of(
        {"change_history": [change("AD_SET", "status", "REJECTED"), change("AD_SET", "name", "New"), change("CAMPAIGN", "status", "ACTIVE"),
                            change("BUSINESS", "name", "Other")], "paging": {}}
    )  # fmt: skip
    assert [(e.type, e.raw_type, e.item) for e in only(HandoffEvent, said)] == [
        ("rejected", "REJECTED", "ad-set:spotify-ads:1"), ("unknown", "CHANGED", "ad-set:spotify-ads:1"),
        ("unknown", "ACTIVE", "campaign:spotify-ads:1"),
    ]  # fmt: skip
    assert only(HandoffEvent, said)[0].detail == "status: PENDING_APPROVAL -> REJECTED; by Jane"
    assert [f.finding for f in only(Finding, said)] == ["not-an-item"]


def test_an_error_body_answers_its_request() -> None:
    (event,) = only(HandoffEvent, load(read, ADS / "scenario-draft-ad-set-fails.POST__drafts__ad_sets.http"))
    assert (event.type, event.code, event.in_reply_to) == ("rejected", "400", "0c1d2e3f-4a5b-4c6d-8e7f-9a0b1c2d3e55")
    assert event.detail is not None
    assert event.detail.endswith("| BUDGET_BELOW_MINIMUM")
    (down,) = only(
        HandoffEvent, load_text(read, "x.http", 'HTTP/2 503\r\nA: b\r\n\r\n{"sp_trace_id": "t", "messages": ["later"]}')
    )
    assert (down.type, down.code) == ("failed", "503")


def test_the_signature_of_a_report_is_not_kept() -> None:
    said = said_of(
        {"id": "r", "status": "READY", "report_url": "https://storage.example.com/x/Report_1.csv?X-Goog-Signature=abc"}
    )
    assert [(i.id, i.system, i.endpoint) for i in only(Interface, said)] == [
        ("ads-report:storage.example.com", "spotify-ads", "https://storage.example.com")
    ]
    assert only(HandoffEvent, said)[0].detail == "https://storage.example.com/x/Report_1.csv"
    assert not any("abc" in one.model_dump_json() for one in said)


def test_reasons_come_with_what_to_do() -> None:
    reasons = [{"rejection": "Too loud.", "rejection_key": "LOUD", "remediation": "Lower it."}]
    (event,) = only(HandoffEvent, said_of({"id": "1", "ad_set_id": "2", "status": "REJECTED", "reject_reasons": reasons}))
    assert event.detail == "Too loud. Lower it."


def test_no_partner_measures_an_ad_that_says_unset() -> None:
    tracking = [{"measurement_partner": "UNSET"}, {"measurement_partner": "DCM", "url": "http://["}]
    said = said_of({"id": "1", "ad_set_id": "2", "third_party_tracking": tracking})
    assert [expectation.route for expectation in only(Expectation, said)] == ["ads-tracking:dcm"]
    assert only(Interface, said) == []


def test_an_audience_that_is_left_out_decides_too_and_lookalikes_are_made() -> None:
    said = said_of([
        {"id": "s", "campaign_id": "c", "targets": {"audience_ids_exclusions": ["u-1"]}},
        {"id": "u-1", "lookback_days": 30, "lookalike_audience_ids": ["u-2"], "ad_set_ids": ["s"]},
    ])  # fmt: skip
    assert {(d.from_, d.to) for d in only(Derivation, said)} == {
        ("spotify-ads:audience:u-1", "spotify-ads:targeting"), ("spotify-ads:audience:u-1", "spotify-ads:audience:u-2"),
    }  # fmt: skip


def test_a_mobile_app_sends_events_into_its_data_set() -> None:
    said = said_of({"mobile_apps": [{"id": "m", "name": "Shop", "dataset_id": "d"}], "paging": {}})
    (route,) = only(Route, said)
    assert (route.from_, route.to, route.dataset) == ("spotify-mobile-app:m", "spotify-ads", "spotify-ads:dataset:d")


WORSE = [None, 5, True, "", [], {}, [None], [5], {"a": 1}, "\ud800", "http://[", "2026-13-01", "x" * 9000]


@pytest.mark.parametrize("path", files("ads", read), ids=lambda path: path.name)
def test_no_value_breaks_the_reading(path: Path) -> None:
    """Each value of each sample replaced by each worse one: facts, findings and rejects, and never an exception."""
    whole = path.read_text("utf-8")
    value = json.loads(whole.partition("\n")[2] if path.suffix == ".http" else whole)

    def places(part: Any) -> Iterator[tuple[Any, Any]]:
        for key in list(part) if isinstance(part, dict) else range(len(part)) if isinstance(part, list) else ():
            yield part, key
            yield from places(part[key])

    for part, key in list(places(value)):
        kept = part[key]
        for worse in WORSE:
            part[key] = worse
            for one in Objects("spotify-ads", "agency", {"upload": "u", "review": "r", "report": "p"}).read(
                value, "/", path.name
            ):
                one.model_dump_json(fallback=str)
        part[key] = kept


def test_a_time_that_is_none_costs_only_itself() -> None:
    said = load(read, FIXTURES / "hostile" / "ads" / "changes.json")
    (event,) = only(HandoffEvent, said)
    assert (event.item, event.time) == ("ad-set:spotify-ads:s-1", None)
    assert [f.finding for f in only(Finding, said)] == ["no-time"]
    assert [r.position for r in rejects(said)] == ["/change_history/1", "/change_history/2"]


def test_the_good_rows_beside_bad_ones() -> None:
    said = load(read, FIXTURES / "hostile" / "ads" / "rows.json")
    assert [i.name for i in only(Item, said)] == ["Good", "Good too"]
    assert [r.position for r in rejects(said)] == ["/campaigns/1", "/campaigns/2", "/campaigns/3", "/campaigns/4"]


def test_every_sample_is_read() -> None:
    said = load(read, sample("spotify_ads_api"))
    assert rejects(said) == []
    assert len(only(HandoffEvent, said)) > 10
