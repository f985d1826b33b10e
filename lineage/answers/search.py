"""Search: anything by any part of its id, name or identifiers."""

from __future__ import annotations

from lineage.answers.asking import Asker
from lineage.answers.results import Hit
from lineage.errors import UsageError


def search(ask: Asker, text: str, limit: int = 50) -> list[Hit]:
    """Nodes whose id, name or identifier contains ``text`` (letters' case does not matter), exact and shorter names first."""
    if not text.strip():
        raise UsageError("Search needs a text.", hint="Give any part of an id, a name or an identifier.")
    rows = ask.rows("search", text=text.strip(), limit=limit)
    return [Hit(id=r["id"], label=r["label"], name=r["name"], identifiers=tuple(r["identifiers"])) for r in rows]
