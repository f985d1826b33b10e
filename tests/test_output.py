"""Tables on terminals of any width."""

from __future__ import annotations

import pytest
from rich.text import Text

from lineage.render.output import print_rows

ROWS = [
    {"store": "store:lobby", "what": "word " * 12, "ask": "lena@quay.example"},
    {"store": "store:roof", "what": None, "ask": ""},
]


@pytest.mark.parametrize(("width", "lines"), [("60", False), ("30", True)])
def test_a_table_breaks_lines_but_no_words(
    width: str, lines: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", width)
    print_rows(ROWS, ["store", "what", "ask"], "table")
    out = Text.from_ansi(capsys.readouterr().out).plain
    assert all(len(line) <= int(width) for line in out.splitlines())
    assert "store:lobby" in out
    assert "lena@quay.example" in out
    assert ("─" not in out) is lines
