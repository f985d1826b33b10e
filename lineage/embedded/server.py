"""Start, stop and describe the embedded server of a home directory."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from filelock import FileLock, Timeout

from lineage.embedded import conf, process
from lineage.embedded.admin import ensure_password
from lineage.embedded.home import USER, Home, Record, resolve
from lineage.embedded.jars import ensure
from lineage.embedded.lock import locked, neo4j_version
from lineage.errors import ServerError

PORT_ATTEMPTS = 3
PORT_TAKEN = ("PortBindException", "Address already in use")
LAST_LINES = 15


@dataclass(frozen=True)
class Running:
    """A server that answers. ``uri`` is for drivers, ``browser_url`` for people; ``log`` is Neo4j's log file."""

    uri: str
    user: str
    password: str = field(repr=False)
    browser_url: str
    pid: int
    version: str
    home: Path
    log: Path


@dataclass(frozen=True)
class Status:
    """What is known of a home without starting anything; it holds no password.

    ``running``: its process lives. ``answering``: it serves queries too (not yet while it starts). What belongs to a
    running server is None when there is none. ``store_bytes`` is the data's space on disk, ``uptime_s`` in seconds.
    """

    running: bool
    answering: bool
    uri: str | None
    user: str
    browser_url: str | None
    pid: int | None
    version: str | None
    uptime_s: float | None
    store_bytes: int
    home: Path
    log: Path


def up(home: Path | str | None = None, *, progress: bool = True, timeout_s: float = 120.0) -> Running:
    """Start the server of a home, or find it running already, and return how to reach it.

    ``home`` defaults to ``LINEAGE_HOME``, else to the user's data directory. The first call of a user downloads the
    server (``progress`` shows it on standard error). ``timeout_s`` bounds the start in seconds, not the download.
    Raises ServerError: no download, a store of another Neo4j version, a lost password, a failed or too slow start.
    """
    place = resolve(home)
    place.create()
    if process.own_process(place, place.read_record()) is None:
        ensure(locked(), progress=progress)  # before the lock: others must not take a long download for a hanging start
    with _locked(place, timeout_s):
        record = place.read_record()
        if record is None or process.own_process(place, record) is None:
            record = _start(place, timeout_s)
        else:
            _wait(place, record, timeout_s)
        password = place.read_password()
    uri, browser_url = _addresses(record)
    return Running(uri, USER, password, browser_url, record.pid, record.version, place.root, place.log)


def down(home: Path | str | None = None, *, timeout_s: float = 60.0) -> bool:
    """Stop the server of a home and wait until it has; False when none ran.

    Only a process that this package started for this home is ever signalled. Raises ServerError when it has not
    stopped after ``timeout_s`` seconds.
    """
    place = resolve(home)
    if not (place.lock_file.exists() or place.record_file.exists()):  # not a home: leave no lock file in it
        return False
    with _locked(place, timeout_s):
        own = process.own_process(place, place.read_record())
        if own is not None:
            process.stop(own, place, timeout_s)
        place.record_file.unlink(missing_ok=True)
    return own is not None


@contextmanager
def stopped(home: Path | str | None = None, *, timeout_s: float = 60.0) -> Iterator[Home]:
    """Stop the server of a home and let nobody start it as long as the context lasts: for neo4j-admin's commands on the store.

    Raises ServerError as ``down`` does.
    """
    place = resolve(home)
    place.create()
    with _locked(place, timeout_s):
        own = process.own_process(place, place.read_record())
        if own is not None:
            process.stop(own, place, timeout_s)
        place.record_file.unlink(missing_ok=True)
        yield place


def status(home: Path | str | None = None) -> Status:
    """Describe the server of a home. Starts, creates and waits for nothing."""
    place = resolve(home)
    record = place.read_record()
    own = process.own_process(place, record)
    store_bytes = _disk_bytes(place.data)
    if record is None or own is None:
        return Status(False, False, None, USER, None, None, None, None, store_bytes, place.root, place.log)
    uri, browser_url = _addresses(record)
    return Status(
        True, process.answers(record), uri, USER, browser_url, record.pid, record.version, process.uptime_s(record),
        store_bytes, place.root, place.log,
    )  # fmt: skip


def _start(place: Home, timeout_s: float) -> Record:
    jars = locked()
    class_path = ensure(jars)
    place.claim_version(neo4j_version(jars))
    ensure_password(place)
    for attempt in range(1, PORT_ATTEMPTS + 1):
        record = process.spawn(place, class_path, process.pick_ports(), neo4j_version(jars))
        try:
            _wait(place, record, timeout_s)
            return record
        except ServerError:
            # Between our look at the ports and the server's, another program may have taken one: look again.
            if attempt == PORT_ATTEMPTS or not _port_was_taken(place, record):
                raise
    raise AssertionError("unreachable")


def _port_was_taken(place: Home, record: Record) -> bool:
    said = place.console.read_text("utf-8", errors="replace")
    return process.own_process(place, record) is None and any(words in said for words in PORT_TAKEN)


def _wait(place: Home, record: Record, timeout_s: float) -> None:
    """Return when the server answers; raises ServerError when it ended or has not answered in time."""
    deadline = time.monotonic() + timeout_s
    while not process.answers(record):
        if process.own_process(place, record) is None:
            place.record_file.unlink(missing_ok=True)
            raise ServerError(
                f"The server in {place.root} ended while it started. Its last lines:\n{_last_lines(place.console)}",
                hint=f"The whole story is in {place.log} and {place.logs / 'debug.log'}.",
            )
        if time.monotonic() > deadline:
            raise ServerError(
                f"The server in {place.root} (process {record.pid}) runs but has not answered within {timeout_s:g} "
                f"seconds. Its last lines:\n{_last_lines(place.console)}",
                hint="It goes on starting, which takes longer after a crash: run the same again to wait on, or stop it "
                "with 'lineage down'.",
            )
        time.sleep(process.POLL_S)


def _last_lines(file: Path) -> str:
    return "\n".join(file.read_text("utf-8", errors="replace").splitlines()[-LAST_LINES:])


@contextmanager
def _locked(place: Home, timeout_s: float) -> Iterator[None]:
    try:
        with FileLock(place.lock_file, timeout=timeout_s):
            yield
    except Timeout as error:
        raise ServerError(
            f"Another process has been starting or stopping the server in {place.root} for {timeout_s:g} seconds.",
            hint="Wait for it to end, then run the same again.",
        ) from error


def _addresses(record: Record) -> tuple[str, str]:
    return f"bolt://{conf.HOST}:{record.bolt_port}", f"http://{conf.HOST}:{record.http_port}/browser/"


def _disk_bytes(directory: Path) -> int:
    total = 0.0
    for file in directory.rglob("*"):
        try:
            stat = file.stat()
        except FileNotFoundError:  # a running server rotates and removes files
            continue
        # Blocks of 512 bytes where the system tells them: Neo4j's files have holes.
        total += getattr(stat, "st_blocks", stat.st_size / 512) * 512
    return int(total)
