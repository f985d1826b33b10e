"""drift."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import click

from lineage.cli.common import as_of_option, connected, formatted, print_list

if TYPE_CHECKING:
    from lineage.session import Lineage


@click.command(epilog="\b\nExample:  lineage drift --as-of 2022-05-29")
@as_of_option
@formatted
@connected
def drift(session: Lineage, as_of: datetime | None, form: str) -> None:
    """List where what is observed differs from what is declared.

    Systems and routes that are used and not declared, or declared and not used; other ends, cadence, protocol or format than
    declared; sources that disagree. Exit code 1 if there is anything.
    """
    from lineage.render.drift_text import drift_text

    answer = session.drift(as_of=as_of)
    print_list(answer, form, drift_text)
    if len(answer):
        click.get_current_context().exit(1)
