"""browser: Neo4j Browser with a library query filled in."""

from __future__ import annotations

import threading
import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import click

from lineage.cli.common import connected, pairs
from lineage.errors import UsageError

if TYPE_CHECKING:
    from lineage.session import Lineage


@click.command(epilog="\b\nExample:  lineage browser --print trace_path -p item=episode:dev-meeting")
@click.argument("name", metavar="[QUERY]", required=False)
@click.option("-p", "--param", "given", multiple=True, metavar="K=V", help="A parameter of the query.")
@click.option("--print", "only_print", is_flag=True, help="Print the address instead of opening it.")
@click.option(
    "--export", type=click.Path(file_okay=False), help="Write favourites, style and guide for Browser into this directory."
)
@click.option("--guide", is_flag=True, help="Open Browser with the guide, and serve the guide until Ctrl-C.")
@connected
def browser(
    session: Lineage, name: str | None, given: tuple[str, ...], only_print: bool, export: str | None, guide: bool
) -> None:
    """Open Neo4j Browser, with the library query QUERY filled in if one is named."""
    from lineage.browser import export as write_files
    from lineage.browser import link, serving_guide

    values = pairs(given, "-p")
    if given and name is None:
        raise UsageError("-p needs a query that it is for.", hint="`lineage queries` lists them.")
    if export is not None:
        try:
            files = write_files(Path(export), session.library)
        except OSError as error:
            raise UsageError(f"{export} cannot be written: {error}.", hint="Name another directory with --export.") from error
        for file in files:
            click.echo(str(file))
        click.echo(
            "In Browser: drop favourites.zip on the favourites drawer; drop style.grass on the page, or open it with `:style`.",
            err=True,
        )
        return
    address, user = _browser_url(session), session.user
    if guide:
        with serving_guide(address, session.graph.uri, session.library, user=user) as place:
            _open(place, only_print)
            click.echo("Serving the guide; Ctrl-C ends it.", err=True)
            threading.Event().wait()
    query = session.library[name] if name else None
    _open(link(address, session.graph.uri, query, values, user=user), only_print)
    if session.password_file:
        click.echo(f"Sign in as {user} with the password in {session.password_file}.", err=True)


def _open(address: str, only_print: bool) -> None:
    if only_print or not webbrowser.open(address):
        click.echo(address)


def _browser_url(session: Lineage) -> str:
    """Where Browser is: the embedded server's own, else the usual port beside the server that is talked to."""
    if session.browser_url:
        return session.browser_url
    parts = urlsplit(session.graph.uri)
    secure = parts.scheme.endswith(("+s", "+ssc"))
    return f"https://{parts.hostname}:7473/browser/" if secure else f"http://{parts.hostname}:7474/browser/"
