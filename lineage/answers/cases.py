"""One failing handoff among its neighbours, and how each of these fared at that time (pure)."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain
from math import inf
from operator import attrgetter

from lineage.answers.expected import Expected
from lineage.answers.outcomes import SKEW_S, Outcome, What, silence
from lineage.answers.traffic import Traffic
from lineage.answers.verdict import Finding

NEAR_S = 6 * 3600
"""What happened to others longer before or after says nothing about one moment."""
ENOUGH = 6
"""So many events that would usually be there make their absence telling."""
GAP_S = 3600
"""A fault of a whole system that began and ended between two deliveries this close together is not assumed."""

ANSWERS: frozenset[What] = frozenset({"ok", "rejected", "unauthorised"})
"""What only a system that is up says."""
RULES: dict[str, tuple[frozenset[What], frozenset[What]]] = {
    "refused-by-endpoint": (frozenset({"refused", "silent"}), ANSWERS),
    "no-receipt": (frozenset({"silent", "refused"}), ANSWERS),
    "not-authorised": (frozenset({"unauthorised"}), frozenset({"ok", "rejected"})),
    "rejected": (frozenset({"rejected"}), frozenset({"ok"})),
    "not-sent": (frozenset({"silent", "refused", "unauthorised", "rejected"}), frozenset({"ok"})),
}


def case_of(
    finding: Finding,
    expected: Expected,
    item: str,
    kind: str,
    mine: Sequence[Outcome],
    traffic: Traffic,
    at: datetime,
) -> Case:
    """The neighbours of a failure at a moment, as far as they can tell something about a failure like it.

    ``mine``: the item's own attempts, all of them, however far its handoff began from that moment.
    """
    bad, good = RULES[finding.rule]
    route = expected.agreement
    others: dict[str, list[Sequence[Outcome]]] = defaultdict(list)
    elsewhere: dict[str, list[Sequence[Outcome]]] = defaultdict(list)
    into, out = traffic.between(route.sender, route.receiver, at)
    for near in into.values():
        for sender, told in near.by_sender.items():
            # A contract is one of a kind of thing in a data set; what happens to other kinds says nothing about it.
            alike = (
                [o for o in told if o.kind == kind and _fits(o.dataset, route.dataset)] if finding.rule == "rejected" else told
            )
            if alike:
                others[sender].append(alike)
    for near in out.values():
        for receiver, told in near.by_receiver.items():
            if receiver != route.receiver:
                elsewhere[receiver].append(told)
    own = [*mine, *(one for told in others.pop(route.sender, ()) for one in told if one.item != item)]
    if finding.rule == "no-receipt" and route.acknowledgement == "none":
        # It is known to be seen when it arrives, for it is to go on from there; so are the others.
        own = silence(own)
    own.sort(key=_at)
    return Case(expected, finding, at.timestamp(), item, bad, good, tuple(own), _by_time(others), _by_time(elsewhere))


def _by_time(groups: Mapping[str, Sequence[Sequence[Outcome]]]) -> dict[str, Sequence[Outcome]]:
    """One list a neighbour, oldest first, of what each of its routes tells in that order."""
    return {name: told[0] if len(told) == 1 else sorted(chain.from_iterable(told), key=_at) for name, told in groups.items()}


def _fits(one: str | None, other: str | None) -> bool:
    return one is None or other is None or one == other


_at = attrgetter("at")


@dataclass(frozen=True)
class Case:
    """One failing handoff among its neighbours. ``bad`` and ``good``: outcomes that speak for and against a fault like this."""

    expected: Expected
    finding: Finding
    at: float
    item: str
    bad: frozenset[What]
    good: frozenset[What]
    own: tuple[Outcome, ...]
    others: dict[str, Sequence[Outcome]]
    elsewhere: dict[str, Sequence[Outcome]]

    @property
    def moment(self) -> datetime:
        """The same as ``at``, as a time (UTC)."""
        return datetime.fromtimestamp(self.at, UTC)

    @property
    def sender(self) -> str:
        """The system that was to send."""
        return self.expected.agreement.sender

    @property
    def outgoing(self) -> list[Outcome]:
        """What the sender sent, or was to send, to anybody."""
        return [*self.own, *(o for group in self.elsewhere.values() for o in group)]

    @property
    def incoming(self) -> list[Outcome]:
        """What was sent to the receiver, by anybody."""
        return [*self.own, *(o for group in self.others.values() for o in group)]

    @property
    def receiver(self) -> str:
        """The system that was to receive."""
        return self.expected.agreement.receiver

    def alike(self, other: Outcome) -> bool:
        """Whether another failure has the code of this one, or neither has any."""
        return (other.code or "") in (self.finding.codes or ("",))


@dataclass(frozen=True)
class Episode:
    """The run of failures of one sender around a moment: between its last good and its next good outcome."""

    after: float | None
    before: float | None
    bads: tuple[Outcome, ...]
    first: float
    last: float


def episode_of(case: Case) -> Episode:
    """Of the sender towards the receiver, this item's own attempts among it."""
    goods = [o.at for o in case.own if o.what in case.good and o.item != case.item]
    if case.finding.rule == "not-authorised":
        # Another answer has another cause, which ended before this one began.
        goods += [o.at for o in case.own if o.what in case.bad and not case.alike(o)]
    after = max((g for g in goods if g < case.at), default=None)
    before = min((g for g in goods if g > case.at), default=None)
    bads = [o for o in case.own if o.what in case.bad and (after is None or o.at > after) and (before is None or o.at < before)]
    times = [o.at for o in bads] or [case.at]
    return Episode(after, before, tuple(bads), times[0], times[-1])


@dataclass(frozen=True)
class Side:
    """How one neighbour fared at a moment: ``bad``, ``good``, ``mixed`` or nothing to say.

    ``around``: what came of its attempts then, if some of it was bad.
    """

    said: str | None
    around: Sequence[Outcome] = ()


def fared(case: Case, episode: Episode, neighbour: Sequence[Outcome], at: float) -> Side:
    """How another sender (or, towards another receiver, the same one) fared while this one failed."""
    # Looked at from that moment on, as far as is needed: there are as many neighbours as there are routes, for each failure.
    start, end = bisect_left(neighbour, at - NEAR_S, key=_at), bisect_right(neighbour, at + NEAR_S, key=_at)
    following = bisect_right(neighbour, at, start, end, key=_at)
    last = _first_of(_telling(case, neighbour, range(following - 1, start - 1, -1)), case)
    next_ = _first_of(_telling(case, neighbour, range(following, end)), case)
    bracketed = any(o.what in case.good for o in _between(neighbour, episode.first + SKEW_S, episode.last - SKEW_S))
    # Failing as well, in the time in which this sender got nothing through.
    since = (episode.after if episode.after is not None else at - NEAR_S) - SKEW_S
    until = (episode.before if episode.before is not None else at + NEAR_S) + SKEW_S
    near_bad = [o for o in (last, next_) if o is not None and o.what in case.bad and since <= o.at <= until]
    goods = [o for o in (last, next_) if o is not None and o.what in case.good]
    if near_bad:
        around = [o for o in _telling(case, neighbour, range(start, end)) if since <= o.at <= until]
        return Side("bad" if not bracketed or len(near_bad) == 2 else "mixed", around)
    if bracketed or (len(goods) == 2 and goods[1].at - goods[0].at <= GAP_S):
        return Side("good")
    return Side(None)


def _telling(case: Case, outcomes: Sequence[Outcome], places: Iterable[int]) -> Iterator[Outcome]:
    """Those at these places that speak for or against a fault like this."""
    bad, good = case.bad, case.good
    return (outcomes[place] for place in places if outcomes[place].what in bad or outcomes[place].what in good)


def _between(outcomes: Sequence[Outcome], low: float, high: float) -> Sequence[Outcome]:
    """Those of these moments, of outcomes by time."""
    return outcomes[bisect_left(outcomes, low, key=_at) : bisect_right(outcomes, high, key=_at)]


def _first_of(outcomes: Iterable[Outcome], case: Case) -> Outcome | None:
    """The first; of several at its moment, as of one batch, one that got through: who answers one of them is up."""
    first: Outcome | None = None
    for one in outcomes:
        if first is not None and one.at != first.at:
            break
        if one.what in case.good:
            return one
        first = first or one
    return first


def began_failing(case: Case, episode: Episode, neighbour: Sequence[Outcome]) -> Side:
    """Whether another sender began to fail at the moment when this one did, or got through just after it."""
    since = (episode.after if episode.after is not None else episode.first - NEAR_S) - SKEW_S
    start, end = bisect_left(neighbour, since, key=_at), bisect_right(neighbour, episode.first + NEAR_S, key=_at)
    failed = next((neighbour[place] for place in range(start, end) if neighbour[place].what in case.bad), None)
    just_after = max(since, episode.first + SKEW_S), episode.first + SKEW_S + GAP_S
    through = next((o for o in _between(neighbour, *just_after) if o.what in case.good), None)
    if failed:
        already = _first_of(_telling(case, neighbour, range(start - 1, -1, -1)), case)
        if already and already.what in case.bad:
            return Side(None)  # it failed already while this one still got through
        if through is None or failed.at < through.at:
            return Side("bad", (failed,))
    return Side("good" if through else None)


def all_began(case: Case, episode: Episode) -> dict[str, Side]:
    """Other senders that tell something about the moment when this one began to fail, by id."""
    found = {name: began_failing(case, episode, group) for name, group in case.others.items()}
    return {name: side for name, side in found.items() if side.said}


def all_fared(case: Case, episode: Episode, neighbours: Mapping[str, Sequence[Outcome]], at: float) -> dict[str, Side]:
    """Neighbours that tell something about a moment, by id."""
    found = {name: fared(case, episode, group, at) for name, group in neighbours.items()}
    return {name: side for name, side in found.items() if side.said}


def answered(outcomes: Iterable[Outcome], low: float, high: float) -> bool:
    """Whether a reply that a sender noted shows that the receiver was up between two moments."""
    return any(o.what == "ok" and o.shown.reply and low < o.at < high for o in outcomes)


def span_without(moments: Iterable[float], at: float) -> tuple[float, float]:
    """The time around a moment in which none of these lies; infinite where there is none before, or after."""
    times = sorted(moments)
    following = bisect_right(times, at)
    return times[following - 1] if following else -inf, times[following] if following < len(times) else inf


def named(sides: dict[str, Side], said: str) -> list[str]:
    """The ids of those that fared so."""
    return sorted(name for name, side in sides.items() if side.said == said)
