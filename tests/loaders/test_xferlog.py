"""The feed of file servers' logs."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from reading import check_good, check_hostile, files, load, load_text, only, rejects, sample

from lineage.facts import Finding, HandoffEvent, Said
from loaders.xferlog import read

IN = "Sat Nov 21 10:00:00 2026 2 198.51.100.7 20480 /in/a b.mp3 b _ i r acme ftp 0 * c\n"
OUT = "Sat Nov 21 10:00:01 2026 2 host.example.net 5 /out/r.csv a _ o r partner ftp 0 * c\n"


def said(text: str, **settings: Any) -> list[Said]:
    return load_text(read, "x.log", text, **settings)


def events(text: str, **settings: Any) -> list[HandoffEvent]:
    return only(HandoffEvent, said(text, **settings))


def session(*messages: str, start: str = "Nov 21 10:00:0") -> str:
    lines = ["session opened for local user acme from [198.51.100.7]", *messages]
    return "".join(f"{start}{number} sftp1 internal-sftp[7]: {message}\n" for number, message in enumerate(lines))


@pytest.mark.parametrize("path", files("xferlog", read), ids=lambda path: path.name)
def test_fixture(path: Path) -> None:
    check_good(read, path)


@pytest.mark.parametrize("path", files("hostile/xferlog", read), ids=lambda path: path.name)
def test_hostile(path: Path) -> None:
    check_hostile(read, path)


def test_a_real_log() -> None:
    found = load(read, sample("xferlog/recordstream.xferlog"))
    assert [event.type for event in only(HandoffEvent, found)] == ["picked_up"] * 4
    third = only(HandoffEvent, found)[2]
    assert third.in_reply_to == "file with spaces in it.zip"
    assert third.time == datetime(2001, 10, 1, 17, 9, 27, tzinfo=UTC)
    assert third.offset is None


def test_an_upload_answers_its_file_and_nothing_else_without_settings() -> None:
    (event,) = events(IN)
    assert event.model_dump(exclude_none=True, exclude_defaults=True) == {
        "id": event.id,
        "source": "urn:xferlog",
        "type": "received",
        "time": datetime(2026, 11, 21, 10, tzinfo=UTC),
        "in_reply_to": "a b.mp3",
        "detail": "20480 bytes in 2 s; path /in/a b.mp3; user acme; from 198.51.100.7; ftp",
    }


def test_settings_make_it_a_whole_handoff() -> None:
    settings = {"item": "asset:{stem}", "answers": "path", "server": "inbox", "timezone": "Europe/Stockholm"}
    coming, going = events(IN + OUT, system={"acme": "acme-cms", "host.example.net": "partner-host"}, **settings)
    assert (coming.from_, coming.to, coming.reporter, coming.source) == (
        "acme-cms",
        "inbox",
        "inbox",
        "urn:lineage:system:inbox",
    )
    assert (coming.item, coming.in_reply_to) == ("asset:a b", "/in/a b.mp3")
    assert (coming.time, coming.offset) == (datetime(2026, 11, 21, 9, tzinfo=UTC), "+01:00")
    assert (going.type, going.from_, going.to) == ("picked_up", "inbox", "partner-host")


@pytest.mark.parametrize(
    ("direction", "completion", "kind", "code", "raw"),
    [
        ("i", "c", "received", None, None),
        ("i", "i", "failed", "incomplete", None),
        ("o", "c", "picked_up", None, None),
        ("o", "i", "failed", "incomplete", None),
        ("d", "c", "unknown", None, "deleted"),
    ],
)
def test_directions(direction: str, completion: str, kind: str, code: str | None, raw: str | None) -> None:
    (event,) = events(IN.replace(" i r ", f" {direction} r ").replace("* c", f"* {completion}"))
    assert (event.type, event.code, event.raw_type) == (kind, code, raw)


def test_a_deletion_names_no_ends() -> None:
    (event,) = events(IN.replace(" i r ", " d r "), server="inbox", system={"acme": "cms"})
    assert (event.from_, event.to, event.reporter) == (None, None, "inbox")


def test_a_line_is_the_same_event_wherever_it_stands() -> None:
    assert [e.id for e in events(OUT + IN)] == [e.id for e in reversed(events(IN + OUT))]
    assert len({e.id for e in events(IN + IN + OUT)}) == 2


@pytest.mark.parametrize(
    "settings",
    [
        {"item": "asset:{bucket}"},
        {"item": "asset:{name"},
        {"item": "{name}"},
        {"answers": "uri"},
        {"timezone": "Europe"},
        {"timezone": "Mars/Olympus"},
    ],
)
def test_settings_that_cannot_be_meant(settings: dict[str, str]) -> None:
    (reject,) = rejects(said(IN, **settings))
    assert reject.position == "settings"
    assert reject.hint


def test_an_item_is_left_out_where_its_template_has_no_value() -> None:
    (event,) = events("Nov 21 10:00:00 h internal-sftp[1]: " + 'close "/in/a" bytes read 0 written 1\n', item="asset:{user}")
    assert event.item is None


def test_a_session_of_openssh() -> None:
    found = events(
        session(
            'open "/in/a.part" flags WRITE,CREATE,TRUNCATE mode 0666',
            'close "/in/a.part" bytes read 0 written 9',
            'posix-rename old "/in/a.part" new "/in/a.mp3"',
            'open "/out/r.csv" flags READ mode 0666',
            'close "/out/r.csv" bytes read 4 written 0',
            "session closed for local user acme from [198.51.100.7]",
        ),
        year=2026,
        server="inbox",
        system={"acme": "cms"},
    )
    assert [(e.type, e.in_reply_to, e.from_, e.to, e.position) for e in found] == [
        ("picked_up", "r.csv", "inbox", "cms", "line 6"),
        ("received", "a.mp3", "cms", "inbox", "line 3"),
    ]
    assert found[1].time == datetime(2026, 11, 21, 10, 0, 2, tzinfo=UTC)


def test_a_rename_that_was_refused_did_not_happen() -> None:
    (event,) = events(
        session('close "/in/a.part" bytes read 0 written 9', 'rename old "/in/a.part" new "/in/a"', "sent status Failure")
    )
    assert (event.type, event.in_reply_to) == ("received", "a.part")


def test_a_status_is_about_the_line_before_it() -> None:
    refused, missing = events(
        session(
            'open "/in/a" flags WRITE,CREATE mode 0666',
            "sent status Permission denied",
            'open "/out/b" flags READ mode 0666',
            "sent status No such file",
        )
    )
    assert (refused.type, refused.code, refused.in_reply_to) == ("failed", "permission-denied", "a")
    assert (missing.type, missing.code) == ("failed", "no-such-file")
    # After opening a file for writing, a status of a request that is not logged says nothing of the file.
    (event,) = events(
        session('open "/in/a" flags WRITE mode 0666', "sent status No such file", 'close "/in/a" bytes read 0 written 3')
    )
    assert event.type == "received"
    (event,) = events(
        session('open "/in/a" flags WRITE mode 0666', "sent status Failure", 'close "/in/a" bytes read 0 written 3')
    )
    assert (event.type, event.code) == ("failed", "failure")


def test_an_empty_file_arrives_only_if_it_was_opened_for_writing() -> None:
    (event,) = events(session('open "/in/flag" flags WRITE,CREATE mode 0666', 'close "/in/flag" bytes read 0 written 0'))
    assert event.type == "received"
    (event,) = events(session('open "/in/flag" flags READ mode 0666', 'close "/in/flag" bytes read 0 written 0'))
    assert (event.type, event.raw_type) == ("unknown", "close")


def test_what_openssh_escapes_is_read() -> None:
    (event,) = events(session(r'close "/in/gr\303\266n \\ 1.mp3" bytes read 0 written 3'))
    assert event.in_reply_to == "grön \\ 1.mp3"


def test_two_sessions_do_not_mix() -> None:
    text = (
        'Nov 21 10:00:00 h internal-sftp[1]: close "/a.part" bytes read 0 written 1\n'
        'Nov 21 10:00:01 h internal-sftp[2]: rename old "/a.part" new "/a"\n'
    )
    assert [(e.type, e.in_reply_to) for e in events(text)] == [("received", "a.part"), ("unknown", "a")]


def test_the_year_goes_on_over_new_year_and_is_not_guessed() -> None:
    text = session('close "/a" bytes read 0 written 1', start="Dec 31 23:59:0")
    text += 'Jan  1 00:00:00 sftp1 internal-sftp[7]: close "/b" bytes read 0 written 1\n'
    assert [e.time and e.time.year for e in events(text, year=2026)] == [2026, 2027]
    undated = said(text)
    assert [e.time for e in only(HandoffEvent, undated)] == [None, None]
    assert [f.finding for f in only(Finding, undated)] == ["no-year"]


def test_vsftpd_uploads_and_their_names() -> None:
    pid = "Sat Nov 21 10:00:00 2026 [pid 3] [acme] "
    text = f'{pid}OK UPLOAD: Client "::1", "/in/a b.tmp", 7 bytes, 1.0Kbyte/sec\n'
    rename = f'{pid}OK RENAME: Client "::1", "/in/a b.tmp /in/a b.csv"\n'
    failed = f'{pid}FAIL DOWNLOAD: Client "::1", "/out/c.csv", 0.00Kbyte/sec\n'
    assert [(e.type, e.in_reply_to) for e in events(text + rename)] == [("received", "a b.csv")]
    assert [(e.type, e.in_reply_to, e.code) for e in events(failed)] == [("failed", "c.csv", "fail")]
    syslogged = text.replace("Sat Nov 21 10:00:00 2026 [pid 3]", "2026-11-21T10:00:00Z ftp1 vsftpd[3]:")
    assert [(e.type, e.offset) for e in events(syslogged)] == [("received", "Z")]


def test_memory_of_sessions_is_bounded_and_nothing_is_lost() -> None:
    lines = (f'Nov 21 10:00:00 h internal-sftp[{pid}]: close "/f{pid}" bytes read 0 written 1\n' for pid in range(2500))
    assert len({e.in_reply_to for e in events("".join(lines))}) == 2500
    lines = (f'Nov 21 10:00:00 h internal-sftp[1]: close "/f{n}" bytes read 0 written 1\n' for n in range(300))
    assert len({e.in_reply_to for e in events("".join(lines))}) == 300


def test_lines_of_other_programs_are_no_rejects_and_garbage_is() -> None:
    other = "Nov 21 10:00:00 h cron[1]: job\nNov 21 10:00:00 h last message repeated 2 times\n<13>1 2026-11-21T10:00:00Z h a - - - x\n"
    assert said(other) == []
    assert [r.position for r in rejects(said(other + "nonsense\n"))] == ["line 4"]
