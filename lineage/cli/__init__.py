"""The command line: parse, call, print. No logic lives here, and nothing else imports click.

Commands are loaded when they are called, so that ``lineage --help`` needs nothing but click.
"""

from __future__ import annotations

import importlib
import sys
from typing import Any

import click

from lineage.cli.common import connection_options
from lineage.errors import LineageError, NotFoundError

# name -> (module, help line). Listed here so that help does not import the commands.
COMMANDS: dict[str, tuple[str, str]] = {
    "up": ("server", "Start the embedded Neo4j (or find it running)."),
    "down": ("server", "Stop the embedded Neo4j."),
    "status": ("server", "Show the embedded Neo4j."),
    "demo": ("demo", "Load the shipped samples and answer the three questions on a failed delivery."),
    "browser": ("browser", "Open Neo4j Browser, with a library query filled in."),
    "feeds": ("load", "List the feeds that can be loaded."),
    "init": ("load", "Write a commented project file to start from."),
    "load": ("load", "Load a source, or all sources of a project, into the graph."),
    "bulk": ("bulk", "Build the graph of a project offline, in an empty database: for millions of events."),
    "runs": ("load", "List load runs."),
    "digest": ("load", "Print the SHA-256 of the graph's content."),
    "trace": ("ask", "Show the whole way an item took and should have taken."),
    "last-handoff": ("ask", "Show where an item was last safe, who has it, and whose fault is likely."),
    "diagnose": ("diagnose", "Judge all items on their way: one incident for each cause, with the items that it holds up."),
    "late": ("late", "List what is late, due soon, arrived late, and feeds that went silent."),
    "compliance": ("compliance", "Check stores against licence, subscription and activation, in both directions."),
    "drift": ("drift", "List where what is observed differs from what is declared."),
    "partner": ("partner", "Show the reference of a partner: people, systems, what is exchanged, how it does, what changed."),
    "docs": ("docs", "Write the partner reference as pages: a site and Markdown."),
    "onboard": ("onboard", "Write a registry to fill in for a new partner, with what is known of it already."),
    "check": ("check", "List what is missing or contradictory in the declared map."),
    "export": ("export", "Write the declared map as a registry."),
    "simulate": ("simulate", "Write a made-up partner network with faults whose truth is known."),
    "bench": ("bench", "Measure questions and loads beside their references, as ratios."),
    "evaluate": ("evaluate", "Score the verdicts against the truth of a simulation."),
    "impact": ("impact", "Show what an outage, a change or a new version of a contract reaches."),
    "search": ("ask", "Find anything by a part of its id, name or identifiers."),
    "query": ("ask", "Run a query of the Cypher library."),
    "queries": ("ask", "List the Cypher library."),
}


class _Commands(click.Group):
    """A group whose commands are imported on call."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"lineage.cli.{COMMANDS[cmd_name][0]}")
        command: click.Command = getattr(module, cmd_name.replace("-", "_"))
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


@click.command(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@connection_options
@click.version_option(package_name="lineage-platform", message="lineage %(version)s")
@click.pass_context
def cli(ctx: click.Context, /, **options: Any) -> None:
    """Lineage of what travels between Spotify and its partners: where did it get stuck, who has it, what does it reach?

    \b
    Start with:  lineage demo
    """
    ctx.obj = {name: value for name, value in options.items() if value is not None}


def main(arguments: list[str] | None = None) -> None:
    """Entry point: errors become one paragraph on standard error and an exit code (see ``lineage.errors``)."""
    given = sys.argv[1:] if arguments is None else arguments
    debug = "--debug" in given
    try:
        code = cli.main(args=given, prog_name="lineage", standalone_mode=False)
    except click.exceptions.Exit as stop:
        code = stop.exit_code
    except click.Abort:
        click.echo("Interrupted.", err=True)
        code = 130
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except LineageError as error:
        if debug:
            raise
        _explain(error)
        code = error.exit_code
    except BrokenPipeError:
        # The reader (head, less) has seen enough; say nothing and do not fail again while flushing.
        sys.stderr.close()
        code = 0
    except Exception as error:
        if debug:
            raise
        if isinstance(error.__context__, KeyboardInterrupt):
            click.echo("Interrupted.", err=True)
            sys.exit(130)
        click.echo(
            f"Error: this is a mistake of the program ({type(error).__name__}: {error}). Call it again with --debug and report it.",
            err=True,
        )
        code = 1
    sys.exit(code if isinstance(code, int) else 0)


def _explain(error: LineageError) -> None:
    click.echo(f"Error: {error}", err=True)
    if isinstance(error, NotFoundError) and error.nearest:
        click.echo("Perhaps: " + ", ".join(error.nearest), err=True)
