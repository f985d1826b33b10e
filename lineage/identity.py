"""Names of items: which identifier schemes there are, and which of them make two items one.

* ``version`` scope names exactly one version: items of the same kind that share one are one item.
* ``work`` scope names a work (the episode that is re-uploaded under the same guid): its versions stay apart, as
  ``VERSION_OF`` the work, and asking by it means the newest.
* ``alias`` names something that helps to find an item and proves nothing (an enclosure URL, an unknown scheme).

Uniqueness is decided by the scheme's row, never by counting, because counts depend on the order of loading.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Scope = Literal["version", "work", "alias"]


@dataclass(frozen=True)
class Scheme:
    """An identifier scheme. ``kinds``: the item kinds that it names; on any other kind it is only an alias."""

    name: str
    scope: Scope
    kinds: tuple[str, ...]
    issuer: str


SCHEMES: tuple[Scheme, ...] = (
    # RSS 2.0, <guid>: unique for the publisher's lifetime of the entry, kept when the audio is replaced.
    Scheme("rss:guid", "work", ("episode",), "the show's host"),
    # Podcasting 2.0, <podcast:guid>: one show across all its feed URLs.
    Scheme("podcast:guid", "version", ("show",), "UUIDv5 of the first feed URL"),
    Scheme("rss:feed", "version", ("show",), "the feed's host"),
    Scheme("spotify:episode", "version", ("episode",), "Spotify"),
    Scheme("spotify:show", "version", ("show",), "Spotify"),
    Scheme("spotify:playlist", "work", ("playlist",), "Spotify"),
    Scheme("spotify:snapshot", "version", ("playlist",), "Spotify Web API, snapshot_id"),
    Scheme("spotify:asset", "version", ("asset",), "Spotify Ads API v3"),
    Scheme("isrc", "version", ("recording", "track"), "ISO 3901"),
    Scheme("spotify:track", "version", ("track",), "Spotify"),
    Scheme("grid", "version", ("release",), "IFPI, Global Release Identifier"),
    Scheme("soundtrack:account", "version", ("account",), "Soundtrack, opaque node ids"),
    Scheme("soundtrack:location", "version", ("location", "store"), "Soundtrack, opaque node ids"),
    Scheme("soundtrack:zone", "version", ("zone", "store"), "Soundtrack, opaque node ids"),
    Scheme("upc", "work", ("release",), "GS1"),
)
_BY_NAME = {scheme.name: scheme for scheme in SCHEMES}
_LONGEST = max(name.count(":") for name in _BY_NAME) + 1


def scheme_of(identifier: str) -> tuple[str, str, Scheme | None]:
    """Split ``scheme:value`` by the longest known scheme; an unknown one ends at the first colon.

    >>> scheme_of("rss:guid:abc")[:2]
    ('rss:guid', 'abc')
    """
    parts = identifier.split(":")
    for length in range(min(_LONGEST, len(parts) - 1), 0, -1):
        name = ":".join(parts[:length])
        if name in _BY_NAME:
            return name, ":".join(parts[length:]), _BY_NAME[name]
    name, _, value = identifier.partition(":")
    return name, value, None


def kind_of(item_id: str) -> str:
    """The part of an item's id before the first colon."""
    return item_id.partition(":")[0]


def scope_for(identifier: str, item_id: str) -> Scope:
    """What this identifier does for this item: version, work or alias."""
    _, _, scheme = scheme_of(identifier)
    return scheme.scope if scheme and kind_of(item_id) in scheme.kinds else "alias"


def work_id(identifier: str, item_id: str) -> str:
    """The id of the work that a work-scope identifier names, for items of this kind."""
    return f"{kind_of(item_id)}:{identifier}"


class Merger:
    """Union-find over item ids in which the smallest id of a set is its name, whatever the order of the unions."""

    def __init__(self) -> None:
        self._parent: dict[str, str] = {}

    def find(self, item_id: str) -> str:
        """The name of the set that holds ``item_id``."""
        root = item_id
        while (above := self._parent.get(root, root)) != root:
            root = above
        while (above := self._parent.get(item_id, item_id)) != root:
            self._parent[item_id], item_id = root, above
        return root

    def union(self, ids: Iterable[str]) -> None:
        """Make all of ``ids`` one set."""
        roots = sorted({self.find(item_id) for item_id in ids})
        for root in roots[1:]:
            self._parent[root] = roots[0]
