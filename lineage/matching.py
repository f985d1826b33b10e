"""Whether a feed's episode and one of Spotify's catalogue may be the same: a score by title, date and duration (pure).

Spotify's API says neither the feed's address nor the guid of its items (docs/playlists.md), so where no identifier and no crosswalk
ties the two, this is all there is. It is no fact: it never merges anything, and no verdict rests on it.

What is compared are two items alone, so that the result cannot depend on what else is known, or on the order in which it came.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from rapidfuzz import fuzz, utils

KIND, ABOVE = "episode", "show"
"""The kind of item that is matched, and of what it must be a part of."""
WITHIN_DAYS = 2
"""How far apart the two dates may be: a catalogue gives a date alone, of a time zone that it does not name."""
LEAST_SCORE = 0.75
_LEAST_TITLE = 0.7
_CATALOGUE = "spotify:episode"
_FEED = frozenset({"rss:guid", "enclosure"})
SCHEMES = frozenset({_CATALOGUE, *_FEED})
"""Identifier schemes that decide on which side an item is."""
_WEIGHTS = {"title": 0.6, "date": 0.2, "duration": 0.2}
_BY_DAYS = (1.0, 0.9, 0.7)
_SAME_LENGTH_S = 2.0
# Advertisements are put in when an episode is fetched, so lengths differ; not by so great a part.
_OTHER_LENGTH = 0.2
_WITHOUT_DURATION = 0.95
_SUBSET = 0.9
_NUMBER = re.compile(r"\d+")

Side = Literal["feed", "catalogue"]


@dataclass(frozen=True)
class Episode:
    """One item as it is compared. ``title``: the key of its name; ``shows``: ids of what it is a part of, with their keys."""

    id: str
    title: str | None
    numbers: frozenset[str]
    published_at: datetime | None
    duration_s: float | None
    side: Side | None
    shows: frozenset[tuple[str, str | None]]
    versions_of: frozenset[str] = frozenset()

    @classmethod
    def of(cls, *, name: str | None, **rest: Any) -> Episode:
        """From its name as it is written, and the other values as they are."""
        title = key(name)
        return cls(title=title, numbers=frozenset(_NUMBER.findall(title or "")), **rest)


@dataclass(frozen=True)
class Match:
    """That two items may be the same: how well they fit (0 to 1), and what speaks for it in words."""

    score: float
    because: tuple[str, ...]


def side_of(schemes: Collection[str]) -> Side | None:
    """On which side an item is by the schemes of its identifiers; None for one on both: for that, the match is a fact.

    >>> side_of({"rss:guid", "enclosure"}), side_of({"spotify:episode"}), side_of({"rss:guid", "spotify:episode"}), side_of(())
    ('feed', 'catalogue', None, 'feed')
    """
    if _CATALOGUE not in schemes:
        return "feed"
    return None if _FEED & set(schemes) else "catalogue"


def key(name: str | None) -> str | None:
    """A name without case, punctuation and kinds of blank; names with the same key are taken for the same name.

    >>> key("The Dev-Meeting!"), key(" the dev meeting"), key("?"), key(None)
    ('the dev meeting', 'the dev meeting', None, None)
    """
    if name is None:
        return None
    return " ".join(utils.default_process(unicodedata.normalize("NFKC", name)).casefold().split()) or None


def compare(feed: Episode, catalogue: Episode) -> Match | None:
    """How well two episodes fit; None where they do not, or where not enough is known of them."""
    if feed.side != "feed" or catalogue.side != "catalogue":
        return None
    if feed.id in catalogue.versions_of or catalogue.id in feed.versions_of:
        return None  # one is the other's version, which says more
    if feed.published_at is None or catalogue.published_at is None:
        return None
    days = abs((feed.published_at.date() - catalogue.published_at.date()).days)
    show, title = _show(feed, catalogue), _title(feed, catalogue)
    if days > WITHIN_DAYS or show is None or title < _LEAST_TITLE:
        return None
    parts = {"title": title, "date": _BY_DAYS[days]}
    length = _length(feed.duration_s, catalogue.duration_s)
    if length is not None:
        parts["duration"] = length
    score = sum(_WEIGHTS[name] * part for name, part in parts.items()) / sum(_WEIGHTS[name] for name in parts)
    score = round(score * (1.0 if length is not None else _WITHOUT_DURATION), 2)
    if score < LEAST_SCORE:
        return None
    return Match(score, (show, f"titles alike by {title:.0%}", _dated(days), _lengths(feed.duration_s, catalogue.duration_s)))


def _show(one: Episode, other: Episode) -> str | None:
    if {id_ for id_, _ in one.shows} & {id_ for id_, _ in other.shows}:
        return "the same show"
    keys = {name for _, name in one.shows if name} & {name for _, name in other.shows if name}
    return "shows of the same name" if keys else None


def _title(one: Episode, other: Episode) -> float:
    """How alike two titles are, 0 to 1. Those whose numbers contradict each other are two episodes, however alike they read."""
    if not one.title or not other.title:
        return 0.0
    if not one.numbers <= other.numbers and not other.numbers <= one.numbers:
        return 0.0
    if one.title == other.title:
        return 1.0
    # The catalogue's may leave out a number or the show's name, which stands before many a feed's.
    alike = fuzz.token_sort_ratio(one.title, other.title), _SUBSET * fuzz.token_set_ratio(one.title, other.title)
    return max(alike) / 100


def _length(one: float | None, other: float | None) -> float | None:
    if not one or not other:
        return None
    apart = abs(one - other)
    return 1.0 if apart <= _SAME_LENGTH_S else max(0.0, 1 - apart / (_OTHER_LENGTH * max(one, other)))


def _dated(days: int) -> str:
    return "of the same day" if days == 0 else f"dates {days} day{'s' if days > 1 else ''} apart"


def _lengths(one: float | None, other: float | None) -> str:
    if not one or not other:
        return "no duration to compare"
    apart = abs(one - other)
    return "of the same duration" if apart <= _SAME_LENGTH_S else f"durations {apart:.0f} s apart"
