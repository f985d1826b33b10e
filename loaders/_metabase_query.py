"""What a Metabase question reads: SQL, or a query of Metabase's own (MBQL), of which field and table ids are all it says.

MBQL up to 4 (``["field", 84, {...}]``, ``source-table``, ``joins``) and 5 (``["field", {...}, 84]``, ``stages``) are walked alike:
whatever stands in the query is read. Which table a field id is of says the database's metadata, else the question itself: a field
without ``join-alias`` is of its ``source-table``, one with it of the table that is joined under that name.

In SQL, ``[[...]]`` is left out (Metabase does, where no value is given), ``{{#27-name}}`` is question 27, ``{{snippet: ...}}`` and
variables are read as a constant, and a field filter reads its field.

Source: Metabase documentation, "SQL parameters", "Referencing models and saved questions"; metabase.lib.schema of its repository.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from loaders._shapes import entries, inside, listed, mapping, objects, text

_OPTIONAL = re.compile(r"\[\[.*?\]\]", re.DOTALL)
_CARD = re.compile(r"\{\{\s*#(\d+)[^}]*\}\}")
_VARIABLE = re.compile(r"\{\{[^}]*\}\}")
_MAX_DEPTH = 60
CARD = "metabase_card_"
"""What stands in SQL for a question that it refers to, before its id."""


@dataclass
class Reads:
    """What a question's query names. ``fields``: field id to the table id it is of, as far as the query itself says."""

    tables: set[int] = field(default_factory=set)
    cards: set[int] = field(default_factory=set)
    fields: dict[int, int | None] = field(default_factory=dict)
    named: set[str] = field(default_factory=set)
    sql: list[str] = field(default_factory=list)
    restricted: bool = False


def reads_of(card: dict[str, Any]) -> Reads:
    """What the query of a card reads; ``restricted``: it says itself which columns it shows."""
    reads = Reads()
    query = mapping(card.get("dataset_query"))
    for stage in [query.get("query"), *listed(query.get("stages"))]:
        if isinstance(stage, dict):
            _stage(stage, reads)
    native = query.get("native")
    for said, tags in (
        (native, inside(native, "template-tags")),
        *((s, s.get("template-tags")) for s in objects(query.get("stages"))),
    ):
        sql = text(inside(said, "query") or inside(said, "native")) if isinstance(said, dict) else None
        if sql is not None:
            reads.sql.append(plain_sql(sql))
            for _, tag in entries(tags):
                _walk(tag.get("dimension"), reads, {}, None, 0)
    return reads


def plain_sql(sql: str) -> str:
    """SQL without what only Metabase understands.

    >>> plain_sql("select a from {{#27-orders}} as o where b = {{b}} [[and c = {{c}}]]")
    'select a from metabase_card_27 as o where b = 1 '
    """
    return _VARIABLE.sub("1", _CARD.sub(rf"{CARD}\1", _OPTIONAL.sub("", sql)))


def _stage(stage: dict[str, Any], reads: Reads) -> None:
    joins = {alias: one for one in objects(stage.get("joins")) if (alias := text(one.get("alias")))}
    joined = {alias: _source(one, reads) for alias, one in joins.items()}
    own = _source(stage, reads)
    if any(stage.get(name) for name in ("aggregation", "breakout", "fields")):
        reads.restricted = True
    for key, part in stage.items():
        if key == "source-query" and isinstance(part, dict):
            _stage(part, reads)
        elif key != "joins":
            _walk(part, reads, joined, own, 0)
    for one in joins.values():
        for key, part in one.items():
            _walk(part, reads, joined, own if key == "condition" or key == "conditions" else None, 0)


def _source(part: dict[str, Any], reads: Reads) -> int | None:
    """The table that a stage or a join starts from; another question is noted."""
    for stage in objects(part.get("stages")):  # a join of MBQL 5
        _stage(stage, reads)
        if isinstance(stage.get("source-table"), int):
            return int(stage["source-table"])
    source, card = part.get("source-table"), part.get("source-card")
    if isinstance(source, str) and source.startswith("card__") and source[6:].isdigit():
        card = int(source[6:])
    if isinstance(card, int):
        reads.cards.add(card)
    if isinstance(source, int) and not isinstance(source, bool):
        reads.tables.add(source)
        return source
    return None


def _walk(part: Any, reads: Reads, joined: dict[str, int | None], own: int | None, depth: int) -> None:
    if depth > _MAX_DEPTH:
        return
    if isinstance(part, list):
        if part[:1] == ["field"]:
            _field(part, reads, joined, own)
        for one in part:
            _walk(one, reads, joined, own, depth + 1)
    elif isinstance(part, dict) and "lib/uuid" not in part:
        for one in part.values():
            _walk(one, reads, joined, own, depth + 1)


def _field(clause: list[Any], reads: Reads, joined: dict[str, int | None], own: int | None) -> None:
    options = next(iter(objects(clause)), {})
    alias = text(options.get("join-alias"))
    of = joined.get(alias) if alias else own
    for one in clause[1:]:
        if isinstance(one, int) and not isinstance(one, bool):
            reads.fields[one] = reads.fields.get(one) or of
        elif isinstance(one, str):
            reads.named.add(one)


def result_fields(card: dict[str, Any]) -> Iterator[tuple[int | None, str, str | None]]:
    """(field id, name, join alias) of the columns that a question shows, as it knows of its last run."""
    for one in objects(card.get("result_metadata")):
        name = text(one.get("name"))
        ref = listed(one.get("field_ref"))
        alias = text(next(iter(objects(ref)), {}).get("join-alias"))
        if name is not None:
            id_ = one.get("id")
            yield (id_ if isinstance(id_, int) else None), name, alias
