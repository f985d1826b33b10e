"""The faults of a simulation: what goes wrong, where, and from when until when."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from lineage.simulate.network import NEVER, Network, Route, System

REFUSING = "receiver-refusing"
SILENT = "receiver-silent"
STUCK = "sender-stuck"
CREDENTIALS = "credentials-expired"
AUTHENTICATION = "authentication-changed"
CONTRACT = "contract-changed"
MALFORMED = "malformed-document"
LOST_REPLIES = "lost-acknowledgements"
LOST_LOGS = "lost-logs"
CAUSES = (REFUSING, SILENT, STUCK, CREDENTIALS, AUTHENTICATION, CONTRACT, MALFORMED, LOST_REPLIES, LOST_LOGS)

SAYINGS = {
    "ECONNREFUSED": "connect ECONNREFUSED",
    "503": "Service Unavailable",
    "ETIMEDOUT": "connect timed out after 10 s",
    "401": "Unauthorized",
    "403": "Forbidden",
    "535": "5.7.8 authentication credentials invalid",
    "certificate expired": "tls: alert certificate expired",
    "422": "Unprocessable Entity",
}
"""What goes with a code in a log."""


@dataclass(slots=True, eq=False)
class Fault:
    """One fault. ``system`` is at fault; the times are the world's, not those of anybody's clock.

    ``sender``, ``receiver``, ``route``, ``kind``: what it is limited to. ``code``: what the other side gets to see.
    ``keeps``: what was in the system's hands in that time never goes on. ``rate``: share of replies that is lost.
    ``variant``: which of its error messages the receiver gives. ``fixed``: when each sender has the new credentials after the
    receiver changed its authentication.
    """

    id: str
    cause: str
    system: System
    start: int
    end: int
    sender: System | None = None
    receiver: System | None = None
    route: Route | None = None
    kind: str | None = None
    code: str = ""
    keeps: bool = False
    rate: float = 1.0
    variant: int = 0
    fixed: dict[int, int] = field(default_factory=dict)

    def touched(self, network: Network) -> list[Route]:
        """The routes on which it keeps items, or replies, from getting through."""
        return [route for route in network.routes if self._touches(route)]

    def _touches(self, route: Route) -> bool:
        if self.route is not None:
            return route is self.route
        if self.kind is not None and route.kind != self.kind:
            return False
        if self.cause == LOST_LOGS:
            return False
        if self.cause == STUCK:
            return route.sender is self.system
        if self.cause == CREDENTIALS:
            return route.sender is self.sender and self.receiver in (None, route.receiver)
        return route.receiver is self.system

    def attach(self, network: Network) -> None:
        """Note on systems and routes what this fault does to them."""
        if self.cause == LOST_LOGS:
            self.system.gaps.append((self.start, self.end))
        if self.cause in {REFUSING, SILENT}:
            self.system.outages.append((self.start, self.end, self))
            for route in network.routes:
                if route.sender is self.system:
                    route.stops.append((self.start, self.end, self))
        for route in self.touched(network):
            end = self.fixed.get(route.sender.index, self.end)
            effects = {
                REFUSING: route.refusals,
                SILENT: route.silences,
                STUCK: route.stops,
                CREDENTIALS: route.unauthorised,
                AUTHENTICATION: route.unauthorised,
                CONTRACT: route.rejections,
                LOST_REPLIES: route.lost_replies,
            }
            effects[self.cause].append((self.start, end, self))

    def as_json(self, stamp: Any) -> dict[str, Any]:
        """One line of faults.jsonl; ``stamp`` turns a time into text. ``to`` is null while it lasts."""
        line: dict[str, Any] = {"fault": self.id, "cause": self.cause, "system": self.system.id, "zone": self.system.zone}
        for name in ("sender", "receiver", "route"):
            if (one := getattr(self, name)) is not None:
                line[name] = one.id
        if self.kind is not None:
            line["kind"] = self.kind
        if self.cause == LOST_REPLIES:
            line["rate"] = round(self.rate, 2)
        return {**line, "from": stamp(self.start), "to": None if self.end >= NEVER else stamp(self.end)}
