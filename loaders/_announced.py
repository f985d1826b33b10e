"""Announcements that a podcast's feed has changed: the show by its feed's address, from its host to the network that tells others."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from lineage.facts import HandoffEvent, Partner, System
from loaders._enclosure import host_of
from loaders._rss import feed_guid, normal_feed_url
from loaders.base import Reject, Said, UnusableError, make, shown

MAX_URL = 1200
_HINT = "an announcement names the feed by its http(s) address"


@dataclass(frozen=True)
class Announced:
    """One announcement of one feed. ``id``: its own within the network, without the feed's address."""

    position: str
    record: Any
    id: str
    url: str
    time: datetime | None
    offset: str | None
    message: str | None
    reason: str | None
    detail: str | None = None


@dataclass
class Announcements:
    """Makes announcements facts; a host that many share is said once. ``route``: None joins them by their two ends."""

    network: str
    name: str
    route: str | None
    said: set[str] = field(default_factory=set)

    def fact(self, one: Announced) -> Iterator[Said]:
        """The network has it: ``received``, under the network's own word for what has happened."""
        host = host_of(one.url, feed=True) if len(one.url) <= MAX_URL else None
        if host is None:
            reason = f"not the address of a feed: {one.url[:120]!r}"
            yield Reject(position=one.position, reason=reason, hint=_HINT, record=shown(one.record))
            return
        if self.network not in self.said:
            self.said.add(self.network)
            yield make(System, one.position, None, id=self.network, name=self.name, kind="notification")
        if host.system not in self.said:
            self.said.add(host.system)
            if host.partner is not None:
                yield make(Partner, one.position, None, id=host.partner, name=host.partner_name, zone=host.zone)
            yield make(System, one.position, None, id=host.system, name=host.name, partner=host.partner, kind=host.kind)
        address = normal_feed_url(one.url)
        yield make(
            HandoffEvent,
            one.position,
            shown(one.record),
            id=f"{one.id}:{address}",
            source=f"urn:lineage:system:{self.network}",
            type="received",
            raw_type=one.reason,
            time=one.time,
            offset=one.offset,
            # By the id that the feed itself gives its show, unless it declares a podcast:guid of its own; the address merges them.
            item=f"show:{feed_guid(one.url)}",
            identifiers=(f"rss:feed:{address}",),
            route=self.route,
            message_id=one.message,
            detail=one.detail,
            **{"from": host.system, "to": self.network},
        )


def address_of(value: Any) -> str:
    """An address as text. Raises UnusableError for what is none."""
    if not isinstance(value, str) or not value.strip():
        raise UnusableError(f"not the address of a feed: {shown(value)!r:.80}", _HINT)
    return value.strip()
