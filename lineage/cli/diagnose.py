"""diagnose: verdicts on all items, by cause."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import click

from lineage.cli.common import as_of_option, connected, formatted, since_option

if TYPE_CHECKING:
    from lineage.session import Lineage


@click.command(epilog="\b\nExample:  lineage diagnose --open --as-of 2026-11-22")
@click.option("--open", "open_only", is_flag=True, help="Only items on which something is wrong.")
@since_option
@as_of_option
@formatted
@connected
@click.pass_context
def diagnose(
    ctx: click.Context, session: Lineage, open_only: bool, since: datetime | None, as_of: datetime | None, form: str
) -> None:
    """Judge all items on their way: one incident for each cause, with the items that it holds up.

    As table: the incidents. As JSON Lines (also as json): one line an item, the shape of last-handoff. Ends with 1 if anything is wrong.
    """
    from lineage.render.incidents import diagnosis_text
    from lineage.render.output import print_json, print_rows, show

    answer = session.diagnose(open_only=open_only, since=since, as_of=as_of)
    if form in {"json", "jsonl"}:
        for item in answer.items:
            print_json(item.as_json(), "jsonl")
    elif form == "csv":
        frame = answer.to_frame()
        records = [
            {str(k): v for k, v in row.items()} for row in frame.astype(object).where(frame.notna(), None).to_dict("records")
        ]
        print_rows(records, list(frame.columns), "csv")
    else:
        show(diagnosis_text(answer))
    if answer.incidents:
        ctx.exit(1)
