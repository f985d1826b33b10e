"""The facts of all VAST documents of a load: creatives, systems, routes, each said once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from lineage.facts import Dataset, Identifier, Item, Route, System
from loaders._vast_chain import Library, wrappers_of
from loaders._vast_document import Ad, Creative, slug
from loaders._vast_urls import host_of
from loaders.base import Reject, Said, make

_DATASETS = {
    "vast": "VAST ad requests",
    "media": "Ad media files",
    "ad-tracking": "Ad tracking beacons",
    "ad-verification": "Ad verification",
}
_KINDS = ("ad-server", "verification", "cdn", "tracker")


@dataclass
class _Host:
    position: str
    kinds: set[str] = field(default_factory=set)
    names: set[str] = field(default_factory=set)


@dataclass
class _Map:
    """What is said at the end, once each, whichever document came first."""

    hosts: dict[str, _Host] = field(default_factory=dict)
    routes: dict[str, tuple[str, str, str, str]] = field(default_factory=dict)

    def host(self, position: str, id_: str, kind: str, name: str | None = None) -> None:
        host = self.hosts.setdefault(id_, _Host(position))
        host.kinds.add(kind)
        host.names |= {name} if name else set()

    def route(self, position: str, dataset: str, sender: str, receiver: str) -> set[str]:
        """The route's id; none where a server tells itself."""
        if sender == receiver:
            return set()
        id_ = f"{dataset}:{sender}>{receiver}"
        self.routes.setdefault(id_, (position, dataset, sender, receiver))
        return {id_}


def facts_of(library: Library) -> Iterator[Said]:
    """All facts of the load."""
    servers, wrappers = library.servers(), library.around()
    said = _Map()
    ways: dict[int, set[str]] = {}
    for number, vast in enumerate(library.documents):
        for ad in vast.ads:
            ways[id(ad)] = _arrangement(said, ad, _server(servers[number], ad))
    creatives: dict[str, list[tuple[Creative, dict[str, set[str]], str]]] = {}
    for number, vast in enumerate(library.documents):
        around = wrappers_of(number, wrappers) if any(ad.creatives for ad in vast.ads) else []
        wrapped_by = tuple(dict.fromkeys(_named(_server(servers[outer], ad), ad) for outer, ad in around))
        for ad in vast.ads:
            ads = [ad, *(wrapper for _, wrapper in around)]
            shared: dict[str, set[str]] = {"routes": set().union(*(ways[id(one)] for one in ads))}
            for dataset, key in (("ad-tracking", "trackers"), ("ad-verification", "verification")):
                shared[key] = {host for one in ads for host, told, _, _ in one.tells if told == dataset}
            for creative in ad.creatives:
                details = {**creative.details, **shared}
                if wrapped_by:
                    details["wrapped_by"] = {" < ".join(wrapped_by)}
                creatives.setdefault(creative.key, []).append((creative, details, _server(servers[number], ad)))
    for id_, host in sorted(said.hosts.items()):
        kind = next(kind for kind in _KINDS if kind in host.kinds)
        yield make(System, host.position, id_, id=id_, kind=kind, name=min(host.names, default=None))
    for dataset in sorted({dataset for _, dataset, _, _ in said.routes.values()}):
        yield make(Dataset, "", dataset, id=dataset, name=_DATASETS[dataset])
    for id_, (position, dataset, sender, receiver) in sorted(said.routes.items()):
        # A request goes on through wrappers; what one server asks for or tells ends where it arrives.
        after = None if dataset == "vast" else ()
        yield make(Route, position, id_, id=id_, dataset=dataset, after=after, **{"from": sender, "to": receiver})
    for key, found in creatives.items():
        yield from _item(key, found)


def _arrangement(said: _Map, ad: Ad, server: str) -> set[str]:
    """The systems and routes of one ad; the ids of its routes."""
    said.host(ad.position, server, "ad-server", ad.system if server.startswith("vast:") else None)
    routes: set[str] = set()
    for host, dataset, kind, vendor in ad.tells:
        said.host(ad.position, host, kind, vendor)
        routes |= said.route(ad.position, dataset, server, host)
    if (following := host_of(ad.target)) is not None:
        said.host(ad.position, following, "ad-server")
        routes |= said.route(ad.position, "vast", server, following)
    return routes


def _server(host: str | None, ad: Ad) -> str:
    return host or f"vast:{slug(ad.system or '') or 'unknown'}"


def _named(server: str, ad: Ad) -> str:
    return f"{server} {ad.id}" if ad.id else server


def _item(key: str, found: list[tuple[Creative, dict[str, set[str]], str]]) -> Iterator[Said]:
    """One creative, however many documents serve it: what they say adds up."""
    details: dict[str, set[str]] = {}
    for _, one, _ in found:
        for name, values in one.items():
            details.setdefault(name, set()).update(values)
    first = found[0][0]
    item = make(
        Item,
        first.position,
        key,
        id=key,
        name=min((one.title for one, _, _ in found if one.title), default=None),
        origin=min(server for _, _, server in found),
        details={
            name: min(values) if len(values) == 1 else tuple(sorted(values)) for name, values in details.items() if values
        },
    )
    yield item
    if isinstance(item, Reject):
        return
    for registry, value in sorted({name for one, _, _ in found for name in one.names}):
        yield make(Identifier, first.position, key, item=key, identifier=f"{registry}:{value}")
