"""feeds, init, load, runs, digest."""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lineage.cli.common import CONNECTION, connected, connection_options, formatted, pairs
from lineage.errors import LineageError, NotFoundError, UsageError

if TYPE_CHECKING:
    from lineage.abreast import Progress
    from lineage.ingest import Report
    from lineage.project import ProjectSource
    from lineage.session import Lineage


@click.command(epilog="\b\nExample:  lineage feeds")
@formatted
def feeds(form: str) -> None:
    """List the feeds: what each reads and what it contributes."""
    from lineage.render.output import print_rows
    from loaders import discover

    rows = [
        {
            "feed": f.name,
            "reads": f.formats,
            "contributes": f.contributes,
            "files": list(f.patterns),
            "settings": list(f.settings.model_fields),
            "example": f.example,
        }
        for f in discover().values()
    ]
    print_rows(rows, list(rows[0]), form)  # type: ignore[arg-type]


@click.command(epilog="\b\nExample:  lineage init")
@click.argument("file", default="lineage.yaml", type=click.Path(dir_okay=False))
def init(file: str) -> None:
    """Write a commented project file (lineage.yaml) that names every feed, to start from."""
    from lineage.project import write_starter

    write_starter(Path(file))
    click.echo(file)
    click.echo(f"Remove the # before the sources that you have, then: lineage load --config {file}", err=True)


@click.command(epilog="\b\nExample:  lineage load handoffs events.jsonl")
@click.argument("feed", required=False)
@click.argument("sources", metavar="SOURCE...", nargs=-1)
@click.option("--config", type=click.Path(dir_okay=False), help="Load all sources of this project file (see `lineage init`).")
@click.option("--set", "settings", multiple=True, metavar="K=V", help="A setting of the feed.")
@click.option("--source", "name", help="What identifies the source across runs (default: as it was named).")
@click.option("--dry-run", is_flag=True, help="Validate and print the facts; write nothing, need no server.")
@click.option(
    "--rejects", type=click.Path(dir_okay=False), help="Where rejected rows go (default: a file in the home directory)."
)
@click.option("--batch-size", type=click.IntRange(1, 100_000), default=2000, show_default=True, help="Facts per transaction.")
@click.option(
    "--sessions",
    type=click.IntRange(1, 64),
    default=1,
    show_default=True,
    help="Sources loaded at a time, and files of a directory read at a time.",
)
@click.option("--no-progress", is_flag=True, help="No progress bar.")
@formatted
@connection_options
@click.pass_context
def load(ctx: click.Context, /, **given: Any) -> None:
    """Load one or more sources: file, directory, glob, URL, - for standard input; .gz and .zip are unpacked.

    With --config instead of FEED and SOURCE: all sources of a project, in the order in which they stand there, which
    makes no difference; neither do --sessions, nor other loads at the same time. Rejected rows go to a JSON Lines file
    and the exit code is 1; the good rows are loaded.
    """
    orders = _orders(given)
    if given["dry_run"]:
        ctx.exit(_dry_run(orders, given["rejects"]))
    names = ("rejects", "batch_size", "sessions", "no_progress", "form", *CONNECTION)
    ctx.invoke(_load, orders=orders, whole=given["config"] is not None, **{n: given[n] for n in names if n in given})


def _orders(given: dict[str, Any]) -> list[ProjectSource]:
    from lineage.project import ProjectSource, read_project

    feed, sources, config, name = given["feed"], given["sources"], given["config"], given["name"]
    if config is not None:
        if feed or sources or name or given["settings"]:
            raise UsageError("--config says which feeds, sources, names and settings there are; give it alone.")
        return read_project(Path(config))
    if not feed or not sources:
        missing = "FEED and SOURCE" if not feed else "SOURCE"
        raise UsageError(f"{missing} missing.", hint="`lineage load FEED SOURCE...`, or `lineage load --config lineage.yaml`.")
    if name and len(sources) > 1:
        raise UsageError("--source names one source, and several were given.")
    settings = pairs(given["settings"], "--set")
    return [ProjectSource(feed=feed, source=source, name=name, settings=settings) for source in sources]


@connected
def _load(
    session: Lineage,
    orders: list[ProjectSource],
    whole: bool,
    rejects: str | None,
    batch_size: int,
    sessions: int,
    no_progress: bool,
    form: str,
) -> None:
    from lineage.abreast import load_all
    from lineage.session import rejects_path

    reports, failures = [], []
    with _progress(orders, not no_progress) as advance:
        loading = load_all(
            session.graph,
            orders,
            sessions=sessions,
            rejects=lambda number: rejects_of(rejects, number, rejects_path(session.home)),
            batch_size=batch_size,
            progress=advance,
        )
        with closing(loading) as outcomes:
            for outcome in outcomes:
                if not isinstance(outcome, LineageError):
                    reports.append(outcome)
                    continue
                # One source that cannot be read must not keep the others from loading.
                if len(orders) == 1 or isinstance(outcome, UsageError | NotFoundError) or outcome.exit_code == 3:
                    raise outcome
                failures.append(outcome)
                click.echo(f"Error: {outcome}", err=True)
    print_loads(reports, form, whole=whole)
    if failures or any(report.rejected for report in reports):
        click.get_current_context().exit(1)


def print_loads(reports: list[Report], form: str, *, whole: bool) -> None:
    """Print what loads did; of a whole project, a table has one row for each feed."""
    if whole and form == "table":
        _print_feeds(reports)
        _print_notes(reports)
    else:
        _print_reports(reports, form)


def _print_feeds(reports: list[Report]) -> None:
    """One row for each feed, over all its sources; what happened nowhere has no column."""
    from lineage.render.output import print_rows

    rows = []
    for feed in dict.fromkeys(report.feed for report in reports):
        own = [report for report in reports if report.feed == feed]
        sums = {name: sum(getattr(report, name) for report in own) for name in ("read", "facts", *_HAPPENED)}
        seconds = f"{sum(report.seconds for report in own):.1f}"
        rows.append(
            {"feed": feed, "sources": len(own), **sums, "findings": sum(len(r.findings) for r in own), "seconds": seconds}
        )
    happened = [name for name in (*_HAPPENED, "findings") if any(row[name] for row in rows)]
    print_rows(rows, ["feed", "sources", "read", "facts", *happened, "seconds"], "table")


_HAPPENED = ("created", "changed", "unchanged", "rejected", "retired")


def rejects_of(given: str | None, number: int, default: Path) -> Path:
    """Where the rejects of one source among several go."""
    if given is None:
        return default
    path = Path(given)
    return path if number == 0 else path.with_name(f"{path.stem}-{number + 1}{path.suffix}")


@contextmanager
def _progress(sources: list[ProjectSource], wanted: bool) -> Iterator[Progress]:
    """A line for each source while it is being loaded."""
    from rich.console import Console
    from rich.progress import Progress as Bar
    from rich.progress import SpinnerColumn, TextColumn, TimeElapsedColumn

    screen = Console(stderr=True)
    if not wanted or not screen.is_terminal:
        yield lambda number, facts: None
        return
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        TextColumn("{task.completed:,.0f} facts"),
        TimeElapsedColumn(),
    )
    with Bar(*columns, console=screen, transient=True) as bar:
        lines = [bar.add_task(f"{one.feed} {one.name or _shown(one.source)}", start=False, visible=False) for one in sources]

        def advance(number: int, facts: int | None) -> None:
            if facts == 0:
                bar.start_task(lines[number])
            bar.update(lines[number], completed=facts, visible=facts is not None)

        yield advance


def _shown(source: str) -> str:
    """The source for people: a file below the working directory goes by its path from there."""
    path = Path(source)
    return os.path.relpath(path.resolve()) if path.exists() and path.resolve().is_relative_to(Path.cwd()) else source


def _print_reports(reports: list[Report], form: str) -> None:
    from lineage.render.output import print_json, print_rows

    objects = [report.as_json() for report in reports]
    if form == "json":
        print_json(objects[0] if len(objects) == 1 else objects)
        return
    if form in {"jsonl", "csv"}:
        rows = objects if form == "jsonl" else [{**one, "findings": len(one["findings"])} for one in objects]
        print_rows(rows, list(objects[0]) if objects else [], form)  # type: ignore[arg-type]
        return
    columns = ["feed", "source", "read", "facts", "created", "changed", "unchanged", "rejected", "retired", "seconds"]
    print_rows([{**one, "seconds": f"{one['seconds']:.1f}"} for one in objects], columns, "table")
    _print_notes(reports)


def _print_notes(reports: list[Report]) -> None:
    for report in reports:
        if report.skipped:
            click.echo(f"{report.source}: the same content was loaded before; nothing to do.", err=True)
        for finding, number in Counter(one["finding"] for one in report.findings).items():
            first = next(one for one in report.findings if one["finding"] == finding)
            more = f", and {number - 1} more" if number > 1 else ""
            click.echo(f"Finding: {finding}: {first['subject']} ({first['detail']}){more}.", err=True)
        if report.rejects_file:
            click.echo(_firstrejects_of(report), err=True)


def _firstrejects_of(report: Report) -> str:
    import json

    with Path(report.rejects_file or "").open(encoding="utf-8") as file:
        first = [json.loads(line) for _, line in zip(range(3), file, strict=False)]
    shown = [f"  {one['position']}: {one['reason']}" + (f"; {one['hint']}" if one["hint"] else "") + "." for one in first]
    more = [f"  ... and {report.rejected - 3} more"] if report.rejected > 3 else []
    return "\n".join(
        [f"Rejected {report.rejected} of {report.read} of {report.source} (all in {report.rejects_file}):", *shown, *more]
    )


def _dry_run(orders: list[ProjectSource], rejects: str | None) -> int:
    import json

    from lineage.facts import Finding, Reject
    from lineage.ingest import Rejects
    from lineage.loading import opened

    facts, refused = 0, 0
    for number, order in enumerate(orders):
        kept = Rejects(rejects_of(rejects, number, Path()), order.source) if rejects else None
        with opened(order.feed, order.source, given=order.settings, name=order.name) as reading:
            for said in reading.said():
                if isinstance(said, Reject):
                    refused += 1
                    click.echo(f"Rejected: {said.position}: {said.reason}; {said.hint}.", err=True)
                    if kept:
                        kept.add(said)
                elif isinstance(said, Finding):
                    click.echo(f"Finding: {said.position}: {said.finding}: {said.subject} ({said.detail}).", err=True)
                else:
                    facts += 1
                    values = said.model_dump(mode="json", by_alias=True, exclude_defaults=True)
                    print(json.dumps({"fact": type(said).__name__, "position": said.position, **values}, ensure_ascii=False))
        if kept:
            kept.close()
    click.echo(f"{facts} facts, {refused} rejected; nothing was written.", err=True)
    sys.stdout.flush()
    return 1 if refused else 0


@click.command(epilog="\b\nExample:  lineage runs")
@click.argument("run", required=False)
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True)
@formatted
@connected
def runs(session: Lineage, run: str | None, limit: int, form: str) -> None:
    """List load runs, newest first; with an id, one run in full."""
    from lineage.render.output import print_json, print_rows

    rows = [dict(row["properties"]) for row in session.query("load_runs", run=run, limit=limit).rows]
    columns = [
        "id", "feed", "source", "status", "started", "read", "facts", "created", "changed", "unchanged", "rejected", "retired",
        "seconds", "sha256", "rejects_file",
    ]  # fmt: skip
    shown = [{name: row.get(name) for name in columns} for row in rows]
    if run is not None:
        if not rows:
            raise NotFoundError(f"No run has the id {run}.", hint="`lineage runs` lists them.")
        if form == "json":
            print_json(shown[0])
            return
    if form == "table":
        columns = columns[:-2]
        shown = [{**row, "seconds": round(row["seconds"] or 0, 1)} for row in shown]
    print_rows(shown, columns, form, empty="No runs yet.")  # type: ignore[arg-type]


@click.command(epilog="\b\nExample:  lineage digest")
@connected
def digest(session: Lineage) -> None:
    """Print the SHA-256 of the graph's content: the same for the same facts in any order of loading."""
    click.echo(session.digest())
