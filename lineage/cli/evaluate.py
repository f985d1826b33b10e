"""evaluate: verdicts against the truth of a simulation."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from lineage.cli.common import connected, formatted

if TYPE_CHECKING:
    from lineage.session import Lineage


@click.command(epilog="\b\nExample:  lineage evaluate simulation")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@formatted
@connected
def evaluate(session: Lineage, folder: Path, form: str) -> None:
    """Score the verdicts on a loaded simulation against the truth in FOLDER.

    Write one with `lineage simulate --out FOLDER`, load it with `lineage load --config FOLDER/lineage.yaml`.
    """
    from lineage.evaluation import evaluate as score_of
    from lineage.evaluation import read_truth
    from lineage.render.output import print_json, print_rows, show
    from lineage.render.score_text import score_text

    truth = read_truth(folder)
    score = score_of(session.diagnose(open_only=True, as_of=truth.as_of), truth)
    if form in {"json", "jsonl"}:
        print_json(score.as_json(), "json" if form == "json" else "jsonl")
    elif form == "csv":
        rows = [row.as_json() for row in score.causes]
        print_rows(rows, list(type(score.causes[0]).model_fields) if rows else [], "csv")
    else:
        show(score_text(score))
