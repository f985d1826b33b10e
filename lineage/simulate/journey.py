"""The physics: how one item travels through the network, hop by hop, what stops it, and what the logs hold of it.

A hop is simulated by itself: when the sender is ready, whether it can send, what the receiver does at that moment, when it is
tried again. Nothing here knows what an observer would make of the logs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from lineage.simulate.answers import Answers, ends
from lineage.simulate.faults import SAYINGS, SILENT, Fault
from lineage.simulate.logs import Log
from lineage.simulate.network import HOUR, MINUTE, NEVER, SECOND, Network, Route, System, Window
from lineage.simulate.traffic import Hit, Missing, Traffic

BATCH = 15 * MINUTE
MALFORMED_SHARE = 0.0015
GLITCHES = 0.004
"""Share of the first attempts that fail by chance and succeed a moment later."""
CONNECT, REPLY = 10 * SECOND, 30 * SECOND
"""How long senders wait for a connection, and for a reply."""
UNREACHED = -1


@dataclass(slots=True)
class Item:
    """An item with the listed routes that it is expected on."""

    id: str
    kind: str
    started: int
    listed: frozenset[int]
    subject: str


@dataclass(slots=True)
class Outcome:
    """What became of an item: handoffs that are missing, and such as may still come in time."""

    missing: list[Missing] = field(default_factory=list)
    pending: list[Route] = field(default_factory=list)


@dataclass(slots=True)
class _Hop:
    """One hop while it is tried. ``logged``: the sender's log shows that it had the item."""

    route: Route
    item: Item
    had_at: int
    witnessed: bool
    hits: list[Hit] = field(default_factory=list)
    stop: Fault | None = None
    blurred: bool = False
    malformed: Fault | None = None
    logged: bool = False
    attempts: int = 0
    message: str = ""


class Journeys:
    """Sends items on their way. ``until``: when the logs are collected."""

    def __init__(
        self,
        network: Network,
        logs: list[Log],
        traffic: Traffic,
        random: Random,
        until: int,
        malformed: Callable[[Item, Route, int], Fault],
    ) -> None:
        self._logs = logs
        self._traffic = traffic
        self._draw = random
        self._random = random.random
        self._until = until
        self._malformed = malformed
        self._answers = Answers(logs, network.routes, random)
        self._messages = [0] * len(network.routes)
        self._ends = [ends(route, route.sender.names_route) for route in network.routes]
        self._queues = [route.starts or route.sender.logs_queue for route in network.routes]

    def travel(self, item: Item, starts: list[Route]) -> Outcome:
        """Let an item travel from its origin until it is everywhere, stuck, or the time is up."""
        outcome = Outcome()
        started = self._begun(starts[0].sender, item.started)
        todo: list[tuple[Route, int, bool, Route | None]] = [
            (route, started, False, None) for route in starts if not route.listed or route.index in item.listed
        ]
        while todo:
            route, had_at, witnessed, came_by = todo.pop()
            hop = _Hop(route, item, had_at, witnessed)
            arrived, seen = self._hop(hop)
            if came_by is not None and hop.logged and not witnessed:
                # Nobody said that it came, and it went on from there.
                self._traffic.through[came_by.index].append(had_at // SECOND)
            if arrived == UNREACHED:
                self._note(hop, outcome)
                continue
            for onward in route.onward:
                if not onward.listed or onward.index in item.listed:
                    todo.append((onward, arrived, seen, route))
        return outcome

    def _begun(self, origin: System, time: int) -> int:
        """When the item comes into being: not while its origin is down; if that never ends, at some time before."""
        for start, end, _ in origin.outages:
            if start <= time < end:
                return int(start * self._random()) if end >= NEVER else end + int(self._random() * HOUR)
        return time

    def _note(self, hop: _Hop, outcome: Outcome) -> None:
        route = hop.route
        fault = hop.stop or (hop.hits[-1].fault if hop.hits else None)
        due = route.deliver_within
        if fault is None or due is None or hop.had_at + due > self._until:
            outcome.pending.append(route)
            return
        # What stopped earlier attempts, or would have stopped the last one as well, explains the failure too.
        ambiguous = hop.blurred or any(hit.fault.system is not fault.system for hit in hop.hits)
        outcome.missing.append(Missing(route, fault, hop.had_at, hop.witnessed, ambiguous, hop.stop is None, hop.hits))

    def _hop(self, hop: _Hop) -> tuple[int, bool]:
        """When the item is at the receiver, and whether a log shows it there; UNREACHED if it never is."""
        route = hop.route
        log = self._logs[route.sender.index]
        if self._queues[route.index]:
            hop.logged = log.write("queued", hop.had_at, hop.item.subject, self._ends[route.index])
            hop.witnessed |= hop.logged
        ready = hop.had_at + int(self._draw.expovariate(1) * route.sender.preparation * SECOND) // SECOND + 500
        malformed = route.acknowledgement != "none" and self._random() < MALFORMED_SHARE
        time: int | None = ready
        while time is not None:
            if route.batch:
                time = (time // BATCH + 1) * BATCH + int(self._random() * 40 * SECOND)
            if route.stops and (stop := _during(route.stops, time)) is not None:
                hop.stop = stop[2]
                if stop[2].keeps or stop[1] >= NEVER:
                    return UNREACHED, False
                time = stop[1] + int(self._random() * 20 * MINUTE)
                continue
            if time > self._until:
                return UNREACHED, False
            hop.stop = None
            hop.attempts += 1
            if not hop.message or not route.same_message:
                self._messages[route.index] += 1
                hop.message = _message(route, self._messages[route.index])
            arrives = time + int((0.3 + self._random()) * route.transit)
            tried = self._attempt(hop, time, arrives, malformed)
            if tried is None:
                if arrives > self._until:
                    return UNREACHED, False
                return arrives, self._arrive(hop, arrives)
            time = self._again(hop, time, tried)
        return UNREACHED, False

    def _again(self, hop: _Hop, time: int, tried: str) -> int | None:
        """When the sender tries again, None if it gives up."""
        route, number = hop.route, hop.attempts - 1
        if tried == "unheard":
            return time + route.acknowledge_within + MINUTE if number < route.resends else None
        if number >= len(route.retries):
            return None
        if (tried == "unauthorised" and not route.retries_refusals) or (tried == "rejected" and not route.retries_rejections):
            return None
        return time + int(route.retries[number] * (0.9 + 0.2 * self._random()))

    def _attempt(self, hop: _Hop, time: int, arrives: int, malformed: bool) -> str | None:
        """One attempt: None if the receiver takes the item, else how it failed."""
        route = hop.route
        if route.refusals and (down := _during(route.refusals, arrives)) is not None:
            code = down[2].code if self._random() < 0.85 else "ETIMEDOUT"
            self._fail(hop, time, arrives, down[2], code)
            return "refused"
        if route.silences and (down := _during(route.silences, arrives)) is not None:
            return self._vanish(hop, time, arrives, down[2])
        if route.unauthorised and (barred := _all_during(route.unauthorised, arrives)):
            self._fail(hop, time, arrives, barred[-1], barred[-1].code)
            hop.blurred |= len({fault.system for fault in barred}) > 1
            return "unauthorised"
        changed = _all_during(route.rejections, arrives) if route.rejections else []
        if malformed or changed:
            if malformed and hop.malformed is None:
                hop.malformed = self._malformed(hop.item, route, arrives)
            faults = changed if hop.malformed is None else [*changed, hop.malformed]
            hop.blurred |= len(faults) > 1 and len({fault.system for fault in faults}) > 1
            self._send(hop, time)
            heard = self._answers.reject(route, hop.item.subject, hop.message, arrives, faults[-1].variant)
            self._hit(hop, Hit(faults[-1], arrives, self._answers.told))
            return "rejected" if heard else "unheard"
        if hop.attempts == 1 and self._random() < GLITCHES:
            self._glitch(hop, time)
            return "refused"
        self._send(hop, time)
        return None

    def _send(self, hop: _Hop, time: int) -> bool:
        data = f'{self._ends[hop.route.index]},"message_id":"{hop.message}"'
        told = self._logs[hop.route.sender.index].write("sent", time, hop.item.subject, data)
        hop.logged |= told
        return told

    def _failed(self, hop: _Hop, time: int, code: str, detail: str) -> bool:
        data = f'{self._ends[hop.route.index]},"message_id":"{hop.message}","code":"{code}","detail":"{detail}"'
        return self._logs[hop.route.sender.index].write("failed", time, hop.item.subject, data)

    def _fail(self, hop: _Hop, time: int, arrives: int, fault: Fault, code: str) -> None:
        if hop.route.sender.logs_attempts:
            self._send(hop, time)
        waited = CONNECT if code == "ETIMEDOUT" else int(50 + 300 * self._random())
        told = self._failed(hop, time + waited, code, SAYINGS[code])
        self._hit(hop, Hit(fault, arrives, told, answered=code in {"503", "ECONNREFUSED"}))

    def _glitch(self, hop: _Hop, time: int) -> None:
        code, detail = self._draw.choice(
            (("ECONNRESET", "socket hang up"), ("ETIMEDOUT", SAYINGS["ETIMEDOUT"]), ("503", SAYINGS["503"]))
        )
        hop.blurred = True
        self._failed(hop, time + (CONNECT if code == "ETIMEDOUT" else 200), code, detail)

    def _vanish(self, hop: _Hop, time: int, arrives: int, fault: Fault) -> str:
        told = self._send(hop, time)
        if hop.route.times_out:
            self._failed(hop, time + REPLY, "ETIMEDOUT", "no reply within 30 s")
        self._hit(hop, Hit(fault, arrives, told))
        return "refused" if hop.route.times_out else "unheard"

    def _hit(self, hop: _Hop, hit: Hit) -> None:
        hop.hits.append(hit)
        if hit.told and (hop.route.noticed or hit.fault.cause != SILENT):
            self._traffic.stop(hop.route, hit)

    def _arrive(self, hop: _Hop, arrives: int) -> bool:
        """What is said of an arrival: true if any log shows it. A sender that hears nothing may send again."""
        route = hop.route
        answers = self._answers
        replied = answers.accept(route, hop.item.subject, hop.message, arrives)
        seen = answers.told
        if route.publishes:
            seen |= answers.publish(route, hop.item.subject, hop.message, arrives)
        sent_again = 0
        time = arrives
        while not replied and sent_again < (len(route.retries) if route.times_out else route.resends):
            if route.times_out:
                self._failed(hop, time + REPLY, "ETIMEDOUT", "no reply within 30 s")
                time += REPLY + route.retries[sent_again]
            else:
                time += route.acknowledge_within + MINUTE
            sent_again += 1
            if time > self._until or not _quiet(route, time):
                break
            if not route.same_message:
                self._messages[route.index] += 1
                hop.message = _message(route, self._messages[route.index])
            self._send(hop, time)
            replied = answers.accept(route, hop.item.subject, hop.message, time + route.transit)
            seen |= answers.told
        if not replied and route.times_out and time <= self._until and sent_again == len(route.retries):
            self._failed(hop, time + REPLY, "ETIMEDOUT", "no reply within 30 s")
        if seen:
            self._traffic.through[route.index].append(arrives // SECOND)
        return seen


def _during(windows: list[Window], time: int) -> Window | None:
    for window in windows:
        if window[0] <= time < window[1]:
            return window
    return None


def _all_during(windows: list[Window], time: int) -> list[Fault]:
    return [fault for start, end, fault in windows if start <= time < end]


def _quiet(route: Route, time: int) -> bool:
    """Whether no fault but lost replies touches this route at a time."""
    return not any(
        _during(windows, time)
        for windows in (route.stops, route.refusals, route.silences, route.unauthorised, route.rejections)
    )


def _message(route: Route, number: int) -> str:
    if route.acknowledgement == "functional":
        return f"{route.index:03}{number:07}"
    if route.acknowledgement == "mdn":
        return f"as2-{number}.{route.index}@{route.sender.partner}.example"
    return f"req-{route.index:x}-{number:06x}"
