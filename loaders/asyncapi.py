"""AsyncAPI 2.x and 3.x: an application, the servers it talks to, channels as data sets, operations as routes.

* The application is a ``System``: ``system`` (setting), else its title (``account-service``).
* Each server is an ``Interface``, ``<prefix>/<server>``, of the system ``broker`` (setting), else of one named after its host.
* Each channel is a ``Dataset``, ``<prefix>/<address>`` (its key where it has no address), whose fields are those of all its messages;
  headers are called ``header:NAME``. The prefix is ``broker`` where it is set, so that the documents of those who send and those
  who receive mean the same data set; else the application.
* Each operation is a ``Route`` where both ``system`` and ``broker`` are set: what the application sends goes to the broker, what it
  receives comes from there. Its reply is a route back, after it. ``route.NAME=ID`` gives an operation the registry's own route.

See ``_asyncapi`` for the specifications, and for the point of view, which 2.x and 3.x take differently.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pydantic import Field

from lineage.facts import Dataset, Interface, Route, System
from loaders._asyncapi import Application, Channel, Operation, endpoint, security
from loaders._contract import ContractSettings, Given, dataset_ids, field_facts, slug
from loaders._documents import Contracts, Place
from loaders._schema import Schemas
from loaders.base import Finding, Reject, Said, Source, feed, make


class AsyncapiSettings(ContractSettings):
    """``broker``: the system at the other end; ``interface``: id of the one server; ``route``: {operation: route id}."""

    broker: str | None = Field(default=None, description="the system through which messages go")
    interface: str | None = Field(default=None, description="the registry's id of the one server's interface")
    route: dict[str, str] = Field(default_factory=dict, description="the registry's id of an operation's route")


@feed(
    name="asyncapi",
    title="AsyncAPI documents",
    formats="AsyncAPI 2.x and 3.x, YAML or JSON",
    contributes="applications and their brokers, channels as data sets with fields, operations and replies as routes",
    patterns=("*.yaml", "*.yml", "*.json"),
    authority="contract",
    example="lineage load asyncapi ingest.asyncapi.yaml --set system=ingest --set broker=events",
    settings=AsyncapiSettings,
)
def read(source: Source, settings: AsyncapiSettings) -> Iterator[Said]:
    """Every application of the source; messages and schemas may stand in other files of the same source."""
    contracts = Contracts()
    yield from contracts.collect(source)
    reader = _Reader(Schemas(contracts), settings)
    yield from contracts.read(is_asyncapi, reader.document, wanted="'asyncapi:' at the top")


def is_asyncapi(value: Any) -> bool:
    """Whether a document is an AsyncAPI one."""
    return isinstance(value, dict) and "asyncapi" in value


class _Reader:
    def __init__(self, schemas: Schemas, settings: AsyncapiSettings) -> None:
        self._schemas, self._settings = schemas, settings
        self._given = Given()

    def document(self, root: Place) -> Iterator[Said]:
        """One document."""
        version = root.text("asyncapi") or ""
        if not version.startswith(("2.", "3.")):
            yield root.finding("unknown-version", f"asyncapi {version}", "what is known of 3.x was read")
        title = (root / "info").text("title")
        id_ = self._settings.system or slug(title or root.part.document.name)
        if (reject := self._given.again("application", id_, root)) is not None:
            yield reject
            return
        application = Application(root, self._schemas)
        prefix = self._settings.broker or id_
        operations: list[Operation] = []
        for one in application.operations():
            if isinstance(one, Reject):
                yield one
            else:
                operations.append(one)
        ids = dataset_ids(root, (one.name for one in application.channels), prefix, self._settings.dataset)
        if isinstance(ids, Reject):
            yield ids
            return
        for operation in operations:
            operation.channel.directions.add("sent" if operation.sends else "accepted")
            if operation.reply is not None:
                operation.reply.directions.add("accepted" if operation.sends else "sent")
        yield make(System, root.position, {"id": id_}, id=id_, name=title)
        yield from self._servers(application, prefix)
        for channel in application.channels:
            yield from self._channel(application, channel, ids[channel.name])
        if self._settings.system and self._settings.broker:
            for operation in operations:
                yield from self._routes(operation, id_, ids, prefix)
        yield from self._schemas.oddities()

    def _servers(self, application: Application, prefix: str) -> Iterator[Said]:
        hosts = set()
        for name, place in application.servers.items():
            url, host = endpoint(place)
            if self._settings.broker is None and host and host not in hosts:
                hosts.add(host)
                yield make(System, place.position, {"host": host}, id=host, kind="broker")
            yield make(
                Interface,
                place.position,
                {"server": name},
                id=self._interface(application.servers, name, prefix),
                system=self._settings.broker or host,
                protocol=place.text("protocol"),
                endpoint=url,
                contract=application.root.part.called,
                security=security(place),
            )

    def _interface(self, servers: Any, name: str, prefix: str) -> str:
        return self._settings.interface if self._settings.interface and len(servers) == 1 else f"{prefix}/{name}"

    def _channel(self, application: Application, channel: Channel, id_: str) -> Iterator[Said]:
        direction = "both" if len(channel.directions) > 1 else next(iter(channel.directions), None)
        yield make(
            Dataset,
            channel.place.position,
            {"channel": channel.name},
            id=id_,
            name=channel.place.text("title") or channel.name,
            description=channel.place.text("description"),
            format=application.format_of(channel),
            contract=application.root.part.called,
            version=(application.root / "info").text("version"),
            direction=direction,
        )
        payloads = []
        for one in application.payloads(channel):
            if isinstance(one, Finding):
                yield one
            else:
                payloads.append([one])
        yield from field_facts(id_, self._schemas.fields(payloads))
        yield from field_facts(id_, self._schemas.fields(application.headers(channel)), "header:")

    def _routes(self, operation: Operation, id_: str, ids: dict[str, str], prefix: str) -> Iterator[Said]:
        here, there = str(self._settings.system), str(self._settings.broker)
        route = self._settings.route.get(operation.name) or f"{id_}/{operation.name}"
        for channel, sends, own, after in (
            (operation.channel, operation.sends, route, None),
            (operation.reply, not operation.sends, f"{route}/reply", (route,)),
        ):
            if channel is not None:
                yield make(
                    Route,
                    operation.place.position,
                    {"operation": operation.name},
                    id=own,
                    **{"from": here if sends else there, "to": there if sends else here},
                    dataset=ids[channel.name],
                    interface=self._interface(channel.servers, channel.servers[0], prefix)
                    if len(channel.servers) == 1
                    else None,
                    after=after,
                )
