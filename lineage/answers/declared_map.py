"""The declared map of one moment in memory: everything, or what is around one partner."""

from __future__ import annotations

import difflib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from lineage.answers.asking import Asker
from lineage.errors import NotFoundError

Node = Mapping[str, Any]
_OUTERMOST = {"partner": 0, "middleware": 1, "spotify": 2}


class DeclaredMap:
    """Nodes by id as ``declared_map`` gives them; ``fields`` by data set, ``contacts`` by label and id of whom they belong to."""

    def __init__(self, found: Mapping[str, Iterable[Node]]) -> None:
        self.partners, self.teams, self.systems, self.interfaces, self.datasets, self.routes, self.reports = (
            {one["id"]: one for one in found[name]}
            for name in ("partners", "teams", "systems", "interfaces", "datasets", "routes", "reports")
        )
        self.derivations = list(found["derivations"])
        self.fields: dict[str, list[Node]] = defaultdict(list)
        for one in found["fields"]:
            self.fields[one["dataset"]].append(one)
        self.contacts: dict[tuple[str, str], list[Node]] = defaultdict(list)
        for one in found["contacts"]:
            for label in ("Partner", "Team"):
                if owner := one.get(f"of_{label.lower()}"):
                    self.contacts[label, owner].append(one)

    def partner_of(self, system: str | None) -> Node | None:
        """The partner that operates a system, as far as it is known."""
        return self.partners.get(self.systems.get(system or "", {}).get("partner") or "")

    def partners_of(self, systems: Iterable[str | None]) -> tuple[str, ...]:
        """The partners of these systems, the outermost first: the other end is often Spotify, or what everything passes."""
        found = [p for p in map(self.partner_of, systems) if p]
        ordered = sorted(found, key=lambda p: (_OUTERMOST.get(p.get("zone") or "", 3), p["id"]))
        return tuple(dict.fromkeys(p["id"] for p in ordered))


def read_map(ask: Asker, as_of: datetime, partner: str | None = None) -> DeclaredMap:
    """Read the map. Raises NotFoundError for an unknown partner, with the nearest names; ServerError, OutOfTime."""
    found = DeclaredMap(ask.rows("declared_map", partner=partner, as_of=as_of)[0])
    if partner is not None and partner not in found.partners:
        raise unknown_partner(ask, partner)
    return found


def unknown_partner(ask: Asker, partner: str) -> NotFoundError:
    """The error for a partner that there is not, with the nearest names."""
    hits = [
        hit for text in (partner, partner[:4], partner[:2]) if text.strip() for hit in ask.rows("search", text=text, limit=50)
    ]
    near = list(dict.fromkeys(hit["id"] for hit in hits if hit["label"] == "Partner"))
    return NotFoundError(
        f"No partner has the id {partner}.",
        hint=f"`lineage search {partner}` finds it by a part of its name.",
        nearest=tuple(difflib.get_close_matches(partner, near, 3, 0.4)),
    )
