"""neo4j-admin's part: from tables to a store, on a home whose server stands still."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path

from lineage.bulk.tables import LIST_DELIMITER, Part
from lineage.embedded.admin import run_admin
from lineage.embedded.home import Home

DATABASE = "neo4j"


def import_tables(home: Home, folder: Path, parts: Sequence[Part]) -> str:
    """Replace the (empty) database by these tables; returns what neo4j-admin printed. Raises ServerError.

    ``folder`` must be within the home: paths are given to the importer relative to it.
    """
    arguments = folder / "import.args"
    lines = [*_files(home, folder, parts), *_options(home, parts)]
    arguments.write_text("".join(f'"{line}"\n' for line in lines), "utf-8")
    return run_admin(home.root, "database", "import", "full", DATABASE, f"@{arguments.relative_to(home.root)}")


def _files(home: Home, folder: Path, parts: Iterable[Part]) -> Iterable[str]:
    """One argument for all files of one shape, behind a file with their header."""
    groups: dict[tuple[str, str, str], list[Path]] = defaultdict(list)
    for part in parts:
        groups[part.kind, part.of, part.header].append(part.path)
    for number, ((kind, of, header), paths) in enumerate(sorted(groups.items())):
        head = folder / f"header-{number}.csv"
        head.write_text(f"{header}\n", "utf-8")
        yield f"--{kind}={of}={','.join(str(path.relative_to(home.root)) for path in (head, *paths))}"


def _options(home: Home, parts: Iterable[Part]) -> Iterable[str]:
    yield f"--array-delimiter=U+{ord(LIST_DELIMITER):04X}"
    yield "--path-pattern-style=none"
    # It has just been seen to be empty, or was left broken by an earlier build.
    yield "--overwrite-destination"
    if broken := [str(part.path.relative_to(home.root)) for part in parts if part.multiline]:
        yield "--multiline-fields-format=v2"
        yield f"--multiline-fields={','.join(broken)}"
