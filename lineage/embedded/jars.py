"""The jar cache: per user, shared by all homes and safe for several processes at once.

Layout of ``<user cache>/lineage/jars`` (``LINEAGE_CACHE`` replaces ``<user cache>/lineage``): the jars as in a Maven
repository, ``.part`` files of interrupted downloads, ``lock``, and ``verified.json``.

No jar is used unless its SHA-256 is the locked one. Reading 176 MB at each start would make it wait for the disk, so
``verified.json`` keeps the size, modification time and change time of a jar when it was hashed; a jar where any of them
differs is hashed again. Overwriting a jar in place, even with the modification time put back, changes its change time.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from pathlib import Path
from threading import Event

import platformdirs
from filelock import FileLock

from lineage.embedded.lock import Jar
from lineage.errors import ServerError

WORKERS = 8

Fingerprint = list[str | int]


def cache_dir() -> Path:
    """The directory of the jar cache."""
    given = os.environ.get("LINEAGE_CACHE")
    return (Path(given).expanduser() if given else platformdirs.user_cache_path("lineage")) / "jars"


def ensure(jars: Sequence[Jar], *, progress: bool = True) -> list[Path]:
    """Return the files of ``jars``, in that order, after making sure that each is there and is the locked one.

    Missing and damaged jars come from the local Maven repository when it has them, else from Maven Central
    (``LINEAGE_MAVEN_URL``: a mirror). Raises ServerError naming the jar and the URL when one cannot be had.
    """
    root = cache_dir()
    if _unverified(root, jars):
        try:
            root.mkdir(parents=True, exist_ok=True)
            with FileLock(root / "lock"):
                _fill(root, _unverified(root, jars), progress)  # anew: another process may just have filled it
        except OSError as error:
            raise ServerError(
                f"Cannot write the jar cache {root}: {error}.",
                hint="Free some space (200 MB are needed) or set LINEAGE_CACHE to a directory you can write.",
            ) from error
    return [root / jar.path for jar in jars]


def _fill(root: Path, jars: Sequence[Jar], progress: bool) -> None:
    repository = _local_repository()
    with ThreadPoolExecutor(WORKERS) as pool:
        found = list(pool.map(lambda jar: _at_hand(root, repository, jar), jars))
    missing = [jar for jar, there in zip(jars, found, strict=True) if not there]
    try:
        if missing:
            _download(root, missing, progress)
    finally:
        _record(root, jars)


def _at_hand(root: Path, repository: Path, jar: Jar) -> bool:
    """Whether the cache holds the jar now, taken from the local Maven repository if need be."""
    target, local = root / jar.path, repository / jar.path
    if _is_locked_file(target, jar):
        return True
    target.unlink(missing_ok=True)
    if not _is_locked_file(local, jar):
        return False
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(local, target)
    except OSError:  # another file system, or one without hard links
        copy = target.with_name(target.name + ".copy")
        shutil.copyfile(local, copy)
        copy.replace(target)
    return True


def _is_locked_file(file: Path, jar: Jar) -> bool:
    from lineage.embedded import download  # here, as jgo below: a start that has all its jars need not wait for it

    try:
        return file.stat().st_size == jar.size and download.sha256(file) == jar.sha256
    except OSError:
        return False


def _local_repository() -> Path:
    """Where Maven on this machine keeps its jars: its own option, else ``M2_REPO``, else the usual place."""
    from jgo.constants import default_maven_repo  # here, because importing jgo takes a quarter of a second

    option = "-Dmaven.repo.local="
    for word in shlex.split(f"{os.environ.get('MAVEN_OPTS', '')} {os.environ.get('MAVEN_ARGS', '')}"):
        if word.startswith(option):
            return Path(word.removeprefix(option))
    return default_maven_repo()


def _download(root: Path, jars: Sequence[Jar], progress: bool) -> None:
    from jgo.constants import MAVEN_CENTRAL_URL

    from lineage.embedded import download

    base = os.environ.get("LINEAGE_MAVEN_URL") or MAVEN_CENTRAL_URL
    stop = Event()
    with (
        _progress(jars, progress) as report,
        download.session(WORKERS) as http,
        ThreadPoolExecutor(WORKERS) as pool,
    ):
        # The largest first, so that the last seconds are not one slow jar alone.
        futures = [
            pool.submit(download.fetch, http, base, jar, root / jar.path, report(jar), stop)
            for jar in sorted(jars, key=lambda jar: -jar.size)
        ]
        try:
            for future in as_completed(futures):
                future.result()
        except BaseException:  # Ctrl-C too: what runs ends at its next chunk and can be resumed
            stop.set()
            pool.shutdown(wait=False, cancel_futures=True)
            raise


@contextmanager
def _progress(jars: Sequence[Jar], wanted: bool) -> Iterator[Callable[[Jar], Callable[[int], None]]]:
    """One bar over all jars on standard error; a single plain line when that is not a terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

    total = sum(jar.size for jar in jars)
    title = f"Fetching {len(jars)} jars of Neo4j Community"
    visible = wanted and sys.stderr.isatty()
    if wanted and not visible:
        print(f"{title} ({total / 1e6:.0f} MB, kept for next time)", file=sys.stderr)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    done: dict[str, int] = {}
    with Progress(*columns, console=Console(stderr=True), disable=not visible) as bar:
        task = bar.add_task(title, total=total)

        def report(jar: Jar) -> Callable[[int], None]:
            def update(have: int) -> None:
                done[jar.path] = have
                bar.update(task, completed=sum(list(done.values())))

            return update

        yield report


def _fingerprint(file: Path, jar: Jar) -> Fingerprint | None:
    try:
        stat = file.stat()
    except OSError:
        return None
    return [jar.sha256, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns]


def _read_verified(root: Path) -> dict[str, Fingerprint]:
    try:
        verified = json.loads((root / "verified.json").read_text("utf-8"))
    except (OSError, ValueError):  # none yet, or damaged: everything is hashed again
        return {}
    return verified if isinstance(verified, dict) else {}


def _unverified(root: Path, jars: Sequence[Jar]) -> list[Jar]:
    verified = _read_verified(root)
    return [jar for jar in jars if (now := _fingerprint(root / jar.path, jar)) is None or now != verified.get(jar.path)]


def _record(root: Path, jars: Sequence[Jar]) -> None:
    """Remember the jars that are there now: each was hashed in this run, under the lock."""
    now = {jar.path: seen for jar in jars if (seen := _fingerprint(root / jar.path, jar))}
    fresh = root / "verified.json.new"
    fresh.write_text(json.dumps(_read_verified(root) | now, indent=0), "utf-8")
    fresh.replace(root / "verified.json")
