"""check."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import click

from lineage.cli.common import as_of_option, connected, formatted, print_list

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

    answer = session.check(partner=partner, as_of=as_of)
    print_list(answer, form, check_text)
    if len(answer):
        click.get_current_context().exit(1)
