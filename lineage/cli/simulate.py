"""simulate: a made-up partner network, its logs, and what really happened."""

from __future__ import annotations

from pathlib import Path

import click

from lineage.cli.common import formatted


@click.command(epilog="\b\nExample:  lineage simulate --items 200 --seed 1 --out simulation")
@click.option("--items", type=click.IntRange(1), default=20_000, show_default=True, help="How many items travel.")
@click.option("--seed", type=int, default=1, show_default=True, help="Another seed gives another network and other faults.")
@click.option(
    "--out", type=click.Path(path_type=Path), required=True, help="A new or empty directory, or an earlier simulation."
)
@formatted
def simulate(items: int, seed: int, out: Path, form: str) -> None:
    """Write a made-up partner network with faults: registry, logs of all systems, and the truth.

    Load it with `lineage load --config DIR/lineage.yaml`; score the verdicts on it with `lineage evaluate DIR`.
    """
    from lineage.render.output import print_json, print_rows
    from lineage.simulate import simulate as run

    about = run(items, seed, out).about
    if form in {"json", "jsonl"}:
        print_json(about, "json" if form == "json" else "jsonl")
        return
    rows = [{"cause": cause, **counts} for cause, counts in about["causes"].items()]
    print_rows(rows, ["cause", "faults", "missing", "decidable"], form)  # type: ignore[arg-type]
    if form == "table":
        click.echo(
            f"{about['items']} items, {about['arrived']} of them arrived everywhere; {about['events']} events of "
            f"{about['systems']} systems on {about['routes']} routes in {out}, as of {about['as_of']}."
        )
