"""What was observed on routes by a time, read by seeks in indexes and from the evidence of what was under way just then."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any

from lineage.answers.asking import Asker

NEWEST = 20
"""So many of a route's newest handoffs tell between which ends, and with which data set, it is used."""
DELIVERIES = 8
"""So many of a route's newest deliveries tell how often they come."""
_TICK = timedelta(microseconds=1)
_LONG_AGO = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Passing:
    """One handoff as it was known by then. ``began``: its first evidence, UTC; None if it had none with a time."""

    id: str
    began: datetime | None
    last: datetime | None
    sender: str | None
    receiver: str | None
    dataset: str | None
    kind: str


@dataclass(frozen=True)
class Seen:
    """When a route was seen by then; ``newest`` is the handoff that began last, or one without times if there is none other."""

    first: datetime | None
    last: datetime | None
    newest: Passing

    def __or__(self, other: Seen) -> Seen:
        return Seen(
            min(filter(None, (self.first, other.first)), default=None),
            max(filter(None, (self.last, other.last)), default=None),
            # Of what has no time, or began together, any will do as long as it is always the same.
            min(self.newest, other.newest, key=lambda one: (-(one.began or _LONG_AGO).timestamp(), one.id)),
        )


class Observed:
    """Evidence up to one moment, by route key (a route's id, or ``from>to[>dataset]`` where evidence named none).

    Each reading costs a fixed number of seeks a route. Handoffs with evidence before and after the moment are few; they are
    told by their evidence up to then.
    """

    def __init__(self, ask: Asker, as_of: datetime) -> None:
        self._ask, self._as_of = ask, as_of

    @cached_property
    def _under_way(self) -> dict[str, list[Passing]]:
        found: dict[str, list[Passing]] = defaultdict(list)
        for row in self._ask.rows("drift_under_way", as_of=self._as_of):
            known = [one for one in row["evidence"] if _known_then(one, row["evidence"])]
            if known:
                times = [one["time"] for one in known if one["time"]]
                found[row["route"]].append(
                    Passing(
                        id=f"{row['route']}|{row['item']}",
                        began=min(times, default=None),
                        last=max(times, default=None),
                        sender=_least(known, "from_system"),
                        receiver=_least(known, "to_system"),
                        dataset=_least(known, "dataset"),
                        kind=row["item"].partition(":")[0],
                    )
                )
        return found

    def seen(self, keys: Iterable[str]) -> dict[str, Seen]:
        """When each of these was seen; those that were not are left out."""
        asked = sorted(set(keys))
        if not asked:
            return {}
        answer = self._ask.rows("drift_seen", routes=asked, as_of=self._as_of)[0]
        found: dict[str, Seen] = {}
        for key, first, last, newest in zip(asked, answer["first_at"], answer["last_at"], answer["newest"], strict=True):
            each = [Seen(first, last, _passing(newest))] if newest else []
            each += [Seen(one.began, one.last, one) for one in self._under_way.get(key, ())]
            for one in each:
                found[key] = found[key] | one if key in found else one
        return found

    def newest(self, keys: Iterable[str]) -> dict[str, list[Passing]]:
        """The newest handoffs on each of these, newest first."""
        asked = sorted(set(keys))
        rows = self._ask.rows("drift_newest", routes=asked, as_of=self._as_of, limit=NEWEST) if asked else []
        found: dict[str, list[Passing]] = {}
        for row in rows:
            dated = [(one.began, one) for one in self._under_way.get(row["route"], ()) if one.began]
            dated += [(one["first_at"], _passing(one)) for one in row["handoffs"]]
            found[row["route"]] = [one for _, one in sorted(dated, key=lambda pair: pair[0], reverse=True)[:NEWEST]]
        return found

    def odd(self, declared: Mapping[str, tuple[str, str, str | None]]) -> list[str]:
        """Those routes among whose newest handoffs some may be other than declared (sender, receiver, data set)."""
        asked = sorted(declared)
        if not asked:
            return []
        values = [declared[key] for key in asked]
        odd = self._ask.rows("drift_odd", routes=asked, declared=values, as_of=self._as_of, limit=NEWEST)[0]["odd"]
        return sorted({*odd, *(key for key in asked if key in self._under_way)})

    def deliveries(
        self, keys: Mapping[str, tuple[str, ...]], newest: Mapping[str, datetime], apart: Mapping[str, timedelta]
    ) -> dict[str, list[datetime]]:
        """When the newest deliveries on each route came, newest first: each more than ``apart`` before the one after it.

        ``keys``: the keys of each route; ``newest``: when its newest handoff began. One round of seeks a delivery.
        """
        found = {route: [newest[route]] for route in keys}
        open_ = sorted(keys)
        for _ in range(DELIVERIES - 1):
            asked = [(route, key, found[route][-1] - apart[route] - _TICK) for route in open_ for key in keys[route]]
            if not asked:
                break
            answer = self._ask.rows(
                "drift_before",
                routes=[key for _, key, _ in asked],
                before=[before for _, _, before in asked],
                as_of=self._as_of,
            )[0]
            earlier: dict[str, datetime] = {}
            for (route, key, before), began in zip(asked, answer["began_at"], strict=True):
                times = [began, *(one.began for one in self._under_way.get(key, ()) if one.began and one.began <= before)]
                for time in filter(None, times):
                    earlier[route] = max(time, earlier.get(route, time))
            for route, time in earlier.items():
                found[route].append(time)
            open_ = sorted(earlier)
        return found


def _passing(row: Mapping[str, Any]) -> Passing:
    return Passing(
        id=row["id"],
        began=row.get("first_at"),
        last=None,
        sender=row["from_system"],
        receiver=row["to_system"],
        dataset=row["dataset"],
        kind=row["item_id"].partition(":")[0],
    )


def _least(evidence: Iterable[Mapping[str, Any]], name: str) -> str | None:
    return min((one[name] for one in evidence if one[name]), default=None)


def _known_then(one: Mapping[str, Any], among: Iterable[Mapping[str, Any]]) -> bool:
    """Whether it was known then what this evidence is about: a bare reply finds its handoff by the message that it answers."""
    return not one["unplaced"] or any(
        not other["unplaced"] and one["in_reply_to"] in (other["message_id"], *(other["envelopes"] or ())) for other in among
    )
