"""The feed of Tableau's files."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
from reading import FIXTURES, check_good, check_hostile, files, load, load_text, only, rejects

from lineage.facts import Dataset, DatasetField, Derivation, Fact, Finding, Report, Said
from loaders.tableau import read

FOLDER = FIXTURES / "tableau"
DAILY = "analytics.marts.campaign_daily"
CLICKS = "analytics.marts.clicks"


@pytest.mark.parametrize("path", files("tableau", read), ids=lambda path: path.name)
def test_fixture(path: Path) -> None:
    check_good(read, path)


@pytest.mark.parametrize("path", files("hostile/tableau", read), ids=lambda path: path.name)
def test_hostile(path: Path) -> None:
    check_hostile(read, path)


def reads(said: list[Said], report: str) -> set[str]:
    return {one.from_ for one in only(Derivation, said) if one.to == report}


def test_a_dashboard_reads_the_columns_behind_calculations() -> None:
    said = load(read, FOLDER / "ads.twb")
    assert {one.id for one in only(Report, said)} == {"tableau:Ads/Price of reach", "tableau:Ads/Clicks"}
    assert reads(said, "tableau:Ads/Price of reach") == {DAILY, CLICKS, f"{DAILY}#spend", f"{DAILY}#impressions"}


def test_custom_sql_is_read_to_its_tables_columns() -> None:
    said = load(read, FOLDER / "ads.twb")
    assert reads(said, "tableau:Ads/Clicks") == {DAILY, CLICKS, f"{CLICKS}#clicks", f"{CLICKS}#day"}
    broken = (FOLDER / "ads.twb").read_text("utf-8").replace("select c.clicks", "selec c.clicks")
    said = load_text(read, "ads.twb", broken)
    assert [one.finding for one in only(Finding, said)] == ["columns-unknown"]
    assert reads(said, "tableau:Ads/Price of reach") == {DAILY, f"{DAILY}#spend", f"{DAILY}#impressions"}


def test_reports_by_their_address() -> None:
    said = load(read, FOLDER / "ads.twb", url="https://bi.example.com/#/site/acme")
    report = next(one for one in only(Report, said) if one.name == "Price of reach")
    assert report.id == report.url == "https://bi.example.com/#/site/acme/views/Ads/Priceofreach"


def test_connections_of_several_databases() -> None:
    said = load(read, FOLDER / "multiple_connections.twb")
    assert reads(said, "tableau:multiple_connections") == {"testv1.xy", "testv1.dbo.xy", "tableau:xyTestV1"}
    said = load(read, FOLDER / "multiple_connections.twb", server={"mysql55": "old"})
    assert "old/testv1.xy" in reads(said, "tableau:multiple_connections")
    assert len(only(Fact, load(read, FOLDER / "TABLEAU_10_TWB.twb"))) == 1  # it has connections and no table


def test_a_data_source_is_made_from_its_tables() -> None:
    said = load(read, FOLDER / "datasource_test.tds")
    assert [(one.id, one.name) for one in only(Dataset, said)] == [("tableau:datasource_test", "foo")]
    assert reads(said, "tableau:datasource_test") == {"testv1.public.xy"}
    assert reads(said, "tableau:datasource_test#Today's Date") == {"testv1.public.xy#today's date"}
    assert {one.name: one.type for one in only(DatasetField, said)}["x"] == "integer"


def test_a_workbook_on_a_published_data_source_reads_its_columns() -> None:
    text = """<workbook><datasources><datasource name='s1'>
      <repository-location id='Sales' />
      <connection class='sqlproxy' dbname='Sales'><relation name='sqlproxy' table='[sqlproxy]' type='table' /></connection>
      <column name='[c]'><calculation formula='[Amount] * 2' /></column></datasource></datasources>
      <worksheets><worksheet name='W'><table><view><datasources><datasource name='s1' /><datasource name='gone' /></datasources>
        <datasource-dependencies datasource='s1'><column name='[c]' /></datasource-dependencies>
      </view></table></worksheet></worksheets></workbook>"""
    said = load_text(read, "w.twb", text)
    assert reads(said, "tableau:w/W") == {"tableau:Sales", "tableau:Sales#Amount"}


def test_calculations_in_a_circle_end() -> None:
    text = """<datasource name='x'><connection class='postgres' dbname='d'><relation name='t' table='[s].[t]' type='table' /></connection>
      <column name='[a]'><calculation formula='[b]' /></column><column name='[b]'><calculation formula='[a]' /></column></datasource>"""
    assert reads(load_text(read, "x.tds", text), "tableau:x") == {"d.s.t"}


def test_files_are_no_tables() -> None:
    text = """<datasource name='x'><connection class='textscan' directory='/data' filename='Ads.csv'>
      <relation name='Ads.csv' table='[Ads#csv]' type='table' /></connection></datasource>"""
    assert reads(load_text(read, "x.tds", text), "tableau:x") == {"file:Ads.csv/Ads#csv"}


def test_packed_files(tmp_path: Path) -> None:
    packed = tmp_path / "ads.twbx"
    with zipfile.ZipFile(packed, "w") as archive:
        archive.write(FOLDER / "ads.twb", "ads.twb")
        archive.writestr("Data/ads.hyper", b"\x00")
    said = load(read, packed)
    assert not rejects(said)
    assert {one.id for one in only(Report, said)} == {"tableau:Ads/Price of reach", "tableau:Ads/Clicks"}
