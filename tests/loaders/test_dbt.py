"""The feed of dbt's artifacts."""

from __future__ import annotations

import gzip
import json
import os
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from reading import FIXTURES, check_good, check_hostile, files, load, load_text, only, rejects, sample

from lineage.facts import Contact, Dataset, DatasetField, Derivation, Finding, HandoffEvent, Item, Report, Said, System, Team
from loaders._database_tables import Tables, dialect_of, place_of, table
from loaders._sql import read_query
from loaders.base import UnusableError
from loaders.dbt import read

ADS = FIXTURES / "dbt" / "ads-manifest.json"


@pytest.mark.parametrize("path", files("dbt", read), ids=lambda path: path.name)
def test_fixture(path: Path) -> None:
    check_good(read, path)


@pytest.mark.parametrize("path", files("hostile/dbt", read), ids=lambda path: path.name)
def test_hostile(path: Path) -> None:
    check_hostile(read, path)


def edges(said: list[Said], start: str, end: str) -> set[tuple[str, str]]:
    return {(d.from_, d.to) for d in only(Derivation, said) if (d.from_label, d.to_label) == (start, end)}


def manifest(*nodes: dict[str, Any], **more: Any) -> str:
    """A manifest of postgres models ``db.s.<name>`` in the package p."""
    metadata = {"dbt_schema_version": "https://schemas.getdbt.com/dbt/manifest/v12.json", "adapter_type": "postgres"}
    whole = {f"model.p.{n['name']}": {"resource_type": "model", "database": "db", "schema": "s", **n} for n in nodes}
    return json.dumps({"metadata": metadata, "nodes": whole, **more})


def model(name: str, sql: str | None = None, *depends: str, **more: Any) -> dict[str, Any]:
    nodes = [one if "." in one else f"model.p.{one}" for one in depends]
    return {"name": name, "relation_name": f'"db"."s"."{name}"', "compiled_code": sql, "depends_on": {"nodes": nodes}, **more}


def said_of(*nodes: dict[str, Any], **more: Any) -> list[Said]:
    return load_text(read, "manifest.json", manifest(*nodes, **more))


def findings(said: list[Said]) -> list[tuple[str, str]]:
    return [(one.finding, one.subject) for one in only(Finding, said)]


def test_a_table_goes_by_where_it_is_and_is_found_by_its_unique_id() -> None:
    said = load(read, FIXTURES / "dbt" / "dbtmetabase-manifest-v12.json")
    names = {one.id: one.name for one in only(Dataset, said)}
    assert names["dbtmetabase.public.transactions"] == "model.sandbox.payments"
    assert names["dbtmetabase.inventory.skus"] == "source.sandbox.inventory.skus"
    assert not any(one.startswith("test.") for one in names.values() if one)
    assert ("dbtmetabase.public.stg_payments", "dbtmetabase.public.transactions") in edges(said, "Dataset", "Dataset")
    jobs = {d.by for d in only(Derivation, said) if d.to == "dbtmetabase.public.transactions"}
    assert jobs == {"dbt:sandbox/payments"} <= {one.id for one in only(System, said) if one.kind == "job"}


def test_columns_are_made_from_columns_through_stars_and_what_filters_rows_makes_the_whole_table() -> None:
    said = load(read, FIXTURES / "dbt" / "dbtmetabase-manifest-v12.json")
    fields = edges(said, "Field", "Field")
    customers = {start for start, end in fields if end == "dbtmetabase.public.customers#customer_lifetime_value"}
    assert customers == {"dbtmetabase.public.stg_payments#amount"}
    # `select *` of a seed without documented columns, renamed behind it
    assert ("dbtmetabase.public.raw_orders#user_id", "dbtmetabase.public.stg_orders#customer_id") in fields
    assert ("dbtmetabase.public.stg_payments#order_id", "dbtmetabase.public.customers") in edges(said, "Field", "Dataset")
    assert not only(Finding, said)


def test_contracts_and_constraints_say_what_is_required() -> None:
    fields = {(one.dataset, one.name): one for one in only(DatasetField, load(read, ADS))}
    mart = "analytics.marts.campaign_daily"
    assert [(fields[mart, name].type, fields[mart, name].required) for name in ("day", "spend")] == [
        ("date", True),
        ("numeric", None),
    ]
    assert ("analytics.staging.stg_spotify_report", "campaign") in fields  # named by the SQL alone
    keyed = said_of(model("a", columns={"id": {"name": "ID"}}, constraints=[{"type": "primary_key", "columns": ["ID"]}]))
    assert [(one.name, one.required) for one in only(DatasetField, keyed)] == [("id", True)]


def test_an_ephemeral_model_stands_for_what_it_is_made_from() -> None:
    said = load(read, ADS)
    assert {end for start, end in edges(said, "Dataset", "Dataset") if start == "analytics.staging.stg_spotify_report"} == {
        "analytics.marts.campaign_daily",
        "analytics.marts.clicks",
    }
    assert "analytics.marts.int_spend" not in {one.id for one in only(Dataset, said)}


def test_meta_names_the_source_outside() -> None:
    said = load(read, ADS)
    assert ("spotify-ads:report", "analytics.raw.spotify_report") in edges(said, "Dataset", "Dataset")
    outside = {pair for pair in edges(said, "Field", "Field") if pair[0].startswith("spotify-ads:report#")}
    assert ("spotify-ads:report#IMPRESSIONS_ON_SPOTIFY", "analytics.raw.spotify_report#impressions") in outside
    assert ("spotify-ads:report#CLICKS", "analytics.raw.spotify_report#clicks") in outside  # said at the column
    assert {d.by for d in only(Derivation, said) if d.from_.startswith("spotify-ads:report")} == {"nightly-load"}


@pytest.mark.parametrize(
    "meta",
    [
        ["spotify-ads:report"],
        {"dataset": "spotify-ads:report"},
        {"from": {"a": 1}},
        {"from": ["a", "b"], "fields": {"x": "Y"}},
        {"fields": {"x": "Y"}},
        {"from": "a", "fields": {"x": 7}},
        {"from": "a", "fields": ["x"]},
    ],
)
def test_meta_that_cannot_be_used_is_said(meta: Any) -> None:
    assert findings(said_of(model("a", "select 1 as x", meta={"lineage": meta}))) == [("bad-meta", "model.p.a")]


def test_exposures_are_reports_with_owners() -> None:
    said = load(read, ADS, team={"ada@acme.example": "analysts"})
    (report,) = only(Report, said)
    assert (report.id, report.name, report.owner) == ("https://bi.acme.example/dashboard/1", "Spend", "analysts")
    assert edges(said, "Dataset", "Report") == {("analytics.marts.campaign_daily", report.id)}
    assert {(one.of, one.email) for one in only(Contact, said)} >= {("analysts", "ada@acme.example")}
    assert {one.id: one.name for one in only(Team, said)}["ads-analytics@acme.example"] == "ads-analytics"
    owners = {one.id: one.owner for one in only(Dataset, said)}
    assert owners["analytics.marts.campaign_daily"] == "ads-analytics@acme.example"
    assert owners["analytics.raw.spotify_report"] == "ads-engineering"


def test_an_exposure_of_a_metric_rests_on_its_model() -> None:
    more = {
        "metrics": {"metric.p.m": {"resource_type": "metric", "depends_on": {"nodes": ["semantic_model.p.s"]}}},
        "semantic_models": {"semantic_model.p.s": {"resource_type": "semantic_model", "depends_on": {"nodes": ["model.p.a"]}}},
        "exposures": {"exposure.p.e": {"name": "e", "depends_on": {"nodes": ["metric.p.m"]}}},
    }
    assert edges(said_of(model("a", "select 1 as x"), **more), "Dataset", "Report") == {("db.s.a", "exposure.p.e")}


@pytest.mark.parametrize(
    ("sql", "more", "why"),
    [
        ("select {{ dbt_utils.star(x) }} from db.s.a", {}, "macros"),
        ("selec x from", {}, "sqlglot cannot read"),
        ("merge into db.s.b using db.s.a on true when matched then delete", {}, "no query but MERGE"),
        ("def model(dbt, session): return dbt.ref('a')", {"language": "python"}, "written in python"),
        (f"select {'(' * 5000}1{')' * 5000} as x from db.s.a", {}, "recursion"),
    ],
)
def test_sql_that_cannot_be_read_leaves_the_tables(sql: str, more: dict[str, Any], why: str) -> None:
    said = said_of(model("a", "select 1 as x"), model("b", sql, "a", columns={"y": {"name": "y"}}, **more))
    assert edges(said, "Dataset", "Dataset") == {("db.s.a", "db.s.b")}
    assert edges(said, "Field", "Field") == set()
    (finding,) = only(Finding, said)
    assert (finding.finding, finding.subject) == ("columns-unknown", "model.p.b")
    assert why in finding.detail
    assert "y" in {one.name for one in only(DatasetField, said)}


def test_models_that_nobody_compiled_are_one_finding() -> None:
    said = said_of(model("a"), model("b", None, "a"))
    assert findings(said) == [("not-compiled", "model.p.a")]
    assert edges(said, "Dataset", "Dataset") == {("db.s.a", "db.s.b")}


def test_a_cycle_is_said_and_read() -> None:
    said = said_of(model("a", "select x from db.s.b", "b"), model("b", "select x from db.s.a", "a"))
    assert [kind for kind, _ in findings(said)] == ["cycle"]
    assert edges(said, "Field", "Field") == {("db.s.a#x", "db.s.b#x"), ("db.s.b#x", "db.s.a#x")}


def test_a_version_that_nobody_knows_is_read_as_far_as_it_is_understood() -> None:
    text = manifest(model("a", "select 1 as x")).replace("v12", "v31")
    said = load_text(read, "manifest.json", text)
    assert findings(said) == [("unknown-version", "manifest.json")]
    assert [one.id for one in only(Dataset, said)] == ["db.s.a"]
    assert not rejects(said)
    nameless = load_text(read, "manifest.json", json.dumps({"nodes": json.loads(text)["nodes"]}))
    assert [one.id for one in only(Dataset, nameless)] == ["db.s.a"]


def test_odd_values_spoil_nothing_else() -> None:
    odd = [
        model("a", 7, columns=["x"], meta="x", config=[], depends_on=None),
        model("b", "select 1 as x", columns={"x": None, "y": {"name": 3, "constraints": "not_null"}}, group={"a": 1}),
        {"name": "c", "relation_name": None, "alias": None, "config": {"materialized": "ephemeral"}},
    ]
    said = said_of(*odd, exposures={"e": 7, "exposure.p.f": {"owner": "me", "depends_on": [3, "model.p.a"], "url": 1}})
    assert {one.id for one in only(Dataset, said)} == {"db.s.a", "db.s.b"}
    assert [one.position for one in rejects(said)] == ["/exposures/e"]
    assert edges(said, "Dataset", "Report") == {("db.s.a", "exposure.p.f")}
    assert [one.name for one in only(DatasetField, said)] == ["y", "x"]


def test_a_broken_file_loads_up_to_the_break() -> None:
    text = manifest(model("a", "select 1 as x"), model("b", "select 1 as y"))
    said = load_text(read, "manifest.json", text[:-40])
    (reject,) = rejects(said)
    assert reject.position == "after /nodes/model.p.a"
    assert [one.id for one in only(Dataset, said)] == ["db.s.a"]


def test_a_packed_file_that_breaks_off_loads_up_to_the_break() -> None:
    text = manifest(*(model(f"m{n}", "select 1 as x", description=os.urandom(2000).hex()) for n in range(50)))
    said = load_text(read, "manifest.json.gz", gzip.compress(text.encode())[:-60_000])
    assert len(rejects(said)) == 1
    assert 10 < len(only(Dataset, said)) < 50


def test_a_catalog_completes_columns_and_stars() -> None:
    catalog = {
        "metadata": {"dbt_schema_version": "https://schemas.getdbt.com/dbt/catalog/v1.json"},
        "nodes": {},
        "sources": {
            f"source.p.r.{name}": {
                "metadata": {"database": "DB", "schema": "R", "name": name, "type": "TABLE"},
                "columns": {"ID": {"name": "ID", "type": "NUMBER"}, "AMOUNT": {"name": "AMOUNT", "type": "NUMBER"}},
            }
            for name in ("T", "U")
        },
    }
    source = {"resource_type": "source", "relation_name": "db.r.t", "columns": {"id": {"name": "id", "description": "The id"}}}
    text = manifest(model("a", "select * from db.r.t", "source.p.r.t"), sources={"source.p.r.t": source})
    alone = load_text(read, "target", text)
    assert findings(alone) == [("open-star", "model.p.a")]
    assert edges(alone, "Field", "Field") == {("db.r.t#id", "db.s.a#id")}
    both = load_text(read, "target", text, json.dumps(catalog))
    assert both == load_text(read, "target", text, json.dumps(catalog))
    assert edges(both, "Field", "Field") == {("db.r.t#id", "db.s.a#id"), ("db.r.t#amount", "db.s.a#amount")}
    fields = {(one.dataset, one.name): (one.type, one.description) for one in only(DatasetField, both)}
    assert fields["db.r.t", "id"] == ("NUMBER", "The id")
    assert fields["db.r.u", "amount"] == ("NUMBER", None)  # in the catalog alone


RUN = {"metadata": {"invocation_id": "i-1", "generated_at": "2026-09-16T05:10:00Z"}}


def run(status: str, unique_id: str = "model.p.a", **more: Any) -> list[Said]:
    timing = [
        {"name": "compile", "started_at": "2026-09-16T05:00:00Z", "completed_at": "2026-09-16T05:00:01Z"},
        {"name": "execute", "started_at": "2026-09-16T05:00:02Z", "completed_at": "2026-09-16T05:01:00Z"},
    ]
    result = {"unique_id": unique_id, "status": status, "timing": timing, "relation_name": '"db"."s"."a"', **more}
    return load_text(read, "run_results.json", json.dumps({**RUN, "results": [result]}), warehouse="wh")


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        ("success", "published"),
        ("warn", "accepted_with_errors"),
        ("partial success", "partially_accepted"),
        ("error", "failed"),
        ("fail", "failed"),
        ("runtime error", "failed"),
        ("skipped", "failed"),
        ("reused", "unknown"),
    ],
)
def test_a_run_is_evidence(status: str, kind: str) -> None:
    said = run(status, message="Database Error\n  permission denied")
    start, end = only(HandoffEvent, said)
    assert (start.type, str(start.time)) == ("queued", "2026-09-16 05:00:00+00:00")
    assert (end.type, end.raw_type, str(end.time)) == (kind, status, "2026-09-16 05:01:00+00:00")
    assert (end.from_, end.to, end.dataset) == ("dbt:p/a", "wh", "db.s.a")
    assert (end.code is not None) == (kind in {"failed", "unknown"})
    assert end.item == "run:i-1/model.p.a"
    assert {one.id: one.part_of for one in only(Item, said)}[end.item] == ("run:i-1",)


def test_what_was_skipped_has_no_times_of_its_own() -> None:
    (event,) = only(HandoffEvent, run("skipped", timing=[]))
    assert str(event.time) == "2026-09-16 05:10:00+00:00"


def test_tests_and_hooks_hand_nothing_over() -> None:
    for node in ("test.p.not_null.abc", "operation.p.x", "unit_test.p.a.b"):
        assert only(HandoffEvent, run("fail", node)) == []


def test_a_run_without_id_is_refused() -> None:
    (reject,) = rejects(load_text(read, "run_results.json", json.dumps({"metadata": {}, "results": []})))
    assert "invocation_id" in reject.reason


def test_freshness_says_when_a_source_was_loaded() -> None:
    results = [
        {"unique_id": "source.p.r.t", "max_loaded_at": "2026-09-15T22:00:00Z", "status": "error"},
        {"unique_id": "source.p.r.u", "status": "runtime error", "error": "no such table"},
    ]
    schema = {"dbt_schema_version": "https://schemas.getdbt.com/dbt/sources/v3.json"}
    said = load_text(read, "sources.json", json.dumps({"metadata": schema, "results": results}))
    (event,) = only(HandoffEvent, said)
    assert (event.type, event.raw_type, event.from_, event.to) == ("received", "error", "dbt:p/r.t", "warehouse")
    assert str(event.time) == "2026-09-15 22:00:00+00:00"
    assert findings(said) == [("freshness-unknown", "source.p.r.u")]


def columns(sql: str, dialect: str = "postgres") -> tuple[dict[str, list[str]], list[str]]:
    tables = Tables()
    tables.add(table(("d", "s", "whole")), ("k", "v"), complete=True)
    tables.add(table(("d", "s", "part")), ("id",))
    query = read_query(sql, dialect, tables, lambda names: tables.find(names) or ".".join(names))

    def short(some: Any) -> list[str]:
        return sorted(f"{id_.removeprefix('d.s.')}.{name}" for id_, name in some)

    return {name: short(made) for name, made in query.columns.items()}, short(query.rows)


@pytest.mark.parametrize(
    ("sql", "made", "rows"),
    [
        ("select id, amount from d.s.part", {"id": ["part.id"], "amount": ["part.amount"]}, []),
        ("select id, v, x from d.s.part p join d.s.whole w on p.id = w.k",
         {"id": ["part.id"], "v": ["whole.v"], "x": ["part.x"]}, ["part.id", "whole.k"]),
        ("with s as (select * from d.s.part), r as (select id as a, b from s) select * from r",
         {"a": ["part.id"], "b": ["part.b"]}, []),
        ("with a as (select *, id + 1 as y from d.s.part), f as (select * from a) select * from f",
         {"id": ["part.id"], "y": ["part.id"]}, []),
        ("select v as x from d.s.whole union all select id from d.s.part", {"x": ["part.id", "whole.v"]}, []),
        ("with recursive r as (select k from d.s.whole union all select r.k + w.v from r join d.s.whole w on w.k = r.k) select k from r",
         {"k": ["whole.k", "whole.v"]}, ["whole.k"]),
        ("select (select max(v) from d.s.whole w where w.k = p.id) as m from d.s.part p "
         "where exists (select 1 from d.s.whole where k = p.q)",
         {"m": ["whole.v"]}, ["part.id", "part.q", "whole.k"]),
        ("select sum(v) over (partition by k) as t from D.S.\"WHOLE\" order by v", {"t": ["whole.k", "whole.v"]}, ["whole.v"]),
        ("select count(*), max(v) from d.s.whole group by k", {}, ["whole.k"]),
    ],
)  # fmt: skip
def test_column_lineage(sql: str, made: dict[str, list[str]], rows: list[str]) -> None:
    assert columns(sql) == (made, rows)


def test_queries_that_double_at_each_step_take_no_time() -> None:
    steps = [f"c{n} as (select * from c{n - 1} union all select * from c{n - 1})" for n in range(1, 60)]
    sql = f"with c0 as (select * from d.s.part), {', '.join(steps)} select * from c59"
    assert columns(sql) == ({"id": ["part.id"]}, [])


def test_stars_with_exceptions_are_of_the_dialect() -> None:
    assert columns("select * except (v) from d.s.whole", "bigquery") == ({"k": ["whole.k"]}, [])
    with pytest.raises(UnusableError, match="sqlglot"):
        columns("select from where", "snowflake")


def test_dialects_by_adapter() -> None:
    assert [dialect_of(name) for name in ("sqlserver", "bigquery", "athena", "nobody", None)] == [
        "tsql",
        "bigquery",
        "athena",
        "",
        "",
    ]


def test_one_table_has_one_name() -> None:
    assert (
        place_of("postgres://h:5432", "Shop.public.Orders", {}).id
        == table(("shop", "PUBLIC", "orders")).id
        == "shop.public.orders"
    )
    assert place_of("postgres://h:5432", "public.orders", {}).id == "postgres://h:5432/public.orders"  # of which database?
    assert place_of("mysql://h:3306", "shop.orders", {}).id == "shop.orders"
    assert place_of("prod", "shop.public.orders", {"prod": "eu"}).id == "eu/shop.public.orders"
    assert place_of("kafka://h:9092", "Topic", {}).field("Key") == "kafka://h:9092/Topic#Key"


def test_real_samples() -> None:
    assert len(load(read, sample("dbt/dbtmetabase-manifest-v12.json"))) == 123
    events = only(HandoffEvent, load(read, sample("dbt/jaffle_shop-run_results_1.11.json")))
    assert {one.type for one in events} == {"queued", "published"}
    assert {one.dataset for one in events} >= {"jaffle_shop.main.customers"}


def test_memory_does_not_grow_with_what_is_passed_over() -> None:
    """Macros, raw code and results' SQL are most of a file."""
    big = "x" * 50_000
    macros = {f"macro.p.m{number}": {"macro_sql": big} for number in range(100)}
    text = manifest(*(model(f"m{n}", raw_code=big) for n in range(100)), macros=macros)
    data = text.encode()
    assert len(data) > 10_000_000
    tracemalloc.start()
    try:
        said = load_text(read, "manifest.json", data)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(only(Dataset, said)) == 100
    assert peak < 3_000_000
