"""The feed of CloudEvents."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from reading import FIXTURES, check_good, check_hostile, files, load, load_text, only, rejects, sample

from lineage.facts import Finding, HandoffEvent
from loaders.cloudevents import read

EVENT: dict[str, Any] = {"specversion": "1.0", "id": "e-1", "source": "/acme", "type": "com.acme.stored"}


def events(*changes: dict[str, Any], **settings: Any) -> list[HandoffEvent]:
    text = "".join(json.dumps(EVENT | change) + "\n" for change in changes)
    return only(HandoffEvent, load_text(read, "x.jsonl", text, **settings))


@pytest.mark.parametrize("path", files("cloudevents", read), ids=lambda path: path.name)
def test_fixture(path: Path) -> None:
    check_good(read, path)


@pytest.mark.parametrize("path", files("hostile/cloudevents", read), ids=lambda path: path.name)
def test_hostile(path: Path) -> None:
    check_hostile(read, path)


def test_the_correlation_examples_of_the_specification() -> None:
    found = [load(read, FIXTURES / "cloudevents" / f"correlation-{number}.json") for number in (1, 2, 4)]
    assert [(e.message_id, e.in_reply_to) for said in found for e in only(HandoffEvent, said)] == [
        ("order-123", "txn-abc-123"),
        ("payment-789", "order-123"),
        ("shipping-012", "inventory-456"),
    ]


def test_what_it_answers_without_correlation() -> None:
    found = events({"subject": "a.mp3"}, {"subject": None}, {"correlationid": None, "causationid": "c", "subject": "a"})
    assert [e.in_reply_to for e in found] == ["a.mp3", "e-1", "c"]


def test_a_missing_time_stays_unknown() -> None:
    (event,) = events({})
    assert (event.time, event.offset, event.type, event.raw_type) == (None, None, "unknown", "com.acme.stored")


def test_types_items_and_systems_by_settings() -> None:
    (event,) = events(
        {"data": {"assetId": 42}},
        type={"com.acme.stored": "received"},
        item="asset:{data.assetId}",
        system={"/acme": "acme-store"},
    )
    assert (event.type, event.raw_type, event.item) == ("received", "com.acme.stored", "asset:42")
    assert (event.source, event.reporter) == ("/acme", "acme-store")
    assert [e.item for e in events({"data": "text"}, {"subject": "s"}, item="asset:{subject}")] == [None, "asset:s"]


@pytest.mark.parametrize("settings", [{"type": {"com.acme.stored": "arrived"}}, {"item": "asset:{data}"}, {"answers": "id"}])
def test_settings_that_cannot_be_meant(settings: dict[str, Any]) -> None:
    assert [r.position for r in rejects(load_text(read, "x.json", json.dumps(EVENT), **settings))] == ["settings"]


def test_object_stores_are_read_as_by_their_own_feed() -> None:
    found = only(HandoffEvent, load(read, FIXTURES / "cloudevents" / "storage.jsonl", answers="uri"))
    assert [(e.type, e.in_reply_to) for e in found[:3]] == [
        ("received", "s3://acme.inbox/in/asset 42.mp3"),
        ("received", "gs://acme-inbox/in/report.csv"),
        ("unknown", "https://acmestore.blob.core.windows.net/inbox/in/b.csv"),
    ]


def test_handoff_events_belong_to_their_own_feed() -> None:
    said = load_text(read, "x.json", json.dumps(EVENT | {"type": "lineage.handoff.sent.v1"}))
    assert ["handoffs" in r.hint for r in rejects(said)] == [True]
    assert len(said) == 1


def test_an_empty_batch_is_a_finding() -> None:
    assert [f.finding for f in only(Finding, load_text(read, "x.json", "[]"))] == ["empty"]


def test_every_real_sample_is_read() -> None:
    found = load(read, sample("cloudevents"))
    assert rejects(found) == []
    assert len(only(HandoffEvent, found)) == 10
    assert [f.position for f in only(Finding, found)] == ["json-format-8.json: /"]
