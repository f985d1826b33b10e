"""Numbers with their nouns, for all that is written for people."""

from __future__ import annotations


def counted(number: int, one: str, many: str | None = None) -> str:
    """A number with its noun; ``many``: the plural where it does not end in s alone.

    >>> counted(1, "change"), counted(3, "change"), counted(0, "Team"), counted(2, "delivery", "deliveries")
    ('1 change', '3 changes', '0 Teams', '2 deliveries')
    """
    return f"{number} {one if number == 1 else many or f'{one}s'}"
