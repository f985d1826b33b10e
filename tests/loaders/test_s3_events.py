"""The feed of object stores' notifications."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from reading import FIXTURES, check_good, check_hostile, files, load, load_text, only, rejects, sample

from lineage.facts import Finding, HandoffEvent
from loaders.s3_events import read


def record(event: str = "ObjectCreated:Put", key: str = "in/a+b%2B.mp3", **more: Any) -> dict[str, Any]:
    s3 = {"bucket": {"name": "inbox"}, "object": {"key": key, "sequencer": "0A", "versionId": "v1", "eTag": "e"}}
    return {"eventSource": "aws:s3", "eventTime": "2026-11-21T09:00:00Z", "eventName": event, "s3": s3, **more}


def events(*values: Any, **settings: Any) -> list[HandoffEvent]:
    return only(HandoffEvent, load_text(read, "x.jsonl", "".join(json.dumps(v) + "\n" for v in values), **settings))


@pytest.mark.parametrize("path", files("s3-events", read), ids=lambda path: path.name)
def test_fixture(path: Path) -> None:
    check_good(read, path)


@pytest.mark.parametrize("path", files("hostile/s3-events", read), ids=lambda path: path.name)
def test_hostile(path: Path) -> None:
    check_hostile(read, path)


def test_the_example_of_aws() -> None:
    (event,) = load(read, FIXTURES / "s3-events" / "aws-s3-event.json")
    assert isinstance(event, HandoffEvent)
    assert (event.source, event.type, event.raw_type) == ("urn:s3:sourcebucket", "received", "ObjectCreated:Put")
    assert (event.in_reply_to, event.time) == ("Happy Face.jpg", datetime(1970, 1, 1, 0, 0, 0, 123000, tzinfo=UTC))
    assert event.detail is not None
    assert "eTag d41d8cd98f00b204e9800998ecf8427e; size 1024" in event.detail
    assert "version version; sequencer Happy Sequencer" in event.detail


def test_every_real_sample_is_read_or_refused() -> None:
    found = load(read, sample("cloud_notifications"))
    assert [e.type for e in only(HandoffEvent, found)] == ["received", "received", "unknown"]
    assert [r.position for r in rejects(found)] == ["aws-sns-event.json: /Records/0"]


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ("name", "a b+.mp3"),
        ("key", "in/a b+.mp3"),
        ("path", "in/a b+.mp3"),
        ("uri", "s3://inbox/in/a b+.mp3"),
        ("version", "in/a b+.mp3?versionId=v1"),
    ],
)
def test_what_it_answers(answers: str, expected: str) -> None:
    assert [e.in_reply_to for e in events(record(), answers=answers)] == [expected]


def test_the_same_notification_by_any_way_is_one_event() -> None:
    bare = {"Records": [record()]}
    sns = {"Type": "Notification", "Message": json.dumps(bare)}
    found = events(bare, sns, {"Messages": [{"Body": json.dumps(sns)}]}, {"Records": [{"body": json.dumps(bare)}]}, record())
    assert len(found) == 5
    assert len({(e.source, e.id) for e in found}) == 1
    other = record()
    other["s3"]["object"]["sequencer"] = "0B"
    assert events(other)[0].id != found[0].id


@pytest.mark.parametrize(
    ("event", "kind", "code", "ends"),
    [
        ("s3:ObjectCreated:Copy", "received", None, ("cms", "store")),
        ("ReducedRedundancyLostObject", "failed", "lost", ("cms", "store")),
        ("Replication:OperationFailedReplication", "failed", "NoRole", ("store", "copy")),
        ("Replication:OperationReplicatedAfterThreshold", "received", None, ("store", "copy")),
        ("Replication:OperationMissedThreshold", "unknown", None, (None, None)),
        ("ObjectRemoved:DeleteMarkerCreated", "unknown", None, (None, None)),
        ("ObjectTagging:Put", "unknown", None, (None, None)),
        ("SomethingNew:Made", "unknown", None, (None, None)),
    ],
)
def test_events_and_ends(event: str, kind: str, code: str | None, ends: tuple[str | None, str | None]) -> None:
    more: dict[str, Any] = {"requestParameters": {"sourceIPAddress": "198.51.100.7"}}
    if "Replication" in event:
        more["replicationEventData"] = {"destinationBucket": "arn:aws:s3:::far", "failureReason": "NoRole"}
    system = {"inbox": "store", "198.51.100.7": "cms", "far": "copy"}
    (found,) = events(record(event, **more), system=system, item="asset:{bucket}/{stem}")
    assert (found.type, found.raw_type, found.from_, found.to) == (kind, event.removeprefix("s3:"), *ends)
    assert (found.reporter, found.source) == ("store", "urn:lineage:system:store")
    assert found.item == "asset:inbox/a b+"
    assert found.code == code


def test_eventbridge_keys_are_not_encoded() -> None:
    detail = {"bucket": {"name": "inbox"}, "object": {"key": "in/100%25+.csv", "version-id": "v9"}, "requester": "me"}
    bridge = {"source": "aws.s3", "detail-type": "Object Created", "time": "2026-11-21T09:00:00Z", "detail": detail}
    (event,) = events(bridge, answers="version", system={"me": "cms"})
    assert (event.type, event.in_reply_to, event.from_) == ("received", "in/100%25+.csv?versionId=v9", "cms")


def test_cloud_storage() -> None:
    found = only(HandoffEvent, load(read, FIXTURES / "s3-events" / "gcs-pubsub.json", answers="version"))
    assert [e.type for e in found] == ["received", "unknown", "unknown", "unknown"]
    assert found[0].in_reply_to == "in/report 1.csv#1700000000000001"
    assert found[0].detail is not None
    assert "size 512" in found[0].detail
    assert len({e.id for e in found}) == 4


def test_azure() -> None:
    said = load(read, FIXTURES / "s3-events" / "azure-event-grid.json", answers="uri", system={"inbox": "blobs"})
    found = only(HandoffEvent, said)
    assert [e.type for e in found] == ["received", "unknown", "unknown", "received", "received"]
    assert found[0].in_reply_to == "https://acmestore.blob.core.windows.net/inbox/in/asset%2042.mp3"
    assert {e.reporter for e in found} == {"blobs"}
    assert [f.finding for f in only(Finding, said)] == ["no-object"]


def test_a_test_event_is_a_finding() -> None:
    said = load_text(read, "x.json", json.dumps({"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "inbox"}))
    assert [(f.finding, f.subject) for f in only(Finding, said)] == [("test-event", "inbox")]
    assert len(said) == 1


def test_a_time_that_is_none_costs_only_the_time() -> None:
    said = load_text(read, "x.json", json.dumps(record(eventTime="noon")))
    assert [f.finding for f in only(Finding, said)] == ["bad-time"]
    assert [(e.type, e.time) for e in only(HandoffEvent, said)] == [("received", None)]


def test_a_bad_record_does_not_spoil_its_neighbours() -> None:
    said = load_text(read, "x.json", json.dumps({"Records": [record(), {"s3": {}}, record(key="b")]}))
    assert [e.in_reply_to for e in only(HandoffEvent, said)] == ["a b+.mp3", "b"]
    assert [r.position for r in rejects(said)] == ["line 1/Records/1"]


def test_an_unknown_placeholder() -> None:
    assert [r.position for r in rejects(load_text(read, "x.json", json.dumps(record()), item="asset:{etag}"))] == ["settings"]
