"""The reference of a partner: people, systems, what is exchanged in both directions, who owns what, how it does, what changed.

Read off the declared map, ``late`` and ``diagnose``, each asked once for however many partners, so that a page never says other than
these do. What was only seen stands beside what is declared, and says so.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from pydantic import TypeAdapter

from lineage.answers.asking import Asker
from lineage.answers.branches import SETTLED
from lineage.answers.completeness import Freshness, freshness
from lineage.answers.declared_map import DeclaredMap, Node, read_map
from lineage.answers.diagnose import diagnose
from lineage.answers.export import said_by
from lineage.answers.history import history, sources
from lineage.answers.incidents import Incident
from lineage.answers.late import late
from lineage.answers.late_results import LateRow, LateState
from lineage.answers.partner_results import (
    Agreed,
    Boundary,
    DatasetRef,
    End,
    Exchange,
    FieldRef,
    Handover,
    InterfaceRef,
    PartnerReference,
    Person,
    Side,
    State,
    Status,
    SystemRef,
    TeamRef,
)
from lineage.assertions import Assertion
from lineage.graph import Row
from lineage.schedule import cron_in_words
from lineage.times import in_words

_DURATION: TypeAdapter[timedelta] = TypeAdapter(timedelta)
_URGENT: tuple[LateState, ...] = ("silent", "late", "unreadable", "arrived_late", "due_soon")
_ZONES = ("spotify", "middleware", "partner", "undetermined")
_RECEIPTS = {"mdn": "an MDN", "functional": "a functional acknowledgement", "http": "the HTTP answer"}


def partner(ask: Asker, id_: str, *, since: datetime | None = None, as_of: datetime | None = None) -> PartnerReference:
    """The reference of one partner.

    ``since``: incidents only of items with evidence since then; ``as_of``: by then (UTC, now if None). Raises NotFoundError with
    the nearest names, ServerError, OutOfTime.
    """
    now = as_of or datetime.now(UTC)
    return _references(ask, read_map(ask, now, id_), [id_], since, now)[0]


def partners(ask: Asker, found: DeclaredMap, as_of: datetime, *, since: datetime | None = None) -> list[PartnerReference]:
    """The references of all partners of a whole map, by id. Errors as for ``partner``."""
    return _references(ask, found, sorted(found.partners), since, as_of)


def _references(
    ask: Asker, found: DeclaredMap, ids: Sequence[str], since: datetime | None, now: datetime
) -> list[PartnerReference]:
    now_ = _Now.read(ask, found, since, now)
    said: dict[str, dict[str, list[Assertion]]] = defaultdict(dict)
    for row in ask.rows("history_of_partners", partners=list(ids), as_of=now):
        said[row["partner"]][row["subject"]] = [said_by(one) for one in row["said"]]
    return [_Describer(found, now_, id_).reference(said[id_]) for id_ in ids]


@dataclass(frozen=True)
class _Now:
    """How everything does at one moment, by route."""

    as_of: datetime
    status: dict[str, Row]
    late: dict[str, list[LateRow]]
    stuck: Counter[str]
    incidents: tuple[Incident, ...]
    fresh: Freshness

    @classmethod
    def read(cls, ask: Asker, found: DeclaredMap, since: datetime | None, now: datetime) -> _Now:
        by_route: dict[str, list[LateRow]] = defaultdict(list)
        for row in late(ask, as_of=now):
            by_route[row.route].append(row)
        diagnosis = diagnose(ask, open_only=True, since=since, as_of=now)
        stuck = Counter(
            branch.next_expected.route
            for item in diagnosis.items
            for branch in (item.branches or (item,))
            if branch.next_expected and branch.verdict.rule not in SETTLED
        )
        routes = sorted(found.routes)
        status = {row["route"]: row for row in ask.rows("route_status", routes=routes, as_of=now)} if routes else {}
        return cls(now, status, by_route, stuck, diagnosis.incidents, freshness(ask, found.systems, now))


@dataclass(frozen=True)
class _Describer:
    """Describes one partner from what was read."""

    found: DeclaredMap
    now: _Now
    id: str

    def reference(self, said: dict[str, list[Assertion]]) -> PartnerReference:
        node = self.found.partners[self.id]
        own = {id_: s for id_, s in sorted(self.found.systems.items()) if s.get("partner") == self.id}
        teams = [t for _, t in sorted(self.found.teams.items()) if t.get("partner") == self.id]
        routes = [
            r for _, r in sorted(self.found.routes.items()) if self._is_known(r) and {r.get("from"), r.get("to")} & set(own)
        ]
        exchanges = tuple(self._exchange(route, set(own)) for route in routes)
        return PartnerReference(
            id=self.id,
            name=node.get("name") or self.id,
            zone=node.get("zone"),
            kind=node.get("kind"),
            declared=node["declared"],
            valid_from=node.get("valid_from"),
            valid_to=node.get("valid_to"),
            as_of=self.now.as_of,
            contacts=self._people("Partner", self.id),
            teams=tuple(self._team(team) for team in teams),
            systems=tuple(self._system(system) for system in own.values()),
            exchanges=exchanges,
            boundary=self._boundary(exchanges, own),
            incidents=tuple(one for one in self.now.incidents if self._concerns(one, own, exchanges)),
            sources=sources(said, self.now.as_of),
            history=history(said, self.now.as_of),
            completeness=self.now.fresh.of(own),
        )

    def _is_known(self, route: Node) -> bool:
        """What nobody declares is known by then if a feed named it or evidence was seen by then."""
        return bool(route["named"] or self.now.status[route["id"]]["seen_at"])

    def _concerns(self, incident: Incident, own: dict[str, Node], exchanges: Iterable[Exchange]) -> bool:
        return (
            incident.system in own or incident.partner == self.id or bool({e.route for e in exchanges} & set(incident.routes))
        )

    def _people(self, label: str, id_: str) -> tuple[Person, ...]:
        found = self.found.contacts.get((label, id_), ())
        # A node without a name is called by its id.
        names = [None if c.get("name") == c["id"] else c.get("name") for c in found]
        return tuple(Person(name=n, email=c.get("email"), role=c.get("role")) for n, c in zip(names, found, strict=True))

    def _team(self, team: Node) -> TeamRef:
        people = self._people("Team", team["id"])
        return TeamRef(id=team["id"], name=team.get("name") or team["id"], partner=team.get("partner"), contacts=people)

    def _system(self, system: Node) -> SystemRef:
        return SystemRef(
            id=system["id"],
            name=system.get("name") or system["id"],
            kind=system.get("kind"),
            owner=system.get("owner"),
            declared=system["declared"],
            interfaces=tuple(
                interface_ref(i) for _, i in sorted(self.found.interfaces.items()) if i.get("system") == system["id"]
            ),
        )

    def _end(self, id_: str | None) -> End:
        system = self.found.systems.get(id_ or "", {})
        partner = self.found.partners.get(system.get("partner") or "", {})
        return End(
            system=id_ or "?",
            name=system.get("name") or id_ or "unknown system",
            declared=bool(system.get("declared")),
            partner=system.get("partner"),
            partner_name=partner.get("name"),
            zone=partner.get("zone"),
        )

    def _exchange(self, route: Node, own: set[str]) -> Exchange:
        into, out = route.get("to") in own, route.get("from") in own
        interface = self.found.interfaces.get(route.get("interface") or "")
        owner = self.found.teams.get(route.get("owner") or "")
        return Exchange(
            route=route["id"],
            direction="within" if into and out else "in" if into else "out",
            from_=self._end(route.get("from")),
            to=self._end(route.get("to")),
            item_kind=tuple(route.get("item_kind") or ()),
            expect=route.get("expect") or "all",
            after=None if route.get("after") is None else tuple(route["after"]),
            dataset=dataset_ref(self.found, route["dataset"]) if route.get("dataset") else None,
            interface=interface_ref(interface) if interface else None,
            agreed=agreed(route),
            owner=self._team(owner) if owner else None,
            declared=route["declared"],
            valid_from=route.get("valid_from"),
            valid_to=route.get("valid_to"),
            status=self._status(route["id"]),
        )

    def _status(self, route: str) -> Status:
        seen, rows = self.now.status[route], self.now.late.get(route, [])
        whole = [row for row in rows if row.item is None]
        worst = min(whole, key=lambda row: _URGENT.index(row.state), default=None)
        state: State = worst.state if worst else "delivering" if seen["secured_at"] else "unseen"
        return Status(
            state=state,
            due_at=worst.due_at if worst else None,
            last_secured_at=seen["secured_at"],
            last_item=seen["item"],
            last_seen_at=seen["seen_at"],
            overdue=sum(row.item is not None for row in rows),
            stuck=self.now.stuck[route],
        )

    def _boundary(self, exchanges: Sequence[Exchange], own: dict[str, Node]) -> Boundary:
        systems: dict[str, set[str]] = defaultdict(set)
        routes: dict[str, set[str]] = defaultdict(set)
        for id_ in {*own, *(end.system for e in exchanges for end in (e.from_, e.to))}:
            systems[self._end(id_).zone or "undetermined"].add(id_)
        for exchange in exchanges:
            owner = self.found.partners.get((exchange.owner.partner if exchange.owner else None) or "", {})
            routes[owner.get("zone") or "undetermined"].add(exchange.route)
        return Boundary(
            sides=tuple(
                Side(zone=zone, systems=tuple(sorted(systems[zone])), routes=tuple(sorted(routes[zone])))
                for zone in _ZONES
                if systems[zone] or routes[zone]
            ),
            handovers=tuple(_handover(e) for e in exchanges if e.from_.partner != e.to.partner),
        )


def _handover(exchange: Exchange) -> Handover:
    one, other, owner = exchange.from_, exchange.to, exchange.owner
    owned = f"{owner.name} owns the route" if owner else "nobody is named as the owner of the route"
    return Handover(
        route=exchange.route,
        from_partner=one.partner,
        to_partner=other.partner,
        from_zone=one.zone,
        to_zone=other.zone,
        owner=owner.id if owner else None,
        in_words=f"custody passes from {_side(one)} to {_side(other)} as soon as {other.name} has it; {owned}",
    )


def _side(end: End) -> str:
    whose = end.partner_name or end.partner or f"whoever runs {end.name}"
    return f"{whose} ({end.zone})" if end.zone else whose


def interface_ref(node: Node) -> InterfaceRef:
    """An interface from its node."""
    names = ("system", "protocol", "format", "endpoint", "contract")
    return InterfaceRef(id=node["id"], **{name: node.get(name) for name in names})


def dataset_ref(found: DeclaredMap, id_: str) -> DatasetRef:
    """A data set from its node, with its fields; only its id where the map holds no more."""
    node = found.datasets.get(id_, {})
    return DatasetRef(
        id=id_,
        name=node.get("name") or id_,
        fields=tuple(
            FieldRef(name=f["name"], type=f.get("type"), required=f.get("required"), description=f.get("description"))
            for f in found.fields.get(id_, ())
        ),
        **{name: node.get(name) for name in ("description", "format", "contract", "owner")},
    )


def agreed(route: Node) -> Agreed:
    """What a route says about times and acknowledgements, from its node."""
    names = ("schedule", "timezone", "calendar", "deliver_within", "acknowledgement", "acknowledge_within")
    return Agreed(**{name: route.get(name) for name in names}, in_words=tuple(_in_words(route)))


def _in_words(route: Node) -> Iterable[str]:
    within = _duration(route.get("deliver_within"))
    if schedule := route.get("schedule"):
        on = f", on business days of {route['calendar']}" if route.get("calendar") else ""
        yield f"due {cron_in_words(schedule)}, {route.get('timezone') or 'UTC'}{on}" + (
            f", and delivered within {within}" if within else ""
        )
    elif within:
        yield f"delivered within {within} of the sender having it"
    else:
        yield "no deadline is agreed"
    acknowledgement, answer = route.get("acknowledgement"), _duration(route.get("acknowledge_within"))
    if acknowledgement == "none":
        yield "no acknowledgement is owed"
    elif acknowledgement:
        yield f"acknowledged by {_RECEIPTS.get(acknowledgement, acknowledgement)}" + (f" within {answer}" if answer else "")
    else:
        yield "nobody says whether an acknowledgement is owed"


def _duration(text: str | None) -> str | None:
    try:
        return in_words(_DURATION.validate_python(text)) if text else None
    except ValueError:
        return text
