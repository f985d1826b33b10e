"""Late: what is overdue, due soon or arrived late, and which feeds went silent.

Three things are owed. A **scheduled delivery**, on a route with a schedule: see ``lateness``. An **item's delivery**, on a route
with ``deliver_within`` and no schedule: a handoff that is not secured so long after it was first seen on the route, and whose
receiver does not have the item from elsewhere. The sender had it then at the latest, so this never comes too early; that an
item was never seen on a route at all is told by its expected path (``trace``, ``last-handoff``). An **item's acknowledgement**,
on a route that agrees one: sent, and not answered ``acknowledge_within`` after the first sending that still waits. Where both are
overdue for one item, they are one row: the one that was due first.

A late acknowledgement settles the matter: the item is listed no more. Only schedules show what arrived late or is due soon; for
items that would be a list of all that ever was late, and of all that is under way.

Cost: reads go to indexes in which only open handoffs are, one seek a route. As of a past time, what was under way across
that moment is folded anew from its evidence up to then, so the answer is that of a graph loaded with no more than that.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple, cast

from pydantic import TypeAdapter, ValidationError

from lineage.answers.asking import Asker
from lineage.answers.late_results import Late, LateRow, Owed
from lineage.answers.lateness import Agreed, Found, Plan, Slots, shifted, text_of
from lineage.answers.results import ContactRef
from lineage.custody import State, fold_item
from lineage.errors import UsageError
from lineage.graph import plain
from lineage.owed import standing
from lineage.schedule import ScheduleError, Timetable
from lineage.store.handoffs import as_evidence
from lineage.times import time_of
from lineage.uncollected import uncollected

SOON = timedelta(hours=1)
"""How far ahead ``due_soon`` looks unless told otherwise."""
_ISO: TypeAdapter[timedelta] = TypeAdapter(timedelta)
_ACKNOWLEDGEMENTS = {"http": ("receipt",), "mdn": ("receipt",), "functional": ("receipt", "acknowledgement")}

PART, ABREAST = 3000, 2
"""So many routes are asked about at a time, and so many times at once: each is a seek in the index, which a server's cores share."""

_VALIDITY = ("valid_from", "valid_to")
_COLUMNS = ("entries", "last_at", "arrived_at", "seen_at")

Handoff = tuple[str, str]
"""Route key and item id."""


def parse_soon(text: str) -> timedelta:
    """An ISO 8601 duration such as PT1H. Raises UsageError."""
    try:
        if not text.strip().startswith("P"):
            raise ValueError("pydantic would read other notations too")
        return _ISO.validate_python(text.strip())
    except (ValueError, ValidationError) as error:
        raise UsageError(f"{text!r} is not a duration.", hint="Write it in ISO 8601: PT30M, PT6H, P1D.") from error


@uncollected()
def late(ask: Asker, *, as_of: datetime | None = None, soon: timedelta = SOON) -> Late:
    """What is late at one moment.

    ``as_of``: UTC, now if None; ``soon``: how far ahead to list what is due next. Raises ServerError, OutOfTime.
    """
    now = as_of or datetime.now(UTC)
    with ThreadPoolExecutor(1) as beside:
        crossing = beside.submit(ask.rows, "late_under_way", as_of=now)
        agreed, keys_of = _agreed(ask, now)
        plans, unreadable = _plans(agreed, now)
        slots = [(one, plan.slots(soon)) for one, plan in plans]
    # Two routes may list the same key only if evidence names one of them by its ends; then it counts for the one that it is.
    route_of = {key: route for route, keys in keys_of.items() for key in keys}
    then = _under_way(crossing.result(), route_of)
    overdue = _overdue_items(ask, _questions(agreed, keys_of, now), route_of, then, now)
    found = _found(ask, [(some, one.routes) for one, some in slots if some], keys_of, then, now)
    owing = sorted({route for route, _ in overdue})
    last = _found(ask, [(None, owing)], keys_of, then, now)
    judged = [(r, found[r], plan.judge(found[r], soon)) for one, plan in plans for r in one.routes if r in found]
    routes = _routes(ask, {r for r, _, said in judged if said} | set(owing) | {r for one, _ in unreadable for r in one.routes})
    rows: list[dict[str, Any]] = [_unreadable(routes[r], note) for one, note in unreadable for r in one.routes]
    for route, seen, said in judged:
        rows += [
            _row(routes[route], slot.state, "delivery", slot.due_at, last_at=seen.last,
                 arrived_at=slot.arrived_at, missed=slot.missed)
            for slot in said
        ]  # fmt: skip
    for (route, item), owed in overdue.items():
        first, *others = sorted(owed)
        also = next((kind for _, _, kind in others if kind != first[2]), None)
        rows.append(_row(routes[route], "late", first[2], first[0], item=item, also_owed=also, last_at=last[route].last))
    rows.sort(key=lambda row: (row["due_at"] is None, row["due_at"] or now, row["route"], row.get("item") or ""))
    return Late(as_of=now, rows=tuple(_with_contacts(ask, rows)))


def _agreed(ask: Asker, now: datetime) -> tuple[list[Agreed], dict[str, list[str]]]:
    """Each distinct agreement, and by route the keys that its handoffs go by."""
    row = ask.raw("late_agreements", as_of=now)[0]
    agreed = [Agreed.of({**one, **{name: plain(one[name]) for name in _VALIDITY}}) for one in row["agreements"]]
    keys = {route: [route] for one in agreed for route in one.routes}
    for route, key in row["also"]:
        if route in keys:
            keys[route].append(key)
    return agreed, keys


def _plans(agreed: Iterable[Agreed], now: datetime) -> tuple[list[tuple[Agreed, Plan]], list[tuple[Agreed, str]]]:
    """The plan of each agreement with a schedule, and what cannot be read. Each distinct schedule is worked out once."""
    tables: dict[tuple[str, str | None, str | None], Timetable | str] = {}
    plans: list[tuple[Agreed, Plan]] = []
    unreadable: list[tuple[Agreed, str]] = []
    for one in agreed:
        unreadable += [(one, note) for note in one.unreadable]
        if one.schedule is None:
            continue
        named = one.schedule, one.timezone, one.calendar
        if named not in tables:
            try:
                tables[named] = Timetable(*named, now)
            except ScheduleError as error:
                tables[named] = str(error)
        table = tables[named]
        if isinstance(table, str):
            unreadable.append((one, table))
        elif not any(text.startswith("deliver_within") for text in one.unreadable):
            plans.append((one, Plan(table, one.deliver_within or timedelta(), one.valid_from, one.valid_to, now)))
    return plans, unreadable


def _under_way(crossing: Iterable[dict[str, Any]], route_of: Container[str]) -> dict[Handoff, State | None]:
    """Handoffs whose stored state is not that of then, with that of then; None where there was none yet.

    ``crossing``: what was under way then on any route, with its evidence; ``route_of``: the keys that are asked about.
    """
    then: dict[Handoff, State | None] = {}
    for row in crossing:
        if routes := [route for route in row["routes"] if route in route_of]:
            known = [one for one in row["evidence"] if _known_then(one, row["evidence"])]
            states = fold_item(as_evidence(one["evidence"], one["route"]) for one in known)
            then |= {(route, row["item"]): states.get(route) for route in routes}
    return then


def _known_then(one: dict[str, Any], among: list[dict[str, Any]]) -> bool:
    """Whether it was known then what this evidence is about: a bare reply finds its handoff by the message that it answers."""
    said = one["evidence"]
    return not said.get("unplaced") or any(
        other["route"] == one["route"]
        and not other["evidence"].get("unplaced")
        and said["in_reply_to"] in (other["evidence"].get("message_id"), *other["evidence"].get("envelopes", ()))
        for other in among
    )


@dataclass(frozen=True, order=True)
class _Question:
    """What makes a handoff on this key overdue: open in this way since ``before`` or longer; it was due ``within`` later."""

    key: str
    kind: str
    before: datetime
    within: timedelta

    @property
    def owed(self) -> Owed:
        return "delivery" if self.kind == "pending" else "acknowledgement"

    def since(self, open_: dict[str, Any]) -> datetime | None:
        """Since when a handoff is open in this way (``open_``: see ``standing``)."""
        if self.kind == "pending":
            return cast("datetime | None", open_["pending_since"])
        return cast("datetime | None", open_["awaiting_at"]) if open_["awaiting"] == self.kind else None


def _questions(agreed: Iterable[Agreed], keys: dict[str, list[str]], now: datetime) -> list[_Question]:
    asked = []
    for one in agreed:
        kinds: list[tuple[str, timedelta]] = []
        if one.schedule is None and one.deliver_within is not None:
            kinds.append(("pending", one.deliver_within))
        if one.acknowledge_within is not None:
            kinds += [(kind, one.acknowledge_within) for kind in _ACKNOWLEDGEMENTS.get(one.acknowledgement or "", ())]
        before = [(kind, shifted(now, -within), within) for kind, within in kinds]
        asked += [_Question(key, *how) for how in before for route in one.routes for key in keys[route]]
    return asked


def _overdue_items(
    ask: Asker, asked: list[_Question], keys: dict[str, str], then: dict[Handoff, State | None], now: datetime
) -> dict[Handoff, list[tuple[datetime, int, Owed]]]:
    """What is overdue by route and item: when it was due, a tie to the delivery, and what is owed."""
    overdue: dict[Handoff, list[tuple[datetime, int, Owed]]] = defaultdict(list)

    def add(question: _Question, item: str, since: datetime) -> None:
        due = shifted(since, question.within)
        overdue[keys[question.key], item].append((due, question.owed != "delivery", question.owed))

    if asked:
        # Each distinct time is sent once: the driver takes longer over a time than the server over a seek.
        before = {time: slot for slot, time in enumerate(sorted({q.before for q in asked}))}
        answer = ask.raw(
            "late_items",
            routes=[q.key for q in asked],
            kinds=[q.kind for q in asked],
            slots=[before[q.before] for q in asked],
            before=list(before),
            as_of=now,
        )[0]
        for entry, item, since in zip(answer["entries"], answer["items"], answer["since"], strict=True):
            add(asked[entry], item, time_of(since))
    by_key: dict[str, list[_Question]] = defaultdict(list)
    for question in asked:
        by_key[question.key].append(question)
    for (key, item), state in then.items():
        if state is None:
            continue
        open_ = standing(state)
        for question in by_key.get(key, ()):
            since = question.since(open_)
            if since is not None and since <= question.before:
                add(question, item, since)
    return overdue


def _found(
    ask: Asker,
    groups: Sequence[tuple[Slots | None, Iterable[str]]],
    keys_of: Mapping[str, Sequence[str]],
    then: dict[Handoff, State | None],
    now: datetime,
) -> dict[str, Found]:
    """What was found of these routes, which come in groups with their slots; none of those that were secured in time.

    From one row of the index, and the handoffs that were under way.
    """
    found: dict[str, Found] = {}
    wanted = [(route, key, number) for number, (_, routes) in enumerate(groups) for route in routes for key in keys_of[route]]
    if not wanted:
        return found
    by_key: dict[str, list[State]] = defaultdict(list)
    for (key, _), state in then.items():
        if state is not None:
            by_key[key].append(state)
    named: dict[str, int] = defaultdict(int)
    for entry, last, arrived, seen in _deliveries(ask, groups, wanted, now):
        route, key, number = wanted[entry]
        slots = groups[number][0]
        named[route] += 1
        one = Found(time_of(last), time_of(arrived), time_of(seen))
        for state in by_key[key]:
            at = state.secured_at if state.secured else None
            one |= Found(at, at if slots and slots.opens and at and at >= slots.opens else None, state.last_at)
        found[route] = found.get(route, Found()) | one
    # A key that is not named was secured in time, and with it the route.
    return {route: one for route, one in found.items() if named[route] == len(keys_of[route])}


def _deliveries(
    ask: Asker,
    groups: Sequence[tuple[Slots | None, Iterable[str]]],
    wanted: Sequence[tuple[str, str, int]],
    now: datetime,
) -> Iterator[tuple[int, int | None, int | None, int | None]]:
    """The rows of ``late_deliveries``, in parts that the server works on side by side. ``wanted``: route, key, number of its group."""

    def read(start: int) -> dict[str, Any]:
        part = wanted[start : start + PART]
        first, last = part[0][2], part[-1][2]
        # Only the times of its own groups, each once: the driver takes longer over a time than the server over a seek.
        theirs = [slots for slots, _ in groups[first : last + 1]]
        return ask.raw(
            "late_deliveries",
            routes=[key for _, key, _ in part],
            slots=[number - first if theirs[number - first] else -1 for _, _, number in part],
            **{name: [getattr(slots, name, None) for slots in theirs] for name in ("opens", "due", "follows")},
            as_of=now,
        )[0]

    starts = range(0, len(wanted), PART)
    with ThreadPoolExecutor(ABREAST) as beside:
        for start, answer in zip(starts, beside.map(read, starts), strict=True):
            for entry, *times in zip(*(answer[name] for name in _COLUMNS), strict=True):
                yield start + entry, *times


class _Route(NamedTuple):
    """A route as ``late_routes`` lists it, in this order."""

    id: str
    sender: str
    receiver: str
    dataset: str | None
    schedule: str | None
    timezone: str | None
    calendar: str | None
    owner: str | None


def _routes(ask: Asker, ids: set[str]) -> dict[str, _Route]:
    """What is to be said of these routes, by id."""
    listed = ask.raw("late_routes", routes=sorted(ids))[0]["routes"] if ids else []
    return {id_: _Route(id_, sender, receiver, *map(text_of, rest)) for id_, sender, receiver, *rest in listed}


def _row(route: _Route, state: str, owed: Owed, due_at: datetime | None, **more: Any) -> dict[str, Any]:
    return {
        "state": state,
        "owed": owed,
        "route": route.id,
        "from": route.sender,
        "to": route.receiver,
        "dataset": route.dataset,
        "due_at": due_at,
        "schedule": route.schedule,
        "timezone": route.timezone,
        "calendar": route.calendar,
        "owner": route.owner,
        **more,
    }


def _unreadable(route: _Route, note: str) -> dict[str, Any]:
    owed: Owed = "acknowledgement" if note.startswith("acknowledge_within") else "delivery"
    return _row(route, "unreadable", owed, None, note=note)


def _with_contacts(ask: Asker, rows: list[dict[str, Any]]) -> Iterator[LateRow]:
    """The rows with whom to ask: the team that owns the route, then those who answer for the system that owes it."""
    teams = sorted({row["owner"] for row in rows if row["owner"]})
    systems = sorted({_debtor(row) for row in rows})
    people: dict[tuple[str, str | None], list[ContactRef]] = defaultdict(list)
    with ThreadPoolExecutor(1) as beside:
        owners = beside.submit(ask.raw, "late_owners", teams=teams) if teams else None
        asked = ask.raw("who_to_ask", systems=systems, draw=False) if systems else []
    for one in owners.result() if owners else []:
        people["team", one["team"]].append(_contact(one, of=one["team"]))
    for one in asked:
        if one["of"]:
            people["system", one["system"]].append(_contact(one, of=one["of"], system=one["system"]))
    for row in rows:
        yield LateRow(**row, contacts=(*people["team", row["owner"]], *people["system", _debtor(row)]))


def _contact(one: dict[str, Any], **of: str) -> ContactRef:
    return ContactRef(name=one["name"], email=one["email"], role=one["role"], **of)


def _debtor(row: dict[str, Any]) -> str:
    return str(row["from"] if row["owed"] == "delivery" else row["to"])
