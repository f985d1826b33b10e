"""Last successful handoff: where an item was last safe, who has it now, and whose fault it likely is."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from datetime import UTC, datetime

from lineage.answers.asking import Asker
from lineage.answers.branches import alone, branches, told
from lineage.answers.neighbours import Neighbours
from lineage.answers.results import Branch, Completeness, ItemRef, LastHandoff, LastSuccessful
from lineage.answers.way import Way, find_way, read_ways
from lineage.errors import NotFoundError, UsageError


def last_handoff(ask: Asker, item: str, *, as_of: datetime | None = None) -> LastHandoff:
    """The last successful handoff of one item, by branch. Arguments and errors as for ``trace``."""
    moment = as_of or datetime.now(UTC)
    way = find_way(ask, item, moment, people=True)
    return _answer(way, Neighbours(ask, moment))


def _answer(way: Way, near: Neighbours) -> LastHandoff:
    said = way.freshness.of(way.systems, "depth" if way.truncated else None)
    return answer(way, [told(one, way.people) for one in branches(way, alone(way), near)], said)


def answer(way: Way, found: Sequence[Branch], said: Completeness) -> LastHandoff:
    """The answer for an item from its branches, the most urgent first."""
    first = found[0]
    return LastHandoff(
        item=ItemRef(id=way.item["id"], kind=way.item["kind"], name=way.name),
        last_successful=first.last_successful,
        in_custody_of=first.in_custody_of,
        next_expected=first.next_expected,
        verdict=first.verdict,
        contacts=first.contacts,
        branches=tuple(found) if len(found) > 1 else (),
        completeness=said,
    )


def last_handoffs(
    ask: Asker,
    *,
    route: str | None = None,
    partner: str | None = None,
    system: str | None = None,
    limit: int = 20,
    as_of: datetime | None = None,
) -> list[LastHandoff]:
    """The newest secured handoffs of a route, or at either end of a partner's systems or of one system, newest first.

    Each is the answer for its item with ``last_successful`` on that route. Raises NotFoundError for an unknown name.
    """
    given = {"route": route, "partner": partner, "system": system}
    named = {kind: name for kind, name in given.items() if name}
    if len(named) != 1:
        raise UsageError("Name exactly one of a route, a partner and a system.")
    ((kind, name),) = named.items()
    rows = ask.rows(f"last_handoffs_of_{kind}", **{kind: name}, limit=limit, as_of=as_of, draw=False)
    if not rows and not ask.rows("find_node", name=name, label=kind.capitalize()):
        alike = [hit["id"] for hit in ask.rows("search", text=name[:4], limit=50) if hit["label"] == kind.capitalize()]
        raise NotFoundError(
            f"No {kind} has the id {name}.",
            hint=f"`lineage search {name}` finds it by a part of its name.",
            nearest=tuple(difflib.get_close_matches(name, alike, 3, 0.3)),
        )
    moment = as_of or datetime.now(UTC)
    ways = read_ways(ask, [row["item"] for row in rows], moment, people=True)
    near = Neighbours(ask, moment)
    whole = {item: _answer(way, near) for item, way in ways.items()}
    answers = []
    for row in rows:
        last = LastSuccessful(
            route=row["route"],
            from_=row["sender"],
            to=row["receiver"],
            at=row["secured_at"],
            evidence=tuple(row["evidence_ids"]),
        )
        answers.append(whole[row["item"]].model_copy(update={"last_successful": last}))
    return answers
