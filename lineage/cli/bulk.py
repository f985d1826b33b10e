"""bulk: build an empty database offline."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from lineage.cli.common import formatted, home_of
from lineage.errors import UsageError


@click.command(epilog="\b\nExample:  lineage bulk --config lineage.yaml --home fresh")
@click.option("--config", type=click.Path(dir_okay=False), required=True, help="The project file (see `lineage init`).")
@click.option("--home", type=click.Path(file_okay=False), help="Home of the embedded server; else LINEAGE_HOME.")
@click.option(
    "--rejects", type=click.Path(dir_okay=False), help="Where rejected rows go (default: a file in the home directory)."
)
@click.option("--workers", type=click.IntRange(1, 64), default=os.cpu_count() or 1, show_default=True, help="Processes.")
@click.option("--no-progress", is_flag=True, help="Do not name the steps on standard error.")
@formatted
@click.pass_context
def bulk(
    ctx: click.Context, config: str, home: str | None, rejects: str | None, workers: int, no_progress: bool, form: str
) -> None:
    """Build the graph of a project offline, in an empty database of the embedded server: for millions of events.

    The graph is the same as `lineage load --config` makes. A database that holds anything is refused. Rejected rows go to a
    JSON Lines file and the exit code is 1; the good rows are built.
    """
    from lineage.bulk import build
    from lineage.cli.load import print_loads, rejects_of
    from lineage.project import read_project
    from lineage.session import rejects_path

    if os.environ.get("NEO4J_URI") or (ctx.obj or {}).get("uri"):
        raise UsageError(
            "bulk builds the database of the embedded server, and --uri or NEO4J_URI names another one.",
            hint="Unset it, or use `lineage load --config`, which writes to any Neo4j.",
        )
    place = home_of(ctx, home)
    with _steps(not no_progress and sys.stderr.isatty()) as say:
        reports = build(
            read_project(Path(config)),
            place,
            rejects=lambda number: rejects_of(rejects, number, rejects_path(place)),
            workers=workers,
            say=say,
        )
    print_loads(reports, form, whole=True)
    if any(report.rejected for report in reports):
        ctx.exit(1)


@contextmanager
def _steps(wanted: bool) -> Iterator[Callable[[str], None]]:
    """Say each step and how long the one before took."""
    started = time.monotonic()

    def say(step: str) -> None:
        if wanted:
            click.echo(f"{time.monotonic() - started:8.1f} s  {step}", err=True)

    yield say
    say("done")
