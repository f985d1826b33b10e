"""bench: questions and loads beside their references."""

from __future__ import annotations

import time
from pathlib import Path

import click


@click.command(epilog="\b\nExample:  lineage bench --items 2000 --out figures")
@click.option("--items", type=click.IntRange(1), default=2000, show_default=True, help="How many items to simulate.")
@click.option("--seed", type=int, default=1, show_default=True, help="The same seed makes the same data.")
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("bench"),
    show_default=True,
    help="Folder for the graph, which is built once, and for the figures.",
)
@click.option("--rounds", type=click.IntRange(1), default=200, show_default=True, help="Samples of each small question.")
@click.option(
    "--build",
    type=click.Choice(["load", "bulk"]),
    default="load",
    show_default=True,
    help="How the graph gets in: `load` as into any Neo4j; `bulk` offline, for more than some ten thousand items.",
)
@click.option("--routes", type=click.IntRange(0), default=12000, show_default=True, help="Of the wide map; 0: none.")
@click.option("--days", type=click.IntRange(2), default=2, show_default=True, help="Days of deliveries on each of its routes.")
@click.option("--no-load", is_flag=True, help="Leave out what loading, or building, is held against.")
@click.option(
    "--format", "form", type=click.Choice(["table", "json"]), default="table", show_default=True, help="How to print."
)
def bench(items: int, seed: int, out: Path, rounds: int, build: str, routes: int, days: int, no_load: bool, form: str) -> None:
    """Measure every question and the load beside references in the same run, as ratios.

    The data is simulated and put into a Neo4j of its own below OUT. Writes OUT/figures.json and OUT/figures.md. Loading is held
    against raw creation of what it left, building offline against neo4j-admin's bare import of the tables that it made. Impact
    and late are also asked about a declared map of many ROUTES, with DAYS of deliveries, in a home of its own.
    """
    from lineage.bench.report import COLUMNS, markdown, rows_of
    from lineage.bench.run import bench as run
    from lineage.render.output import print_json, print_rows

    started = time.monotonic()

    def say(text: str) -> None:
        click.echo(f"{time.monotonic() - started:8.1f} s  {text}", err=True)

    offline = build == "bulk"
    measured = run(items, seed, out, rounds=rounds, routes=routes, days=days, offline=offline, with_load=not no_load, say=say)
    measured.write(out / "figures.json")
    (out / "figures.md").write_text(markdown(measured), "utf-8")
    if form == "json":
        print_json(measured.as_json())
        return
    for group in measured.groups:
        print_rows([dict(zip(COLUMNS, row, strict=True)) for row in rows_of(group)], list(COLUMNS), "table")
    for goal in measured.goals:
        click.echo(str(goal))
    for why in measured.missing:
        click.echo(f"Not measured: {why}", err=True)
