"""trace, last-handoff, search, query, queries."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from lineage.cli.common import as_of_option, connected, formatted, pairs, print_answer
from lineage.errors import UsageError

if TYPE_CHECKING:
    from lineage.session import Lineage


@click.command(epilog="\b\nExample:  lineage trace episode:dev-meeting")
@click.argument("item")
@as_of_option
@click.option("--depth", type=click.IntRange(1, 20), default=20, show_default=True, help="Routes in a row at most.")
@click.option("--html", type=click.Path(dir_okay=False), help="Also write a page with the picture of its way.")
@formatted
@connected
def trace(session: Lineage, item: str, as_of: datetime | None, depth: int, html: str | None, form: str) -> None:
    """Show the whole way ITEM took and should have taken. ITEM is an id or any identifier."""
    from lineage.render.text import trace_text

    answer = session.trace(item, as_of=as_of, depth=depth)
    if html:
        from pathlib import Path

        from lineage.render.page import trace_page

        try:
            Path(html).write_text(trace_page(answer), encoding="utf-8")
        except OSError as error:
            raise UsageError(f"{html} cannot be written: {error}.", hint="Name another file with --html.") from error
        click.echo(f"Wrote {html}.", err=True)
    print_answer(answer, form, trace_text)


@click.command("last-handoff", epilog="\b\nExample:  lineage last-handoff episode:dev-meeting")
@click.argument("item", required=False)
@click.option("--route", help="Instead of an item: the last ones of this route.")
@click.option("--partner", help="Instead of an item: the last ones at either end of this partner.")
@click.option("--system", help="Instead of an item: the last ones at either end of this system.")
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True, help="With --route, --partner, --system.")
@as_of_option
@formatted
@connected
def last_handoff(
    session: Lineage,
    item: str | None,
    route: str | None,
    partner: str | None,
    system: str | None,
    limit: int,
    as_of: datetime | None,
    form: str,
) -> None:
    """Show where ITEM was last safe, who has it now, and whose fault is likely."""
    from lineage.render.output import print_json, print_rows
    from lineage.render.text import last_handoff_text

    if sum(one is not None for one in (item, route, partner, system)) != 1:
        raise UsageError("Name one ITEM, or one of --route, --partner and --system.")
    if item is not None:
        print_answer(session.last_handoff(item, as_of=as_of), form, last_handoff_text)
        return
    answers = session.last_handoffs(route=route, partner=partner, system=system, limit=limit, as_of=as_of)
    if form in {"json", "jsonl"}:
        for answer in answers:
            print_json(answer.as_json(), "jsonl")
        return
    rows = [
        {
            "item": answer.item.id,
            "name": answer.item.name,
            "route": last.route,
            "from": last.from_,
            "to": last.to,
            "at": last.at,
            "verdict": answer.verdict.rule,
            "at_fault": answer.verdict.system or answer.verdict.zone,
        }
        for answer in answers
        if (last := answer.last_successful) is not None
    ]
    columns = ["item", "name", "route", "from", "to", "at", "verdict", "at_fault"]
    print_rows(rows, columns, form, empty="No secured handoff.")  # type: ignore[arg-type]


@click.command(epilog="\b\nExample:  lineage search podcast")
@click.argument("text")
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True)
@formatted
@connected
def search(session: Lineage, text: str, limit: int, form: str) -> None:
    """Find anything by TEXT, any part of an id, a name or an identifier."""
    from lineage.render.output import print_rows

    hits = [hit.as_json() for hit in session.search(text, limit)]
    print_rows(hits, ["label", "id", "name", "identifiers"], form, empty=f"Nothing holds {text!r}.")  # type: ignore[arg-type]


@click.command(epilog="\b\nExample:  lineage query systems_map")
@click.argument("name")
@click.option("-p", "--param", "given", multiple=True, metavar="K=V", help="A parameter of the query.")
@formatted
@connected
def query(session: Lineage, name: str, given: tuple[str, ...], form: str) -> None:
    """Run the library query NAME, read only."""
    from lineage.render.output import print_rows

    result = session.query(name, **pairs(given, "-p"))
    columns = list(result.columns)
    if form in {"table", "csv"}:
        # Nodes and paths are there for Neo4j Browser to draw; a table shows the scalars beside them.
        drawn = {c for c in columns if any(isinstance(row[c], dict | list) and _is_drawn(row[c]) for row in result.rows)}
        columns = [c for c in columns if c not in drawn]
    print_rows(result.rows, columns, form, empty="No rows.")  # type: ignore[arg-type]


def _is_drawn(value: Any) -> bool:
    if isinstance(value, list):
        return any(_is_drawn(one) for one in value)
    return isinstance(value, dict) and set(value) in ({"labels", "properties"}, {"type", "properties"})


@click.command(epilog="\b\nExample:  lineage queries")
@formatted
def queries(form: str) -> None:
    """List the queries of the Cypher library with their parameters."""
    from lineage.library import shipped
    from lineage.render.output import print_rows

    rows = [
        {
            "query": q.name,
            "folder": q.folder,
            "question": q.question,
            "parameters": [p.name if p.required else f"{p.name}={p.default}" for p in q.parameters],
            "returns": list(q.returns),
        }
        for q in shipped()
    ]
    columns = ["query", "folder", "question", "parameters"] + ([] if form == "table" else ["returns"])
    print_rows(rows, columns, form)  # type: ignore[arg-type]
