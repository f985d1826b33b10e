"""late."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import click

from lineage.cli.common import as_of_option, connected, duration, formatted, print_list

if TYPE_CHECKING:
    from lineage.session import Lineage


@click.command(epilog="\b\nExample:  lineage late --as-of 2022-05-29T07:30:00Z")
@as_of_option
@click.option(
    "--soon", callback=duration, default="PT1H", show_default=True, metavar="DURATION", help="How far ahead is soon (ISO 8601)."
)
@formatted
@connected
def late(session: Lineage, as_of: datetime | None, soon: timedelta, form: str) -> None:
    """List what is late, due soon, arrived late, and feeds that went silent.

    By schedule for each route; by item for deadlines and acknowledgements. Exit code 1 if anything is late or silent, or
    cannot be watched because its schedule cannot be read; what is due soon or arrived late alone is no fault.
    """
    from lineage.render.late_text import late_text

    answer = session.late(as_of=as_of, soon=soon)
    print_list(answer, form, late_text)
    if answer.needs_attention:
        click.get_current_context().exit(1)
