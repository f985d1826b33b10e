"""When and where faults happen: drawn so that each cause touches about the same share of the traffic, on dense routes and sparse."""

from __future__ import annotations

import math
from collections.abc import Sequence
from random import Random

from lineage.simulate.faults import (
    AUTHENTICATION,
    CONTRACT,
    CREDENTIALS,
    LOST_LOGS,
    LOST_REPLIES,
    REFUSING,
    SILENT,
    STUCK,
    Fault,
)
from lineage.simulate.network import DAY, MINUTE, NEVER, Network, Route, System

SHORTEST, LONGEST = 20 * MINUTE, 2 * DAY
FEWEST = 3
FORTNIGHT = 14 * DAY
# Share of the items that meet the cause; retries heal a part of them.
SHARE = {
    REFUSING: 0.02,
    SILENT: 0.008,
    STUCK: 0.007,
    CREDENTIALS: 0.008,
    AUTHENTICATION: 0.008,
    CONTRACT: 0.008,
    LOST_REPLIES: 0.03,
    LOST_LOGS: 0.03,
}
OPEN_END, NEIGHBOURS = 0.12, 0.3
SEVERAL = 0.6
"""Share of the faults of receivers that are put where several senders would notice."""


def schedule(network: Network, traffic: Sequence[float], span: int, random: Random) -> list[Fault]:
    """All scheduled faults, attached to the network. ``traffic``: share of the items on each route; ``span``: of the items."""
    return _Scheduler(network, traffic, span, random).draw()


class _Scheduler:
    def __init__(self, network: Network, traffic: Sequence[float], span: int, random: Random) -> None:
        self._network = network
        self._traffic = traffic
        self._span = span
        self._random = random
        self._faults: list[Fault] = []
        self._senders = [s for s in network.systems if any(r.sender is s for r in network.routes)]
        self._receivers = [s for s in network.systems if any(r.receiver is s for r in network.routes)]
        contracts = {(r.receiver.index, r.kind): r.receiver for r in network.routes}
        # A receiver that never says anything rejects nothing either.
        mute = {(r.receiver.index, r.kind) for r in network.routes if r.acknowledgement == "none"}
        self._contracts = [(system, key[1]) for key, system in contracts.items() if key not in mute]
        self._shared = [s for s in self._receivers if len({r.sender.index for r in network.routes if r.receiver is s}) > 1]
        self._shared_contracts = [
            (system, kind)
            for system, kind in self._contracts
            if sum(r.receiver is system and r.kind == kind for r in network.routes) > 1
        ]
        self._answered = [r for r in network.routes if r.acknowledgement != "none"]

    def draw(self) -> list[Fault]:
        most = (FEWEST + len(self._network.systems) // 6) * max(1, self._span // FORTNIGHT)
        for cause, share in SHARE.items():
            met = 0.0
            for number in range(most):
                if number >= FEWEST and met >= share:
                    break
                fault = self._add(cause, self._place(cause, None))
                met += self._limit(fault, share)
                if self._random.random() < NEIGHBOURS:
                    self._beside(fault)
        for fault in self._faults:
            fault.attach(self._network)
        return self._faults

    def _limit(self, fault: Fault, share: float) -> float:
        """Choose its time; a fault on the busiest routes is noticed, and mended sooner. Returns the share of items it meets."""
        flow = self._flow(fault)
        random = self._random
        lasts = math.exp(random.uniform(math.log(SHORTEST), math.log(LONGEST)))
        lasts = self._bounded(lasts, share, flow)
        if random.random() < OPEN_END:
            fault.start, fault.end = self._span - lasts, NEVER
        else:
            fault.start = random.randrange(0, self._span - lasts)
            fault.end = fault.start + lasts
        self._fix(fault, lasts)
        return flow * lasts / self._span

    def _bounded(self, lasts: float, share: float, flow: float) -> int:
        longest = 0.4 * share * self._span / flow if flow else LONGEST
        return int(max(SHORTEST, min(lasts, longest)))

    def _beside(self, fault: Fault) -> None:
        """A second fault at the same time: at the other end of a hop, or at the same system."""
        random = self._random
        near = [fault.system]
        near += [r.sender for r in self._network.routes if r.receiver is fault.system]
        near += [r.receiver for r in self._network.routes if r.sender is fault.system]
        cause = random.choice([cause for cause in SHARE if cause != fault.cause])
        other = self._add(cause, self._place(cause, random.choice(near)))
        lasts = min(fault.end, self._span) - fault.start
        other.start = fault.start + int(random.uniform(-0.4, 0.6) * lasts)
        other.end = other.start + self._bounded(random.uniform(0.4, 1.2) * lasts, SHARE[cause], self._flow(other))
        self._fix(other, other.end - other.start)

    def _fix(self, fault: Fault, lasts: int) -> None:
        if fault.cause != AUTHENTICATION:
            return
        senders = sorted({r.sender.index for r in fault.touched(self._network)})
        self._random.shuffle(senders)
        # One sender after the other gets its new credentials; with an open end, the last one never.
        for place, sender in enumerate(senders, 1):
            share = 0.4 + 0.6 * place / len(senders)
            fault.fixed[sender] = NEVER if fault.end >= NEVER and place == len(senders) else fault.start + int(lasts * share)

    def _flow(self, fault: Fault) -> float:
        if fault.cause == LOST_LOGS:
            return sum(self._traffic[r.index] for r in self._network.routes if r.sender is fault.system)
        return sum(self._traffic[r.index] for r in fault.touched(self._network)) * fault.rate

    def _add(self, cause: str, fault: Fault) -> Fault:
        fault.id = f"f{len(self._faults) + 1:03}-{cause}"
        fault.variant = len(self._faults)
        self._faults.append(fault)
        return fault

    def _pick(self, systems: Sequence[System], near: System | None) -> System:
        return near if near in systems else self._random.choice(systems)  # type: ignore[return-value]

    def _place(self, cause: str, near: System | None) -> Fault:
        random = self._random
        if cause == CONTRACT:
            places = [one for one in self._contracts if one[0] is near] or self._contracts
            several = [one for one in places if one in self._shared_contracts]
            receiver, kind = random.choice(several if several and random.random() < SEVERAL else places)
            return Fault("", cause, receiver, 0, 0, receiver=receiver, kind=kind)
        if cause == LOST_REPLIES:
            route = random.choice([r for r in self._answered if near in (None, r.receiver)] or self._answered)
            alone: Route | None = route if random.random() < 0.5 else None
            return Fault("", cause, route.receiver, 0, 0, receiver=route.receiver, route=alone, rate=random.uniform(0.2, 0.9))
        if cause == CREDENTIALS:
            sender = self._pick(self._senders, near)
            receivers = [r.receiver for r in self._network.routes if r.sender is sender]
            receiver_or_all = random.choice(receivers) if random.random() < 0.4 else None
            code = random.choice(("401", "403", "535", "certificate expired"))
            return Fault("", cause, sender, 0, 0, sender=sender, receiver=receiver_or_all, code=code)
        if cause == STUCK:
            sender = self._pick(self._senders, near)
            return Fault("", cause, sender, 0, 0, sender=sender, keeps=random.random() < 0.5)
        if cause == LOST_LOGS:
            return Fault("", cause, self._pick(self._network.systems, near), 0, 0)
        receiver = self._pick(self._shared if random.random() < SEVERAL else self._receivers, near)
        codes = {REFUSING: ("ECONNREFUSED", "503", "503", "ETIMEDOUT"), AUTHENTICATION: ("401", "403", "535")}.get(cause, ("",))
        return Fault("", cause, receiver, 0, 0, receiver=receiver, code=random.choice(codes), keeps=random.random() < 0.4)
