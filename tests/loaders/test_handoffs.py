"""The handoff event feed."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from reading import FIXTURES, check_good, check_hostile, files, load, load_text, only, rejects, sample

from lineage.facts import HandoffEvent, Reject, Said
from loaders.handoffs import read

EVENT: dict[str, Any] = {
    "specversion": "1.0",
    "id": "e-1",
    "source": "urn:lineage:system:acme-cms",
    "type": "lineage.handoff.sent.v1",
    "time": "2026-11-01T06:00:00Z",
    "subject": "episode:acme-42",
    "data": {"route": "cms-to-host"},
}


def events(*changes: dict[str, Any]) -> list[Said]:
    return load_text(read, "events.jsonl", "".join(json.dumps(EVENT | change) + "\n" for change in changes))


@pytest.mark.parametrize("path", files("handoffs", read), ids=lambda path: path.name)
def test_fixture(path: Path) -> None:
    check_good(read, path)


@pytest.mark.parametrize("path", files("hostile/handoffs", read), ids=lambda path: path.name)
def test_hostile(path: Path) -> None:
    check_hostile(read, path)


def test_the_documented_event() -> None:
    data = {
        "route": "cms-to-host",
        "from": "acme-cms",
        "to": "acme-host",
        "message_id": "m-1",
        "in_reply_to": None,
        "code": None,
        "detail": None,
        "identifiers": ["rss:guid:abc"],
    }
    assert events({"data": data}) == [
        HandoffEvent(
            position="line 1",
            id="e-1",
            source="urn:lineage:system:acme-cms",
            type="sent",
            time=datetime(2026, 11, 1, 6, tzinfo=UTC),
            offset="Z",
            item="episode:acme-42",
            route="cms-to-host",
            **{"from": "acme-cms"},
            to="acme-host",
            message_id="m-1",
            identifiers=("rss:guid:abc",),
        )
    ]


@pytest.mark.parametrize(
    ("written", "time", "offset"),
    [
        ("2026-11-01T06:00:00z", datetime(2026, 11, 1, 6), "Z"),
        ("2026-11-01t06:00:00.123456789Z", datetime(2026, 11, 1, 6, 0, 0, 123456), "Z"),
        ("2026-11-01T06:00:00+02:00", datetime(2026, 11, 1, 4), "+02:00"),
        ("2026-11-01 06:00:00-05:30", datetime(2026, 11, 1, 11, 30), "-05:30"),
        ("2026-11-01T06:00:00-00:00", datetime(2026, 11, 1, 6), "-00:00"),
        ("2026-11-01T06:00:00", datetime(2026, 11, 1, 6), None),
        ("2016-12-31T23:59:60Z", datetime(2016, 12, 31, 23, 59, 59), "Z"),
        ("2017-01-01T01:59:60.5+02:00", datetime(2016, 12, 31, 23, 59, 59, 500000), "+02:00"),
    ],
)
def test_times(written: str, time: datetime, offset: str | None) -> None:
    (event,) = only(HandoffEvent, events({"time": written}))
    assert (event.time, event.offset) == (time.replace(tzinfo=UTC), offset)


@pytest.mark.parametrize("written", ["", None])
def test_no_time(written: str | None) -> None:
    (event,) = only(HandoffEvent, events({"time": written}))
    assert (event.time, event.offset) == (None, None)


def test_unknown_word_is_kept() -> None:
    (event,) = only(HandoffEvent, events({"type": "lineage.handoff.shelved.v1"}))
    assert (event.type, event.raw_type) == ("unknown", "shelved.v1")


def test_numbers_are_text_and_unknown_keys_are_ignored() -> None:
    (event,) = only(HandoffEvent, events({"data": {"route": "r", "code": 503, "message_id": 7, "mood": []}, "traceid": 9}))
    assert (event.code, event.message_id) == ("503", "7")


def test_a_broken_line_among_good_ones() -> None:
    said = load(read, FIXTURES / "hostile" / "handoffs" / "broken-line.jsonl")
    assert [e.id for e in only(HandoffEvent, said)] == ["e-1", "e-9"]
    assert [r.position for r in rejects(said)] == ["line 2"]


def test_csv_says_the_same_as_json() -> None:
    text = (
        "Nr;source;type;Zeitstempel;subject;route;identifiers\n"
        "e-1;acme-cms;sent;2026-11-01T07:00:00+01:00;episode:1;r;rss:guid:a|isrc:B\n"
    )
    names = {"id": "Nr", "time": "Zeitstempel"}
    data = {"route": "r", "identifiers": ["rss:guid:a", "isrc:B"]}
    expected = events({"source": "acme-cms", "time": "2026-11-01T07:00:00+01:00", "subject": "episode:1", "data": data})
    assert [e.model_dump() for e in only(HandoffEvent, load_text(read, "log.csv", text, column=names))] == [
        e.model_dump() for e in only(HandoffEvent, expected)
    ]
    # Told by its content where the name says nothing, as from standard input.
    assert only(HandoffEvent, load_text(read, "-", text, column=names))


@pytest.mark.parametrize(
    "wrong",
    [
        {"columns": {}},
        {"column": {"when": "x"}},
        {"column": {"id": "{A}-{"}},
        {"constant": {"when": "x"}},
        {"type": {"OK": "arrived"}},
        {"timezone": "Mars/Olympus"},
    ],
)
def test_wrong_settings_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        read.settings.model_validate(wrong)


# A table of somebody else's.

DESK = {
    "column": {"time": "Wann", "subject": "asset:{Asset}", "type": "Status", "message_id": "Beleg", "detail": "{Wer}: {Notiz}"},
    "constant": {"source": "ops-desk", "from": "agency", "to": "spotify-ads"},
    "type": {"Raus": "sent", "NICHT ANGENOMMEN": "rejected"},
    "timezone": "Europe/Berlin",
    "time_format": "%d.%m.%Y %H:%M",
}
DESK_ROWS = (
    "Wann;Asset;Status;Beleg;Wer;Notiz\n"
    "20.11.2026 09:30;A-1;raus;17;Kim;per Mail\n"
    "25.10.2026 01:30;A-2;nicht angenommen;18;;\n"
    "20.11.2026 09:31;;raus;19;Kim;\n"
    "20.11.2026;A-3;raus;20;Kim;\n"
    "20.11.2026 10:00;A-4;verschollen;21;Kim;\n"
)


def test_a_support_desks_own_table() -> None:
    said = load_text(read, "desk.csv", DESK_ROWS, **DESK)
    first, second, odd = only(HandoffEvent, said)
    assert (first.item, first.type, first.raw_type, first.message_id) == ("asset:A-1", "sent", "raus", "17")
    assert (first.time, first.offset) == (datetime(2026, 11, 20, 8, 30, tzinfo=UTC), "+01:00")
    assert (first.source, first.from_, first.to, first.detail) == ("ops-desk", "agency", "spotify-ads", "Kim: per Mail")
    # Before the clock was put back, and with a template that has an empty column.
    assert (second.type, second.time, second.detail) == ("rejected", datetime(2026, 10, 24, 23, 30, tzinfo=UTC), None)
    assert (odd.type, odd.raw_type) == ("unknown", "verschollen")
    assert [(r.position, r.reason.partition(":")[0]) for r in rejects(said)] == [
        ("line 4", "names no item"),
        ("line 5", "time"),
    ]


def test_a_row_without_id_is_identified_by_its_content() -> None:
    header, *rows = DESK_ROWS.splitlines(keepends=True)
    ids = {e.item: e.id for e in only(HandoffEvent, load_text(read, "desk.csv", DESK_ROWS, **DESK))}
    again = load_text(read, "other.csv", "".join([header, *reversed(rows)]), **DESK)
    assert {e.item: e.id for e in only(HandoffEvent, again)} == ids
    assert len(set(ids.values())) == 3


def test_json_objects_are_rows_once_a_mapping_is_given() -> None:
    row = {"asset": {"id": 7}, "at": 1795163400, "state": "OK", "packed": ["b-1"]}
    mapping = {
        "column": {"subject": "asset:{asset.id}", "time": "at", "type": "state", "envelopes": "packed"},
        "constant": {"source": "desk", "route": "r"},
        "type": {"ok": "accepted"},
        "time_format": "epoch",
    }
    (event,) = only(HandoffEvent, load_text(read, "log.jsonl", json.dumps(row), **mapping))
    assert (event.item, event.type, event.envelopes) == ("asset:7", "accepted", ("b-1",))
    assert event.time == datetime(2026, 11, 20, 8, 30, tzinfo=UTC)
    (refused,) = load_text(read, "log.jsonl", json.dumps(row))
    assert isinstance(refused, Reject)
    assert "column" in refused.hint


def test_parquet_says_the_same_as_csv(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {
            "source": ["desk", "desk"],
            "type": ["sent", "received"],
            "subject": ["asset:1", "asset:1"],
            "route": ["r", "r"],
            "message_id": [17, None],
            "time": pd.to_datetime(["2026-11-20T09:30:00+01:00", "2026-11-20T10:30:00+01:00"], utc=True),
        }
    )
    frame.to_parquet(tmp_path / "log.parquet")
    sent, received = only(HandoffEvent, load(read, tmp_path / "log.parquet"))
    assert (sent.message_id, sent.time, sent.position) == ("17", datetime(2026, 11, 20, 8, 30, tzinfo=UTC), "row 1")
    assert (received.type, received.message_id) == ("received", None)


def test_partitions_are_read_in_the_order_of_names_with_the_columns_of_their_folders(tmp_path: Path) -> None:
    rows = {
        "id": ["1", "2", "3"],
        "day": ["2026-03-02", "2026-03-01", "2026-03-01"],
        "system": ["a:b", "z", None],
        "status": ["sent"] * 3,
        "asset": [1, 2, 3],
    }
    pq.write_to_dataset(pa.table(rows), tmp_path, partition_cols=["day", "system"])
    (tmp_path / "day=2026-03-01" / "system=q").mkdir()
    row = {"id": "4", "status": "sent", "asset": 4}
    (tmp_path / "day=2026-03-01" / "system=q" / "part-0.jsonl").write_text(json.dumps(row), "utf-8")
    (tmp_path / "_SUCCESS").touch()
    column = {"subject": "asset:{asset}", "type": "status", "reporter": "system", "time": "{day}T00:00:00Z"}
    found = only(HandoffEvent, load(read, tmp_path, column=column, constant={"source": "lake", "route": "r"}))
    # Folders in their order: __HIVE_DEFAULT_PARTITION__ comes before the names in small letters.
    assert [(e.id, e.item, e.reporter) for e in found] == [
        ("3", "asset:3", None),
        ("4", "asset:4", "q"),
        ("2", "asset:2", "z"),
        ("1", "asset:1", "a:b"),
    ]
    assert found[1].position == "day=2026-03-01/system=q/part-0.jsonl: line 1"
    assert [e.time.day for e in found if e.time] == [1, 1, 1, 2]


def test_a_column_that_is_not_there_is_named_with_its_nearest() -> None:
    (reject,) = rejects(load_text(read, "log.csv", "Nr,Source,Status\n1,a,sent\n", column={"id": "Nr", "type": "status"}))
    assert "'status' (there is 'Status')" in reject.reason
    assert "'source'" in reject.reason
    assert "Nr, Source, Status" in reject.hint


def test_an_empty_log_is_no_error() -> None:
    assert load_text(read, "a.jsonl", "") == load_text(read, "a.csv", "") == load_text(read, "a.json", "[]") == []


@pytest.mark.parametrize("number", [1, 2, 3, 4, 7, 8])
def test_cloudevents_examples_are_no_handoffs(number: int) -> None:
    said = load(read, sample(f"cloudevents/json-format-{number}.json"))
    assert all("not a handoff event" in r.reason for r in rejects(said))
    assert only(HandoffEvent, said) == []


def test_a_null_subject_and_a_reply() -> None:
    (event,) = only(HandoffEvent, events({"subject": None, "data": {"in_reply_to": "m-1"}}))
    assert event.item is None


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
data = st.dictionaries(st.sampled_from(["route", "from", "to", "identifiers", "code", "reporter"]), anything)


@given(st.fixed_dictionaries({}, optional={**dict.fromkeys(EVENT, anything), "data": anything | data, "data_base64": anything}))
def test_nothing_escapes(change: dict[str, Any]) -> None:
    assert len(events(change)) == 1


@given(st.binary(max_size=200))
def test_no_bytes_escape(content: bytes) -> None:
    for name in ("a.jsonl", "a.csv", "-"):
        load_text(read, name, content, b"id,source,type\n" + content, b"[" + content)
