"""Export: what the declared map says comes back when its export is loaded into an empty graph."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from harness import FIXTURES, Database, Run, Say, of_registry
from hypothesis import given, settings
from hypothesis import strategies as st

from lineage.assertions import Assertion, canonical, content_hash, content_of
from lineage.facts import (
    Contact,
    Dataset,
    DatasetField,
    Declared,
    Derivation,
    Expectation,
    Fact,
    Identifier,
    Interface,
    Item,
    Partner,
    Reject,
    Route,
    System,
    Team,
)
from lineage.facts import Report as ReportFact
from lineage.registry import Registry, declared, text
from lineage.session import Lineage

DECLARED = ("Partner", "Team", "Contact", "System", "Interface", "Dataset", "Field", "Route", "Report", "Item")


def written(*facts: Declared) -> str:
    registry = Registry()
    for fact in facts:
        registry.add(fact.label, fact.key, content_of(fact))
    return "".join(text(registry.sections()))


def contents(facts: list[Any]) -> dict[str, dict[str, Any]]:
    return {f"{f.label}:{f.key}": content_of(f) for f in facts if isinstance(f, Declared)}


def the_map(database: Database) -> tuple[list[Any], list[Any]]:
    """Declared nodes with all their properties, and the relationships between them with their validity."""
    nodes = database.graph.read(
        "MATCH (n) WHERE n.declared AND any(l IN labels(n) WHERE l IN $labels) RETURN labels(n) AS l, properties(n) AS p",
        labels=DECLARED,
    )
    links = database.graph.read(
        """MATCH (a)-[r]->(b) WHERE any(l IN labels(a) WHERE l IN $labels) AND any(l IN labels(b) WHERE l IN $labels)
        RETURN a.id AS a, type(r) AS t, properties(r) AS p, b.id AS b""",
        labels=DECLARED,
    )
    return sorted(map(str, nodes.rows)), sorted(map(str, links.rows))


def again(database: Database, session: Lineage, tmp_path: Path) -> str:
    """The graph's export, loaded into the emptied graph; its digest."""
    file = tmp_path / "export.yaml"
    file.write_text(session.export(items=True), "utf-8")
    database.wipe()
    report = session.load("partners", file)
    assert report.rejected == 0
    return session.digest()


@pytest.mark.parametrize("source", [FIXTURES / "partners" / "registry.yaml", FIXTURES / "scenario" / "partners.yaml"], ids=str)
def test_a_registry_comes_back_whole(database: Database, session: Lineage, tmp_path: Path, source: Path) -> None:
    session.load("partners", source)
    before, digest = the_map(database), session.digest()
    assert again(database, session, tmp_path) == digest
    assert the_map(database) == before


def test_what_only_feeds_observed_is_no_part_of_it(database: Database, demo: Lineage, tmp_path: Path) -> None:
    registry = yaml.safe_load(demo.export())
    assert "mirror-archive" not in {one["id"] for one in registry["systems"]}
    assert "items" not in registry
    assert {one["id"]: one["zone"] for one in registry["partners"] if "zone" in one}["relay"] == "middleware"


def test_a_later_read_dates_what_it_brought(database: Database, session: Lineage, say: Say, tmp_path: Path) -> None:
    """Loaded again, a question as of before then is answered alike: the digest, which leaves times of reading out, is another."""
    cms, host = System(id="cms"), System(id="host")
    route = Route.model_validate({"id": "r", "from": "cms", "to": "host", "valid_to": "2099-01-01"})
    say(cms, Partner(id="gone"), Partner(id="p", name="old"))
    say(cms, host, route, Partner(id="p", name="new"))
    nodes, _ = the_map(database)
    again(database, session, tmp_path)
    assert the_map(database)[0] == [one for one in nodes if "gone" not in one]
    assert "gone" not in session.export()


def test_the_registry_counts_and_a_contract_fills_in(session: Lineage, say: Say) -> None:
    say(Dataset(id="d", name="ours"))
    say(Dataset(id="d", name="theirs", description="said by the contract"), feed="odcs", source="c", authority="contract")
    say(Dataset(id="d", format="csv"), feed="podcast", source="f", authority="observed")
    assert yaml.safe_load(session.export())["datasets"] == [
        {"id": "d", "name": "ours", "description": "said by the contract"}
    ]  # fmt: skip


def test_merged_items_come_back_merged(database: Database, session: Lineage, say: Say, tmp_path: Path) -> None:
    say(
        Item(id="episode:b", name="B", details={"season": "1", "keywords": ("x", "y")}, part_of="show:s"),
        Item(id="episode:a", origin="cms", duration_s=61.5, territory="SE", use="PlayInPublic"),
        *(Identifier(item=f"episode:{one}", identifier="spotify:episode:1") for one in "ab"),
        Identifier(item="episode:b", identifier="rss:guid:1"),
        Expectation(item="episode:b", route="r", valid_from=datetime(2026, 1, 1, 6, tzinfo=UTC)),
        Expectation(item="campaign:only-expected", route="r"),
    )
    before = the_map(database)
    again(database, session, tmp_path)
    after = the_map(database)
    only_expected = [one for one in after[0] if one not in before[0]]
    assert ["campaign:only-expected" in one for one in only_expected] == [True], "its row declares it"
    assert [one for one in after[0] if one not in only_expected] == before[0]
    assert after[1] == before[1]


def test_a_file_that_exists_is_not_overwritten(demo: Lineage, run_cli: Run, tmp_path: Path) -> None:
    file = tmp_path / "registry.yaml"
    ran = run_cli("export", "--out", file)
    assert (ran.code, ran.out) == (0, f"{file}\n")
    before = file.read_text("utf-8")
    ran = run_cli("export", "--out", file)
    assert (ran.code, ran.out) == (5, "")
    assert "exists already" in ran.err
    assert file.read_text("utf-8") == before
    assert run_cli("export", "--out", tmp_path / "no" / "such.yaml").code == 2
    assert run_cli("export").out.splitlines()[2:] == before.splitlines()[2:]


# Pure.


def said(fact: Declared, authority: str = "registry", **more: Any) -> Assertion:
    content = content_of(fact)
    return Assertion(authority, "f", "s", content, content_hash(canonical(content)), **more)  # type: ignore[arg-type]


def test_what_a_source_dropped_is_declared_no_longer() -> None:
    day = datetime(2026, 1, 2, tzinfo=UTC)
    assert declared([said(Partner(id="p"), retired_at=day)]) is None
    assert declared([said(Partner(id="p"), "observed")]) is None
    assert declared([said(Partner(id="p"), seen_from=day)]) == {"id": "p", "valid_from": "2026-01-02T00:00:00+00:00"}
    # Evidence knew it before the registry did: it was there always.
    assert declared([said(Partner(id="p"), seen_from=day), said(Partner(id="p"), "observed")]) == {"id": "p"}
    # An end before the read that brought it: a beginning after it would be refused, and it holds at no time in either way.
    ended = Partner(id="p", valid_to=datetime(2025, 1, 1, tzinfo=UTC))
    assert "valid_from" not in (declared([said(ended, seen_from=day)]) or {})


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ((Dataset(id="a"), Dataset(id="a.b")), ["a.b", "x"]),
        ((Dataset(id="a"),), [{"dataset": "a.b"}, "x"]),
    ],
)
def test_a_name_that_could_be_a_field_is_written_in_full(facts: tuple[Declared, ...], expected: list[Any]) -> None:
    made = [
        Derivation.model_validate({"from_label": "Dataset", "from": one, "to_label": "Dataset", "to": "a"})
        for one in ("x", "a.b")
    ]
    registry = yaml.safe_load(written(*facts, *made))
    assert registry["derivations"] == [{"of": "a", "from": expected}]
    loaded = of_registry(written(*facts, *made))
    assert contents(loaded) == contents([*facts, *made])


words = st.text(st.characters(codec="utf-8"), min_size=1, max_size=6).map(str.strip).filter(bool)
ids = (
    st.sampled_from(
        [
            "a",
            "a.b",
            "a.b.c",
            "b#c",
            "no",
            "42",
            "1.10",
            "2026-01-01",
            "~",
            "#x",
            "- y",
            "@z",
            "é: ü",
            "a\x85b",
            "a\u2028 b\n c",
        ]
    )
    | words
)
# No line break: an item's id has none.
item_ids = st.builds("{}:{}".format, st.sampled_from(["episode", "asset-3"]), words.filter(lambda word: "\n" not in word))
times = st.datetimes(datetime(1, 1, 3), datetime(9990, 1, 1), timezones=st.just(UTC)) | st.dates(
    datetime(2, 1, 1).date(), datetime(9990, 1, 1).date()
).map(lambda day: datetime(day.year, day.month, day.day, tzinfo=UTC))
durations = st.timedeltas(timedelta(0), timedelta(days=400))
maybe = st.none() | words
labels = st.sampled_from(["Dataset", "Field"])


@st.composite
def validity(draw: Any) -> dict[str, datetime]:
    first, second = sorted([draw(times), draw(times)])
    both = {"valid_from": first, "valid_to": second}
    chosen = draw(st.sampled_from([(), ("valid_from",), ("valid_to",), ("valid_from", "valid_to")]))
    return {name: both[name] for name in chosen if len(chosen) < 2 or first < second}


def end(label: str, dataset: str, field: str) -> str:
    return dataset if label == "Dataset" else f"{dataset}#{field}"


def of(fact: type[Declared], /, **parts: st.SearchStrategy[Any]) -> st.SearchStrategy[Declared]:
    made = st.tuples(validity(), st.fixed_dictionaries(parts))
    return made.map(lambda both: fact.model_validate({**both[1], **both[0]}))


derivations = st.tuples(validity(), labels, ids, words, labels | st.just("Report"), ids, words, maybe).map(
    lambda d: Derivation.model_validate(
        {**d[0], "from_label": d[1], "from": end(d[1], d[2], d[3]), "to_label": d[4], "by": d[7],
         "to": d[5] if d[4] == "Report" else end(d[4], d[5], d[6])}
    )
)  # fmt: skip
several = st.lists(words, max_size=3, unique=True).map(tuple)
declarations = st.one_of(
    of(Partner, id=ids, name=maybe, zone=st.none() | st.sampled_from(["spotify", "middleware", "partner"]), kind=maybe),
    of(Team, id=ids, name=maybe, partner=maybe),
    of(Contact, of_label=st.sampled_from(["Partner", "Team"]), of=ids, name=words, email=maybe, role=maybe),
    of(System, id=ids, name=maybe, partner=maybe, kind=maybe, owner=maybe),
    of(Interface, id=ids, system=maybe, protocol=maybe, format=maybe, endpoint=maybe, contract=maybe),
    of(Dataset, id=ids, name=maybe, description=maybe, format=maybe, owner=maybe, contract=maybe),
    of(DatasetField, dataset=ids, name=words, type=maybe, required=st.none() | st.booleans(), description=maybe),
    of(
        Route,
        **{"from": ids, "to": ids, "id": ids, "dataset": maybe, "interface": maybe, "item_kind": several, "owner": maybe},
        after=st.none() | several,
        expect=st.sampled_from(["all", "listed"]),
        schedule=st.none() | st.just("*/15 * * * *"),
        timezone=st.none() | st.just("Europe/Stockholm"),
        deliver_within=st.none() | durations,
        acknowledgement=st.none() | st.just("none"),
    ),
    of(ReportFact, id=ids, name=maybe, url=maybe, owner=maybe),
    of(
        Item,
        id=item_ids,
        name=maybe,
        part_of=st.lists(item_ids, max_size=2, unique=True).map(tuple),
        version_of=st.none() | item_ids,
        published_at=st.none() | times,
        duration_s=st.none() | st.floats(0, 1e6),
        details=st.dictionaries(words, words | several, max_size=2),
    ),
    of(Expectation, item=item_ids, route=words),
    derivations,
)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.lists(declarations, max_size=6, unique_by=lambda fact: (fact.label, fact.key)))
def test_any_declaration_comes_back(facts: list[Fact]) -> None:
    """Beside what was said, only owners of parts that nobody declared appear, and they say nothing but their id."""
    loaded = of_registry(written(*facts) or "partners: []")  # type: ignore[arg-type]
    assert [one.reason for one in loaded if isinstance(one, Reject)] == []
    before, after = contents(facts), contents(loaded)
    assert {subject: after.get(subject) for subject in before} == before
    assert all(set(after[subject]) == {"id"} for subject in set(after) - set(before))
