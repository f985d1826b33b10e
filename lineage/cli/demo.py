"""demo: the whole product on one failed delivery."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import click

from lineage.cli.common import home_of


def _command() -> str:
    """How to call this program from here: its path, where `make` installed it out of the shell's sight."""
    return "lineage" if shutil.which("lineage") else str(Path(sys.argv[0]))


@click.command(epilog="\b\nExample:  lineage demo")
@click.option("--home", type=click.Path(file_okay=False), help="Home of the embedded server; else LINEAGE_HOME.")
@click.pass_context
def demo(ctx: click.Context, home: str | None) -> None:
    """Load the shipped samples into the embedded server and answer the three questions on a delivery that failed.

    Always uses an embedded server, never NEO4J_URI; its data is added to what that server holds already.
    """
    from rich.rule import Rule
    from rich.text import Text

    from lineage.browser import link
    from lineage.demo import ASSET, CAMPAIGN, ITEM, SYSTEM, load_demo
    from lineage.render.output import show, table
    from lineage.render.page import trace_page
    from lineage.render.text import impact_text, last_handoff_text, trace_text
    from lineage.session import connect_embedded

    click.echo("Starting the embedded Neo4j (the first time it is downloaded, about 170 MB) ...", err=True)
    with connect_embedded(home_of(ctx, home), progress=sys.stderr.isatty()) as session:
        assert session.browser_url and session.password_file and session.home, "an embedded server has all three"
        reports = load_demo(session, lambda name: click.echo(f"Loading {name} ...", err=True))

        def tell(story: str) -> None:
            show(Text(), Rule(Text(story, style="bold"), characters="═", style="dim"))

        def ask(question: str, command: str) -> None:
            show(Text(), Text(question, style="bold"), Text(f"$ lineage {command}\n", style="dim"))

        show(Text("\nLoaded: podcast feeds, an ads API's answers, logs and receipts, and the map around them.", style="bold"))
        rows = [
            {"feed": r.feed, "source": r.source, "facts": r.facts, "new": r.created, "already known": r.unchanged}
            for r in reports
        ]
        show(table(rows, list(rows[0])))
        tell("An episode that never reached one partner")
        ask("1. Which way did this episode take, and which way should it have taken?", f"trace {ITEM}")
        trace = session.trace(ITEM)
        show(trace_text(trace))
        ask("2. Where was it last safe, who has it now, and whose fault is it likely?", f"last-handoff {ITEM}")
        show(last_handoff_text(session.last_handoff(ITEM)))
        ask("3. What else does the system that failed reach?", f"impact {SYSTEM}")
        show(impact_text(session.impact(SYSTEM)))
        tell("A campaign's audio that an ad-tech partner never got")
        ask(
            "4. Who receives what of this campaign, how often, and did they get it?",
            f"query who_receives_item -p item={CAMPAIGN}",
        )
        received = session.query("who_receives_item", item=CAMPAIGN)
        columns = ["part_name", "receiver", "route", "protocol", "schedule", "state", "secured_at"]
        show(table([row for row in received.rows if row["receiver"]], columns))
        ask("5. Whose fault is it that Tonewave has no thirty seconds?", f"last-handoff {ASSET}")
        show(last_handoff_text(session.last_handoff(ASSET)))
        address = link(session.browser_url, session.graph.uri, session.library["trace_path"], {"item": ITEM}, user=session.user)
        page = Path(session.home) / "demo.html"
        page.write_text(trace_page(trace, browser=address), encoding="utf-8")
        # The address holds the whole query: on a terminal it hides behind a word, into a pipe it stays in one piece.
        here = Text("this path in Neo4j Browser", style=f"link {address}") if sys.stdout.isatty() else Text(session.browser_url)
        show(
            Rule(style="dim"),
            Text("See it", style="bold"),
            Text.assemble(("  picture       ", "dim"), page.resolve().as_uri()),
            Text.assemble(("  in a graph    ", "dim"), here, f"  (or: lineage browser trace_path -p item={ITEM})"),
            Text.assemble(("  sign in as    ", "dim"), f"{session.user}, password in {session.password_file}"),
            Text(f"\nThe server keeps running for your next question: {_command()} search episode", style="dim"),
            Text(f"To stop it: {_command()} down", style="dim"),
        )
        if not sys.stdout.isatty():
            click.echo(address)
