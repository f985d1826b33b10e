"""The wheel is the whole product: `lineage demo` runs from it, outside the checkout, with its own files only."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, unpacked where nothing of the checkout is."""
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", folder, ROOT],
        check=True,
        capture_output=True,
    )
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


@pytest.fixture(scope="module")
def run(installed: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[object]:
    """Runs the command line of the wheel in an empty directory with a home of its own."""
    place = tmp_path_factory.mktemp("elsewhere")
    kept = {name: value for name, value in os.environ.items() if not name.startswith("NEO4J_")}
    environment = {**kept, "PYTHONPATH": str(installed), "LINEAGE_HOME": str(place / "home"), "PYTHONSAFEPATH": "1"}

    def call(*arguments: str, code: str = "from lineage.cli import main; main()") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-c", code, *arguments], cwd=place, env=environment, capture_output=True, text=True, timeout=300
        )

    yield call
    call("down")


def test_demo_from_the_wheel(installed: Path, run) -> None:
    where = run(code="import cypher, lineage, loaders; print(cypher.__file__, lineage.__file__, loaders.__file__)")
    assert all(path.startswith(str(installed)) for path in where.stdout.split()), where

    first = run("demo")
    assert first.returncode == 0, first.stderr
    for part in (
        "Podcasting 2.0 Dev Meeting for May 28 2022",  # the item, by its name in a real feed
        "Has not arrived at northwind-directory",  # trace
        "the partner: northwind-directory of northwind",  # last handoff: whose fault
        "oncall@northwind.example",  # whom to ask
        "Weekly plays",  # impact reaches a dashboard
        "/browser/?dbms=",  # the same path in Neo4j Browser
    ):
        assert part in first.stdout, part
    page = next(word for word in first.stdout.split() if word.startswith("file://")).removeprefix("file://")
    assert "<svg" in Path(page).read_text(encoding="utf-8")

    again = run("demo")
    assert again.returncode == 0, again.stderr
    runs = json.loads(run("runs", "--format", "json").stdout)
    assert [entry["created"] for entry in runs[:3]] == [0, 0, 0], "the second demo wrote something"

    assert run("docs", "--out", "pages").returncode == 0
    assert "Northwind" in (Path(run(code="import os; print(os.getcwd())").stdout.strip()) / "pages" / "index.html").read_text(
        "utf-8"
    )

    # Standard error may be a pipe's; nothing of an answer may land there.
    answer = run("last-handoff", "episode:dev-meeting", "--format", "json")
    assert json.loads(answer.stdout)["verdict"]["system"] == "northwind-directory"
    assert answer.stderr == ""
