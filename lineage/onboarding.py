"""Bringing in a partner: a registry to fill in, with what the graph knows already, and a list of what to find out.

In the registry, lines that begin with ``##`` are words; those that begin with ``# `` are rows and values to fill in: without that mark
they are read. It loads as it is, and with any of them filled in.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import yaml

from lineage.answers.asking import Asker
from lineage.answers.declared_map import DeclaredMap, Node
from lineage.facts import Dataset, DatasetField, Declared, Interface, Partner, Route, System, Team, Zone
from lineage.registry import Registry, Row, text
from lineage.times import rfc3339

_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_.-]*")
_LINE_BREAKS = re.compile(r"[\s\x00-\x1f\x7f-\x9f\u2028\u2029]+")
Suggestion = tuple[str, str, str]
"""A key that is missing, a value to start from (YAML on one line), and what it says."""


@dataclass
class Known:
    """What the graph knows of a partner: rows of a registry by section, and what of it was only seen, in words by section and id."""

    rows: dict[str, list[Row]] = field(default_factory=dict)
    seen: dict[tuple[str, str], str] = field(default_factory=dict)


def known(ask: Asker, id_: str, *, name: str | None = None, zone: Zone | None = None) -> Known:
    """What the graph knows of a partner, declared, found by feeds or seen in evidence. Raises ServerError, OutOfTime."""
    now = datetime.now(UTC)
    found = DeclaredMap(ask.rows("declared_map", partner=id_, as_of=now)[0])
    registry, seen = Registry(), {}
    partner = {**found.partners.get(id_, {"id": id_}), **{k: v for k, v in (("name", name), ("zone", zone)) if v}}
    registry.add("Partner", id_, _content(Partner, partner))
    own = {one["id"]: one for one in found.systems.values() if one.get("partner") == id_}
    called = ask.rows("systems_called", name=id_)[0]
    own |= {one["id"]: {**one, "partner": id_} for one in called["systems"]}
    routes = {r["id"]: r for r in found.routes.values() if {r.get("from"), r.get("to")} & set(own)}
    routes |= {r["id"]: r for r in called["routes"] if r["id"] not in routes}
    for system in own.values():
        registry.add("System", system["id"], _content(System, system))
        if not system["declared"]:
            seen["systems", system["id"]] = "nobody declares it; a feed or evidence named it"
    for route in routes.values():
        row, words = _route(ask, route, now)
        registry.add("Route", row["id"], row)
        if words:
            seen["routes", row["id"]] = words
    for team in found.teams.values():
        if team.get("partner") == id_:
            registry.add("Team", team["id"], _content(Team, team))
    for (label, of), people in found.contacts.items():
        if (label, of) == ("Partner", id_) or (label == "Team" and found.teams[of].get("partner") == id_):
            for one in people:
                registry.add("Contact", one["id"], {f"of_{label.lower()}": of, **_person(one)})
    for interface in found.interfaces.values():
        if interface.get("system") in own:
            registry.add("Interface", interface["id"], _content(Interface, interface))
    for dataset in {route["dataset"] for route in routes.values() if route.get("dataset")}:
        registry.add("Dataset", dataset, _content(Dataset, found.datasets.get(dataset, {"id": dataset})))
        for one in found.fields.get(dataset, ()):
            registry.add("Field", one["id"], _content(DatasetField, one))
    return Known(dict(registry.sections()), seen)


def _route(ask: Asker, route: Node, now: datetime) -> tuple[Row, str]:
    """A route as declared, or as it was seen: then with a name of its own, and in words since when."""
    if route["declared"]:
        return _content(Route, route), ""
    status = ask.rows("route_status", routes=[route["id"]], as_of=now)[0]
    last = f", last at {rfc3339(status['seen_at'].replace(microsecond=0))}" if status["seen_at"] else ""
    content = {**_content(Route, route), **({"item_kind": sorted(route["kinds"])} if route.get("kinds") else {})}
    if route["id"] != f"{route['from']}>{route['to']}" and not route["id"].startswith(f"{route['from']}>{route['to']}>"):
        return content, f"nobody declares it; seen{last}"
    return {**content, "id": f"{route['from']}-to-{route['to']}"}, f"nobody declares it; evidence names its ends only{last}"


def _content(fact: type[Declared], node: Node) -> dict[str, Any]:
    """What a node says that a fact of its kind can say, without the names and values that stand for nothing."""
    names = [info.alias or name for name, info in fact.model_fields.items()]
    said = {
        name: node[name] for name in names if node.get(name) not in (None, [], "") or (name == "after" and node.get(name) == [])
    }
    if said.get("name") == said.get("id") and "id" in said:
        said.pop("name", None)
    return {k: v.isoformat() if isinstance(v, datetime) else v for k, v in said.items() if not (k == "expect" and v == "all")}


def _person(node: Node) -> dict[str, Any]:
    return {k: node[k] for k in ("name", "email", "role") if node.get(k) and not (k == "name" and node[k] == node["id"])}


# -- the registry ---------------------------------------------------------------------------------------------------------


def registry(id_: str, what: Known) -> Iterator[str]:
    """The registry as text, part by part."""
    yield f"## What is declared of {_line(id_)}. Fill it in, then:\n##\n"
    yield "##     lineage load partners FILE\n##     lineage check --partner " + _line(id_) + "\n##\n"
    yield "## Lines that begin with ## are words. Lines that begin with a single # hold what is still missing: put your own values\n"
    yield "## there and remove the #. It loads as it is, and with any of them filled in.\n"
    for section, words, suggestions, template in _sections(id_, what):
        rows = what.rows.get(section, [])
        yield f"\n## {words}\n{section}:\n"
        for row in rows:
            yield "".join(text([("", [row])], flow=False)).partition("\n")[2]
            if note := what.seen.get((section, row["id"])):
                yield f"    ## {_line(note)}\n"
            yield from (f"    # {key}: {value}  # {says}\n" for key, value, says in suggestions if key not in row)
        if not rows or section == "routes":
            yield from (f"  {line}\n" for line in template)


def _sections(id_: str, what: Known) -> Iterator[tuple[str, str, Sequence[Suggestion], Sequence[str]]]:
    """Each section with what it is for, what a row of it may lack, and rows to start from."""
    team, system, dataset, interface = (_scalar(_first(what, *pair)) for pair in (
        ("teams", f"{id_}-ops"), ("systems", f"{id_}-system"), ("datasets", f"{id_}-data"), ("interfaces", f"{id_}-interface"),
    ))  # fmt: skip
    person = "[{name: Name of a person or desk, email: name@example.com, role: on-call}]"
    partner = _scalar(id_)
    yield "partners", "Who it is. Its zone decides whom a verdict names.", (
        ("name", partner, "as people call it"),
        ("zone", "partner", "spotify, middleware or partner"),
        ("kind", "publisher", "publisher, agency, ad-tech, podcast host, store chain ..."),
        ("contacts", person, "whom to call at night"),
        ("valid_from", f"{datetime.now(UTC):%Y-%m-%d}", "since when it is a partner"),
    ), ()  # fmt: skip
    yield "teams", "Who owns systems, data sets and routes, there and here.", (
        ("name", "Operations", "as people call it"),
        ("contacts", person, "whom to ask"),
    ), (f"# - id: {team}", "#   name: Operations", f"#   partner: {partner}", f"#   contacts: {person}")  # fmt: skip
    yield "systems", "What sends and receives there.", (
        ("name", "Their delivery system", "as people call it"),
        ("kind", "cms", "cms, podcast-host, ad-server, ingestion, directory, job ..."),
        ("owner", team, "the team that answers for it"),
    ), (f"# - id: {system}", f"#   partner: {partner}", "#   kind: cms", f"#   owner: {team}")  # fmt: skip
    yield "interfaces", "How one gets in: protocol, format, address, contract.", (
        ("protocol", "sftp", "sftp, https, as2, s3, rss ..."),
        ("format", "csv", "csv, json, xml, x12, edifact ..."),
        ("endpoint", "sftp://host.example.com/in", "where"),
        ("contract", "contracts/interface.yaml", "path or URL of what is agreed"),
    ), (f"# - id: {interface}", f"#   system: {system}", "#   protocol: sftp", "#   format: csv",
        "#   endpoint: sftp://host.example.com/in", "#   contract: contracts/interface.yaml")  # fmt: skip
    yield "datasets", "What is exchanged, field by field.", (
        ("description", "What one record of it is", "for those who have never seen it"),
        ("format", "csv", "csv, json, xml, x12 ..."),
        ("owner", team, "the team that answers for it"),
        ("contract", "contracts/dataset.odcs.yaml", "path or URL of its contract or schema"),
        ("fields", "[{name: id, type: string, required: true}]", "each with type, and whether it must be there"),
    ), (f"# - id: {dataset}", "#   format: csv", f"#   owner: {team}",
        "#   fields: [{name: id, type: string, required: true, description: what it is}]")  # fmt: skip
    yield "routes", "What goes where, how often, and what is owed. One row for each direction and data set.", (
        ("dataset", dataset, "what it carries"),
        ("interface", interface, "how"),
        ("item_kind", "episode", "the kind of thing that travels on it"),
        ("schedule", '"0 5 * * *"', "cron: when it is due; leave it out if it is sent whenever there is something"),
        ("timezone", "Europe/Stockholm", "of the schedule"),
        ("deliver_within", "PT6H", "how long it may take (ISO 8601)"),
        ("acknowledgement", "functional", "what comes back: none, mdn, functional or http"),
        ("acknowledge_within", "PT1H", "by when it must come back"),
        ("owner", team, "the team that answers for it"),
    ), tuple(line for way in (("from", "to"), ("to", "from")) for line in (
        f"# - id: {_scalar(f'{id_}-to-spotify' if way[0] == 'from' else f'spotify-to-{id_}')}",
        f"#   {way[0]}: {system}", f"#   {way[1]}: spotify-system", f"#   dataset: {dataset}", f"#   interface: {interface}",
        "#   item_kind: episode", '#   schedule: "0 5 * * *"', "#   timezone: Europe/Stockholm", "#   deliver_within: PT6H",
        "#   acknowledgement: functional", "#   acknowledge_within: PT1H", f"#   owner: {team}",
    ))  # fmt: skip


def _first(what: Known, section: str, otherwise: str) -> str:
    rows = what.rows.get(section)
    return str(rows[0]["id"]) if rows else otherwise


def _scalar(value: str) -> str:
    """A text as YAML on one line."""
    if _PLAIN.fullmatch(value) and yaml.safe_load(value) == value:
        return value
    return str(yaml.safe_dump(value, default_style='"', width=1_000_000)).strip()


def _line(value: str) -> str:
    """A text that stays within its comment."""
    return _LINE_BREAKS.sub(" ", value)


# -- the list of what to find out -------------------------------------------------------------------------------------------

_QUESTIONS: tuple[tuple[str, tuple[tuple[str, str], ...]], ...] = (
    ("partners", (
        ("zone", "On whose side does it stand: Spotify, the middleware, or a partner?"),
        ("contacts", "Whom do we call at night, and whom for changes?"),
    )),
    ("teams", (("contacts", "Which teams there and here own its systems and routes, and who is in them?"),)),
    ("systems", (
        ("kind", "Which systems send or receive, and what are they?"),
        ("owner", "Which team answers for each?"),
    )),
    ("interfaces", (
        ("protocol", "How does one get in: protocol, address, credentials, allowed networks?"),
        ("format", "In which format?"),
        ("contract", "Where is it written down: specification, schema, sample files?"),
    )),
    ("datasets", (
        ("fields", "Which fields are there, of which type, and which must be present?"),
        ("owner", "Who decides on a change, and how long before it happens are we told?"),
    )),
    ("routes", (
        ("schedule", "How often, at what time, in which time zone, on which days? Or whenever there is something?"),
        ("deliver_within", "By when must it be there?"),
        ("acknowledgement", "What comes back: nothing, an MDN, a functional acknowledgement, an HTTP answer?"),
        ("acknowledge_within", "By when must that come back?"),
        ("owner", "Who is responsible for each route, and where does custody pass?"),
        ("item_kind", "What travels on it, and under which identifiers does each side know it?"),
    )),
)  # fmt: skip
_LATER = (
    "Which logs, receipts or events show what was sent and received, at each end, and who may read them?",
    "Do both sides use the same identifiers? If not, who maps them?",
    "How is a failed delivery sent again, and by whom?",
    "Load the evidence, then `lineage drift` shows where it differs from what is declared here.",
)


def checklist(id_: str, what: Known, words: Mapping[str, str]) -> Iterator[str]:
    """What to find out, as Markdown with boxes to tick; ticked where every row says it. ``words``: id and file, harmless in Markdown."""
    yield f"# Onboarding {words['id']}\n\nWhat to find out, and to write into {words['file']}.\n"
    for section, questions in _QUESTIONS:
        rows = what.rows.get(section, [])
        yield f"\n## {section.capitalize()}\n\n"
        for key, question in questions:
            lacking = [row for row in rows if key not in row]
            yield f"- [{'x' if rows and not lacking else ' '}] {question}\n"
    yield "\n## And then\n\n" + "".join(f"- [ ] {question}\n" for question in _LATER)
    yield "- [ ] `lineage check` lists nothing of it any more\n"


def seen_only(what: Known) -> Iterable[str]:
    """What of it was seen and nobody declares, in words."""
    return [f"{section[:-1]} {id_}: {note}" for (section, id_), note in sorted(what.seen.items())]
