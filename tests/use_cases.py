"""The stories of docs/use-cases.md: ``python -m tests.use_cases [--write]``.

Each section of the page is a story. Its commands, as they stand there, run in their order against a graph of their own, from a folder
in which ``tests`` and ``lineage`` are those of the repository, so that what they write stands beside. What a command prints must be
what stands below it, but for empty lines around it; of ``load`` only that it succeeds. ``--write`` puts what is printed into the page,
with a server of its own.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import shlex
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from lineage import embedded
from lineage.graph import Graph

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "use-cases.md"

_BLOCK = re.compile(r"(?<=^```console\n)(.*?)(?=^```)", re.DOTALL | re.MULTILINE)
Command = Callable[[list[str]], tuple[int, str]]
"""Runs a command line without its first word: the exit code, and what it printed."""


@dataclass(frozen=True)
class Step:
    """A command of the page, and what the page says that it prints."""

    line: str
    printed: str

    @property
    def words(self) -> list[str]:
        return shlex.split(self.line)[1:]

    def run(self, command: Command) -> Step:
        """The same with what it prints now. Raises AssertionError where it fails."""
        code, out = command(self.words)
        # 1: done, and there is something that needs attention.
        assert code in ({0} if self.words[0] == "load" else {0, 1}), f"{self.line}: exit code {code}"
        return Step(self.line, "" if self.words[0] == "load" else out.strip("\n"))

    def __str__(self) -> str:
        return f"$ {self.line}\n" + (f"{self.printed}\n" if self.printed else "")


def stories(page: str) -> dict[str, str]:
    """Heading -> section, of the sections with commands."""
    sections = re.split(r"^## ", page, flags=re.MULTILINE)[1:]
    return {section.partition("\n")[0]: section for section in sections if _BLOCK.search(section)}


def steps(block: str) -> list[Step]:
    """The commands of a console block."""
    parts = re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]
    return [Step(line, printed.strip("\n")) for line, _, printed in (part.partition("\n") for part in parts)]


def told(story: str, command: Command) -> str:
    """The story with what its commands print now."""
    return _BLOCK.sub(lambda found: "\n".join(str(step.run(command)) for step in steps(found[0])), story)


@contextlib.contextmanager
def desk(folder: Path) -> Iterator[None]:
    """Work in this folder, from which the repository's files have the names that they have in the page."""
    for name in ("tests", "lineage"):
        (folder / name).symlink_to(ROOT / name)
    with contextlib.chdir(folder):
        yield


def _command(words: list[str]) -> tuple[int, str]:
    from lineage.cli import main

    out = io.StringIO()
    try:
        with contextlib.redirect_stdout(out):
            main(words)
    except SystemExit as ended:
        return int(ended.code or 0), out.getvalue()
    return 0, out.getvalue()


def fresh(page: str) -> str:
    """The page as it should be, from a server that is started for it."""
    with tempfile.TemporaryDirectory() as home, contextlib.ExitStack() as stack:
        stack.callback(embedded.down, Path(home))
        running = embedded.up(Path(home), progress=False)
        os.environ |= {
            "NEO4J_URI": running.uri, "NEO4J_USERNAME": running.user, "NEO4J_PASSWORD": running.password, "LINEAGE_HOME": home,
        }  # fmt: skip
        graph = stack.enter_context(Graph(running.uri, running.user, running.password))
        for story in stories(page).values():
            graph.write(lambda tx: tx.run("MATCH (n) DETACH DELETE n"))
            with tempfile.TemporaryDirectory() as folder, desk(Path(folder)):
                page = page.replace(story, told(story, _command))
    return page


if __name__ == "__main__":
    said = PAGE.read_text("utf-8")
    now = fresh(said)
    if "--write" in sys.argv:
        PAGE.write_text(now, "utf-8")
    elif now != said:
        sys.exit(f"{PAGE.relative_to(ROOT)} is not what the commands print: python -m tests.use_cases --write")
