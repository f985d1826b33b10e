"""Parameters in the form in which the driver sends them fastest.

The driver takes 51 µs to pack a ``datetime``, as it calculates in classes of its own, and 1.6 µs for a ``pandas.Timestamp`` made
of it (6.4, with its extension in Rust); both arrive as the same value. A load sends many times in each row. And it writes all
parameters out as text for its log, also where nobody reads that; a list of rows therefore only says how long it is.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pandas

_NESTED = frozenset({datetime, dict, list, tuple})
_FIRST, _LAST = 1678, 2261
"""Years that a Timestamp holds whole, as it counts nanoseconds."""


class Listed(list[Any]):
    """A list that does not write itself out."""

    def __repr__(self) -> str:
        return f"<{len(self)} values>"


def sendable(value: Any) -> Any:
    """The same value; times in it, however deep, as Timestamps where these hold them."""
    kind = type(value)
    if kind is datetime:
        return pandas.Timestamp(value) if _FIRST <= value.year <= _LAST else value
    if kind is dict:
        return {name: sendable(one) if type(one) in _NESTED else one for name, one in value.items()}
    if kind is list or kind is tuple:
        return Listed(sendable(one) if type(one) in _NESTED else one for one in value)
    return value
