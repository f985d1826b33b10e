"""Export: the declared map as a registry that the feed ``partners`` reads, read back from what its sources say."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime

from lineage.answers.asking import Asker
from lineage.assertions import Assertion
from lineage.graph import Row
from lineage.registry import Registry, declared, text
from lineage.times import rfc3339

PAGE = 5000
_MAP = ("Partner", "Contact", "Team", "System", "Interface", "Dataset", "Field", "Derivation", "Route", "Report")
_ITEMS = ("Item", "Expectation")


def export(ask: Asker, *, items: bool = False) -> Iterator[str]:
    """The declared map of now as YAML, part by part. Raises ServerError, OutOfTime.

    ``items``: with the items that are declared, their identifiers and expectations.
    """
    registry = collect(ask, items=items)
    yield f"# The declared map, written by `lineage export` at {rfc3339(datetime.now(UTC).replace(microsecond=0))}.\n"
    yield "# It is a registry: `lineage load partners FILE` reads it.\n"
    yield from text(registry.sections())


def collect(ask: Asker, *, items: bool = False) -> Registry:
    """The rows of the registry, from the graph. Arguments and errors as for ``export``."""
    registry = Registry()
    for label in (*_MAP, *(_ITEMS if items else ())):
        for page in _pages(ask, label):
            named = []
            for row in page:
                key = row["subject"].partition(":")[2]
                content = declared(said_by(one) for one in row["said"])
                if content is not None:
                    registry.add(label, key, content)
                    named.append(content["item"] if label == "Expectation" else key)
            if label in _ITEMS:
                for row in ask.rows("identifiers_of_items", items=sorted(set(named))):
                    registry.name(row["item"], row["identifiers"])
    return registry


def said_by(row: Row) -> Assertion:
    """An assertion from its node's properties."""
    return Assertion(
        authority=row["authority"],
        feed=row["feed"],
        source=row["source"],
        content=json.loads(row["content"]),
        hash=row["hash"],
        seen_from=row["seen_from"],
        retired_at=row["retired_at"],
    )


def _pages(ask: Asker, label: str) -> Iterator[list[Row]]:
    after = ""
    while page := ask.rows("declared_sayings", label=label, after=after, limit=PAGE):
        yield page
        after = page[-1]["subject"]
