"""JSON Schema as a flat list of fields: nested ones dotted, lists by their elements, alternatives merged.

Read are JSON Schema drafts 4 to 2020-12 and the dialects of OpenAPI 2.0, 3.0 (``nullable``) and 3.1, and of AsyncAPI.

* ``properties`` nest: ``campaign.id``. The elements of a list carry its name: ``campaigns.id``; a list at the top is called ``[]``.
  ``additionalProperties`` and ``patternProperties`` with a schema are called ``*``.
* ``allOf``: all of it holds. ``oneOf``, ``anyOf``: the fields of all alternatives; required is what each of them requires.
* A schema that refers to itself ends where it comes round again, which is a finding; so do schemas without measure.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from loaders._documents import Contracts, OutsideError, Place, text_of
from loaders.base import Finding, Reject, UnusableError

MAX_DEPTH = 48
# Of one message, and of all messages of a source: schemas may double at every level without ever coming round.
MAX_VISITS, MAX_VISITS_IN_ALL = 10_000, 400_000
_NULL = "null"


@dataclass(frozen=True)
class SchemaField:
    """A field as a schema describes it; what they mean, ``lineage.facts.DatasetField`` says."""

    name: str
    type: str | None
    required: bool
    description: str | None
    format: str | None
    pattern: str | None
    enum: tuple[str, ...]
    position: str


@dataclass
class _Shape:
    """What one schema says, references followed. ``element``: of a list. ``flags``: readOnly, writeOnly."""

    position: str
    types: frozenset[str] = frozenset()
    nullable: bool = False
    description: str | None = None
    format: str | None = None
    pattern: str | None = None
    enum: tuple[str, ...] | None = None
    required: frozenset[str] = frozenset()
    children: dict[str, _Shape] = field(default_factory=dict)
    element: _Shape | None = None
    flags: frozenset[str] = frozenset()

    @property
    def only_null(self) -> bool:
        return self.nullable and not (self.types or self.children or self.element or self.enum)

    def type_text(self) -> str | None:
        """``string``, ``integer|string``, ``array<string|null>``; None where anything goes."""
        types = self.types or frozenset({"object"} if self.children else {"array"} if self.element else ())
        if self.element is not None and "array" in types:
            types = (types - {"array"}) | {f"array<{inner}>" if (inner := self.element.type_text()) else "array"}
        return "|".join([*sorted(types), *([_NULL] if self.nullable and types else [])]) or None


class Schemas:
    """Reads the schemas of a source. ``said``: what was odd or wrong in them, each once; taken away by ``oddities``."""

    def __init__(self, contracts: Contracts) -> None:
        self._contracts = contracts
        self._said: dict[tuple[str, str], Reject | Finding] = {}
        self._shown = 0
        self._visits = self._visits_in_all = 0

    def oddities(self) -> Iterator[Reject | Finding]:
        """What was odd or wrong since this was asked last."""
        new = list(self._said.values())[self._shown :]
        self._shown += len(new)
        yield from new

    def follow(self, place: Place) -> Place | None:
        """The place itself, or where its ``$ref`` leads in the end; None where nobody can follow it, which is then said."""
        seen = set()
        while isinstance(place.value, dict) and "$ref" in place.value:
            if place.key in seen:
                self._say(place.reject("a $ref that leads back to itself", "correct the reference"))
                return None
            seen.add(place.key)
            target = self._target(place)
            if target is None:
                return None
            place = target
        return place

    def fields(self, alternatives: Iterable[Iterable[Place]], *, without: str = "") -> list[SchemaField]:
        """The fields of a message that has one of several forms, each said by one or more schemas that all hold.

        ``without``: leaves out properties that are ``readOnly`` or ``writeOnly``.
        """
        self._visits = 0
        forms = [
            functools.reduce(_both, (self._shape(place, frozenset({place.key}), 0) for place in places), _Shape(""))
            for places in alternatives
        ]
        shape = functools.reduce(_either, forms) if forms else _Shape("")
        if shape.element is not None and not shape.children:
            shape = _Shape(shape.position, children={"[]": shape})
        return list(_flat(shape, "", without))

    def members(self, given: Iterable[tuple[Place, str, bool, str | None]]) -> list[SchemaField]:
        """The fields of a message that is given by its parts: for each its schema, name, whether it is required, description."""
        self._visits = 0
        whole = _Shape("")
        for place, name, required, description in given:
            shape = self._shape(place, frozenset(), 0)
            whole.children[name] = replace(shape, description=description or shape.description)
            whole.required |= frozenset({name} if required else ())
        return list(_flat(whole, "", ""))

    def _say(self, said: Reject | Finding) -> None:
        what = said.reason if isinstance(said, Reject) else said.finding
        self._said.setdefault((said.position, what), said)

    def _target(self, place: Place) -> Place | None:
        reference = place.value["$ref"]
        try:
            return self._contracts.resolve(place, reference)
        except UnusableError as error:
            self._say(place.reject(str(error), error.hint))
        except OutsideError as error:
            self._say(place.finding("outside-reference", str(error), "leads out of the source and was not followed"))
        return None

    def _shape(self, place: Place, trail: frozenset[Any], depth: int) -> _Shape:
        schema = place.value
        if isinstance(schema, bool) or schema is None:
            return _Shape(place.position)
        if not isinstance(schema, dict):
            self._say(place.reject("a schema is no mapping", "write it as a mapping with type, properties, items or $ref"))
            return _Shape(place.position)
        if not self._may_go_on(place, depth):
            return _Shape(place.position, types=_types(schema))
        if "$ref" not in schema:
            return self._own(place, trail, depth)
        target = self._target(place)
        if target is None:
            shape = _Shape(place.position)
        elif target.key in trail:
            self._say(target.finding("self-reference", target.pointer, "a schema that contains itself; its fields end there"))
            shape = _Shape(place.position, types=_types(target.value))
        else:
            shape = self._shape(target, trail | {target.key}, depth + 1)
        beside = {key: value for key, value in schema.items() if key != "$ref"}
        return _both(self._own(replace(place, value=beside), trail, depth), shape) if beside else shape

    def _may_go_on(self, place: Place, depth: int) -> bool:
        self._visits += 1
        self._visits_in_all += 1
        if depth > MAX_DEPTH:
            self._say(place.finding("cut-off", place.pointer, f"schemas are nested deeper than {MAX_DEPTH} levels"))
        elif self._visits > MAX_VISITS or self._visits_in_all > MAX_VISITS_IN_ALL:
            # One finding, wherever it is noticed next.
            root = Place(place.part, "", None)
            self._say(root.finding("cut-off", place.part.called, "its schemas expand to more than any message holds"))
        else:
            return True
        return False

    def _own(self, place: Place, trail: frozenset[Any], depth: int) -> _Shape:
        schema, below = place.value, depth + 1
        if not isinstance(schema, dict):
            return _Shape(place.position)
        types = _types(schema)
        shape = _Shape(
            place.position,
            types=types - {_NULL},
            nullable=_NULL in types or schema.get("nullable") is True,
            description=text_of(schema.get("description")),
            format=text_of(schema.get("format")),
            pattern=text_of(schema.get("pattern")),
            enum=_enum(schema),
            required=_required(schema),
            flags=frozenset(flag for flag in ("readOnly", "writeOnly") if schema.get(flag) is True),
        )
        for name, one in (place / "properties").entries():
            shape.children[name] = self._shape(one, trail, below)
        shape.element = self._any(_items(place), trail, below)
        open_ended = self._any(_open_ended(place), trail, below)
        if open_ended is not None:
            shape.children["*"] = open_ended
        for one in (place / "allOf").elements():
            shape = _both(shape, self._shape(one, trail, below))
        for word in ("oneOf", "anyOf"):
            if (alternatives := self._any((place / word).elements(), trail, below)) is not None:
                shape = _both(shape, alternatives)
        return shape

    def _any(self, places: Iterable[Place], trail: frozenset[Any], depth: int) -> _Shape | None:
        shapes = [self._shape(one, trail, depth) for one in places]
        return functools.reduce(_either, shapes) if shapes else None


def _types(schema: Any) -> frozenset[str]:
    said = schema.get("type") if isinstance(schema, dict) else None
    return frozenset(str(one) for one in (said if isinstance(said, list) else [said]) if isinstance(one, str))


def _enum(schema: dict[Any, Any]) -> tuple[str, ...] | None:
    values = [schema["const"]] if "const" in schema else schema.get("enum")
    if not isinstance(values, list):
        return None
    return tuple(dict.fromkeys(text for one in values if (text := str(one).lower() if isinstance(one, bool) else text_of(one))))


def _required(schema: dict[Any, Any]) -> frozenset[str]:
    said = schema.get("required")  # draft 3 wrote true in the property itself
    return frozenset(str(one) for one in said) if isinstance(said, list) else frozenset()


def _items(place: Place) -> Iterator[Place]:
    for word in ("items", "prefixItems"):
        below = place / word
        if isinstance(below.value, dict):
            yield below
        else:
            yield from below.elements()


def _open_ended(place: Place) -> Iterator[Place]:
    below = place / "additionalProperties"
    if isinstance(below.value, dict) and below.value:
        yield below
    for _, one in (place / "patternProperties").entries():
        yield one


def _both(one: _Shape, other: _Shape) -> _Shape:
    """What holds where both hold; what is said of it once only, the first says."""
    common = one.types & other.types or one.types or other.types
    if {"integer", "number"} <= one.types | other.types and not one.types & other.types:
        common = frozenset({"integer"})
    enum = other.enum if one.enum is None else one.enum
    if one.enum is not None and other.enum is not None:
        enum = tuple(value for value in one.enum if value in other.enum)
    return _Shape(
        one.position or other.position,
        types=common,
        nullable=one.nullable or other.nullable,
        description=one.description or other.description,
        format=one.format or other.format,
        pattern=one.pattern or other.pattern,
        enum=enum,
        required=one.required | other.required,
        children=_children(one, other, _both),
        element=_element(one, other, _both),
        flags=one.flags | other.flags,
    )


def _either(one: _Shape, other: _Shape) -> _Shape:
    """What is known where one of the two holds, nobody knows which."""
    if one.only_null or other.only_null:
        return replace(other if one.only_null else one, nullable=True)
    return _Shape(
        one.position,
        types=one.types | other.types if one.types and other.types else frozenset(),
        nullable=one.nullable or other.nullable,
        description=one.description or other.description,
        format=one.format if one.format == other.format else None,
        pattern=one.pattern if one.pattern == other.pattern else None,
        enum=tuple(dict.fromkeys((*one.enum, *other.enum))) if one.enum is not None and other.enum is not None else None,
        required=one.required & other.required,
        children=_children(one, other, _either),
        element=_element(one, other, _either),
        flags=one.flags & other.flags,
    )


def _children(one: _Shape, other: _Shape, join: Callable[[_Shape, _Shape], _Shape]) -> dict[str, _Shape]:
    joined = dict(one.children)
    for name, shape in other.children.items():
        joined[name] = join(joined[name], shape) if name in joined else shape
    return joined


def _element(one: _Shape, other: _Shape, join: Callable[[_Shape, _Shape], _Shape]) -> _Shape | None:
    if one.element is None or other.element is None:
        return one.element or other.element
    return join(one.element, other.element)


def _flat(shape: _Shape, prefix: str, without: str) -> Iterator[SchemaField]:
    for name, child in shape.children.items():
        if without in child.flags:
            continue
        inner = child
        while inner.element is not None and not inner.children:
            inner = inner.element
        yield SchemaField(
            name=prefix + name,
            type=child.type_text(),
            required=name in shape.required,
            description=child.description,
            format=child.format or inner.format,
            pattern=child.pattern or inner.pattern,
            enum=child.enum or inner.enum or (),
            position=child.position,
        )
        yield from _flat(inner, f"{prefix}{name}.", without)
