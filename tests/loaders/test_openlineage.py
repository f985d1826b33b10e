"""The feed of OpenLineage events."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import pytest
from reading import FIXTURES, check_good, check_hostile, files, load, load_text, only, rejects, sample

from lineage.facts import Dataset, DatasetField, Derivation, Finding, HandoffEvent, Item, Reject, Said, System, Team
from loaders._openlineage import OpenLineageSettings, event_facts
from loaders.openlineage import read

PG = "postgres://wh:5432"
JOB = {"namespace": "airflow", "name": "load"}


@pytest.mark.parametrize("path", files("openlineage", read), ids=lambda path: path.name)
def test_fixture(path: Path) -> None:
    check_good(read, path)


@pytest.mark.parametrize("path", files("hostile/openlineage", read), ids=lambda path: path.name)
def test_hostile(path: Path) -> None:
    check_hostile(read, path)


def data(name: str, namespace: str = PG, **facets: Any) -> dict[str, Any]:
    return {"namespace": namespace, "name": name, "facets": facets}


def event(kind: str | None, minute: int = 0, ins: Any = (), outs: Any = (), run: str = "r-1", **more: Any) -> dict[str, Any]:
    whole = {
        "eventType": kind,
        "eventTime": f"2026-09-16T05:{minute:02}:00Z",
        "run": {"runId": run, "facets": more.pop("run_facets", {})},
        "job": JOB,
        "inputs": list(ins),
        "outputs": list(outs),
        "schemaURL": "https://openlineage.io/spec/2-0-2/OpenLineage.json",
    } | more
    return {key: value for key, value in whole.items() if value is not None}


def said_of(*events: Any, **settings: Any) -> list[Said]:
    return load_text(read, "events.jsonl", "".join(json.dumps(one) + "\n" for one in events), **settings)


def content(said: list[Said]) -> set[str]:
    return {f"{type(one).__name__} {one.model_dump_json(exclude={'position'})}" for one in said}


def handoffs(said: list[Said]) -> set[tuple[str | None, str | None, str | None, str]]:
    return {(one.from_, one.to, one.dataset, one.type) for one in only(HandoffEvent, said)}


def edges(said: list[Said]) -> set[tuple[str, str]]:
    return {(one.from_, one.to) for one in only(Derivation, said)}


RUN = (
    event("START", 0, [data("db.s.a")]),
    event("RUNNING", 1),
    event("OTHER", 2, [data("db.s.c")]),
    event("COMPLETE", 3, [], [data("db.s.b")]),
)


def test_a_run_is_queued_at_its_job_until_the_storage_has_what_it_writes() -> None:
    said = said_of(event("START", 0, [], [data("db.s.b")]))
    assert handoffs(said) == {("airflow/load", "airflow", None, "queued"), ("airflow/load", PG, "db.s.b", "queued")}
    said = said_of(event("COMPLETE", 0, [data("db.s.a")], [data("db.s.b")]))
    assert handoffs(said) == {
        ("airflow/load", "airflow", None, "received"),
        ("airflow/load", PG, "db.s.b", "published"),
        (PG, "airflow/load", "db.s.a", "picked_up"),
    }
    (item,) = only(Item, said)
    assert (item.id, item.origin) == ("run:r-1", "airflow/load")


@pytest.mark.parametrize("kind", ["FAIL", "ABORT", "fail"])
def test_a_failure_that_names_nothing_is_that_of_all_that_the_run_writes(kind: str) -> None:
    message = {"errorMessage": {"message": "disk full", "programmingLanguage": "JAVA"}}
    said = said_of(event("START", 0, [], [data("db.s.b")]), event(kind, 1, run_facets=message))
    failed = [one for one in only(HandoffEvent, said) if one.type == "failed"]
    assert {(one.to, one.code, one.detail) for one in failed} == {
        ("airflow", kind.upper(), "disk full"),
        (PG, kind.upper(), "disk full"),
    }
    assert not [one for one in failed if one.from_ == PG]  # nobody knows whether it read its inputs


def test_events_of_a_run_add_up_in_any_order() -> None:
    wanted = content(said_of(*RUN))
    assert {("db.s.a", "db.s.b"), ("db.s.c", "db.s.b")} == edges(said_of(*RUN))
    for order in itertools.permutations(RUN):
        assert content(said_of(*order)) == wanted
    assert content(said_of(*RUN, *RUN)) == wanted
    assert content(load_text(read, "e.json", json.dumps(list(RUN)))) == wanted


def test_runs_do_not_mix() -> None:
    said = said_of(event("START", 0, [data("db.s.a")]), event("COMPLETE", 1, [], [data("db.s.b")], run="r-2"))
    assert edges(said) == set()


def test_one_identity_with_other_content_is_left_to_the_graph_to_judge() -> None:
    facets = [{"errorMessage": {"message": text}} for text in ("disk full", "no such table")]
    said = said_of(*(event("FAIL", 1, [], [data("db.s.b")], run_facets=one) for one in facets))
    events = only(HandoffEvent, said)
    assert len({one.id for one in events}) == 2
    assert {one.detail for one in events} == {"disk full", "no such table"}


def without(change: dict[str, Any], minute: int) -> dict[str, Any]:
    whole = event("COMPLETE", minute, [], [data("db.s.b")]) | change
    return {key: value for key, value in whole.items() if value is not None}


@pytest.mark.parametrize(
    ("change", "finding"),
    [
        ({"eventTime": None}, "no-time"),
        ({"eventTime": "2026-09-16T05:00:00"}, "no-timezone"),
        ({"eventTime": "yesterday"}, "bad-time"),
        ({"eventType": None}, "no-event-type"),
        ({"schemaURL": None}, "no-schema-url"),
    ],
)
def test_what_real_events_miss_is_said_once_for_a_file(change: dict[str, Any], finding: str) -> None:
    said = said_of(*(without(change, minute) for minute in range(3)))
    assert not rejects(said)
    assert [one.finding for one in only(Finding, said)] == [finding]
    assert only(Finding, said)[0].detail.endswith("(and 2 more events)")
    assert len(only(HandoffEvent, said)) >= 2


def test_words_that_nobody_mapped_stay() -> None:
    assert {(one.type, one.raw_type) for one in only(HandoffEvent, said_of(event("PAUSED")))} == {("unknown", "PAUSED")}


def test_a_data_set_without_name_costs_itself_alone() -> None:
    said = said_of(event("COMPLETE", 0, [], [{"namespace": PG}, data("db.s.b")]))
    assert [one.position for one in rejects(said)] == ["line 1 outputs/0"]
    assert ("airflow/load", PG, "db.s.b", "published") in handoffs(said)


def test_columns_by_facets() -> None:
    lineage = {
        "fields": {"Total": {"inputFields": [{"namespace": PG, "name": "DB.s.a", "field": "AMOUNT"}]}},
        "dataset": [{"namespace": PG, "name": "db.s.a", "field": "day"}],
    }
    schema = {"fields": [{"name": "Total", "type": "numeric", "description": "Sum", "fields": [{"name": "x"}]}, {"type": "a"}]}
    said = said_of(event("COMPLETE", 0, [data("db.s.a")], [data("db.s.b", columnLineage=lineage, schema=schema)]))
    assert edges(said) == {("db.s.a", "db.s.b"), ("db.s.a#amount", "db.s.b#total"), ("db.s.a#day", "db.s.b")}
    assert [(one.name, one.type, one.description) for one in only(DatasetField, said)] == [
        ("total", "numeric", "Sum"),
        ("total.x", None, None),
    ]
    assert {one.by for one in only(Derivation, said)} == {"airflow/load"}


def test_explicit_lineage_of_data_sets_and_jobs() -> None:
    """The samples of spec/tests/LineageFacet, in events."""
    of_data = json.loads(sample_text("spec__tests__LineageFacet__dataset-to-dataset.json"))
    of_job = json.loads(sample_text("spec__tests__LineageFacet__dataset-to-job.json"))
    target = {"type": "DATASET", "namespace": PG, "name": "db.s.t"}
    entry = {**target, "inputs": [{"type": "DATASET", "namespace": PG, "name": "db.s.u"}, {"type": "JOB"}]}
    of_job["lineage"]["entries"].append(entry)
    said = said_of({"dataset": {"namespace": "x", "name": "y", "facets": of_data}}, {"job": {**JOB, "facets": of_job}})
    customers = "postgresql://warehouse:5432/public.customers"
    assert edges(said) == {(customers, "x/y"), (f"{customers}#id", "x/y#customer_id"), ("db.s.u", "db.s.t")}
    assert "airflow://production/daily.load" in {one.id for one in only(System, said)}


def sample_text(name: str) -> str:
    return (FIXTURES / "openlineage" / "facets" / name).read_text("utf-8")


def test_other_names_lead_both_ways() -> None:
    links = {"identifiers": [{"namespace": "hive://h:9083", "name": "Lake.T", "type": "TABLE"}, {"name": 1}]}
    schema = {"fields": [{"name": "Id"}]}
    said = said_of({"dataset": data("raw/t", "s3://lake", symlinks=links, schema=schema)})
    assert edges(said) == {
        ("s3://lake/raw/t", "lake.t"),
        ("lake.t", "s3://lake/raw/t"),
        ("s3://lake/raw/t#Id", "lake.t#id"),
        ("lake.t#id", "s3://lake/raw/t#Id"),
    }
    same = {"identifiers": [{"namespace": "postgres://other:5432", "name": "db.s.a"}]}
    assert edges(said_of({"dataset": data("DB.s.a", symlinks=same)})) == set()


def test_owners_documentation_and_sources() -> None:
    owners = {"ownership": {"owners": [{"name": "user:ada"}, {"name": "team:core"}]}}
    facets = {**owners, "documentation": {"description": "Orders"}, "dataSource": {"name": "Warehouse", "uri": "jdbc:secret"}}
    said = said_of({"job": {**JOB, "facets": owners}, "outputs": [data("db.s.a", **facets)]})
    assert [one.id for one in only(Team, said)] == ["core"]
    assert [(one.description, one.owner) for one in only(Dataset, said)] == [("Orders", "core")]
    assert {(one.id, one.name, one.owner) for one in only(System, said)} == {
        ("airflow/load", "load", "core"),
        (PG, "Warehouse", None),
    }
    assert "secret" not in str(content(said))
    mapped = said_of({"job": {**JOB, "facets": owners}}, team={"team:core": "platform"})
    assert [(one.id, one.name) for one in only(Team, mapped)] == [("platform", None)]


def test_a_run_is_part_of_its_parent() -> None:
    parent = {"parent": {"run": {"runId": "dag"}, "job": {"namespace": "airflow", "name": "dag"}}}
    assert [one.part_of for one in only(Item, said_of(event("START", run_facets=parent)))] == [("run:dag",)]


def test_names_by_settings() -> None:
    settings = {"system": {PG: "wh", "airflow": "scheduler"}, "server": {PG: "eu"}}
    said = said_of(event("COMPLETE", 0, [], [data("db.s.b", dataSource={"name": "x"})]), **settings)
    assert handoffs(said) == {("airflow/load", "scheduler", None, "received"), ("airflow/load", "wh", "eu/db.s.b", "published")}
    assert {one.id for one in only(System, said)} == {"airflow/load"}


def test_two_servers_that_have_the_same_table_are_said() -> None:
    said = said_of(event("START", 0, [data("db.s.a")]), event("START", 1, [data("db.s.a", "postgresql://other:5432")]))
    (finding,) = only(Finding, said)
    assert (finding.finding, finding.subject) == ("two-servers", "db.s.a")
    assert "server.postgresql://other:5432=NAME" in finding.detail
    apart = said_of(
        event("START", 0, [data("db.s.a")]),
        event("START", 1, [data("db.s.a", "postgresql://other:5432")]),
        server={"postgresql://other:5432": "other"},
    )
    assert not only(Finding, apart)


def test_one_event_at_a_time() -> None:
    """What an endpoint calls: no file, no state."""
    said = list(event_facts(RUN[3], "body", OpenLineageSettings()))
    assert content(said) <= content(said_of(*RUN))
    assert {one.position for one in said if not isinstance(one, Reject)} == {"body"}
    (reject,) = event_facts({"eventType": "START", "run": {}, "job": JOB}, "body")
    assert isinstance(reject, Reject)
    assert "runId" in reject.reason


def test_facets_of_any_shape_spoil_nothing() -> None:
    odd: dict[str, Any] = {"schema": 7, "columnLineage": {"fields": ["x"]}, "lineage": {"inputs": "x", "fields": {"a": 1}}}
    odd |= {"symlinks": {"identifiers": {}}, "ownership": {"owners": "x"}, "documentation": [], "dataSource": "x"}
    said = said_of(event("COMPLETE", 0, [], [data("db.s.b", **odd)], run_facets=[], inputs="x", job={**JOB, "facets": 3}))
    assert not rejects(said)
    assert [one.id for one in only(Dataset, said)] == ["db.s.b"]


@pytest.mark.parametrize(
    ("name", "facts"),
    [
        ("client__python__tests__example_full_event.json", 7),
        ("marquez-event_additional_facet.json", 7),
        ("marquez-event_dataset_event.json", 2),
        ("marquez-event_job_event.json", 4),
        ("marquez-event_required_nanoseconds.json", 3),
        ("marquez-event_simple.json", 11),
    ],
)
def test_real_samples(name: str, facts: int) -> None:
    said = load(read, sample(f"openlineage/{name}"))
    assert not rejects(said)
    assert len(said) - len(only(Finding, said)) == facts
