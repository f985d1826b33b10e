"""Facts in, graph out, on a real Neo4j: nothing lost, nothing doubled, whatever the order."""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from evidence import at, event
from harness import Database, Say, write
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lineage.digest import digest
from lineage.errors import RefusedError
from lineage.facts import (
    Contact,
    Dataset,
    DatasetField,
    Derivation,
    Expectation,
    Fact,
    Finding,
    Grant,
    HandoffEvent,
    Identifier,
    Item,
    Partner,
    Reject,
    Route,
    Said,
    Standing,
    System,
)
from lineage.graph import Graph
from lineage.ingest import Report

EVENTS = {"feed": "handoffs", "source": "events.jsonl", "authority": "observed"}


def route(id_: str, sender: str, receiver: str, **rest: Any) -> Route:
    return Route.model_validate({"id": id_, "from": sender, "to": receiver, **rest})


def rows(graph: Graph, cypher: str, **values: Any) -> list[dict[str, Any]]:
    return graph.read(cypher, **values).rows


def value(graph: Graph, cypher: str, **values: Any) -> Any:
    """The one value of the one row."""
    (row,) = rows(graph, cypher, **values)
    (only,) = row.values()
    return only


def counts(report: Report) -> tuple[int, int, int]:
    return report.created, report.changed, report.unchanged


def digest_of(database: Database, folder: Path, *loads: tuple[Sequence[Said], dict[str, Any]], batch_size: int = 2000) -> str:
    """The digest of an otherwise empty graph after these loads."""
    database.wipe()
    for facts, about in loads:
        write(database.graph, facts, folder, batch_size=batch_size, **about)
    return digest(database.graph)


REGISTRY: tuple[Said, ...] = (
    Partner(id="acme", name="Acme", zone="partner"),
    System(id="a", partner="acme"),
    System(id="b"),
    Dataset(id="d", name="Feed"),
    DatasetField(dataset="d", name="guid"),
    route("a-to-b", "a", "b", dataset="d", item_kind="episode", after=()),
    Item(id="episode:1", name="One", origin="a", part_of="show:1"),
    Identifier(item="episode:1", identifier="spotify:episode:x"),
)
EVIDENCE: tuple[Said, ...] = (
    event("e1", "sent", 1, "a", route="a-to-b", message_id="m1"),
    event("e2", "received", 2, "b", route="a-to-b", in_reply_to="m1"),
    event("e3", "sent", 3, "b", from_="b", to="c"),
)


# Counting, and writing nothing twice.


def test_counts_say_what_was_new(graph: Graph, say: Say) -> None:
    assert counts(say(*REGISTRY)) == (8, 0, 0)
    assert counts(say(*EVIDENCE, **EVENTS)) == (3, 0, 0)


def test_again_writes_nothing(graph: Graph, say: Say) -> None:
    say(*REGISTRY), say(*EVIDENCE, **EVENTS)
    before = digest(graph)
    assert counts(say(*REGISTRY)) == (0, 0, 8)
    assert counts(say(*EVIDENCE, **EVENTS)) == (0, 0, 3)
    assert digest(graph) == before


def test_the_same_fact_twice_in_one_source_counts_once(graph: Graph, say: Say) -> None:
    assert counts(say(System(id="a"), System(id="a"))) == (1, 0, 1)
    assert counts(say(EVIDENCE[0], EVIDENCE[0], **EVENTS)) == (1, 0, 1)


def test_a_changed_row_is_changed(graph: Graph, say: Say) -> None:
    say(Partner(id="acme", name="Acme"))
    assert counts(say(Partner(id="acme", name="Acme Radio"))) == (0, 1, 0)
    assert value(graph, "MATCH (p:Partner {id: 'acme'}) RETURN p.name") == "Acme Radio"


def test_the_very_same_input_is_not_even_read(graph: Graph, say: Say) -> None:
    say(*REGISTRY, sha256="same")
    report = say(Reject(position="1", reason="would be rejected if it were read"), sha256="same")
    assert (report.skipped, report.facts, counts(report), report.rejected) == (True, 8, (0, 0, 8), 0)


def test_the_same_input_after_another_is_read(graph: Graph, say: Say) -> None:
    """Back to an older file is a change, not a repetition."""
    say(Partner(id="acme", name="Old"), sha256="old")
    say(Partner(id="acme", name="New"), sha256="new")
    assert counts(say(Partner(id="acme", name="Old"), sha256="old")) == (0, 1, 0)
    assert value(graph, "MATCH (p:Partner {id: 'acme'}) RETURN p.name") == "Old"


def test_the_same_input_that_was_rejected_in_part_is_read_again(graph: Graph, say: Say) -> None:
    bad = Reject(position="line 2", reason="broken")
    say(System(id="a"), bad, sha256="same")
    assert say(System(id="a"), bad, sha256="same").rejected == 1


def test_standard_input_is_always_read(graph: Graph, say: Say) -> None:
    say(System(id="a"), sha256="same", stream=True)
    assert not say(System(id="a"), sha256="same", stream=True).skipped


@pytest.mark.parametrize("batch_size", [1, 3])
def test_the_batch_size_does_not_show(database: Database, tmp_path: Path, batch_size: int) -> None:
    loads = (REGISTRY, {}), (EVIDENCE, EVENTS)
    assert digest_of(database, tmp_path, *loads) == digest_of(database, tmp_path, *loads, batch_size=batch_size)


# What is in the graph.


def test_evidence_becomes_handoffs_and_never_touches_systems(graph: Graph, say: Say) -> None:
    say(*REGISTRY), say(*EVIDENCE, **EVENTS)
    found = rows(
        graph,
        """MATCH (e:Evidence)-[:ABOUT]->(h:Handoff)-[:OF]->(i:Item)
        RETURN i.id AS item, h.route_id AS route, h.from_system AS sender, h.to_system AS receiver, h.secured AS secured,
               collect(e.id) AS evidence ORDER BY route""",
    )
    assert [(r["item"], r["route"], r["secured"], sorted(r["evidence"])) for r in found] == [
        ("episode:1", "a-to-b", True, ["e1", "e2"]),
        ("episode:1", "b>c", False, ["e3"]),
    ]
    assert value(graph, "MATCH (:Handoff|Evidence)--(n:System|Route) RETURN count(n)") == 0


def test_an_end_that_nobody_declares_is_a_finding_and_not_an_error(graph: Graph, say: Say) -> None:
    report = say(*EVIDENCE, **EVENTS)
    assert {f["subject"] for f in report.findings if f["finding"] == "undeclared"} == {"System:b", "System:c"}
    assert report.rejected == 0
    report = say(route("r", "a", "nowhere"), System(id="a"))
    assert [f["subject"] for f in report.findings] == ["System:nowhere"]
    assert value(graph, "MATCH (s:System {id: 'nowhere'}) RETURN s.declared") is False


def test_loading_the_registry_later_rewrites_no_handoff(database: Database, tmp_path: Path, graph: Graph) -> None:
    write(graph, EVIDENCE, tmp_path, **EVENTS)
    before = rows(graph, "MATCH (h:Handoff) RETURN properties(h) AS h ORDER BY h.id")
    write(graph, REGISTRY, tmp_path)
    assert rows(graph, "MATCH (h:Handoff) RETURN properties(h) AS h ORDER BY h.id") == before


def test_a_run_says_what_was_loaded(graph: Graph, say: Say) -> None:
    report = say(*REGISTRY, Reject(position="9", reason="broken"), sha256="abc")
    run = value(graph, "MATCH (r:Run {id: $id}) RETURN properties(r)", id=report.run)
    assert {name: run[name] for name in ("feed", "source", "sha256", "status", "read", "facts", "created", "rejected")} == {
        "feed": "partners", "source": "registry.yaml", "sha256": "abc", "status": "partial",
        "read": 9, "facts": 8, "created": 8, "rejected": 1,
    }  # fmt: skip
    assert run["started"] <= run["finished"]


def test_a_load_that_breaks_off_keeps_what_it_wrote_and_says_so(graph: Graph, tmp_path: Path) -> None:
    def broken() -> Any:
        yield System(id="a")
        yield System(id="b")
        raise OSError("the disk is gone")

    with pytest.raises(OSError, match="gone"):
        write(graph, broken(), tmp_path, batch_size=1)
    assert value(graph, "MATCH (r:Run) RETURN r.status") == "failed"
    assert value(graph, "MATCH (s:System) RETURN count(s)") >= 1
    assert counts(write(graph, [System(id="a"), System(id="b")], tmp_path))[1] == 0


def test_rejects_are_json_lines_and_the_good_rows_load(graph: Graph, say: Say) -> None:
    reject = Reject(position="line 7", reason="no id", hint="add one", record={"näme": "x", "when": "2026"})
    report = say(System(id="a"), reject, System(id="b"))
    assert (report.facts, report.rejected, report.read) == (2, 1, 3)
    (line,) = Path(str(report.rejects_file)).read_text("utf-8").splitlines()
    assert json.loads(line) == {
        "source": "registry.yaml", "position": "line 7", "reason": "no id", "hint": "add one",
        "record": {"näme": "x", "when": "2026"},
    }  # fmt: skip


def test_without_rejects_there_is_no_rejects_file(graph: Graph, say: Say, tmp_path: Path) -> None:
    assert say(System(id="a")).rejects_file is None
    assert not list(tmp_path.glob("rejects*"))


def test_somebody_elses_database_is_refused(database: Database, graph: Graph, say: Say) -> None:
    with graph.driver.session() as raw:
        raw.run("MATCH (l:Lineage {id: 'graph'}) DELETE l").consume()
        raw.run("CREATE (:Customer {id: 1})").consume()
        try:
            with pytest.raises(RefusedError, match="did not write"):
                say(System(id="a"))
            assert value(graph, "MATCH (n) WHERE NOT n:Lineage RETURN labels(n)") == ["Customer"]
        finally:
            database.wipe()
            graph.prepare()


# The same evidence with other content.


def test_a_conflict_is_kept_recorded_and_decided_by_content(database: Database, tmp_path: Path) -> None:
    one = event("e1", "received", 1, "b", route="a-to-b")
    other = event("e1", "rejected", 1, "b", route="a-to-b")
    seen = set()
    for first, second in ((one, other), (other, one)):
        database.wipe()
        write(database.graph, [first], tmp_path, **EVENTS)
        report = write(database.graph, [second], tmp_path, **{**EVENTS, "source": "second.jsonl"})
        assert [f["finding"] for f in report.findings if f["finding"] == "conflict"] == ["conflict"]
        assert counts(report) == (0, 1, 0)
        (kept,) = rows(
            database.graph, "MATCH (e:Evidence) RETURN e.conflict AS conflict, e.variants AS variants, e.type AS type"
        )
        assert kept["conflict"] is True
        assert len(kept["variants"]) == 2
        assert value(database.graph, "MATCH (h:Handoff) RETURN count(h)") == 1
        seen.add((digest(database.graph), kept["type"]))
    assert len(seen) == 1


def test_both_variants_in_one_batch_come_to_the_same(database: Database, tmp_path: Path) -> None:
    variants = [event("e1", word, 1, "b", route="a-to-b") for word in ("received", "rejected", "published")]
    digests = {
        digest_of(database, tmp_path, (some, EVENTS), batch_size=size)
        for some in (variants, variants[::-1], [*variants[1:], variants[0], variants[1]])
        for size in (1, 2000)
    }
    assert len(digests) == 1


def test_a_conflict_that_moves_evidence_to_another_item_leaves_nothing_behind(database: Database, tmp_path: Path) -> None:
    variants = [event("e1", "received", 1, "b", item=f"episode:{n}", route="a-to-b") for n in (1, 2)]
    digests = {digest_of(database, tmp_path, *(([one], EVENTS) for one in some)) for some in (variants, variants[::-1])}
    assert len(digests) == 1
    assert value(database.graph, "MATCH (h:Handoff) RETURN count(h)") == 1


def test_seen_again_a_known_variant_is_unchanged(graph: Graph, say: Say) -> None:
    one, other = event("e1", "received", 1, "b", route="a-to-b"), event("e1", "rejected", 1, "b", route="a-to-b")
    say(one, other, **EVENTS)
    assert counts(say(other, one, **EVENTS)) == (0, 0, 2)


# Replies that name no handoff of their own.

SENT = [
    event(f"s{n}", "sent", 1, "a", item=f"episode:{n}", route="a-to-b", message_id="m1", from_="a", to="b") for n in range(40)
]
TA1 = event("ta1", "accepted", 5, "b", item=None, in_reply_to="m1")


def test_one_receipt_may_speak_of_many_items_whichever_comes_first(database: Database, tmp_path: Path) -> None:
    digests = {
        digest_of(database, tmp_path, (some, EVENTS), batch_size=size)
        for some in ([*SENT, TA1], [TA1, *SENT], [*SENT[:20], TA1, *SENT[20:]])
        for size in (16, 2000)
    }
    assert len(digests) == 1
    assert value(database.graph, "MATCH (h:Handoff {secured: true}) RETURN count(h)") == 40


PACKED = [
    event(
        f"p{n}",
        "sent",
        1,
        item=f"episode:{n}",
        route="a-to-b",
        message_id=f"17/{n}",
        envelopes=("17", "905"),
        from_="a",
        to="b",
    )
    for n in range(4)
]
ACKNOWLEDGED = [
    event("ta1", "received", 2, "b", item=None, in_reply_to="905"),
    event("ak9", "partially_accepted", 5, "b", item=None, in_reply_to="17"),
    event("ak5-0", "accepted", 5, "b", item=None, in_reply_to="17/0"),
    event("ak5-1", "rejected", 5, "b", item=None, in_reply_to="17/1"),
]


def test_each_message_of_an_envelope_has_its_own_state_whichever_comes_first(database: Database, tmp_path: Path) -> None:
    digests = {
        digest_of(database, tmp_path, (some, EVENTS), batch_size=size)
        for some in ([*PACKED, *ACKNOWLEDGED], [*ACKNOWLEDGED, *PACKED], [*ACKNOWLEDGED[:2], *PACKED, *ACKNOWLEDGED[2:]])
        for size in (1, 2000)
    }
    assert len(digests) == 1
    states = rows(
        database.graph, "MATCH (h:Handoff) RETURN h.acknowledgement AS state, h.secured AS secured ORDER BY h.item_id"
    )
    assert [(row["state"], row["secured"]) for row in states] == [
        ("accepted", True),
        ("rejected", False),
        ("partially_accepted", True),
        ("partially_accepted", True),
    ]


def test_an_envelope_that_only_a_losing_wording_named_does_not_show(database: Database, tmp_path: Path) -> None:
    wordings = [event("e1", "sent", 1, route="r", message_id="m", envelopes=(name,)) for name in ("x", "y", "z")]
    digests = {
        digest_of(database, tmp_path, *(([one], {**EVENTS, "source": f"{n}.jsonl"}) for n, one in enumerate(order)))
        for order in (wordings, wordings[::-1], [wordings[1], wordings[0], wordings[2]])
    }
    assert len(digests) == 1
    assert value(database.graph, "MATCH (n:Envelope) RETURN count(n)") == 1


def test_what_two_rows_say_an_item_is_part_of_adds_up(graph: Graph, say: Say) -> None:
    say(Item(id="asset:1", part_of="ad:1"), Item(id="asset:1", part_of="ad:2"))
    say(Item(id="asset:1", part_of=("ad:3",)), source="other.yaml", authority="observed", feed="ads")
    parts = rows(graph, "MATCH (:Item {id: 'asset:1'})-[:PART_OF]->(a:Item) RETURN a.id AS id ORDER BY id")
    assert [row["id"] for row in parts] == ["ad:1", "ad:2", "ad:3"]


def test_a_finding_of_the_feed_is_reported_and_fails_nothing(say: Say) -> None:
    said = Finding(position="line 3", finding="control-total", subject="SE 0001", detail="it says 5 segments, there are 4")
    report = say(System(id="a"), said)
    assert (report.read, report.facts, report.rejected) == (1, 1, 0)
    assert said.model_dump() in report.findings


def test_an_orphan_waits_for_its_original(graph: Graph, say: Say) -> None:
    (finding,) = say(TA1, **EVENTS).findings
    assert (finding["finding"], finding["subject"]) == ("orphan", f"{TA1.source} {TA1.id}")
    assert "m1" in finding["detail"]
    assert value(graph, "MATCH (h:Handoff) RETURN count(h)") == 0
    assert value(graph, "MATCH (e:Evidence) RETURN count(e)") == 1
    assert "orphan" not in {one["finding"] for one in say(SENT[0], **{**EVENTS, "source": "later.jsonl"}).findings}
    assert value(graph, "MATCH (h:Handoff) RETURN h.secured") is True


def test_message_ids_are_unique_only_between_two_systems(graph: Graph, say: Say) -> None:
    """Another pair of partners may use the same number; this receipt is not theirs."""
    foreign = event("f", "sent", 1, "x", item="episode:9", from_="x", to="y", message_id="m1")
    say(SENT[0], foreign, TA1, **EVENTS)
    assert rows(graph, "MATCH (h:Handoff) RETURN h.item_id AS item, h.secured AS secured ORDER BY item") == [
        {"item": "episode:0", "secured": True},
        {"item": "episode:9", "secured": False},
    ]


# Retiring.


def gone(graph: Graph, label: str, id_: str) -> bool:
    return value(graph, f"MATCH (n:{label} {{id: $id}}) RETURN n.valid_to IS NOT NULL", id=id_)


def test_what_a_complete_read_no_longer_shows_is_retired_not_deleted(graph: Graph, say: Say) -> None:
    say(System(id="a"), System(id="b", partner="acme"))
    report = say(System(id="a"))
    assert report.retired == 1
    assert gone(graph, "System", "b") and not gone(graph, "System", "a")
    assert value(graph, "MATCH (:Partner)-[o:OPERATES]->(:System {id: 'b'}) RETURN o.valid_to IS NOT NULL") is True


def test_a_read_with_a_reject_retires_nothing(graph: Graph, say: Say) -> None:
    say(System(id="a"), System(id="b"))
    assert say(System(id="a"), Reject(position="2", reason="broken")).retired == 0
    assert not gone(graph, "System", "b")
    # The next complete read still knows.
    assert say(System(id="a")).retired == 1


def test_standard_input_retires_nothing(graph: Graph, say: Say) -> None:
    say(System(id="a"), System(id="b"), source="-", stream=True)
    assert say(System(id="a"), source="-", stream=True).retired == 0


def test_evidence_is_never_retired(graph: Graph, say: Say) -> None:
    say(*EVIDENCE, **EVENTS)
    before = digest(graph)
    report = say(EVIDENCE[0], **EVENTS)
    assert report.retired == 0
    assert digest(graph) == before


def test_another_source_retires_nothing_of_this_one(graph: Graph, say: Say) -> None:
    say(System(id="a"), System(id="b"))
    assert say(System(id="c"), source="other.yaml").retired == 0
    assert say(System(id="c"), feed="podcast").retired == 0
    assert not gone(graph, "System", "b")


def test_retired_only_when_the_last_source_dropped_it(graph: Graph, say: Say) -> None:
    say(System(id="a"), System(id="b"), source="one.yaml")
    say(System(id="a"), System(id="b"), source="two.yaml")
    say(System(id="a"), source="one.yaml")
    assert not gone(graph, "System", "b")
    say(System(id="a"), source="two.yaml")
    assert gone(graph, "System", "b")


def test_what_comes_back_is_valid_again(graph: Graph, say: Say) -> None:
    say(System(id="a"), route("r", "a", "b"))
    say(System(id="a"))
    assert gone(graph, "Route", "r")
    say(System(id="a"), route("r", "a", "b"))
    assert not gone(graph, "Route", "r")
    assert value(graph, "MATCH (:System)-[s:SENDS]->(:Route {id: 'r'}) RETURN s.valid_to") is None


def test_valid_always_in_the_first_read_and_from_its_read_on_later(graph: Graph, say: Say) -> None:
    before = datetime.now(UTC)
    say(System(id="a"))
    say(System(id="a"), System(id="b"))
    assert value(graph, "MATCH (s:System {id: 'a'}) RETURN s.valid_from") is None
    assert value(graph, "MATCH (s:System {id: 'b'}) RETURN s.valid_from").to_native() >= before


def test_a_first_read_in_part_does_not_end_always(graph: Graph, say: Say) -> None:
    """Until a source was read completely once, what it shows has been valid always, as far as we know."""
    say(System(id="a"), Reject(position="2", reason="broken"))
    say(System(id="a"), System(id="b"))
    assert value(graph, "MATCH (s:System {id: 'b'}) RETURN s.valid_from") is None


def test_a_dropped_expectation_is_no_longer_expected(graph: Graph, say: Say) -> None:
    say(Item(id="asset:1"), Expectation(item="asset:1", route="r"))
    assert value(graph, "MATCH (i:Item) RETURN i.expected_on") == ["r"]
    say(Item(id="asset:1"))
    assert value(graph, "MATCH (i:Item) RETURN i.expected_on") is None


# Who wins.


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_the_registry_wins_over_a_contract_over_an_observation(graph: Graph, say: Say, order: tuple[int, ...]) -> None:
    said = [
        (System(id="a", name="registry"), {"authority": "registry", "source": "z"}),
        (System(id="a", name="contract", kind="cms"), {"authority": "contract", "source": "y"}),
        (System(id="a", name="observed", kind="host", partner="acme"), {"authority": "observed", "source": "x"}),
    ]
    for index in order:
        say(said[index][0], **said[index][1])
    (found,) = rows(graph, "MATCH (s:System {id: 'a'}) RETURN s.name AS name, s.kind AS kind, s.partner AS partner")
    assert found == {"name": "registry", "kind": "cms", "partner": "acme"}


@pytest.mark.parametrize("order", [("a.yaml", "b.yaml"), ("b.yaml", "a.yaml")])
def test_a_tie_goes_to_the_smallest_source(graph: Graph, say: Say, order: tuple[str, ...]) -> None:
    for source in order:
        say(System(id="a", name=source), source=source)
    assert value(graph, "MATCH (s:System {id: 'a'}) RETURN s.name") == "a.yaml"


def test_only_observed_is_not_declared(graph: Graph, say: Say) -> None:
    say(System(id="a"), authority="observed", feed="podcast")
    assert value(graph, "MATCH (s:System {id: 'a'}) RETURN s.declared") is False
    say(System(id="a"), authority="contract")
    assert value(graph, "MATCH (s:System {id: 'a'}) RETURN s.declared") is True


# Identity.

MERGING: tuple[tuple[Said, ...], ...] = (
    (event("h1", "received", 1, "b", item="episode:host-1", route="r", identifiers=("spotify:episode:x",)),),
    (event("h2", "rejected", 2, "b", item="episode:cms-1", route="r", in_reply_to="m"),),
    (Identifier(item="episode:cms-1", identifier="spotify:episode:x"),),
    (Item(id="episode:host-1", name="One", part_of="show:1"),),
)


@pytest.mark.parametrize("order", [(0, 1, 2, 3), (3, 2, 1, 0), (2, 0, 3, 1), (1, 3, 0, 2)])
def test_a_version_identifier_makes_two_items_one_in_any_order(
    database: Database, tmp_path: Path, order: tuple[int, ...]
) -> None:
    def load(indexes: Sequence[int]) -> str:
        return digest_of(database, tmp_path, *((MERGING[i], {"source": f"{i}"}) for i in indexes))

    assert load(order) == load((0, 1, 2, 3))
    graph = database.graph
    assert rows(graph, "MATCH (i:Item) WHERE i.kind = 'episode' RETURN i.id AS id, i.name AS name") == [
        {"id": "episode:cms-1", "name": "One"}
    ]
    assert rows(graph, "MATCH (x:Identifier)-[:IDENTIFIES]->(:Item {kind: 'episode'}) RETURN x.id AS id ORDER BY id") == [
        {"id": "episode:host-1"},
        {"id": "spotify:episode:x"},
    ]
    # One handoff of the one item, folded from the evidence about both: the refusal of one name takes the other's receipt back.
    (handoff,) = rows(
        graph, "MATCH (h:Handoff) RETURN h.id AS id, h.secured AS secured, COUNT { (h)<-[:ABOUT]-() } AS evidence"
    )
    assert handoff == {"id": "r|episode:cms-1", "secured": False, "evidence": 2}


def test_items_of_different_kinds_never_merge(graph: Graph, say: Say) -> None:
    say(
        Identifier(item="episode:1", identifier="spotify:episode:x"), Identifier(item="asset:1", identifier="spotify:episode:x")
    )
    assert value(graph, "MATCH (i:Item) RETURN count(i)") == 2


@pytest.mark.parametrize("identifier", ["rss:guid:g", "file:a.mp3", "unknown:scheme:1"])
def test_works_and_aliases_never_merge(graph: Graph, say: Say, identifier: str) -> None:
    say(Identifier(item="episode:1", identifier=identifier), Identifier(item="episode:2", identifier=identifier))
    assert value(graph, "MATCH (i:Item) WHERE i.id IN ['episode:1', 'episode:2'] RETURN count(i)") == 2


def test_a_work_identifier_names_the_work_of_its_versions(graph: Graph, say: Say) -> None:
    say(Identifier(item="episode:1", identifier="rss:guid:g"), Identifier(item="episode:2", identifier="rss:guid:g"))
    assert rows(graph, "MATCH (v)-[:VERSION_OF]->(w:Item) RETURN v.id AS v, w.id AS w ORDER BY v") == [
        {"v": "episode:1", "w": "episode:rss:guid:g"},
        {"v": "episode:2", "w": "episode:rss:guid:g"},
    ]


def test_one_with_the_item_that_it_was_declared_a_version_of(database: Database, tmp_path: Path) -> None:
    """That 2 is a version of 1 does not make 1's identifier known of 2: both being one is news, also when it comes last."""
    said = [
        Item(id="episode:2", version_of="episode:1"),
        event("e1", "queued", 0, "a", route="a-to-b", identifiers=("spotify:episode:x",)),
        Identifier(item="episode:2", identifier="spotify:episode:x"),
    ]
    orders = [[said[i] for i in order] for order in ((0, 1, 2), (0, 2, 1), (2, 1, 0), (1, 2, 0))]
    assert len({digest_of(database, tmp_path, (some, {}), batch_size=1) for some in orders}) == 1
    assert rows(database.graph, "MATCH (i:Item) RETURN i.id AS id") == [{"id": "episode:1"}]


def test_chains_of_names_come_to_one_item(database: Database, tmp_path: Path) -> None:
    """1 is 2 by x, 2 is 3 by y, 3 is 4 by z: the smallest id names all, however the links arrive."""
    links = [
        Identifier(item=f"asset:{n}", identifier=f"spotify:asset:{name}")
        for n, name in ((1, "x"), (2, "x"), (2, "y"), (3, "y"), (3, "z"), (4, "z"))
    ]
    orders = [links, links[::-1], [links[i] for i in (5, 0, 2, 4, 1, 3)]]
    assert len({digest_of(database, tmp_path, (some, {}), batch_size=size) for some in orders for size in (1, 2000)}) == 1
    assert rows(database.graph, "MATCH (i:Item) RETURN i.id AS id") == [{"id": "asset:1"}]


# Two loaders at once.


def test_two_loaders_at_once_lose_and_double_nothing(database: Database, tmp_path: Path) -> None:
    """Both speak of the same items, routes, names and messages, in opposite order and in small batches."""
    both: list[list[Said]] = [[], []]
    for n in range(30):
        item = f"episode:{n}"
        both[0].append(event(f"s{n}", "sent", 1, "a", item=item, route="a-to-b", message_id=f"m{n}"))
        both[1].append(event(f"r{n}", "received", 2, "b", item=None, in_reply_to=f"m{n}"))
        both[0].append(Identifier(item=item, identifier=f"spotify:episode:{n}"))
        both[1].append(Identifier(item=f"episode:other-{n}", identifier=f"spotify:episode:{n}"))
        both[0].append(System(id=f"s{n}", name="zero"))
        both[1].append(System(id=f"s{n}", name="one"))
    both[1].reverse()
    about = [{"source": "zero"}, {"source": "one"}]
    serial = digest_of(database, tmp_path, *zip(both, about, strict=True))
    database.wipe()
    failures: list[BaseException] = []

    def load(index: int) -> None:
        try:
            with Graph(database.uri, database.user, database.password) as own:
                write(own, both[index], tmp_path, batch_size=4, **about[index])
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=load, args=(index,)) for index in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert value(database.graph, "MATCH (h:Handoff {secured: true}) RETURN count(h)") == 30
    assert digest(database.graph) == serial


# The digest.


def test_the_digest_sees_a_change(graph: Graph, say: Say) -> None:
    seen = {digest(graph)}
    for facts, about in (
        ([System(id="a")], {}),
        ([System(id="a", name="A")], {}),
        ([EVIDENCE[0]], EVENTS),
        ([*EVIDENCE[:2]], EVENTS),
        ([route("r", "a", "b")], {"source": "routes"}),
        ([Identifier(item="episode:1", identifier="file:x")], {"source": "names"}),
        ([], {}),
    ):
        say(*facts, **about)
        seen.add(digest(graph))
    assert len(seen) == 8


def test_the_digest_does_not_see_names_positions_and_repetition_of_sources(database: Database, tmp_path: Path) -> None:
    moved = [fact.model_copy(update={"position": f"line {n}"}) for n, fact in enumerate(REGISTRY) if isinstance(fact, Fact)]
    one = digest_of(database, tmp_path, (REGISTRY, {"source": "one.yaml"}))
    assert digest_of(database, tmp_path, (moved, {"source": "two.yaml"})) == one
    assert digest_of(database, tmp_path, (REGISTRY, {"source": "one.yaml"}), (moved, {"source": "two.yaml"})) == one


# The property that "order does not matter" comes down to.


@st.composite
def happenings(draw: st.DrawFn) -> HandoffEvent:
    sender, receiver = draw(st.sampled_from([("a", "b"), ("b", "c"), ("c", "a")]))
    route_ = draw(st.sampled_from([f"{sender}-to-{receiver}", None]))
    item = draw(st.sampled_from(["episode:1", "episode:2", None]))
    reply = draw(st.sampled_from(["m1", "m2"])) if item is None else draw(st.sampled_from([None, "m1", "m2"]))
    names = draw(st.sampled_from([(), ("spotify:episode:x",), ("rss:guid:g",)])) if item else ()
    ends = {} if item is None and draw(st.booleans()) else {"from_": sender, "to": receiver}
    return event(
        draw(st.sampled_from(["e1", "e2", "e3", "e4", "e5"])),
        draw(st.sampled_from(["queued", "sent", "received", "accepted", "rejected", "failed"])),
        draw(st.sampled_from([None, 1, 2, 3])),
        draw(st.sampled_from(["a", "b", "c"])),
        item=item,
        route=route_ if ends else None,
        message_id=draw(st.sampled_from([None, "m1", "m2"])),
        in_reply_to=reply,
        envelopes=draw(st.sampled_from([(), ("m2",)])),
        identifiers=names,
        **ends,
    )


DECLARED: list[Fact] = [
    System(id="a", name="A"), System(id="b", partner="acme"), Partner(id="acme", zone="partner"),
    Contact(of_label="Partner", of="acme", email="a@acme.example"),
    Dataset(id="d"), Dataset(id="e"), DatasetField(dataset="d", name="f"),
    route("a-to-b", "a", "b", dataset="d", item_kind="episode"),
    route("b-to-c", "b", "c", dataset="d", item_kind="episode"),
    route("c-to-a", "c", "a", dataset="e", after=("b-to-c",)),
    Derivation.model_validate({"from_label": "Dataset", "from": "d", "to_label": "Dataset", "to": "e", "by": "c"}),
    Derivation.model_validate({"from_label": "Field", "from": "d#f", "to_label": "Field", "to": "e#g"}),
    Item(id="episode:1", name="One", part_of="show:1", published_at=at(0)), Item(id="episode:2", version_of="episode:1"),
    Identifier(item="episode:2", identifier="spotify:episode:x"), Expectation(item="episode:1", route="a-to-b"),
    Standing(item="episode:2", aspect="playing", value="playing", valid_from=at(1)), Grant(id="g", covers="episode:2", licensee="acme"),
]  # fmt: skip


@settings(
    max_examples=15,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(data=st.data())
def test_any_order_repetition_and_split_gives_the_same_graph(database: Database, tmp_path: Path, data: st.DataObject) -> None:
    evidence = data.draw(st.lists(happenings(), min_size=1, max_size=8))
    declared = data.draw(st.lists(st.sampled_from(DECLARED), max_size=8, unique_by=id))
    everything: list[Said] = [*declared, *evidence]
    once = digest_of(database, tmp_path, (everything, {"source": "all"}))
    # Each declaration in one file only: a second file is a second source, and says so in the digest of who says what.
    dealt = data.draw(st.permutations([*declared, *evidence, *data.draw(st.lists(st.sampled_from(evidence), max_size=4))]))
    cut = data.draw(st.integers(0, len(dealt)))
    size = data.draw(st.sampled_from([1, 3, 2000]))
    files = [(dealt[:cut], {"source": "first"}), (dealt[cut:], {"source": "second"})]
    assert digest_of(database, tmp_path, *files, batch_size=size) == once
