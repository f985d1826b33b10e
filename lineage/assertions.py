"""Who wins when sources differ: a fold over what each source says about one node (pure; no database here).

Values are kept per source as assertions. The effective value of each property is the registry's, then a contract's, then
an observed one; ties go to the smallest source name, then the smallest content. The result is a function of the set of
assertions alone, so the order of loading cannot show. What a source no longer says is retired, not deleted.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from lineage.facts import Authority, Declared
from lineage.model import Reference, references_of

RANK: dict[str, int] = {"registry": 0, "contract": 1, "observed": 2}
_TIMES = ("valid_from", "valid_to", "published_at")
# An asset is a part of each ad that uses it: these are no rivals, they add up.
_ADDING_UP = frozenset({"part_of"})


def canonical(content: Any) -> str:
    """JSON with sorted keys and no blanks: the form that is hashed and stored."""
    return json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def content_hash(text: str) -> str:
    """SHA-256 of a canonical text, as hex."""
    return hashlib.sha256(text.encode()).hexdigest()


def content_of(fact: Declared) -> dict[str, Any]:
    """What a fact says, without what it leaves open, as JSON values (times RFC 3339, durations ISO 8601)."""
    said = fact.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    if "of" in said:  # A contact belongs to a partner or to a team: two references, so that each has its own target label.
        said[f"of_{said.pop('of_label').lower()}"] = said.pop("of")
    return said


@dataclass(frozen=True)
class Assertion:
    """One source's word on one subject. ``seen_from``: None means always, else the read that first showed it."""

    authority: Authority
    feed: str
    source: str
    content: dict[str, Any]
    hash: str
    seen_from: datetime | None = None
    retired_at: datetime | None = None

    @property
    def order(self) -> tuple[int, str, str, str]:
        """Smaller wins."""
        return RANK[self.authority], self.source, self.feed, self.hash


@dataclass(frozen=True)
class Link:
    """A relationship that the effective values ask for, with its validity (UTC; None is open)."""

    reference: Reference
    target: str
    valid_from: datetime | None
    valid_to: datetime | None


@dataclass(frozen=True)
class Effective:
    """What the node shall show: its properties and its relationships. ``said``: how many assertions that comes from, retired ones too."""

    properties: dict[str, Any]
    links: tuple[Link, ...]
    said: int

    def shows(self, other: Effective) -> bool:
        """Whether the node looks like the other."""
        return (self.properties, self.links) == (other.properties, other.links)


def fold(label: str, key: str, assertions: Iterable[Assertion]) -> Effective:
    """The effective node of all assertions about it; no assertion at all gives the undeclared placeholder."""
    ranked = sorted(assertions, key=lambda a: a.order)
    live = [a for a in ranked if a.retired_at is None]
    pool = live or _last_words(ranked)
    properties = merged(pool)
    properties |= {f"detail_{detail}": value for detail, value in properties.pop("details", {}).items()}
    for name in _TIMES:
        if name in properties:
            properties[name] = datetime.fromisoformat(properties[name])
    # A source that words it anew has known it since it first did: retired wordings count here too.
    if pool and "valid_from" not in properties and (since := first_seen(ranked)):
        properties["valid_from"] = since
    if pool and not live:
        ends = [a.retired_at for a in pool if a.retired_at]
        properties["valid_to"] = min(filter(None, [max(ends), properties.get("valid_to")]))
        properties["retired"] = True
    properties["declared"] = any(a.authority != "observed" for a in ranked)
    properties = {**placeholder(label, key), **properties}
    if label == "Route":
        properties.setdefault("item_kind", [])
    return Effective(properties, _links(label, properties, ranked, live), len(ranked))


def _last_words(retired: Sequence[Assertion]) -> list[Assertion]:
    """Of assertions that are all retired, those that were given up last; what was corrected before does not come back."""
    last = max((a.retired_at for a in retired if a.retired_at), default=None)
    return [a for a in retired if a.retired_at == last]


def merged(assertions: Iterable[Assertion]) -> dict[str, Any]:
    """The content that counts of what these assertions say about one node (JSON values): the first word on each value."""
    content: dict[str, Any] = {}
    for assertion in sorted(assertions, key=lambda a: a.order):
        for name, value in assertion.content.items():
            if name == "details":
                content[name] = {**value, **content.get(name, {})}
            elif name in _ADDING_UP:
                content[name] = sorted({*content.get(name, ()), *value})
            else:
                content.setdefault(name, value)
    return content


def first_seen(assertions: Iterable[Assertion]) -> datetime | None:
    """The read that first showed any of these; None if that is always."""
    seen = [a.seen_from for a in assertions]
    return None if None in seen else min((time for time in seen if time), default=None)


def placeholder(label: str, key: str) -> dict[str, Any]:
    """The properties of a node that something names and nobody declared."""
    if label == "Field":
        dataset, _, name = key.rpartition("#")
        return {"id": key, "dataset": dataset, "name": name, "declared": False}
    if label == "Item":
        return {"id": key, "kind": key.partition(":")[0], "name": key, "declared": False}
    return {"id": key, "name": key, "declared": False}


def _links(label: str, properties: dict[str, Any], ranked: Sequence[Assertion], live: Sequence[Assertion]) -> tuple[Link, ...]:
    links: dict[tuple[Reference, str], Link] = {}
    for reference in references_of(label):
        for target in _targets(properties.get(reference.property)):
            said = [a for a in ranked if target in _targets(a.content.get(reference.property))]
            stated = "valid_from" in properties and any("valid_from" in a.content for a in ranked)
            since = properties["valid_from"] if stated else first_seen(said)
            links[reference, target] = Link(reference, target, since, properties.get("valid_to"))
        # What a source said before it changed its mind stays, closed, so that a question as of then finds it.
        best = min((a.order for a in live if a.content.get(reference.property)), default=None)
        for assertion in ranked:
            outranked = best is not None and assertion.order[:3] > best[:3] and reference.property not in _ADDING_UP
            if assertion.retired_at is not None and live and not outranked:
                for target in _targets(assertion.content.get(reference.property)):
                    links.setdefault((reference, target), Link(reference, target, assertion.seen_from, assertion.retired_at))
    return tuple(links.values())


def _targets(value: Any) -> list[str]:
    if value is None:
        return []
    return [value] if isinstance(value, str) else list(value)
