"""The command line's contract (cli.md): JSON shapes, exit codes, errors in one paragraph, nothing but results on stdout."""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from harness import FIXTURES, SCENARIO, Database, Ran, Run

from lineage.cli import COMMANDS
from lineage.graph import Graph
from lineage.library import Library
from lineage.session import Lineage
from loaders import discover

EVENTS = SCENARIO / "events.jsonl"
REGISTRY = SCENARIO / "partners.yaml"
AFTER = ("--as-of", "2026-03-03")
LOAD_KEYS = {
    "run", "feed", "source", "read", "facts", "created", "changed", "unchanged", "rejected", "rejects_file", "findings", "seconds",
}  # fmt: skip
COMPLETENESS = {"complete", "truncated_by", "freshest_evidence", "silent_sources"}


def said(ran: Ran, code: int = 0) -> Any:
    """The JSON on standard output of a command that ended as it should."""
    assert ran.code == code, ran.err
    return json.loads(ran.out)


def check_error(ran: Ran, code: int, *words: str) -> None:
    """One paragraph on standard error that says what, and nothing on standard output."""
    assert ran.code == code, ran.err
    assert ran.out == ""
    usage, _, error = ran.err.strip().rpartition("\n\n")  # a wrong call is shown the right one first
    assert error.startswith("Error: ")
    assert usage == "" or (code == 2 and usage.startswith("Usage: lineage ") and usage.count("\n") == 1)
    assert "Traceback" not in ran.err
    assert "mistake of the program" not in ran.err
    for word in words:
        assert word in ran.err


# Loading.


def test_load_prints_one_object(graph: Graph, run_cli: Run) -> None:
    report = said(run_cli("load", "handoffs", EVENTS, "--format", "json"))
    assert set(report) >= LOAD_KEYS
    assert (report["feed"], report["source"]) == ("handoffs", str(EVENTS))
    assert (report["read"], report["facts"], report["created"], report["unchanged"]) == (30, 30, 30, 0)
    assert (report["rejected"], report["rejects_file"]) == (0, None)
    again = said(run_cli("load", "handoffs", EVENTS, "--format", "json"))
    assert (again["created"], again["changed"], again["unchanged"], again["facts"]) == (0, 0, 30, 30)


def test_undeclared_ends_are_findings_and_no_failure(graph: Graph, run_cli: Run) -> None:
    report = said(run_cli("load", "handoffs", EVENTS, "--format", "json"))
    assert "System:mystery-cdn" in [f["subject"] for f in report["findings"] if f["finding"] == "undeclared"]
    assert said(run_cli("load", "handoffs", EVENTS, "--format", "json", "--source", "again"))["unchanged"] == 30


def test_a_conflict_is_a_finding_and_no_failure(graph: Graph, run_cli: Run, tmp_path: Path) -> None:
    line = json.loads(EVENTS.read_text("utf-8").splitlines()[0])
    other = tmp_path / "other.jsonl"
    other.write_text(json.dumps({**line, "time": "2026-03-01T06:00:01Z"}) + "\n", "utf-8")
    said(run_cli("load", "handoffs", EVENTS, "--format", "json"))
    report = said(run_cli("load", "handoffs", other, "--format", "json"))
    assert [f["finding"] for f in report["findings"] if f["finding"] == "conflict"] == ["conflict"]


def test_a_route_to_an_unknown_system_is_a_finding(graph: Graph, run_cli: Run, tmp_path: Path) -> None:
    registry = tmp_path / "r.yaml"
    registry.write_text("routes: [{id: r, from: nobody, to: nowhere}]\n", "utf-8")
    report = said(run_cli("load", "partners", registry, "--format", "json"))
    assert {f["subject"] for f in report["findings"]} == {"System:nobody", "System:nowhere"}


def test_rejected_rows_are_kept_and_the_exit_code_says_so(graph: Graph, run_cli: Run, tmp_path: Path) -> None:
    mixed = tmp_path / "mixed.jsonl"
    mixed.write_text(EVENTS.read_text("utf-8").splitlines()[0] + '\n{"specversion":"1.0","id":"x"}\nnot json\n', "utf-8")
    kept = tmp_path / "kept.jsonl"
    report = said(run_cli("load", "handoffs", mixed, "--rejects", kept, "--format", "json"), code=1)
    assert (report["read"], report["facts"], report["created"], report["rejected"]) == (3, 1, 1, 2)
    assert report["rejects_file"] == str(kept)
    rejects = [json.loads(line) for line in kept.read_text("utf-8").splitlines()]
    assert [set(one) for one in rejects] == [{"source", "position", "reason", "hint", "record"}] * 2
    assert ["2" in rejects[0]["position"], "3" in rejects[1]["position"]] == [True, True]


def test_all_rejected_still_prints_the_object(graph: Graph, run_cli: Run, tmp_path: Path) -> None:
    bad = tmp_path / "bad.jsonl"
    bad.write_text("not json\n", "utf-8")
    report = said(run_cli("load", "handoffs", bad, "--format", "json"), code=1)
    assert set(report) >= LOAD_KEYS
    assert (report["facts"], report["rejected"]) == (0, 1)
    assert Path(report["rejects_file"]).is_file()


def test_a_table_names_the_rejects(graph: Graph, run_cli: Run, tmp_path: Path) -> None:
    bad = tmp_path / "bad.jsonl"
    bad.write_text("not json\n", "utf-8")
    ran = run_cli("load", "handoffs", bad)
    assert ran.code == 1
    assert "Rejected 1 of 1" in ran.err
    assert "handoffs" in ran.out


@pytest.mark.parametrize("how", ["file", "directory", "glob", "gz", "zip", "stdin", "stdin-gz", "url"])
def test_a_source_may_be(how: str, graph: Graph, run_cli: Run, tmp_path: Path, served: Callable[[Path], str]) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "notes.txt").write_text("not a feed's", "utf-8")
    plain, stdin = folder / "events.jsonl", b""
    content = EVENTS.read_bytes()
    packed = gzip.compress(content)
    if how == "gz":
        (folder / "events.jsonl.gz").write_bytes(packed)
    elif how == "zip":
        with zipfile.ZipFile(folder / "events.zip", "w") as archive:
            archive.writestr("inner/events.jsonl", content)
    elif how.startswith("stdin"):
        stdin = packed if how == "stdin-gz" else content
    else:
        plain.write_bytes(content)
    source = {
        "file": plain, "directory": folder, "glob": folder / "*.jsonl", "gz": folder / "events.jsonl.gz",
        "zip": folder / "events.zip", "stdin": "-", "stdin-gz": "-", "url": "",
    }[how] or f"{served(folder)}/events.jsonl"  # fmt: skip
    report = said(run_cli("load", "handoffs", source, "--format", "json", stdin=stdin))
    assert (report["facts"], report["created"], report["rejected"]) == (30, 30, 0)
    assert report["source"] == str(source)


def test_several_sources_are_several_runs(graph: Graph, run_cli: Run, tmp_path: Path) -> None:
    (tmp_path / "two.jsonl").write_bytes(EVENTS.read_bytes())
    reports = said(run_cli("load", "handoffs", EVENTS, tmp_path / "two.jsonl", "--format", "json"))
    assert [(r["created"], r["unchanged"]) for r in reports] == [(30, 0), (0, 30)]


def test_one_missing_source_does_not_keep_the_others_from_loading(graph: Graph, run_cli: Run) -> None:
    ran = run_cli("load", "handoffs", "missing.jsonl", EVENTS, "--format", "json")
    assert ran.code == 1
    assert "missing.jsonl does not exist" in ran.err
    assert json.loads(ran.out)["created"] == 30


def test_settings_of_a_feed(graph: Graph, run_cli: Run, tmp_path: Path) -> None:
    log = tmp_path / "log.csv"
    log.write_text("Nr,source,type,Timestamp,subject,route\n1,a,sent,2026-03-01T06:00:00Z,episode:1,r\n", "utf-8")
    given = ("--set", "column.id=Nr", "--set", "column.time=Timestamp")
    assert said(run_cli("load", "handoffs", log, *given, "--format", "json"))["created"] == 1
    check_error(run_cli("load", "handoffs", log, "--set", "colour=red"), 2, "colour", "column")
    check_error(run_cli("load", "handoffs", log, "--set", "column"), 2, "name=value")


def test_a_dry_run_prints_the_facts_and_writes_nothing(database: Database, graph: Graph, run_cli: Run) -> None:
    ran = run_cli("load", "handoffs", EVENTS, "--dry-run")
    assert ran.code == 0
    facts = [json.loads(line) for line in ran.out.splitlines()]
    assert len(facts) == 30
    assert facts[0]["fact"] == "HandoffEvent"
    assert "nothing was written" in ran.err
    assert graph.read("MATCH (n) WHERE NOT n:Lineage RETURN count(n) AS n").rows == [{"n": 0}]


def test_a_dry_run_needs_no_server(run_cli: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("NEO4J_URI", "bolt://127.0.0.1:1")
    bad = tmp_path / "bad.jsonl"
    bad.write_text("not json\n", "utf-8")
    assert run_cli("load", "handoffs", EVENTS, "--dry-run").code == 0
    ran = run_cli("load", "handoffs", bad, "--dry-run", "--rejects", tmp_path / "kept.jsonl")
    assert (ran.code, ran.out) == (1, "")
    assert (tmp_path / "kept.jsonl").read_text("utf-8").count("\n") == 1


# Bad input.


def test_a_missing_file(run_cli: Run) -> None:
    check_error(run_cli("load", "handoffs", "no/such/file.jsonl"), 1, "no/such/file.jsonl does not exist", "Check the path")


def test_a_directory_without_a_file_of_the_feed(run_cli: Run, tmp_path: Path) -> None:
    (tmp_path / "photo.jpeg").write_bytes(b"x")
    check_error(run_cli("load", "podcast", tmp_path), 1, "holds no file that this feed reads")


def test_a_glob_without_a_match(run_cli: Run, tmp_path: Path) -> None:
    check_error(run_cli("load", "handoffs", tmp_path / "*.jsonl"), 1, "No file matches")


def test_a_url_that_does_not_answer(run_cli: Run, served: Callable[[Path], str], tmp_path: Path) -> None:
    check_error(run_cli("load", "podcast", f"{served(tmp_path)}/none.xml"), 1, "404")
    check_error(run_cli("load", "podcast", "http://127.0.0.1:1/x.xml"), 1, "could not be read")


def test_an_unknown_feed_suggests_the_nearest(run_cli: Run) -> None:
    check_error(run_cli("load", "podcasts", "x"), 4, "No feed is called podcasts", "Perhaps: podcast")


@pytest.mark.parametrize(
    "feed, name, content",
    [
        ("handoffs", "cut.jsonl.gz", gzip.compress(EVENTS.read_bytes())[:-40]),
        ("partners", "cut.yaml.gz", gzip.compress(REGISTRY.read_bytes())[:-40]),
        ("podcast", "cut.xml.gz", gzip.compress((FIXTURES / "podcast" / "prefixed-show.xml").read_bytes())[:-40]),
        ("handoffs", "binary.jsonl", bytes(range(256)) * 20),
        ("partners", "binary.yaml", bytes(range(256)) * 20),
        ("podcast", "binary.xml", bytes(range(256)) * 20),
        ("podcast", "page.xml", b"<!doctype html><html><body>Not here</body></html>"),
        ("handoffs", "empty.zip", b"PK\x05\x06" + bytes(18)),
    ],
)
def test_damaged_and_foreign_files(graph: Graph, run_cli: Run, tmp_path: Path, feed: str, name: str, content: bytes) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    ran = run_cli("load", feed, path)
    assert ran.code == 1
    assert "Traceback" not in ran.err and "mistake of the program" not in ran.err
    assert name in "".join((ran.out + ran.err).split()), "a long path is folded in the table"
    assert "Rejected" in ran.err or "Error: " in ran.err


def test_rows_with_unknown_keys_and_wrong_types_are_rejected_and_the_rest_loads(
    graph: Graph, run_cli: Run, tmp_path: Path
) -> None:
    registry = tmp_path / "r.yaml"
    registry.write_text(
        "systems:\n- {id: good}\n- {id: typo, partnr: acme}\n- {id: [1]}\nroutes:\n- {id: r, from: good, to: b, deliver_within: soon}\n"
        "partners:\n- {id: p, name: One}\n- {id: p, name: Two}\n",
        "utf-8",
    )
    report = said(run_cli("load", "partners", registry, "--format", "json"), code=1)
    assert (report["facts"], report["rejected"]) == (2, 4)
    reasons = Path(report["rejects_file"]).read_text("utf-8")
    for word in ("partnr", "did you mean", "ISO 8601", "given twice with other content"):
        assert word in reasons


# Asking.


def test_trace_is_as_the_contract_says(scenario: Lineage, run_cli: Run) -> None:
    answer = said(run_cli("trace", "episode:stuck", *AFTER, "--format", "json"))
    assert set(answer) >= {"item", "as_of", "hops", "not_reached", "completeness"}
    assert set(answer["item"]) >= {"id", "kind", "name", "identifiers"}
    assert answer["as_of"] == "2026-03-03T23:59:59.999999Z"
    for hop in answer["hops"]:
        assert set(hop) >= {
            "seq", "route", "from", "to", "from_zone", "to_zone", "dataset", "interface", "expected", "transport",
            "acknowledgement", "processing", "attempts", "sent_at", "received_at", "acknowledged_at", "evidence",
        }  # fmt: skip
        assert not {"from_", "to_"} & set(hop)
    assert [set(n) for n in answer["not_reached"]] == [{"route", "from", "to", "expected_by"}]
    assert set(answer["completeness"]) == COMPLETENESS


def check_last_handoff(answer: dict[str, Any]) -> None:
    assert set(answer) >= {
        "item", "last_successful", "in_custody_of", "next_expected", "verdict", "contacts", "completeness"
    }  # fmt: skip
    assert set(answer["item"]) >= {"id", "kind", "name"}
    assert set(answer["last_successful"]) >= {"route", "from", "to", "at", "evidence"}
    assert set(answer["in_custody_of"]) >= {"system", "partner", "zone"}
    assert set(answer["verdict"]) >= {
        "zone", "system", "partner", "rule", "reason", "confidence", "evidence", "missing_evidence",
    }  # fmt: skip
    assert set(answer["completeness"]) == COMPLETENESS
    for branch in answer.get("branches", []):
        assert set(branch) >= {"last_successful", "in_custody_of", "next_expected", "verdict", "contacts"}


def test_last_handoff_is_as_the_contract_says(scenario: Lineage, run_cli: Run) -> None:
    answer = said(run_cli("last-handoff", "episode:stuck", *AFTER, "--format", "json"))
    check_last_handoff(answer)
    assert set(answer["next_expected"]) >= {"route", "from", "to", "expected_by"}
    assert len(answer["branches"]) == 2
    alone = said(run_cli("last-handoff", "asset:jingle", *AFTER, "--format", "json"))
    assert "branches" not in alone
    assert alone["last_successful"] is None


@pytest.mark.parametrize("asked", [("--route", "cms-to-host"), ("--partner", "aurora"), ("--system", "aurora-host")])
@pytest.mark.parametrize("form", ["json", "jsonl"])
def test_the_last_handoffs_are_json_lines_newest_first(
    scenario: Lineage, run_cli: Run, asked: tuple[str, str], form: str
) -> None:
    ran = run_cli("last-handoff", *asked, "--limit", "3", *AFTER, "--format", form)
    assert ran.code == 0
    answers = [json.loads(line) for line in ran.out.splitlines()]
    assert len(answers) == 3
    for answer in answers:
        check_last_handoff(answer)
    moments = [answer["last_successful"]["at"] for answer in answers]
    assert moments == sorted(moments, reverse=True)


@pytest.mark.parametrize("asked", [(), ("episode:stuck", "--route", "r"), ("--route", "r", "--system", "s")])
def test_last_handoff_of_exactly_one_thing(run_cli: Run, scenario: Lineage, asked: tuple[str, ...]) -> None:
    check_error(run_cli("last-handoff", *asked), 2, "Name one ITEM")


def test_impact_is_as_the_contract_says(scenario: Lineage, run_cli: Run) -> None:
    answer = said(run_cli("impact", "episodes", "--field", "duration", *AFTER, "--format", "json"))
    assert set(answer) >= {"of", "changes", "affected", "completeness"}
    assert answer["of"] == {"id": "episodes#duration", "label": "Field", "name": "duration"}
    for one in answer["affected"]:
        assert set(one) >= {"id", "label", "name", "distance", "via", "fields", "partner", "owner", "contact"}
    assert set(answer["completeness"]) == COMPLETENESS


def test_search_is_as_the_contract_says(scenario: Lineage, run_cli: Run) -> None:
    hits = said(run_cli("search", "stuck", "--format", "json"))
    assert hits == [{"id": "episode:stuck", "label": "Item", "name": "The stuck one", "identifiers": []}]
    assert said(run_cli("search", "nothing like it", "--format", "json")) == []


def test_query_and_queries(scenario: Lineage, run_cli: Run) -> None:
    rows = said(run_cli("query", "find_node", "-p", "name=relay", "--format", "json"))
    assert [(row["label"], row["id"]) for row in rows] == [("System", "relay")]
    assert rows[0]["node"]["labels"] == ["System"]
    # A table and CSV show the scalars; nodes and paths are for Browser.
    listed = list(csv.reader(io.StringIO(run_cli("query", "find_node", "-p", "name=relay", "--format", "csv").out)))
    assert listed == [["label", "id", "name"], ["System", "relay", "Relay hub"]]
    names = [row["query"] for row in said(run_cli("queries", "--format", "json"))]
    assert {"trace_path", "downstream_impact", "load_runs"} <= set(names)
    check_error(run_cli("query", "trace_pth"), 4, "trace_path")
    check_error(run_cli("query", "find_node"), 2, "needs name")
    check_error(run_cli("query", "find_node", "-p", "name=x", "-p", "nope=1"), 2, "no parameter nope")
    check_error(run_cli("query", "last_handoffs_of_route", "-p", "route=r", "-p", "limit=many"), 2, "integer")


def test_feeds_lists_what_there_is(run_cli: Run) -> None:
    rows = said(run_cli("feeds", "--format", "json"))
    assert {row["feed"] for row in rows} == set(discover())
    assert all(row["reads"] and row["contributes"] and row["example"].startswith("lineage load ") for row in rows)


def test_runs(graph: Graph, run_cli: Run) -> None:
    assert said(run_cli("runs", "--format", "json")) == []
    loaded = said(run_cli("load", "handoffs", EVENTS, "--format", "json"))
    (row,) = said(run_cli("runs", "--format", "json"))
    assert (row["id"], row["feed"], row["source"], row["facts"], row["created"]) == (
        loaded["run"],
        "handoffs",
        str(EVENTS),
        30,
        30,
    )
    assert len(row["sha256"]) == 64
    assert row["started"].endswith("Z")
    assert said(run_cli("runs", loaded["run"], "--format", "json"))["id"] == loaded["run"]
    check_error(run_cli("runs", "run-nope"), 4, "run-nope")


def test_status_starts_nothing_and_shows_no_password(database: Database, run_cli: Run, tmp_path: Path) -> None:
    shown = said(run_cli("status", "--format", "json"))
    assert set(shown) >= {"running", "uri", "browser", "version", "store_bytes", "load_runs", "home"}
    if database.embedded:
        assert (shown["running"], shown["uri"]) == (True, database.uri)
    elsewhere = run_cli("status", "--home", tmp_path / "none", "--format", "json")
    assert said(elsewhere)["running"] is False
    assert not (tmp_path / "none").exists()
    assert database.password not in json.dumps(shown) + elsewhere.out


def test_digest_is_a_sha256(scenario: Lineage, run_cli: Run) -> None:
    ran = run_cli("digest")
    assert re.fullmatch(r"[0-9a-f]{64}\n", ran.out)
    assert ran.out.strip() == scenario.digest()


# Not found, several, and no server.


def test_an_unknown_item_suggests_names(scenario: Lineage, run_cli: Run) -> None:
    for command in ("trace", "last-handoff"):
        check_error(run_cli(command, "episode:stuk"), 4, "episode:stuk", "Perhaps: ", "episode:stuck")
    check_error(run_cli("impact", "aurora-hst"), 4, "aurora-hst", "aurora-host")
    check_error(run_cli("last-handoff", "--route", "nope"), 4, "nope")


def test_a_name_of_several_items_lists_them(scenario: Lineage, run_cli: Run) -> None:
    check_error(run_cli("trace", "same-name.png"), 4, "asset:banner", "asset:jingle")


def test_no_server(run_cli: Run) -> None:
    check_error(run_cli("trace", "x", "--uri", "bolt://127.0.0.1:1"), 3, "127.0.0.1:1", "lineage up")


def test_wrong_password(database: Database, run_cli: Run, tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("wrong-password", "utf-8")
    check_error(run_cli("--password-file", file, "trace", "x"), 3, "refuses the user", "NEO4J_PASSWORD")
    check_error(run_cli("--password-file", tmp_path / "none", "trace", "x"), 2, "does not exist")


def test_an_address_that_is_none(run_cli: Run) -> None:
    check_error(run_cli("trace", "x", "--uri", "postgres://127.0.0.1"), 2, "bolt://")


def test_the_drivers_preview_of_http_is_not_offered(database: Database) -> None:
    """The driver takes http:// too, with a warning that it may change; in a process of its own, where that is no error."""
    done = lineage(database, "trace", "x", "--uri", "http://127.0.0.1:1")
    assert done.returncode == 2
    assert "Warning" not in done.stderr
    assert "bolt://" in done.stderr


def test_an_answer_out_of_time_is_no_answer(
    scenario: Lineage, run_cli: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "slow").mkdir()
    slow = "// Slow: how long?\n// @returns n\nUNWIND range(1, 1000000000) AS n WITH n WHERE n % 2 = 0 RETURN count(n) AS n"
    (tmp_path / "slow" / "slow.cypher").write_text(slow, "utf-8")
    monkeypatch.setattr("lineage.session.shipped", lambda: Library(tmp_path))
    check_error(run_cli("query", "slow", "--timeout", "0.2"), 1, "time limit", "--timeout")


@pytest.mark.parametrize(
    "arguments",
    [
        ("nope",), ("trace",), ("load", "handoffs"), ("trace", "x", "--as-of", "yesterday"), ("trace", "x", "--depth", "0"),
        ("trace", "x", "--format", "xml"), ("search", "x", "--limit", "0"), ("load", "handoffs", "a", "b", "--source", "one"),
    ],
)  # fmt: skip
def test_usage_errors(scenario: Lineage, run_cli: Run, arguments: tuple[str, ...]) -> None:
    check_error(run_cli(*arguments), 2)


# How it prints.


def test_connection_options_may_stand_before_and_behind_the_command(
    scenario: Lineage, database: Database, run_cli: Run
) -> None:
    file = database.home.parent / "password-of-the-tests"
    file.write_text(database.password, "utf-8")
    connection = ("--uri", database.uri, "--user", database.user, "--password-file", str(file))
    expected = run_cli("search", "stuck", "--format", "json").out
    assert run_cli(*connection, "search", "stuck", "--format", "json").out == expected
    assert run_cli("search", "stuck", *connection, "--format", "json").out == expected
    # The one behind the command, being nearer, counts.
    assert run_cli("--uri", "bolt://127.0.0.1:1", "search", "stuck", *connection, "--format", "json").out == expected


ASKED = [
    ("trace", "episode:stuck"), ("last-handoff", "episode:stuck"), ("last-handoff", "--route", "cms-to-host"),
    ("impact", "aurora-host"), ("search", "episode"), ("query", "systems_map"), ("queries",), ("feeds",), ("runs",),
]  # fmt: skip


@pytest.mark.parametrize("asked", ASKED, ids=" ".join)
@pytest.mark.parametrize("form", ["table", "json", "jsonl", "csv"])
def test_every_format_in_a_pipe(scenario: Lineage, run_cli: Run, asked: tuple[str, ...], form: str) -> None:
    ran = run_cli(*asked, "--format", form)
    assert ran.code == 0, ran.err
    assert ran.out
    assert "\x1b" not in ran.out + ran.err
    if form == "csv":
        lines = list(csv.reader(io.StringIO(ran.out)))
        assert len(lines) > 1
        assert {len(line) for line in lines} == {len(lines[0])}
    elif form == "jsonl":
        assert all(json.loads(line) for line in ran.out.splitlines())


def test_a_picture_is_written(scenario: Lineage, run_cli: Run, tmp_path: Path) -> None:
    page = tmp_path / "way.html"
    assert run_cli("trace", "episode:stuck", "--html", page).code == 0
    assert "<svg" in page.read_text("utf-8")


def test_names_from_data_are_text_and_not_markup(graph: Graph, run_cli: Run, tmp_path: Path) -> None:
    registry = tmp_path / "r.yaml"
    registry.write_text(
        "systems: [{id: 'a[bold]b', name: '[red]x[/red] <script>'}]\nitems: [{id: 'episode:<b>', origin: 'a[bold]b'}]\n"
    )
    assert run_cli("load", "partners", registry).code == 0
    assert "a[bold]b" in run_cli("search", "bold").out
    assert run_cli("trace", "episode:<b>", "--html", tmp_path / "x.html").code == 0
    assert "episode:<b>" not in (tmp_path / "x.html").read_text("utf-8")


@pytest.mark.parametrize("command", COMMANDS)
def test_help_ends_with_an_example(run_cli: Run, command: str) -> None:
    ran = run_cli(command, "--help")
    assert ran.code == 0
    assert ran.out.rstrip().splitlines()[-1].strip().startswith(f"Example:  lineage {command}")


@pytest.mark.parametrize("command", [name for name in COMMANDS if name not in {"up", "down", "demo", "bench", "bulk"}])
def test_the_example_of_the_help_runs_on_the_demo(
    database: Database, demo: Lineage, run_cli: Run, command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (example,) = re.findall(r"Example:\s+lineage (.*)", run_cli(command, "--help").out)
    monkeypatch.chdir(tmp_path)
    shutil.copy(EVENTS, "events.jsonl")
    shutil.copy(REGISTRY, "partners.yaml")
    if command == "load":
        database.content = None
    if command == "evaluate":
        run_cli("simulate", "--items", "20", "--seed", "1", "--out", "simulation")
    ran = run_cli(*shlex.split(example))
    # The demo has what needs attention, and these say so by their exit code.
    assert ran.code == (1 if command in {"check", "compliance", "diagnose", "drift", "late"} else 0), ran.err
    assert ran.out


def test_help_shows_all_commands_and_imports_none(run_cli: Run) -> None:
    ran = run_cli("--help")
    assert ran.code == 0
    assert all(re.search(rf"^\s+{name}\s", ran.out, re.MULTILINE) for name in COMMANDS)
    code = """
import sys
from lineage.cli import main
try:
    main(["--help"])
except SystemExit:
    print("neo4j" in sys.modules, "pandas" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "False False"


# A process of its own: pipes, signals, tracebacks.


def lineage(database: Database, *arguments: str | Path, **more: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", "from lineage.cli import main; main()", *map(str, arguments)],
        env={**os.environ, **database.environment}, capture_output=True, text=True, check=False, timeout=60, **more,
    )  # fmt: skip


def test_a_process_of_its_own(scenario: Lineage, database: Database) -> None:
    done = lineage(database, "trace", "episode:stuck", *AFTER, "--format", "json")
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["item"]["id"] == "episode:stuck"
    done = lineage(database, "trace", "episode:stuk")
    assert (done.returncode, done.stdout) == (4, "")
    assert "Traceback" not in done.stderr


def test_debug_shows_the_traceback(scenario: Lineage, database: Database) -> None:
    done = lineage(database, "trace", "episode:stuk", "--debug")
    assert done.returncode != 0
    assert "Traceback" in done.stderr and "NotFoundError" in done.stderr


def test_a_reader_that_has_seen_enough_is_no_error(scenario: Lineage, database: Database) -> None:
    command = f"{shlex.quote(sys.executable)} -c 'from lineage.cli import main; main()' queries --format jsonl | head -1"
    done = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {command}"],
        env={**os.environ, **database.environment}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.stdout.count("\n") == 1
    assert done.stderr == ""
