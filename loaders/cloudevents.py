"""CloudEvents 1.0 of any producer: structured JSON, batch arrays, JSON Lines.

``message_id`` is the event's ``id``. ``in_reply_to``: ``causationid`` (the event that caused this one), else ``correlationid``
(the flow that it is part of), both from the Correlation extension (extensions/correlation.md of the CloudEvents repository);
else ``subject``, else the event's own ``id``, so that it is kept, though it then answers nobody.

Type: ``type.<event type>=<evidence word>`` says what an event type means (``--set type.com.acme.asset.stored=received``). Built
in are the types of object stores, which are read as the feed s3-events does, and with its settings: ``com.amazonaws.s3.*``,
``google.cloud.storage.object.v1.*``, ``Microsoft.Storage.*``. Any other is ``unknown`` under its own word. ``lineage.handoff.*``
belongs to the feed handoffs and is refused here, since that one reads all of it.

``item=asset:{data.assetId}`` names the item, from ``{subject}``, ``{id}``, ``{source}`` and the top-level keys of ``data``; an
event that lacks one of them names none. ``system.<source>=<system>`` says whose word it is.

CloudEvents 1.0, "Context Attributes": a missing ``time`` stays unknown. JSON event format 1.0, sections 2.2 (null is absent) and 4
(batch): an empty batch is no error, and a finding.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, get_args

from pydantic import Field

from lineage.facts import EvidenceType, HandoffEvent
from loaders._cloud import ANSWERS, StoreSettings, fact_of_cloudevent, is_storage, text_of
from loaders._logs import time_said
from loaders._transfer import OBJECT_PLACEHOLDERS, Rules, rules_of, unusable_settings
from loaders.base import Document, Finding, Reject, Said, Source, UnusableError, feed, json_values, make, shown

_WORDS = get_args(EvidenceType)
_HANDOFF = "lineage.handoff."


class CloudEventsSettings(StoreSettings):
    """Those of object stores, and what types mean."""

    type: dict[str, str] = Field(default_factory=dict, description="event type: evidence type (received, accepted, ...)")


@feed(
    name="cloudevents",
    title="CloudEvents",
    formats="CloudEvents 1.0 in JSON: single event, batch, JSON Lines",
    contributes="what any event producer says, tied together by causation, correlation or subject",
    patterns=("*.json", "*.jsonl", "*.ndjson"),
    authority="observed",
    example="lineage load cloudevents events.jsonl --set type.com.acme.asset.stored=received",
    settings=CloudEventsSettings,
)
def read(source: Source, settings: CloudEventsSettings) -> Iterator[Said]:
    """Every event of the source as a HandoffEvent that answers what caused it."""
    try:
        rules = rules_of(settings, ANSWERS, (*OBJECT_PLACEHOLDERS, "subject", "id", "source"), open_ended="data.")
        for name, word in settings.type.items():
            if word not in _WORDS:
                raise UnusableError(f"type.{name}={word}: {word} is no evidence type", f"it is one of {', '.join(_WORDS)}")
    except UnusableError as bad:
        yield unusable_settings(bad)
        return
    yield from source.each(lambda document: _read_document(document, rules, settings.type))


def _read_document(document: Document, rules: Rules, types: dict[str, str]) -> Iterator[Said]:
    empty = True
    for value in json_values(document):
        empty = False
        if isinstance(value, Reject):
            yield value
            continue
        position, event = value
        try:
            yield from _event(position, event, rules, types)
        except UnusableError as bad:
            yield Reject(position=position, reason=str(bad), hint=bad.hint, record=shown(event))
    if empty:
        yield Finding(position=document.at("/"), finding="empty", subject=document.name, detail="it holds no event")


def _event(position: str, event: Any, rules: Rules, types: dict[str, str]) -> Iterator[Said]:
    if not isinstance(event, dict):
        raise UnusableError("not an event: a JSON object is needed", "write each event as one CloudEvents object")
    version = event.get("specversion")
    if not isinstance(version, str) or not version.startswith("1."):
        said = "is missing" if version is None else f"{shown(version)!r:.40} is not CloudEvents 1.x"
        raise UnusableError(f"specversion {said}", 'send CloudEvents 1.0 in structured mode: "specversion": "1.0"')
    own = {name: text_of(event.get(name)) for name in ("id", "source", "type", "subject", "causationid", "correlationid")}
    missing = [name for name in ("id", "source", "type") if own[name] is None]
    if missing:
        raise UnusableError(f"{' and '.join(missing)} missing", "an event needs id, source, type and specversion")
    kind = str(own["type"])
    if kind.startswith(_HANDOFF):
        raise UnusableError(f"a handoff event ({kind[:80]})", "load it with the feed handoffs, which reads all of it")
    if is_storage(kind) and kind not in types:
        yield from fact_of_cloudevent(event, position, rules)
        return
    (time, offset), fault = time_said(event.get("time"), rules.zone, position)
    if fault is not None:
        yield fault
    values: dict[str, Any] = {
        "in_reply_to": own["causationid"] or own["correlationid"] or own["subject"] or own["id"],
        "reporter": rules.ours((own["source"],)) or rules.server or None,
    }
    if rules.template is not None:
        data = event.get("data")
        inner = {f"data.{name}": text_of(part) for name, part in data.items()} if isinstance(data, dict) else {}
        values["item"] = rules.template.fill({**own, **inner})
    yield make(
        HandoffEvent,
        position,
        event,
        id=own["id"],
        source=own["source"],
        type=types.get(kind, "unknown"),
        raw_type=kind,
        time=time,
        offset=offset,
        message_id=own["id"],
        detail="; ".join(f"{name} {own[name]}" for name in ("subject", "correlationid") if own[name]) or None,
        **values,
    )
