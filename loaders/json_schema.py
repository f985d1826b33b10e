"""JSON Schema: one message or file layout as a data set with fields.

The data set is ``dataset`` (setting), else the schema's ``title`` (``play-event``), else the last part of its ``$id``. ``direction``
says whether the system whose schema it is sends what it describes, or accepts it. Fields are named as ``_schema`` says.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pydantic import Field

from lineage.facts import Dataset
from loaders._contract import Direction, Given, field_facts, slug
from loaders._documents import Contracts, Place
from loaders._schema import Schemas
from loaders.base import Said, Settings, Source, feed, make

_TELLING = ("$schema", "properties", "$defs", "definitions", "allOf", "oneOf", "anyOf", "items")


class JsonSchemaSettings(Settings):
    """``dataset``: the registry's own id; ``direction``: sent (default), accepted or both."""

    dataset: str | None = Field(default=None, description="the registry's id of the data set")
    direction: Direction = Field(default="sent", description="whether it is sent, accepted, or both")


@feed(
    name="json-schema",
    title="JSON Schemas",
    formats="JSON Schema draft 4 to 2020-12, JSON or YAML",
    contributes="a data set with its fields",
    patterns=("*.schema.json", "*.schema.yaml", "*.schema.yml"),
    authority="contract",
    example="lineage load json-schema play-event.schema.json --set dataset=plays",
    settings=JsonSchemaSettings,
)
def read(source: Source, settings: JsonSchemaSettings) -> Iterator[Said]:
    """Every schema of the source that no other one refers to."""
    contracts = Contracts()
    yield from contracts.collect(source)
    schemas, given = Schemas(contracts), Given()

    def schema(root: Place) -> Iterator[Said]:
        id_ = settings.dataset or slug(root.text("title") or (root.text("$id") or root.part.document.name).rpartition("/")[2])
        if (reject := given.again("data set", id_, root)) is not None:
            yield reject
            return
        yield make(
            Dataset,
            root.position,
            {"id": id_},
            id=id_,
            name=root.text("title"),
            description=root.text("description"),
            format="json",
            contract=root.text("$id") or root.part.called,
            direction=settings.direction,
        )
        yield from field_facts(id_, schemas.fields([[root]]))
        yield from schemas.oddities()

    yield from contracts.read(is_json_schema, schema, wanted="'$schema' or 'properties' at the top")


def is_json_schema(value: Any) -> bool:
    """Whether a document is a JSON Schema."""
    return isinstance(value, dict) and any(word in value for word in _TELLING)
