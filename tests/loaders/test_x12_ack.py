"""The X12 acknowledgement feed."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from reading import FIXTURES, check_good, check_hostile, files, load, load_text, only, rejects

from lineage.facts import Finding, HandoffEvent
from loaders.x12_ack import read

GOOD = FIXTURES / "x12-ack"
HOSTILE = FIXTURES / "hostile" / "x12-ack"
ISA = "ISA*00*          *00*          *ZZ*ADHOUSE        *ZZ*SPOTIFYEDI     *261101*0612*U*00401*000000060*0*P*:~"
GS = "GS*FA*ADHOUSE*SPOTIFYEDI*20261101*0612*7*X*004010~"


def replies(path: Path, **settings: Any) -> dict[str | None, HandoffEvent]:
    return {event.in_reply_to: event for event in only(HandoffEvent, load(read, path, **settings))}


@pytest.mark.parametrize("path", files("x12-ack", read), ids=lambda path: path.name)
def test_fixture(path: Path) -> None:
    check_good(read, path)


@pytest.mark.parametrize("path", files("hostile/x12-ack", read), ids=lambda path: path.name)
def test_hostile(path: Path) -> None:
    check_hostile(read, path)


def test_a_997_in_full() -> None:
    said = load(read, GOOD / "staedi-simple997.edi")
    one, group = only(HandoffEvent, said)
    assert said == [one, group]
    assert one == HandoffEvent(
        position="interchange 508121953, segment 5",
        id="508121953-000005-0001-0021-b792a651c372",
        source="urn:x12:ZZ:ReceiverID",
        type="rejected",
        raw_type="R",
        time=datetime(2005, 8, 12, 19, 53, 35, tzinfo=UTC),
        in_reply_to="000001/0021",
        code="5",
        detail=(
            "transaction set 837 0021: rejected; 5 (segments in error); by ZZ:ReceiverID to ZZ:Sender; "
            "NM1 at segment 8: 8 (data elements in error); element 8 (66): 7 (invalid code value), it was 'MI'"
        ),
    )
    assert (group.type, group.in_reply_to, group.code, group.offset) == ("rejected", "000001", "R", None)


def test_each_set_of_a_partly_accepted_group_has_its_own_state() -> None:
    found = replies(GOOD / "staedi-simple999.edi")
    assert {answered: (event.type, event.code) for answered, event in found.items()} == {
        "17456/0001": ("accepted", None),
        "17456/0002": ("rejected", "5"),
        "17456/0003": ("rejected", "5"),
        "17456": ("partially_accepted", "P"),
    }
    assert "3 sets sent, 3 received, 1 accepted; not accepted as they are: 0002, 0003" in (found["17456"].detail or "")
    assert "REF at segment 57: 3 (mandatory segment missing)" in (found["17456/0003"].detail or "")
    assert "context CLM01:987654321" in (found["17456/0003"].detail or "")


def test_a_log_that_knows_only_set_numbers() -> None:
    assert set(replies(GOOD / "staedi-simple999.edi", set="number")) == {"0001", "0002", "0003", "17456"}


def test_each_interchange_has_its_own_separators() -> None:
    found = replies(GOOD / "separators.997")
    assert {answered: event.type for answered, event in found.items()} == {
        "17/0001": "accepted",
        "17/0002": "accepted_with_errors",
        "17/0003": "rejected",
        "17": "partially_accepted",
        "0018": "accepted",
    }
    assert "element 4:2 (212): 7 (invalid code value), it was '12,50'" in (found["17/0002"].detail or "")
    assert found["0018"].source == "urn:x12:08:0012345678901"
    assert found["0018"].time == datetime(2026, 11, 1, 7, tzinfo=UTC)


def test_separators_do_not_show_in_ids() -> None:
    text = (GOOD / "staedi-simple999.edi").read_text()
    other = text.replace("*", "|").replace("~\n", "\x1e").replace(":", ">")
    ids = [[event.id for event in only(HandoffEvent, load_text(read, "a.999", one))] for one in (text, other)]
    assert len(ids[0]) == 4
    assert ids[0] == ids[1]


def test_control_numbers_that_start_again_do_not_collide() -> None:
    text = f"{ISA}{GS}ST*997*0001~AK1*PO*17~AK9*A*1*1*1~SE*4*0001~GE*1*7~IEA*1*000000060~"
    first, same, later, other = (
        only(HandoffEvent, load_text(read, "a.997", one))[0].id
        for one in (text, text, text.replace("261101", "271101"), text.replace("AK9*A*1*1*1", "AK9*R*1*1*0"))
    )
    assert first == same
    assert len({first, later, other}) == 3


@pytest.mark.parametrize(
    ("letter", "expected"),
    [
        ("A", "accepted"),
        ("E", "accepted_with_errors"),
        ("R", "rejected"),
        ("M", "rejected"),
        ("W", "rejected"),
        ("X", "rejected"),
        ("Q", "unknown"),
    ],
)
def test_status_letters(letter: str, expected: str) -> None:
    text = f"{ISA}{GS}ST*997*0001~AK1*PO*17~AK2*850*0001~AK5*{letter}~AK9*{letter}*1*1*0~SE*6*0001~GE*1*7~IEA*1*000000060~"
    said = load_text(read, "a.997", text)
    assert [(event.type, event.raw_type) for event in only(HandoffEvent, said)] == [(expected, letter)] * 2
    assert only(Finding, said) == []


def test_interchange_acknowledgements() -> None:
    (refused,) = only(HandoffEvent, load(read, GOOD / "envelope-rejected.ta1"))
    assert (refused.type, refused.in_reply_to, refused.code) == ("rejected", "000000905", "006")
    assert "sender's id invalid" in (refused.detail or "")
    assert refused.time == datetime(2026, 11, 1, 6, 15, tzinfo=UTC)
    found = replies(GOOD / "ta1-and-group.edi")
    assert {answered: (event.type, event.code) for answered, event in found.items()} == {
        "000000906": ("received", None),
        "000000907": ("received", "025"),
        "18": ("accepted", None),
    }


def test_a_faulty_receipt_says_what_it_can() -> None:
    said = load(read, GOOD / "faulty.997")
    assert {event.in_reply_to: event.type for event in only(HandoffEvent, said)} == {
        "19/0001": "accepted",
        "19/0002": "unknown",
        "19": "unknown",
        "20": "rejected",
    }
    assert sorted((finding.finding, finding.subject) for finding in only(Finding, said)) == [
        ("control-number", "SE02 of set 0001"),
        ("control-total", "GE01 of group 10"),
        ("control-total", "IEA01 of interchange 000000046"),
        ("control-total", "SE01 of set 0001"),
        ("damaged-header", "ISA"),
        ("missing-segment", "AK5"),
        ("missing-segment", "AK9"),
        ("missing-segment", "SE"),
        ("time", "interchange 000000046"),
    ]


def test_what_broke_off_is_not_guessed() -> None:
    whole = replies(HOSTILE / "truncated-before-iea.997")
    said = load(read, HOSTILE / "truncated-in-set.997")
    (event,) = only(HandoffEvent, said)
    assert event == whole["17/0001"]
    assert [reject.reason for reject in rejects(said)] == ["the interchange breaks off in transaction set 0001"]


def test_a_status_is_cut_off_only_where_the_text_is() -> None:
    said = load_text(read, "a.997", f"{ISA}{GS}ST*997*0001~AK1*PO*17~AK2*850*0001~AK2*850*0002~AK3*N1*3**8~")
    assert [(event.in_reply_to, event.type) for event in only(HandoffEvent, said)] == [("17/0001", "unknown")]
    assert [finding.finding for finding in only(Finding, said)] == ["missing-segment"]


def test_no_group_header_is_a_finding() -> None:
    said = load_text(read, "a.997", f"{ISA}ST*997*0001~AK1*PO*17~AK9*A*1*1*1~SE*4*0001~IEA*0*000000060~")
    assert [event.type for event in only(HandoffEvent, said)] == ["accepted"]
    assert [(finding.finding, finding.subject) for finding in only(Finding, said)] == [("missing-segment", "GS")]


def test_a_set_that_is_named_twice() -> None:
    text = f"{ISA}{GS}ST*997*0001~AK1*PO*17~AK2*850*0001~AK5*A~AK2*850*0001~AK5*A~AK9*A*2*2*2~SE*8*0001~GE*1*7~IEA*1*000000060~"
    first, second, _ = only(HandoffEvent, load_text(read, "a.997", text))
    assert second.id == f"{first.id}#2"


def test_systems_of_the_map() -> None:
    path = GOOD / "envelope-rejected.ta1"
    (event,) = replies(path, system={"ZZ:ADHOUSE": "adhouse-edi", "SPOTIFYEDI": "spotify-edi"}).values()
    assert (event.source, event.reporter) == ("urn:lineage:system:adhouse-edi", "adhouse-edi")
    assert (event.from_, event.to) == ("spotify-edi", "adhouse-edi")
    (bare,) = replies(path).values()
    assert (bare.source, bare.reporter, bare.from_, bare.to) == ("urn:x12:ZZ:ADHOUSE", None, None, None)


def test_local_time() -> None:
    (event,) = replies(GOOD / "envelope-rejected.ta1", timezone="America/New_York").values()
    assert (event.time, event.offset) == (datetime(2026, 11, 1, 11, 15, tzinfo=UTC), "-05:00")
    with pytest.raises(ValidationError):
        read.settings.model_validate({"timezone": "Mars/Olympus"})


def test_a_copied_element_in_latin_1() -> None:
    loop = "AK2*850*0001~AK3*N1*3**8~AK4*2*93*6*Köln~AK5*R*5~"
    text = f"{ISA}{GS}ST*997*0001~AK1*PO*17~{loop}AK9*R*1*1*0~SE*8*0001~GE*1*7~IEA*1*000000060~"
    for encoding in ("latin-1", "utf-8"):
        event = only(HandoffEvent, load_text(read, "a.997", text.encode(encoding)))[0]
        assert "it was 'Köln'" in (event.detail or "")


SEGMENTS = [
    "ST*997*1",
    "SE*1*1",
    "AK1*PO*17",
    "AK2*850*1",
    "AK3*N1*1**8",
    "AK4*1**7",
    "AK5*A",
    "AK9*A",
    "TA1*1***A",
    "GE*1*7",
    GS[:-1],
    "IEA*1*1",
    "",
]


@given(st.lists(st.sampled_from(SEGMENTS) | st.text("AK129*:~", max_size=9), max_size=12))
def test_nothing_escapes(segments: list[str]) -> None:
    said = load_text(read, "a.997", ISA + "~".join(segments))
    assert all(isinstance(each, Finding | HandoffEvent) for each in said) or rejects(said)


@given(st.binary(max_size=200))
def test_no_bytes_escape(content: bytes) -> None:
    load_text(read, "a.997", content, ISA.encode() + content, ISA.encode()[:-1] + content)
