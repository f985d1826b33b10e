"""The registry feed."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reading import FIXTURES, check_good, check_hostile, files, load, load_text, only, rejects

from lineage.facts import (
    Contact,
    Dataset,
    DatasetField,
    Derivation,
    Expectation,
    Identifier,
    Item,
    Partner,
    Route,
    Said,
    System,
    Team,
)
from loaders.partners import read


def registry(*texts: str) -> list[Said]:
    return load_text(read, "registry.yaml", *texts)


@pytest.mark.parametrize("path", files("partners", read), ids=lambda path: path.name)
def test_fixture(path: Path) -> None:
    check_good(read, path)


@pytest.mark.parametrize("path", files("hostile/partners", read), ids=lambda path: path.name)
def test_hostile(path: Path) -> None:
    check_hostile(read, path)


def test_every_key_of_the_contract() -> None:
    said = load(read, FIXTURES / "partners" / "registry.yaml")
    assert [p.id for p in only(Partner, said)] == ["spotify", "acme", "42"]
    assert [(c.of_label, c.of, c.email) for c in only(Contact, said)] == [
        ("Partner", "spotify", "partners@spotify.example"),
        ("Team", "acme-ops", "ops@acme.example"),
    ]
    assert only(Team, said)[0].partner == "acme"
    assert [f.key for f in only(DatasetField, said)] == ["episodes#guid", "episodes#duration", "episodes.daily#plays"]
    route = only(Route, said)[1]
    assert (route.from_, route.to, route.after) == ("acme-host", "spotify-ingest", ("cms-to-host",))
    assert (route.item_kind, route.expect, route.acknowledgement) == (("episode", "trailer"), "listed", "functional")
    assert (route.deliver_within, route.acknowledge_within) == (timedelta(hours=6), timedelta(days=1))
    assert route.valid_from == datetime(2025, 12, 31, 23, tzinfo=UTC)
    assert only(Route, said)[0].after == ()
    assert [(e.item, e.route) for e in only(Expectation, said)] == [("episode:acme-42", "host-to-spotify")]
    assert [i.identifier for i in only(Identifier, said)] == ["rss:guid:acme-42"]
    assert only(Item, said)[2].version_of == "episode:acme-42"
    assert only(Dataset, said)[0].contract == "contracts/episodes.odcs.yaml"
    assert {d.key for d in only(Derivation, said)} == {
        "Field:episodes#guid>Field:episodes.daily#plays",
        "Dataset:raw.hits>Field:episodes.daily#plays",
        "Dataset:episodes>Dataset:episodes.daily",
        "Field:episodes.daily#plays>Report:weekly",
        "Dataset:episodes>Report:weekly",
    }


def test_positions_are_json_pointers_behind_the_file_name() -> None:
    said = registry("routes: [{id: r, from: a, to: b, colour: red}]", "partners: [{id: p}]\n---\npartners: [{id: q, nam: x}]")
    assert [(r.position, r.reason) for r in rejects(said)] == [
        ("registry.yaml: /routes/0", "unknown key 'colour'"),
        ("registry.yaml: /1/partners/0", "unknown key 'nam'"),
    ]
    assert rejects(said)[1].hint == "did you mean 'name'?"


@pytest.mark.parametrize(
    ("reference", "label", "key"),
    [
        ("sales", "Dataset", "sales"),
        ("sales.daily", "Dataset", "sales.daily"),
        ("sales.amount", "Field", "sales#amount"),
        ("sales.daily.amount", "Field", "sales.daily#amount"),
        ("sales#amount", "Field", "sales#amount"),
        ("sales.daily.money.net", "Field", "sales.daily#money.net"),
        ("salesforce.amount", "Dataset", "salesforce.amount"),
        ("elsewhere#amount", "Field", "elsewhere#amount"),
        ("sales.", "Dataset", "sales."),
    ],
)
def test_reference_over_all_documents(reference: str, label: str, key: str) -> None:
    first = f"reports: [{{id: r, reads: ['{reference}']}}]"
    said = registry(first, "datasets: [{id: sales}, {id: sales.daily}]")
    assert [(d.from_label, d.from_) for d in only(Derivation, said)] == [(label, key)]


def test_the_same_twice_is_harmless_and_other_content_is_not() -> None:
    said = registry("partners: [{id: acme, name: A}, {id: acme, name: A}]", "partners: [{id: acme, name: B}]")
    assert [p.name for p in only(Partner, said)] == ["A"]
    assert [r.reason for r in rejects(said)] == [
        "the id acme is given twice with other content, first at registry.yaml: /partners/0"
    ]


def test_a_date_names_a_whole_day() -> None:
    (partner,) = only(Partner, registry("partners: [{id: acme, valid_from: 2026-01-01, valid_to: 2026-01-31}]"))
    assert partner.valid_from == datetime(2026, 1, 1, tzinfo=UTC)
    assert partner.valid_to == datetime(2026, 2, 1, tzinfo=UTC)
    (forever,) = only(Partner, registry("partners: [{id: acme, valid_to: 9999-12-31}]"))
    assert forever.valid_to is None


def test_yaml_scalars_as_ids() -> None:
    said = registry("systems: [{id: 42}, {id: 0123}, {id: 12:30}, {id: 2026-01-01}, {id: no}, {id: true}, {id: 1.10}]")
    assert [s.id for s in only(System, said)] == ["42", "0123", "12:30", "2026-01-01", "no"]
    assert all("quote it" in r.hint for r in rejects(said))
    assert len(rejects(said)) == 2


def test_unknown_system_is_not_a_reject() -> None:
    assert rejects(registry("routes: [{id: r, from: nobody, to: knows}]")) == []


def test_the_other_rows_still_load() -> None:
    said = load(read, FIXTURES / "hostile" / "partners" / "rows.yaml")
    assert [p.id for p in only(Partner, said)] == ["acme", "late", "ok", "ko"]


def test_no_bomb_explodes_in_a_reject() -> None:
    said = load(read, FIXTURES / "hostile" / "partners" / "alias-bomb-in-row.yaml")
    assert [p.id for p in only(Partner, said)] == ["bolt", "core"]
    assert max(len(str(r)) for r in rejects(said)) < 10_000


@given(st.text(max_size=200) | st.binary(max_size=200))
def test_nothing_escapes(content: str | bytes) -> None:
    content = content if isinstance(content, bytes) else content.encode("utf-8", "surrogatepass")
    load_text(read, "any.yaml", content, b"partners:\n- " + content)


scalars = st.none() | st.booleans() | st.integers() | st.text(max_size=8)
values = st.recursive(scalars, lambda inner: st.lists(inner, max_size=3), max_leaves=5)
KEYS = ("id", "from", "to", "of", "contacts", "fields", "reads", "identifiers", "expected_on", "after", "valid_to", "name")
SECTIONS = ("partners", "datasets", "routes", "derivations", "items", "reports")


@given(st.dictionaries(st.sampled_from(SECTIONS), st.lists(st.dictionaries(st.sampled_from(KEYS), values), max_size=3)))
def test_no_row_escapes(content: dict[str, object]) -> None:
    load_text(read, "any.json", json.dumps(content))


def test_short_forms_and_long_ones_say_the_same() -> None:
    short = "datasets: [{id: a, fields: [{name: b}]}]\nreports: [{id: r, reads: [a.b, a, x.y]}]"
    long = short.replace("a.b, a, x.y", "{from: {dataset: a, field: b}}, {dataset: a}, {dataset: x.y}")
    assert only(Derivation, registry(short)) == only(Derivation, registry(long))
    (of,) = only(Derivation, registry("datasets: [{id: a}]\nderivations: [{of: {dataset: a.b}, from: x}]"))
    assert (of.to_label, of.to) == ("Dataset", "a.b")


def test_parts_may_be_dated() -> None:
    said = registry(
        "reports: [{id: r, reads: [{from: a, by: job, valid_from: 2026-01-01}]}]\n"
        "items: [{id: 'episode:1', expected_on: [{route: r, valid_to: 2026-01-31}, s]}]"
    )
    (reads,) = only(Derivation, said)
    assert (reads.by, reads.valid_from) == ("job", datetime(2026, 1, 1, tzinfo=UTC))
    assert [(e.route, e.valid_to) for e in only(Expectation, said)] == [("r", datetime(2026, 2, 1, tzinfo=UTC)), ("s", None)]
    assert [r.reason for r in rejects(registry("reports: [{id: r, reads: [{from: a, to: b}]}]"))] == ["unknown key 'to'"]


def test_all_that_the_facts_carry() -> None:
    said = registry(
        "datasets: [{id: d, description: what it is, format: csv, fields: [{name: f, required: true, description: why}]}]\n"
        "items: [{id: 'store:1', published_at: 2026-01-01, territory: SE, use: PlayInPublic, duration_s: 61.5, "
        "details: {season: 3, keywords: [a, b]}}]"
    )
    assert rejects(said) == []
    assert (only(Dataset, said)[0].description, only(Dataset, said)[0].format) == ("what it is", "csv")
    assert (only(DatasetField, said)[0].required, only(DatasetField, said)[0].description) == (True, "why")
    (item,) = only(Item, said)
    assert (item.territory, item.use, item.duration_s) == ("SE", "PlayInPublic", 61.5)
    assert (item.published_at, item.details) == (datetime(2026, 1, 1, tzinfo=UTC), {"season": "3", "keywords": ("a", "b")})
