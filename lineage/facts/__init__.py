"""The waist: everything a feed may say, and nothing else.

A feed is a generator of these frozen records. Every question reads the graph that they make, so a new feed and a
new question never meet. Facts do not depend on order: an end that nobody declared yet is created undeclared.

Four groups (design: "the facts"):

* the declared map: Partner, Team, Contact, System, Interface, Dataset, Field, Route, Report, Derivation
* things in transit: Item, Identifier, Expectation
* dated facts about them: Standing, Grant
* evidence: HandoffEvent, "something was seen at one end of a route"

``position`` is where in the source a fact stands (line number, JSON pointer, XPath); feed and source are known to the
run and are stored beside it. Positions never take part in identity or in the graph's digest.
"""

from lineage.facts.base import MAX_ID_CHARACTERS, Authority, Declared, Fact
from lineage.facts.declared import (
    Contact,
    Dataset,
    DatasetField,
    Derivation,
    Interface,
    Partner,
    Report,
    Route,
    System,
    Team,
    Zone,
)
from lineage.facts.evidence import EvidenceType, HandoffEvent
from lineage.facts.items import Expectation, Identifier, Item
from lineage.facts.said import Finding, Reject, Said
from lineage.facts.terms import Aspect, Grant, Standing

DeclaredFact = (
    Partner
    | Team
    | Contact
    | System
    | Interface
    | Dataset
    | DatasetField
    | Route
    | Report
    | Derivation
    | Item
    | Expectation
    | Standing
    | Grant
)

__all__ = [
    "MAX_ID_CHARACTERS",
    "Aspect",
    "Authority",
    "Contact",
    "Dataset",
    "DatasetField",
    "Declared",
    "DeclaredFact",
    "Derivation",
    "EvidenceType",
    "Expectation",
    "Fact",
    "Finding",
    "Grant",
    "HandoffEvent",
    "Identifier",
    "Interface",
    "Item",
    "Partner",
    "Reject",
    "Report",
    "Route",
    "Said",
    "Standing",
    "System",
    "Team",
    "Zone",
]
