"""The README's commands work as they stand there, on the demo's graph."""

from __future__ import annotations

import re
import shlex
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from harness import FIXTURES, ROOT, SCENARIO, Database, Run

from lineage.session import Lineage

# What starts or stops the server of the user; test_embedded does that to servers of its own. The demo has a test below.
NOT_HERE = {"up", "down", "demo"}


def commands() -> list[str]:
    """Lines that start with `$ lineage` in fenced console blocks."""
    text = (ROOT / "README.md").read_text("utf-8")
    blocks = re.findall(r"^```console\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    lines = [line for block in blocks for line in block.splitlines()]
    return [line.removeprefix("$ ").partition(" #")[0].strip() for line in lines if line.startswith("$ lineage ")]


def test_the_readme_shows_commands() -> None:
    assert commands()


@pytest.mark.parametrize("command", [c for c in commands() if c.split()[1] not in NOT_HERE])
def test_a_command_of_the_readme(
    database: Database,
    demo: Lineage,
    run_cli: Run,
    command: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    served: Callable[[Path], str],
) -> None:
    """Files and addresses that it names are stood in for by fixtures; everything else is as written."""
    monkeypatch.chdir(tmp_path)
    shutil.copy(SCENARIO / "partners.yaml", "partners.yaml")
    shutil.copy(SCENARIO / "events.jsonl", "events.jsonl")
    shutil.copy(FIXTURES / "podcast" / "prefixed-show.xml", "show.xml")
    Path("log.csv").write_text("id,source,type,Timestamp,subject,route\n1,a,sent,2026-03-01T06:00:00Z,episode:1,r\n", "utf-8")
    Path("inbound").mkdir()
    shutil.copy(FIXTURES / "x12-ack" / "staedi-simple999.edi", "inbound/997")
    shutil.copytree(FIXTURES / "ads", "answers")
    if "--config" in command:  # what `init` would not write over
        Path("lineage.yaml").write_text("sources: [{feed: partners, source: partners.yaml}]", "utf-8")
    words = shlex.split(re.sub(r"https?://[^/\s]+", served(tmp_path), command))[1:]
    if words[0] == "load":
        database.content = None
    ran = run_cli(*words)
    # What lists something that needs attention says so by its exit code.
    code = 1 if words[0] in {"diagnose", "late", "drift", "check"} else 0
    assert (ran.code, ran.out != "") == (code, True), ran.err


def test_the_demo_answers_the_three_questions(database: Database, run_cli: Run) -> None:
    if not database.embedded:
        pytest.skip("`lineage demo` uses an embedded server only, and this run is on another")
    from lineage.demo import ITEM, SYSTEM

    database.wipe()
    for _ in range(2):  # again, on what is loaded already
        ran = run_cli("demo")
        assert ran.code == 0, ran.err
        for said in (ITEM, SYSTEM, "trace", "last-handoff", "impact", "/browser/"):
            assert said in ran.out
        assert "\\x1b" not in ran.out
