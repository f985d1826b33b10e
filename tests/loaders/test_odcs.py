"""ODCS contracts: data sets, fields, people, service levels, origins; what is broken is refused by its part."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from reading import FIXTURES, check_good, check_hostile, files, load, load_text, only, rejects, sample

from lineage.errors import UsageError
from lineage.facts import Contact, Dataset, DatasetField, Derivation, Finding, Interface, Route, Said, System, Team
from lineage.loading import settings_for
from loaders.odcs import read as odcs

PLAYS = FIXTURES / "odcs" / "plays.odcs.yaml"
FULL = FIXTURES / "odcs" / "full-example.odcs.yaml"


@pytest.mark.parametrize("path", files("odcs", odcs), ids=lambda path: path.name)
def test_the_good_ones_load(path: Path) -> None:
    check_good(odcs, path)


@pytest.mark.parametrize("path", files("hostile/odcs", odcs), ids=lambda path: path.name)
def test_the_hostile_ones_are_refused_in_words(path: Path) -> None:
    check_hostile(odcs, path)


@pytest.mark.parametrize("name", ["schema__kafka-schema", "server__kafka-server", "sla__database-table-sla"])
def test_the_standards_own_examples_load(name: str) -> None:
    said = load(odcs, sample(f"odcs/{name}.odcs.yaml"))
    assert rejects(said) == []
    assert only(Dataset, said)


def fields(said: list[Said]) -> dict[str, DatasetField]:
    return {one.key: one for one in only(DatasetField, said)}


def test_fields_nest_and_lists_carry_their_name() -> None:
    found = fields(load(odcs, PLAYS))
    assert {key: one.type for key, one in found.items()} == {
        "plays/daily#day": "date",
        "plays/daily#episode": "string",
        "plays/daily#country": "string",
        "plays/daily#listeners": "array<object>",
        "plays/daily#listeners.age": "integer",
        "plays/daily#listeners.device": "object",
        "plays/daily#listeners.device.kind": "string",
        "plays/raw#payload": "json",
    }
    assert found["plays/daily#day"].required is True
    assert found["plays/daily#episode"].format == "varchar(40)"
    assert (found["plays/daily#country"].pattern, found["plays/daily#country"].enum) == ("[A-Z]{2}", ("SE", "DE", "US"))


def test_the_data_set_says_what_is_promised_of_it() -> None:
    daily, raw = only(Dataset, load(odcs, PLAYS))
    assert daily.service_levels == ("latency=PT6H", "frequency=P1D", "timeOfAvailability=07:30+02:00", "retention=P2Y")
    assert raw.service_levels == ("retention=P2Y",)
    assert (daily.contract, daily.version, daily.direction, daily.format) == ("plays", "1.4.0", "sent", "parquet")
    assert daily.description == "Plays of episodes for each day."


def test_a_team_as_a_list_and_as_an_object() -> None:
    said = load(odcs, PLAYS)
    assert [one.id for one in only(Team, said)] == ["plays/team"]
    people = {one.name: one for one in only(Contact, said)}
    assert people["Mika"].email == "mika@acme.example"
    # Until the end of that day.
    assert (
        people["old@acme.example"].valid_to is not None and people["old@acme.example"].valid_to.isoformat()[:10] == "2024-01-01"
    )
    assert people["plays-help"].email == "plays-help@acme.example"
    assert people["Data Office"].role == "approves access as reader"
    assert "na" not in people
    said = load(odcs, FULL)
    assert [one.id for one in only(Team, said)] == ["my-team"]
    assert {one.owner for one in only(Dataset, said)} == {"my-team"}
    said = load(odcs, FULL, owner="payments")
    assert only(Team, said) == []
    assert {one.of for one in only(Contact, said)} == {one.owner for one in only(Dataset, said)} == {"payments"}


def ends(said: list[Said]) -> set[tuple[str, str, str]]:
    return {(one.from_label, one.from_, one.to) for one in only(Derivation, said)}


def test_source_objects_are_derivations_wherever_they_lie() -> None:
    assert ends(load(odcs, PLAYS)) == {
        ("Dataset", "plays/raw", "plays/daily#episode"),
        ("Dataset", "catalogue.id", "plays/daily#episode"),
    }
    assert ends(load(odcs, PLAYS, dataset={"catalogue": "shows", "daily": "plays-daily"})) == {
        ("Dataset", "plays/raw", "plays-daily#episode"),
        ("Field", "shows#id", "plays-daily#episode"),
    }


def test_service_levels_are_a_routes_terms_where_the_route_is_named() -> None:
    assert only(Route, load(odcs, PLAYS)) == []
    (route,) = only(Route, load(odcs, PLAYS, route="plays-to-acme", sender="lake", receiver="acme"))
    assert (route.id, route.from_, route.to) == ("plays-to-acme", "lake", "acme")
    assert (route.deliver_within, route.schedule) == (timedelta(hours=6), "30 5 * * *")
    with pytest.raises(UsageError, match="sender and receiver"):
        settings_for(odcs, {"route": "plays-to-acme"})


def test_servers_are_interfaces_of_their_hosts() -> None:
    said = load(odcs, PLAYS)
    assert [(one.id, one.system, one.endpoint) for one in only(Interface, said)] == [
        ("plays/lake", "acme-lake", "s3://acme-lake/plays/")
    ]
    assert [one.id for one in only(System, said)] == ["acme-lake"]
    said = load(odcs, PLAYS, system="warehouse", interface="lake-files")
    assert only(System, said) == []
    assert [(one.id, one.system) for one in only(Interface, said)] == [("lake-files", "warehouse")]


def test_a_contract_alone_is_a_data_set() -> None:
    text = "kind: DataContract\napiVersion: v3.1.0\nid: alone\nname: Alone\n"
    (dataset,) = load_text(odcs, "alone.odcs.yaml", text)
    assert isinstance(dataset, Dataset) and (dataset.id, dataset.name) == ("alone", "Alone")
    (dataset,) = load_text(odcs, "alone.odcs.yaml", text, dataset="orders")
    assert isinstance(dataset, Dataset) and dataset.id == "orders"


def test_the_registrys_id_is_for_one_data_set() -> None:
    (reject,) = load_text(odcs, "plays.odcs.yaml", PLAYS.read_text(), dataset="plays")
    assert "the contract has 2: daily, raw" in rejects([reject])[0].reason
    said = load(odcs, PLAYS, dataset={"daily": "plays"})
    assert [one.id for one in only(Dataset, said)] == ["plays", "plays/raw"]


def test_two_versions_in_one_source_are_one_too_many() -> None:
    text = PLAYS.read_text()
    said = load_text(odcs, "plays.odcs.yaml", text, text.replace("1.4.0", "1.5.0"))
    assert ["given twice" in one.reason for one in rejects(said)] == [True]
    assert {one.version for one in only(Dataset, said)} == {"1.4.0"}


@pytest.mark.parametrize("version", ["v4.0.0", "v2.2.2", ""])
def test_an_unknown_version_is_read_as_far_as_it_is_understood(version: str) -> None:
    said = load_text(odcs, "x.odcs.yaml", f"kind: DataContract\napiVersion: {version}\nid: x\nschema: [{{name: t}}]\n")
    assert [one.finding for one in only(Finding, said)] == ["unknown-version"]
    assert [one.id for one in only(Dataset, said)] == ["x/t"]


@pytest.mark.parametrize(
    "wrong", ["schema: text", "team: 7", "slaProperties: {a: b}", "servers: [1, null]", "support: [[]]", "roles: x"]
)
def test_wrong_parts_spoil_nothing_else(wrong: str) -> None:
    said = load_text(odcs, "x.odcs.yaml", f"kind: DataContract\napiVersion: v3.1.0\nid: x\n{wrong}\n")
    assert only(Dataset, said)


def test_units_and_dates_that_nobody_can_read_are_kept_as_written() -> None:
    levels: list[dict[str, Any]] = [
        {"property": "latency", "value": "soon", "unit": "d"},
        {"property": "latency", "value": 4, "unit": "m"},
        {"property": "availability", "value": 99.9, "unit": "percent"},
    ]
    text = f"kind: DataContract\napiVersion: v3.1.0\nid: x\nslaProperties: {levels}\nteam: [{{username: a, dateOut: 9999-12-31}}]\n"
    said = load_text(odcs, "x.odcs.yaml", text)
    assert only(Dataset, said)[0].service_levels == ("latency=soon d", "latency=4 m", "availability=99.9 percent")
    assert only(Contact, said)[0].valid_to is None
