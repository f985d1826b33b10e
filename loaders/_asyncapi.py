"""The parts of an AsyncAPI document, 2.x and 3.x told as one: servers, channels with their messages, operations.

AsyncAPI 3.0, sections Operation Object and Channel Object; 2.6, sections Channel Item Object and Operation Object. The point of
view changed between them: in 2.x ``publish`` is what others may publish, which the application receives, and ``subscribe`` what
it sends; in 3.x ``send`` and ``receive`` are what the application does.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from loaders._documents import Place, text_of
from loaders._schema import Schemas
from loaders.base import Finding, Reject


@dataclass
class Channel:
    """Where messages pass. ``name``: its address, else its key. ``directions``: as ``lineage.facts.Dataset`` means them."""

    name: str
    place: Place
    messages: list[Place]
    servers: tuple[str, ...]
    directions: set[str] = field(default_factory=set)


@dataclass(frozen=True)
class Operation:
    """What the application does on a channel: it sends or receives; ``reply``: where the answer goes."""

    name: str
    sends: bool
    channel: Channel
    place: Place
    reply: Channel | None = None


class Application:
    """The document of one application, read from its root."""

    def __init__(self, root: Place, schemas: Schemas) -> None:
        self.root, self._schemas = root, schemas
        self.old = (root.text("asyncapi") or "").startswith("2.")
        self.servers = {name: one for name, given in (root / "servers").entries() if (one := schemas.follow(given))}
        self._channels: dict[tuple[int, str], Channel] = {}
        for key, given in (root / "channels").entries():
            if (place := schemas.follow(given)) is not None:
                self._channels.setdefault(place.key, self._channel(key, place))

    @property
    def channels(self) -> list[Channel]:
        """All channels."""
        return list(self._channels.values())

    def _channel(self, key: str, place: Place) -> Channel:
        if self.old:
            given = [one for word in ("publish", "subscribe") for one in _messages_of_old(place / word / "message")]
        else:
            given = [one for _, one in (place / "messages").entries()]
        # The same message may be published and subscribed to.
        found = {one.key: one for each in given if (one := self._schemas.follow(each)) is not None}
        named = tuple(text for one in (place / "servers").elements() if (text := _name(one)))
        return Channel(
            (None if self.old else place.text("address")) or key, place, list(found.values()), named or tuple(self.servers)
        )

    def operations(self) -> Iterator[Operation | Reject]:
        """What the application does, and rejects of what names no channel or has the name of another."""
        if not self.old:
            for name, given in (self.root / "operations").entries():
                if (place := self._schemas.follow(given)) is not None:
                    yield self._operation(name, place)
            return
        found: dict[str, Operation] = {}
        for channel in self.channels:
            for word in ("publish", "subscribe"):
                place = channel.place / word
                if isinstance(place.value, dict):
                    one = Operation(place.text("operationId") or f"{word} {channel.name}", word == "subscribe", channel, place)
                    first = found.setdefault(one.name, one)
                    if first is one:
                        yield one
                    else:
                        yield place.reject(
                            f"the operationId {one.name} is given twice, first at {first.place.position}",
                            "give each operation an id of its own; the first was loaded",
                        )

    def _operation(self, name: str, place: Place) -> Operation | Reject:
        action = place.text("action")
        if action not in {"send", "receive"}:
            return place.reject(f"the operation's action is {action!r}", "write send or receive")
        channel = self._referred(place / "channel")
        if channel is None:
            return place.reject("the operation names no channel of this document", "write channel: {$ref: '#/channels/NAME'}")
        return Operation(name, action == "send", channel, place, self._referred(place / "reply" / "channel"))

    def _referred(self, place: Place) -> Channel | None:
        target = self._schemas.follow(place) if isinstance(place.value, dict) else None
        return self._channels.get(target.key) if target is not None else None

    def payloads(self, channel: Channel) -> Iterator[Place | Finding]:
        """The schema of each message of a channel, and findings for those that are none of JSON Schema."""
        for one in channel.messages:
            payload, format_ = one / "payload", one.text("schemaFormat")
            if isinstance(payload.value, dict) and "schemaFormat" in payload.value:
                payload, format_ = payload / "schema", payload.text("schemaFormat")
            if format_ and not any(word in format_ for word in ("asyncapi", "schema+json", "schema+yaml", "openapi")):
                yield one.finding("schema-format", format_, "no JSON Schema; the message's fields were not read")
            elif payload.value is not None:
                yield payload

    def headers(self, channel: Channel) -> list[list[Place]]:
        """The schemas of each message's headers, with those of its traits; empty where no message has any."""
        found = []
        for one in channel.messages:
            traits = [place for given in (one / "traits").elements() if (place := self._schemas.follow(given))]
            found.append([place for of in (one, *traits) if isinstance((place := of / "headers").value, dict)])
        return found if any(found) else []

    def format_of(self, channel: Channel) -> str | None:
        """The content type of its messages, that of the first if they differ."""
        return next(filter(None, (one.text("contentType") for one in channel.messages)), self.root.text("defaultContentType"))


def _messages_of_old(place: Place) -> Iterator[Place]:
    if isinstance((place / "oneOf").value, list):
        yield from (place / "oneOf").elements()
    elif isinstance(place.value, dict):
        yield place


def _name(place: Place) -> str | None:
    """A server as a channel names it: by a reference, in 2.x by its name."""
    reference = place.text("$ref")
    return reference.rpartition("/")[2] if reference else text_of(place.value)


def endpoint(server: Place) -> tuple[str | None, str | None]:
    """A server's URL and the name of its host, both None where it gives none."""
    protocol = server.text("protocol")
    address = server.text("host") or server.text("url")
    if address is None:
        return None, None
    url = address if "://" in address or not protocol else f"{protocol}://{address}"
    host = url.partition("://")[2] or url
    return url + (server.text("pathname") or ""), host.partition("/")[0].rpartition("@")[2].partition(":")[0] or None


def security(server: Place) -> tuple[str, ...]:
    """The ways to authenticate at a server: names of security schemes, or their types."""
    found = set()
    for one in (server / "security").elements():
        reference = one.text("$ref") or one.text("type")
        found |= {reference.rpartition("/")[2]} if reference else {name for name, _ in one.entries()}
    return tuple(sorted(found))
