"""What docs/use-cases.md prints below its commands is what they print."""

from __future__ import annotations

from pathlib import Path

import pytest
from harness import Run
from use_cases import PAGE, desk, stories, told

from lineage.graph import Graph

STORIES = stories(PAGE.read_text("utf-8"))


def test_there_are_seven() -> None:
    assert [heading.partition(".")[0] for heading in STORIES] == list("1234567")


@pytest.mark.parametrize("heading", STORIES)
def test_a_story_is_true(heading: str, graph: Graph, run_cli: Run, tmp_path: Path) -> None:
    def command(words: list[str]) -> tuple[int, str]:
        ran = run_cli(*words)
        return ran.code, ran.out

    with desk(tmp_path):
        assert told(STORIES[heading], command) == STORIES[heading]
