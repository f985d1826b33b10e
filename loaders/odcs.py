"""Open Data Contract Standard (Bitol) 3.0 and 3.1: data sets with fields, their servers, people, service levels and origins.

* Each object of ``schema`` is a ``Dataset``, ``<contract id>/<name>``; a contract without any is one data set, ``<contract id>``.
  Nested properties are dotted; the properties of a list's items carry the list's name.
* ``transformSourceObjects`` are ``Derivation``: an object of the contract, ``object.property``, or a data set of that name;
  ``dataset.NAME=ID`` gives the registry's id of either.
* ``servers`` are ``Interface``, ``<contract id>/<server>``, of ``system`` (setting), else of a system named after the host.
* ``team``, ``roles`` and ``support`` are the contacts of a ``Team``: ``owner`` (setting), else as the contract names it.
* ``slaProperties`` are the data sets' ``service_levels``. Where ``route``, ``sender`` and ``receiver`` are set, they are also that
  route's schedule and deadline (see ``_odcs_terms``).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from pydantic import Field, model_validator

from lineage.facts import Dataset, DatasetField, Derivation, Interface, Route, System
from loaders._contract import ContractSettings, Given, dataset_ids
from loaders._documents import Contracts, Place, text_of
from loaders._odcs_people import people, team_id
from loaders._odcs_terms import Level, levels, route_terms
from loaders.base import Reject, Said, Source, feed, make

_MAX_DEPTH, _MAX_FIELDS = 48, 20_000
_NO_HOST = {"localhost", "127.0.0.1"}


class OdcsSettings(ContractSettings):
    """``owner``: the registry's team; ``interface``: id of the one server; ``route``, ``sender``, ``receiver``: whose terms these are."""

    owner: str | None = Field(default=None, description="the registry's id of the team that answers")
    interface: str | None = Field(default=None, description="the registry's id of the one server's interface")
    route: str | None = Field(default=None, description="the registry's id of the route whose service levels these are")
    sender: str | None = Field(default=None, description="the system that sends on the route")
    receiver: str | None = Field(default=None, description="the system that receives on the route")

    @model_validator(mode="after")
    def _a_route_has_ends(self) -> OdcsSettings:
        if self.route and not (self.sender and self.receiver):
            raise ValueError("route needs sender and receiver, the systems at its two ends")
        return self


@feed(
    name="odcs",
    title="Open Data Contracts",
    formats="ODCS 3.0 and 3.1 (Bitol), YAML or JSON",
    contributes="data sets with fields, servers, teams and contacts, service levels, what is made from what",
    patterns=("*.odcs.yaml", "*.odcs.yml", "*.odcs.json", "*datacontract*.yaml", "*datacontract*.yml"),
    authority="contract",
    example="lineage load odcs orders.odcs.yaml --set dataset=orders",
    settings=OdcsSettings,
)
def read(source: Source, settings: OdcsSettings) -> Iterator[Said]:
    """Every contract of the source."""
    contracts = Contracts()
    yield from contracts.collect(source)
    reader = _Reader(settings)
    yield from contracts.read(is_odcs, reader.contract, wanted="'kind: DataContract' at the top")


def is_odcs(value: Any) -> bool:
    """Whether a document is an ODCS contract."""
    return isinstance(value, dict) and value.get("kind") == "DataContract"


class _Reader:
    def __init__(self, settings: OdcsSettings) -> None:
        self._settings = settings
        self._given = Given()

    def contract(self, root: Place) -> Iterator[Said]:
        """One contract."""
        version = root.text("apiVersion") or ""
        if not version.startswith(("v3.0.", "v3.1.")):
            yield root.finding("unknown-version", f"ODCS {version}", "what is known of v3.1 was read")
        id_ = root.text("id")
        if id_ is None:
            yield root.reject("the contract has no id", "give it the id by which others name it")
            return
        if (reject := self._given.again("contract", id_, root)) is not None:
            yield reject
            return
        objects: dict[str, Place] = {}
        for place in (root / "schema").elements():
            name = place.text("name") or place.text("physicalName")
            if name is None or name in objects:
                again = f"the name {name} is given to two objects" if name else "an object without a name"
                yield place.reject(again, "give each object of the schema a name of its own")
            else:
                objects[name] = place
        ids = dataset_ids(root, objects, id_, self._settings.dataset)
        if isinstance(ids, Reject):
            yield ids
            return
        yield from _Contract(root, id_, objects, ids, self._settings).facts()


class _Contract:
    def __init__(self, root: Place, id_: str, objects: dict[str, Place], ids: dict[str, str], settings: OdcsSettings) -> None:
        self._root, self._id, self._objects, self._ids, self._settings = root, id_, objects, ids, settings
        self._team = team_id(root, id_, settings.owner)
        self._fields = 0

    def facts(self) -> Iterator[Said]:
        found = list(levels(self._root))
        if self._team is not None:
            yield from people(self._root, self._team, self._settings.owner)
        yield from self._servers()
        yield from self._unknown_elements(found)
        if not self._objects:
            given = self._settings.dataset
            own = given if isinstance(given, str) else given.get(self._id, self._id)
            yield self._dataset(self._root, own, self._root.text("name"), found)
        for name, place in self._objects.items():
            yield self._dataset(place, self._ids[name], place.text("businessName") or name, self._levels_of(place, found))
            yield from self._properties(place, self._ids[name], "", frozenset())
        if self._settings.route:
            only = next(iter(self._ids.values())) if len(self._ids) == 1 else None
            yield make(
                Route,
                (self._root / "slaProperties").position,
                self._root.value.get("slaProperties"),
                id=self._settings.route,
                **{"from": self._settings.sender, "to": self._settings.receiver},
                dataset=only,
                **route_terms(found),
            )

    def _dataset(self, place: Place, id_: str, name: str | None, found: list[Level]) -> Said:
        formats = {one.text("format") for one in (self._root / "servers").elements()}
        return make(
            Dataset,
            place.position,
            {"id": id_},
            id=id_,
            name=name or self._root.text("dataProduct"),
            description=place.text("description") or (self._root / "description").text("purpose"),
            format=formats.pop() if len(formats) == 1 else None,
            owner=self._team,
            contract=self._id,
            version=self._root.text("version"),
            direction="sent",
            service_levels=tuple(dict.fromkeys(one.text for one in found)),
        )

    def _called(self, element: str) -> str | None:
        """The object that a service level's element names, by its name, physical name or id."""
        head = element.partition(".")[0]
        for name, place in self._objects.items():
            if head in {name, place.text("physicalName"), place.text("id")}:
                return name
        return None

    def _levels_of(self, place: Place, found: list[Level]) -> list[Level]:
        return [
            one
            for one in found
            if not (called := {name for each in one.elements if (name := self._called(each))})
            or any(self._objects[name] is place for name in called)
        ]

    def _unknown_elements(self, found: list[Level]) -> Iterator[Said]:
        unknown = {each: one for one in found for each in one.elements if self._objects and self._called(each) is None}
        for element, one in unknown.items():
            yield one.place.finding("unknown-element", element, "no object of this contract; the service level counts for all")

    def _servers(self) -> Iterator[Said]:
        servers = list((self._root / "servers").elements())
        for index, place in enumerate(servers):
            name = place.text("server") or place.text("id") or str(index)
            host, endpoint = _whereabouts(place)
            system = self._settings.system or host
            if self._settings.system is None and host is not None:
                yield make(System, place.position, {"server": name}, id=host, kind=place.text("type"))
            own = self._settings.interface if self._settings.interface and len(servers) == 1 else f"{self._id}/{name}"
            yield make(
                Interface,
                place.position,
                {"server": name},
                id=own,
                system=system,
                protocol=place.text("type"),
                format=place.text("format"),
                endpoint=endpoint,
                contract=self._id,
            )

    def _properties(self, place: Place, dataset: str, prefix: str, trail: frozenset[int]) -> Iterator[Said]:
        # An anchor of YAML may stand for a list that it is itself a part of.
        if id(place.value) in trail or len(trail) > _MAX_DEPTH:
            yield place.finding("self-reference", place.pointer, "properties that contain themselves; their fields end there")
            return
        trail |= {id(place.value)}
        said: set[str] = set()
        for one in (place / "properties").elements():
            self._fields += 1
            if self._fields > _MAX_FIELDS:
                if self._fields == _MAX_FIELDS + 1:
                    yield one.finding("cut-off", self._id, f"it describes more than {_MAX_FIELDS} properties")
                return
            name = one.text("name") or one.text("physicalName")
            if name is None or name in said:
                again = f"the property {name} is given twice" if name else "a property without a name"
                yield one.reject(again, "give each property of an object a name of its own")
                continue
            said.add(name)
            yield from self._property(one, dataset, f"{prefix}{name}", trail)

    def _property(self, one: Place, dataset: str, name: str, trail: frozenset[int]) -> Iterator[Said]:
        options = one / "logicalTypeOptions"
        logical, physical = _type(one), one.text("physicalType")
        required = one.value.get("required")
        yield make(
            DatasetField,
            one.position,
            {"property": name},
            dataset=dataset,
            name=name,
            type=logical or physical,
            required=required if isinstance(required, bool) else None,
            description=one.text("description"),
            format=options.text("format") or (physical if logical != physical and logical else None),
            pattern=options.text("pattern"),
            enum=_enum(one),
        )
        for source in (one / "transformSourceObjects").elements():
            if (text := text_of(source.value)) is not None:
                label, id_ = self._source(text)
                ends = {"from_label": label, "from": id_, "to_label": "Field", "to": f"{dataset}#{name}"}
                yield make(Derivation, source.position, text, **ends)
        inner = one
        while isinstance((inner / "items").value, dict) and not isinstance((inner / "properties").value, list):
            if id(inner.value) in trail:
                break
            trail |= {id(inner.value)}
            inner = inner / "items"
        yield from self._properties(inner, dataset, f"{name}.", trail)

    def _source(self, text: str) -> tuple[str, str]:
        """A source object as (label, id): a data set, or ``object.property``."""
        given = self._settings.dataset if isinstance(self._settings.dataset, dict) else {}
        for name in (text, text.rpartition(".")[0]):
            own = given.get(name) or (
                self._ids[called] if (called := self._called(name)) in self._ids and "." not in name else None
            )
            if own:
                return ("Dataset", own) if name == text else ("Field", f"{own}#{text[len(name) + 1 :]}")
        return "Dataset", text


def _type(one: Place, depth: int = 0) -> str | None:
    logical = one.text("logicalType")
    if logical == "array" and isinstance((one / "items").value, dict) and depth < _MAX_DEPTH:
        items = one / "items"
        inner = _type(items, depth + 1) or items.text("physicalType")
        return f"array<{inner}>" if inner else logical
    return logical


def _enum(one: Place) -> tuple[str, ...]:
    """Allowed values: ``enum``, or the library metric ``invalidValues`` (ODCS 3.1, "Data Quality"; ``rule`` in 3.0)."""
    values = [place.text("value") or text_of(place.value) for place in (one / "enum").elements()]
    for check in (one / "quality").elements():
        if "invalidValues" in {check.text("metric"), check.text("rule")}:
            values += [text_of(place.value) for place in (check / "arguments" / "validValues").elements()]
    return tuple(dict.fromkeys(value for value in values if value is not None))


def _whereabouts(server: Place) -> tuple[str | None, str | None]:
    """The host of a server (or the account or project that stands for it), and its address."""
    for key in ("endpointUrl", "location", "catalogUrl"):
        if url := server.text(key):
            return urlsplit(url).netloc.rpartition("@")[2] or None if "://" in url else None, url
    host, port = server.text("host"), server.text("port")
    if host is not None:
        path = "/".join(filter(None, (server.text("database"), server.text("schema"))))
        address = f"{host}:{port}" if port else host
        name = host.partition(":")[0]
        # Every machine calls itself that.
        return None if name in _NO_HOST else name or None, f"{address}/{path}" if path else address
    own = server.text("account") or server.text("project")
    path = ".".join(
        filter(None, (own, server.text("database") or server.text("catalog"), server.text("schema"), server.text("dataset")))
    )
    return own, server.text("path") or path or None
