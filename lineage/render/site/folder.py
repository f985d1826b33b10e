"""A folder of generated files that nobody else's files get lost in.

A manifest lists what was written with its hash. Anything else in the folder, and anything of ours that somebody changed, is theirs: then
nothing is written at all. Pages that are no longer made are removed, if they are as we wrote them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from lineage.errors import RefusedError, UsageError

MANIFEST = ".lineage-docs.json"
_ABOUT = "Files written by `lineage docs`; what is not listed here, or changed since, is never overwritten."
Hashes = dict[str, list[str]]


def write_folder(folder: Path, files: Mapping[str, str]) -> tuple[int, int]:
    """Write files (path with ``/`` to text) into a folder of ours; returns how many were written and how many removed.

    Raises RefusedError where the folder holds what is not ours, UsageError where it cannot be written.
    """
    try:
        return _write(folder, files)
    except OSError as error:
        raise UsageError(f"{folder} cannot be written: {error}.", hint="Name a folder that you can write.") from error


def _write(folder: Path, files: Mapping[str, str]) -> tuple[int, int]:
    known = _manifest(folder)
    there = sorted(_found(folder)) if folder.is_dir() else []
    foreign = [name for name in there if name != MANIFEST and _hash((folder / name).read_bytes()) not in known.get(name, ())]
    if foreign or (folder.exists() and not folder.is_dir()):
        raise RefusedError(
            f"{folder} holds what `lineage docs` did not write, or was changed since: {_some(foreign or [str(folder)])}.",
            hint="Name another folder, or move these away first.",
        )
    wanted = {name: text.encode() for name, text in files.items()}
    folder.mkdir(parents=True, exist_ok=True)
    # What breaks off in the middle leaves old and new files: both are ours.
    hashes: Hashes = {name: [_hash(content), *known.get(name, [])] for name, content in wanted.items()}
    _note(folder, {**known, **hashes})
    for name, content in wanted.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    stale = [name for name in there if name not in wanted and name != MANIFEST]
    for name in stale:
        (folder / name).unlink()
        if (parent := (folder / name).parent) != folder and not any(parent.iterdir()):
            parent.rmdir()
    _note(folder, {name: some[:1] for name, some in hashes.items()})
    return len(wanted), len(stale)


def _found(folder: Path) -> Iterable[str]:
    """Files in the folder; a link is somebody's, wherever it leads, and is not followed."""
    for path in folder.rglob("*"):
        name = path.relative_to(folder).as_posix()
        if path.is_symlink():
            raise RefusedError(f"{folder} holds a link, {name}, that `lineage docs` did not make.", hint="Name another folder.")
        if not path.is_dir():
            yield name


def _manifest(folder: Path) -> Hashes:
    try:
        said = json.loads((folder / MANIFEST).read_text("utf-8"))
        return {str(name): [str(one) for one in hashes] for name, hashes in said["files"].items()}
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise RefusedError(f"{folder / MANIFEST} is no list of files of ours.", hint="Name another folder.") from error


def _note(folder: Path, hashes: Hashes) -> None:
    content = json.dumps({"about": _ABOUT, "files": dict(sorted(hashes.items()))}, indent=1)
    (folder / MANIFEST).write_text(content + "\n", "utf-8")


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _some(names: list[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
