"""check."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import click

from lineage.cli.common import as_of_option, connected, formatted

if TYPE_CHECKING:
    from lineage.session import Lineage


@click.command(epilog="\b\nExample:  lineage check --partner tidewater")
@click.option("--partner", metavar="ID", help="Only what concerns this partner.")
@as_of_option
@formatted
@connected
def check(session: Lineage, partner: str | None, as_of: datetime | None, form: str) -> None:
    """List what is missing or contradictory in the declared map, by partner.

    Owners, contacts, deadlines, fields and contracts that nobody says; names that lead nowhere; routes that say the same;
    sources that disagree. Exit code 1 if there is anything.
    """
    from lineage.render.check_text import check_text
    from lineage.render.output import print_json, print_rows, show

    answer = session.check(partner=partner, as_of=as_of)
    if form == "json":
        print_json(answer.as_json())
    elif form == "jsonl":
        for row in answer.as_json():
            print_json(row, "jsonl")
    elif form == "csv":
        print_rows(answer.records(), answer.columns(), "csv")
    else:
        show(check_text(answer))
    if len(answer):
        click.get_current_context().exit(1)
