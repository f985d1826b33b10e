"""A graph in memory before it is asked, as far as it fits: PostgreSQL's tables, which stand beside it, have just been written."""

from __future__ import annotations

from pathlib import Path

from lineage.embedded import conf
from lineage.embedded.home import resolve
from lineage.session import Lineage

_ALL = (
    "MATCH (n) RETURN count(properties(n).id) AS n",
    "MATCH ()-[r]->() RETURN count(properties(r).kind) AS n",
)
_WITHIN_S = 1800.0


def warmed(session: Lineage, home: Path) -> bool:
    """Read all nodes and relationships once; False, without reading, where the store is larger than the page cache."""
    store = sum(file.stat().st_size for file in (resolve(home).data / "databases").rglob("*") if file.is_file())
    _, _, page_cache = conf.memory()
    if store > page_cache * conf.MIB:
        return False
    for query in _ALL:
        session.graph.read(query, timeout_s=_WITHIN_S)
    return True
