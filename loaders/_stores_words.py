"""The words that tables and players use for what holds of a store, and our normal ones (``lineage.facts.Standing``)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

KINDS: Final = ("store", "zone", "location", "account")
YES, NO = frozenset({"yes", "y", "true", "1", "on"}), frozenset({"no", "n", "false", "0", "off"})
# aspect: normal word: other words for it. The first normal word is what "yes" means, the last what "no" does.
WORDS: Final[dict[str, dict[str, frozenset[str]]]] = {
    "eligibility": {
        "eligible": frozenset({"approved", "allowed", "ok"}),
        "ineligible": frozenset({"not eligible", "non eligible", "blocked", "rejected", "not allowed"}),
    },
    "subscription": {
        "active": frozenset({"activated", "current", "resumed", "running", "subscribed"}),
        "paused": frozenset({"on hold", "suspended"}),
        "cancelled": frozenset({"canceled", "terminated"}),
        "expired": frozenset({"ended", "lapsed"}),
        "inactive": frozenset({"none", "not subscribed"}),
    },
    "activation": {
        "activated": frozenset({"active", "enabled", "paired", "live"}),
        "deactivated": frozenset({"inactive", "disabled", "unpaired", "not activated", "not paired"}),
    },
    "playing": {
        "playing": frozenset({"ok", "online", "alive", "up", "connected"}),
        "silent": frozenset({"offline", "stopped", "down", "muted", "paused", "disconnected", "not playing"}),
    },
}
NONE = frozenset({"none", "no licence", "no license", "withdrawn", "-"})
# What began when it says that it ended: a subscription that is cancelled "until" a day ran until then.
OVER = frozenset({"ineligible", "cancelled", "expired", "inactive", "deactivated"})
ASPECTS = tuple(WORDS)


def first(aspect: str) -> str:
    """What a time alone says: who has a date of activation is activated."""
    return next(iter(WORDS[aspect]))


def normal(aspect: str, word: str, own: Mapping[str, str]) -> str | None:
    """The normal word of an aspect; None where nobody knows it. ``own``: what the user said, see ``own_words``.

    >>> normal("subscription", "CANCELED", {})
    'cancelled'
    """
    said = plain(word)
    if (ours := own.get(f"{aspect}.{said}")) is not None:
        return ours
    known = WORDS[aspect]
    if said in YES | NO:
        return first(aspect) if said in YES else list(known)[-1]
    return next((ours for ours, others in known.items() if said == ours or said in others), None)


def plain(word: str) -> str:
    """A word without case, and with blanks for other joints."""
    return " ".join(word.casefold().replace("_", " ").replace("-", " ").split()) or word


def own_words(given: Mapping[str, str]) -> dict[str, str]:
    """``{subscription.laufend: active}`` checked, their words made plain. Raises ValueError."""
    found = {}
    for name, ours in given.items():
        aspect, dot, theirs = name.partition(".")
        if not dot or aspect not in {*ASPECTS, "territory", "use"}:
            raise ValueError(f"{name!r}: write aspect.THEIR_WORD, the aspects: {', '.join(ASPECTS)}, territory, use")
        if aspect in WORDS and ours not in WORDS[aspect]:
            raise ValueError(f"{ours!r} is no word of {aspect}; there are {', '.join(WORDS[aspect])}")
        found[f"{aspect}.{plain(theirs)}"] = ours
    return found
