"""docs: the partner reference as a site."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from lineage.cli.common import as_of_option, connected, since_option

if TYPE_CHECKING:
    from lineage.session import Lineage


@click.command(epilog="\b\nExample:  lineage docs --out partner-reference")
@click.option(
    "--out", required=True, type=click.Path(file_okay=False), metavar="DIR", help="A new folder, or one written before."
)
@since_option
@as_of_option
@connected
def docs(session: Lineage, out: str, since: datetime | None, as_of: datetime | None) -> None:
    """Write the partner reference: a page for each partner, systems, data sets and a search, as HTML and Markdown.

    The pages need no server and no network. A folder that holds anything else is refused; pages of partners that there are no
    longer are removed. --since limits the incidents, which are read off all items on their way, not the rest.
    """
    from lineage.answers.check import check
    from lineage.answers.declared_map import read_map
    from lineage.answers.partner import partners
    from lineage.render.site import pages, write_folder
    from lineage.render.words import counted

    now = as_of or datetime.now(UTC)
    found = read_map(session.ask, now)
    references = partners(session.ask, found, now, since=since)
    files = pages(references, found, check(session.ask, as_of=now), now)
    written, removed = write_folder(Path(out), files)
    click.echo(str(Path(out) / "index.html"))
    gone = f", {removed} of what is no longer there removed" if removed else ""
    click.echo(f"{counted(len(references), 'partner')}, {counted(written, 'file')}{gone}.", err=True)
