"""The graph's vocabulary, once, as rows. Constraints, MERGEs, Browser style, digest and the model's page derive from it.

Nodes are nouns; relationships read as sentences. ``FEEDS`` always points downstream, so that one breadth-first
expansion answers "what does this reach". Neo4j Community: uniqueness constraints only.
"""

from __future__ import annotations

from dataclasses import dataclass

MODEL_VERSION = 3


@dataclass(frozen=True)
class Label:
    """A node label: its key properties, what it is, its caption and colour in Neo4j Browser."""

    name: str
    key: tuple[str, ...]
    about: str
    caption: str = "name"
    color: str = "#A5ABB6"
    size: int = 50


@dataclass(frozen=True)
class Reference:
    """A property of a fact that becomes a relationship.

    ``outgoing``: (fact's node)-[type]->(target), else the other way round. ``kind`` is stored on the relationship where one
    type has several reasons (FEEDS).
    """

    label: str
    property: str
    type: str
    target: str
    outgoing: bool
    kind: str | None = None


LABELS: tuple[Label, ...] = (
    Label(
        "Partner",
        ("id",),
        "a trading partner, or Spotify itself; its zone decides whom a verdict names",
        color="#1DB954",
        size=65,
    ),
    Label("Team", ("id",), "people at a partner who own systems, data sets, routes and reports", color="#F79767"),
    Label("Contact", ("id",), "whom to turn to", color="#FFC454", size=40),
    Label("System", ("id",), "something that items pass through; a job is a system of kind job", color="#4C8EDA", size=75),
    Label("Interface", ("id",), "an endpoint of a system: protocol, format, contract", caption="id", color="#8DCC93"),
    Label("Dataset", ("id",), "what is exchanged: message type, file layout, table", color="#57C7E3"),
    Label("Field", ("id",), "a field of a data set", color="#A5DDF0", size=40),
    Label(
        "Route",
        ("id",),
        "an agreement: sender, receiver, data set, schedule, acknowledgement",
        caption="id",
        color="#C990C0",
        size=75,
    ),
    Label("Report", ("id",), "a dashboard or report that people look at", color="#DA7194"),
    Label("Item", ("id",), "a thing in transit: episode, campaign, asset, store", color="#FFE081", size=65),
    Label(
        "Standing",
        ("id",),
        "what holds of a store from a time on: eligibility, licence, subscription, activation, playing",
        caption="value",
        color="#F4B6A6",
        size=40,
    ),
    Label("Grant", ("id",), "what a licence or deal allows, where and until when", caption="id", color="#9FD3C7", size=50),
    Label("Identifier", ("id",), "another name of an item: scheme:value", caption="id", color="#D9C8AE", size=40),
    Label("Handoff", ("id",), "one item's change of custody on one route", caption="summary", color="#C9C9C9", size=105),
    Label("Evidence", ("source", "id"), "something was seen at one end of a route", caption="type", color="#ECB5C9", size=40),
    Label(
        "Envelope",
        ("id",),
        "what messages travelled in: interchange, functional group, file; a reply to it is a reply to each of them",
        caption="id",
        color="#B8C4D6",
        size=40,
    ),
    Label(
        "Assertion",
        ("id",),
        "what one source says about one node; the node shows the effective values",
        caption="source",
        size=40,
    ),
    Label("Run", ("id",), "one load", caption="feed", color="#604A0E", size=40),
    Label("Lineage", ("id",), "marks a database as ours; writers take turns on it", caption="id", size=40),
)

REFERENCES: tuple[Reference, ...] = (
    Reference("Team", "partner", "HAS_TEAM", "Partner", outgoing=False),
    Reference("System", "partner", "OPERATES", "Partner", outgoing=False),
    Reference("System", "owner", "OWNS", "Team", outgoing=False),
    Reference("Interface", "system", "EXPOSES", "System", outgoing=False),
    Reference("Dataset", "owner", "OWNS", "Team", outgoing=False),
    Reference("Field", "dataset", "HAS_FIELD", "Dataset", outgoing=False),
    Reference("Route", "from", "SENDS", "System", outgoing=False),
    Reference("Route", "to", "DELIVERS_TO", "System", outgoing=True),
    Reference("Route", "dataset", "CARRIES", "Dataset", outgoing=True),
    Reference("Route", "interface", "USES", "Interface", outgoing=True),
    Reference("Route", "interface", "FEEDS", "Interface", outgoing=False, kind="served"),
    Reference("Route", "owner", "OWNS", "Team", outgoing=False),
    Reference("Route", "after", "FEEDS", "Route", outgoing=False, kind="after"),
    Reference("Report", "owner", "OWNS", "Team", outgoing=False),
    Reference("Contact", "of_partner", "HAS_CONTACT", "Partner", outgoing=False),
    Reference("Contact", "of_team", "HAS_CONTACT", "Team", outgoing=False),
    Reference("Item", "part_of", "PART_OF", "Item", outgoing=True),
    Reference("Item", "version_of", "VERSION_OF", "Item", outgoing=True, kind="declared"),
    Reference("Standing", "item", "HOLDS_FOR", "Item", outgoing=True),
    Reference("Grant", "licence", "TERM_OF", "Item", outgoing=True),
    Reference("Grant", "covers", "COVERS", "Item", outgoing=True),
)

# Relationships that do not come from a reference property: (type, from, to, about).
OTHER_RELATIONSHIPS: tuple[tuple[str, str, str, str], ...] = (
    ("FEEDS", "Dataset", "Dataset", "kind derivation: made from it (also between fields, and to reports)"),
    ("FEEDS", "Dataset", "Field", "kind fields: one of its fields feeds it (also to reports and data sets)"),
    ("FEEDS", "Dataset", "Route", "kind carried: the route carries the data set"),
    (
        "FEEDS",
        "Route",
        "Route",
        "kind after: declared; onward: the receiver passes the same data set on; follows: the same kind of item",
    ),
    (
        "FEEDS",
        "Route",
        "Dataset",
        "kind arrival: what the receiver makes from the data set that the route carries (also fields' reports)",
    ),
    ("FEEDS", "System", "Dataset", "kind makes: the job or system that the derivation names (also to fields and reports)"),
    ("SAME_AS", "Route", "Route", "a route that evidence named by its two ends only, and the one declared route between them"),
    ("OF", "Handoff", "Item", "whose change of custody"),
    ("ABOUT", "Evidence", "Handoff", "what the evidence speaks of; one receipt may speak of many handoffs"),
    ("TRAVELLED_IN", "Evidence", "Envelope", "the message of this evidence was in it"),
    ("IDENTIFIES", "Identifier", "Item", "names the item"),
    ("MAY_BE", "Item", "Item", "a feed's episode and one in Spotify's catalogue that look alike; with a score, no fact"),
)

# Never a relationship to a node that will have millions; these composite indexes answer instead.
INDEXES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("Handoff", ("route_id", "secured", "secured_at")),
    ("Handoff", ("from_system", "secured", "secured_at")),
    ("Handoff", ("to_system", "secured", "secured_at")),
    ("Handoff", ("route_id", "sent_at")),
    ("Handoff", ("route_id", "first_at")),
    ("Handoff", ("last_at",)),
    ("Handoff", ("route_id", "last_at")),
    # Sparse ones: only what is open is in them, so that lateness costs what it lists.
    ("Handoff", ("route_id", "pending_since")),
    ("Handoff", ("pending_undated", "route_id")),
    ("Handoff", ("route_id", "awaiting", "awaiting_at")),
    ("Handoff", ("unsettled", "settled_at")),
    ("Handoff", ("secured_undated", "route_id")),
    ("Handoff", ("secured_undated", "from_system")),
    ("Handoff", ("secured_undated", "to_system")),
    ("Evidence", ("message_id",)),
    ("Evidence", ("in_reply_to",)),
    ("Evidence", ("time",)),
    ("Evidence", ("said_by", "time")),
    ("Identifier", ("value",)),
    ("Show", ("name_key",)),
    ("Assertion", ("subject",)),
    ("Assertion", ("feed", "source")),
    ("Evidence", ("unplaced",)),
    ("Route", ("dataset",)),
    ("Grant", ("licensee",)),
    ("Grant", ("licensor",)),
    ("Run", ("feed", "source")),
)

# Item kinds that also become labels, so that Browser users can write (:Episode).
KIND_LABELS: dict[str, str] = {
    "account": "Account",
    "activation": "Activation",
    "ad": "Ad",
    "ad-set": "AdSet",
    "asset": "Asset",
    "campaign": "Campaign",
    "episode": "Episode",
    "licence": "Licence",
    "live": "LiveItem",
    "location": "Location",
    "playlist": "Playlist",
    "recording": "Recording",
    "release": "Release",
    "show": "Show",
    "store": "Store",
    "track": "Track",
    "zone": "SoundZone",
}


# States that also become labels of handoffs, because Browser can colour by label and by nothing else.
STATE_LABELS: dict[str, str] = {"Secured": "#3BA55D", "Unsecured": "#E5383B"}


# Properties that not every graph has, and that queries mention: (label, names).
PROPERTIES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("every declared node", ("name", "kind", "declared", "valid_from", "valid_to", "retired")),
    ("Partner", ("zone",)),
    ("Contact", ("email", "role")),
    ("Interface", ("protocol", "format", "endpoint", "contract", "security")),
    ("Dataset", ("description", "format", "contract", "owner", "version", "direction", "service_levels")),
    ("Field", ("dataset", "type", "required", "description", "format", "pattern", "enum")),
    (
        "Route",
        (
            "from", "to", "dataset", "interface", "item_kind", "after", "expect", "schedule", "timezone", "calendar",
            "deliver_within", "acknowledgement", "acknowledge_within", "owner",
        ),
    ),
    ("Report", ("url",)),
    ("Item", ("origin", "part_of", "version_of", "published_at", "expected_on", "territory", "use", "duration_s", "name_key")),
    ("MAY_BE relationships", ("score", "because")),
    ("Standing", ("item", "aspect", "value", "raw", "by")),
    ("Grant", ("licence", "covers", "licensor", "licensee", "territories", "excluded", "uses", "models", "withdrawn")),
    ("Identifier", ("scheme", "value", "scope")),
    (
        "Handoff",
        (
            "item_id", "route_id", "from_system", "to_system", "secured", "secured_at", "secured_undated", "secured_by", "attempts",
            "reporters", "confirmed_by",
            "transport", "acknowledgement", "processing", "undated",
            "first_at", "last_at", "summary", "queued_at", "sent_at", "picked_up_at",
            "received_at", "acknowledged_at", "rejected_at", "failed_at", "processing_failed_at", "published_at",
            "pending_since", "pending_undated", "awaiting", "awaiting_at", "unsettled", "settled_at",
        ),
    ),
    (
        "Evidence",
        (
            "type", "raw_type", "time", "offset", "subject", "route", "message_id", "in_reply_to", "envelopes", "reporter",
            "said_by", "code", "detail", "identifiers", "hash", "position", "unplaced", "conflict", "variants", "variant_hashes",
        ),
    ),
    ("Assertion", ("subject", "feed", "source", "authority", "content", "hash", "position", "seen_from", "retired_at")),
    (
        "Run",
        (
            "feed", "source", "sha256", "fingerprint", "started", "finished", "status", "read", "facts", "created", "changed",
            "unchanged", "rejected", "retired", "rejects_file", "findings", "seconds",
        ),
    ),
)  # fmt: skip


def vocabulary() -> dict[str, set[str]]:
    """Neo4j's procedures that make names known, with the model's names for each."""
    return {
        "db.createLabel": {row.name for row in LABELS} | set(KIND_LABELS.values()) | set(STATE_LABELS),
        "db.createRelationshipType": {row.type for row in REFERENCES} | {row[0] for row in OTHER_RELATIONSHIPS},
        "db.createProperty": {name for _, names in PROPERTIES for name in names} | {"id", "by", "model", "turn"},
    }


def references_of(label: str) -> tuple[Reference, ...]:
    """The reference rows of one label."""
    return tuple(row for row in REFERENCES if row.label == label)


def constraint_statements() -> tuple[str, ...]:
    """Constraints as ``IF NOT EXISTS`` statements."""
    return tuple(
        f"CREATE CONSTRAINT {row.name.lower()}_key IF NOT EXISTS FOR (n:{row.name}) "
        f"REQUIRE ({', '.join(f'n.{part}' for part in row.key)}) IS UNIQUE"
        for row in LABELS
    )


def index_statements() -> tuple[str, ...]:
    """Indexes as ``IF NOT EXISTS`` statements."""
    return tuple(
        f"CREATE INDEX {label.lower()}_{'_'.join(parts)} IF NOT EXISTS FOR (n:{label}) ON ({', '.join(f'n.{p}' for p in parts)})"
        for label, parts in INDEXES
    )
