"""The pages from their templates. Nothing here is markup: templates escape all that they are given."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from importlib import resources
from typing import Any

import jinja2
from markupsafe import Markup

from lineage.answers.check_results import Check, CheckFinding
from lineage.answers.declared_map import DeclaredMap, Node
from lineage.answers.partner import dataset_ref, interface_ref
from lineage.answers.partner_results import DatasetRef, InterfaceRef, PartnerReference, needs_attention
from lineage.render.output import cell
from lineage.render.partner_text import DIRECTIONS, change_text, person_text, state_text, status_details, status_text
from lineage.render.site.names import Ready, mail_address, markdown, slug, web_address
from lineage.render.text import time_text
from lineage.render.words import counted

_ASSETS = ("style.css", "search.js")
_PARTNERS = "partners"


@dataclass(frozen=True)
class SystemEntry:
    """A system on the page of systems."""

    id: str
    name: str
    kind: str | None
    owner: str | None
    declared: bool
    partner: PartnerReference | None
    interfaces: tuple[InterfaceRef, ...]
    sends: tuple[str, ...]
    receives: tuple[str, ...]


@dataclass(frozen=True)
class DatasetEntry:
    """A data set on the page of data sets, with the routes that carry it, what it is made from and what is made from it."""

    dataset: DatasetRef
    declared: bool
    routes: tuple[str, ...]
    made_from: tuple[str, ...]
    feeds: tuple[str, ...]


@dataclass
class _Links:
    """Where on the site something is told, as a path from its root."""

    partners: dict[str, str] = field(default_factory=dict)
    systems: dict[str, str] = field(default_factory=dict)
    datasets: dict[str, str] = field(default_factory=dict)
    routes: dict[str, str] = field(default_factory=dict)


def pages(references: Sequence[PartnerReference], found: DeclaredMap, findings: Check, as_of: datetime) -> dict[str, str]:
    """All files of the site: path with ``/`` to text."""
    systems, datasets = _systems(references, found), _datasets(found)
    links = _links(references, systems, datasets)
    missing: dict[str, list[CheckFinding]] = defaultdict(list)
    for row in findings:
        for partner in row.partners:
            missing[partner].append(row)
    shared = {"as_of": as_of, "links": links, "directions": DIRECTIONS, "missing": missing}
    lists: dict[str, dict[str, Any]] = {
        "index": {"references": references, "title": "Partners"},
        "systems": {"systems": systems, "title": "Systems"},
        "datasets": {"datasets": datasets, "title": "Data sets"},
    }
    files = {"search-index.js": _index(references, systems, datasets, links)}
    files |= {name: (resources.files(__package__) / name).read_text("utf-8") for name in _ASSETS}
    for form, environment in (("html", _html()), ("md", _markdown())):
        for name, values in lists.items():
            files[f"{name}.{form}"] = environment.get_template(f"{name}.{form}").render(**shared, **values, root="", here=name)
        template = environment.get_template(f"partner.{form}")
        for one in references:
            files[f"{_PARTNERS}/{slug(one.id)}.{form}"] = template.render(
                **shared, p=one, title=one.name, root="../", here=_PARTNERS, datasets=_exchanged(one)
            )
    return files


def _html() -> jinja2.Environment:
    environment = _environment(autoescape=True)
    environment.filters["picture"] = lambda one: Markup(one.picture())  # noqa: S704  (the picture escapes its texts)
    return environment


def _markdown() -> jinja2.Environment:
    environment = _environment(autoescape=False, finalize=markdown)
    environment.filters["ready"] = Ready
    return environment


def _environment(**options: Any) -> jinja2.Environment:
    environment = jinja2.Environment(  # noqa: S701  (pages are escaped by autoescape, Markdown by finalize)
        loader=jinja2.PackageLoader("lineage.render.site", "templates"),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        **options,
    )
    environment.filters |= {
        "when": time_text,
        "slug": slug,
        "person": person_text,
        "status": status_text,
        "state": state_text,
        "details": status_details,
        "counted": counted,
        "change": change_text,
        "cell": cell,
        "web": web_address,
        "mail": mail_address,
    }
    environment.tests["troubled"] = needs_attention
    return environment


def _exchanged(one: PartnerReference) -> list[DatasetRef]:
    found = {exchange.dataset.id: exchange.dataset for exchange in one.exchanges if exchange.dataset}
    return [dataset for _, dataset in sorted(found.items())]


def _systems(references: Sequence[PartnerReference], found: DeclaredMap) -> list[SystemEntry]:
    by_id = {one.id: one for one in references}
    sends, receives = defaultdict(list), defaultdict(list)
    for id_, route in sorted(found.routes.items()):
        sends[route.get("from")].append(id_)
        receives[route.get("to")].append(id_)
    return [
        SystemEntry(
            id=id_,
            name=node.get("name") or id_,
            kind=node.get("kind"),
            owner=node.get("owner"),
            declared=node["declared"],
            partner=by_id.get(node.get("partner") or ""),
            interfaces=tuple(interface_ref(i) for _, i in sorted(found.interfaces.items()) if i.get("system") == id_),
            sends=tuple(sends[id_]),
            receives=tuple(receives[id_]),
        )
        for id_, node in sorted(found.systems.items())
        # What only a feed mentions in passing is no part of the network.
        if node["declared"] or sends[id_] or receives[id_]
    ]


def _datasets(found: DeclaredMap) -> list[DatasetEntry]:
    routes = defaultdict(list)
    for id_, route in sorted(found.routes.items()):
        routes[route.get("dataset")].append(id_)
    made_from, feeds = defaultdict(set), defaultdict(set)
    for one in found.derivations:
        made_from[_dataset_of(one, "to")].add(one["from"])
        feeds[_dataset_of(one, "from")].add(one["to"])
    return [
        DatasetEntry(
            dataset_ref(found, id_),
            node["declared"],
            tuple(routes[id_]),
            tuple(sorted(made_from[id_])),
            tuple(sorted(feeds[id_])),
        )
        for id_, node in sorted(found.datasets.items())
    ]


def _dataset_of(derivation: Node, side: str) -> str:
    id_: str = derivation[side]
    return id_.rpartition("#")[0] if derivation[f"{side}_label"] == "Field" else id_


def _links(references: Sequence[PartnerReference], systems: Sequence[SystemEntry], datasets: Sequence[DatasetEntry]) -> _Links:
    """A route is told on the page of each partner at its ends; the first of them, by zone, is where links lead."""
    links = _Links(
        partners={one.id: f"{_PARTNERS}/{slug(one.id)}" for one in references},
        systems={one.id: f"systems#system-{slug(one.id)}" for one in systems},
        datasets={one.dataset.id: f"datasets#dataset-{slug(one.dataset.id)}" for one in datasets},
    )
    for one in sorted(references, key=lambda each: (each.zone != "partner", each.id)):
        for exchange in one.exchanges:
            links.routes.setdefault(exchange.route, f"{links.partners[one.id]}#route-{slug(exchange.route)}")
    return links


def at(link: str, form: str) -> str:
    """A link with the extension of its form in front of the anchor."""
    path, anchor, place = link.partition("#")
    return f"{path}.{form}{anchor}{place}"


def _index(
    references: Sequence[PartnerReference], systems: Sequence[SystemEntry], datasets: Sequence[DatasetEntry], links: _Links
) -> str:
    """What the search looks through: [what, name, id, where]. A script, because a page opened from disk may not fetch."""
    rows: list[tuple[str, str, str, str]] = []
    rows += [("Partner", one.name, one.id, at(links.partners[one.id], "html")) for one in references]
    rows += [("System", one.name, one.id, at(links.systems[one.id], "html")) for one in systems]
    for entry in datasets:
        dataset, where = entry.dataset, at(links.datasets[entry.dataset.id], "html")
        rows.append(("Data set", dataset.name, dataset.id, where))
        rows += [("Field", f.name, f"{dataset.id}.{f.name}", where) for f in dataset.fields]
    told: Mapping[str, str] = links.routes
    rows += [("Route", route, route, at(where, "html")) for route, where in sorted(told.items())]
    return f"window.lineageIndex = {json.dumps(rows, separators=(',', ':'))};\n"
