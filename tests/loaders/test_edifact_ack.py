"""The EDIFACT acknowledgement feed."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from reading import FIXTURES, check_good, check_hostile, files, load, load_text, only, rejects, sample

from lineage.facts import Finding, HandoffEvent
from loaders.edifact_ack import read

GOOD = FIXTURES / "edifact-ack"
HOSTILE = FIXTURES / "hostile" / "edifact-ack"
UNB = "UNB+UNOC:3+ACME:14+SPOTIFY:14+261101:0612+R1'"


def replies(path: Path, **settings: Any) -> dict[str | None, HandoffEvent]:
    return {event.in_reply_to: event for event in only(HandoffEvent, load(read, path, **settings))}


def aperak(*segments: str, **settings: Any) -> HandoffEvent:
    text = f"{UNB}UNH+1+APERAK:D:07B:UN'{''.join(each + chr(39) for each in segments)}UNT+{len(segments) + 2}+1'UNZ+1+R1'"
    (event,) = only(HandoffEvent, load_text(read, "a.edi", text, **settings))
    return event


@pytest.mark.parametrize("path", files("edifact-ack", read), ids=lambda path: path.name)
def test_fixture(path: Path) -> None:
    check_good(read, path)


@pytest.mark.parametrize("path", files("hostile/edifact-ack", read), ids=lambda path: path.name)
def test_hostile(path: Path) -> None:
    check_hostile(read, path)


def test_a_contrl_in_full() -> None:
    assert load(read, GOOD / "interchange-accepted.contrl") == [
        HandoffEvent(
            position="interchange ACK77, segment 3",
            id="ACK77-1-7faf307f969c",
            source="urn:edifact:14:4012345000009",
            type="accepted",
            raw_type="7",
            time=datetime(2026, 11, 1, 6, 12, tzinfo=UTC),
            in_reply_to="ABC123",
            detail="interchange ABC123: accepted; by 14:4012345000009 to 14:5412345000013",
        )
    ]


def test_a_contrl_from_the_wild() -> None:
    (event,) = only(HandoffEvent, load(read, sample("edifact_ack/contrl-accepted-index57505742093.edi")))
    assert (event.in_reply_to, event.type, event.source) == ("ABC123", "accepted", "urn:edifact:ZZ:91100")


def test_an_accepted_interchange_with_a_rejected_message() -> None:
    found = replies(GOOD / "message-rejected.contrl")
    assert {answered: (event.type, event.code) for answered, event in found.items()} == {
        "ABC124": ("accepted", None),
        "ABC124/1": ("accepted", None),
        "ABC124/2": ("rejected", "29"),
        "ABC124/3": ("rejected", "4"),
    }
    assert "rejected in it: UCM 2, UCM 3" in (found["ABC124"].detail or "")
    assert "29 (control count is wrong); in UNT 1" in (found["ABC124/2"].detail or "")
    errors = "segment 12: 13 (missing); element 3:2: 39 (too long); segment 15; element 1: 21 (invalid character)"
    assert (found["ABC124/3"].detail or "").endswith(errors)


def test_rejected_and_merely_received_interchanges() -> None:
    found = replies(GOOD / "interchange-rejected.contrl")
    assert {answered: (event.type, event.code) for answered, event in found.items()} == {
        "ABC125": ("rejected", "23"),
        "ABC126": ("received", None),
    }


def test_other_service_characters_and_a_group() -> None:
    found = replies(GOOD / "groups-and-separators.contrl")
    assert set(found) == {"ABC127", "ABC127/UNG:5", "ABC127/9"}
    assert found["ABC127/UNG:5"].code == "31"
    assert found["ABC127"].source == "urn:edifact:ACME*DE"


def test_no_release_character() -> None:
    (event,) = replies(GOOD / "no-release-character.contrl").values()
    assert event.source == "urn:edifact:ZZ:ACME NORTH"


def test_empty_segments_hide_nothing() -> None:
    assert {answered: event.type for answered, event in replies(GOOD / "empty-segments.contrl").items()} == {
        "ABC3": "accepted",
        "ABC3/1": "rejected",
    }


def test_wrong_counts_are_findings() -> None:
    said = load(read, GOOD / "pydifact-v3-aperak.edi", code={"1": "accepted"})
    assert [(finding.finding, finding.detail) for finding in only(Finding, said)] == [
        ("control-total", "says 8, there are 7 segments")
    ]
    kinds = [(finding.finding, finding.subject) for finding in only(Finding, load(read, GOOD / "wrong-counts.contrl"))]
    assert kinds == [
        ("control-total", "UNT 0074 of message 1"),
        ("control-number", "UNT 0062 of message 1"),
        ("time", "interchange ACK83"),
        ("missing-segment", "UNT"),
        ("control-total", "UNZ 0036 of interchange ACK83"),
        ("control-number", "UNZ 0020 of interchange ACK83"),
    ]


def test_free_text_is_no_evidence() -> None:
    path = GOOD / "pydifact-v3-aperak_rejected.edi"
    (event,) = replies(path).values()
    assert (event.in_reply_to, event.type, event.code, event.raw_type) == ("PO123456", "received", "12", "ERC 12")
    assert "text: Order rejected due to invalid product code" in (event.detail or "")
    assert [finding.subject for finding in only(Finding, load(read, path)) if finding.finding == "unmapped-code"] == ["ERC 12"]
    (mapped,) = replies(path, code={"12": "rejected"}).values()
    assert (mapped.type, mapped.id) == ("rejected", event.id)


def test_the_heading_of_an_aperak_decides_where_no_code_is_mapped() -> None:
    found = replies(GOOD / "heading-decides.aperak")
    assert {answered: (event.type, event.raw_type) for answered, event in found.items()} == {
        "MSG7": ("rejected", "BGM 1001 313"),
        "4711": ("accepted", "BGM 1225 29"),
    }
    assert (found["MSG7"].time, found["MSG7"].offset) == (datetime(2026, 11, 1, 6, 18, tzinfo=UTC), "+01:00")
    assert "Zuordnung gehört nicht" in (found["MSG7"].detail or "")
    assert found["4711"].time == datetime(2026, 11, 1, 6, 18, tzinfo=UTC)


@pytest.mark.parametrize(
    ("bgm", "expected"),
    [
        ("BGM+294+1+9", "received"),
        ("BGM+312+1", "received"),
        ("BGM+294+1+27", "rejected"),
        ("BGM+294+1+34", "accepted_with_errors"),
        ("BGM+294+1+29+RE", "rejected"),
        ("BGM+313+1++AP", "accepted"),
    ],
)
def test_headings(bgm: str, expected: str) -> None:
    assert aperak(bgm, "RFF+ACW:M1").type == expected


def test_the_worst_mapped_code_counts() -> None:
    code = {"1": "accepted", "2": "rejected"}
    event = aperak("BGM+294+1+29", "RFF+ACW:M1", "ERC+1", "ERC+2", "ERC+3", code=code)
    assert (event.type, event.code, event.raw_type) == ("rejected", "1 2 3", "ERC 2")
    with pytest.raises(ValidationError):
        read.settings.model_validate({"code": {"1": "lost"}})


def test_which_reference_is_answered() -> None:
    assert aperak("BGM+294+1", "RFF+ON:4711", "RFF+ACE:D1", "ERC+1", "RFF+ACW:M1").in_reply_to == "D1"
    assert aperak("BGM+294+1", "RFF+IV:1", "ERC+1", "RFF+AGO:M2").in_reply_to == "M2"


def test_a_local_time_of_the_document() -> None:
    event = aperak("BGM+294+1", "DTM+137:202607010800:203", "RFF+ACW:M1", timezone="Europe/Berlin")
    assert (event.time, event.offset) == (datetime(2026, 7, 1, 6, tzinfo=UTC), "+02:00")


def test_what_broke_off_accepts_nothing() -> None:
    said = load(read, HOSTILE / "truncated-in-message.edi")
    assert {event.in_reply_to: event.type for event in only(HandoffEvent, said)} == {
        "ABC124/1": "accepted",
        "ABC124/2": "rejected",
    }
    assert [reject.reason for reject in rejects(said)] == ["the interchange breaks off in message 1"]
    # A segment that cannot be told may have been the rejection.
    assert only(HandoffEvent, load(read, HOSTILE / "odd-tags.edi")) == []


def test_another_message_is_not_an_acknowledgement() -> None:
    said = load(read, HOSTILE / "availability-request.edi")
    assert [reject.reason for reject in rejects(said)] == ["message 1 is a PAORES, not an acknowledgement (CONTRL, APERAK)"]
    assert len(said) == 1


def test_systems_of_the_map() -> None:
    settings = {"system": {"14:4012345000009": "acme-edi", "5412345000013": "spotify-edi"}}
    (event,) = replies(GOOD / "interchange-accepted.contrl", **settings).values()
    assert (event.source, event.reporter) == ("urn:lineage:system:acme-edi", "acme-edi")
    assert (event.from_, event.to) == ("spotify-edi", "acme-edi")


SEGMENTS = [
    "UNH+1+CONTRL",
    "UNT+3+1",
    "UCI+A+b+c+7",
    "UCM+1+O+4",
    "UCS+1",
    "UCD+1",
    "UCF+1",
    "UNH+2+APERAK",
    "RFF+ACW:1",
    "DTM+137:1:203",
    "ERC",
    "UNZ+1+1",
    "UNG",
    "UNA",
    "",
]


@given(st.lists(st.sampled_from(SEGMENTS) | st.text("UNA+:'? ", max_size=9), max_size=12))
def test_nothing_escapes(segments: list[str]) -> None:
    said = load_text(read, "a.edi", UNB + "'".join(segments))
    assert all(isinstance(each, Finding | HandoffEvent) for each in said) or rejects(said)


@given(st.binary(max_size=200))
def test_no_bytes_escape(content: bytes) -> None:
    load_text(read, "a.edi", content, UNB.encode() + content, b"UNA:+.? '" + content, b"UNB+UNOY:" + content)
