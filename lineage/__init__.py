"""An open lineage platform for Spotify's partner network, on Neo4j.

::

    import lineage

    g = lineage.connect()
    g.trace("rss:guid:...").to_frame()
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lineage.session import Lineage, connect

__all__ = ["Lineage", "connect"]


def __getattr__(name: str) -> Any:
    # Loaded on first use: the command line's help must not wait for the driver.
    if name in __all__:
        from lineage import session

        return getattr(session, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
