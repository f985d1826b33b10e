"""What receivers say of what they get: receipts, acknowledgements, rejections; in whose log they stand, and which get lost."""

from __future__ import annotations

import math
from random import Random

from lineage.simulate.logs import Log
from lineage.simulate.network import MINUTE, NEVER, SECOND, Route

LOST_REPLIES = 0.002
"""Share of the replies that are lost one by one."""
WITH_ERRORS = 0.03
"""Share of the functional acknowledgements that accept with errors."""

REJECTIONS = {
    "http": (
        ("422", "schema validation failed: field 'territory' is required"),
        ("422", "schema validation failed: 'duration' must be an integer"),
        ("400", "unexpected element at line 1"),
    ),
    "mdn": (
        ("failed/failure: unsupported format", "content could not be processed"),
        ("processed/error: unexpected-processing-error", "content could not be processed"),
    ),
    "functional": (("997 R", "AK5*R*5: one or more segments in error"), ("999 R", "IK5*R*I5: implementation not supported")),
}


class Answers:
    """Writes what receivers say. ``told``: whether any log holds what was said last."""

    def __init__(self, logs: list[Log], routes: list[Route], random: Random) -> None:
        self._logs = logs
        self._draw = random
        self._random = random.random
        self._at_sender = [ends(route, route.sender.names_route) for route in routes]
        self._at_receiver = [ends(route, route.receiver.names_route) for route in routes]
        self.told = False

    def accept(self, route: Route, subject: str, message: str, arrives: int) -> bool:
        """The receiver takes a message. Returns whether the sender hears what it was promised to hear."""
        self.told = False
        if route.receiver_logs:
            event = "picked_up" if route.batch else "received"
            data = f'{self._at_receiver[route.index]},"message_id":"{message}"'
            self.told = self._logs[route.receiver.index].write(event, arrives, subject, data)
        if route.acknowledgement == "none":
            return True
        if self._lost(route, arrives):
            return False
        if route.acknowledgement == "http":
            code = "201" if self._random() < 0.3 else "200"
            return self._reply(
                route, "received", subject, message, arrives + int(20 + 700 * self._random()), f'"code":"{code}"'
            )
        if route.acknowledgement == "mdn":
            at = self._up(route, arrives + int(self._draw.expovariate(1 / 60) * SECOND))
            return self._reply(route, "received", subject, message, at, '"code":"processed","detail":"MDN"')
        at = self._up(route, arrives + self._thinking(90))
        if self._random() < WITH_ERRORS:
            return self._reply(route, "accepted_with_errors", subject, message, at, '"code":"997 E"')
        return self._reply(route, "accepted", subject, message, at, '"code":"997 A"')

    def reject(self, route: Route, subject: str, message: str, arrives: int, variant: int) -> bool:
        """The receiver rejects a message. Returns whether the sender hears of it."""
        self.told = False
        if self._lost(route, arrives):
            return False
        sayings = REJECTIONS[route.acknowledgement]
        code, detail = sayings[variant % len(sayings)]
        waits = {"http": int(20 + 700 * self._random()), "mdn": MINUTE, "functional": self._thinking(30)}
        at = arrives + waits[route.acknowledgement]
        return self._reply(route, "rejected", subject, message, at, f'"code":"{code}","detail":"{detail}"')

    def publish(self, route: Route, subject: str, message: str, arrives: int) -> bool:
        """The receiver makes public what it got, and says so in its own log. Returns whether the log holds it."""
        at = self._up(route, arrives + self._thinking(20))
        data = f'{self._at_receiver[route.index]},"in_reply_to":"{message}"'
        return self._logs[route.receiver.index].write("published", at, subject, data)

    def _reply(self, route: Route, event: str, subject: str, message: str, at: int, said: str) -> bool:
        reporter = route.receiver if route.reply_at_receiver else route.sender
        known = self._at_receiver if route.reply_at_receiver else self._at_sender
        data = f'"in_reply_to":"{message}",{said}'
        if route.bare_reply:
            subject = ""
        else:
            data = f"{known[route.index]},{data}"
        self.told |= self._logs[reporter.index].write(event, at, subject, data)
        # The sender hears it whether or not its log is kept.
        return at < NEVER

    def _lost(self, route: Route, arrives: int) -> bool:
        for start, end, fault in route.lost_replies:
            if start <= arrives < end and self._random() < fault.rate:
                return True
        return self._random() < LOST_REPLIES

    def _thinking(self, minutes: int) -> int:
        """Between half a minute and this many minutes, short ones more often."""
        return int(math.exp(self._draw.uniform(math.log(0.5), math.log(minutes))) * MINUTE)

    def _up(self, route: Route, time: int) -> int:
        """The first moment from then on at which the receiver can say something."""
        for start, end, _ in route.receiver.outages:
            if start <= time < end:
                return end + 5 * SECOND
        return time


def ends(route: Route, names_route: bool) -> str:
    """How a log names the route: both ends, and the route's id where it does that, or where both ends would not tell."""
    both = f'"from":"{route.sender.id}","to":"{route.receiver.id}"'
    return f'"route":"{route.id}",{both}' if names_route or route.named else both
