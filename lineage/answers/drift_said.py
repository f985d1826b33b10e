"""Where sources say different things about one node, and where a feed found another protocol or format than declared (pure).

The value that counts is the registry's, then a contract's, then an observed one (``lineage.assertions``). A feed is
compared by what is agreed, not by what it calls things: other names and kinds in a contract or an observed source are no drift,
nor are other words of description. Two contracts may describe one data set from its two ends. What only observed sources
say is not declared, so they cannot disagree with it.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from lineage.assertions import RANK, canonical

_NOT_COMPARED = frozenset({"id", "details", "part_of", "description", "contract", "direction"})
_NAMES = frozenset({"name", "kind"})
_KINDS = {("Interface", "protocol"): "other-protocol", ("Interface", "format"): "other-format"}


@dataclass(frozen=True)
class Difference:
    """One property about which sources differ; ``declared`` is what counts."""

    drift: str
    label: str
    id: str
    detail: str
    declared: str
    observed: str
    said_by: tuple[str, ...]


def differences(subject: str, said: Iterable[Mapping[str, Any]], as_of: datetime) -> list[Difference]:
    """What these sources disagree about. ``said``: assertions with authority, feed, source, hash and content (JSON text)."""
    label, _, key = subject.partition(":")
    contents = [(one, json.loads(one["content"])) for one in said]
    valid = [(one, content) for one, content in contents if _valid(content, as_of)]
    ranked = sorted(valid, key=lambda pair: (RANK[pair[0]["authority"]], pair[0]["source"], pair[0]["feed"], pair[0]["hash"]))
    found = []
    for name in dict.fromkeys(name for _, content in ranked for name in content if name not in _NOT_COMPARED):
        values = [(one, content[name]) for one, content in ranked if name in content]
        first, effective = values[0]
        others = [
            (one, value)
            for one, value in values[1:]
            if _same_form(value) != _same_form(effective) and (one["authority"] == "registry" or name not in _NAMES)
        ]
        if first["authority"] == "observed" or not others:
            continue
        observed_only = all(one["authority"] == "observed" for one, _ in others)
        found.append(
            Difference(
                drift=_KINDS.get((label, name), "disagreement") if observed_only else "disagreement",
                label=label,
                id=key,
                detail=f"{name}: {_text(effective)} counts, by {_source(first)}; "
                + "; ".join(f"{_text(value)} by {_source(one)}" for one, value in others),
                declared=f"{name}: {_text(effective)}",
                observed=", ".join(dict.fromkeys(f"{name}: {_text(value)}" for _, value in others)),
                said_by=tuple(dict.fromkeys(one["source"] for one in (first, *(one for one, _ in others)))),
            )
        )
    return found


def beside(interfaces: Sequence[Mapping[str, Any]]) -> list[Difference]:
    """Interfaces that a feed found at a system, with a protocol or format that none of its declared interfaces has."""
    declared: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for one in interfaces:
        if one["declared"] and one["system"]:
            declared[one["system"]].append(one)
    found = []
    for one in interfaces:
        if one["declared"] or one["system"] not in declared:
            continue
        for name in ("protocol", "format"):
            known = sorted({each[name] for each in declared[one["system"]] if each[name]})
            if one[name] and known and one[name].casefold() not in {value.casefold() for value in known}:
                found.append(
                    Difference(
                        drift=f"other-{name}",
                        label="Interface",
                        id=one["id"],
                        detail=f"{one['system']} was seen with {name} {one[name]} at {one['endpoint'] or one['id']}; "
                        f"its declared interfaces have {', '.join(known)}",
                        declared=f"{name}: {', '.join(known)}",
                        observed=f"{name}: {one[name]}",
                        said_by=(),
                    )
                )
                break
    return found


def _valid(content: Mapping[str, Any], as_of: datetime) -> bool:
    since, until = content.get("valid_from"), content.get("valid_to")
    return (since is None or datetime.fromisoformat(since) <= as_of) and (
        until is None or datetime.fromisoformat(until) > as_of
    )


def _same_form(value: Any) -> str:
    """Protocols and zones in other letters, and lists in another order, say the same."""
    if isinstance(value, list):
        return canonical(sorted(canonical(one) for one in value))
    return value.casefold() if isinstance(value, str) else canonical(value)


def _text(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(str(one) for one in value) or "none"
    return str(value)


def _source(one: Mapping[str, Any]) -> str:
    return f"{one['source']} ({one['authority']})"
