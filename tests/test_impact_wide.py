"""Impact on maps that are wide or dense: its cost follows what is reached, not the ways that lead there."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from harness import Say, profiled

from lineage.bench.wide import ROOT, write_wide
from lineage.facts import Dataset, Derivation
from lineage.project import read_project
from lineage.session import Lineage

LEVELS = 18


@pytest.mark.parametrize("name", ["impact_reach", "impact_distances", "downstream_impact"])
def test_many_ways_to_the_same_cost_no_more_than_one(session: Lineage, say: Say, name: str) -> None:
    """Two data sets on each level, both made from both of the level before: 2 to the power of 18 ways to the last."""
    say(
        *(Dataset(id=f"{side}{level}") for side in "ab" for level in range(LEVELS)),
        *(
            Derivation(from_label="Dataset", **{"from": f"{of}{level - 1}"}, to_label="Dataset", to=f"{made}{level}")
            for level in range(1, LEVELS)
            for made in "ab"
            for of in "ab"
        ),
    )
    query = session.library[name]
    needed, _ = profiled(session.graph, query.cypher, query.bind({"id": "a0", "label": "Dataset"}))
    assert needed < 300 * 2 * LEVELS
    assert len(session.impact("a0").affected) == 2 * (LEVELS - 1)


def test_a_wide_map_is_reached_as_a_whole(session: Lineage, tmp_path: Path) -> None:
    as_of = datetime(2026, 3, 16, tzinfo=UTC)
    for one in read_project(write_wide(tmp_path / "wide", 240, as_of, days=3)):
        report = session.load(one.feed, one.source)
        assert (report.rejected, report.findings) == (0, [])
    reached = session.impact(ROOT).affected
    # A sixth of the data sets is the tree; each is carried by a route, which brings its receiver and that one's partner along.
    labels = [one.label for one in reached]
    assert (labels.count("Dataset"), labels.count("Route")) == (39, 40)
    assert {one.label for one in reached if not (one.partner and one.contact)} == set()
    late = [row.route for row in session.late(as_of=as_of).rows if row.state == "late"]
    assert sorted(late) == sorted(f"wide-route-{n}" for n in range(0, 240, 10))
    assert session.graph.read("MATCH (h:Secured) RETURN count(h) AS n").rows == [{"n": 240 * 3 - 24}]


def test_the_queries_say_the_same(demo: Lineage) -> None:
    starts = demo.graph.read(
        "MATCH (n:System|Dataset|Route|Partner|Interface|Field) RETURN n.id AS id, labels(n)[0] AS label ORDER BY label, id"
    ).rows
    assert len(starts) > 20
    for start in starts:
        drawn = demo.ask.rows("downstream_impact", id=start["id"], label=start["label"])
        (listed,) = demo.ask.raw("impact_reach", id=start["id"], label=start["label"])
        assert sorted((row["distance"], row["label"], row["id"], tuple(row["reached_from"])) for row in drawn) == sorted(
            (distance, label, id_, tuple(sorted(before))) for distance, label, id_, _, _, _, before, _, _ in listed["reached"]
        )
        (far,) = demo.ask.raw("impact_distances", id=start["id"], label=start["label"])
        counted = demo.reached(f"{start['label']}:{start['id']}")
        assert list(counted) == sorted(zip(far["distances"], far["labels"], far["ids"], strict=True))
        assert list(counted) == sorted((distance, label, id_) for distance, label, id_, *_ in listed["reached"])
        of_drawn = {(row["label"], row["id"]): (row["partner"], row["owner"], row["contact"]) for row in drawn}
        if start["label"] != "Field":
            typed = demo.impact(f"{start['label']}:{start['id']}").affected
            of_typed = {(one.label, one.id): (one.partner, one.owner, one.contact) for one in typed}
            # A data set of which only fields are reached stands in the typed answer for them.
            assert {key: one for key, one in of_typed.items() if key in of_drawn} == {
                key: one for key, one in of_drawn.items() if key[0] != "Field"
            }


def test_what_is_reached_says_from_where(demo: Lineage) -> None:
    """Also a system that its partner operates, and a route further on delivers to."""
    for partner in demo.graph.read("MATCH (p:Partner) RETURN p.id AS id").rows:
        reached = demo.impact(f"Partner:{partner['id']}").affected
        assert {one.id for one in reached if one.via is None} == set()
        assert {one.via for one in reached if one.label == "System" and one.distance == 1} <= {partner["id"]}
