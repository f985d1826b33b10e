"""Notifications of object stores: Amazon S3 and stores that speak like it, Google Cloud Storage, Azure Blob Storage.

A notification says that something happened to an object at its bucket's side. What arrived is ``received``; what was lost or
could not be replicated is ``failed``; everything else (removed, restored, tagged, moved to another tier) proves no handoff
and stays ``unknown`` under its own word.

Formats: "Event message structure" and "EventBridge event message structure" (Amazon S3 User Guide); "Pub/Sub notifications for
Cloud Storage"; "Azure Blob Storage as an Event Grid source"; CloudEvents adapter aws-s3.md of the CloudEvents repository.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple
from urllib.parse import quote, unquote_plus

from lineage.facts import Finding, Reject
from loaders._logs import time_said
from loaders._transfer import File, FileSettings, Rules, Transfer
from loaders.base import UnusableError, shown

# An envelope in an envelope in an envelope (S3 in SNS in SQS in a Lambda event) is three.
_MAX_ENVELOPES = 6
_HINT = "give the notifications of S3, Cloud Storage or Event Grid, bare or in their SNS, SQS or Pub/Sub envelopes"
_BLOB = re.compile(r"/blobServices/[^/]+/containers/([^/]+)/blobs/(.+)", re.DOTALL)
_ACCOUNT = re.compile(r"/storageAccounts/([^/]+)", re.IGNORECASE)
_STORAGE_TYPES = ("com.amazonaws.s3.", "google.cloud.storage.object.v1.", "Microsoft.Storage.")
_RECEIVED = ("ObjectCreated:", "Object Created", "OBJECT_FINALIZE", "google.cloud.storage.object.v1.finalized",
             "Microsoft.Storage.BlobCreated", "Replication:OperationReplicatedAfterThreshold")  # fmt: skip

Object = tuple[str, Transfer]
"""The URN of the bucket and what happened in it."""


class StoreSettings(FileSettings):
    """See ``FileSettings``. ``answers`` is name (default), key or path, uri, or version (the key with its version)."""


ANSWERS = ("name", "key", "path", "uri", "version")


def is_storage(event_type: str) -> bool:
    """Whether a CloudEvents type is that of an object store."""
    return event_type.startswith(_STORAGE_TYPES)


class _Seen(NamedTuple):
    """An object event before it is put into the common form."""

    store: str
    event: str
    bucket: str | None
    key: str | None
    uri: str | None = None
    version: str | None = None
    version_mark: str = "?versionId="
    sequence: str | None = None
    time: Any = None
    peers: tuple[str | None, ...] = ()
    user: str | None = None
    code: str | None = None
    detail: tuple[tuple[str, Any], ...] = ()
    proves: bool = True
    other_bucket: str | None = None


def facts_of(value: Any, position: str, rules: Rules) -> Iterator[Any]:
    """The evidence in a notification or an envelope of notifications: facts, findings, rejects."""
    for one in _opened(value, position, rules, 0):
        yield rules.fact(*one) if isinstance(one, tuple) else one


def fact_of_cloudevent(event: dict[str, Any], position: str, rules: Rules) -> Iterator[Any]:
    """The evidence in a CloudEvents event of an object store. Raises UnusableError."""
    for one in _cloudevent(event, position, rules):
        yield rules.fact(*one) if isinstance(one, tuple) else one


def _opened(value: Any, position: str, rules: Rules, depth: int) -> Iterator[Object | Finding | Reject]:
    try:
        if depth > _MAX_ENVELOPES:
            raise UnusableError("an envelope in an envelope, too deep", _HINT)
        if isinstance(value, list):
            for index, part in enumerate(value):
                yield from _opened(part, f"{position.rstrip('/')}/{index}", rules, depth + 1)
        elif isinstance(value, dict):
            yield from _object(value, position, rules, depth)
        else:
            raise UnusableError("not a notification: a JSON object is needed", _HINT)
    except UnusableError as bad:
        yield Reject(position=position, reason=str(bad), hint=bad.hint, record=shown(value))


def _object(value: dict[str, Any], position: str, rules: Rules, depth: int) -> Iterator[Object | Finding | Reject]:
    for name in ("Records", "Messages", "receivedMessages"):
        if isinstance(value.get(name), list):
            yield from _opened(value[name], f"{position.rstrip('/')}/{name}", rules, depth)
            return
    kind = value.get("eventType")
    if isinstance(value.get("s3"), dict):
        yield from _common(_s3(value), position, value, rules)
    elif value.get("source") == "aws.s3" and "detail-type" in value:
        yield from _common(_eventbridge(value), position, value, rules)
    elif isinstance(kind, str) and kind.startswith("Microsoft."):
        yield from _event_grid(value, kind, value.get("eventTime"), position, rules)
    elif isinstance(value.get("attributes"), dict) and "eventType" in value["attributes"]:
        yield from _common(_gcs(value["attributes"], _payload(value), None), position, value, rules)
    elif isinstance(value.get("specversion"), str):
        yield from _cloudevent(value, position, rules)
    elif value.get("Event") == "s3:TestEvent":
        yield _aside("test-event", text_of(value.get("Bucket")) or "S3", "S3 tests that notifications arrive", position)
    elif value.get("Type") in {"SubscriptionConfirmation", "UnsubscribeConfirmation"}:
        yield _aside("no-object", "SNS", f"a {value['Type']} is about no object", position)
    elif (inner := _inner(value)) is not None:
        name, content = inner
        yield from _opened(_json(content), f"{position.rstrip('/')}/{name}", rules, depth + 1)
    else:
        raise UnusableError("not a notification of an object store", _HINT)


def _inner(value: dict[str, Any]) -> tuple[str, Any] | None:
    """What an envelope holds: SNS (Message, also as Lambda gets it), SQS (body, Body), Pub/Sub (message)."""
    if isinstance(value.get("Sns"), dict):
        return "Sns/Message", value["Sns"].get("Message")
    return next(((name, value[name]) for name in ("Message", "body", "Body", "message") if name in value), None)


def _json(content: Any) -> Any:
    if not isinstance(content, str):
        return content
    try:
        return json.loads(content)
    except (ValueError, RecursionError) as error:
        raise UnusableError("the envelope holds no JSON, so no notification of an object store", _HINT) from error


def _payload(message: dict[str, Any]) -> dict[str, Any]:
    """The object's resource in a Pub/Sub message: base64, or decoded already; empty with payloadFormat NONE."""
    data = message.get("data") or message.get("payload")
    if isinstance(data, str):
        try:
            data = json.loads(base64.b64decode(data, validate=True))
        except (binascii.Error, ValueError, RecursionError) as error:
            raise UnusableError("data is not base64 of JSON", "keep the Pub/Sub message as it came") from error
    return data if isinstance(data, dict) else {}


def _s3(record: dict[str, Any]) -> _Seen:
    s3 = record["s3"]
    thing, bucket = _dict(s3, "object"), text_of(_dict(s3, "bucket").get("name"))
    key = text_of(thing.get("key"))
    replication = _dict(record, "replicationEventData")
    target = text_of(replication.get("destinationBucket"))
    principal = text_of(_dict(record, "userIdentity").get("principalId"))
    address = text_of(_dict(record, "requestParameters").get("sourceIPAddress"))
    return _Seen(
        store="s3",
        event=(text_of(record.get("eventName")) or "").removeprefix("s3:"),
        bucket=bucket,
        key=unquote_plus(key) if key is not None else None,
        version=text_of(thing.get("versionId")),
        sequence=text_of(thing.get("sequencer")),
        time=record.get("eventTime"),
        peers=(principal, address),
        user=principal,
        code=text_of(replication.get("failureReason")),
        detail=(
            ("eTag", thing.get("eTag")),
            ("size", thing.get("size")),
            ("region", record.get("awsRegion")),
            ("from", address),
            ("request", _dict(record, "responseElements").get("x-amz-request-id")),
        ),
        other_bucket=target.rpartition(":")[2] if target else None,
    )


def _eventbridge(event: dict[str, Any]) -> _Seen:
    """Here the key is not URL-encoded."""
    detail = _dict(event, "detail")
    thing = _dict(detail, "object")
    requester, address = text_of(detail.get("requester")), text_of(detail.get("source-ip-address"))
    return _Seen(
        store="s3",
        event=text_of(event.get("detail-type")) or "",
        bucket=text_of(_dict(detail, "bucket").get("name")),
        key=text_of(thing.get("key")),
        version=text_of(thing.get("version-id")),
        sequence=text_of(thing.get("sequencer")),
        time=event.get("time"),
        peers=(requester, address),
        user=requester,
        detail=(
            ("eTag", thing.get("etag")),
            ("size", thing.get("size")),
            ("region", event.get("region")),
            ("from", address),
            ("request", detail.get("request-id")),
            ("reason", detail.get("reason")),
        ),
    )


def _gcs(attributes: dict[str, Any], data: dict[str, Any], event: str | None) -> _Seen:
    generation = text_of(attributes.get("objectGeneration")) or text_of(data.get("generation"))
    return _Seen(
        store="gs",
        event=event or text_of(attributes.get("eventType")) or "",
        bucket=text_of(attributes.get("bucketId")) or text_of(data.get("bucket")),
        key=text_of(attributes.get("objectId")) or text_of(data.get("name")),
        version=generation,
        version_mark="#",
        time=attributes.get("eventTime") or data.get("updated"),
        detail=(
            ("eTag", data.get("etag")),
            ("size", data.get("size")),
            ("md5", data.get("md5Hash")),
            ("overwrote", attributes.get("overwroteGeneration")),
            ("overwritten by", attributes.get("overwrittenByGeneration")),
        ),
    )


def _event_grid(event: dict[str, Any], kind: str, time: Any, position: str, rules: Rules) -> Iterator[Object | Finding]:
    data, subject = _dict(event, "data"), text_of(event.get("subject")) or ""
    blob = _BLOB.fullmatch(subject)
    if blob is None:
        yield _aside("no-object", "Event Grid", f"a {kind} is about no blob", position)
        return
    url = text_of(data.get("url"))
    topic = _ACCOUNT.search(text_of(event.get("topic")) or text_of(event.get("source")) or "")
    account = topic[1] if topic else (url or "").partition("://")[2].partition(".")[0]
    seen = _Seen(
        store="azure",
        event=kind,
        bucket=f"{account}/{blob[1]}" if account else blob[1],
        key=blob[2],
        uri=url or f"https://{account}.blob.core.windows.net/{blob[1]}/{quote(blob[2])}",
        version=text_of(data.get("versionId")),
        version_mark="?versionid=",
        sequence=text_of(data.get("sequencer")),
        time=time,
        detail=(
            ("eTag", data.get("eTag")),
            ("size", data.get("contentLength")),
            ("by", data.get("api")),
            ("request", data.get("requestId")),
        ),
        # A Data Lake client creates the file first, empty, and is done with FlushWithClose.
        proves=data.get("api") != "CreateFile",
    )
    yield from _common(seen, position, event, rules)


def _cloudevent(event: dict[str, Any], position: str, rules: Rules) -> Iterator[Object | Finding]:
    kind, time = text_of(event.get("type")) or "", event.get("time")
    subject, source = text_of(event.get("subject")), text_of(event.get("source")) or ""
    data = _dict(event, "data")
    if kind.startswith("Microsoft.Storage."):
        yield from _event_grid(event, kind, time, position, rules)
    elif kind.startswith("google.cloud.storage."):
        named = {"bucketId": source.rpartition("/buckets/")[2] or None, "objectId": (subject or "").removeprefix("objects/")}
        yield from _common(_gcs({**named, "eventTime": time}, data, kind), position, event, rules)
    elif kind.startswith("com.amazonaws.s3."):
        records = data.get("Records")
        record = records[0] if isinstance(records, list) and records else data
        if not isinstance(record, dict) or not isinstance(record.get("s3"), dict):
            bucket = source.split(".", 2)[-1]  # eventSource.awsRegion.bucket; a bucket's name may have dots
            record = {"s3": {"bucket": {"name": bucket}, "object": {"key": subject}}}
        named_event = {"eventName": kind.removeprefix("com.amazonaws.s3."), "eventTime": time}
        yield from _common(_s3({**named_event, **record}), position, event, rules)
    else:
        raise UnusableError(f"a CloudEvents event of type {kind[:80]!r} is none of an object store", "use the feed cloudevents")


def _aside(finding: str, subject: str, detail: str, position: str) -> Finding:
    return Finding(position=position, finding=finding, subject=subject, detail=detail)


def _common(seen: _Seen, position: str, record: Any, rules: Rules) -> Iterator[Object | Finding]:
    """The common form: what it proves, who is at its ends, and its identity. A time that is none is a finding."""
    bucket, key, event = seen.bucket, seen.key, seen.event
    if not bucket or not key or not event:
        missing = [name for name, value in (("event name", event), ("bucket", bucket), ("key", key)) if not value]
        raise UnusableError(f"the notification has no {' and no '.join(missing)}", "keep the notification as it came")
    kind, inbound, code = _meaning(seen)
    (time, offset), fault = time_said(seen.time, rules.zone, position)
    if fault is not None:
        yield fault
    version = f"{key}{seen.version_mark}{seen.version}" if seen.version else None
    uri = seen.uri or f"{seen.store}://{bucket}/{key}"
    order = seen.sequence or f"{seen.version} {seen.time}"
    said = [f"{name} {shown(value)}" for name, value in seen.detail if value is not None]
    versions = [("version", seen.version), ("sequencer", seen.sequence), ("user", seen.user), ("to", seen.other_bucket)]
    said += [f"{name} {value}" for name, value in versions if value]
    yield (
        f"urn:{seen.store}:{bucket}",
        Transfer(
            position=position,
            identity="\n".join([seen.store, bucket, key, order, event]),
            record=record,
            file=File(key, user=seen.user, bucket=bucket, uri=uri, version=version),
            type=kind,
            inbound=inbound,
            time=time,
            offset=offset,
            peers=(seen.other_bucket,) if seen.other_bucket else seen.peers,
            server=(bucket, *bucket.split("/")[::-1]),
            code=code,
            raw_type=event,
            detail=(uri, *said),
        ),
    )


def _meaning(seen: _Seen) -> tuple[str, bool | None, str | None]:
    """(evidence type, towards the bucket or away from it, code). A replication's bucket is the one that it starts from."""
    event = seen.event
    if event == "Replication:OperationFailedReplication":
        return "failed", False, seen.code or "replication"
    if event == "ReducedRedundancyLostObject":
        return "failed", True, "lost"
    if event.startswith(_RECEIVED) and seen.proves:
        return "received", not event.startswith("Replication:"), None
    return "unknown", None, None


def _dict(value: dict[str, Any], name: str) -> dict[str, Any]:
    part = value.get(name)
    return part if isinstance(part, dict) else {}


def text_of(value: Any) -> str | None:
    """A text or a whole number as text; None for anything else and for no text."""
    if isinstance(value, str):
        return value or None
    # Sizes and generations are written as numbers by some and as text by others.
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else None
