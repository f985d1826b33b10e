"""WebSub: recorded requests by which a feed's update was announced to a hub, and by which the hub passed it on.

=============================================  =========================================================================
request                                        says
=============================================  =========================================================================
POST to a hub, ``hub.mode=publish`` and        the feed's host has announced the update to the hub. The recommendation leaves
``hub.url`` (or ``hub.topic``), as a form      open how this is done, and names this form as what public hubs ask for
POST with ``Link`` headers ``rel=hub`` and     content distribution: the hub has passed the update on to a subscriber
``rel=self``
=============================================  =========================================================================

It is ``received`` by whom it was sent to, who recorded it; with ``recorded_by=sender`` it is ``sent``. Time: the ``Date`` header, where
the sender wrote one; else none. Requests to subscribe, and the hub's questions back, hand on nothing and are passed over.

One request a file, as it goes over the wire: request line, headers, an empty line, body. What the body of a distribution says of
the show is the podcast feed's to read.

Source: W3C Recommendation WebSub (23 January 2018), sections 6 "Publishing" (note) and 7 "Content Distribution"; RFC 9112, section 3.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from email.message import Message
from email.parser import BytesHeaderParser
from email.utils import parsedate_to_datetime
from typing import Literal
from urllib.parse import parse_qs, urlsplit

from pydantic import Field

from loaders._announced import Announced, Announcements
from loaders.base import Document, Finding, Reject, Said, Settings, Source, binary, feed, whole

_REQUEST = re.compile(rb"\A(?P<method>[A-Z]{3,10}) (?P<target>\S+) HTTP/\d(?:\.\d)?\r?\n")
_END = re.compile(rb"\r?\n\r?\n")
_HINT = "save the whole request: its request line, headers, an empty line and the body"
_SUBSCRIBING = frozenset({"subscribe", "unsubscribe", "denied"})


class WebSubSettings(Settings):
    """How the operator's map calls the two ends, and who wrote the recordings."""

    hub: str | None = Field(default=None, description="your id of the hub; else its host's name")
    subscriber: str | None = Field(
        default=None, description="your id of the subscriber; else the name of the host that it was sent to"
    )
    route: str | None = Field(default=None, description="the route that all of these requests are on; else by the two ends")
    recorded_by: Literal["receiver", "sender"] = Field(default="receiver", description="who recorded the requests")


@feed(
    name="websub",
    title="WebSub",
    formats="recorded WebSub requests (publish, content distribution), one a file, as they go over the wire",
    contributes="when a feed's update was announced to a hub, and passed on to a subscriber",
    patterns=("*.http", "*.request"),
    authority="observed",
    example="lineage load websub requests/ --set subscriber=our-ingest",
    settings=WebSubSettings,
)
def read(source: Source, settings: WebSubSettings) -> Iterator[Said]:
    """Every announcement that was recorded, as a HandoffEvent about the feed's show."""
    hubs: dict[str, Announcements] = {}
    yield from source.each(lambda document: _read_document(document, settings, hubs))


def _read_document(document: Document, settings: WebSubSettings, hubs: dict[str, Announcements]) -> Iterator[Said]:
    if (unreadable := binary(document)) is not None:
        yield unreadable
        return
    data = whole(document)
    line, end = _REQUEST.match(data), _END.search(data)
    if line is None or end is None:
        missing = "its first line is no request line" if line is None else "no empty line ends its headers"
        yield Reject(
            position=document.at("line 1"), reason=f"not a recorded request: {missing}", hint=_HINT, record=_start(data)
        )
        return
    headers = BytesHeaderParser().parsebytes(data[line.end() : end.end()])
    form = _form(headers, data[end.end() :])
    query = parse_qs(urlsplit(line["target"].decode("ascii", "replace")).query)
    if _SUBSCRIBING & {*form.get("hub.mode", ()), *(query.get("hub.mode", ()) if line["method"] == b"GET" else ())}:
        return
    links = _links(headers)
    to = headers.get("Host", "").partition(":")[0].strip().lower()
    if form.get("hub.mode") == ["publish"]:
        hub, subscriber, urls, word = settings.hub or to, None, form.get("hub.url") or form.get("hub.topic") or [], "publish"
    elif line["method"] == b"POST" and {"hub", "self"} <= set(links):
        hub, subscriber = settings.hub or _host(links["hub"]), settings.subscriber or to
        urls, word = [links["self"]], "content distribution"
    else:
        reason = "neither hub.mode=publish nor links to the hub and to the feed itself (rel=hub, rel=self)"
        yield Reject(position=document.at("headers"), reason=reason, hint=_HINT, record=_start(data))
        return
    if not hub or subscriber == "" or not urls:
        missing = "no feed (hub.url)" if not urls else "no Host"
        yield Reject(position=document.at("headers"), reason=f"the request names {missing}", hint=_HINT, record=_start(data))
        return
    when, odd = _date(headers, document)
    if odd is not None:
        yield odd
    announcements = hubs.setdefault(hub, Announcements(hub, hub, settings.route))
    received = settings.recorded_by == "receiver"
    for number, url in enumerate(urls):
        one = Announced(
            position=document.at(f"hub.url {number + 1}" if subscriber is None else "Link"),
            record=_start(data),
            id=f"sha256:{hashlib.sha256(data).hexdigest()}",
            url=url,
            time=when,
            offset="Z" if when else None,
            message=None,
            reason=word,
            type="received" if received else "sent",
            by=subscriber if received else hub if subscriber is not None else _host(url),
            on_to=subscriber,
        )
        yield from announcements.fact(one)


def _form(headers: Message, body: bytes) -> dict[str, list[str]]:
    if headers.get_content_type() != "application/x-www-form-urlencoded":
        return {}
    return parse_qs(body.decode("utf-8", "replace").strip(), max_num_fields=1000)


def _links(headers: Message) -> dict[str, str]:
    """Targets of the Link headers by relation (RFC 8288); several may stand in one header, or each in its own."""
    from requests.utils import parse_header_links

    found: dict[str, str] = {}
    for header in headers.get_all("Link", []):
        for link in parse_header_links(str(header)):
            for relation in link.get("rel", "").lower().split():
                found.setdefault(relation, link["url"])
    return found


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def _date(headers: Message, document: Document) -> tuple[datetime | None, Finding | None]:
    raw = headers.get("Date")
    if raw is None:
        return None, None
    try:
        moment = parsedate_to_datetime(str(raw))
        return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC), None
    except (ValueError, TypeError, OverflowError):
        detail = f"the Date {str(raw)!r:.60} cannot be read; the event is undated"
        return None, Finding(position=document.at("headers"), finding="bad-time", subject="Date", detail=detail)


def _start(data: bytes) -> str:
    return data[:500].decode("utf-8", "replace")
