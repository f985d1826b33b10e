"""up, down, status: the embedded Neo4j."""

from __future__ import annotations

import sys

import click

from lineage.cli.common import FORMATS, home_of

_home = click.option("--home", type=click.Path(file_okay=False), help="Home of the embedded server; else LINEAGE_HOME.")
_form = click.option("--format", "form", type=click.Choice(FORMATS), default="table", show_default=True, help="How to print.")


@click.command(epilog="\b\nExample:  lineage up")
@_home
@_form
@click.option("--no-progress", is_flag=True, help="No progress bar.")
@click.pass_context
def up(ctx: click.Context, home: str | None, form: str, no_progress: bool) -> None:
    """Start the embedded Neo4j, or find it running. The first time it is downloaded."""
    from lineage.embedded import up as start

    start(home_of(ctx, home), progress=not no_progress and sys.stderr.isatty())
    # Not the runs: the first query of a server that just started takes seconds.
    _show(home_of(ctx, home), form, with_runs=False)


@click.command(epilog="\b\nExample:  lineage down")
@_home
@click.pass_context
def down(ctx: click.Context, home: str | None) -> None:
    """Stop the embedded Neo4j; the data stays."""
    from lineage.embedded import down as stop

    click.echo("Stopped." if stop(home_of(ctx, home)) else "It was not running.", err=True)


@click.command(epilog="\b\nExample:  lineage status --format json")
@_home
@_form
@click.pass_context
def status(ctx: click.Context, home: str | None, form: str) -> None:
    """Show the embedded Neo4j: addresses, version, size of its store, load runs. Starts nothing."""
    _show(home_of(ctx, home), form, with_runs=True)


def _show(home: str | None, form: str, *, with_runs: bool) -> None:
    from lineage.embedded import status as look
    from lineage.embedded import up as reach
    from lineage.embedded.home import resolve
    from lineage.render.output import print_json, print_rows

    found = look(home)
    runs = None
    if with_runs and found.answering:
        from lineage.graph import Graph

        running = reach(home, progress=False)
        with Graph(running.uri, running.user, running.password) as graph:
            runs = graph.read("MATCH (r:Run) RETURN count(r) AS runs").rows[0]["runs"]
    shown = {
        "running": found.running,
        "uri": found.uri,
        "browser": found.browser_url,
        "user": found.user,
        "password_file": str(resolve(found.home).password_file) if found.running else None,
        "version": found.version,
        "store_bytes": found.store_bytes,
        "uptime_seconds": None if found.uptime_s is None else round(found.uptime_s),
        "load_runs": runs,
        "home": str(found.home),
        "log": str(found.log),
    }
    if form in {"json", "jsonl"}:
        print_json(shown, "json" if form == "json" else "jsonl")
    elif form == "csv":
        print_rows([shown], list(shown), "csv")
    else:
        print_rows(
            [{"": name.replace("_", " "), " ": value} for name, value in shown.items() if value is not None], ["", " "], "table"
        )
