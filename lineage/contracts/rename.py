"""Fields that were probably renamed: one went and one came, of the same type, alike in name or between the same two neighbours.

Only where exactly one candidate fits, on both sides; anything less sure is a removal and an addition.
"""

from __future__ import annotations

import difflib

from lineage.facts import DatasetField

_ALIKE = 0.6
# Beyond that many, pairs are not tried: a schema that was rewritten has no renamed fields.
_MOST = 400

Neighbours = dict[str, tuple[str, str]]


def renamed(old: dict[str, DatasetField], new: dict[str, DatasetField]) -> dict[str, str]:
    """Old names to new ones. What stands inside a renamed field is renamed with it."""
    gone = [name for name in old if name not in new]
    come = [name for name in new if name not in old]
    found: dict[str, str] = {}
    if len(gone) > _MOST or len(come) > _MOST:
        return found
    around = _neighbours(old), _neighbours(new)
    for depth in sorted({name.count(".") for name in gone}):
        level = [name for name in gone if name.count(".") == depth]
        fits = {
            name: [other for other in come if _fits(name, other, old, new, around, found)]
            for name in level
        }  # fmt: skip
        wanted = [other for others in fits.values() for other in others]
        found |= {name: others[0] for name, others in fits.items() if len(others) == 1 and wanted.count(others[0]) == 1}
    return found


def _neighbours(fields: dict[str, DatasetField]) -> Neighbours:
    """The names before and after each field, among those beside it."""
    beside: dict[str, list[str]] = {}
    for name in fields:
        beside.setdefault(name.rpartition(".")[0], []).append(name)
    return {
        name: (before and before.rpartition(".")[2], after and after.rpartition(".")[2])
        for names in beside.values()
        for before, name, after in zip(["", *names], names, [*names[1:], ""], strict=False)
    }


def _fits(
    name: str,
    other: str,
    old: dict[str, DatasetField],
    new: dict[str, DatasetField],
    around: tuple[Neighbours, Neighbours],
    found: dict[str, str],
) -> bool:
    parent, _, own = name.rpartition(".")
    other_parent, _, other_own = other.rpartition(".")
    if other_parent != found.get(parent, parent) or old[name].type != new[other].type:
        return False
    if parent in found:
        return own == other_own
    alike = difflib.SequenceMatcher(None, own.lower(), other_own.lower()).ratio() >= _ALIKE
    return alike or around[0][name] == around[1][other]
