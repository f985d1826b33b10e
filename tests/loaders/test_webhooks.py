"""The feed of webhook deliveries."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from reading import FIXTURES, check_good, check_hostile, files, load, load_text, only, rejects, sample

from lineage.facts import Finding, HandoffEvent
from loaders.webhooks import read


def events(*records: dict[str, Any], **settings: Any) -> list[HandoffEvent]:
    text = "".join(json.dumps(record) + "\n" for record in records)
    return only(HandoffEvent, load_text(read, "x.jsonl", text, **settings))


@pytest.mark.parametrize("path", files("webhooks", read), ids=lambda path: path.name)
def test_fixture(path: Path) -> None:
    check_good(read, path)


@pytest.mark.parametrize("path", files("hostile/webhooks", read), ids=lambda path: path.name)
def test_hostile(path: Path) -> None:
    check_hostile(read, path)


def test_github_deliveries_answer_the_guid_that_redeliveries_share() -> None:
    found = only(HandoffEvent, load(read, FIXTURES / "webhooks" / "github-deliveries.json"))
    assert [(e.type, e.code, e.raw_type) for e in found] == [
        ("failed", "503", "Invalid HTTP Response: 503"),
        ("received", None, "OK"),
        ("failed", "timed out", "timed out"),
    ]
    assert found[0].in_reply_to == found[1].in_reply_to == "0b989ba4-242f-11e5-81e1-c7b6966d2516"
    assert found[0].id != found[1].id
    assert {e.message_id for e in found} == {None}


def test_svix_attempts() -> None:
    path = FIXTURES / "webhooks" / "svix-attempts.json"
    found = only(HandoffEvent, load(read, path, sender="acme-api", system={"ep_1": "partner-hooks"}))
    assert [(e.type, e.in_reply_to) for e in found] == [("received", "msg_1"), ("sent", "msg_2"), ("failed", "msg_3")]
    assert {(e.from_, e.to, e.reporter, e.source) for e in found} == {
        ("acme-api", "partner-hooks", "acme-api", "urn:lineage:system:acme-api")
    }


@pytest.mark.parametrize(
    ("record", "kind", "code"),
    [
        ({"status_code": 204}, "received", None),
        ({"status": "200"}, "received", None),
        ({"status_code": 302}, "failed", "302"),
        ({"status_code": 422, "status": "ok"}, "failed", "422"),
        ({"status": 0}, "sent", None),
        ({"status_code": 0, "error": "read timed out"}, "failed", "error"),
        ({"status": "pending_retry"}, "sent", None),
        ({"status": "queued"}, "queued", None),
        ({"status": "failed_permanent"}, "failed", "failed_permanent"),
        ({"status": "DELIVERED"}, "received", None),
        ({"status": "paused"}, "unknown", None),
    ],
)
def test_outcomes(record: dict[str, Any], kind: str, code: str | None) -> None:
    (event,) = events({"id": "evt_1", **record})
    assert (event.type, event.code) == (kind, code)


def test_names_by_settings() -> None:
    record = {"id": "evt_1", "data": {"object": {"id": "asset-42"}}, "http": 200, "when": "2026-11-21T10:00:00"}
    settings = {"message": "data.object.id", "code": "http", "time": "when"}
    (event,) = events(record, field=settings, timezone="Europe/Stockholm")
    assert (event.type, event.in_reply_to) == ("received", "asset-42")
    assert (event.time, event.offset) == (datetime(2026, 11, 21, 9, tzinfo=UTC), "+01:00")
    (reject,) = rejects(load_text(read, "x.json", json.dumps(record), field={"moment": "when"}))
    assert reject.position == "settings"


def test_secrets_of_the_address_are_not_kept() -> None:
    (event,) = events({"id": "evt_1", "status_code": 500, "url": "https://u:pw@hooks.example.com/T0/s3cret?token=s3cret"})
    assert event.detail == "to hooks.example.com"
    assert event.source == "urn:webhooks:hooks.example.com"


def test_a_pending_delivery_that_is_done_later_is_other_evidence() -> None:
    before, after = {"id": "e", "status": "pending"}, {"id": "e", "status": "success", "status_code": 200}
    assert len({e.id for e in events(before, after, before)}) == 2


def test_a_real_workflow_run() -> None:
    (event,) = only(HandoffEvent, load(read, sample("webhooks/github-workflow_run-completed.json")))
    assert (event.type, event.raw_type, event.in_reply_to) == (
        "accepted",
        "success",
        "3484a3fb816e0859fd6e1cea078d76385ff50625",
    )
    assert event.source == "urn:github:octo-org/octo-repo"


@pytest.mark.parametrize(
    ("action", "conclusion", "kind", "code"),
    [
        ("completed", "failure", "failed", "failure"),
        ("completed", "cancelled", "unknown", None),
        ("completed", None, "unknown", None),
        ("requested", None, "received", None),
    ],
)
def test_conclusions(action: str, conclusion: str | None, kind: str, code: str | None) -> None:
    run = {"id": 1, "run_attempt": 1, "head_sha": "abc", "conclusion": conclusion, "status": "completed"}
    record = {"action": action, "workflow_run": run, "repository": {"full_name": "acme/catalogue"}}
    said = load_text(read, "x.json", json.dumps(record), system={"acme/catalogue": "ci"}, sender="cms")
    if action == "completed" and conclusion is None:
        assert len(rejects(said)) == 1
        return
    (event,) = only(HandoffEvent, said)
    assert (event.type, event.code, event.from_, event.to, event.reporter) == (kind, code, "cms", "ci", "ci")


def test_a_time_that_is_none_costs_only_the_time() -> None:
    said = load_text(read, "x.json", json.dumps({"id": "e", "status_code": 200, "timestamp": "soon"}))
    assert [f.finding for f in only(Finding, said)] == ["bad-time"]
    assert [e.time for e in only(HandoffEvent, said)] == [None]
