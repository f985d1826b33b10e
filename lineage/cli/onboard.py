"""onboard: a registry to fill in for a new partner."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from lineage.cli.common import connected
from lineage.errors import RefusedError, UsageError

if TYPE_CHECKING:
    from lineage.facts import Zone
    from lineage.session import Lineage


@click.command(epilog="\b\nExample:  lineage onboard mirror --zone partner --out mirror.yaml")
@click.argument("partner")
@click.option("--name", help="What people call it.")
@click.option("--zone", type=click.Choice(("spotify", "middleware", "partner")), help="On whose side it stands.")
@click.option(
    "--out", required=True, type=click.Path(dir_okay=False), metavar="FILE", help="A new file; its list is beside it (.md)."
)
@connected
def onboard(session: Lineage, partner: str, name: str | None, zone: Zone | None, out: str) -> None:
    """Write a registry for PARTNER to fill in, and beside it a list of what to find out.

    It holds what the graph knows of it already: what is declared, what feeds found, and undeclared systems of that name that evidence
    shows, with their routes. It loads as it is. A file that exists is not overwritten.
    """
    from lineage.cli.export import write_new
    from lineage.onboarding import checklist, known, registry, seen_only
    from lineage.render.site.names import markdown

    id_, file = partner.strip(), Path(out)
    beside = file.with_suffix(".md")
    if not id_:
        raise UsageError("A partner needs an id.")
    if beside == file:
        raise UsageError(f"{file} is where the list would go.", hint="Give the registry another extension, such as .yaml.")
    for path in (file, beside):
        if path.exists():
            raise RefusedError(f"{path} exists already.", hint="Name another file, or move this one away first.")
    what = known(session.ask, id_, name=name, zone=zone)
    write_new(file, registry(id_, what))
    write_new(beside, checklist(id_, what, {"id": markdown(id_), "file": markdown(file.name)}))
    click.echo(f"{file}\n{beside}")
    for line in seen_only(what):
        click.echo(f"Seen: {line}", err=True)
    click.echo(f"Fill it in, then: lineage load partners {file}", err=True)
