"""What traffic shows around a failure, and so whether it can be told who is at fault.

The reasoning stands in the docstring of ``lineage.simulate``. Times are kept as seconds in compact arrays: one of what got
through on each route, one of what each fault stopped.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field

from lineage.simulate.faults import AUTHENTICATION, CONTRACT, CREDENTIALS, MALFORMED, REFUSING, SILENT, STUCK, Fault
from lineage.simulate.network import HOUR, SECOND, Network, Route

CLOSE = 6 * HOUR // SECOND
UNTOLD_AFTER = 6 * HOUR
"""How long a stuck sender's log must be whole for its silence to mean something, on a route without deadline."""


@dataclass(slots=True)
class Hit:
    """One attempt that a fault stopped. ``told``: the log holds it; ``answered``: the receiver's own endpoint said no."""

    fault: Fault
    time: int
    told: bool
    answered: bool = False


@dataclass(slots=True)
class Missing:
    """A handoff that did not happen. ``had_at``: since when the sender has the item; ``witnessed``: a log shows that it does.

    ``ambiguous``: something else would explain the same failure just as well.
    """

    route: Route
    fault: Fault
    had_at: int
    witnessed: bool
    ambiguous: bool
    attempted: bool
    hits: list[Hit] = field(default_factory=list)


class Traffic:
    """What got through, and what did not, as far as logs show it.

    ``_stopped``: by fault and route; ``_answered``: of these, by fault, when the receiver's own endpoint said no; ``_let_in``: by
    route, documents that were rejected, which is past the lock.
    """

    def __init__(self, network: Network, noted: Sequence[array[int]]) -> None:
        """``noted``: the times of the lines of each system's log, in seconds, by its index."""
        self._network = network
        self._noted = noted
        self.through = [array("i") for _ in network.routes]
        self._stopped: dict[str, dict[int, array[int]]] = {}
        self._answered: dict[str, array[int]] = {}
        self._let_in = [array("i") for _ in network.routes]

    def stop(self, route: Route, hit: Hit) -> None:
        """Note a failed attempt that a log shows."""
        if hit.fault.cause in {CONTRACT, MALFORMED}:
            self._let_in[route.index].append(hit.time // SECOND)
        if hit.answered:
            self._answered.setdefault(hit.fault.id, array("i")).append(hit.time // SECOND)
        routes = self._stopped.setdefault(hit.fault.id, {})
        if route.index not in routes:
            routes[route.index] = array("i")
        routes[route.index].append(hit.time // SECOND)

    def settle(self) -> None:
        """Sort what was noted; call once, before anything is asked."""
        self._noted = [array("i", sorted(times)) for times in self._noted]
        self.through = [array("i", sorted(times)) for times in self.through]
        self._let_in = [array("i", sorted(times)) for times in self._let_in]
        self._answered = {id_: array("i", sorted(times)) for id_, times in self._answered.items()}
        for routes in self._stopped.values():
            for index, times in routes.items():
                routes[index] = array("i", sorted(times))

    def decidable(self, missing: Missing) -> bool:
        """Whether somebody who sees all logs can tell who is at fault."""
        fault, route = missing.fault, missing.route
        if missing.ambiguous:
            return False
        if not missing.attempted or fault.cause == STUCK:
            return missing.witnessed and self._whole_log(missing) and (fault.cause != STUCK or self._noted_meanwhile(missing))
        told = [hit for hit in missing.hits if hit.told and hit.fault is fault]
        if not told:
            return False
        times = [hit.time // SECOND for hit in told]
        if fault.cause == REFUSING:
            answered = self._answered.get(fault.id, array("i"))
            return (
                _near(answered, times)
                or self._others_stopped(fault, route, times)
                or self._through_elsewhere(fault, route, times)
            )
        if fault.cause == SILENT:
            return route.noticed and self._others_stopped(fault, route, times)
        if fault.cause in {AUTHENTICATION, CONTRACT}:
            return self._others_stopped(fault, route, times)
        if fault.cause == CREDENTIALS:
            return self._refused_elsewhere(fault, route, times) or self._others_through(route, times, fault)
        if fault.cause == MALFORMED:
            same = [r for r in self._network.routes if r.receiver is route.receiver and r.kind == route.kind]
            return any(_near(self.through[r.index], times) for r in same)
        return False

    def _whole_log(self, missing: Missing) -> bool:
        until = missing.had_at + (missing.route.deliver_within or UNTOLD_AFTER)
        return all(end <= missing.had_at or start >= until for start, end in missing.route.sender.gaps)

    def _noted_meanwhile(self, missing: Missing) -> bool:
        noted = self._noted[missing.route.sender.index]
        place = bisect_right(noted, missing.had_at // SECOND + 1)
        return place < len(noted) and noted[place] * SECOND < missing.fault.end

    def _others_stopped(self, fault: Fault, route: Route, times: list[int]) -> bool:
        stopped = self._stopped.get(fault.id, {})
        return any(
            self._network.routes[index].sender is not route.sender and _near(array_, times)
            for index, array_ in sorted(stopped.items())
        )

    def _refused_elsewhere(self, fault: Fault, route: Route, times: list[int]) -> bool:
        stopped = self._stopped.get(fault.id, {})
        return any(
            self._network.routes[index].receiver is not route.receiver and _near(array_, times)
            for index, array_ in sorted(stopped.items())
        )

    def _through_elsewhere(self, fault: Fault, route: Route, times: list[int]) -> bool:
        out = [r for r in self._network.routes if r.sender is route.sender and r.receiver is not route.receiver]
        return any(_near(self.through[r.index], times, during=fault) for r in out)

    def _others_through(self, route: Route, times: list[int], fault: Fault) -> bool:
        others = [r for r in self._network.routes if r.receiver is route.receiver and r.sender is not route.sender]
        return any(_near(one[r.index], times, during=fault) for r in others for one in (self.through, self._let_in))


def _near(noted: array[int], times: list[int], *, during: Fault | None = None) -> bool:
    """Whether something was noted close to one of the times (and during a fault)."""
    for time in times:
        first, last = time - CLOSE, time + CLOSE
        if during is not None:
            first, last = max(first, during.start // SECOND), min(last, during.end // SECOND)
        place = bisect_left(noted, first)
        if place < len(noted) and noted[place] <= last:
            return True
    return False
