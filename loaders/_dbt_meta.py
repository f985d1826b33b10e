"""``meta.lineage``: what a table in dbt is made from outside of dbt (docs/analytics.md).

On a source (model, seed)::

    meta:
      lineage:
        from: spotify-ads:report            # the data set or data sets that it is loaded from
        fields: {spend: SPEND}              # column: field, or data set#field, or a list of these
        by: nightly-load                    # the job or system that loads it; else the source's loader

On a column: ``meta: {lineage: {from: SPEND}}``, where a name without ``#`` is a field of the table's one data set.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from lineage.facts import Derivation, Finding
from loaders._database_tables import Place
from loaders._dbt_artifacts import Column
from loaders._shapes import text
from loaders.base import Said, make

_KEYS = {"from", "fields", "by"}


def declared_upstream(
    id_: str, position: str, place: Place, columns: Sequence[Column], said: Any, loader: str | None
) -> Iterator[Said]:
    """The derivations that ``meta.lineage`` of a table and of its columns declare; what cannot be used is a finding."""
    fields: list[tuple[str, Any]] = [
        (column.name, _of_column(column.lineage)) for column in columns if column.lineage is not None
    ]
    table: dict[str, Any] = {}
    if isinstance(said, dict) and said.keys() <= _KEYS and isinstance(said.get("fields") or {}, dict):
        table = said
        fields += [(text(name) or "", value) for name, value in (said.get("fields") or {}).items()]
    elif said is not None:
        yield _unusable(id_, position, "it takes from, fields (column: field) and by")
    sources = _texts(table.get("from"))
    if sources is None:
        yield _unusable(id_, position, "from names a data set, or a list of them")
    by = table.get("by") or loader or None
    for source in sources or ():
        yield _derivation(position, "Dataset", source, "Dataset", place.id, by)
    for column, value in fields:
        names = _texts(value)
        if names is None:
            yield _unusable(id_, position, f"the column {column} names a field, or a list of them")
        for name in names or ():
            field = name if "#" in name else f"{sources[0]}#{name}" if sources and len(sources) == 1 else None
            if field is None:
                yield _unusable(id_, position, f"{name} could be a field of none or of several: write it as data set#field")
            else:
                yield _derivation(position, "Field", field, "Field", place.field(column), by)


def _of_column(said: Any) -> Any:
    return said.get("from") if isinstance(said, dict) and said.keys() <= {"from"} else 0


def _texts(value: Any) -> list[str] | None:
    """One text or several, none for what is absent; None for what is neither."""
    several = value if isinstance(value, list) else [] if value is None else [value]
    names = [text(one) for one in several]
    return [name for name in names if name] if all(names) else None


def _derivation(position: str, from_label: str, start: str, to_label: str, end: str, by: Any) -> Said:
    ends = {"from_label": from_label, "from": start, "to_label": to_label, "to": end}
    return make(Derivation, position, start, by=by, **ends)


def _unusable(id_: str, position: str, what: str) -> Finding:
    return Finding(position=position, finding="bad-meta", subject=id_, detail=f"its meta.lineage cannot be used: {what}")
