"""What a new version of a contract reaches: the changes between two versions, followed downstream from each field.

Only what really uses a changed field is affected: where fields are known to feed fields, that way is followed. Where the map
knows only that data sets are connected, whatever is made from the data set may use the field, and its entry says so.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal

from lineage.answers.asking import Asker
from lineage.answers.completeness import completeness
from lineage.answers.impact import MAX_DEPTH, reach, start_of
from lineage.answers.results import Affected, Completeness, Impact, NodeRef
from lineage.contracts import Change, Version, compare
from lineage.errors import NotFoundError, UsageError
from lineage.graph import OutOfTime, Row

Key = tuple[str, str]


@dataclass(frozen=True)
class _Start:
    """Where to follow a change from. ``any_field``: a field that the map does not know by name, or of which nothing is made.

    ``routes_only``: who sends it must now say more; what is made from it is as before.
    """

    node: NodeRef
    any_field: bool = False
    routes_only: bool = False


@dataclass
class _Sum:
    """What reaches one node, over all starts. ``sure``: those of the causes that reach it by fields."""

    entry: Affected
    causes: set[int] = field(default_factory=set)
    sure: set[int] = field(default_factory=set)
    own_fields: set[str] = field(default_factory=set)

    def add(self, entry: Affected, causes: Iterable[int]) -> None:
        if entry.distance < self.entry.distance:
            self.entry = entry
        self.causes |= set(causes)
        self.sure |= set(causes) if entry.lineage == "field" else set()
        self.own_fields |= set(entry.own_fields)


def change_impact(
    ask: Asker,
    old: Version,
    new: Version,
    *,
    node: str | None = None,
    field: str | None = None,
    depth: int = MAX_DEPTH,
    as_of: datetime | None = None,
    not_read: tuple[str, ...] = (),
) -> Impact:
    """What the changes from one version to the other reach.

    ``node``: the data set that the contract describes under another id; or an interface, system or route that stands for what the map
    does not hold of the contract. None where the map holds it. Raises NotFoundError, UsageError, ServerError.
    """
    if not 1 <= depth <= MAX_DEPTH:
        raise UsageError(f"depth {depth} is not between 1 and {MAX_DEPTH}.")
    moment = as_of or datetime.now(UTC)
    start = start_of(ask, node, field) if node is not None else None
    old, new = _about(start, old, new)
    changes = compare(old, new)
    if start is not None and start.label == "Field":
        changes = [one for one in changes if one.id == start.id]
    known = _known(ask, old, new, changes, moment)
    if start is None and not known:
        raise NotFoundError(
            f"Nothing of {new.contract or 'the contract'} is in the map.",
            hint="Load the contract, or name the data set, interface or route that it is about: `lineage impact NODE --change OLD NEW`.",
        )
    starts, lost = _starts(changes, known, start)
    sums: dict[Key, _Sum] = {}
    truncated: Literal["depth", "time"] | None = None
    try:
        for begin, causes in starts.items():
            found, beyond, _ = reach(ask, begin.node, depth, moment, any_field=begin.any_field)
            truncated = "depth" if beyond and not begin.routes_only else truncated
            for entry in found:
                if not begin.routes_only or (entry.label == "Route" and entry.via == begin.node.id):
                    _add(sums, entry, causes)
        _add_senders(ask, sums, changes, moment)
    except OutOfTime:
        truncated = "time"
    affected = tuple(
        sorted((_summed(one, changes) for one in sums.values()), key=lambda one: (one.distance, one.label, one.id))
    )
    systems = [one.id for one in affected if one.label == "System"]
    complete = (
        Completeness(complete=False, truncated_by="time")
        if truncated == "time"
        else completeness(ask, systems, moment, truncated)
    )
    return Impact(
        of=start or _named(new, known),
        changes=tuple(changes),
        compared=True,
        affected=affected,
        not_in_map=tuple(lost),
        not_read=not_read,
        completeness=complete.model_copy(update={"complete": complete.complete and not not_read}),
    )


def _about(start: NodeRef | None, old: Version, new: Version) -> tuple[Version, Version]:
    """The versions with the data set called as the map calls it. Raises UsageError where that cannot be decided."""
    described = dict.fromkeys((*old.datasets, *new.datasets))
    if start is not None and start.label in {"Dataset", "Field"}:
        dataset = start.id.partition("#")[0]
        if dataset in described:
            return (old, new) if len(described) == 1 else (old.only(dataset), new.only(dataset))
        if len(old.datasets) == len(new.datasets) == 1:
            return old.called(dataset), new.called(dataset)
        some = ", ".join(list(described)[:5])
        raise UsageError(
            f"The contract describes {len(described)} data sets ({some}{' ...' if len(described) > 5 else ''}), none is {dataset}.",
            hint=f"Say which one it is: --set dataset.NAME={dataset}.",
        )
    if old.datasets and new.datasets and not old.datasets.keys() & new.datasets.keys():
        raise UsageError(
            f"OLD and NEW have no data set in common: {next(iter(old.datasets))} and {next(iter(new.datasets))}, for example.",
            hint="If they are two versions of one contract, name its data set as NODE, or give both the same --set dataset=ID or "
            "interface=ID.",
        )
    return old, new


def _known(ask: Asker, old: Version, new: Version, changes: list[Change], moment: datetime) -> dict[Key, Row]:
    """What of the contract the map holds."""
    ids = {one.id for one in changes} | {one.dataset for one in changes if one.dataset}
    ids |= {*old.datasets, *new.datasets, *old.interfaces, *new.interfaces}
    rows = ask.rows("changed_nodes", ids=sorted(ids), as_of=moment)
    return {(row["label"], row["id"]): row for row in rows}


def _named(new: Version, known: dict[Key, Row]) -> NodeRef:
    """What the answer is about: the one data set, the interface that all others belong to, else the contract."""
    if len(new.datasets) == 1 and (one := _ref(known.get(("Dataset", next(iter(new.datasets)))))):
        return one
    for id_ in new.interfaces:
        whole = all(other == id_ or other.startswith(f"{id_}/") for other in new.interfaces)
        if whole and (one := _ref(known.get(("Interface", id_)))):
            return one
    contract = new.contract or new.source or "contract"
    return NodeRef(id=contract, label="Contract", name=contract)


def _starts(changes: list[Change], known: dict[Key, Row], node: NodeRef | None) -> tuple[dict[_Start, list[int]], list[str]]:
    """Where to begin, with the changes that begin there; and what is not in the map."""
    starts: dict[_Start, list[int]] = {}
    lost: dict[str, None] = {}
    for place, change in enumerate(changes):
        if not change.felt:
            continue
        found = _starts_of(change, known)
        if not found:
            lost[change.id] = None
            found = [_Start(node)] if node is not None and node.label not in {"Dataset", "Field"} else []
        for one in found:
            starts.setdefault(one, []).append(place)
    return starts, list(lost)


def _starts_of(change: Change, known: dict[Key, Row]) -> list[_Start]:
    dataset = _ref(known.get(("Dataset", change.dataset or "")))
    if change.label == "Field":
        row = known.get(("Field", change.id))
        if row is not None and row["feeds"]:
            return [_Start(NodeRef(id=row["id"], label="Field", name=row["name"]))]
        return [_Start(dataset, any_field=True, routes_only=change.change == "added")] if dataset else []
    if change.label == "Dataset":
        return [_Start(dataset)] if dataset else []
    # Who uses the API as a whole may use any of its operations.
    ids = [change.id, change.id.rpartition("/")[0]] if change.label == "Interface" else [change.id]
    return [_Start(one) for id_ in ids if (one := _ref(known.get((change.label, id_))))]


def _ref(row: Row | None) -> NodeRef | None:
    return NodeRef(id=row["id"], label=row["label"], name=row["name"]) if row else None


def _add(sums: dict[Key, _Sum], entry: Affected, causes: Iterable[int]) -> None:
    sums.setdefault((entry.label, entry.id), _Sum(entry)).add(entry, causes)


def _add_senders(ask: Asker, sums: dict[Key, _Sum], changes: list[Change], moment: datetime) -> None:
    """Who must send otherwise from now on: the senders on the routes that carry what is accepted, and their partners."""
    accepted = {one.dataset for one in changes if one.felt and one.direction in {"accepted", "both"}} - {None}
    routes = [key[1] for key in sums if key[0] == "Route"]
    if not accepted or not routes:
        return
    for row in ask.rows("route_ends", routes=routes, limit=0, as_of=moment):
        if row["side"] != "sender" or row["dataset"] not in accepted:
            continue
        route = sums["Route", row["route"]]
        causes = {place for place in route.causes if changes[place].dataset == row["dataset"]}
        common = {
            "fields": (),
            "owner": row["owner"],
            "contact": row["contact"],
            "partner": row["partner"],
            "lineage": "field" if route.sure else "dataset",
        }
        distance = route.entry.distance + 1
        system = Affected(id=row["system"], label="System", name=row["name"], distance=distance, via=row["route"], **common)
        _add(sums, system, causes)
        if row["partner"]:
            name = row["partner_name"] or row["partner"]
            _add(
                sums,
                Affected(id=row["partner"], label="Partner", name=name, distance=distance + 1, via=row["system"], **common),
                causes,
            )


def _summed(one: _Sum, changes: list[Change]) -> Affected:
    causes = sorted(one.causes)
    fields, sure = ({changes[place].id for place in places if changes[place].label == "Field"} for places in (causes, one.sure))
    return one.entry.model_copy(
        update={
            "fields": tuple(sorted(fields)),
            "possible_fields": tuple(sorted(fields - sure)),
            "own_fields": tuple(sorted(one.own_fields)),
            "lineage": "field" if one.sure else "dataset",
            "breaking": any(changes[place].breaking for place in causes),
            "causes": tuple(causes),
        }
    )
