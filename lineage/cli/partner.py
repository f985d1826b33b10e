"""partner."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import click

from lineage.cli.common import as_of_option, connected, formatted, since_option

if TYPE_CHECKING:
    from lineage.session import Lineage


@click.command(epilog="\b\nExample:  lineage partner northwind --as-of 2022-05-29")
@click.argument("partner")
@since_option
@as_of_option
@formatted
@connected
def partner(session: Lineage, partner: str, since: datetime | None, as_of: datetime | None, form: str) -> None:
    """Show the reference of PARTNER: people, systems, what is exchanged in both directions, who owns what, how it does, what changed.

    As csv: one row for each route. --since limits the incidents, which are read off all items on their way, not the rest.
    """
    from lineage.render.output import print_json, print_rows, show
    from lineage.render.partner_text import partner_text

    answer = session.partner(partner, since=since, as_of=as_of)
    if form in {"json", "jsonl"}:
        print_json(answer.as_json(), form)  # type: ignore[arg-type]
    elif form == "csv":
        print_rows(answer.records(), answer.columns(), "csv")
    else:
        show(partner_text(answer))
