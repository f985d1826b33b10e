"""Report files of Spotify Ads."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from reading import FIXTURES, check_good, check_hostile, files, load, load_text, only, rejects

from lineage.facts import Dataset, DatasetField, HandoffEvent, Item, Said
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


def details(said: list[Said]) -> dict[str, str | tuple[str, ...]]:
    (item,) = only(Item, said)
    return item.details


def test_the_file_is_an_item_and_its_columns_are_fields() -> None:
    said = load(read, REPORTS / "Report_12345.csv")
    (item,) = only(Item, said)
    assert (item.id, item.name, item.origin) == ("report:Report_12345.csv", "Report_12345.csv", "spotify-ads")
    assert (item.details["rows"], item.details["first_date"], item.details["last_date"]) == ("21", "2026-10-01", "2026-10-07")
    assert item.details["dimensions"] == ("CAMPAIGN_NAME", "CAMPAIGN_STATUS", "AD_SET_NAME")
    assert item.details["metrics"] == ("IMPRESSIONS_ON_SPOTIFY", "CLICKS", "CTR", "SPEND")
    assert types(said) == {
        "DATE": "date", "CAMPAIGN_NAME": "text", "CAMPAIGN_STATUS": "text", "AD_SET_NAME": "text",
        "IMPRESSIONS_ON_SPOTIFY": "integer", "CLICKS": "integer", "CTR": "number", "SPEND": "number",
    }  # fmt: skip
    assert (
        {field.dataset for field in only(DatasetField, said)}
        == {dataset.id for dataset in only(Dataset, said)}
        == {"spotify-ads:report"}
    )
    assert only(HandoffEvent, said) == []


def test_a_packed_report_is_named_without_gz() -> None:
    (item,) = only(Item, load(read, REPORTS / "2026-10-08_daily.csv.gz"))
    assert item.id == "report:2026-10-08_daily.csv"


def test_a_report_that_was_received_is_evidence_and_may_be_the_one_of_the_api() -> None:
    said = load(read, REPORTS / "Report_12345.csv", route="ads-report", report="r-1", system="ads", dataset="d")
    (event,) = only(HandoffEvent, said)
    assert (event.type, event.route, event.item, event.time) == ("received", "ads-report", "report:spotify-ads:r-1", None)
    assert [(item.id, item.name, item.origin) for item in only(Item, said)] == [
        ("report:spotify-ads:r-1", "Report_12345.csv", "ads")
    ]
    assert {field.dataset for field in only(DatasetField, said)} == {"d"}


def test_the_signature_of_an_address_is_not_kept() -> None:
    url = "https://storage.example.com/x/Report_1.csv?X-Goog-Signature=secret"
    said = load_text(read, url, "CAMPAIGN_NAME,CLICKS\nA,1\n", url=url)
    assert only(Item, said)[0].id == "report:Report_1.csv"
    assert not any("secret" in one.model_dump_json() for one in said)


def test_semicolon_bom_and_line_breaks_in_cells() -> None:
    said = load(read, REPORTS / "export-semicolon.csv")
    assert details(said)["rows"] == "2"
    assert details(said)["dimensions"] == ("Campaign name", "Ad name")
    # A decimal comma is no number everywhere: what is not sure stays text.
    assert types(said) == {
        "Campaign name": "text", "Ad name": "text", "Impressions on Spotify": "integer", "Spend": "text", "Note": "text",
    }  # fmt: skip


def test_empty_cells_do_not_decide_a_type() -> None:
    said = load(read, REPORTS / "streams.tsv")
    assert types(said) == {"DAY": "date", "ARTIST": "text", "STREAMS": "integer", "NEW_LISTENERS": "integer"}
    assert types(load_text(read, "x.csv", "A,B\n1,\n2,\n")) == {"A": "integer", "B": None}


@pytest.mark.parametrize(
    "first, later, found",
    [
        ("1", "2.5", "number"), ("2.5", "1", "number"), ("", "1", "integer"), ("1", "x", "text"), ("x", "1", "text"),
        ("2026-10-01", "2026-10-02T10:00:00Z", "date"), ("2026-10-01", "2026-13-01", "text"), ("2026-10-01", "7", "text"),
        ("True", "False", "text"),
    ],
)  # fmt: skip
def test_a_type_fits_all_chunks_and_all_files(monkeypatch: pytest.MonkeyPatch, first: str, later: str, found: str) -> None:
    monkeypatch.setattr("loaders._ads_table._CHUNK", 2)
    one = f"A,B\nx,{first}\nx,{first}\nx,{later}\n"
    assert types(load_text(read, "x.csv", one))["B"] == found
    several = load_text(read, "x.csv", f"A,B\nx,{first}\n", f"B,C\n{later},1\n")
    assert types(several) == {"A": "text", "B": found, "C": "integer"}


def test_good_rows_count_beside_bad_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    for chunk in (2, 100):
        monkeypatch.setattr("loaders._ads_table._CHUNK", chunk)
        said = load(read, HOSTILE / "bad-rows.csv")
        assert [(reject.position, reject.reason) for reject in rejects(said)] == [
            (f"line {line}", "more cells than the 3 columns") for line in (2, 4, 7)
        ]
        assert details(said)["rows"] == "3"
        assert types(said) == {"CAMPAIGN_NAME": "text", "CLICKS": "integer", "SPEND": "number"}


@pytest.mark.parametrize(
    "name, reason",
    [
        ("latin-1.csv", "is not UTF-8"), ("latin-1-header.csv", "is not UTF-8"), ("utf-16.csv", "is binary or UTF-16"),
        ("empty.csv", "is empty"), ("blank.csv", "is empty"), ("error-page.csv", "is HTML or XML, not a CSV"),
        ("error.csv", "is JSON, not a CSV"), ("binary.csv", "is binary"), ("truncated.csv.gz", "breaks off"),
        ("open-quote.csv", "is no whole CSV"), ("one-line.csv", "has no line of headings"),
    ],
)  # fmt: skip
def test_what_is_no_report_is_refused_as_a_whole(name: str, reason: str) -> None:
    said = load(read, HOSTILE / name)
    (reject,) = said
    assert reject in rejects(said)
    assert reason in reject.reason


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
                out.write(f"c{number},{'x' * 100}{number},{number}{',9' if number % 1000 == 0 else ''}\n")
        done = subprocess.run([sys.executable, "-c", program, str(path)], capture_output=True, text=True, check=True)
        said, kib = json.loads(done.stdout)
        assert said == 5 + -(-rows // 1000)
        return int(kib)

    assert peak(600_000) < peak(60_000) * 1.25
