"""Announcements that a podcast's feed has changed: the show by its feed's address, from its host to a network or hub, and on from there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from lineage.facts import HandoffEvent, Partner, System
from loaders._enclosure import host_of
from loaders._rss import feed_guid, normal_feed_url
from loaders.base import Reject, Said, UnusableError, make, shown

MAX_URL = 1200
_HINT = "an announcement names the feed by its http(s) address"


@dataclass(frozen=True)
class Announced:
    """One announcement of one feed. ``id``: its own within the network, without the feed's address.

    ``by``: who says so, the network if None; ``on_to``: the system that the network passed it on to, if it did.
    """

    position: str
    record: Any
    id: str
    url: str
    time: datetime | None
    offset: str | None
    message: str | None
    reason: str | None
    detail: str | None = None
    type: Literal["sent", "received"] = "received"
    by: str | None = None
    on_to: str | None = None


@dataclass
class Announcements:
    """Makes announcements facts; a host that many share is said once. ``route``: None joins them by their two ends."""

    network: str
    name: str
    route: str | None
    said: set[str] = field(default_factory=set)

    def fact(self, one: Announced) -> Iterator[Said]:
        """The evidence, under the network's own word for what has happened, and the systems that it names."""
        host = host_of(one.url, feed=True) if len(one.url) <= MAX_URL else None
        if host is None:
            reason = f"not the address of a feed: {one.url[:120]!r}"
            yield Reject(position=one.position, reason=reason, hint=_HINT, record=shown(one.record))
            return
        yield from self._system(one.position, self.network, name=self.name, kind="notification")
        if one.on_to is not None:
            yield from self._system(one.position, one.on_to)
        elif host.partner is not None and host.system not in self.said:
            yield make(Partner, one.position, None, id=host.partner, name=host.partner_name, zone=host.zone)
        if one.on_to is None:
            yield from self._system(one.position, host.system, name=host.name, partner=host.partner, kind=host.kind)
        address = normal_feed_url(one.url)
        yield make(
            HandoffEvent,
            one.position,
            shown(one.record),
            id=f"{one.id}:{address}",
            source=f"urn:lineage:system:{one.by or self.network}",
            type=one.type,
            raw_type=one.reason,
            time=one.time,
            offset=one.offset,
            # By the id that the feed itself gives its show, unless it declares a podcast:guid of its own; the address merges them.
            item=f"show:{feed_guid(one.url)}",
            identifiers=(f"rss:feed:{address}",),
            route=self.route,
            message_id=one.message,
            detail=one.detail,
            **{"from": self.network if one.on_to else host.system, "to": one.on_to or self.network},
        )

    def _system(self, position: str, id_: str, **values: Any) -> Iterator[Said]:
        if id_ not in self.said:
            self.said.add(id_)
            yield make(System, position, None, id=id_, **values)


def address_of(value: Any) -> str:
    """An address as text. Raises UnusableError for what is none."""
    if not isinstance(value, str) or not value.strip():
        raise UnusableError(f"not the address of a feed: {shown(value)!r:.80}", _HINT)
    return value.strip()
