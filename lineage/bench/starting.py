"""How long the command line takes to start, beside Python with the one library that it cannot do without."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from lineage.bench.goals import Goal
from lineage.bench.sampling import Way, sample

MAIN = "from lineage.cli import main; main()"
"""The command line as a program for Python, whatever is on the path."""
ROUNDS = 10


def starting_goals(home: Path, item: str, rounds: int) -> Iterator[Goal]:
    """Medians of ``rounds`` starts each, in turn. The server of ``home`` runs and knows the item."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("NEO4J_")} | {
        "LINEAGE_HOME": str(home)
    }

    def start(*arguments: str) -> Way:
        command = [sys.executable, "-c", *arguments]
        return lambda n: subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL)

    spreads = sample(
        {
            "lineage --help": start(MAIN, "--help"),
            "import click": start("import click"),
            "lineage trace ITEM": start(MAIN, "trace", item),
            "import neo4j": start("import neo4j"),
        },
        rounds,
        1,
    )
    for command, library in (("lineage --help", "import click"), ("lineage trace ITEM", "import neo4j")):
        ours, bare = spreads[command].p50, spreads[library].p50
        yield Goal(
            f"start of `{command}`",
            ours / bare,
            2,
            "x",
            False,
            f"{ours * 1000:.0f} ms; `python -c '{library}'` {bare * 1000:.0f} ms",
        )
