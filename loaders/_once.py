"""Saying a thing once: what events and documents repeat about the map need not be written again and again."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator

from lineage.facts import HandoffEvent
from loaders.base import Finding, Reject, Said


def once(said: Iterable[Said]) -> Iterator[Said]:
    """The same without declared facts and identifiers that stood before with the same content.

    Evidence passes: its own identity says what is a repetition. Memory grows with what is different, not with what is said.
    """
    seen: set[bytes] = set()
    for one in said:
        if not isinstance(one, HandoffEvent | Reject | Finding):
            text = f"{type(one).__name__} {one.model_dump_json(exclude_defaults=True)}"
            digest = hashlib.blake2b(text.encode(), digest_size=16).digest()
            if digest in seen:
                continue
            seen.add(digest)
        yield one
