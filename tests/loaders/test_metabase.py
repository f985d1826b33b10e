"""The feed of Metabase's answers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from reading import FIXTURES, check_good, check_hostile, files, load, load_text, only, rejects, sample

from lineage.facts import Contact, Derivation, Finding, Report, Said, Team
from loaders._metabase_query import plain_sql
from loaders.metabase import read

ANSWERS = FIXTURES / "metabase" / "answers.jsonl"
DAILY = "analytics.marts.campaign_daily"


@pytest.mark.parametrize("path", files("metabase", read), ids=lambda path: path.name)
def test_fixture(path: Path) -> None:
    check_good(read, path)


@pytest.mark.parametrize("path", files("hostile/metabase", read), ids=lambda path: path.name)
def test_hostile(path: Path) -> None:
    check_hostile(read, path)


def reads(said: list[Said], report: str) -> set[str]:
    return {one.from_ for one in only(Derivation, said) if one.to == report}


def card(query: dict[str, Any], *shown: tuple[int, str], id_: int = 1, **more: Any) -> dict[str, Any]:
    columns = [{"id": number, "name": name, "field_ref": ["field", number, None]} for number, name in shown]
    return {"id": id_, "name": f"card {id_}", "database_id": 3, "dataset_query": query, "result_metadata": columns, **more}


def sql(text: str, **tags: Any) -> dict[str, Any]:
    return {"type": "native", "native": {"query": text, "template-tags": tags}}


def clicked(**query: Any) -> dict[str, Any]:
    return {"type": "query", "query": {key.replace("_", "-"): value for key, value in query.items()}}


def said_of(*answers: Any, **settings: Any) -> list[Said]:
    return load_text(read, "answers.jsonl", "".join(json.dumps(one) + "\n" for one in answers), **settings)


DATABASE = {
    "id": 3,
    "name": "Shop",
    "engine": "postgres",
    "details": {"dbname": "shop"},
    "tables": [
        {"id": 1, "schema": "public", "name": "orders", "fields": [{"id": 10, "name": "id"}, {"id": 11, "name": "total"}]},
        {"id": 2, "schema": "public", "name": "people", "fields": [{"id": 20, "name": "id"}, {"id": 21, "name": "Email"}]},
    ],
}


def test_a_dashboard_reads_what_its_questions_read_and_no_other_column() -> None:
    said = load(read, ANSWERS, url="https://bi.example.com/")
    assert reads(said, "https://bi.example.com/dashboard/1") == {DAILY, f"{DAILY}#campaign", f"{DAILY}#spend", f"{DAILY}#day"}
    assert reads(said, "https://bi.example.com/dashboard/2") == {DAILY, f"{DAILY}#impressions", f"{DAILY}#day"}
    assert "https://bi.example.com/card/14" not in {one.id for one in only(Report, said)}  # archived
    assert not only(Finding, said)


def test_makers_are_owners() -> None:
    said = load(read, ANSWERS)
    assert {one.owner for one in only(Report, said)} == {"ada@acme.example"}
    assert [(one.of, one.name, one.email) for one in only(Contact, said)] == [
        ("ada@acme.example", "Ada Analyst", "ada@acme.example")
    ]
    assert {one.id for one in only(Report, said)} >= {"metabase:card/11", "metabase:dashboard/1"}
    assert [one.name for one in only(Team, load(read, ANSWERS, team={"Ada Analyst": "analysts"}))] == [None]


def test_the_real_dashboard_needs_its_numbers_explained() -> None:
    path = FIXTURES / "metabase" / "dashboard-2.json"
    assert {one.finding for one in only(Finding, load(read, path))} == {"reads-unknown"}
    tables = {"10": "dbtmetabase.public.orders", "12": "dbtmetabase.public.customers"}
    said = load(read, path, table=tables, database={"2": "dbtmetabase.public"})
    assert not only(Finding, said)
    assert reads(said, "metabase:card/29") == {
        "dbtmetabase.public.stg_orders",
        "dbtmetabase.public.stg_payments",
        "dbtmetabase.public.stg_orders#order_id",
        "dbtmetabase.public.stg_orders#status",
        "dbtmetabase.public.stg_payments#order_id",
    }
    # A question on a question: a field behind a join keeps its table, and its own name though it is shown as customer_id_2.
    assert "dbtmetabase.public.customers#customer_id" in reads(said, "metabase:card/28")
    assert not [one for one in reads(said, "metabase:card/28") if one.endswith("_2")]


def test_a_question_on_a_question_reads_what_decides_its_rows() -> None:
    inner = card(clicked(source_table=1, filter=["=", ["field", 10, None], 7]), (10, "id"), (11, "total"), id_=1)
    outer = card(clicked(source_table="card__1", aggregation=[["count"]]), id_=2)
    assert reads(said_of(DATABASE, inner, outer), "metabase:card/2") == {"shop.public.orders", "shop.public.orders#id"}
    lost = said_of(DATABASE, outer)
    assert "question 1" in only(Finding, lost)[0].detail


def test_questions_on_each_other_end() -> None:
    one = card(clicked(source_table="card__2"), id_=1)
    two = card(sql("select * from {{#1}} x"), id_=2)
    assert {report.id for report in only(Report, said_of(DATABASE, one, two))} == {"metabase:card/1", "metabase:card/2"}


@pytest.mark.parametrize(
    ("query", "fields"),
    [
        (clicked(source_table=1, fields=[["field", 10, None]]), {"orders#id"}),
        (clicked(source_table=1, breakout=[["field", 11, {"binning": {}}]]), {"orders#total"}),
        (
            clicked(
                source_table=1,
                aggregation=[["count"]],
                joins=[{"alias": "P", "source-table": 2, "condition": ["=", ["field", 10, None], ["field", 20, {"join-alias": "P"}]]}],
            ),
            {"orders#id", "people#id"},
        ),
        (clicked(aggregation=[["count"]], source_query={"source-table": 2, "filter": ["not-null", ["field", 21, None]]}), {"people#email"}),
        ({"stages": [{"lib/type": "mbql.stage/native", "native": "select email from people"}]}, {"people#email"}),
        (sql("select o.total from orders o where {{who}} and o.total > {{n}}", who={"dimension": ["field", 20, None]}),
         {"orders#total", "people#id"}),
        (sql("select * from public.people"), {"people#id", "people#email"}),
    ],
)  # fmt: skip
def test_queries(query: dict[str, Any], fields: set[str]) -> None:
    said = said_of(card(query), DATABASE)
    assert {one.removeprefix("shop.public.") for one in reads(said, "metabase:card/1") if "#" in one} == fields
    assert not only(Finding, said)


def test_sql_that_cannot_be_read_leaves_the_report() -> None:
    said = said_of(DATABASE, card(sql("selec total from")))
    assert [one.id for one in only(Report, said)] == ["metabase:card/1"]
    assert "sqlglot" in only(Finding, said)[0].detail


def test_what_only_metabase_understands_is_left_out_of_sql() -> None:
    assert plain_sql("select 1 [[where a = {{a}}]] {{snippet: x}}") == "select 1  1"


def test_a_display_name_is_doubted() -> None:
    database = {**DATABASE, "details": None}
    assert [one.finding for one in only(Finding, said_of(database))] == ["display-name"]
    said = said_of(database, card(clicked(source_table=1, fields=[["field", 10, None]])), database={"3": "prod"})
    assert reads(said, "metabase:card/1") == {"prod.public.orders", "prod.public.orders#id"}
    said = said_of(DATABASE, card(sql("select id from orders")), database={"3": "staging/shop.public"})
    assert reads(said, "metabase:card/1") == {"staging/shop.public.orders", "staging/shop.public.orders#id"}
    assert not only(Finding, said)


def test_lists_pages_and_single_tables() -> None:
    one = {**DATABASE["tables"][0], "db_id": 3, "db": {"name": "x", "details": {"dbname": "shop"}}}  # type: ignore[index]
    said = said_of({"data": [card(clicked(source_table=1, fields=[["field", 11, None]])), one], "total": 2})
    assert reads(said, "metabase:card/1") == {"shop.public.orders", "shop.public.orders#total"}
    (reject,) = rejects(said_of({"data": [{"id": 4, "color": "red"}]}))
    assert reject.position == "line 1/data/0"


def test_values_of_any_shape_spoil_nothing() -> None:
    odd = card({"query": {"source-table": True, "joins": [7, {"alias": 3}], "filter": ["field"]}, "native": 7, "stages": "x"})
    odd |= {"creator": "me", "result_metadata": [{"name": 1}, 3], "table_id": "x"}
    said = said_of(odd, {"id": 9, "dashcards": [None, {"card": 1, "series": 2, "card_id": 1}], "creator_id": "x"})
    assert not rejects(said)
    assert {one.id for one in only(Report, said)} == {"metabase:card/1", "metabase:dashboard/9"}


def test_real_samples() -> None:
    for name in ("api-card-27.json", "api-dashboard-2.json"):
        assert only(Report, load(read, sample(f"bi_metabase/{name}")))
