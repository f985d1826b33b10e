"""Check: what is missing or contradictory in the declared map. A work list for those who keep it.

Missing things are told of what a registry declares; what only a contract or a feed brings (a million seller accounts) is kept
by others. Contradictions are told of everything that is declared. Pure functions over one read of the map.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from graphlib import CycleError, TopologicalSorter

from lineage.answers.asking import Asker
from lineage.answers.check_results import CHECKS, ERRORS, HINTS, Check, CheckFinding, CheckName, Subject
from lineage.answers.declared_map import DeclaredMap, Node, read_map, unknown_partner
from lineage.answers.drift_rows import between, some
from lineage.answers.drift_said import differences
from lineage.schedule import ScheduleError, Timetable

_Drafts = Iterator[tuple[CheckName, str, str, str]]
"""Check, label and id of the node, detail."""


def check(ask: Asker, *, partner: str | None = None, as_of: datetime | None = None) -> Check:
    """All findings, or those that concern a partner. Raises NotFoundError for an unknown one; ServerError, OutOfTime."""
    now = as_of or datetime.now(UTC)
    found = read_map(ask, now)
    if partner is not None and partner not in found.partners:
        raise unknown_partner(ask, partner)
    listed = ask.rows("listed_routes")[0]
    said = ask.rows("drift_sayings", as_of=now)[0]
    drafts = [
        *missing(found),
        *references(found),
        *order_of_routes(found),
        *agreements(found, now),
        *contracts(found, frozenset(listed["sources"])),
        *cycles(found),
        *never_listed(found, frozenset(listed["tails"])),
        *disagreements(zip(said["subjects"], said["sayings"], strict=True), now),
    ]
    concern = _Concern(found)
    rows = [_finding(concern, *draft) for draft in dict.fromkeys(drafts)]
    rows = [row for row in rows if partner is None or partner in row.partners]
    rows.sort(key=lambda row: (row.partners[:1], CHECKS.index(row.check), row.subject.label, row.subject.id, row.detail))
    return Check(as_of=now, rows=tuple(rows))


def missing(found: DeclaredMap) -> _Drafts:
    """What the registry's nodes lack."""
    teams = defaultdict(list)
    for team in found.teams.values():
        teams[team.get("partner")].append(team["id"])
    for id_, partner in _registered(found.partners):
        yield from _lacks(partner, "Partner", ("zone",))
        if not any(found.contacts.get(of) for of in [("Partner", id_), *(("Team", team) for team in teams[id_])]):
            yield "partner-without-contact", "Partner", id_, "neither it nor a team of it has a contact"
    for _, system in _registered(found.systems):
        yield from _lacks(system, "System", ("partner", "owner"))
    for _, interface in _registered(found.interfaces):
        yield from _lacks(interface, "Interface", ("protocol", "format", "contract"))
    for id_, dataset in _registered(found.datasets):
        yield from _lacks(dataset, "Dataset", ("owner",))
        if not found.fields.get(id_):
            yield "dataset-without-fields", "Dataset", id_, "no field of it is known"
    for id_, route in _registered(found.routes):
        yield from _lacks(route, "Route", ("owner", "dataset", "interface", "acknowledgement"))
        if not route.get("schedule") and not route.get("deliver_within"):
            yield "route-without-deadline", "Route", id_, "neither schedule nor deliver_within"


def references(found: DeclaredMap) -> _Drafts:
    """What declared nodes name and nobody declares, and owners whom nobody can ask."""
    known = {"Partner": found.partners, "Team": found.teams, "System": found.systems, "Dataset": found.datasets,
             "Interface": found.interfaces}  # fmt: skip
    named = (
        ("Team", found.teams, {"partner": "Partner"}),
        ("System", found.systems, {"partner": "Partner", "owner": "Team"}),
        ("Interface", found.interfaces, {"system": "System"}),
        ("Dataset", found.datasets, {"owner": "Team"}),
        ("Report", found.reports, {"owner": "Team"}),
        ("Route", found.routes,
         {"from": "System", "to": "System", "dataset": "Dataset", "interface": "Interface", "owner": "Team"}),
    )  # fmt: skip
    owners = set()
    for label, nodes, names in named:
        for id_, node in _declared(nodes):
            for name, target in names.items():
                value = node.get(name)
                if value and not known[target].get(value, {}).get("declared"):
                    yield "undeclared-reference", label, id_, f"{name} is {value}, and no source declares that {target.lower()}"
                elif value and target == "Team":
                    owners.add(value)
    for team in sorted(owners):
        if not found.contacts.get(("Team", team)):
            yield "owner-without-contact", "Team", team, "it owns something, and nobody says whom to ask"


def order_of_routes(found: DeclaredMap) -> _Drafts:
    """``after`` that leads nowhere, and kinds of item that start nowhere."""
    into = defaultdict(list)
    for id_, route in _declared(found.routes):
        into[route.get("to")].append(id_)
    starts: dict[str, bool] = {}
    carried: dict[str, list[str]] = defaultdict(list)
    for id_, route in _declared(found.routes):
        after = route.get("after")
        before = [found.routes[one] for one in (into[route.get("from")] if after is None else after) if one in found.routes]
        for one in after or ():
            if not found.routes.get(one, {}).get("declared"):
                yield "unknown-after", "Route", id_, f"it comes after {one}, which no source declares"
            elif found.routes[one].get("to") != route.get("from"):
                where = f"{one} ends at {found.routes[one].get('to')}, and this one begins at {route.get('from')}"
                yield "after-does-not-lead-here", "Route", id_, f"it comes after {one}, but {where}"
        for kind in route.get("item_kind") or ():
            brought = any(kind in (one.get("item_kind") or ()) for one in before)
            if after and before and not brought:
                yield (
                    "after-carries-another-kind",
                    "Route",
                    id_,
                    f"{some(after)} carries no {kind}, which this route should pass on",
                )
            starts[kind] = starts.get(kind, False) or (not after and not brought)
            carried[kind].append(id_)
    for kind, started in sorted(starts.items()):
        if not started:
            detail = f"items of kind {kind} start nowhere: {some(carried[kind])} only pass them on"
            yield "kind-without-origin", "Route", carried[kind][0], detail


def agreements(found: DeclaredMap, now: datetime) -> _Drafts:
    """Routes that cannot be watched, or that say the same as another."""
    read: dict[tuple[str, str | None, str | None], str | None] = {}
    same: dict[tuple[str | None, ...], list[Node]] = defaultdict(list)
    for id_, route in _declared(found.routes):
        if route.get("acknowledge_within") and route.get("acknowledgement") in {None, "none"}:
            said = route.get("acknowledgement") or "not said"
            yield (
                "acknowledge-within-without-acknowledgement",
                "Route",
                id_,
                (f"acknowledge_within is {route['acknowledge_within']}, and the acknowledgement is {said}"),
            )
        if route.get("schedule"):
            table = (route["schedule"], route.get("timezone"), route.get("calendar"))
            if table not in read:
                read[table] = _unreadable(*table, now)
            if note := read[table]:
                yield "schedule-unreadable", "Route", id_, note
        if route["registered"]:
            same[route.get("from"), route.get("to"), route.get("dataset")].append(route)
    for routes in same.values():
        for number, route in enumerate(routes):
            if twins := [one["id"] for one in routes[number + 1 :] if _overlap(route, one)]:
                yield (
                    "same-route",
                    "Route",
                    route["id"],
                    f"{between(route)} with the same data set and kinds of item: {some(twins)} too",
                )


def contracts(found: DeclaredMap, sources: frozenset[str]) -> _Drafts:
    """Contracts that were not loaded, and fields that one side lists and the other does not."""
    for label, nodes in (("Interface", found.interfaces), ("Dataset", found.datasets)):
        for id_, node in _declared(nodes):
            contract = node.get("contract")
            said = node["contracted"] or (
                label == "Dataset" and any("contract" in f["said_by"] for f in found.fields.get(id_, ()))
            )
            if contract and not said and not _loaded(contract, sources):
                yield "contract-not-loaded", label, id_, f"its contract is {contract}, and no source of that name was loaded"
    for id_, _ in _declared(found.datasets):
        listed = {
            side: {f["name"] for f in found.fields.get(id_, ()) if side in f["said_by"]} for side in ("registry", "contract")
        }
        if all(listed.values()):
            for name in sorted(listed["contract"] - listed["registry"]):
                yield (
                    "field-not-in-registry",
                    "Dataset",
                    id_,
                    f"its contract has the field {name}, and the registry does not list it",
                )
            for name in sorted(listed["registry"] - listed["contract"]):
                yield "field-not-in-contract", "Dataset", id_, f"the registry lists the field {name}, and its contract has none"


def cycles(found: DeclaredMap) -> _Drafts:
    """Data sets and fields that are made from themselves; each circle once."""
    before: dict[tuple[str, str], list[tuple[str, str]]] = defaultdict(list)
    for made, of in sorted(((one["to_label"], one["to"]), (one["from_label"], one["from"])) for one in found.derivations):
        before[made].append(of)
    while True:
        try:
            TopologicalSorter(before).prepare()
            return
        except CycleError as error:
            circle: list[tuple[str, str]] = error.args[1]
            # The circle is cut where its smallest member is made, so that the same map always tells the same.
            label, id_ = min(circle)
            place = circle.index((label, id_)) % (len(circle) - 1)
            ring = [*circle[place:-1], *circle[: place + 1]] if place else circle
            yield "derivation-cycle", label, id_, f"it is made from itself: {some(one for _, one in ring)}"
            before[ring[1]].remove(ring[0])


def never_listed(found: DeclaredMap, tails: frozenset[str]) -> _Drafts:
    """Routes that only listed items take, and on which none ever was."""
    for id_, route in _registered(found.routes):
        if route.get("expect") == "listed" and id_.rpartition(">")[2] not in tails:
            yield "listed-without-expectation", "Route", id_, "expect is listed, and no item was ever expected on it"


def disagreements(said: Iterable[tuple[str, list[Node]]], now: datetime) -> _Drafts:
    """Where a registry and a contract, or two of them, say different things; what was observed is for ``drift``."""
    for subject, sayings in said:
        for one in differences(subject, [each for each in sayings if each["authority"] != "observed"], now):
            yield "disagreement", one.label, one.id, one.detail


def _finding(concern: _Concern, name: CheckName, label: str, id_: str, detail: str) -> CheckFinding:
    return CheckFinding(
        check=name,
        severity="error" if name in ERRORS else "warning",
        subject=Subject(label=label, id=id_),
        detail=detail,
        partners=concern.partners(label, id_),
        owner=concern.owner(label, id_),
        hint=HINTS[name],
    )


@dataclass(frozen=True)
class _Concern:
    """Whom a node concerns."""

    found: DeclaredMap

    @cached_property
    def _carried(self) -> dict[str, list[str]]:
        """The ends of the routes that carry each data set."""
        ends: dict[str, list[str]] = defaultdict(list)
        for route in self.found.routes.values():
            ends[route.get("dataset") or ""] += [end for end in (route.get("from"), route.get("to")) if end]
        return ends

    def owner(self, label: str, id_: str) -> str | None:
        if label == "Team":
            return id_
        nodes = {
            "System": self.found.systems,
            "Dataset": self.found.datasets,
            "Route": self.found.routes,
            "Report": self.found.reports,
        }
        if label == "Interface":
            label, id_ = "System", self.found.interfaces.get(id_, {}).get("system") or ""
        if label == "Field":
            label, id_ = "Dataset", id_.rpartition("#")[0]
        owner: str | None = nodes.get(label, {}).get(id_, {}).get("owner")
        return owner

    def partners(self, label: str, id_: str) -> tuple[str, ...]:
        if label == "Partner":
            return (id_,)
        if label == "Team":
            return tuple(filter(None, [self.found.teams.get(id_, {}).get("partner")]))
        if label == "System":
            return self.found.partners_of([id_])
        if label == "Interface":
            return self.found.partners_of([self.found.interfaces.get(id_, {}).get("system")])
        if label == "Route":
            route = self.found.routes.get(id_, {})
            return self.found.partners_of([route.get("from"), route.get("to")])
        dataset = id_.rpartition("#")[0] if label == "Field" else id_
        owner = self.found.teams.get(self.owner(label, id_) or "", {}).get("partner")
        return tuple(dict.fromkeys(filter(None, [owner, *self.found.partners_of(self._carried.get(dataset, ()))])))


def _lacks(node: Node, label: str, names: Iterable[str]) -> _Drafts:
    for name in names:
        if not node.get(name):
            check_name: CheckName = f"{label.lower()}-without-{name}"  # type: ignore[assignment]
            yield check_name, label, node["id"], f"no {name}"


def _registered(nodes: dict[str, Node]) -> list[tuple[str, Node]]:
    return sorted((id_, node) for id_, node in nodes.items() if node["registered"])


def _declared(nodes: dict[str, Node]) -> list[tuple[str, Node]]:
    return sorted((id_, node) for id_, node in nodes.items() if node["declared"])


def _unreadable(schedule: str, timezone: str | None, calendar: str | None, now: datetime) -> str | None:
    try:
        Timetable(schedule, timezone, calendar, now)
    except ScheduleError as error:
        return str(error)
    return None


def _overlap(one: Node, other: Node) -> bool:
    """Whether two routes with the same ends and data set also carry the same kinds of item, or neither says which."""
    kinds, others = set(one.get("item_kind") or ()), set(other.get("item_kind") or ())
    return bool(kinds & others) or kinds == others


def _loaded(contract: str, sources: frozenset[str]) -> bool:
    name = contract.removeprefix("./")
    return any(source == contract or source.endswith(f"/{name}") for source in sources)
