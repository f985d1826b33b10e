"""The project file: all sources of a partner network by one command."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from harness import FIXTURES, Ran, Run

from lineage.digest import digest
from lineage.errors import NotFoundError, UsageError
from lineage.graph import Graph
from lineage.project import read_project
from loaders import discover

REGISTRY = FIXTURES / "partners" / "registry.yaml"
PROJECT = """\
sources:
  - feed: handoffs
    source: logs/*.csv
    name: desk
    settings:
      column: {time: Wann, subject: "asset:{Nr}", type: Status}
      constant: {source: desk, route: out}
      type: {200: received, no: rejected}
  - {feed: partners, source: registry.yaml}
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "one.csv").write_text(
        "Wann,Nr,Status\n2026-11-20T09:30:00Z,1,200\n2026-11-20T09:31:00Z,2,no\n", "utf-8"
    )
    (tmp_path / "registry.yaml").write_text("routes: [{id: out, from: agency, to: spotify-ads}]\n", "utf-8")
    path = tmp_path / "lineage.yaml"
    path.write_text(PROJECT, "utf-8")
    return path


def refused(path: Path, text: str) -> str:
    path.write_text(text, "utf-8")
    with pytest.raises(UsageError) as error:
        read_project(path)
    return str(error.value)


def test_all_sources_of_a_project_in_any_order(
    graph: Graph, run_cli: Run, project: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    # Paths are relative to the file, wherever one stands.
    monkeypatch.chdir("/")
    reports = json.loads(run_cli("load", "--config", project, "--format", "json").out)
    assert [(r["feed"], r["facts"], r["rejected"]) for r in reports] == [("handoffs", 2, 0), ("partners", 1, 0)]
    assert reports[0]["source"] == "desk"
    states = graph.read("MATCH (h:Handoff) RETURN h.item_id AS item, h.secured AS secured ORDER BY item").rows
    assert states == [{"item": "asset:1", "secured": True}, {"item": "asset:2", "secured": False}]
    before = digest(graph)
    head, first, second = PROJECT.partition("  - {")[0].partition("  - feed")[0], *PROJECT.split("sources:\n")[1].split("  - {")
    project.write_text(f"{head}  - {{{second}{first}", "utf-8")
    assert run_cli("load", "--config", project).code == 0
    assert digest(graph) == before


def test_the_table_sums_up_by_feed(graph: Graph, run_cli: Run, project: Path) -> None:
    (project.parent / "logs" / "two.csv").write_text("Wann,Nr,Status\nyesterday,3,200\n", "utf-8")
    text = PROJECT + "  - {feed: partners, source: registry.yaml, name: again}\n  - {feed: partners, source: missing.yaml}\n"
    project.write_text(text, "utf-8")
    ran = run_cli("load", "--config", project)
    assert ran.code == 1
    lines = {line.split()[0]: line.split() for line in ran.out.splitlines() if line.strip()}
    assert lines["feed"][1:6] == [
        "sources",
        "read",
        "facts",
        "created",
        "rejected",
    ]  # nothing changed, was unchanged or retired
    assert lines["handoffs"][1:6] == ["1", "3", "2", "2", "1"]
    assert lines["partners"][1:5] == ["2", "2", "2", "2"]
    assert "yesterday" in ran.err
    assert "missing.yaml does not exist" in ran.err


def test_a_dry_run_reads_the_whole_project(run_cli: Run, project: Path) -> None:
    ran = run_cli("load", "--config", project, "--dry-run")
    assert [json.loads(line)["fact"] for line in ran.out.splitlines()] == ["HandoffEvent", "HandoffEvent", "Route"]


def test_words_of_a_log_stay_words(project: Path) -> None:
    assert read_project(project)[0].settings["type"] == {"200": "received", "no": "rejected"}


def test_what_is_wrong_is_named_with_its_place(project: Path) -> None:
    assert "sources.0.sauce" in refused(project, "sources: [{feed: partners, sauce: x}]")
    assert "/sources/1" in refused(
        project, "sources: [{feed: partners, source: x}, {feed: handoffs, source: x, settings: {when: y}}]"
    )
    assert "no attribute is called when" in refused(
        project, "sources: [{feed: handoffs, source: x, settings: {column: {when: y}}}]"
    )
    assert "line 3" in refused(project, "sources:\n  - {feed: [\n")
    assert "no list of sources" in refused(project, "- a\n- b\n")
    assert "names no source yet" in refused(project, "sources:\n")
    project.write_text("sources: [{feed: handofs, source: x}]", "utf-8")
    with pytest.raises(NotFoundError) as error:
        read_project(project)
    assert "/sources/0" in str(error.value)
    assert error.value.nearest[0] == "handoffs"
    with pytest.raises(UsageError, match="does not exist"):
        read_project(project.parent / "other.yaml")


def usage(ran: Ran, *words: str) -> None:
    assert ran.code == 2
    assert all(word in ran.err for word in words), ran.err


def test_the_project_file_stands_alone(run_cli: Run, project: Path) -> None:
    usage(run_cli("load", "partners", "x.yaml", "--config", project), "--config")
    usage(run_cli("load", "--config", project, "--set", "a=b"), "--config")
    usage(run_cli("load"), "FEED and SOURCE missing", "--config")
    usage(run_cli("load", "partners"), "SOURCE missing")


def test_the_starter_names_every_feed_and_loads_once_uncommented(
    graph: Graph, run_cli: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run_cli("init").code == 0
    text = Path("lineage.yaml").read_text("utf-8")
    usage(run_cli("load", "--config", "lineage.yaml"), "names no source yet", "#")
    lines = text.partition("sources:")[2].splitlines()
    bare = [line.replace("# ", "", 1) for line in lines if line.startswith(("  # - feed:", "  #   "))]
    given = yaml.safe_load("sources:\n" + "\n".join(bare))
    assert [one["feed"] for one in given["sources"]] == list(discover())
    Path("lineage.yaml").write_text("sources:\n" + "\n".join(bare), "utf-8")
    assert len(read_project(Path("lineage.yaml"))) == len(discover())
    # And one of them, as a user would.
    Path("lineage.yaml").write_text(
        text.replace("  # - feed: partners\n  #   source: partners.yaml", f"  - {{feed: partners, source: {REGISTRY}}}"),
        "utf-8",
    )
    assert run_cli("load", "--config", "lineage.yaml").code == 0


def test_a_starter_overwrites_nothing(run_cli: Run, project: Path) -> None:
    ran = run_cli("init", project)
    assert (ran.code, project.read_text("utf-8")) == (5, PROJECT)
    assert "exists already" in ran.err


def test_files_among_the_settings_are_relative_to_the_project_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    story = FIXTURES / "use-cases" / "2-podcast"
    monkeypatch.chdir(tmp_path)
    catalogue = read_project(story / "lineage.yaml")[-1]
    assert catalogue.settings["crosswalk"] == str(story / "crosswalk.csv")
    text = "sources: [{feed: spotify-catalog, source: c.json, settings: {crosswalk: %s}}]"
    assert "cannot be read" in refused(tmp_path / "lineage.yaml", text % "nowhere.csv")
    assert "crosswalk" in refused(tmp_path / "lineage.yaml", text % "[a, b]")
