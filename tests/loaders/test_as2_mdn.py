"""The AS2 receipt feed."""

from __future__ import annotations

import shutil
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reading import FIXTURES, check_good, check_hostile, files, load, load_text, only, rejects, sample

from lineage.facts import Finding, HandoffEvent
from loaders.as2_mdn import read

GOOD = FIXTURES / "as2-mdn"
HOSTILE = FIXTURES / "hostile" / "as2-mdn"
REAL = "phase2-4af6f84c-d882-4466-8e0c-305a7fbe37b3"


def mdn(disposition: str, *headers: str, message_id: str = "<m-1@spotify.example>") -> str:
    head = "".join(f"{header}\r\n" for header in headers)
    return (
        f"{head}Content-Type: multipart/report; report-type=disposition-notification; boundary=b\r\n\r\n"
        f"--b\r\nContent-Type: message/disposition-notification\r\n\r\n"
        f"Final-Recipient: rfc822; adhouse\r\nOriginal-Message-ID: {message_id}\r\nDisposition: {disposition}\r\n\r\n--b--\r\n"
    )


def event_of(text: str | bytes, **settings: object) -> HandoffEvent:
    (event,) = only(HandoffEvent, load_text(read, "a.mdn", text, **settings))
    return event


@pytest.mark.parametrize("path", files("as2-mdn", read), ids=lambda path: path.name)
def test_fixture(path: Path) -> None:
    check_good(read, path)


@pytest.mark.parametrize("path", files("hostile/as2-mdn", read), ids=lambda path: path.name)
def test_hostile(path: Path) -> None:
    check_hostile(read, path)


def test_a_real_signed_receipt() -> None:
    assert load(read, GOOD / f"{REAL}.payload") == [
        HandoffEvent(
            position="message",
            id="MOKOsi42435716cf621589dnode1POP000046@sfgt1.unix.fina.hr",
            source="urn:as2:POP000046",
            type="received",
            raw_type="processed",
            in_reply_to="4af6f84c-d882-4466-8e0c-305a7fbe37b3@QVALIA-PSE000094",
            detail=(
                "Automatic-action/mdn-sent-automatically;processed; mic=BNIQV5N+hShfIa+06dXMM4fkS8A=,sha1; "
                "signed, signature not verified; by POP000046 to PSE000094"
            ),
        )
    ]


@pytest.mark.parametrize("stem", [REAL, "signed-two-files"])
def test_two_files_are_one_message(stem: str, tmp_path: Path) -> None:
    either = [load(read, GOOD / f"{stem}.{half}") for half in ("header", "payload")]
    assert either[0] == either[1]
    assert len(either[0]) == 1
    for half in ("header", "payload"):
        shutil.copy(GOOD / f"{stem}.{half}", tmp_path)
    (event,) = only(HandoffEvent, load(read, tmp_path))
    assert event == either[0][0].model_copy(update={"position": event.position})
    with zipfile.ZipFile(tmp_path / "both.zip", "w") as archive:
        for half in ("header", "payload"):
            archive.write(tmp_path / f"{stem}.{half}", f"saved/{stem}.{half}")
    (zipped,) = load(read, tmp_path / "both.zip")
    assert isinstance(zipped, HandoffEvent)
    assert zipped.id == event.id


def test_headers_in_a_file_of_their_own() -> None:
    (event,) = only(HandoffEvent, load(read, GOOD / "signed-two-files.payload"))
    assert (event.id, event.source, event.type) == ("mdn-5@adhouse.example", "urn:as2:adhouse", "received")
    assert (event.time, event.offset) == (datetime(2026, 11, 1, 6, 15, tzinfo=UTC), "-05:00")


def test_a_body_that_repeats_some_of_its_headers(tmp_path: Path) -> None:
    (tmp_path / "m.payload").write_text(mdn("a/b; processed", "AS2-From: adhouse"))
    (tmp_path / "m.header").write_text(
        "AS2-From: somebody-else\nMessage-ID: <mdn-9@adhouse.example>\nDate: Sun, 1 Nov 2026 06:15:00 +0000\n"
    )
    (event,) = only(HandoffEvent, load(read, tmp_path))
    assert (event.id, event.source, event.offset) == ("mdn-9@adhouse.example", "urn:as2:adhouse", "+00:00")


def test_half_a_message(tmp_path: Path) -> None:
    said = load(read, GOOD / "body-alone.payload")
    (event,) = only(HandoffEvent, said)
    assert (event.source, event.in_reply_to, event.time) == ("urn:as2:adhouse", "as2-905@spotify.example", None)
    assert "signed, signature not verified" in (event.detail or "")
    assert [finding.finding for finding in only(Finding, said)] == ["no-headers"]
    (reject,) = load(read, HOSTILE / "headers-alone.header")
    assert "body is not" in rejects([reject])[0].reason
    # In an archive the other half is looked for in the archive.
    with zipfile.ZipFile(tmp_path / "half.zip", "w") as archive:
        archive.write(GOOD / "signed-two-files.payload", "a/signed-two-files.payload")
    assert [finding.finding for finding in only(Finding, load(read, tmp_path / "half.zip"))] == ["no-headers"]


def test_a_mic_mismatch_is_the_receivers_rejection() -> None:
    (event,) = only(HandoffEvent, load(read, GOOD / "integrity-check-failed.mdn"))
    assert (event.type, event.code, event.raw_type) == ("rejected", "integrity-check-failed", "processed/Error")
    assert (event.time, event.offset) == (datetime(2026, 11, 1, 6, 12, 5, tzinfo=UTC), "+01:00")
    assert event.source == 'urn:as2:Ad House "North"'
    assert event.detail == (
        "automatic-action/MDN-sent-automatically; processed/Error: integrity-check-failed; "
        "mic=7v7F++fQaNB1sVLFtMRp+dF+eG4=, sha-256; not signed; "
        'by Ad House "North" to SPOTIFY-AS2; The message digest differs from the one that was signed.'
    )


def test_failed_behind_a_status_line() -> None:
    (event,) = only(HandoffEvent, load(read, GOOD / "failed.mdn"))
    assert (event.type, event.code, event.offset) == ("failed", "unsupported MIC-algorithms", "+00:00")
    assert "Failure: sha-512 is not configured" in (event.detail or "")


@pytest.mark.parametrize(
    ("disposition", "expected"),
    [
        ("automatic-action/MDN-sent-automatically; processed", ("received", "processed", None)),
        ("Automatic-Action/mdn-sent-automatically;PROCESSED", ("received", "PROCESSED", None)),
        ("a/b; processed/warning: duplicate-document", ("received", "processed/warning", "duplicate-document")),
        ("a/b; processed/error: decryption-failed", ("rejected", "processed/error", "decryption-failed")),
        ("a/b; processed / Error : a; b", ("rejected", "processed/Error", "a; b")),
        ("a/b; processed/error", ("rejected", "processed/error", "error")),
        ("a/b; processed/failure: x", ("failed", "processed/failure", "x")),
        ("a/b; processed/other: x", ("unknown", "processed/other", "x")),
        ("a/b; failed/Failure: unsupported format", ("failed", "failed/Failure", "unsupported format")),
        ("a/b; failed", ("failed", "failed", None)),
        ("a/b; displayed", ("unknown", "displayed", None)),
        ("processed", ("received", "processed", None)),
        ("a/b; ???", ("unknown", "???", None)),
        ("a/b;", ("unknown", None, None)),
    ],
)
def test_dispositions(disposition: str, expected: tuple[str, str | None, str | None]) -> None:
    event = event_of(mdn(disposition))
    assert (event.type, event.raw_type, event.code) == expected


def test_a_message_without_id_is_named_by_its_content() -> None:
    first, again, other = (event_of(mdn(words)).id for words in ("a/b; processed", "a/b; processed", "a/b; failed"))
    assert first == again
    assert first != other


def test_a_receipt_from_the_wild() -> None:
    (event,) = only(HandoffEvent, load(read, sample("as2_mdn/pyas2-mecas2_unsigned.mdn")))
    assert (event.in_reply_to, event.type, event.code) == (
        "20161230102316.10728.85252@imac.local",
        "rejected",
        "authentication-failed",
    )
    assert event.source == "urn:as2:mecas2"


def test_a_cut_that_leaves_the_notification_whole() -> None:
    text = mdn("a/b; processed").removesuffix("--b--\r\n")
    said = load_text(read, "a.mdn", text)
    assert [finding.finding for finding in only(Finding, said)] == ["truncated"]
    assert [event.type for event in only(HandoffEvent, said)] == ["received"]
    said = load_text(read, "a.mdn", text.rstrip())
    assert only(HandoffEvent, said) == []
    assert rejects(said)


def test_systems_of_the_map() -> None:
    text = mdn("a/b; processed", "AS2-From: adhouse", 'AS2-To: "SPOTIFY AS2"')
    event = event_of(text, system={"adhouse": "adhouse-as2", "SPOTIFY AS2": "spotify-as2"})
    assert (event.source, event.reporter, event.from_, event.to) == (
        "urn:lineage:system:adhouse-as2",
        "adhouse-as2",
        "spotify-as2",
        "adhouse-as2",
    )
    assert "signed" in (event.detail or "")
    assert event_of(text).from_ is None


def test_a_date_without_a_zone() -> None:
    event = event_of(mdn("a/b; processed", "Date: Sun, 1 Nov 2026 06:15:00 -0000"))
    assert (event.time, event.offset) == (datetime(2026, 11, 1, 6, 15, tzinfo=UTC), None)


@given(st.text(max_size=40), st.text(max_size=40), st.text(max_size=40))
def test_nothing_escapes(disposition: str, message_id: str, header: str) -> None:
    assert load_text(
        read, "a.mdn", mdn(disposition, f"Date: {header}", f"AS2-From: {header}", message_id=message_id).encode("utf-8")
    )


@given(st.binary(max_size=200))
def test_no_bytes_escape(content: bytes) -> None:
    whole = mdn("a/b; processed").encode()
    said = load_text(
        read, "a.mdn", content, whole[: len(content)] + content, whole + content, b"--" + content, b"Date: " + content
    )
    assert said
