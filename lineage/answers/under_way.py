"""Items under way as the graph stores them, page by page, and the evidence behind some of their handoffs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from lineage.answers.asking import Asker
from lineage.answers.traffic import HOW_NEAR
from lineage.custody import Evidence, State
from lineage.store.handoffs import listed_evidence
from lineage.times import time_of

PAGE = 5000
FIRST_PAGE = 500
"""Pages grow up to ``PAGE``, so that the first one is soon there, and the next ones are read while it is looked at."""
_ITEM = ("id", "kind", "name", "origin", "declared", "expected_on")


class Stored(NamedTuple):
    """One handoff as ``items_under_way`` lists it, in this order.

    ``troubled``: something failed on it, it may have been sent twice, or its times are not all known. Times in microseconds since 1970.
    ``reporters``, ``confirmed_by``: whose logs show it, and whose show that it arrived. ``said``: its evidence, if that is needed.
    """

    route: str
    sender: str | None
    receiver: str | None
    dataset: str | None
    secured: bool
    secured_by: str | None
    transport: str | None
    acknowledgement: str | None
    processing: str | None
    attempts: int
    troubled: bool
    secured_at: int | None
    first_at: int | None
    last_at: int | None
    sent_at: int | None
    queued_at: int | None
    reporters: list[str]
    confirmed_by: list[str] | None
    said: list[list[Any]] | None

    def between(self, sender: str, receiver: str) -> Stored:
        """The same, with these ends where it has none."""
        if self.sender and self.receiver:
            return self
        return self._replace(sender=self.sender or sender, receiver=self.receiver or receiver)

    def evidence(self, route: str) -> list[Evidence]:
        """Its evidence as that of the declared route that it belongs to, as far as it came with it."""
        return [listed_evidence(route, one) for one in self.said or ()]

    @property
    def plain(self) -> bool:
        """Whether one message that was sent once secured it, with nothing that failed on the way."""
        return self.secured and self.attempts <= 1 and not self.troubled


@dataclass(frozen=True, slots=True)
class UnderWay:
    """An item that was handed on. ``alike``: whether it may be another one; ``above``: what it is a part or a version of."""

    item: dict[str, Any]
    alike: bool
    above: list[dict[str, Any]]
    handoffs: list[Stored]

    @property
    def id(self) -> str:
        """Of the item."""
        return str(self.item["id"])

    @property
    def kind(self) -> str:
        """Of the item."""
        return str(self.item["kind"])

    def handoff(self, route: str) -> str:
        """The id of its handoff on a route."""
        return f"{route}|{self.id}"


def pages(ask: Asker, since: datetime | None, as_of: datetime, *, until: datetime | None = None) -> Iterator[list[UnderWay]]:
    """Every item that was handed on by a time, those with evidence since another one, by id. Raises ServerError, OutOfTime.

    ``until``: those with a handoff whose newest evidence lies in between.

    The first page is read from the call on, and each next one while the one before it is looked at.
    """

    def read(after: str, limit: int) -> list[Any]:
        return _listed(ask, since=since, until=until, as_of=as_of, after=after, limit=limit)

    def each(page: Future[list[Any]] | None, limit: int) -> Iterator[list[UnderWay]]:
        with reader:
            while page is not None:
                items = page.result()
                full, limit = len(items) == limit, min(2 * limit, PAGE)
                page = reader.submit(read, items[-1][0], limit) if full else None
                yield [_under_way(one) for one in items]

    reader = ThreadPoolExecutor(1)
    return each(reader.submit(read, "", FIRST_PAGE), FIRST_PAGE)


def pages_before(ask: Asker, moment: datetime, as_of: datetime) -> Iterator[list[UnderWay]]:
    """The items that each route handed on last before a moment, by page. Raises ServerError, OutOfTime."""
    ids = ask.raw("items_seen_before", at=moment, **HOW_NEAR)[0]["items"]
    for start in range(0, len(ids), PAGE):
        yield [_under_way(one) for one in _listed(ask, items=ids[start : start + PAGE], as_of=as_of)]


def _listed(ask: Asker, **given: Any) -> list[Any]:
    items: list[Any] = ask.raw("items_under_way", **given)[0]["items"]
    return items


def _under_way(listed: list[Any]) -> UnderWay:
    return UnderWay(
        {name: value for name, value in zip(_ITEM, listed, strict=False) if value is not None},
        listed[6],
        [{name: value for name, value in above.items() if value is not None} for above in listed[7]],
        [Stored(*handoff) for handoff in listed[8]],
    )


def evidence_of(ask: Asker, handoffs: Mapping[str, str], as_of: datetime) -> dict[str, list[Evidence]]:
    """What is known of handoffs by a time, by handoff id. ``handoffs``: their routes by id. Raises ServerError, OutOfTime."""
    found: dict[str, list[Evidence]] = defaultdict(list)
    ids = sorted(handoffs)
    for start in range(0, len(ids), PAGE):
        rows = ask.raw("evidence_of_handoffs", handoffs=ids[start : start + PAGE], as_of=as_of)[0]["evidence"]
        for id_, *said in rows:
            found[id_].append(listed_evidence(handoffs[id_], said))
    return found


def state_of(handoff: Stored, route: str) -> State:
    """A stored handoff as a state of the declared route that it belongs to, without its evidence."""
    times = {name: at for name, at in (("sent", time_of(handoff.sent_at)), ("queued", time_of(handoff.queued_at))) if at}
    return State(
        route=route,
        from_system=handoff.sender,
        to_system=handoff.receiver,
        dataset=handoff.dataset,
        secured=handoff.secured,
        secured_at=time_of(handoff.secured_at),
        secured_by=handoff.secured_by,
        attempts=(),
        transport=handoff.transport,
        acknowledgement=handoff.acknowledgement,
        processing=handoff.processing,
        times=times,
        evidence=(),
        first_at=time_of(handoff.first_at),
        last_at=time_of(handoff.last_at),
    )


def evidence_ids(ask: Asker, handoffs: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Ids of the evidence of handoffs by theirs, oldest first. Raises ServerError, OutOfTime."""
    found: dict[str, tuple[str, ...]] = {}
    ids = sorted(set(handoffs))
    for start in range(0, len(ids), PAGE):
        for handoff, said in ask.raw("evidence_ids", handoffs=ids[start : start + PAGE])[0]["evidence"]:
            found[handoff] = tuple(said)
    return found
