"""The partner network of a simulation: systems, routes between them, and how each of them behaves.

Six flows: episodes and ads towards Spotify, playlists and licences from Spotify to players, store updates and reports back.
Times are milliseconds since the start of the simulation, durations milliseconds, unless a name says otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lineage.simulate.faults import Fault

SECOND = 1000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
NEVER = 1 << 60

Window = tuple[int, int, "Fault"]
"""From, until (not included), and what is wrong then."""


@dataclass(slots=True, eq=False)
class System:
    """A system and the habits of its log.

    ``skew``: how far its clock is ahead; ``names_route``: its log names the route, not only both ends; ``logs_queue``: also
    what waits to be sent; ``logs_attempts``: also attempts that fail at once; ``preparation``: mean time from having an
    item to sending it. ``outages``: when it is down; ``gaps``: when its own log is lost.
    """

    index: int
    id: str
    name: str
    partner: str
    zone: str
    kind: str
    skew: int
    names_route: bool
    logs_queue: bool
    logs_attempts: bool
    preparation: int
    outages: list[Window] = field(default_factory=list)
    gaps: list[tuple[int, int]] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class Route:
    """A route: what is agreed (as in the registry), and what its two ends do.

    ``retries``: delays before another attempt after a failure; ``same_message``: a retry keeps its message id; ``resends``: how
    often a message that nobody acknowledged is sent again; ``retries_refusals``, ``retries_rejections``: also after 401 or 422;
    ``times_out``: the sender waits for the reply and logs that none came; ``receiver_logs``: the receiver's own log tells too;
    ``reply_at_receiver``: the acknowledgement is in the receiver's log, not in the sender's; ``bare_reply``: it names only the
    message; ``publishes``: the receiver says so when it makes the item public. The lists hold the faults that touch this route.
    """

    index: int
    id: str
    sender: System
    receiver: System
    dataset: str
    kind: str
    starts: bool
    explicit_after: bool
    listed: bool
    deliver_within: int | None
    acknowledgement: str
    acknowledge_within: int
    batch: bool
    transit: int
    retries: tuple[int, ...]
    same_message: bool
    resends: int
    retries_refusals: bool
    retries_rejections: bool
    times_out: bool
    receiver_logs: bool
    reply_at_receiver: bool
    bare_reply: bool
    publishes: bool
    named: bool = True
    onward: list[Route] = field(default_factory=list)
    stops: list[Window] = field(default_factory=list)
    refusals: list[Window] = field(default_factory=list)
    silences: list[Window] = field(default_factory=list)
    unauthorised: list[Window] = field(default_factory=list)
    rejections: list[Window] = field(default_factory=list)
    lost_replies: list[Window] = field(default_factory=list)

    @property
    def noticed(self) -> bool:
        """Whether anybody could see that an item did not arrive here: a reply is owed, or it should have gone on."""
        return self.acknowledgement != "none" or bool(self.onward)


@dataclass(slots=True)
class Partner:
    """A company, its zone and whom to ask."""

    id: str
    name: str
    zone: str
    kind: str


@dataclass(slots=True)
class Network:
    """Everything that is declared. ``origins``: by kind the systems where items begin, each with its share of them."""

    partners: dict[str, Partner]
    systems: list[System]
    routes: list[Route]
    origins: dict[str, list[tuple[System, float]]]
    shares: dict[str, float]

    def starting(self, origin: System, kind: str) -> list[Route]:
        """The first routes of an item of this kind from this origin."""
        return [route for route in self.routes if route.starts and route.sender is origin and route.kind == kind]

    def link(self) -> None:
        """Work out what follows what, and where both ends alone would not tell the route."""
        pairs: dict[tuple[str, str], int] = {}
        for route in self.routes:
            pair = (route.sender.id, route.receiver.id)
            pairs[pair] = pairs.get(pair, 0) + 1
            route.onward = [
                other
                for other in self.routes
                if other.sender is route.receiver and other.kind == route.kind and not other.starts
            ]
        for route in self.routes:
            route.named = pairs[route.sender.id, route.receiver.id] > 1
