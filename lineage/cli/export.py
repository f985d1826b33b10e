"""export: the declared map as a registry."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from lineage.cli.common import connected
from lineage.errors import RefusedError, UsageError

if TYPE_CHECKING:
    from lineage.session import Lineage


@click.command(epilog="\b\nExample:  lineage export --out -")
@click.option("--items", is_flag=True, help="Also the items that are declared, with their identifiers and expectations.")
@click.option("--out", default="-", show_default=True, metavar="FILE", help="A new file; - is standard output.")
@connected
def export(session: Lineage, items: bool, out: str) -> None:
    """Write the declared map as a registry (YAML), which `lineage load partners` reads.

    What registries and contracts say now, each value by who wins; what was only observed is left out. A file that exists is
    not overwritten.
    """
    from lineage.answers.export import export as said

    parts = said(session.ask, items=items)
    if out == "-":
        sys.stdout.writelines(parts)
    else:
        write_new(Path(out), parts)
        click.echo(out)


def write_new(path: Path, parts: Iterable[str]) -> None:
    """Write a file that does not exist yet. Raises RefusedError if it does, UsageError if it cannot be written."""
    try:
        with path.open("x", encoding="utf-8") as file:
            file.writelines(parts)
    except FileExistsError:
        raise RefusedError(f"{path} exists already.", hint="Name another file, or move this one away first.") from None
    except OSError as error:
        raise UsageError(
            f"{path} cannot be written: {error}.", hint="Name a file in a directory that you can write."
        ) from error
