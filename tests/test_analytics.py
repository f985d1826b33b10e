"""Analytics end to end: from a column of Spotify's report to the dashboards that use it, and back; and a run that fails."""

from __future__ import annotations

import csv
import io
import itertools
import json
from pathlib import Path

import pytest
from harness import FIXTURES, Run

from lineage.digest import digest
from lineage.graph import Graph
from lineage.session import Lineage

DASHBOARDS = "https://bi.acme.example"
REPORT = """\
DATE,CAMPAIGN_NAME,IMPRESSIONS_ON_SPOTIFY,CLICKS,SPEND,CTR
2026-09-14,Late Night Jazz,41287,156,289.11,0.38
"""
REGISTRY = """\
systems: [{id: airflow-prod/ads.load_report}, {id: acme-warehouse}]
routes:
  - {id: report-nightly, from: airflow-prod/ads.load_report, to: acme-warehouse, dataset: analytics.raw.spotify_report,
     item_kind: run, schedule: "0 5 * * *", deliver_within: PT30M, valid_from: 2026-09-01}
"""
SYSTEM = "system.postgres://warehouse.acme.example:5432=acme-warehouse"


def load_ads(run_cli: Run, folder: Path) -> None:
    (folder / "report-1.csv").write_text(REPORT, "utf-8")
    assert run_cli("load", "ads-report", folder / "report-1.csv").code == 0
    assert run_cli("load", "dbt", FIXTURES / "dbt" / "ads-manifest.json").code == 0
    assert run_cli("load", "metabase", FIXTURES / "metabase" / "answers.jsonl", "--set", f"url={DASHBOARDS}").code == 0


def test_a_column_of_the_report_reaches_the_dashboards_that_use_it_and_no_other(
    run_cli: Run, graph: Graph, tmp_path: Path
) -> None:
    load_ads(run_cli, tmp_path)

    def reached(field: str) -> set[str]:
        ran = run_cli("impact", "spotify-ads:report", "--field", field, "--format", "json")
        affected = json.loads(ran.out)["affected"]
        assert {one["contact"] for one in affected if one["label"] == "Report"} <= {"ada@acme.example"}
        return {one["id"].removeprefix(f"{DASHBOARDS}/") for one in affected if "dashboard" in one["id"]}

    assert reached("IMPRESSIONS_ON_SPOTIFY") == {"dashboard/2"}
    # The exposure of dbt and Metabase's dashboard are one report: dbt knows its tables only, Metabase its columns.
    assert reached("SPEND") == {"dashboard/1"}
    assert reached("DATE") == {"dashboard/1", "dashboard/2"}
    assert reached("CLICKS") == reached("CTR") == set()

    back = run_cli("query", "report_sources", "-p", f"id={DASHBOARDS}/dashboard/2", "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(back.out)))
    begins = {row["name"] for row in rows if row["label"] == "Field" and row["dataset"] == "spotify-ads:report"}
    # CAMPAIGN_NAME decides which rows there are.
    assert begins == {"DATE", "IMPRESSIONS_ON_SPOTIFY", "CAMPAIGN_NAME"}


def test_a_table_that_openlineage_and_dbt_name_is_one(session: Lineage) -> None:
    session.load("dbt", FIXTURES / "dbt" / "ads-manifest.json")
    session.load("openlineage", FIXTURES / "openlineage" / "events.jsonl")
    affected = {one.id: one for one in session.impact("s3://acme-lake/spotify/report", field="SPEND").affected}
    assert affected["analytics.raw.spotify_report"].fields == ("spend",)
    assert "spend" in affected["analytics.marts.campaign_daily"].fields
    assert session.search("source.acme.raw.spotify_report")[0].id == "analytics.raw.spotify_report"
    # By any of its names.
    other = {one.id for one in session.impact("lake.spotify_report", field="spend").affected}
    assert "analytics.marts.campaign_daily" in other


def test_a_run_that_fails_is_late_on_the_route_that_the_registry_schedules(run_cli: Run, graph: Graph, tmp_path: Path) -> None:
    (tmp_path / "registry.yaml").write_text(REGISTRY, "utf-8")
    assert run_cli("load", "partners", tmp_path / "registry.yaml").code == 0
    assert run_cli("load", "openlineage", FIXTURES / "openlineage" / "events.jsonl", "--set", SYSTEM).code == 0
    assert run_cli("late", "--as-of", "2026-09-16T06:00:00Z").code == 0  # the run of that day is there
    late = run_cli("late", "--as-of", "2026-09-17T06:00:00Z", "--format", "jsonl")
    assert late.code == 1
    assert [(row["route"], row["state"]) for row in map(json.loads, late.out.splitlines())] == [("report-nightly", "late")]
    run = "run:01990000-0000-7000-8000-000000000002"
    verdict = json.loads(run_cli("last-handoff", run, "--as-of", "2026-09-17T06:00:00Z", "--format", "json").out)["verdict"]
    assert (verdict["rule"], verdict["zone"]) == ("unknown-failure", "undetermined")
    assert "relation raw.spotify_report does not exist" in verdict["reason"]


def test_events_of_a_run_in_any_order_and_split_make_one_graph(graph: Graph, session: Lineage, tmp_path: Path) -> None:
    lines = (FIXTURES / "openlineage" / "events.jsonl").read_text("utf-8").splitlines(keepends=True)[1:4]
    digests = set()
    for number, order in enumerate(itertools.islice(itertools.permutations(lines), 0, None, 2)):
        graph.write(lambda tx: tx.run("MATCH (n) WHERE NOT n:Lineage DETACH DELETE n"))
        path = tmp_path / f"{number}.jsonl"
        path.write_text("".join(order), "utf-8")
        session.load("openlineage", path, name="log")
        digests.add(digest(graph))
    assert len(digests) == 1


def test_one_event_with_two_contents_is_a_conflict(session: Lineage, tmp_path: Path) -> None:
    event = json.loads((FIXTURES / "openlineage" / "events.jsonl").read_text("utf-8").splitlines()[5])
    other = json.loads(json.dumps(event).replace("does not exist", "is locked"))
    (tmp_path / "events.json").write_text(json.dumps([event, other]), "utf-8")
    report = session.load("openlineage", tmp_path / "events.json")
    assert "conflict" in {one["finding"] for one in report.findings}


def test_a_failed_model_stays_open_though_another_of_the_run_arrived(session: Lineage, tmp_path: Path) -> None:
    """Each node of a run is an item of its own (loaders._dbt_runs)."""
    results = [
        {"unique_id": f"model.p.{name}", "status": status, "relation_name": f'"db"."s"."{name}"', "timing": []}
        for name, status in (("a", "success"), ("b", "error"), ("c", "skipped"))
    ]
    metadata = {"invocation_id": "i-1", "generated_at": "2026-09-16T05:00:00Z"}
    (tmp_path / "run_results.json").write_text(json.dumps({"metadata": metadata, "results": results}), "utf-8")
    session.load("dbt", tmp_path / "run_results.json")
    states = session.graph.read(
        "MATCH (h:Handoff) RETURN h.item_id AS item, h.secured AS secured, h.transport AS transport, h.processing AS processing, "
        "h.pending_since IS NOT NULL AS pending ORDER BY item"
    ).rows
    assert [(row["secured"], row["transport"], row["processing"], row["pending"]) for row in states] == [
        (True, None, "published", False),
        (False, "failed", None, True),
        (False, "failed", None, True),
    ]


@pytest.mark.parametrize("first", ["run_results", "manifest"])
def test_runs_and_manifest_meet_in_any_order(graph: Graph, session: Lineage, tmp_path: Path, first: str) -> None:
    paths = sorted((FIXTURES / "dbt").glob("openlineage-*.json"), key=lambda path: first not in path.name)
    for path in paths:
        session.load("dbt", path)
    both = digest(graph)
    graph.write(lambda tx: tx.run("MATCH (n) WHERE NOT n:Lineage DETACH DELETE n"))
    for path in reversed(paths):
        session.load("dbt", path)
    assert digest(graph) == both
