"""Check: each finding where it belongs, and none where the declared map is whole."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from harness import Run, Say, of_registry

from lineage.answers.check import cycles
from lineage.answers.check_results import CHECKS, Check
from lineage.answers.declared_map import DeclaredMap
from lineage.errors import NotFoundError
from lineage.facts import Dataset, DatasetField
from lineage.session import Lineage

# Nothing is missing in it.
WHOLE = """
partners: [{id: acme, zone: partner}, {id: spotify, zone: spotify, contacts: [{email: desk@spotify.example}]}]
teams: [{id: ops, partner: acme, contacts: [{name: Ops}]}]
systems: [{id: cms, partner: acme, owner: ops}, {id: ingest, partner: spotify, owner: ops}]
interfaces: [{id: in, system: ingest, protocol: https, format: json, contract: ./contracts/in.yaml}]
datasets: [{id: episodes, owner: ops, fields: [{name: guid}]}]
routes:
  - {id: r, from: cms, to: ingest, dataset: episodes, interface: in, item_kind: episode, after: [], expect: listed,
     schedule: "0 6 * * *", acknowledgement: http, acknowledge_within: PT1H, owner: ops}
items: [{id: "episode:1", expected_on: [r]}]
"""
BROKEN = """
partners: [{id: bare}, {id: zoned, zone: partner}]
teams: [{id: silent, partner: zoned}]
systems: [{id: alone}, {id: a, partner: zoned, owner: silent}, {id: b, partner: zoned, owner: nobody}]
interfaces: [{id: thin, system: b, contract: never.yaml}]
datasets: [{id: empty}]
routes:
  - {id: plain, from: a, to: b}
  - {id: twin, from: a, to: b}
  - {id: other, from: a, to: b, item_kind: episode, after: [ghost], acknowledge_within: PT1H}
  - {id: wrong-way, from: a, to: b, item_kind: ad, after: [plain], schedule: "0 6 25 12 *", calendar: SE}
  - {id: listed, from: b, to: unknown, dataset: empty, expect: listed, deliver_within: PT1H, acknowledgement: none}
derivations: [{of: x, from: y}, {of: y, from: z}, {of: z, from: x}]
"""


def found(answer: Check) -> set[tuple[str, str]]:
    return {(row.check, row.subject.id) for row in answer}


def test_a_whole_map_has_no_findings(session: Lineage, say: Say) -> None:
    say(*of_registry(WHOLE))
    say(
        Dataset(id="episodes"),
        DatasetField(dataset="episodes", name="guid"),
        source="in/contracts/in.yaml",
        authority="contract",
    )
    assert found(session.check()) == set()


def test_every_finding_of_a_broken_one(session: Lineage, say: Say, run_cli: Run, tmp_path: Path) -> None:
    registry = tmp_path / "r.yaml"
    registry.write_text(BROKEN, "utf-8")
    session.load("partners", registry)
    say(
        Dataset(id="contracted"),
        DatasetField(dataset="contracted", name="ours", type="string"),
        DatasetField(dataset="contracted", name="both", type="string"),
    )
    theirs = DatasetField(dataset="contracted", name="theirs"), DatasetField(dataset="contracted", name="both", type="integer")
    say(*theirs, feed="odcs", source="contract.yaml", authority="contract")
    # A type that was only observed is for drift.
    say(DatasetField(dataset="contracted", name="ours", type="date"), feed="csv", source="x.csv", authority="observed")
    answer = session.check()
    expected = {
        "undeclared-reference": {"b", "listed"},
        "unknown-after": {"other"},
        "after-does-not-lead-here": {"wrong-way"},
        "after-carries-another-kind": {"wrong-way"},
        "same-route": {"plain"},
        "schedule-unreadable": {"wrong-way"},
        "acknowledge-within-without-acknowledgement": {"other"},
        "disagreement": {"contracted#both"},
        "field-not-in-registry": {"contracted"},
        "field-not-in-contract": {"contracted"},
        "derivation-cycle": {"x"},
        "kind-without-origin": {"other", "wrong-way"},
        "listed-without-expectation": {"listed"},
        "contract-not-loaded": {"thin"},
        "owner-without-contact": {"silent"},
        "partner-without-zone": {"bare"},
        "partner-without-contact": {"bare", "zoned"},
        "system-without-partner": {"alone"},
        "system-without-owner": {"alone"},
        "interface-without-protocol": {"thin"},
        "interface-without-format": {"thin"},
        "dataset-without-fields": {"empty"},
        "dataset-without-owner": {"empty", "contracted"},
        "route-without-owner": {"plain", "twin", "other", "wrong-way", "listed"},
        "route-without-deadline": {"plain", "twin", "other"},
        "route-without-dataset": {"plain", "twin", "other", "wrong-way"},
        "route-without-interface": {"plain", "twin", "other", "wrong-way", "listed"},
        "route-without-acknowledgement": {"plain", "twin", "other", "wrong-way"},
    }
    assert {name: {id_ for check, id_ in found(answer) if check == name} for name in expected} == expected
    assert {row.check for row in answer} == set(expected)
    assert set(CHECKS) - set(expected) == {"interface-without-contract"}
    cycle = next(row for row in answer if row.check == "derivation-cycle")
    assert cycle.detail == "it is made from itself: x, z, y, x"
    assert {row.severity for row in answer if row.check == "same-route"} == {"error"}

    assert found(session.check(partner="bare")) == {("partner-without-zone", "bare"), ("partner-without-contact", "bare")}
    ran = run_cli("check", "--partner", "bare", "--format", "json")
    assert ran.code == 1
    assert json.loads(ran.out)[0] == {
        "check": "partner-without-zone",
        "severity": "warning",
        "subject": {"label": "Partner", "id": "bare"},
        "detail": "no zone",
        "partners": ["bare"],
        "owner": None,
        "hint": "say `zone`: spotify, middleware or partner; without it no verdict can name the partner",
    }
    for form in ("table", "csv", "jsonl"):
        assert "partner-without-contact" in run_cli("check", "--partner", "bare", "--format", form).out
    with pytest.raises(NotFoundError) as caught:
        session.check(partner="zonde")
    assert caught.value.nearest == ("zoned",)


def test_as_of_a_time(session: Lineage, say: Say) -> None:
    say(*of_registry("partners: [{id: p, zone: partner, valid_from: 2026-01-01}]"))
    assert found(session.check(as_of=datetime(2025, 1, 1, tzinfo=UTC))) == set()
    assert found(session.check()) == {("partner-without-contact", "p")}


def derived(*pairs: str) -> DeclaredMap:
    lists: dict[str, list[Any]] = {
        name: []
        for name in ("partners", "teams", "systems", "interfaces", "datasets", "routes", "reports", "fields", "contacts")
    }
    made = [{"from_label": "Dataset", "from": pair[0], "to_label": "Dataset", "to": pair[1]} for pair in pairs]
    return DeclaredMap({**lists, "derivations": made})


@pytest.mark.parametrize(
    ("pairs", "circles"),
    [
        ([], []),
        (["ab", "bc", "ac"], []),
        (["aa"], ["a, a"]),
        (["ba", "ab", "cd", "dc", "xa"], ["a, b, a", "c, d, c"]),
    ],
)
def test_each_circle_once(pairs: list[str], circles: list[str]) -> None:
    assert sorted(detail.partition(": ")[2] for *_, detail in cycles(derived(*pairs))) == circles
    assert list(cycles(derived(*pairs))) == list(cycles(derived(*reversed(pairs))))
