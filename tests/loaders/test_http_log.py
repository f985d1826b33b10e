"""The feed of web servers' access logs."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from reading import FIXTURES, check_good, check_hostile, files, load, load_text, only, rejects

from lineage.facts import Finding, HandoffEvent, Said
from loaders.http_log import read


def line(request: str = "PUT /in/a%20b.mp3?x=1 HTTP/1.1", status: int = 201, user: str = "acme") -> str:
    return f'198.51.100.7 - {user} [21/Nov/2026:10:00:00 +0100] "{request}" {status} 17 "-" "agent \\" [x]"\n'


def said(text: str, **settings: Any) -> list[Said]:
    return load_text(read, "access.log", text, **settings)


def events(text: str, **settings: Any) -> list[HandoffEvent]:
    return only(HandoffEvent, said(text, **settings))


@pytest.mark.parametrize("path", files("http-log", read), ids=lambda path: path.name)
def test_fixture(path: Path) -> None:
    check_good(read, path)


@pytest.mark.parametrize("path", files("hostile/http-log", read), ids=lambda path: path.name)
def test_hostile(path: Path) -> None:
    check_hostile(read, path)


def test_an_upload() -> None:
    (event,) = events(line())
    assert event.model_dump(exclude_none=True, exclude_defaults=True) == {
        "id": event.id,
        "source": "urn:http-log",
        "type": "received",
        "raw_type": "PUT 201",
        "time": datetime(2026, 11, 21, 9, tzinfo=UTC),
        "offset": "+01:00",
        "in_reply_to": "a b.mp3",
        "detail": "PUT 201 /in/a b.mp3; user acme; from 198.51.100.7",
    }


@pytest.mark.parametrize(
    ("method", "status", "kind", "code"),
    [
        ("POST", 202, "received", None),
        ("PATCH", 400, "rejected", "400"),
        ("PUT", 415, "rejected", "415"),
        ("PUT", 403, "failed", "403"),
        ("POST", 503, "failed", "503"),
        ("GET", 200, "picked_up", None),
        ("GET", 206, "picked_up", None),
        ("GET", 400, "failed", "400"),
        ("GET", 404, "failed", "404"),
        ("DELETE", 204, "unknown", None),
    ],
)
def test_meanings(method: str, status: int, kind: str, code: str | None) -> None:
    (event,) = events(line(f"{method} /f.csv HTTP/1.1", status))
    assert (event.type, event.code) == (kind, code)


@pytest.mark.parametrize(
    ("request_line", "status"),
    [
        ("HEAD /f HTTP/1.1", 200),
        ("HEAD /f HTTP/1.1", 404),
        ("OPTIONS /f HTTP/1.1", 204),
        ("GET /f HTTP/1.1", 304),
        ("GET /f HTTP/1.1", 204),
        ("PUT /f HTTP/1.1", 307),
        ("DELETE /f HTTP/1.1", 404),
        ("POST / HTTP/1.1", 200),
        ("-", 408),
        ("\\x16\\x03\\x01", 400),
    ],
)
def test_what_proves_nothing_is_passed_over(request_line: str, status: int) -> None:
    assert said(line(request_line, status)) == []


def test_whole_handoff_by_settings() -> None:
    put, get = events(
        line() + line("GET http://host/out/r.csv HTTP/1.1", 200, "-"),
        server="inbox",
        system={"acme": "cms", "198.51.100.7": "partner"},
        item="asset:{stem}",
        answers="path",
    )
    assert (put.item, put.from_, put.to, put.reporter, put.in_reply_to) == ("asset:a b", "cms", "inbox", "inbox", "/in/a b.mp3")
    assert (get.item, get.from_, get.to, get.in_reply_to) == ("asset:r", "inbox", "partner", "/out/r.csv")


def test_only_the_paths_that_are_wanted() -> None:
    assert [e.in_reply_to for e in events(line() + line("PUT /other/c HTTP/1.1"), path="/in/*.mp3")] == ["a b.mp3"]


def test_a_query_parameter_as_the_message() -> None:
    text = line("POST /api?id=m%201&x=2 HTTP/1.1") + line("POST /api?x=2 HTTP/1.1")
    assert [e.in_reply_to for e in events(text, answers="query:id")] == ["m 1"]
    assert [r.position for r in rejects(said(text, answers="query:"))] == ["settings"]
    assert [r.position for r in rejects(said(text, answers="header"))] == ["settings"]


def test_queries_are_not_kept() -> None:
    (event,) = events(line("PUT /a.mp3?signature=s3cret HTTP/1.1"))
    assert "s3cret" not in event.model_dump_json()


def test_nginx_json_by_usual_and_own_names() -> None:
    found = only(HandoffEvent, load(read, FIXTURES / "http-log" / "nginx-access.log"))
    assert [(e.type, e.in_reply_to) for e in found] == [
        ("received", "asset-42.mp3"),
        ("picked_up", "report.csv"),
        ("rejected", "asset-43.mp3"),
    ]
    own = {"m": "PUT", "u": {"p": "/a.mp3"}, "s": 200, "t": "2026-11-21T09:00:00Z"}
    names = {"method": "m", "target": "u.p", "status": "s", "time": "t"}
    assert [(e.type, e.offset) for e in events(json.dumps(own), field=names)] == [("received", "Z")]
    assert [r.position for r in rejects(said(json.dumps(own), field={"verb": "m"}))] == ["settings"]
    timeless = said(json.dumps({"request": "PUT /a HTTP/1.1", "status": 200}))
    assert [f.finding for f in only(Finding, timeless)] == ["bad-time"]


def test_w3c_columns_are_those_of_the_header_and_may_change() -> None:
    text = (
        "#Version: 1.0\n#Fields: date time cs-method cs-uri-stem cs-uri-query sc-status c-ip\n"
        "2026-11-21 09:00:00 PUT /a.mp3 - 201 198.51.100.7\n"
        "#Fields: cs-uri-stem sc-status cs-method date time cs-username s-ip\n"
        "/b.mp3 200 GET 2026-11-21 09:00:01 acme 192.0.2.1\n"
    )
    put, get = events(text, system={"198.51.100.7": "cms", "192.0.2.1": "inbox", "acme": "partner"}, timezone="Asia/Tokyo")
    assert (put.type, put.in_reply_to, put.from_, put.to) == ("received", "a.mp3", "cms", None)
    assert (get.type, get.in_reply_to, get.from_, get.to) == ("picked_up", "b.mp3", "inbox", "partner")
    # The format says UTC, whatever zone other logs of that server are in.
    assert (get.time, get.offset) == (datetime(2026, 11, 21, 9, 0, 1, tzinfo=UTC), "Z")


def test_cloudfront() -> None:
    (event,) = only(HandoffEvent, load(read, FIXTURES / "http-log" / "cloudfront-access.log", server="cdn"))
    assert (event.type, event.in_reply_to, event.from_) == ("picked_up", "asset one.mp3", "cdn")


def test_a_line_is_the_same_event_wherever_it_stands() -> None:
    other = line("PUT /c HTTP/1.1")
    assert [e.id for e in events(line() + other)] == [e.id for e in reversed(events(other + line()))]
