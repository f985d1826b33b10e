"""ITEM by any name: an id, an identifier with or without its scheme, a message id, a control number."""

from __future__ import annotations

import difflib
from typing import Any

from lineage.answers.asking import Asker
from lineage.errors import NotFoundError


def find_item(ask: Asker, name: str) -> str:
    """The id of the one item that ``name`` means; a work means its newest version.

    Raises NotFoundError when nothing or several items fit; ``nearest`` then lists candidates.
    """
    rows = ask.rows("find_item", name=name.strip())
    rows = [row for row in rows if row["rank"] == rows[0]["rank"]]
    if not rows:
        raise NotFoundError(
            f"No item goes by {name!r}.", hint="Try `lineage search` with a part of its name.", nearest=_near(ask, name)
        )
    found: list[str] = []
    for row in rows:
        found += _versions(row)
    unique = list(dict.fromkeys(found))
    if len(unique) > 1:
        raise NotFoundError(
            f"{name!r} fits {len(unique)} items.", hint="Ask again with one of these ids.", nearest=tuple(unique[:20])
        )
    return unique[0]


def _versions(row: dict[str, Any]) -> list[str]:
    """What asking for this item means: itself, or its newest version; several where versions belong to different parents."""
    versions = row["versions"]
    if not versions:
        return [row["item"]]
    parents = {tuple(version["parents"]) for version in versions if version["parents"]}
    if len(parents) > 1:
        return [version["id"] for version in versions]
    # One that its source still shows, before those that it has given up; then evidence tells which version is on its way, and
    # publication dates decide among those without any.
    newest = max(versions, key=lambda v: (not v["retired"], _moment(v["last_at"]), _moment(v["published_at"]), v["id"]))
    return [newest["id"]]


def _moment(time: Any) -> tuple[bool, float]:
    return time is not None, time.timestamp() if time else 0.0


def _near(ask: Asker, name: str) -> tuple[str, ...]:
    words = [word for word in name.replace(":", " ").replace("-", " ").split() if len(word) > 2]
    hits: dict[str, str] = {}
    for part in [name, *words][:4]:
        for row in ask.rows("search", text=part, limit=20):
            hits.setdefault(row["id"], row["name"])
    ranked = sorted(
        hits, key=lambda id_: -max(difflib.SequenceMatcher(None, name.lower(), s.lower()).ratio() for s in (id_, hits[id_]))
    )
    return tuple(ranked[:5])
