"""Trace path: the whole way an item took and should have taken."""

from __future__ import annotations

from datetime import UTC, datetime

from lineage.answers.asking import Asker
from lineage.answers.results import Hop, NamedItem, NotReached, PossibleMatch, Trace
from lineage.answers.way import Way, find_way
from lineage.custody import State
from lineage.errors import UsageError


def trace(ask: Asker, item: str, *, as_of: datetime | None = None, depth: int = 20) -> Trace:
    """The way of one item.

    ``item``: id or any identifier; ``as_of``: UTC, now if None; ``depth``: routes in a row at most, 1 to 20. Raises
    NotFoundError (nothing or several items fit), UsageError, ServerError, OutOfTime.
    """
    if not 1 <= depth <= 20:
        raise UsageError(f"depth {depth} is not between 1 and 20.")
    moment = as_of or datetime.now(UTC)
    way = find_way(ask, item, moment, depth)
    return Trace(
        item=NamedItem(
            id=way.item["id"],
            kind=way.item["kind"],
            name=way.name,
            identifiers=way.identifiers,
            may_be=tuple(PossibleMatch(id=one.id, name=one.name, score=one.score) for one in way.may_be),
        ),
        as_of=moment,
        hops=_hops(way),
        not_reached=tuple(not_reached(way)),
        completeness=way.freshness.of(way.systems, "depth" if way.truncated else None),
    )


def not_reached(way: Way) -> list[NotReached]:
    """Expected handoffs that have not arrived, nearest to the origin first; superseded branches are none."""
    missing = [e for e in way.expected.values() if not e.secured and not e.superseded]
    return [
        NotReached(route=e.agreement.id, from_=e.agreement.sender, to=e.agreement.receiver, expected_by=e.due)
        for e in sorted(missing, key=lambda e: (e.depth, e.agreement.id))
    ]


def _hops(way: Way) -> tuple[Hop, ...]:
    depth = _depths(way)
    order = sorted(
        way.states.values(),
        key=lambda s: (depth.get(s.route, 99), s.first_at is None, s.first_at.timestamp() if s.first_at else 0.0, s.route),
    )
    return tuple(_hop(way, state, seq) for seq, state in enumerate(order, start=1))


def _depths(way: Way) -> dict[str, int]:
    """How many handoffs from the origin each handoff starts, over what was seen and what is expected."""
    ends = {s.route: (s.from_system, s.to_system) for s in way.states.values()}
    at = {way.origin: 0}
    todo = [way.origin]
    while todo:
        system = todo.pop(0)
        for sender, receiver in ends.values():
            if sender == system and receiver not in at:
                at[receiver] = at[system] + 1
                todo.append(receiver)
    return {route: at[sender] for route, (sender, _) in ends.items() if sender in at}


def _hop(way: Way, state: State, seq: int) -> Hop:
    agreement = way.agreements.get(state.route)
    return Hop(
        seq=seq,
        route=state.route,
        from_=state.from_system,
        to=state.to_system,
        from_zone=way.zones.get(state.from_system or ""),
        to_zone=way.zones.get(state.to_system or ""),
        dataset=state.dataset or (agreement.dataset if agreement else None),
        interface=agreement.interface if agreement else None,
        expected=state.route in way.expected,
        announcement=state.route in way.announced,
        secured=state.secured,
        secured_at=state.secured_at,
        transport=state.transport,
        acknowledgement=state.acknowledgement or _acknowledgement_owed(way, state),
        processing=state.processing,
        attempts=state.attempt_count,
        sent_at=state.times.get("sent"),
        received_at=state.times.get("received") or state.times.get("picked_up"),
        failed_at=state.times.get("failed") or state.times.get("processing_failed"),
        acknowledged_at=state.times.get("acknowledged") or state.times.get("rejected"),
        evidence=tuple(e.id for e in state.evidence),
        ambiguous_routes=way.ambiguous.get(state.route, ()),
    )


def _acknowledgement_owed(way: Way, state: State) -> str | None:
    """none_expected, waiting or overdue: told by the agreement and the clock, so derived here and never stored."""
    agreement = way.agreements.get(state.route)
    if agreement is None or agreement.acknowledgement is None:
        return None
    if agreement.acknowledgement == "none":
        return "none_expected"
    if state.transport == "failed":
        return None
    # Where a reply on the wire is what was agreed, any receipt is it; a functional acknowledgement must accept or reject.
    if agreement.acknowledgement in {"http", "mdn"} and state.secured_by == "receipt":
        return None
    sent = state.times.get("sent")
    if sent is None:
        return None
    late = agreement.acknowledge_within is not None and way.as_of >= sent + agreement.acknowledge_within
    return "overdue" if late else "waiting"
