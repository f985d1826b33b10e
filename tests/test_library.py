"""Every file in cypher/, as design.md section 8 says: it is what its header says, plans without a warning, and answers."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from harness import ROOT, Database

from lineage.errors import LineageError, NotFoundError, UsageError
from lineage.graph import Graph
from lineage.library import Library, Query, as_literal, parse, shipped
from lineage.session import Lineage, run_query

LIBRARY = shipped()
QUERIES = pytest.mark.parametrize("query", list(LIBRARY), ids=lambda query: query.name)


def code(query: Query) -> str:
    """The text without comments and literal strings, where a `$` or `*` would mean nothing."""
    lines = [line for line in query.cypher.splitlines() if not line.lstrip().startswith("//")]
    return re.sub(r"'(?:[^'\\]|\\.)*'", "''", "\n".join(lines))


def test_all_files_are_in_it_and_there_are_enough() -> None:
    files = [path for path in (ROOT / "cypher").rglob("*.cypher") if path.is_file()]
    assert {path.stem for path in files} == set(LIBRARY.queries)
    assert {path.parent.name for path in files} == {query.folder for query in LIBRARY}
    assert len(LIBRARY.queries) >= 12


@QUERIES
def test_the_header_is_complete(query: Query) -> None:
    assert query.cypher.splitlines()[0] == f"// {query.title}: {query.question}"
    assert query.title and query.question.endswith("?")
    assert query.returns
    assert all(parameter.text for parameter in query.parameters)
    assert "@example" in query.cypher
    assert {p.name for p in query.parameters if p.required} <= set(query.example) <= {p.name for p in query.parameters}
    assert re.fullmatch(r"[a-z0-9_]+", query.name)


@QUERIES
def test_parameters_are_those_that_the_text_uses(query: Query) -> None:
    assert set(re.findall(r"\$(\w+)", code(query))) == {parameter.name for parameter in query.parameters}


@QUERIES
def test_it_is_one_statement(query: Query) -> None:
    """cypher-shell splits at every semicolon, in comments too."""
    assert ";" not in query.cypher


def unbounded(text: str) -> list[str]:
    """Quantifiers without an upper bound, in the new notation and in the old one."""
    patterns = (r"(?:->|<-|-|\))\s*[*+](?!\s*[\w'])", r"\{\s*\d*\s*,\s*\}", r"\[[^\[\]]*\*(?!\s*\d*\s*\.\.\s*\d)[^\[\]]*\]-")
    return [found for pattern in patterns for found in re.findall(pattern, text)]


@QUERIES
def test_traversals_are_bounded(query: Query) -> None:
    assert unbounded(code(query)) == []


@pytest.mark.parametrize(
    "text",
    ["(a)-[:R]->*(b)", "(a)-[:R]->+(b)", "((a)-->(b))+ (c)", "(a)-[:R]->{2,}(b)", "(a)-[:R*]->(b)", "(a)-[r:R*2..]-(b)"],
)
def test_the_check_for_bounds_finds_what_is_unbounded(text: str) -> None:
    assert unbounded(text)
    assert not unbounded("(a)-[:R]->{0,20}(b)-[:R*1..3]->(c)")


@pytest.mark.fresh_server
@QUERIES
def test_it_plans_without_a_warning_and_gives_what_it_says(demo: Lineage, query: Query) -> None:
    """Warnings count all: unknown names, Cartesian products, deprecations. Browser shows them to whoever runs the query."""
    columns, notifications, _ = demo.graph.explain(query.cypher, **query.bind(query.example))
    assert columns == query.returns
    assert notifications == []


def test_explain_would_show_a_warning(demo: Lineage) -> None:
    _, notifications, _ = demo.graph.explain("// T: q?\nCYPHER 25\nMATCH (a:System), (b:NoSuchLabel) RETURN a, b")
    assert len(notifications) >= 2


@QUERIES
def test_the_example_answers_on_the_demo(demo: Lineage, query: Query) -> None:
    answer = demo.query(query.name, **query.example)
    assert answer.columns == query.returns
    assert answer.rows


@QUERIES
def test_defaults_answer_too(scenario: Lineage, query: Query) -> None:
    """An example names what the demo holds; on any other graph the query must run as well."""
    needed = {
        name: value for name, value in query.example.items() if any(p.name == name and p.required for p in query.parameters)
    }
    assert scenario.query(query.name, **needed).columns == query.returns


def library_of(folder: Path, text: str) -> Library:
    (folder / "mine").mkdir(exist_ok=True)
    (folder / "mine" / "own.cypher").write_text(text, "utf-8")
    return Library(folder)


@pytest.mark.parametrize(
    "clause", ["CREATE (n:Sneaked)", "MERGE (n:Sneaked)", "MATCH (n) SET n:Sneaked", "MATCH (n) DETACH DELETE n"]
)
def test_queries_cannot_write(scenario: Lineage, tmp_path: Path, clause: str) -> None:
    library = library_of(tmp_path, f"// Own: may it write?\n// @returns n\n{clause} RETURN n")
    with pytest.raises(UsageError, match=r"(?i)read"):
        run_query(scenario.graph, library["own"], {}, 10)
    assert scenario.graph.read("MATCH (n:Sneaked) RETURN count(n) AS n").rows == [{"n": 0}]
    assert scenario.graph.read("MATCH (n:Item) RETURN count(n) AS n").rows[0]["n"] > 0


def test_a_query_that_says_it_writes_is_refused(graph: Graph, database: Database, tmp_path: Path) -> None:
    library = library_of(tmp_path, "// Own: does it write?\n// @writes\n// @returns n\nCREATE (n:Sneaked) RETURN n")
    with pytest.raises(UsageError, match="writes"):
        run_query(graph, library["own"], {}, 10)


# The format itself.

GOOD = """// Name: the question?
// More of it.
// @param item string  what
// @param limit integer = 5  how many
// @returns a
// @example item='x' limit=3
RETURN 1 AS a"""


def test_a_header_is_read() -> None:
    query = parse("own", "mine", GOOD)
    assert (query.title, query.question, query.description) == ("Name", "the question?", "More of it.")
    assert [(p.name, p.type, p.required, p.default) for p in query.parameters] == [
        ("item", "string", True, None),
        ("limit", "integer", False, 5),
    ]
    assert (query.returns, query.example, query.writes) == (("a",), {"item": "x", "limit": 3}, False)
    assert query.cypher == GOOD


@pytest.mark.parametrize(
    "text, reason",
    [
        ("RETURN 1", "line 1"),
        ("// No question\nRETURN 1", "line 1"),
        (GOOD.replace("@returns", "@gives"), "unknown tag"),
        (GOOD.replace("item string", "item text"), "type one of"),
    ],
)
def test_a_bad_header_is_said(text: str, reason: str) -> None:
    with pytest.raises(LineageError, match=reason):
        parse("own", "mine", text)


def test_values_are_bound_by_type() -> None:
    query = parse("own", "mine", GOOD)
    assert query.bind({"item": "x", "limit": "7"}) == {"item": "x", "limit": 7}
    assert query.bind({"item": "x"}) == {"item": "x", "limit": 5}
    for given, reason in (
        ({}, "needs item"),
        ({"item": "x", "nope": "1"}, "no parameter nope"),
        ({"item": "x", "limit": "many"}, "integer"),
    ):
        with pytest.raises(UsageError, match=reason):
            query.bind(given)


def test_two_files_of_one_name_are_refused(tmp_path: Path) -> None:
    library_of(tmp_path, GOOD)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "own.cypher").write_text(GOOD, "utf-8")
    with pytest.raises(LineageError, match="own"):
        Library(tmp_path)


def test_a_query_by_any_spelling_and_the_nearest_else() -> None:
    assert LIBRARY["trace-path"] is LIBRARY["trace_path"]
    with pytest.raises(NotFoundError) as caught:
        LIBRARY["trace_pat"]
    assert caught.value.nearest[0] == "trace_path"


@pytest.mark.parametrize("value", [None, True, 3, 1.5, "it's a \\ path", ["a", "b'c"]])
def test_a_value_as_browser_reads_it(database: Database, value: object) -> None:
    assert database.graph.read(f"RETURN {as_literal(value)} AS value").rows == [{"value": value}]
