"""Schedules: daylight saving time, business calendars, what cannot be read, and the ends of time."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta

import pytest

from lineage.schedule import ScheduleError, Timetable, check_calendar, check_cron, check_timezone


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def between(cron: str, timezone: str | None, calendar: str | None, start: str, end: str) -> list[str]:
    """Occurrences in a half-open span, looking back from its end; looking ahead must find the same."""
    first, last = utc(start), utc(end)
    table = Timetable(cron, timezone, calendar, last - timedelta(microseconds=1))
    back = list(itertools.takewhile(lambda moment: moment >= first, table.before(table.at)))[::-1]
    ahead, moment = [], table.after(first - timedelta(microseconds=1))
    while moment is not None and moment < last:
        ahead.append(moment)
        moment = table.after(moment)
    assert back == ahead
    return [moment.isoformat()[:16] for moment in back]


# Clocks go forward on 29 March 2026 at 01:00 UTC in Stockholm and on 8 March at 07:00 UTC in New York; back on 25 October at
# 01:00 UTC and on 1 November at 06:00 UTC.


@pytest.mark.parametrize(
    "cron, timezone, start, end, expected",
    [
        # A time that does not exist: right after the gap, and once.
        ("30 2 * * *", "Europe/Stockholm", "2026-03-28", "2026-03-31", ["2026-03-28T01:30", "2026-03-29T01:00", "2026-03-30T00:30"]),
        ("30 2 * * *", "America/New_York", "2026-03-07", "2026-03-10", ["2026-03-07T07:30", "2026-03-08T07:00", "2026-03-09T06:30"]),
        ("15,45 2 * * *", "Europe/Stockholm", "2026-03-29", "2026-03-30", ["2026-03-29T01:00"]),
        ("30 2,3 * * *", "Europe/Stockholm", "2026-03-29", "2026-03-30", ["2026-03-29T01:00", "2026-03-29T01:30"]),
        # A time that comes twice: once, the first time.
        ("30 2 * * *", "Europe/Stockholm", "2026-10-24", "2026-10-27", ["2026-10-24T00:30", "2026-10-25T00:30", "2026-10-26T01:30"]),
        ("30 1 * * *", "America/New_York", "2026-10-31", "2026-11-03", ["2026-10-31T05:30", "2026-11-01T05:30", "2026-11-02T06:30"]),
        # Wildcards go by elapsed time: none in the gap, each of both in the overlap.
        ("30 * * * *", "Europe/Stockholm", "2026-03-29T00:00", "2026-03-29T03:00", [f"2026-03-29T0{h}:30" for h in (0, 1, 2)]),
        ("30 * * * *", "Europe/Stockholm", "2026-10-25T00:00", "2026-10-25T03:00", [f"2026-10-25T0{h}:30" for h in (0, 1, 2)]),
        ("*/30 1 * * *", "America/New_York", "2026-11-01", "2026-11-02", [f"2026-11-01T0{h}:{m}" for h in (5, 6) for m in ("00", "30")]),
        # Half an hour of daylight saving time, and a zone that has none.
        ("15 2 * * *", "Australia/Lord_Howe", "2026-10-03", "2026-10-04", ["2026-10-03T15:30"]),
        ("30 2 * * *", None, "2026-03-28", "2026-03-31", ["2026-03-28T02:30", "2026-03-29T02:30", "2026-03-30T02:30"]),
    ],
)  # fmt: skip
def test_daylight_saving_time(cron: str, timezone: str | None, start: str, end: str, expected: list[str]) -> None:
    assert between(cron, timezone, None, start, end) == expected


@pytest.mark.parametrize("timezone", ["Europe/Stockholm", "America/New_York", "Australia/Lord_Howe", "Africa/Casablanca"])
@pytest.mark.parametrize("cron", ["30 2 * * *", "*/20 * * * *", "15 1-3 * * *", "0 */2 * * *"])
def test_looking_back_finds_what_looking_ahead_finds(cron: str, timezone: str) -> None:
    for start, end in [("02-13", "02-17"), ("03-07", "03-10"), ("03-21", "03-24"), ("03-28", "04-02"), ("10-02", "10-06"),
                       ("10-24", "10-27"), ("10-31", "11-04")]:  # fmt: skip
        assert between(cron, timezone, None, f"2026-{start}", f"2026-{end}")


@pytest.mark.parametrize("minute", range(0, 240, 20))
def test_any_moment_around_the_overlap_may_be_asked_about(minute: int) -> None:
    """Local time is not enough to say where to start: 02:10 comes before and after the 02:30 that counts."""
    moment = utc("2026-10-24T23:00") + timedelta(minutes=minute)
    table = Timetable("30 2 * * *", "Europe/Stockholm", None, moment)
    today = utc("2026-10-25T00:30")
    assert next(table.before(moment)) == (today if moment >= today else utc("2026-10-24T00:30"))
    assert table.last(moment) == next(table.before(moment))
    assert table.after(moment) == (utc("2026-10-26T01:30") if moment >= today else today)


@pytest.mark.parametrize(
    "calendar, day, business",
    [
        ("weekdays", "2026-12-25", True),  # a Friday; no country's holidays are meant
        ("weekdays", "2026-12-26", False),
        ("DE", "2026-12-25", False),
        ("DE", "2026-12-26", False),  # a Saturday too; 2025 tells the two countries apart
        ("DE", "2025-12-26", False),
        ("US", "2025-12-26", True),
        ("US", "2026-11-26", False),  # Thanksgiving
        ("DE", "2026-11-26", True),
        ("US", "2026-12-25", False),
        ("DE", "2026-03-08", False),  # a Sunday, as everywhere
        ("DE-BE", "2027-03-08", False),  # International Women's Day, in Berlin only
        ("DE", "2027-03-08", True),
        ("DE-BY", "2026-01-06", False),
        ("DE-BE", "2026-01-06", True),
        ("NYSE", "2026-07-03", False),  # Independence Day observed
        ("NYSE", "2026-04-03", False),  # Good Friday: the exchange is closed, the country works
        ("US", "2026-04-03", True),
        ("ECB", "2026-05-01", False),
        ("ECB", "2026-12-24", True),
        ("AE", "2026-03-06", True),  # a Friday
        ("IL", "2026-03-06", False),  # a Friday: the weekend there
        ("IL", "2026-03-08", True),  # a Sunday: a day of work there
    ],
)
def test_business_calendars(calendar: str, day: str, business: bool) -> None:
    end = utc(day) + timedelta(days=1)
    found = between("0 12 * * *", None, calendar, day, end.isoformat()[:10])
    assert found == ([f"{day}T12:00"] if business else [])


def test_the_day_is_the_local_one() -> None:
    """Monday 05:00 in Auckland is Sunday in UTC; Saturday 02:00 UTC is still Friday in New York."""
    assert between("0 5 * * *", "Pacific/Auckland", "NZ", "2026-06-14", "2026-06-15") == ["2026-06-14T17:00"]
    assert between("0 22 * * *", "America/New_York", "US", "2026-06-13", "2026-06-14") == ["2026-06-13T02:00"]


def test_a_long_weekend_is_skipped_whole() -> None:
    table = Timetable("*/15 * * * *", "Europe/Berlin", "DE", utc("2026-04-06T12:00"))  # Easter Monday
    assert next(table.before(table.at)) == utc("2026-04-02T21:45")
    assert table.after(table.at) == utc("2026-04-06T22:00")


@pytest.mark.parametrize(
    "text", ["", "x", "* * * *", "0 0 6 * * *", "@daily", "61 * * * *", "0 0 31 2 *", "* * * * ?", "9" * 5000 + " * * * *"]
)
def test_what_is_no_cron_expression(text: str) -> None:
    with pytest.raises(ScheduleError, match="five fields"):
        check_cron(text)
    with pytest.raises(ScheduleError):
        Timetable(text, None, None, utc("2026-01-01"))


@pytest.mark.parametrize("name", ["Europe/Stockhol", "../etc/passwd", "/etc/passwd", "CEST+2", "a" * 300, "x\0y", "Europe"])
def test_what_is_no_time_zone(name: str) -> None:
    with pytest.raises(ScheduleError, match="IANA"):
        check_timezone(name)


@pytest.mark.parametrize("name", ["Germany", "de", "DE-XX", "DE-", "-", "XX", "HolidayBase", "country_holidays", "NYSE-1"])
def test_what_is_no_calendar(name: str) -> None:
    with pytest.raises(ScheduleError, match="NYSE"):
        check_calendar(name)


def test_what_can_be_read_is_returned_as_it_was() -> None:
    assert check_cron("0 5 * * MON-FRI") == "0 5 * * MON-FRI"
    assert check_timezone("America/Argentina/Buenos_Aires") == "America/Argentina/Buenos_Aires"
    assert check_calendar("GB-SCT") == "GB-SCT"


@pytest.mark.parametrize(
    "cron, calendar", [("0 6 * * 0", "DE"), ("0 6 25 12 *", "US"), ("0 6 1 1 *", "DE-BE"), ("0 6 * * 5", "IL")]
)
def test_a_schedule_that_never_comes_due_is_said(cron: str, calendar: str | None) -> None:
    with pytest.raises(ScheduleError):
        Timetable(cron, None, calendar, utc("2026-01-01"))


def test_a_leap_day() -> None:
    table = Timetable("0 6 29 2 *", None, "US", utc("2023-01-01"))
    assert table.last(table.at) == utc("2016-02-29T06:00")  # 2020 was a Saturday
    assert table.after(table.at) == utc("2024-02-29T06:00")


@pytest.mark.parametrize("timezone", [None, "Pacific/Kiritimati", "Pacific/Niue"])
@pytest.mark.parametrize("moment", [datetime.min, datetime.max])
def test_the_first_and_the_last_moment_there_is(moment: datetime, timezone: str | None) -> None:
    table = Timetable("0 5 * * *", timezone, "DE", moment.replace(tzinfo=UTC))
    assert list(itertools.islice(table.before(table.at), 2)) is not None
    assert table.after(table.at) is None or table.after(table.at) > table.at  # type: ignore[operator]


def test_earlier_moments_than_the_one_asked_about() -> None:
    table = Timetable("0 * * * *", None, None, utc("2026-03-01T12:30"))
    assert next(table.before(utc("2026-03-01T12:00"))) == utc("2026-03-01T12:00")
    assert next(table.before(utc("2026-03-01T11:59"))) == utc("2026-03-01T11:00")
    assert next(table.before(utc("2026-02-01T00:10"))) == utc("2026-02-01T00:00")
    assert table.last(utc("2020-02-01T00:10")) == utc("2020-02-01T00:00")
