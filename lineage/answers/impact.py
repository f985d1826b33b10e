"""Downstream impact: which systems, datasets, fields, reports, partners and people a change or outage reaches."""

from __future__ import annotations

import difflib
from datetime import UTC, datetime
from typing import Any, NamedTuple

from lineage.answers.asking import Asker
from lineage.answers.completeness import Freshness
from lineage.answers.results import Affected, Completeness, Impact, NodeRef
from lineage.errors import NotFoundError, UsageError
from lineage.graph import OutOfTime, Row
from lineage.times import time_of
from lineage.uncollected import uncollected

MAX_DEPTH = 30


@uncollected()
def impact(ask: Asker, node: str, *, field: str | None = None, depth: int = MAX_DEPTH, as_of: datetime | None = None) -> Impact:
    """What lies downstream of a partner, system, job, interface, dataset, field or route.

    ``node``: its id, with ``Label:`` in front where one id belongs to several; ``field``: one field of that data set;
    ``depth``: steps at most, 1 to 30; ``as_of``: UTC, now if None. Raises NotFoundError, UsageError, ServerError; where the
    expansion runs into the time limit, the answer is empty and says so.
    """
    moment = as_of or datetime.now(UTC)
    _within(depth)
    start = start_of(ask, node, field)
    try:
        found = reach(ask, start, depth, moment)
    except OutOfTime:
        return Impact(of=start, affected=(), completeness=Completeness(complete=False, truncated_by="time"))
    systems = [one.id for one in found.affected if one.label == "System"]
    complete = found.freshness.of(systems, "depth" if found.beyond else None)
    return Impact(of=start, affected=tuple(found.affected), completeness=complete)


class Reached(NamedTuple):
    """What lies downstream, and by how many steps."""

    distance: int
    label: str
    id: str


@uncollected()
def reached(ask: Asker, node: str, *, field: str | None, depth: int, as_of: datetime | None) -> tuple[Reached, ...]:
    """What ``impact`` finds without anybody to ask, nearest first, each field by itself. ``as_of`` and errors as there."""
    _within(depth)
    moment = as_of or datetime.now(UTC)

    def answers(id_: str, label: str | None) -> list[Row]:
        return ask.raw("impact_distances", id=id_, label=label, depth=depth, as_of=moment)

    # What is named by its id alone need not be looked for first. A label, or a field, may be named in another way.
    found = [] if field or {":", "."} & set(node) else answers(node, None)
    if len(found) != 1:
        start = start_of(ask, node, field)
        found = answers(start.id, start.label)
    (answer,) = found
    return tuple(sorted(map(Reached, answer["distances"], answer["labels"], answer["ids"])))


class Reach(NamedTuple):
    """What lies downstream, whether there is more ``beyond`` the depth, and how fresh the evidence of its systems is."""

    affected: list[Affected]
    beyond: bool
    freshness: Freshness


def reach(ask: Asker, start: NodeRef, depth: int, moment: datetime, *, any_field: bool = False) -> Reach:
    """What lies downstream, ``depth`` steps at most. ``any_field``: of a field that the map does not know."""
    # One step more than asked for, to tell whether the answer ends there or is cut off there.
    (answer,) = ask.raw("impact_reach", id=start.id, label=start.label, depth=depth + 1, as_of=moment, any_field=any_field)
    rows = _rows(answer)
    fresh = Freshness(time_of(answer["freshest"]), {system: time_of(at) for system, at in answer["systems"]})
    beyond = any(row["distance"] > depth for row in rows)
    return Reach(_affected([row for row in rows if row["distance"] <= depth], start, any_field), beyond, fresh)


_COLUMNS = ("distance", "label", "id", "name", "dataset", "dataset_name", "reached_from", "partner", "owner")


def _rows(answer: Row) -> list[Row]:
    """One row a node, nearest first: who operates it, or else the owner's partner, and whom to ask, the owner's people first."""
    partner_of = {team: partner for team, partner, _ in answer["teams"]}
    asked = {team: contact for team, _, contact in answer["teams"]}
    operators = dict(answer["partners"])
    rows = [dict(zip(_COLUMNS, one, strict=True)) for one in answer["reached"]]
    for row in rows:
        row["partner"] = row["partner"] or partner_of.get(row["owner"])
        row["contact"] = asked.get(row["owner"]) or operators.get(row["partner"])
    return sorted(rows, key=lambda row: (row["distance"], row["label"], row["id"]))


def _within(depth: int) -> None:
    if not 1 <= depth <= MAX_DEPTH:
        raise UsageError(f"depth {depth} is not between 1 and {MAX_DEPTH}.")


def start_of(ask: Asker, node: str, field: str | None) -> NodeRef:
    """The one node that is meant. Raises NotFoundError."""
    label, colon, id_ = node.partition(":")
    labels = ("Partner", "System", "Interface", "Dataset", "Field", "Route")
    wanted = next((one for one in labels if colon and one.lower() == label.lower()), None)
    if field is not None:
        id_, wanted = f"{node if wanted is None else id_}#{field}", "Field"
    elif wanted is None:
        id_ = node
    rows = [row for row in ask.rows("find_node", name=id_, label=wanted) if row["label"] in labels]
    if not rows:
        hits = ask.rows("search", text=node, limit=20) + ask.rows("search", text=node[:4], limit=50)
        known = {hit["id"] for hit in hits if hit["label"] in labels}
        # What is called so, as a dbt model's table is, comes before what is spelt alike.
        called = [hit["id"] for hit in hits if hit["name"] == node and hit["id"] in known]
        nearest = tuple(dict.fromkeys((*called, *difflib.get_close_matches(node, known, 5, 0.3))))[:5]
        what = f"field {field} of {node}" if field else node
        raise NotFoundError(
            f"Nothing in the declared map is called {what}.", hint="`lineage search` finds it.", nearest=nearest
        )
    if len(rows) > 1:
        raise NotFoundError(
            f"{node!r} is the id of {len(rows)} nodes.",
            hint="Say which, with the label in front.",
            nearest=tuple(f"{row['label'].lower()}:{row['id']}" for row in rows),
        )
    return NodeRef(id=rows[0]["id"], label=rows[0]["label"], name=rows[0]["name"])


def _by_field(rows: list[Row], start: NodeRef, any_field: bool) -> set[tuple[str, str]] | None:
    """Those (label, id) that surely use the field: from field to field, and a data set's routes carry all its fields.

    None where the start is no field.
    """
    if start.label != "Field" and not any_field:
        return None
    fields = {start.id} if start.label == "Field" else set()
    sure: set[tuple[str, str]] = set()
    for row in rows:
        datasets = {one.rpartition("#")[0] for one in fields} | ({start.id} if any_field else set())
        before = {"Route": datasets, "System": _ids(sure, "Route"), "Partner": _ids(sure, "System")}.get(row["label"], fields)
        if not before.isdisjoint(row["reached_from"]):
            sure.add((row["label"], row["id"]))
            if row["label"] == "Field":
                fields.add(row["id"])
    return sure


def _ids(nodes: set[tuple[str, str]], label: str) -> set[str]:
    return {id_ for of, id_ in nodes if of == label}


def _affected(rows: list[Row], start: NodeRef, any_field: bool) -> list[Affected]:
    """One entry a node, nearest first; fields are gathered under their data set."""
    sure = _by_field(rows, start, any_field)
    own = {row["id"]: row["dataset"] for row in rows if row["label"] == "Field"}
    distance: dict[str, int] = {start.id: 0, start.id.partition("#")[0]: 0}
    for row in rows:
        if row["label"] == "Field":
            # Behind a field stands its data set: what is made from that as a whole is reached from there.
            distance[row["dataset"]] = min(row["distance"], distance.get(row["dataset"], row["distance"]))
    for row in rows:
        # A partner's only system may have its id: the nearer of the two is what leads to the other.
        distance[row["id"]] = min(row["distance"], distance.get(row["id"], row["distance"]))
    fields: dict[str, list[Row]] = {}
    for row in rows:
        if row["label"] == "Field" and row["dataset"] != start.id:
            fields.setdefault(row["dataset"], []).append(row)
    entries = [_entry(row, distance, own, fields.get(row["id"], []), sure) for row in rows if row["label"] != "Field"]
    reached = {row["id"] for row in rows if row["label"] == "Dataset"}
    for dataset, some in fields.items():
        if dataset not in reached:
            row = {**some[0], "id": dataset, "label": "Dataset", "name": some[0]["dataset_name"] or dataset}
            entries.append(_entry(row, distance, own, some, sure))
    return sorted(entries, key=lambda one: (one.distance, one.label, one.id))


def _entry(
    row: Row, distance: dict[str, int], own: dict[str, str], fields: list[Row], sure: set[tuple[str, str]] | None
) -> Affected:
    nearer = [one for one in row["reached_from"] if distance.get(one, MAX_DEPTH) < row["distance"]]
    via = min(nearer, key=lambda one: (distance.get(one, MAX_DEPTH), one), default=None)
    names: list[Any] = sorted({one["name"] for one in fields})
    known = sure is not None and any((one["label"], one["id"]) in sure for one in (row, *fields))
    return Affected(
        id=row["id"],
        label=row["label"],
        name=row["name"],
        distance=row["distance"],
        via=own.get(via, via) if via else None,
        fields=tuple(names),
        own_fields=tuple(names),
        lineage=None if sure is None else "field" if known else "dataset",
        partner=row["partner"],
        owner=row["owner"],
        contact=row["contact"],
    )
