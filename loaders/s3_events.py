"""Notifications of object stores: what arrived in a bucket, what was lost, what happened to it otherwise.

=========================================================  ============  =================================================
event                                                      evidence      note
=========================================================  ============  =================================================
ObjectCreated:*, Object Created (EventBridge)              received      at the bucket's system
OBJECT_FINALIZE, Microsoft.Storage.BlobCreated             received      not BlobCreated by CreateFile: the blob is empty
Replication:OperationReplicatedAfterThreshold              received      from this bucket to the destination's
Replication:OperationFailedReplication                     failed        code is the failureReason
ReducedRedundancyLostObject                                failed        code ``lost``
everything else                                            unknown       removed, restored, tagged, tiered, archived...
=========================================================  ============  =================================================

``raw_type`` is always the store's own word. A test event, a subscription confirmation or an event about a whole account is
about no object: a finding.

Envelopes: S3 records bare, in SNS (``Message``), SQS (``body``, ``Body``), SNS in SQS, EventBridge; Pub/Sub push, pull and
``gcloud pubsub pull`` JSON; Event Grid's own schema and CloudEvents. One per document, an array, or JSON Lines.

Correlation: ``in_reply_to`` is the object's base name; ``answers=key`` the whole key, ``answers=uri`` s3://bucket/key,
gs://bucket/key or the blob's URL, ``answers=version`` the key with its version (``key?versionId=...``, for Cloud Storage
``key#generation``; without a version the key). S3 writes keys URL-encoded in its records ("Event message structure"), not in
EventBridge. ``item=asset:{stem}`` names the item. ``system.<bucket>=<system>``; for Azure the bucket is account/container, and
either alone will do; ``system.<principal or source address>=<system>`` names the uploader.

Identity: a hash of bucket, key, sequencer (else version and time) and event name, so that a notification delivered twice, or
by two configurations, is one event.
"""

from __future__ import annotations

from collections.abc import Iterator

from loaders._cloud import ANSWERS, StoreSettings, facts_of
from loaders._transfer import OBJECT_PLACEHOLDERS, Rules, rules_of, unusable_settings
from loaders.base import Document, Reject, Said, Source, UnusableError, feed, json_values


@feed(
    name="s3-events",
    title="Object store notifications",
    formats="S3 events (bare, SNS, SQS, EventBridge), Cloud Storage Pub/Sub messages, Azure Event Grid; JSON, JSON Lines",
    contributes="which objects arrived in which bucket, were lost or could not be replicated",
    patterns=("*.json", "*.jsonl", "*.ndjson"),
    authority="observed",
    example="lineage load s3-events notifications.jsonl --set system.acme-inbox=acme-store",
    settings=StoreSettings,
)
def read(source: Source, settings: StoreSettings) -> Iterator[Said]:
    """Every notification of the source as a HandoffEvent that answers the object's name."""
    try:
        rules = rules_of(settings, ANSWERS, OBJECT_PLACEHOLDERS)
    except UnusableError as bad:
        yield unusable_settings(bad)
        return
    yield from source.each(lambda document: _read_document(document, rules))


def _read_document(document: Document, rules: Rules) -> Iterator[Said]:
    for value in json_values(document):
        if isinstance(value, Reject):
            yield value
        else:
            position, notification = value
            yield from facts_of(notification, position, rules)
