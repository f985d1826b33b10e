"""Which type takes in which: words of JSON Schema, ODCS and databases, as feeds write them."""

from __future__ import annotations

import re

_TAKES_IN = {
    "number": {"integer"},
    "bigint": {"int", "integer", "smallint"},
    "integer": {"smallint"},
    "int": {"smallint"},
    "long": {"int", "integer"},
    "double": {"float"},
    "text": {"varchar", "char"},
}
_SIZED = re.compile(r"\s*([\w ]+?)\s*\(\s*(\d{1,9}(?:\s*,\s*\d{1,9})*)\s*\)\s*")


def takes_in(one: str | None, other: str | None) -> bool:
    """Whether every value of the other type is one of this type; None is any type.

    >>> takes_in("number", "integer"), takes_in("string|null", "string"), takes_in("array<integer>", "array<number>")
    (True, True, False)
    >>> takes_in("varchar(20)", "VARCHAR(18)"), takes_in("string", None)
    (True, False)
    """
    if one is None:
        return True
    if other is None:
        return False
    mine = _alternatives(one.lower())
    return all(any(_covers(each, theirs) for each in mine) for theirs in _alternatives(other.lower()))


def _alternatives(text: str) -> list[str]:
    """``array<a|b>|null`` is two alternatives: the bar inside the brackets is not one of its own."""
    found, depth = [""], 0
    for character in text:
        depth += {"<": 1, ">": -1}.get(character, 0)
        if character == "|" and depth == 0:
            found.append("")
        else:
            found[-1] += character
    return [one.strip() for one in found]


def _covers(one: str, other: str) -> bool:
    if one == other or other in _TAKES_IN.get(one, ()):
        return True
    if one.startswith("array") and other.startswith("array"):
        return takes_in(_inside(one), _inside(other))
    mine, theirs = _SIZED.fullmatch(one), _SIZED.fullmatch(other)
    if theirs is None:
        return False
    if mine is None:
        # varchar without a length holds any of that length, not the other way round.
        return one == theirs[1] or theirs[1] in _TAKES_IN.get(one, ())
    sizes, others = mine[2].split(","), theirs[2].split(",")
    return mine[1] == theirs[1] and len(sizes) == len(others) and all(map(_holds, sizes, others))


def _holds(size: str, other: str) -> bool:
    return int(size) >= int(other)


def _inside(text: str) -> str | None:
    return text.partition("<")[2].removesuffix(">") or None
