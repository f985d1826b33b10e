"""Notices of a change: for each partner and team that it reaches, what changes, what of theirs it reaches, and whom to ask."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, Literal

from lineage.answers.asking import Asker
from lineage.answers.results import Affected, Impact, ItemRef, Moment, NodeRef, Result
from lineage.contracts import Change
from lineage.graph import Row

MAX_ITEMS = 20


class UnderWay(ItemRef):
    """An item on one of the recipient's routes that is not known to be safe with its receiver."""

    route: str
    last_at: Moment | None
    identifiers: tuple[str, ...]


class Answering(Result):
    """Who answers for what changed: the team that owns it and its partner, with whom to turn to."""

    of: tuple[str, ...]
    owner: str | None
    partner: str | None
    contacts: tuple[str, ...]


class Notice(Result):
    """What one partner or team has to know of a change.

    ``changes``: those that reach it, breaking ones first. ``affected``: what of its own is reached. ``routes``: between whom,
    ``sender -> receiver`` by route id. ``under_way``: how many items are on these routes, of which ``items`` lists the last ones.
    """

    kind: Literal["partner", "team"]
    id: str
    name: str
    of: NodeRef
    effective: Moment | None
    changes: tuple[Change, ...]
    affected: tuple[Affected, ...]
    routes: dict[str, str]
    under_way: int
    items: tuple[UnderWay, ...]
    ask: tuple[Answering, ...]


def notices(ask: Asker, change: Impact, *, effective: datetime | None = None, as_of: datetime | None = None) -> list[Notice]:
    """One notice for each partner and each team, by id. ``effective``: when the new version comes, UTC. Raises ServerError."""
    moment = as_of or datetime.now(UTC)
    routes = [one.id for one in change.affected if one.label == "Route"]
    ends = ask.rows("route_ends", routes=routes, limit=MAX_ITEMS, as_of=moment) if routes else []
    ids = sorted({one.dataset or one.id for one in change.changes} | {change.of.id})
    rows = [
        row for row in ask.rows("changed_nodes", ids=ids, as_of=moment) if row["owner"] or row["partner"] or row["contacts"]
    ]
    names = _names(change, ends)
    found = []
    for kind in ("partner", "team"):
        own = "partner" if kind == "partner" else "owner"
        recipients = {getattr(one, own) for one in change.affected} | {row[own] for row in ends}
        for id_ in sorted(recipients - {None}):
            theirs = [row for row in ends if row[own] == id_]
            reached = _reached(change.affected, own, id_, {row["route"] for row in theirs})
            if reached:
                found.append(_notice(change, kind, id_, names.get((kind, id_), id_), effective, reached, theirs, ends, rows))
    return found


def _names(change: Impact, ends: list[Row]) -> dict[tuple[str, str], str]:
    names = {("partner", row["partner"]): row["partner_name"] or row["partner"] for row in ends if row["partner"]}
    return names | {("partner", one.id): one.name for one in change.affected if one.label == "Partner"}


def _reached(affected: Iterable[Affected], own: str, id_: str, routes: set[str]) -> list[Affected]:
    return [
        one
        for one in affected
        if (one.label != "Partner" and getattr(one, own) == id_) or (one.label == "Route" and one.id in routes)
    ]


def _notice(
    change: Impact,
    kind: Literal["partner", "team"],
    id_: str,
    name: str,
    effective: datetime | None,
    reached: list[Affected],
    theirs: list[Row],
    ends: list[Row],
    rows: list[Row],
) -> Notice:
    causes = sorted({place for one in reached for place in one.causes})
    changes = sorted((change.changes[place] for place in causes), key=lambda one: not one.breaking)
    ways = {row["route"]: row for row in theirs}
    about = {one.dataset or one.id for one in changes} | {change.of.id}
    return Notice(
        kind=kind,
        id=id_,
        name=name,
        of=change.of,
        effective=effective,
        changes=tuple(changes),
        affected=tuple(reached),
        routes={route: _between(route, ends) for route in ways},
        under_way=sum(row["under_way"] for row in ways.values()),
        items=tuple(_items(ways.values())[:MAX_ITEMS]),
        ask=_answering([row for row in rows if row["id"] in about]),
    )


def _between(route: str, ends: list[Row]) -> str:
    sides: dict[str, Any] = {row["side"]: row["name"] for row in ends if row["route"] == route}
    return f"{sides.get('sender', '?')} -> {sides.get('receiver', '?')}"


def _items(rows: Iterable[Row]) -> list[UnderWay]:
    found = [
        UnderWay(
            id=one["id"],
            kind=one["id"].partition(":")[0],
            name=one["name"] or one["id"],
            route=row["route"],
            last_at=one["last_at"],
            identifiers=tuple(one["identifiers"]),
        )
        for row in rows
        for one in row["items"]
    ]
    return sorted(found, key=lambda one: (one.last_at is None, -(one.last_at.timestamp() if one.last_at else 0), one.id))


def _answering(rows: list[Row]) -> tuple[Answering, ...]:
    """Who answers, each once with all that they answer for."""
    found: dict[tuple[str | None, str | None, tuple[str, ...]], list[str]] = {}
    for row in rows:
        contacts = tuple(_contact(one) for one in row["contacts"])
        found.setdefault((row["owner_name"] or row["owner"], row["partner"], contacts), []).append(row["id"])
    return tuple(
        Answering(of=tuple(ids), owner=owner, partner=partner, contacts=contacts)
        for (owner, partner, contacts), ids in found.items()
    )


def _contact(one: dict[str, Any]) -> str:
    address = f"<{one['email']}>" if one["email"] else None
    role = f"({one['role']})" if one["role"] else None
    return " ".join(filter(None, (one["name"], address, role)))
