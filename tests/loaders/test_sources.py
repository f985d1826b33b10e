"""Opening what the user named."""

from __future__ import annotations

import gzip
import http.server
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from reading import only

from lineage.errors import SourceError
from lineage.facts import HandoffEvent, Reject
from loaders.handoffs import read
from loaders.sources import Document, Source, open_source

LINE = (
    b'{"specversion":"1.0","id":"e-1","source":"a","type":"lineage.handoff.sent","subject":"episode:1","data":{"route":"r"}}\n'
)


def opened(given: Path | str, scratch: Path) -> Source:
    return open_source(str(given), accepts=read.accepts, scratch=scratch)


def events(source: Source) -> list[HandoffEvent]:
    return only(HandoffEvent, list(read.read(source, read.settings())))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "in"
    (folder / "sub").mkdir(parents=True)
    (folder / "a.jsonl").write_bytes(LINE)
    (folder / "sub" / "b.JSONL.gz").write_bytes(gzip.compress(LINE))
    (folder / "notes.txt").write_text("no")
    (folder / ".hidden.jsonl").write_bytes(LINE)
    with zipfile.ZipFile(folder / "c.zip", "w") as archive:
        archive.writestr("x/c.jsonl", LINE)
        archive.writestr("x/readme.md", "no")
    return folder


def test_a_directory(folder: Path, tmp_path: Path) -> None:
    source = opened(folder, tmp_path)
    assert [document.name for document in source.documents] == ["a.jsonl", "c.zip!x/c.jsonl", "sub/b.JSONL.gz"]
    assert source.skipped == ("notes.txt",)
    assert [event.position for event in events(source)] == [
        "a.jsonl: line 1",
        "c.zip!x/c.jsonl: line 1",
        "sub/b.JSONL.gz: line 1",
    ]


def test_a_file_is_read_whatever_its_name(folder: Path, tmp_path: Path) -> None:
    (folder / "notes.txt").write_bytes(LINE)
    assert [event.position for event in events(opened(folder / "notes.txt", tmp_path))] == ["line 1"]


def test_a_glob(folder: Path, tmp_path: Path) -> None:
    assert len(events(opened(f"{folder}/**/*.[jJ]*", tmp_path))) == 2


@pytest.mark.parametrize("given", ["nothing.jsonl", "*.nothing", "empty"])
def test_nothing_there(given: str, folder: Path, tmp_path: Path) -> None:
    (folder / "empty").mkdir()
    with pytest.raises(SourceError):
        opened(folder / given, tmp_path)


def test_the_hash_ignores_names(folder: Path, tmp_path: Path) -> None:
    before = opened(folder / "a.jsonl", tmp_path).sha256
    (folder / "a.jsonl").rename(folder / "z.jsonl")
    assert opened(folder / "z.jsonl", tmp_path).sha256 == before


def test_one_bad_document_does_not_stop_the_next(folder: Path, tmp_path: Path) -> None:
    (folder / "a.jsonl.gz").write_bytes(gzip.compress(LINE * 50)[:-8])
    (folder / "b.zip").write_bytes((folder / "c.zip").read_bytes().replace(b"lineage", b"LINEAGE"))
    said = list(read.read(opened(folder, tmp_path), read.settings()))
    assert len(only(Reject, said)) == 2
    assert {event.position.partition(":")[0] for event in only(HandoffEvent, said)} >= {"a.jsonl", "c.zip!x/c.jsonl"}


def test_an_encrypted_member(tmp_path: Path) -> None:
    path = tmp_path / "e.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("e.jsonl", LINE)
    data = bytearray(path.read_bytes())
    data[6] |= 1  # general purpose flag, bit 0: encrypted (APPNOTE 4.4.4), in the local and the central header
    data[data.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(data)
    (reject,) = only(Reject, list(read.read(opened(path, tmp_path), read.settings())))
    assert "password" in reject.reason


def test_a_name_that_is_not_utf_8(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_bytes(LINE + b"no\n")
    source = Source("s", (Document("caf\udce9.jsonl", path, alone=False),))
    said = only(HandoffEvent, list(read.read(source, read.settings())))
    assert [event.position for event in said] == ["caf\\udce9.jsonl: line 1"]


@pytest.fixture
def server() -> Iterator[str]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if self.path == "/log.jsonl" else 503)
            self.end_headers()
            self.wfile.write(LINE)

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{running.server_address[1]}"
        running.shutdown()


def test_a_url(server: str, tmp_path: Path) -> None:
    source = opened(f"{server}/log.jsonl", tmp_path)
    assert source.documents[0].url == f"{server}/log.jsonl"
    assert len(events(source)) == 1
    with pytest.raises(SourceError, match="503"):
        opened(f"{server}/gone", tmp_path)
