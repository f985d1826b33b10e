"""What ``check`` answers with."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from lineage.answers.results import Listing, Result

CheckName = Literal[
    "undeclared-reference",
    "unknown-after",
    "after-does-not-lead-here",
    "after-carries-another-kind",
    "same-route",
    "schedule-unreadable",
    "acknowledge-within-without-acknowledgement",
    "disagreement",
    "field-not-in-registry",
    "field-not-in-contract",
    "derivation-cycle",
    "kind-without-origin",
    "listed-without-expectation",
    "contract-not-loaded",
    "owner-without-contact",
    "partner-without-zone",
    "partner-without-contact",
    "system-without-partner",
    "system-without-owner",
    "interface-without-protocol",
    "interface-without-format",
    "interface-without-contract",
    "dataset-without-fields",
    "dataset-without-owner",
    "route-without-owner",
    "route-without-deadline",
    "route-without-dataset",
    "route-without-interface",
    "route-without-acknowledgement",
]
CHECKS: tuple[CheckName, ...] = CheckName.__args__  # type: ignore[attr-defined]
ERRORS: frozenset[str] = frozenset(CHECKS[: CHECKS.index("kind-without-origin") + 1])
"""Checks whose findings contradict something; the others say that something is missing."""

HINTS: dict[CheckName, str] = {
    "undeclared-reference": "declare what is named, or correct the name",
    "unknown-after": "name a declared route in `after`, or leave `after` out where the ends say it",
    "after-does-not-lead-here": "name routes in `after` that end at the system where this one begins",
    "after-carries-another-kind": "let the route before carry this kind of item too, or correct `item_kind`",
    "same-route": "keep one of them, end the other with `valid_to`, or tell them apart by data set or kind of item",
    "schedule-unreadable": "write five cron fields, an IANA time zone and a known calendar",
    "acknowledge-within-without-acknowledgement": "say which `acknowledgement` is owed, or drop `acknowledge_within`",
    "disagreement": "ask both sources' owners which is right, and correct the other",
    "field-not-in-registry": "add the field to the data set, or have it removed from the contract",
    "field-not-in-contract": "have the field added to the contract, or remove it from the data set",
    "derivation-cycle": "remove the derivation that points back",
    "kind-without-origin": "say on which route the items start: `after: []`",
    "listed-without-expectation": "say of items that they are `expected_on` it, or expect all of a kind on it",
    "contract-not-loaded": "load the contract, or correct its path",
    "owner-without-contact": "give the team a contact",
    "partner-without-zone": "say `zone`: spotify, middleware or partner; without it no verdict can name the partner",
    "partner-without-contact": "give the partner, or a team of it, a contact",
    "system-without-partner": "say which `partner` operates it",
    "system-without-owner": "say which team is its `owner`",
    "interface-without-protocol": "say its `protocol`: sftp, https, as2, s3 ...",
    "interface-without-format": "say its `format`: csv, json, x12 ...",
    "interface-without-contract": "say where its `contract` is: path or URL",
    "dataset-without-fields": "list its `fields`, or load its contract",
    "dataset-without-owner": "say which team is its `owner`",
    "route-without-owner": "say which team is its `owner`",
    "route-without-deadline": "say its `schedule`, or `deliver_within`; without one nothing on it is ever late",
    "route-without-dataset": "say which `dataset` it carries",
    "route-without-interface": "say which `interface` it uses",
    "route-without-acknowledgement": "say which `acknowledgement` is owed: none, mdn, functional or http",
}


class Subject(Result):
    """The node that a finding is about."""

    label: str
    id: str


class CheckFinding(Result):
    """Something that is missing or contradictory in the declared map.

    ``severity``: error where two things contradict each other, warning where something is missing. ``partners``: whom it
    concerns, the outermost first. ``owner``: the team that owns the node, or the system that it is about.
    """

    check: CheckName
    severity: Literal["error", "warning"]
    subject: Subject
    detail: str
    partners: tuple[str, ...]
    owner: str | None
    hint: str


@dataclass(frozen=True)
class Check(Listing[CheckFinding]):
    """What is missing or contradictory, by partner; contradictions first."""

    as_of: datetime
    rows: tuple[CheckFinding, ...]

    @staticmethod
    def columns() -> list[str]:
        """The names of a flat finding's values."""
        return ["check", "severity", "label", "id", "detail", "partners", "owner", "hint"]

    def records(self) -> list[dict[str, Any]]:
        """One flat record a finding."""
        return [{**row.model_dump(exclude={"subject"}), **row.subject.model_dump()} for row in self.rows]
