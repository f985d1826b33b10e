"""What commands share: connection options, output format, progress."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from lineage.errors import UsageError
from lineage.times import parse_time

if TYPE_CHECKING:
    from lineage.session import Lineage

F = TypeVar("F", bound=Callable[..., Any])
CONNECTION = ("uri", "user", "password_file", "database", "home", "timeout", "debug")
FORMATS = ("table", "json", "jsonl", "csv")


def connection_options(command: F) -> F:
    """Add the options that say which graph to talk to; the program itself takes them too, in front of the command."""
    options = (
        click.option("--uri", help="Neo4j to talk to; else NEO4J_URI, else the embedded server."),
        click.option("--user", help="Its user; else NEO4J_USERNAME."),
        click.option("--password-file", type=click.Path(dir_okay=False), help="A file with its password; else NEO4J_PASSWORD."),
        click.option("--database", help="Its database; else NEO4J_DATABASE."),
        click.option("--home", type=click.Path(file_okay=False), help="Home of the embedded server; else LINEAGE_HOME."),
        click.option("--timeout", type=click.FloatRange(min=0.001), help="Limit of one query in seconds (default 60)."),
        click.option("--debug", is_flag=True, default=None, help="Show tracebacks."),
    )
    for option in reversed(options):
        command = option(command)
    return command


def connected(command: F) -> F:
    """Give a command the connection options and hand it a ``Lineage``."""

    @functools.wraps(command)
    @click.pass_context
    def run(ctx: click.Context, /, **given: Any) -> Any:
        own = {name: given.pop(name, None) for name in CONNECTION}
        chosen = {**(ctx.obj or {}), **{name: value for name, value in own.items() if value is not None}}
        with _open(chosen) as session:
            return command(session, **given)

    return connection_options(run)  # type: ignore[return-value]


@contextmanager
def _open(chosen: dict[str, Any]) -> Iterator[Lineage]:
    from lineage.session import connect

    password = None
    if chosen.get("password_file"):
        file = Path(chosen["password_file"])
        if not file.is_file():
            raise UsageError(f"The password file {file} does not exist.")
        password = file.read_text(encoding="utf-8").strip()
    with connect(
        chosen.get("uri"),
        chosen.get("user"),
        password,
        chosen.get("database"),
        home=chosen.get("home"),
        timeout_s=chosen.get("timeout", 60.0),
        progress=sys.stderr.isatty(),
    ) as session:
        yield session


def formatted(command: F) -> F:
    """Add ``--format``."""
    option = click.option(
        "--format", "form", type=click.Choice(FORMATS), default="table", show_default=True, help="How to print."
    )
    return option(command)


def as_of_option(command: F) -> F:
    """Add ``--as-of``, parsed to a UTC time or None."""
    option = click.option(
        "--as-of", callback=_as_of, metavar="TIME", help="As it was then: RFC 3339, or a date (its end, UTC)."
    )
    return option(command)


def _as_of(_ctx: click.Context, _param: click.Parameter, value: str | None) -> datetime | None:
    return parse_time(value) if value else None


def since_option(command: F) -> F:
    """Add ``--since``, parsed to a UTC time or None."""
    option = click.option(
        "--since",
        callback=_since,
        metavar="TIME",
        help="Only items with evidence since then: RFC 3339, or a date (its start, UTC).",
    )
    return option(command)


def _since(_ctx: click.Context, _param: click.Parameter, value: str | None) -> datetime | None:
    return parse_time(value, end=False) if value else None


def pairs(values: tuple[str, ...], option: str) -> dict[str, str]:
    """``k=v`` options as a dict. Raises UsageError."""
    found = {}
    for value in values:
        name, equals, rest = value.partition("=")
        if not equals or not name:
            raise UsageError(f"{option} takes name=value, not {value!r}.")
        found[name] = rest
    return found


def home_of(ctx: click.Context, home: str | None) -> str | None:
    """The home directory that was named before or behind the command."""
    return home or (ctx.obj or {}).get("home")


def print_answer(answer: Any, form: str, as_text: Callable[[Any], Any]) -> None:
    """Print a typed answer in the wanted form; exit code 1 where it was cut off by time."""
    from lineage.render.output import print_json, print_rows, show

    if form in {"json", "jsonl"}:
        print_json(answer.as_json(), "json" if form == "json" else "jsonl")
    elif form == "csv":
        frame = answer.to_frame()
        print_rows(frame.astype(object).where(frame.notna(), None).to_dict("records"), list(frame.columns), "csv")
    else:
        show(as_text(answer))
    if answer.completeness.truncated_by == "time":
        click.get_current_context().exit(1)


def print_list(answer: Any, form: str, as_text: Callable[[Any], Any]) -> None:
    """Print an answer that is a list in the wanted form: as JSON Lines, an object a row."""
    from lineage.render.output import print_json, print_rows, show

    if form == "json":
        print_json(answer.as_json())
    elif form == "jsonl":
        for row in answer.as_json():
            print_json(row, "jsonl")
    elif form == "csv":
        print_rows(answer.records(), answer.columns(), "csv")
    else:
        show(as_text(answer))


def duration(_ctx: click.Context, _param: click.Parameter, value: str) -> timedelta:
    """A callback for options that take an ISO 8601 duration."""
    from lineage.answers.late import parse_soon

    return parse_soon(value)
