"""The offline build: the graph that ``lineage load`` makes of the same sources, whatever stands in them and in which order."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from random import Random
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from harness import ROOT, Run

from lineage import embedded
from lineage.bulk import build
from lineage.digest import digest
from lineage.errors import RefusedError
from lineage.graph import Graph
from lineage.ingest import Report
from lineage.loading import load
from lineage.project import ProjectSource, read_project
from lineage.session import Lineage, connect_embedded
from lineage.simulate import simulate

WORLDS = 15
WORDS = ("queued", "sent", "picked_up", "received", "accepted", "rejected", "failed", "published", "declined")


def world(name: str, random: Random) -> list[dict[str, Any]]:
    """Events of few items, messages and names, so that all of them meet: conflicts, merged items, replies that name a message only."""

    def some(what: str, most: int) -> str:
        return f"{what}{name}-{random.randrange(most)}"

    events = []
    for _ in range(30):
        data: dict[str, Any] = {"message_id": some("m", 5)} if random.random() < 0.5 else {}
        if random.random() < 0.5:
            data["in_reply_to"] = some(random.choice("mme"), 5)
        if random.random() < 0.2:
            data["envelopes"] = [some("e", 5)]
        if random.random() < 0.3:
            data["route"] = some("route", 3)
        if random.random() < 0.6 or "in_reply_to" not in data:
            data |= {"from": some("system", 3), "to": some("system", 3)}
        if random.random() < 0.1:
            data["detail"] = random.choice(["two\nlines", 'a "quote"', "a\\b", "\u2028", "a,b;c\x1f"])
        event = {"specversion": "1.0", "id": some("id", 20), "source": f"urn:lineage:system:{some('system', 3)}", "data": data}
        event["type"] = f"lineage.handoff.{random.choice(WORDS)}.v1"
        if random.random() < 0.9:
            event["time"] = f"2026-03-01T00:0{random.randrange(10)}:00Z"
        if random.random() < 0.7 or "in_reply_to" not in data:
            event["subject"] = some(random.choice(["episode:", "track:"]), 3)
            if random.random() < 0.3:
                scheme = random.choice(["rss:guid", "spotify:episode", "isrc", "file", "odd\x1f"])
                data["identifiers"] = [f"{scheme}:{some('n', 3)}"]
        events.append(event)
    return events + random.choices(events, k=3)


def declared(name: str, random: Random) -> list[dict[str, Any]]:
    """Items of the same world as a registry declares them, parts and versions of each other."""
    items = []
    for number in range(3):
        item: dict[str, Any] = {"id": f"episode:{name}-{number}", "name": f"Number {number}", "part_of": f"show:{name}"}
        if random.random() < 0.5:
            item |= {"origin": f"system{name}-0", "expected_on": [f"route{name}-{number}"]}
        if random.random() < 0.7:
            item |= {
                "published_at": "2026-03-01T06:00:00Z",
                "duration_s": 60.5,
                "identifiers": [f"spotify:episode:n{name}-{number}"],
            }
        if random.random() < 0.3:
            item["version_of"] = f"episode:{name}-{random.randrange(3)}"
        items.append(item)
    items.append({"id": f"track:{name}>0", "expected_on": [f"route{name}-0"], "part_of": f"show:{name}"})
    feed_side = {
        "id": f"episode:{name}-feed",
        "name": "Number 1",
        "part_of": f"show:{name}",
        "published_at": "2026-03-01T05:00:00Z",
    }
    return [*items, feed_side, {"id": f"show:{name}", "name": f"Show {name}"}]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> list[ProjectSource]:
    """The demo, a simulation with its faults, and many small worlds in which everything happens."""
    folder = tmp_path_factory.mktemp("project")
    simulate(100, 11, folder / "simulation")
    random = Random(5)
    names = [f"w{number}" for number in range(WORLDS)]
    (folder / "worlds.yaml").write_text(
        yaml.safe_dump({"items": [i for name in names for i in declared(name, random)]}), "utf-8"
    )
    with (folder / "worlds.jsonl").open("w", encoding="utf-8") as file:
        for event in (event for name in names for event in world(name, random)):
            file.write(json.dumps(event) + "\n")
        file.write('{"specversion": "1.0", "id": "bad"}\n')
    # More of the same worlds, as tables in folders.
    rows = pd.json_normalize([event for name in names[:3] for event in world(name, random)]).rename(
        columns=lambda name: name.removeprefix("data.")
    )
    pq.write_to_dataset(pa.Table.from_pandas(rows), folder / "lake", partition_cols=["type"])
    more = [("partners", "worlds.yaml"), ("handoffs", "worlds.jsonl"), ("handoffs", "lake")]
    return [
        *read_project(ROOT / "lineage" / "demo" / "data" / "lineage.yaml"),
        *read_project(folder / "simulation" / "lineage.yaml"),
        *(ProjectSource(feed=feed, source=str(folder / name)) for feed, name in more),
    ]


def shuffled(sources: list[ProjectSource], folder: Path) -> list[ProjectSource]:
    """The same sources in another order; events in other files, in another order."""
    random, number = Random(2), count()
    found = []
    for one in random.sample(sources, len(sources)):
        path = Path(one.source)
        logs = sorted(path.glob("*.jsonl")) if path.is_dir() else [path]
        if one.feed == "handoffs" and logs and all(log.suffix == ".jsonl" for log in logs):
            lines = [line for log in logs for line in log.read_text("utf-8").splitlines()]
            random.shuffle(lines)
            mixed = folder / f"mixed-{next(number)}"
            mixed.mkdir()
            for part in range(3):
                (mixed / f"{part}.jsonl").write_text("\n".join(lines[part::3]), "utf-8")
            path = mixed
        found.append(one.model_copy(update={"source": str(path)}))
    return found


@dataclass(frozen=True)
class Built:
    home: Path
    reports: list[Report]


@pytest.fixture(scope="module")
def built(project: list[ProjectSource], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Built]:
    """The project, reshuffled and built offline in a home of its own."""
    folder = tmp_path_factory.mktemp("bulk")
    home = folder / "home"
    try:
        reports = build(shuffled(project, folder), home, rejects=lambda number: folder / f"rejects-{number}.jsonl", workers=2)
        yield Built(home, reports)
    finally:
        embedded.down(home)


@pytest.fixture
def offline(built: Built) -> Iterator[Lineage]:
    with connect_embedded(built.home) as session:
        yield session


def test_the_graph_is_that_of_load(graph: Graph, offline: Lineage, project: list[ProjectSource], tmp_path: Path) -> None:
    rejects = (tmp_path / f"{number}.jsonl" for number in count())
    for one in project:
        load(graph, one.feed, one.source, rejects=lambda: next(rejects), settings=one.settings, name=one.name)
    ours, theirs = content(offline.graph), content(graph)
    assert (sorted(ours - theirs), sorted(theirs - ours)) == ([], [])
    assert digest(graph) == offline.digest()


def test_what_is_compared_holds_everything_odd(offline: Lineage) -> None:
    (found,) = offline.graph.read(
        """RETURN COUNT { (:Identifier)-[:IDENTIFIES {scope: 'merged'}]->() } AS merged, COUNT { ()-[:MAY_BE]->() } AS alike,
        COUNT { (e:Evidence) WHERE e.conflict } AS conflicts, COUNT { (e:Evidence {unplaced: true})-[:ABOUT]->() } AS placed,
        COUNT { (e:Evidence {unplaced: true}) WHERE NOT (e)-[:ABOUT]->() } AS orphans,
        COUNT { (e:Evidence) WHERE e.detail CONTAINS '\n' } AS broken_lines,
        COUNT { (e:Evidence) WHERE any(name IN e.identifiers WHERE name CONTAINS '\u001f') } AS odd_lists"""
    ).rows
    assert all(number > 0 for number in found.values()), found


def content(graph: Graph) -> set[str]:
    """Nodes and relationships in words: where two digests differ, they do not say in what."""
    nodes = graph.stream(
        """MATCH (n) WHERE NOT n:Run AND NOT n:Lineage AND NOT n:Assertion
        RETURN labels(n) AS labels, n {.*, position: null, valid_from: null} AS said"""
    )
    links = graph.stream(
        """MATCH (a)-[r]->(b) RETURN labels(a) AS labels, a.source AS source, a.id AS id, type(r) AS type, r.kind AS kind,
        r.scope AS scope, r.score AS score, labels(b) AS to_labels, b.id AS to_id"""
    )
    # A node's labels come in the order in which the database first met their names, which two databases need not share.
    return {f"{sorted(row['labels'])} {sorted(row['said'].items())}" for row in nodes} | {
        str({name: sorted(value) if isinstance(value, list) else value for name, value in row.items()}) for row in links
    }


def test_what_is_reported_is_what_load_reports(built: Built, project: list[ProjectSource]) -> None:
    reports = {report.source: report for report in built.reports}
    assert len(reports) == len(project)
    (bad,) = [report for report in built.reports if report.rejected]
    assert bad.rejects_file is not None
    reject = json.loads(Path(bad.rejects_file).read_text("utf-8"))
    assert "line" in reject["position"] and "type" in reject["reason"]
    assert bad.read == bad.facts + 1 == WORLDS * 33 + 1
    assert bad.created + bad.changed + bad.unchanged == bad.facts
    assert {finding["finding"] for finding in bad.findings} >= {"conflict", "orphan", "undeclared"}


def test_loading_again_changes_nothing(built: Built, offline: Lineage, project: list[ProjectSource]) -> None:
    before = offline.digest()
    registry = next(one for one in project if one.source.endswith("worlds.yaml"))
    report = offline.load(registry.feed, registry.source)
    assert report.skipped
    assert offline.digest() == before


def test_questions_are_answered(offline: Lineage) -> None:
    assert offline.graph.read("SHOW INDEXES YIELD state RETURN collect(DISTINCT state) AS states").rows == [
        {"states": ["ONLINE"]}
    ]
    assert offline.last_handoff("episode:dev-meeting").verdict.rule == "refused-by-endpoint"


def test_a_database_that_holds_anything_is_refused(
    built: Built, offline: Lineage, project: list[ProjectSource], tmp_path: Path
) -> None:
    before = offline.digest()
    with pytest.raises(RefusedError, match="not empty"):
        build(project, built.home, rejects=lambda number: tmp_path / "rejects", workers=1)
    assert offline.digest() == before


def test_only_the_embedded_server_is_built_for(run_cli: Run, tmp_path: Path) -> None:
    config = tmp_path / "lineage.yaml"
    config.write_text("sources: [{feed: partners, source: partners.yaml}]", "utf-8")
    ran = run_cli("bulk", "--config", config)  # run_cli names a server by NEO4J_URI
    assert ran.code == 2
    assert "NEO4J_URI" in ran.err
