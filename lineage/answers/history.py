"""What changed in what sources say of nodes, read off their assertions (pure).

A source's word on a node stands from the read that first showed it to the read that no longer did; in its first complete read
everything stands from always. Where two wordings of one source overlap, the one that was seen later counts.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from lineage.answers.partner_results import HistoryEntry, SourceRef
from lineage.assertions import Assertion

_LONG_AGO = datetime.min.replace(tzinfo=UTC)


def history(said: Mapping[str, Sequence[Assertion]], as_of: datetime) -> tuple[HistoryEntry, ...]:
    """What changed by then, the newest first. ``said``: assertions by subject (``Label:id``). What is stated to begin or end
    later is told as well: it is known already."""
    found = [
        entry
        for subject, assertions in said.items()
        for own in _by_source(assertions)
        for entry in (*_changes(subject, own, as_of), *_stated(subject, _standing(own, as_of)))
    ]
    return tuple(sorted(found, key=lambda e: (-e.at.timestamp(), e.label, e.id, e.property or "", e.source, e.change)))


def sources(said: Mapping[str, Sequence[Assertion]], as_of: datetime) -> tuple[SourceRef, ...]:
    """Who says something of these nodes at that time, and of how many."""
    count = Counter(
        {
            (one.authority, one.feed, one.source, subject)
            for subject, assertions in said.items()
            for own in _by_source(assertions)
            if (one := _standing(own, as_of))
        }
    )
    nodes = Counter(key[:3] for key in count)
    return tuple(
        SourceRef(authority=authority, feed=feed, source=source, nodes=number)
        for (authority, feed, source), number in sorted(nodes.items(), key=lambda pair: (-pair[1], pair[0]))
    )


def _by_source(assertions: Iterable[Assertion]) -> list[list[Assertion]]:
    groups: dict[tuple[str, str], list[Assertion]] = defaultdict(list)
    for one in assertions:
        groups[one.feed, one.source].append(one)
    return list(groups.values())


def _standing(own: Sequence[Assertion], at: datetime, *, before: bool = False) -> Assertion | None:
    """What a source says at a moment, or just before it."""
    standing = [
        one
        for one in own
        if (one.seen_from is None or (one.seen_from < at if before else one.seen_from <= at))
        and (one.retired_at is None or (one.retired_at >= at if before else one.retired_at > at))
    ]
    return max(standing, key=lambda one: (one.seen_from or _LONG_AGO, one.hash), default=None)


def _changes(subject: str, own: Sequence[Assertion], as_of: datetime) -> Iterator[HistoryEntry]:
    moments = {time for one in own for time in (one.seen_from, one.retired_at) if time and time <= as_of}
    for at in sorted(moments):
        old, new = _standing(own, at, before=True), _standing(own, at)
        if old is None and new is not None:
            yield _entry(subject, new, at, "appeared")
        elif new is None and old is not None:
            yield _entry(subject, old, at, "dropped")
        elif old is not None and new is not None and old.content != new.content:
            for name in sorted({*old.content, *new.content}):
                before, after = old.content.get(name), new.content.get(name)
                if before != after:
                    yield _entry(subject, new, at, "changed", property=name, before=before, after=after)


def _stated(subject: str, now: Assertion | None) -> Iterator[HistoryEntry]:
    """The validity that a source states."""
    for name, change in (("valid_from", "begins"), ("valid_to", "ends")):
        if now is not None and name in now.content:
            yield _entry(subject, now, datetime.fromisoformat(now.content[name]), change)


def _entry(subject: str, said: Assertion, at: datetime, change: str, **more: Any) -> HistoryEntry:
    label, _, id_ = subject.partition(":")
    about = {"label": label, "id": id_, "feed": said.feed, "source": said.source, "authority": said.authority}
    return HistoryEntry.model_validate(
        {"at": at, "change": change, "property": None, "before": None, "after": None, **about, **more}
    )
