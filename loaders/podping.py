"""Podping: announcements on the Hive blockchain that a podcast's feed has changed.

Each address in a podping is evidence that the network has **received** the announcement of that feed, from the feed's host; its own
word (``update``, ``live``, ``liveEnd``, ``feed_update``) is kept. The message is the transaction, so that a transaction and a
watcher's line about it are one attempt. Time: the block's; else ``timestampNs``, which the writer sets; else none.

Read are, in JSON or JSON Lines: transactions of the chain (as appbase or condenser API give them, alone, in a block, in an account's
history, in a JSON-RPC answer), what a watcher prints of one operation, and the podping itself; as text: the lines of hivewatcher
(``Feed Updated - <block time> - <transaction> - <address>``, later with ``|``, the writer and the reason). Other operations of the chain,
tests of the writers (``podping-livetest``, ``pplt_…``) and other lines of the log are passed over.

The podping: {"url"} (v0), {"version", "num_urls", "url" or "urls"} (0.2; 0.3 with "reason"), {"version", "medium", "reason", "iris"}
(1.0; 1.1 with "timestampNs" and "sessionId", whole numbers up to 2^64 - 1).

Sources: JSON Schema podping-schemas, org/podcastindex/podping; Podcastindex-org/podping-hivewatcher, hive-watcher.py.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import Field

from loaders._announced import Announced, Announcements, address_of
from loaders._logs import lines, time_said
from loaders.base import Document, Finding, Reject, Said, Settings, Source, UnusableError, feed, json_values, shown

# The first podpings were written under the name of hive-hydra.
_OPERATION = re.compile(r"podping|hive-hydra|pp_[A-Za-z]+_[A-Za-z]+")
_LINE = re.compile(
    r"Feed Updated (?P<s>[-|]) (?P<time>\S+ ?\S*?) (?P=s) (?P<id>[0-9a-f]{40}) (?P=s) (?P<url>\S+)(?: \| (?P<by>.*?) \| (?P<why>.*))?$"
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MAX_DEPTH = 12
_INSIDE = ("result", "history", "block", "transactions", "operations", "op", "value")
_HINT = "give a Hive transaction, block or operation, the podping itself, or the log of hivewatcher"


class PodpingSettings(Settings):
    """How the operator's map calls the network."""

    network: str = Field(default="podping", description="your id of the podping network")
    route: str | None = Field(default=None, description="the route from the host to it; else by the two ends")


@feed(
    name="podping",
    title="Podping",
    formats="podpings 0 to 1.1 in Hive transactions, blocks and operations (JSON, JSON Lines), or as hivewatcher logs them",
    contributes="when a podcast's feed was announced as changed or live, by which host",
    patterns=("*.json", "*.jsonl", "*.log"),
    authority="observed",
    example="lineage load podping hivewatcher.log",
    settings=PodpingSettings,
)
def read(source: Source, settings: PodpingSettings) -> Iterator[Said]:
    """Every address that was announced, as a HandoffEvent about its show."""
    announcements = Announcements(settings.network, "Podping", settings.route)
    yield from source.each(lambda document: _read_document(document, announcements))


def _read_document(document: Document, announcements: Announcements) -> Iterator[Said]:
    with document.open() as stream:
        start = stream.read(4096).removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
    for one in _json(document) if start and start in b"{[" else _log(document):
        yield from announcements.fact(one) if isinstance(one, Announced) else (one,)


def _log(document: Document) -> Iterator[Announced | Reject | Finding]:
    said = False
    for line in lines(document):
        if isinstance(line, Reject):
            yield line
            continue
        position, text = line
        if (match := _LINE.search(text)) is None:
            if "Feed Updated" in text:
                hint = "a line has time, transaction and address, with - or | between"
                yield Reject(
                    position=position, reason="not a line of hivewatcher that can be read", hint=hint, record=text[:500]
                )
                said = True
            continue
        said = True
        (time, offset), odd = time_said(match["time"], None, position)
        if odd is not None:
            yield odd
        medium, _, reason = (match["why"] or "").strip().rpartition(" ")
        detail = _detail(medium, match["by"])
        yield Announced(position, text, f"log:{match['id']}", match["url"], time, offset, match["id"], reason or None, detail)
    if not said:
        yield Reject(position=document.at("file"), reason="no line says that a feed was updated", hint=_HINT)


@dataclass(frozen=True)
class _Context:
    """What stands around an operation: its transaction and the time of its block."""

    position: str
    transaction: str | None = None
    time: Any = None
    depth: int = 0

    def into(self, part: str | int, **more: Any) -> _Context:
        """The context of a part of a value."""
        return replace(self, position=f"{self.position.rstrip('/')}/{part}", depth=self.depth + 1, **more)


def _json(document: Document) -> Iterator[Announced | Reject | Finding]:
    for value in json_values(document):
        if isinstance(value, Reject):
            yield value
        else:
            yield from _walk(value[1], _Context(value[0]))


def _walk(value: Any, context: _Context) -> Iterator[Announced | Reject | Finding]:
    """Every podping in a value of the chain; what is none of its forms is a reject."""
    if context.depth <= _MAX_DEPTH and isinstance(value, list):
        yield from _listed(value, context)
        return
    inside = [name for name in _INSIDE if isinstance(value, dict) and isinstance(value.get(name), dict | list)]
    if (
        not isinstance(value, dict)
        or context.depth > _MAX_DEPTH
        or not (inside or {"json", "iris", "urls", "url"} & set(value))
    ):
        yield Reject(
            position=context.position, reason="no podping, and nothing that holds one", hint=_HINT, record=shown(value)
        )
        return
    context = replace(
        context, time=value.get("timestamp", context.time), transaction=_transaction(value) or context.transaction
    )
    if isinstance(value.get("json"), str):
        if _OPERATION.fullmatch(str(value.get("id"))):
            yield from _operation(value, context)
    elif not inside:
        yield from _podping(value, None, context)
    elif isinstance(value.get("transactions"), list) and isinstance(names := value.get("transaction_ids"), list):
        for number, one in enumerate(value["transactions"]):
            named = names[number] if number < len(names) else None
            yield from _walk(one, context.into(f"transactions/{number}", transaction=named if isinstance(named, str) else None))
    elif str(value.get("type", "custom_json_operation")).startswith("custom_json") or "operations" in value:
        for name in inside:
            yield from _walk(value[name], context.into(name))


def _listed(values: list[Any], context: _Context) -> Iterator[Announced | Reject | Finding]:
    if len(values) == 2 and isinstance(values[1], dict) and not isinstance(values[0], dict | list):
        # condenser API: ["custom_json", {...}]; an account's history: [number, {...}]
        if not isinstance(values[0], str) or values[0].startswith("custom_json"):
            yield from _walk(values[1], context.into(1))
        return
    for number, one in enumerate(values):
        yield from _walk(one, context.into(number))


def _transaction(value: Mapping[str, Any]) -> str | None:
    return next((value[name] for name in ("trx_id", "transaction_id", "hiveTxId") if isinstance(value.get(name), str)), None)


def _operation(value: Mapping[str, Any], context: _Context) -> Iterator[Announced | Reject | Finding]:
    try:
        podping = json.loads(value["json"])
    except (ValueError, RecursionError):
        podping = None
    if not isinstance(podping, dict):
        reason, hint = "the operation's json is no JSON object", "fetch the transaction again"
        yield Reject(position=context.position, reason=reason, hint=hint, record=shown(value))
        return
    if not {"iris", "urls", "url"} & set(podping):
        return  # a writer's note that it has started
    writers = value.get("required_posting_auths")
    yield from _podping(podping, ", ".join(map(str, writers)) if isinstance(writers, list) else None, context)


def _podping(podping: Mapping[str, Any], writers: str | None, context: _Context) -> Iterator[Announced | Reject | Finding]:
    urls = next(podping[name] for name in ("iris", "urls", "url") if name in podping)
    urls = urls if isinstance(urls, list) else [urls]
    count = podping.get("num_urls")
    if count is not None and count != len(urls):
        detail = f"num_urls is {shown(count)!r:.20}, and there are {len(urls)}"
        yield Finding(position=context.position, finding="wrong-count", subject="num_urls", detail=detail)
    time, offset = None, None
    if context.time is not None:
        (time, offset), odd = time_said(context.time, None, context.position)
        if odd is not None:
            yield odd
    elif (ns := podping.get("timestampNs")) is not None:
        time = _moment(ns)
        offset = "Z" if time else None
        if time is None:
            detail = f"timestampNs is {shown(ns)!r:.40} and no whole number of nanoseconds; the event is undated"
            yield Finding(position=context.position, finding="bad-time", subject="timestampNs", detail=detail)
    # Without its transaction's id, what it says names it: from 1.1 on that has the writer's session and time.
    message = context.transaction or "sha256:" + hashlib.sha256(json.dumps(podping, sort_keys=True).encode()).hexdigest()
    reason, medium = (podping[name] if isinstance(podping.get(name), str) else None for name in ("reason", "medium"))
    for url in urls:
        try:
            address = address_of(url)
        except UnusableError as bad:
            yield Reject(position=context.position, reason=str(bad), hint=bad.hint, record=shown(podping))
            continue
        by = _detail(medium, writers)
        yield Announced(context.position, podping, f"tx:{message}", address, time, offset, message, reason, by)


def _moment(ns: Any) -> datetime | None:
    """``timestampNs``, exactly: a float has lost digits of it."""
    if isinstance(ns, str) and ns.isascii() and ns.isdigit():
        ns = int(ns[:20])
    if not isinstance(ns, int) or isinstance(ns, bool) or not 0 <= ns < 2**64:
        return None
    return _EPOCH + timedelta(microseconds=ns // 1000)


def _detail(medium: str | None, writers: str | None) -> str | None:
    return "; ".join(filter(None, (medium, f"written by {writers}" if writers else None))) or None
