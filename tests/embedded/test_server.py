"""The embedded server, on real Neo4j processes."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import socket
import stat
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import neo4j
import psutil
import pytest
import requests
from neo4j.exceptions import AuthError

from lineage.embedded import Running, down, process, status, up
from lineage.embedded.home import Home
from lineage.embedded.lock import locked, neo4j_version
from lineage.errors import ServerError


def query(server: Running, cypher: str) -> list[neo4j.Record]:
    with neo4j.GraphDatabase.driver(server.uri, auth=(server.user, server.password)) as driver:
        return driver.execute_query(cypher, database_="neo4j").records


def servers_of(home: Path) -> list[int]:
    return [
        found.pid
        for found in psutil.process_iter()
        if found.status() != psutil.STATUS_ZOMBIE and f"--home-dir={home}" in found.cmdline()
    ]


def port(uri: str) -> int:
    return int(uri.removesuffix("/browser/").rpartition(":")[2])


def listen_on_usual_ports(stack: ExitStack) -> None:
    """Take 7687 and 7474, unless some program of this machine has them already."""
    for usual in (process.USUAL_BOLT, process.USUAL_HTTP):
        taker = stack.enter_context(socket.socket())
        try:
            taker.bind(("127.0.0.1", usual))
        except OSError:
            continue
        taker.listen()


def test_up_again_finds_the_same_server(server: Running) -> None:
    assert up(server.home) == server
    assert servers_of(server.home) == [server.pid]


def test_version_is_the_locked_one(server: Running) -> None:
    rows = query(server, "CALL dbms.components() YIELD name, versions, edition RETURN name, versions[0], edition")
    assert ["Neo4j Kernel", server.version, "community"] in [row.values() for row in rows]
    assert server.version == neo4j_version(locked())


def test_only_the_right_password_gets_in(server: Running) -> None:
    for auth in (("neo4j", "wrong-password"), ("neo4j", "neo4j"), None):
        with neo4j.GraphDatabase.driver(server.uri, auth=auth) as driver, pytest.raises(AuthError):
            driver.verify_connectivity()
    assert query(server, "RETURN 1 AS one")[0]["one"] == 1


def test_password_is_closed_to_others_and_not_shown(server: Running) -> None:
    file = server.home / "password"
    assert file.read_text() == server.password
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(server.home.stat().st_mode) == 0o700
    assert server.password not in repr(server) + repr(status(server.home))
    assert not [log for log in (server.home / "logs").iterdir() if server.password in log.read_text("utf-8", "replace")]


def test_listens_on_the_loopback_address_only(server: Running) -> None:
    listening = [
        found.laddr for found in psutil.Process(server.pid).net_connections(kind="inet") if found.status == psutil.CONN_LISTEN
    ]
    assert {at.port for at in listening} == {port(server.uri), port(server.browser_url)}
    assert {at.ip.removeprefix("::ffff:") for at in listening} == {"127.0.0.1"}


def test_browser_is_served(server: Running) -> None:
    answer = requests.get(server.browser_url, timeout=10)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/html")
    assert "Neo4j Browser" in answer.text


def test_nothing_is_reported_to_anyone(server: Running) -> None:
    records = query(server, "SHOW SETTINGS YIELD name, value")
    value = {record["name"]: record["value"] for record in records}
    off = (
        "client.allow_telemetry",
        "dbms.fleet_manager.enabled",
        "dbms.usage_report.enabled",
        "server.bolt.telemetry.enabled",
        "server.fleet_discovery.enabled",
        "server.http.x_forward.enabled",
        "server.https.enabled",
    )
    assert {name: value[name] for name in off} == dict.fromkeys(off, "false")
    assert value["server.config.strict_validation.enabled"] == "true"


def test_status_of_a_running_server(server: Running) -> None:
    seen = status(server.home)
    assert seen.running and seen.answering
    assert (seen.uri, seen.user, seen.browser_url, seen.pid, seen.version, seen.home, seen.log) == (
        server.uri, server.user, server.browser_url, server.pid, server.version, server.home, server.log,
    )  # fmt: skip
    assert seen.uptime_s is not None and 0 < seen.uptime_s < 600
    assert 100_000 < seen.store_bytes < 100_000_000
    assert "Started." in seen.log.read_text()


def test_status_and_down_without_a_home_create_nothing(tmp_path: Path) -> None:
    home = tmp_path / "none"
    seen = status(home)
    assert (seen.running, seen.answering, seen.uri, seen.pid, seen.store_bytes) == (False, False, None, None, 0)
    assert down(home) is False
    assert not home.exists()


def test_home_comes_from_the_environment(server: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LINEAGE_HOME", str(server.home))
    assert status().pid == server.pid


def test_two_ups_at_once_start_one_server_beside_taken_ports(spare: Path, python_env: dict[str, str]) -> None:
    down(spare)
    script = "import sys; from lineage.embedded import up; r = up(sys.argv[1]); print(r.pid, r.uri, r.browser_url)"
    with ExitStack() as stack:
        listen_on_usual_ports(stack)
        ups = [
            subprocess.Popen([sys.executable, "-c", script, str(spare)], env=python_env, stdout=subprocess.PIPE, text=True)
            for _ in range(2)
        ]
        first, second = (started.communicate(timeout=120)[0].split() for started in ups)
    assert first == second
    pid, uri, browser_url = int(first[0]), first[1], first[2]
    assert servers_of(spare) == [pid]  # and it has outlived both processes that asked for it
    assert os.getsid(pid) == pid  # in a session of its own: Ctrl-C in the terminal does not reach it
    assert port(uri) != process.USUAL_BOLT and port(browser_url) != process.USUAL_HTTP
    assert up(spare).uri == uri


def test_a_port_lost_between_look_and_start_is_replaced(spare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    down(spare)
    with socket.socket() as faster:
        faster.bind(("127.0.0.1", 0))
        faster.listen()
        lost, honest = faster.getsockname()[1], process.pick_ports
        picks = iter([(lost, honest()[1])])
        monkeypatch.setattr(process, "pick_ports", lambda: next(picks, None) or honest())
        running = up(spare)
    assert port(running.uri) != lost
    assert next(picks, None) is None
    assert query(running, "RETURN 1 AS one")[0]["one"] == 1


def test_the_server_of_another_home_that_took_the_ports_is_not_taken_for_ours(
    server: Running, spare: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    down(spare)
    honest, picks = process.pick_ports, iter([(port(server.uri), port(server.browser_url))])
    monkeypatch.setattr(process, "pick_ports", lambda: next(picks, None) or honest())
    running = up(spare)
    assert next(picks, None) is None
    assert running.uri != server.uri
    assert query(running, "RETURN 1 AS one")[0]["one"] == 1  # with its own password


def test_killed_server_comes_back_with_its_data(spare: Path) -> None:
    before = up(spare)
    query(before, "MERGE (n:Kept {id: 'k'}) SET n.rows = range(1, 1000)")
    os.kill(before.pid, signal.SIGKILL)
    psutil.Process(before.pid).wait(10)
    assert not status(spare).running
    assert (spare / "server.json").exists()  # stale now
    with pytest.raises(ServerError, match="has not answered within"):
        up(spare, timeout_s=0.3)
    recovering = status(spare)
    assert recovering.running and not recovering.answering
    after = up(spare)  # waits for the one that is starting
    assert after.pid == recovering.pid
    assert after.pid != before.pid
    assert after.password == before.password
    assert query(after, "MATCH (n:Kept {id: 'k'}) RETURN size(n.rows) AS rows")[0]["rows"] == 1000
    # And it stops cleanly, by itself, leaving nothing that runs.
    assert down(spare) is True
    assert servers_of(spare) == []
    assert after.log.read_text().rstrip().endswith("Stopped.")
    assert not (spare / "server.json").exists()
    assert down(spare) is False
    assert status(spare).store_bytes > 0


def test_a_foreign_process_with_the_recorded_pid_is_left_alone(tmp_path: Path) -> None:
    home = Home(tmp_path)
    with subprocess.Popen(["sleep", "60"]) as foreign:
        try:
            record = {"bolt_port": 7687, "http_port": 7474, "version": "2026.09.0", "pid": foreign.pid}
            started = psutil.Process(foreign.pid).create_time() - psutil.boot_time()
            for after_boot in (started, started - 3600):  # the same moment even; or the pid was used again
                home.record_file.write_text(json.dumps(record | {"started_after_boot": after_boot}))
                assert not status(tmp_path).running
                assert down(tmp_path) is False
                assert foreign.poll() is None
                assert not home.record_file.exists()
        finally:
            foreign.kill()


def test_own_server_is_not_taken_for_that_of_another_home(server: Running, tmp_path: Path) -> None:
    (tmp_path / "server.json").write_text((server.home / "server.json").read_text())
    assert not status(tmp_path).running
    assert down(tmp_path) is False
    assert status(server.home).answering


def test_a_corrected_system_clock_does_not_lose_the_server(server: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    # Linux derives the time a process started from the time of day; psutil reads it here.
    real, before = psutil.boot_time(), psutil.Process(server.pid).create_time()
    monkeypatch.setattr("psutil._pslinux.boot_time", lambda: real - 3600)
    assert psutil.Process(server.pid).create_time() < before - 3000
    assert up(server.home) == server


def test_failed_start_shows_the_last_log_lines(spare: Path) -> None:
    down(spare)
    databases = spare / "data" / "databases"
    databases.mkdir(parents=True, exist_ok=True)
    with (databases / "store_lock").open("w") as held:
        fcntl.lockf(held, fcntl.LOCK_EX | fcntl.LOCK_NB)  # as if a server that nobody recorded had the store open
        with pytest.raises(ServerError) as caught:
            up(spare)
    assert "ended while it started" in caught.value.message
    assert "store_lock" in caught.value.message
    assert "debug.log" in caught.value.hint
    assert not status(spare).running


@pytest.mark.parametrize("theirs", ["2020.01.0", "2099.01.0", None])
def test_a_store_of_another_version_is_refused(tmp_path: Path, theirs: str | None) -> None:
    (tmp_path / "data" / "databases" / "system").mkdir(parents=True)
    if theirs:
        (tmp_path / "version").write_text(theirs)
    with pytest.raises(ServerError, match=theirs or "unknown version"):
        up(tmp_path)
    assert servers_of(tmp_path) == []


def test_a_lost_password_is_said_clearly(tmp_path: Path) -> None:
    (tmp_path / "data" / "databases" / "system").mkdir(parents=True)
    (tmp_path / "version").write_text(neo4j_version(locked()))
    with pytest.raises(ServerError, match=r"password .* is lost") as caught:
        up(tmp_path)
    assert str(tmp_path / "password") in caught.value.message
    assert not (tmp_path / "password").exists()
