"""What ``compliance`` answers with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from lineage.answers.results import Completeness, ContactRef, Custody, ItemRef, Moment, Result, frame

if TYPE_CHECKING:
    import pandas

Rule = Literal[
    "no-licence",
    "licence-lapsed",
    "deactivated-playing",
    "not-subscribed",
    "not-eligible",
    "activation-not-confirmed",
    "update-not-returned",
]
RULES: dict[Rule, str] = {
    "no-licence": "Active without a licence",
    "licence-lapsed": "Active, and the licence has lapsed",
    "deactivated-playing": "Deactivated, and still playing",
    "not-subscribed": "Active without a subscription",
    "not-eligible": "Active, and not eligible",
    "activation-not-confirmed": "Activation sent, and never confirmed",
    "update-not-returned": "Update that never came back to Spotify",
}
"""The rules in the order in which they are shown, as headings."""


class Violation(Result):
    """A rule that a store breaks.

    ``missing_link``: what is missing, in words with ids; ``since``: when the store began to break the rule, None if nobody says;
    ``must_act``: who can end it, the zone ``undetermined`` where the evidence does not tell; ``evidence``: ids of what it rests on.
    """

    rule: Rule
    missing_link: str
    since: Moment | None
    must_act: Custody
    contacts: tuple[ContactRef, ...]
    evidence: tuple[str, ...]


class StoreRow(Result):
    """One store, location or sound zone: what holds of it (None: nobody says), and what is wrong.

    ``licence``: what covers it, or did last.
    """

    store: ItemRef
    territory: str | None
    use: str | None
    eligible: bool | None
    licensed: bool | None
    subscribed: bool | None
    activated: bool | None
    playing: bool | None
    licence: str | None
    violations: tuple[Violation, ...]


class Compliance(Result):
    """Stores against licence, subscription and activation, by id. ``checked``: how many were looked at."""

    as_of: Moment
    stores: tuple[StoreRow, ...]
    checked: int
    completeness: Completeness

    @property
    def violations(self) -> int:
        """How many rules are broken."""
        return sum(len(row.violations) for row in self.stores)

    @staticmethod
    def columns() -> list[str]:
        """The names of a flat record's values."""
        aspects = ("territory", "use", "eligible", "licensed", "subscribed", "activated", "playing", "licence")
        return [
            "store",
            "kind",
            "name",
            *aspects,
            "rule",
            "missing_link",
            "since",
            "system",
            "partner",
            "zone",
            "contacts",
            "evidence",
        ]

    def records(self) -> list[dict[str, Any]]:
        """One flat record a violation; one for a store without any."""
        rows = []
        for store in self.stores:
            about = {
                "store": store.store.id,
                "kind": store.store.kind,
                "name": store.store.name,
                **store.model_dump(exclude={"store", "violations"}),
            }
            for one in store.violations:
                said = one.model_dump(exclude={"must_act", "contacts"}) | one.must_act.model_dump()
                rows.append({**about, **said, "contacts": [c.email or c.name or c.of for c in one.contacts]})
            if not store.violations:
                rows.append(about)
        return rows

    def to_frame(self) -> pandas.DataFrame:
        """One row a violation, and one for a store without any; contacts as text."""
        return frame(self.records(), self.columns())

    def _repr_html_(self) -> str:
        return str(self.to_frame()._repr_html_())  # type: ignore[operator]
