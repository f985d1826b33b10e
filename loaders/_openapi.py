"""The parts of an OpenAPI document: its operations, callbacks and webhooks, and the messages that each exchanges."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urljoin

from loaders._documents import Place, text_of
from loaders._schema import Schemas
from loaders.base import Reject

_METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace", "query")


@dataclass(frozen=True)
class Operation:
    """One operation. ``name``: its operationId, else method and path. ``incoming``: the API is called; a webhook is the other way.

    ``shared``: parameters that its path item gives for all its operations.
    """

    name: str
    path: str
    method: str
    place: Place
    shared: Place
    incoming: bool = True


@dataclass
class Message:
    """A body, or the parameters of an operation. ``directions``: as ``lineage.facts.Dataset`` means them."""

    name: str
    place: Place
    format: str | None = None
    directions: set[str] = field(default_factory=set)
    parameters: tuple[Place, ...] = ()

    @property
    def direction(self) -> str:
        """One word for its directions."""
        return "both" if len(self.directions) > 1 else next(iter(self.directions), "sent")


def operations(items: Place, schemas: Schemas, *, incoming: bool = True, named: str = "") -> Iterator[Operation]:
    """The operations of ``paths``, of ``webhooks`` or of a callback. ``named``: what precedes the names of webhooks and callbacks."""
    for path, given in items.entries():
        item = schemas.follow(given)
        if item is None:
            continue
        methods = [(method, place) for method, place in item.entries() if method in _METHODS and isinstance(place.value, dict)]
        for method, place in methods:
            usual = f"{method.upper()} {path}"
            if not incoming:
                usual = f"{named}{path}" + (f" {method.upper()}" if len(methods) > 1 else "")
            yield Operation(place.text("operationId") or usual, path, method, place, item / "parameters", incoming)


def callbacks(operation: Operation, schemas: Schemas) -> Iterator[Operation]:
    """What the API sends to the address that the caller of an operation gave it."""
    for name, given in (operation.place / "callbacks").entries():
        if (place := schemas.follow(given)) is not None:
            found = list(operations(place, schemas, incoming=False))
            for one in found:
                own = f"{operation.name}/{name}" + (f" {one.path}" if len(found) > 1 else "")
                yield Operation(own, one.path, one.method, one.place, one.shared, incoming=False)


class Messages:
    """The messages of all operations, each once: a schema with a name is one data set wherever it is used."""

    def __init__(self, schemas: Schemas) -> None:
        self._schemas = schemas
        self._by_place: dict[tuple[Any, ...], Message] = {}
        self._names: dict[str, Message] = {}

    def __iter__(self) -> Iterator[Message]:
        return iter(self._by_place.values())

    def of(self, operation: Operation) -> list[Message]:
        """What the operation exchanges: parameters, request, responses that are no errors."""
        towards, back = ("accepted", "sent") if operation.incoming else ("sent", "accepted")
        found = []
        parameters, body = self._parameters(operation)
        if parameters:
            name = f"{operation.name}.parameters"
            key = (*operation.place.key, "parameters")
            found.append(self._take(key, name, Message(name, operation.place, parameters=parameters), towards))
        request = body if body is not None else operation.place / "requestBody"
        found += self._body(request, f"{operation.name}.request", towards)
        responses = operation.place / "responses"
        codes = [place for code, place in responses.entries() if code.startswith("2")]
        for place in codes or [responses / "default"]:
            found += self._body(place, f"{operation.name}.response", back)
        return found

    def _parameters(self, operation: Operation) -> tuple[tuple[Place, ...], Place | None]:
        """Parameters that are not part of the path; an operation's own come before its path's. And the body, in version 2.0."""
        found: dict[tuple[str | None, str | None], Place] = {}
        for given in (*(operation.place / "parameters").elements(), *operation.shared.elements()):
            if (place := self._schemas.follow(given)) is not None:
                found.setdefault((place.text("in"), place.text("name")), place)
        body = next((place for (where, _), place in found.items() if where == "body"), None)
        fields = tuple(place for (where, name), place in found.items() if name and where not in {"path", "body", None})
        return fields, body

    def _body(self, given: Place, usual: str, direction: str) -> list[Message]:
        name = _component(given)
        place = self._schemas.follow(given)
        if place is None or not isinstance(place.value, dict):
            return []
        format_, schema = _content(place)
        if schema is None:
            return []
        name = _component(schema) or name
        target = self._schemas.follow(schema)
        if target is None or not isinstance(target.value, dict):
            return []
        if name in self._names and self._names[name].place.key != target.key:
            name = None
        name = name or usual
        return [self._take(target.key, name, Message(name, target, format_), direction)]

    def _take(self, key: tuple[Any, ...], name: str, message: Message, direction: str) -> Message:
        found = self._by_place.setdefault(key, message)
        if found is message:
            number = 2
            while name in self._names:
                name, number = f"{message.name}-{number}", number + 1
            message.name = name
            self._names[name] = message
        found.directions.add(direction)
        return found


def _component(place: Place) -> str | None:
    """The name of what a ``$ref`` refers to."""
    reference = place.value.get("$ref") if isinstance(place.value, dict) else None
    name = reference.rpartition("/")[2] if isinstance(reference, str) and "/" in reference else None
    return text_of(name.replace("~1", "/").replace("~0", "~")) if name else None


def _content(place: Place) -> tuple[str | None, Place | None]:
    """Media type and schema of a body: that of its JSON form, else of the first."""
    content = place / "content"
    forms = [(kind, one / "schema") for kind, one in content.entries() if isinstance((one / "schema").value, dict)]
    if not forms:
        schema = place / "schema"  # version 2.0
        return None, schema if isinstance(schema.value, dict) else None
    return next((form for form in forms if "json" in form[0]), forms[0])


def servers(root: Place) -> list[str]:
    """The base URLs of the API, variables at their defaults; those of version 2.0 put together."""
    found = []
    for place in (root / "servers").elements():
        url = place.text("url")
        for name, variable in (place / "variables").entries():
            url = url and url.replace(f"{{{name}}}", variable.text("default") or f"{{{name}}}")
        # Relative ones are relative to where the document was fetched.
        found += [urljoin(root.part.document.url or "", url)] if url else []
    if host := root.text("host"):
        scheme = next((text for one in (root / "schemes").elements() if (text := text_of(one.value))), "https")
        found.append(f"{scheme}://{host}{root.text('basePath') or ''}")
    return found


def security(operation: Place, root: Place) -> tuple[str, ...]:
    """The ways to authenticate at an operation, ``name(scope, scope)``, those that are needed together joined by ``+``."""
    said = operation / "security" if isinstance((operation / "security").value, list) else root / "security"
    return tuple(sorted({" + ".join(_requirements(one)) for one in said.elements()} - {""}))


def _requirements(one: Place) -> Iterator[str]:
    for name, scopes in one.entries():
        some = [text for scope in scopes.elements() if (text := text_of(scope.value))]
        yield name + (f"({', '.join(some)})" if some else "")


def twice(operation: Operation, first: Operation) -> Reject:
    """The reject of an operation whose operationId another one has already."""
    return operation.place.reject(
        f"the operationId {operation.name} is given twice, first at {first.place.position}",
        "give each operation an id of its own; the first was loaded",
    )
