"""OpenAPI 3.0 and 3.1 (2.0 too): an API as interfaces, what it exchanges as data sets with fields, webhooks as routes.

* The API is one ``Interface``, ``<interface>`` (setting; else its title, ``ads-api``); each operation is one of its own,
  ``<interface>/<operationId>``, or ``<interface>/GET /path``. Webhooks and callbacks are interfaces of who subscribes.
* Each request and response body is a ``Dataset``, ``<interface>/<name>``: by the name of its schema under ``components``, so that a
  schema is one data set wherever it is exchanged, else ``<operationId>.request`` or ``.response``. Parameters of an operation
  other than those in its path are the data set ``<operationId>.parameters``. Responses are those of 2xx, else ``default``.
* ``direction``: what the API accepts (requests), sends (responses, webhooks), or both.
* A webhook or callback is a ``Route`` where ``system`` and ``subscriber`` are set.

OpenAPI Specification 3.1.1, sections 4.8.1 (OpenAPI Object), 4.8.9 (Path Item), 4.8.18 (Callback), 4.8.24 (Schema); security in
4.8.30. A document is not validated: what can be understood is read, whatever its examples say.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from pydantic import Field

from lineage.facts import Dataset, Interface, Route
from loaders._contract import ContractSettings, Given, dataset_ids, field_facts, slug
from loaders._documents import Contracts, Place
from loaders._openapi import Message, Messages, Operation, callbacks, operations, security, servers, twice
from loaders._schema import Schemas
from loaders.base import Reject, Said, Source, feed, make

_KNOWN = ("2.0", "3.0.", "3.1.", "3.2.")


class OpenapiSettings(ContractSettings):
    """``interface``: id of the API as a whole; ``subscriber``: the system that gets webhooks; ``route``: {webhook: route id}."""

    interface: str | None = Field(default=None, description="the registry's id of the API's interface")
    subscriber: str | None = Field(default=None, description="the system that gets webhooks and callbacks")
    route: dict[str, str] = Field(default_factory=dict, description="the registry's id of a webhook's route")


@feed(
    name="openapi",
    title="OpenAPI documents",
    formats="OpenAPI 3.0, 3.1 and 2.0 (Swagger), YAML or JSON",
    contributes="interfaces of an API and its operations, data sets and fields of requests and responses, webhooks as routes",
    patterns=("*.yaml", "*.yml", "*.json"),
    authority="contract",
    example="lineage load openapi ads-api.openapi.yaml --set interface=ads-api --set system=spotify-ads",
    settings=OpenapiSettings,
)
def read(source: Source, settings: OpenapiSettings) -> Iterator[Said]:
    """Every API of the source; schemas may stand in other files of the same source."""
    contracts = Contracts()
    yield from contracts.collect(source)
    reader = _Reader(Schemas(contracts), settings)
    yield from contracts.read(is_openapi, reader.api, wanted="'openapi:' (or 'swagger:') at the top")


def is_openapi(value: Any) -> bool:
    """Whether a document is an OpenAPI one."""
    return isinstance(value, dict) and ("openapi" in value or "swagger" in value)


class _Reader:
    def __init__(self, schemas: Schemas, settings: OpenapiSettings) -> None:
        self._schemas, self._settings = schemas, settings
        self._given = Given()

    def api(self, root: Place) -> Iterator[Said]:
        """One document."""
        version = root.text("openapi") or root.text("swagger") or ""
        if not f"{version}.".startswith(_KNOWN):
            yield root.finding("unknown-version", f"openapi {version}", "what is known of 3.1 was read")
        id_ = self._settings.interface or slug((root / "info").text("title") or root.part.document.name)
        if (reject := self._given.again("API", id_, root)) is not None:
            yield reject
            return
        yield from self._document(root, id_)

    def _document(self, root: Place, id_: str) -> Iterator[Said]:
        found: dict[str, Operation] = {}
        for operation in self._operations(root):
            if operation.name in found:
                yield twice(operation, found[operation.name])
            else:
                found[operation.name] = operation
        messages = Messages(self._schemas)
        exchanged = {name: messages.of(operation) for name, operation in found.items()}
        ids = dataset_ids(root, (one.name for one in messages), id_, self._settings.dataset)
        if isinstance(ids, Reject):
            yield ids
            return
        yield from self._interfaces(root, id_, found, exchanged)
        for one in messages:
            yield from self._dataset(root, one, ids[one.name])
        for name, operation in found.items():
            if not operation.incoming and self._settings.system and self._settings.subscriber:
                sent = next((ids[one.name] for one in exchanged[name] if "sent" in one.directions), None)
                yield self._route(operation, id_, sent)
        yield from self._schemas.oddities()

    def _operations(self, root: Place) -> Iterator[Operation]:
        hooks = root / "webhooks" if "webhooks" in root.value else root / "x-webhooks"
        for operation in operations(root / "paths", self._schemas):
            yield operation
            yield from callbacks(operation, self._schemas)
        yield from operations(hooks, self._schemas, incoming=False, named="webhooks/")

    def _interfaces(
        self, root: Place, id_: str, found: dict[str, Operation], exchanged: dict[str, list[Message]]
    ) -> Iterator[Said]:
        base = next(iter(servers(root)), None)
        protocol = (urlsplit(base).scheme if base else "") or "https"
        common = {"protocol": protocol, "contract": root.part.called}
        yield make(
            Interface, root.position, {"id": id_}, id=id_, system=self._settings.system, endpoint=base,
            security=security(root, root), **common,
        )  # fmt: skip
        for name, operation in found.items():
            endpoint = operation.path
            if operation.incoming:
                endpoint = f"{operation.method.upper()} {(base or '').rstrip('/')}{operation.path}"
            yield make(
                Interface,
                operation.place.position,
                {"operation": name},
                id=f"{id_}/{name}",
                system=self._settings.system if operation.incoming else self._settings.subscriber,
                endpoint=endpoint,
                format=next((one.format for one in exchanged[name] if one.format), None),
                security=security(operation.place, root) if operation.incoming else (),
                **common,
            )

    def _dataset(self, root: Place, one: Message, id_: str) -> Iterator[Said]:
        direction = one.direction
        dataset = make(
            Dataset,
            one.place.position,
            {"name": one.name},
            id=id_,
            name=one.name,
            description=one.place.text("description"),
            format=one.format,
            contract=root.part.called,
            version=(root / "info").text("version"),
            direction=direction,
        )
        if isinstance(dataset, Reject):
            yield dataset
            return
        yield dataset
        left_out = {"accepted": "readOnly", "sent": "writeOnly"}.get(direction, "")
        if one.parameters:
            yield from field_facts(id_, self._schemas.members(_parameters(one)))
        else:
            yield from field_facts(id_, self._schemas.fields([[one.place]], without=left_out))

    def _route(self, operation: Operation, id_: str, dataset: str | None) -> Said:
        return make(
            Route,
            operation.place.position,
            {"webhook": operation.name},
            id=self._settings.route.get(operation.name.removeprefix("webhooks/")) or f"{id_}/{operation.name}",
            **{"from": self._settings.system, "to": self._settings.subscriber},
            dataset=dataset,
            interface=f"{id_}/{operation.name}",
            acknowledgement="http",
        )


def _parameters(one: Message) -> Iterator[tuple[Place, str, bool, str | None]]:
    for place in one.parameters:
        content = next((form / "schema" for _, form in (place / "content").entries()), place / "schema")
        schema = content if isinstance(content.value, dict) else place  # in version 2.0 the parameter is its own schema
        yield schema, place.text("name") or "", place.value.get("required") is True, place.text("description")
