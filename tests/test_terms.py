"""Standings and grants: dated facts about items, kept per source like all declarations, and tied to what the item is called now."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from harness import Database, Say, write

from lineage.digest import digest
from lineage.facts import Grant, Identifier, Item, Said, Standing
from lineage.graph import Graph

SAID: tuple[Said, ...] = (
    Item(id="store:b-1", name="Harbour café", territory="DE", use="PlayInPublic"),
    Identifier(item="store:b-1", identifier="soundtrack:zone:x"),
    Standing(item="store:b-1", aspect="subscription", value="active", valid_from=datetime(2026, 1, 1, tzinfo=UTC)),
    Identifier(item="store:a-1", identifier="soundtrack:zone:x"),
    Standing(item="store:a-1", aspect="subscription", value="paused", valid_from=datetime(2026, 3, 1, tzinfo=UTC)),
    Grant(id="g", licence="licence:de", covers="release:1", licensor="label", licensee="cafés", territories="DE"),
    Item(id="release:1", name="Tides"),
)


def test_they_follow_an_item_that_turns_out_to_be_another_in_any_order(database: Database, tmp_path: Path) -> None:
    found = set()
    for order in ((0, 1, 2, 3, 4, 5, 6), (6, 5, 4, 3, 2, 1, 0), (2, 4, 0, 3, 6, 1, 5)):
        database.wipe()
        write(database.graph, [SAID[i] for i in order], tmp_path, batch_size=1)
        found.add(digest(database.graph))
    assert len(found) == 1
    rows = database.graph.read(
        "MATCH (s:Standing)-[:HOLDS_FOR]->(i:Store) RETURN i.id AS item, s.value AS value, i.territory AS territory ORDER BY value"
    ).rows
    assert rows == [
        {"item": "store:a-1", "value": "active", "territory": "DE"},
        {"item": "store:a-1", "value": "paused", "territory": "DE"},
    ]


def test_a_grant_is_a_term_of_its_licence_and_names_partners_that_nobody_declared(graph: Graph, say: Say) -> None:
    say(*SAID)
    (row,) = graph.read(
        """MATCH (l:Licence)<-[:TERM_OF]-(g:Grant)-[:COVERS]->(r:Release)
        RETURN l.id AS licence, l.declared AS declared, g.territories AS territories, r.name AS release,
               COLLECT { MATCH (p:Partner) WHERE p.id IN [g.licensor, g.licensee] RETURN p.declared } AS partners"""
    ).rows
    assert row == {
        "licence": "licence:de",
        "declared": False,
        "territories": ["DE"],
        "release": "Tides",
        "partners": [False, False],
    }


def test_what_a_snapshot_no_longer_says_has_ended(graph: Graph, say: Say) -> None:
    say(*SAID)
    assert say(*SAID[:3]).retired == 3
    (row,) = graph.read("MATCH (s:Standing {value: 'paused'}) RETURN s.retired AS retired, s.valid_to IS NULL AS open").rows
    assert row == {"retired": True, "open": False}
