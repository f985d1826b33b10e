"""Who operates systems, and whom to ask about them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import Any

from lineage.answers.asking import Asker
from lineage.answers.results import ContactRef


@dataclass(frozen=True)
class People:
    """Who operates systems and whom to ask: rows of ``who_to_ask`` by system."""

    by_system: Mapping[str, list[dict[str, Any]]]

    def partner(self, system: str | None) -> str | None:
        """The partner that operates a system."""
        return next((row["partner"] for row in self.by_system.get(system or "", [])), None)

    def zone(self, system: str | None) -> str | None:
        """The zone of that partner."""
        return next((row["zone"] for row in self.by_system.get(system or "", [])), None)

    def contacts(self, systems: Iterable[str]) -> tuple[ContactRef, ...]:
        """Whom to ask about these systems."""
        return tuple(chain.from_iterable(self._contacts.get(system, ()) for system in systems))

    @cached_property
    def _contacts(self) -> dict[str, list[ContactRef]]:
        return {
            system: [
                ContactRef(name=row["name"], email=row["email"], role=row["role"], of=row["of"], system=system)
                for row in rows
                if row["of"]
            ]
            for system, rows in self.by_system.items()
        }


NOBODY_KNOWN = People({})


def people(ask: Asker, systems: Iterable[str]) -> People:
    """Read who answers for these systems."""
    by_system: dict[str, list[dict[str, Any]]] = {}
    wanted = sorted(set(systems))
    for row in ask.rows("who_to_ask", systems=wanted, draw=False) if wanted else []:
        by_system.setdefault(row["system"], []).append(row)
    return People(by_system)


def people_of(system: str, operator: list[str | None] | None, contacts: list[list[str | None]]) -> list[dict[str, Any]]:
    """The rows of one system from its partner and zone, and a list for each contact: whose it is, name, email address and role."""
    partner, zone = operator or (None, None)
    names = ("of", "name", "email", "role")
    listed = [dict(zip(names, one, strict=True)) for one in contacts] or [dict.fromkeys(names)]
    return [{"system": system, "partner": partner, "zone": zone, **one} for one in listed]
