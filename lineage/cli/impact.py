"""impact."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from lineage.cli.common import as_of_option, connected, formatted, pairs, print_answer
from lineage.errors import UsageError
from lineage.times import parse_time

if TYPE_CHECKING:
    from lineage.session import Lineage


def _effective(_ctx: click.Context, _param: click.Parameter, value: str | None) -> datetime | None:
    return parse_time(value, end=False) if value else None


@click.command(epilog="\b\nExample:  lineage impact relay-hub")
@click.argument("node", required=False)
@click.option("--field", help="Only this field of the data set NODE.")
@click.option("--change", nargs=2, metavar="OLD NEW", help="What a new version of a contract reaches: two files or URLs.")
@click.option("--feed", help="With --change: the feed that reads them (default: told by their content).")
@click.option("--set", "settings", multiple=True, metavar="K=V", help="With --change: a setting of that feed.")
@click.option(
    "--notices",
    type=click.Path(file_okay=False),
    metavar="DIR",
    help="With --change: write a notice for each partner and team.",
)
@click.option(
    "--effective",
    callback=_effective,
    metavar="TIME",
    help="With --notices: when it takes effect; a date means its start, UTC.",
)
@click.option("--depth", type=click.IntRange(1, 30), default=30, show_default=True, help="Steps downstream at most.")
@as_of_option
@formatted
@connected
def impact(
    session: Lineage,
    node: str | None,
    field: str | None,
    change: tuple[str, str] | None,
    feed: str | None,
    settings: tuple[str, ...],
    notices: str | None,
    effective: datetime | None,
    depth: int,
    as_of: datetime | None,
    form: str,
) -> None:
    """Show what a change or outage of NODE reaches: a partner, system, interface, data set, field, route or job.

    With --change: what differs between two versions of a contract or schema (ODCS, OpenAPI, AsyncAPI, JSON Schema, the header of a
    CSV, a dbt manifest), what of it breaks, and whom it reaches, field by field. NODE may be left out where the map holds what the
    contract describes.
    """
    from lineage.render.text import impact_text

    if change is None and (feed or settings or notices or effective):
        raise UsageError("--feed, --set, --notices and --effective go with --change OLD NEW.")
    if effective and not notices:
        raise UsageError("--effective says when a notice's change takes effect; give --notices DIR too.")
    answer = session.impact(
        node, field=field, depth=depth, as_of=as_of, change=change, feed=feed, settings=pairs(settings, "--set")
    )
    if notices:
        from lineage.render.notice import write_notices
        from lineage.render.words import counted

        written = write_notices(session.notices(answer, effective=effective, as_of=as_of), Path(notices))
        click.echo(f"Wrote {counted(len(written), 'notice')} to {notices}.", err=True)
    print_answer(answer, form, impact_text)
