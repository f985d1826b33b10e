"""compliance."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import click

from lineage.cli.common import as_of_option, connected, duration, formatted

if TYPE_CHECKING:
    from lineage.session import Lineage


@click.command(epilog="\b\nExample:  lineage compliance --as-of 2022-05-29")
@as_of_option
@click.option(
    "--store", metavar="ID", help="Only this store, location, zone or account and its parts, by id or any identifier."
)
@click.option("--all", "every", is_flag=True, help="Stores on which nothing is wrong, too, with what is known of them.")
@click.option(
    "--heard-within",
    callback=duration,
    default="P1D",
    show_default=True,
    metavar="DURATION",
    help="How long after it was heard a player counts as playing (ISO 8601).",
)
@formatted
@connected
def compliance(
    session: Lineage, as_of: datetime | None, store: str | None, every: bool, heard_within: timedelta, form: str
) -> None:
    """Check stores against licence, subscription and activation, and the handoffs of activations and of store updates.

    Listed is what each is missing, since when, and who must act. What nobody says is unknown, which is no fault. Exit code 1 if
    anything is wrong.
    """
    from lineage.render.compliance_text import compliance_text
    from lineage.render.output import print_json, print_rows, show

    answer = session.compliance(as_of=as_of, store=store, every=every, heard_within=heard_within)
    if form == "json":
        print_json(answer.as_json())
    elif form == "jsonl":
        for row in answer.stores:
            print_json(row.as_json(), "jsonl")
    elif form == "csv":
        print_rows(answer.records(), answer.columns(), "csv")
    else:
        show(compliance_text(answer, every=every))
    if answer.violations:
        click.get_current_context().exit(1)
