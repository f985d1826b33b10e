"""Report files of Spotify Ads."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from pathlib import Path

import pytest
from reading import FIXTURES, check_good, check_hostile, files, load, load_text, only, rejects

from lineage.facts import Dataset, DatasetField, HandoffEvent, Identifier, Item, Said
from loaders import ads_report
from loaders.ads_report import read

REPORTS = FIXTURES / "ads-report"
HOSTILE = FIXTURES / "hostile" / "ads-report"


@pytest.mark.parametrize("path", files("ads-report", read), ids=lambda path: path.name)
def test_fixture(path: Path) -> None:
    check_good(read, path)


@pytest.mark.parametrize("path", files("hostile/ads-report", read), ids=lambda path: path.name)
def test_hostile(path: Path) -> None:
    check_hostile(read, path)


def types(said: list[Said]) -> dict[str, str | None]:
    return {field.name: field.type for field in only(DatasetField, said)}


def test_the_file_is_an_item_and_its_columns_are_fields() -> None:
    said = load(read, REPORTS / "Report_12345.csv")
    (item,) = only(Item, said)
    assert (item.id, item.name, item.origin) == ("report:Report_12345", "Report_12345.csv", "spotify-ads")
    assert item.details == {"rows": "3", "columns": "8", "first_date": "2026-09-14", "last_date": "2026-09-16"}
    assert [one.identifier for one in only(Identifier, said)] == ["file:Report_12345.csv"]
    assert types(said) == {
        "DATE": "date", "CAMPAIGN_NAME": "text", "AD_SET_NAME": "text", "AD_NAME": "text",
        "IMPRESSIONS_ON_SPOTIFY": "integer", "CLICKS": "integer", "CTR": "number", "SPEND": "number",
    }  # fmt: skip
    assert {field.dataset for field in only(DatasetField, said)} == {"spotify-ads:report"}
    assert [dataset.id for dataset in only(Dataset, said)] == ["spotify-ads:report"]
    assert only(HandoffEvent, said) == []


def test_a_packed_report_with_a_line_break_in_a_cell() -> None:
    said = load(read, REPORTS / "report-2026-09-17.csv.gz")
    (item,) = only(Item, said)
    assert (item.id, item.details["rows"]) == ("report:report-2026-09-17", "3")
    assert types(said)["CLICKS"] == "integer"  # an empty cell says nothing of its type


def test_who_has_the_file_has_received_it() -> None:
    (event,) = only(HandoffEvent, load(read, REPORTS / "Report_12345.csv", receiver="warehouse"))
    assert (event.type, event.from_, event.to, event.time) == ("received", "spotify-ads", "warehouse", None)
    assert event.source == "urn:lineage:system:warehouse"
    (event,) = only(HandoffEvent, load(read, REPORTS / "Report_12345.csv", route="ads-report"))
    assert (event.item, event.route, event.to) == ("report:Report_12345", "ads-report", None)


def test_another_file_of_the_same_name_has_been_received_too() -> None:
    def event(content: str | bytes) -> HandoffEvent:
        return only(HandoffEvent, load_text(read, "Report.csv", content, route="ads-report"))[0]

    first, other = event("A\n1\n"), event("A\n2\n")
    assert (first.item, first.source) == (other.item, other.source)
    assert first.id != other.id
    assert event(gzip.compress(b"A\n1\n")) == first


def test_the_signature_of_an_address_is_not_kept() -> None:
    url = "https://storage.example.com/x/Report_1.csv?X-Goog-Signature=secret"
    said = load_text(read, url, "CAMPAIGN_NAME,CLICKS\nA,1\n", url=url, receiver="warehouse")
    assert only(Item, said)[0].id == "report:Report_1"
    assert not any("secret" in one.model_dump_json() for one in said)


@pytest.mark.parametrize(
    "first, later, found",
    [
        ("1", "2.5", "number"), ("2.5", "1", "number"), ("", "1", "integer"), ("1", "x", "text"), ("x", "1", "text"),
        ("2026-10-01", "2026-10-02T10:00:00Z", "timestamp"), ("2026-10-01", "2026-13-01", "text"), ("2026-10-01", "7.5", "text"),
        ("True", "FALSE", "boolean"), ("1,5", "2,5", "text"),
    ],
)  # fmt: skip
def test_a_type_fits_all_pieces_of_a_file(monkeypatch: pytest.MonkeyPatch, first: str, later: str, found: str) -> None:
    text = f"A;B\nx;{first}\nx;{first}\nx;{later}\n"
    for rows in (2, 100):
        monkeypatch.setattr(ads_report, "ROWS_AT_ONCE", rows)
        assert types(load_text(read, "report.csv", text)) == {"A": "text", "B": found}


def test_the_period_is_that_of_a_column_of_dates_in_every_piece(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "NOTE,DAY\n2026-01-01,2026-05-03\n2026-01-02,2026-05-01\nx,2026-05-04\ny,2026-05-02\n"
    for rows in (2, 100):
        monkeypatch.setattr(ads_report, "ROWS_AT_ONCE", rows)
        (item,) = only(Item, load_text(read, "report.csv", text))
        assert item.details == {"rows": "4", "columns": "2", "first_date": "2026-05-01", "last_date": "2026-05-04"}


def test_first_and_last_are_told_by_the_time_that_is_meant(monkeypatch: pytest.MonkeyPatch) -> None:
    earlier, later = "2026-01-02T01:00:00+00:00", "2026-01-01T23:00:00-05:00"
    for rows in (1, 100):
        monkeypatch.setattr(ads_report, "ROWS_AT_ONCE", rows)
        (item,) = only(Item, load_text(read, "report.csv", f"AT\n{later}\n{earlier}\n"))
        assert (item.details["first_date"], item.details["last_date"]) == (earlier, later)


@pytest.mark.parametrize("line", ["x" * 200_000, ",".join(f"c{number:05}" for number in range(20_000))], ids=["one", "many"])
def test_a_first_line_without_end_is_no_header(line: str) -> None:
    said = load_text(read, "report.csv", f"{line}\n1,2\n")
    (reject,) = rejects(said)
    assert said == [reject]


def test_good_rows_count_beside_bad_ones() -> None:
    said = load(read, HOSTILE / "report-too-many-cells.csv")
    assert [(reject.position, reject.reason) for reject in rejects(said)] == [("line 5", "10 cells in a row of 8 columns")]
    assert only(Item, said)[0].details["rows"] == "3"
    said = load(read, HOSTILE / "report-latin-1.csv")
    assert [(reject.position, reject.reason) for reject in rejects(said)] == [("line 3", "not UTF-8")]
    assert only(Item, said)[0].details["rows"] == "1"


@pytest.mark.parametrize(
    "name, reason",
    [
        ("report-empty.csv", "the file is empty"), ("report-utf-16.csv", "the file is not text"),
        ("report-binary.csv", "the file is not text"), ("report-error-page.csv", "not a CSV header: <!DOCTYPE html>"),
        ("report-expired.csv", 'not a CSV header: {"error"'), ("report-xml-error.csv", "not a CSV header: <?xml"),
        ("report-latin-1-header.csv", "the header is not UTF-8"), ("report-nameless-column.csv", "a column has no name"),
        ("report-same-column-twice.csv", "two columns are called 'A'"),
    ],
)  # fmt: skip
def test_what_is_no_report_is_refused_as_a_whole(name: str, reason: str) -> None:
    said = load(read, HOSTILE / name)
    (reject,) = rejects(said)
    assert said == [reject]
    assert reject.reason.startswith(reason)


def test_what_stands_before_a_break_is_known() -> None:
    said = load(read, HOSTILE / "report-truncated.csv.gz")
    (reject,) = rejects(said)
    assert "breaks off" in reject.reason
    assert len(only(DatasetField, said)) == 8


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    program = (
        "import json, resource, sys\n"
        "from lineage.loading import opened\n"
        "with opened('ads-report', sys.argv[1]) as reading: said = sum(1 for _ in reading.said())\n"
        "print(json.dumps([said, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss]))"
    )

    def peak(rows: int) -> int:
        path = tmp_path / f"{rows}.csv"
        with path.open("w") as out:
            out.write("CAMPAIGN_NAME,NOTE,CLICKS\n")
            for number in range(rows):
                out.write(f"c{number},{'x' * 200}{number},{number}{',9' if number % 1000 == 0 else ''}\n")
        done = subprocess.run([sys.executable, "-c", program, str(path)], capture_output=True, text=True, check=True)
        said, kib = json.loads(done.stdout)
        assert said == 6 + rows // 1000
        return int(kib)

    assert peak(300_000) < peak(50_000) * 1.2
