"""Delivery logs of webhook senders, and the payloads in which GitHub reports how a run or a deployment ended.

A delivery says whether the endpoint answered:

================================================  ============  ===================================================
outcome                                           evidence      note
================================================  ============  ===================================================
status code 2xx                                   received      the endpoint's word, though the sender wrote it down
status code 3xx, 4xx, 5xx                         failed        code is the status code
error, or a word such as failed or timed out      failed        code is that word
pending, sending, scheduled, retrying, code 0     sent
queued                                            queued
anything else                                     unknown       under its own word
================================================  ============  ===================================================

Read are GitHub's "list deliveries" (``guid`` is shared by the redeliveries of one event), Svix message attempts (``msgId``;
``status`` 0 success, 1 pending, 2 fail, 3 sending), and records of any other sender by their usual keys:
``field.<ours>=<theirs>``, theirs being a key or a path such as ``data.object.id``, where ours is message, event, url, status,
code, time, attempt or error.

GitHub payloads ("Webhook events and payloads"), with the commit as the message that they answer: ``workflow_run`` completed with
success is accepted (it was processed; whether anything was published is not said), with failure, timed_out or startup_failure
failed, otherwise unknown; not yet completed it is received. ``deployment_status``: success is published, failure and error
failed, queued, pending and in_progress received, otherwise unknown.

Correlation: ``in_reply_to`` is the event's id as the provider gives it (guid, msgId, event id, else id); ``field.message=...``
chooses a resource's id instead. A reply has no ``message_id`` of its own. ``sender=<system>`` is who keeps the log, ``system.<URL,
its host, endpoint id or GitHub owner/repository>=<system>`` who receives. Of a URL only the host is kept: paths and queries of
webhooks are often secrets.

Identity: a hash of the record; a delivery that was pending in one export and done in the next is two pieces of evidence.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from pydantic import Field

from lineage.facts import HandoffEvent
from loaders._cloud import text_of
from loaders._logs import time_said
from loaders._logs_fields import Fields, canonical, within
from loaders._transfer import digest, unusable_settings, zone_of
from loaders.base import Document, Reject, Said, Settings, Source, UnusableError, feed, json_values, make, shown

_USUAL = {
    "message": ("guid", "msgId", "message_id", "messageId", "event_id", "eventId", "event_token", "id", "delivery_id", "deliveryId"),
    "event": ("event", "event_type", "eventType", "type", "topic"),
    "url": ("url", "endpoint_url", "endpointUrl", "target_url", "destination", "endpoint", "endpointId", "endpoint_id"),
    "status": ("status", "statusText", "state", "outcome", "result"),
    "code": (
        "status_code", "statusCode", "responseStatusCode", "response_status_code", "response_status", "responseStatus",
        "http_status", "httpStatus", "response_code", "response.status_code", "response.status",
    ),
    "time": (
        "delivered_at", "deliveredAt", "timestamp", "attempted_at", "attemptedAt", "sent_at", "created_at", "createdAt",
        "created", "time",
    ),
    "attempt": ("attempt", "attempt_number", "attemptNumber", "attempt_count"),
    "error": ("error", "error_message", "errorMessage", "last_error", "failure_reason", "failureReason"),
}  # fmt: skip
_LISTS = ("data", "deliveries", "attempts", "items")
# Svix, MessageStatus.
_SVIX = {0: "success", 1: "pending", 2: "fail", 3: "sending"}
_WORDS = (
    (("ok", "success", "succeeded", "delivered", "accepted", "2xx"), "received"),
    (("queued",), "queued"),
    (("pending", "sending", "scheduled", "delivering", "retry", "in_progress", "sent"), "sent"),
    (("fail", "error", "timed out", "timed_out", "timeout", "time out", "rejected", "refused", "invalid", "exhausted",
      "undeliver", "connection", "bounced"), "failed"),
)  # fmt: skip
_HINT = "give a list of deliveries or attempts as the sender exports it; name its keys with --set field.code=THEIRS"
_CONCLUSIONS = {"success": "accepted", "failure": "failed", "timed_out": "failed", "startup_failure": "failed"}
_DEPLOYMENTS = {"success": "published", "failure": "failed", "error": "failed",
                "queued": "received", "pending": "received", "in_progress": "received"}  # fmt: skip


class WebhookSettings(Settings):
    """``field``: {our name: key in the log}; ``sender``: our system that sends; ``system``: {foreign name: our system}."""

    field: dict[str, str] = Field(default_factory=dict, description="what we call a value: the log's own key")
    sender: str = Field(default="", description="your system that sends and keeps the log")
    system: dict[str, str] = Field(default_factory=dict, description="host of the endpoint: your system's id")
    timezone: str = Field(default="", description="zone of times that have none, such as Europe/Stockholm; else UTC")


@feed(
    name="webhooks",
    title="Webhook deliveries",
    formats="delivery logs of GitHub, Svix and other senders; GitHub workflow_run and deployment_status; JSON, JSON Lines",
    contributes="which webhooks the endpoint took, which failed and how; how runs and deployments ended",
    patterns=("*.json", "*.jsonl", "*.ndjson"),
    authority="observed",
    example="lineage load webhooks deliveries.json --set sender=acme-api --set system.hooks.example.com=acme-host",
    settings=WebhookSettings,
)
def read(source: Source, settings: WebhookSettings) -> Iterator[Said]:
    """Every delivery of the source as a HandoffEvent that answers the event's id."""
    try:
        reading = _Reading(settings)
    except UnusableError as bad:
        yield unusable_settings(bad)
        return
    yield from source.each(reading.document)


class _Reading:
    def __init__(self, settings: WebhookSettings) -> None:
        self.settings = settings
        self.fields = Fields(_USUAL, settings.field)
        self.zone = zone_of(settings.timezone)

    def document(self, document: Document) -> Iterator[Said]:
        """All records of a document, one by one."""
        for value in json_values(document):
            if isinstance(value, Reject):
                yield value
                continue
            position, record = value
            for place, one in _records(position, record):
                try:
                    yield from self.record(place, one)
                except UnusableError as bad:
                    yield Reject(position=place, reason=str(bad), hint=bad.hint, record=shown(one))

    def record(self, position: str, record: Any) -> Iterator[Said]:
        """A delivery or a payload. Raises UnusableError for what is neither."""
        if not isinstance(record, dict):
            raise UnusableError("not a delivery: a JSON object is needed", _HINT)
        if isinstance(record.get("workflow_run"), dict):
            yield from self.workflow_run(position, record, record["workflow_run"])
        elif isinstance(record.get("deployment_status"), dict):
            yield from self.deployment(position, record, record["deployment_status"])
        else:
            yield from self.delivery(position, record)

    def delivery(self, position: str, record: dict[str, Any]) -> Iterator[Said]:
        """One attempt to deliver one event."""
        message = text_of(self.fields.of(record, "message"))
        status, code, error = (self.fields.of(record, name) for name in ("status", "code", "error"))
        if message is None or (status is None and code is None and error is None):
            missing = "id of what it delivers" if message is None else "status, no status code and no error"
            raise UnusableError(f"not a delivery: it has no {missing}", _HINT)
        if "msgId" in record and isinstance(status, int):
            status = _SVIX.get(status, status)
        kind, short, word = _outcome(status, code, error)
        url = text_of(self.fields.of(record, "url")) or ""
        host = _host(url)
        attempt, event = text_of(self.fields.of(record, "attempt")), text_of(self.fields.of(record, "event"))
        action = text_of(record.get("action"))
        said = [" ".join(filter(None, (event, action))), f"to {host}" if host else "", f"attempt {attempt}" if attempt else ""]
        said += [
            "redelivery" if record.get("redelivery") is True else "",
            text_of(error) or "",
            "" if word is None or word.isdigit() else word,
        ]
        yield from self.fact(
            position,
            record,
            identity=canonical(record),
            urn=f"urn:webhooks:{host}" if host else "urn:webhooks",
            message=message,
            kind=kind,
            code=short,
            raw=word,
            time=self.fields.of(record, "time"),
            to=self.ours(url, host, text_of(record.get("endpointId"))),
            said=said,
        )

    def workflow_run(self, position: str, record: dict[str, Any], run: dict[str, Any]) -> Iterator[Said]:
        """GitHub, event workflow_run: ``action`` requested, in_progress or completed; ``conclusion`` once it is completed."""
        action, conclusion = text_of(record.get("action")), text_of(run.get("conclusion"))
        done = action == "completed" or conclusion is not None
        kind = _CONCLUSIONS.get(conclusion or "", "unknown") if done else "received"
        word = conclusion if done else action or text_of(run.get("status"))
        parts = ("id", "run_attempt")
        said = [text_of(run.get("name")) or text_of(run.get("path")) or "workflow", text_of(run.get("html_url")) or ""]
        yield from self.payload(position, record, run, parts, "workflow_run", run.get("head_sha"), kind, word, said)

    def deployment(self, position: str, record: dict[str, Any], status: dict[str, Any]) -> Iterator[Said]:
        """GitHub, event deployment_status: ``state``."""
        state = text_of(status.get("state"))
        commit, where = within(record, "deployment.sha"), text_of(status.get("environment"))
        said = [f"to {where}" if where else "", text_of(status.get("description")) or ""]
        kind = _DEPLOYMENTS.get(state or "", "unknown")
        yield from self.payload(position, record, status, ("id",), "deployment_status", commit, kind, state, said)

    def payload(
        self,
        position: str,
        record: dict[str, Any],
        part: dict[str, Any],
        keys: tuple[str, ...],
        event: str,
        commit: Any,
        kind: str,
        word: str | None,
        said: list[str],
    ) -> Iterator[Said]:
        """What both payloads have in common: the repository's pipeline is the receiver, and it is the one that says it."""
        chosen = self.fields.of(record, "message") if "message" in self.settings.field else commit
        message = text_of(chosen)
        if message is None or word is None:
            raise UnusableError(f"the {event} has no {'commit' if message is None else 'state'}", "keep the payload as it came")
        repository = text_of(within(record, "repository.full_name")) or ""
        own = [text_of(part.get(key)) or "" for key in keys]
        yield from self.fact(
            position,
            record,
            identity="\n".join([event, repository, *own, word]),
            urn=f"urn:github:{repository}" if repository else "urn:github",
            message=message,
            kind=kind,
            code=word if kind == "failed" else None,
            raw=word,
            time=part.get("updated_at") or part.get("created_at"),
            to=(receiver := self.ours(repository)),
            reporter=receiver,
            said=[event, *said],
        )

    def ours(self, *foreign: str | None) -> str | None:
        """The system that the settings give to the first of these names that they know."""
        return next((self.settings.system[name] for name in foreign if name and name in self.settings.system), None)

    def fact(
        self,
        position: str,
        record: Any,
        *,
        identity: str,
        urn: str,
        message: str,
        kind: str,
        code: str | None,
        raw: str | None,
        time: Any,
        to: str | None,
        said: list[str],
        reporter: str | None = None,
    ) -> Iterator[Said]:
        (moment, offset), fault = time_said(time, self.zone, position)
        if fault is not None:
            yield fault
        sender = self.settings.sender or None
        speaks = reporter or (sender if not urn.startswith("urn:github") else None)
        yield make(
            HandoffEvent,
            position,
            record,
            id=digest(identity),
            source=f"urn:lineage:system:{speaks}" if speaks else urn,
            type=kind,
            raw_type=raw,
            time=moment,
            offset=offset,
            in_reply_to=message,
            reporter=speaks,
            code=code,
            detail="; ".join(part[:300] for part in said if part) or None,
            **{"from": sender, "to": to},
        )


def _records(position: str, value: Any) -> Iterator[tuple[str, Any]]:
    """The records of a list that an API wraps (``{"data": [...]}``), or the one record itself."""
    name = next((name for name in _LISTS if isinstance(value.get(name), list)), None) if isinstance(value, dict) else None
    if name is None:
        yield position, value
        return
    for index, part in enumerate(value[name]):
        yield f"{position.rstrip('/')}/{name}/{index}", part


def _outcome(status: Any, code: Any, error: Any) -> tuple[str, str | None, str | None]:
    """(evidence type, code, the sender's own word)."""
    number = _number(code)
    if number is None and code is None and (number := _number(status)) is not None:
        status = None
    word = text_of(status) or (text_of(number) if number is not None else None)
    if number is not None and 200 <= number < 300:
        return "received", None, word
    if number is not None and number >= 300:
        return "failed", str(number), word
    short = word if word and len(word) <= 40 and not word.isdigit() else None
    if error:
        return "failed", short or "error", word
    lower = (word or "").lower()
    kind = next((kind for starts, kind in _WORDS if lower.startswith(starts)), None)
    if kind is None:
        return ("sent", None, word) if number == 0 else ("unknown", None, word)
    return kind, short if kind == "failed" else None, word


def _number(value: Any) -> int | None:
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 3:
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ("" if "/" in url else url)
    except ValueError:
        return ""
