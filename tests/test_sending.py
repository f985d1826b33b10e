"""What is sent arrives as it was, though it travels in another form."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from harness import Database

from lineage.graph import plain
from lineage.sending import sendable

TIMES = [
    datetime(2026, 3, 1, 12, 3, 4, 567891, tzinfo=UTC),
    datetime(2026, 3, 29, 2, 30, tzinfo=timezone(timedelta(hours=-3, minutes=-30))),
    datetime(2026, 10, 25, 2, 30, tzinfo=ZoneInfo("Europe/Stockholm")),
    datetime(1, 1, 1, tzinfo=UTC),
    datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC),
    datetime(2026, 3, 1, 12),
]


@pytest.mark.parametrize("time", TIMES, ids=str)
def test_a_time_arrives_as_it_was(database: Database, time: datetime) -> None:
    asked = "RETURN $time AS time, valueType($time) AS type, [row IN $rows | row.at[0]][0] AS deep"
    (row,) = database.graph.read(asked, time=time, rows=[{"at": (time,)}]).rows
    assert row["type"] == f"{'ZONED' if time.tzinfo else 'LOCAL'} DATETIME NOT NULL"
    for arrived in (plain(row["time"]), plain(row["deep"])):
        assert (arrived.replace(tzinfo=None), arrived.utcoffset()) == (time.replace(tzinfo=None), time.utcoffset())


def test_everything_else_stays() -> None:
    given = {"a": [1, "x", None, {"b": date(2026, 3, 1)}], "c": True}
    assert sendable(given) == given


def test_rows_do_not_write_themselves_into_the_log() -> None:
    assert repr(sendable({"rows": [{"secret": 1}] * 2000})) == "{'rows': <2000 values>}"
