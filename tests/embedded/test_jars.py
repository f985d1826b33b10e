"""The jar cache, against a small repository on this machine that can misbehave."""

from __future__ import annotations

import hashlib
import os
import random
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from lineage.embedded import jars, lock
from lineage.embedded.download import CHUNK_BYTES
from lineage.embedded.lock import Jar
from lineage.errors import ServerError


class Repository(ThreadingHTTPServer):
    """Serves ``files`` (path to content) and remembers what was asked.

    ``requests``: the (path, first byte) of each. ``break_after``: a path's answers break off after so many bytes.
    ``refuse``: how many coming requests are answered with 503. ``ranges``: whether it honours Range.
    """

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.files: dict[str, bytes] = {}
        self.requests: list[tuple[str, int]] = []
        self.break_after: dict[str, int] = {}
        self.refuse = 0
        self.ranges = True

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/maven"

    def add(self, name: str, content: bytes) -> Jar:
        jar = Jar("org.example", name, "1.0", "", hashlib.sha256(content).hexdigest(), len(content))
        self.files[jar.path] = content
        return jar


class Handler(BaseHTTPRequestHandler):
    server: Repository

    def do_GET(self) -> None:
        path = self.path.removeprefix("/maven/")
        first = int(self.headers.get("Range", "bytes=0-").removeprefix("bytes=").removesuffix("-"))
        self.server.requests.append((path, first))
        if self.server.refuse:
            self.server.refuse -= 1
            self.send_error(503)
            return
        if path not in self.server.files:
            self.send_error(404)
            return
        content = self.server.files[path]
        body = content[first:] if self.server.ranges else content
        self.send_response(206 if self.server.ranges and "Range" in self.headers else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: self.server.break_after.get(path, len(body))])

    def log_message(self, format: str, *args: object) -> None:
        """Keep the tests' output clean."""


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Repository]:
    """The repository, set as the mirror to use, beside an empty jar cache and no local Maven repository."""
    for name in ("MAVEN_OPTS", "MAVEN_ARGS", "HTTP_PROXY", "http_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LINEAGE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("M2_REPO", str(tmp_path / "m2"))
    with Repository() as serving:
        monkeypatch.setenv("LINEAGE_MAVEN_URL", serving.url)
        thread = threading.Thread(target=serving.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield serving
        finally:
            serving.shutdown()
            thread.join()


@pytest.fixture
def three(repository: Repository) -> list[Jar]:
    chance = random.Random(7)
    return [repository.add(name, chance.randbytes(size)) for name, size in (("a", 100_000), ("b", 5_000), ("c", 1))]


def check(files: list[Path], expected: list[Jar], repository: Repository) -> None:
    assert [file.read_bytes() for file in files] == [repository.files[jar.path] for jar in expected]


def put_in_local_repository(root: Path, jar: Jar, content: bytes) -> None:
    file = root / jar.path
    file.parent.mkdir(parents=True)
    file.write_bytes(content)


def test_each_jar_is_fetched_once(repository: Repository, three: list[Jar]) -> None:
    check(jars.ensure(three), three, repository)
    check(jars.ensure(three), three, repository)
    assert sorted(repository.requests) == sorted((jar.path, 0) for jar in three)


@pytest.mark.parametrize("damage", ["flipped", "flipped, its time put back", "shorter", "gone"])
def test_a_damaged_jar_is_fetched_anew(repository: Repository, three: list[Jar], damage: str) -> None:
    file = jars.ensure(three)[0]
    content, before = file.read_bytes(), file.stat()
    if damage == "gone":
        file.unlink()
    elif damage == "shorter":
        os.truncate(file, 50_000)
    else:
        with file.open("r+b") as opened:
            opened.write(bytes([content[0] ^ 1]))
    if damage == "flipped, its time put back":
        os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    repository.requests.clear()
    check(jars.ensure(three), three, repository)
    assert repository.requests == [(three[0].path, 0)]


def test_a_dropped_connection_is_resumed(repository: Repository, three: list[Jar]) -> None:
    repository.break_after[three[0].path] = 4 * CHUNK_BYTES
    check(jars.ensure(three), three, repository)
    assert [first for path, first in repository.requests if path == three[0].path] == [0, 4 * CHUNK_BYTES]


def test_a_later_run_goes_on_where_an_earlier_one_stopped(repository: Repository, three: list[Jar]) -> None:
    repository.break_after[three[0].path] = CHUNK_BYTES
    with pytest.raises(ServerError, match=three[0].coordinates):
        jars.ensure(three)
    attempts = [first for path, first in repository.requests if path == three[0].path]
    assert attempts == [CHUNK_BYTES * number for number in range(len(attempts))]
    repository.break_after.clear()
    repository.requests.clear()
    check(jars.ensure(three), three, repository)
    assert repository.requests == [(three[0].path, CHUNK_BYTES * len(attempts))]  # and the complete ones not again


def test_a_server_without_ranges_is_read_from_the_start(repository: Repository, three: list[Jar]) -> None:
    part = jars.cache_dir() / (three[0].path + ".part")
    part.parent.mkdir(parents=True)
    part.write_bytes(repository.files[three[0].path][:30_000])
    repository.ranges = False
    check(jars.ensure(three), three, repository)


def test_a_damaged_part_is_dropped(repository: Repository, three: list[Jar]) -> None:
    part = jars.cache_dir() / (three[0].path + ".part")
    part.parent.mkdir(parents=True)
    part.write_bytes(bytes(30_000))
    check(jars.ensure(three), three, repository)
    assert [first for path, first in repository.requests if path == three[0].path] == [30_000, 0]


def test_a_busy_server_is_asked_again(repository: Repository, three: list[Jar]) -> None:
    repository.refuse = 2
    check(jars.ensure(three), three, repository)


def test_a_file_with_another_checksum_is_refused(repository: Repository, three: list[Jar]) -> None:
    repository.files[three[1].path] = b"x" * three[1].size
    with pytest.raises(ServerError, match="not the file this release expects") as caught:
        jars.ensure(three)
    assert three[1].coordinates in caught.value.message and three[1].sha256 in caught.value.message
    assert not list((jars.cache_dir() / three[1].path).parent.iterdir())


def test_a_missing_file_is_named(repository: Repository, three: list[Jar]) -> None:
    del repository.files[three[1].path]
    with pytest.raises(ServerError, match=rf"{three[1].coordinates} from .*/{three[1].path} \(HTTP status 404\)"):
        jars.ensure(three)


def test_offline_says_which_jar_from_where_and_what_to_do(
    repository: Repository, three: list[Jar], monkeypatch: pytest.MonkeyPatch
) -> None:
    # Port 1 of this machine: nobody listens there.
    monkeypatch.setenv("LINEAGE_MAVEN_URL", "http://someone:secret@127.0.0.1:1/maven")
    with pytest.raises(ServerError) as caught:
        jars.ensure(three[:1])
    assert three[0].coordinates in caught.value.message
    assert f"http://127.0.0.1:1/maven/{three[0].path}" in caught.value.message
    assert "LINEAGE_MAVEN_URL" in caught.value.hint and "HTTPS_PROXY" in caught.value.hint
    assert "secret" not in str(caught.value)
    assert repository.requests == []


@pytest.mark.parametrize("told_by", ["M2_REPO", "MAVEN_OPTS"])
def test_a_local_maven_repository_is_reused(
    repository: Repository, three: list[Jar], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, told_by: str
) -> None:
    local = tmp_path / "my maven"
    monkeypatch.setenv(told_by, f"-Xmx1g '-Dmaven.repo.local={local}'" if told_by == "MAVEN_OPTS" else str(local))
    put_in_local_repository(local, three[0], repository.files[three[0].path])
    put_in_local_repository(local, three[1], b"x" * three[1].size)  # the right name and size, but not the locked file
    check(jars.ensure(three), three, repository)
    assert sorted(path for path, _ in repository.requests) == [three[1].path, three[2].path]


def test_two_processes_share_one_download(repository: Repository, three: list[Jar], python_env: dict[str, str]) -> None:
    script = "import sys; from lineage.embedded import jars, lock; jars.ensure(lock.parse(sys.argv[1]))"
    runs = [
        subprocess.Popen([sys.executable, "-c", script, lock.render(tuple(three))], env=python_env, stderr=subprocess.PIPE)
        for _ in range(2)
    ]
    said = b"".join(run.communicate(timeout=60)[1] for run in runs)
    assert [run.returncode for run in runs] == [0, 0]
    assert sorted(repository.requests) == sorted((jar.path, 0) for jar in three)
    assert said.count(b"Fetching 3 jars") == 1 and b"\x1b" not in said  # not a terminal: one line, no control codes
    check(jars.ensure(three), three, repository)


def test_progress_can_be_switched_off(repository: Repository, three: list[Jar], capfd: pytest.CaptureFixture[str]) -> None:
    jars.ensure(three, progress=False)
    assert capfd.readouterr() == ("", "")
    assert repository.requests


def test_a_cache_that_cannot_be_written_is_said(three: list[Jar], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("not a directory")
    monkeypatch.setenv("LINEAGE_CACHE", str(tmp_path / "file"))
    with pytest.raises(ServerError, match="Cannot write the jar cache"):
        jars.ensure(three)


def test_the_committed_lock_is_whole() -> None:
    locked = lock.locked()
    assert lock.parse(lock.render(locked)) == locked
    assert len({jar.path for jar in locked}) == len(locked) > 200
    assert all(len(jar.sha256) == 64 and jar.size > 0 for jar in locked)
    assert {"neo4j", "neo4j-browser", "neo4j-server"} <= {jar.artifact for jar in locked}
    # The fast network libraries of all platforms, so that the list does not depend on who made it.
    assert {"linux-x86_64", "linux-aarch_64", "osx-x86_64", "osx-aarch_64"} <= {jar.classifier for jar in locked}
