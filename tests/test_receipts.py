"""Receipts of real formats find the handoffs that they answer, whichever comes first."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from harness import FIXTURES, Database

from lineage.digest import digest
from lineage.graph import Graph
from lineage.ingest import Report
from lineage.loading import load


def sent(item: str, message: str, *envelopes: str, at: str = "2004-11-17T09:00:00Z", ends: str = "gateway partner") -> str:
    """A sender's event as JSON Lines."""
    sender, receiver = ends.split()
    data = {"from": sender, "to": receiver, "message_id": message, "envelopes": list(envelopes)}
    event = {
        "specversion": "1.0", "id": f"{item}-{message}", "source": f"urn:lineage:system:{sender}",
        "type": "lineage.handoff.sent.v1", "time": at, "subject": item, "data": data,
    }  # fmt: skip
    return json.dumps(event) + "\n"


def states(graph: Graph) -> dict[str, tuple[str | None, bool]]:
    """Item -> (the furthest that is known, secured)."""
    found = graph.read(
        """MATCH (h:Handoff) RETURN h.item_id AS item, coalesce(h.processing, h.acknowledgement, h.transport) AS state,
        h.secured AS secured"""
    ).rows
    return {row["item"]: (row["state"], row["secured"]) for row in found}


Loaded = tuple[str, Path, dict[str, Any]]


def in_any_order(database: Database, folder: Path, loads: Iterable[Loaded]) -> dict[str, tuple[str | None, bool]]:
    """Load in every order; the graph must be the same, and its states are returned."""
    digests = set()
    for order in itertools.permutations(loads):
        database.wipe()
        for feed, path, settings in order:
            report = load(database.graph, feed, str(path), rejects=lambda: folder / "rejects.jsonl", settings=settings)
            assert report.rejected == 0, (folder / "rejects.jsonl").read_text("utf-8")
        digests.add(digest(database.graph))
    assert len(digests) == 1
    return states(database.graph)


def log(folder: Path, *lines: str) -> Loaded:
    path = folder / "sent.jsonl"
    path.write_text("".join(lines), "utf-8")
    return "handoffs", path, {}


def orphans(report: Report) -> list[str]:
    return [finding["detail"] for finding in report.findings if finding["finding"] == "orphan"]


def test_a_partly_accepted_group_gives_each_transaction_its_own_state(database: Database, tmp_path: Path) -> None:
    """999 of Staedi: group 17456 P, sets 0001 A, 0002 and 0003 R; a fourth item was sent in the same group and is not mentioned."""
    lines = [sent(f"order:{n}", f"17456/000{n}", "17456", "000000286") for n in (1, 2, 3, 4)]
    acknowledged = ("x12-ack", FIXTURES / "x12-ack" / "staedi-simple999.edi", {})
    assert in_any_order(database, tmp_path, [log(tmp_path, *lines), acknowledged]) == {
        "order:1": ("accepted", True),
        "order:2": ("rejected", False),
        "order:3": ("rejected", False),
        "order:4": ("partially_accepted", True),
    }


def test_a_ta1_refuses_all_that_travelled_in_the_envelope(database: Database, tmp_path: Path) -> None:
    fixture = FIXTURES / "x12-ack" / "envelope-rejected.ta1"
    refused = fixture.read_text("ascii").split("TA1")[1].split("*" if "*" in fixture.read_text("ascii") else "|")[1]
    lines = [sent(f"order:{n}", f"{n}/0001", str(n), refused) for n in range(40)]
    other = sent("order:other", "99/0001", "99", "000000001")
    found = in_any_order(database, tmp_path, [log(tmp_path, *lines, other), ("x12-ack", fixture, {})])
    assert {item: state for item, state in found.items() if item != "order:other"} == {
        f"order:{n}": ("rejected", False) for n in range(40)
    }
    assert found["order:other"] == ("sent", False)


def test_an_interchange_is_acknowledged_and_a_message_in_it_rejected(database: Database, tmp_path: Path) -> None:
    """CONTRL: UCI 7 with UCM 1 accepted, 2 and 3 rejected, 4 not mentioned."""
    lines = [sent(f"order:{n}", f"ABC124/{n}", "ABC124", at="2026-11-01T06:00:00Z") for n in (1, 2, 3, 9)]
    report = ("edifact-ack", FIXTURES / "edifact-ack" / "message-rejected.contrl", {})
    found = in_any_order(database, tmp_path, [log(tmp_path, *lines), report])
    assert [found[f"order:{n}"] for n in (1, 2, 3, 9)] == [
        ("accepted", True), ("rejected", False), ("rejected", False), ("accepted", True),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "file, expected",
    [
        ("phase2-4af6f84c-d882-4466-8e0c-305a7fbe37b3.header", ("received", True)),
        ("integrity-check-failed.mdn", ("rejected", False)),
        ("failed.mdn", ("failed", False)),
    ],
)
def test_an_mdn_answers_its_message(database: Database, tmp_path: Path, file: str, expected: tuple[str, bool]) -> None:
    path = FIXTURES / "as2-mdn" / file
    body = path.with_suffix(".payload") if path.suffix == ".header" else path
    (line,) = (one for one in body.read_bytes().splitlines() if one.lower().startswith(b"original-message-id:"))
    # As the header has it, in angle brackets, which some logs keep.
    own = line.split(b":", 1)[1].strip().decode()
    lines = log(tmp_path, sent("order:1", own, at="2016-01-01T00:00:00Z"))
    assert in_any_order(database, tmp_path, [lines, ("as2-mdn", path, {})]) == {"order:1": expected}


def test_a_file_arrives_by_its_name_and_its_object_key(database: Database, tmp_path: Path) -> None:
    xferlog = tmp_path / "in.xferlog"
    xferlog.write_text(
        "Fri Nov 20 10:00:05 2026 1 192.0.2.7 9 /in/a b.mp3 b _ i r relay sftp 0 * c\n"
        "Fri Nov 20 10:00:09 2026 1 192.0.2.7 9 /in/c.mp3 b _ i r relay sftp 0 * i\n",
        "utf-8",
    )
    lines = [
        sent("asset:ab", "a b.mp3", at="2026-11-20T10:00:00Z"),
        sent("asset:c", "c.mp3", at="2026-11-20T10:00:00Z"),
        sent("asset:face", "Happy Face.jpg", at="1970-01-01T00:00:00Z", ends="studio store"),
    ]
    stored = ("s3-events", FIXTURES / "s3-events" / "aws-s3-event.json", {"system": {"sourcebucket": "store"}})
    found = in_any_order(database, tmp_path, [log(tmp_path, *lines), ("xferlog", xferlog, {"server": "partner"}), stored])
    assert found == {"asset:ab": ("received", True), "asset:c": ("failed", False), "asset:face": ("received", True)}


def test_the_same_receipt_in_two_files_is_one_and_an_orphan_is_said(graph: Graph, tmp_path: Path) -> None:
    text = (FIXTURES / "x12-ack" / "staedi-simple997.edi").read_bytes()
    (tmp_path / "first.edi").write_bytes(text)
    (tmp_path / "second.edi").write_bytes(b"\n" + text)

    def read(name: str) -> Report:
        return load(graph, "x12-ack", str(tmp_path / name), rejects=lambda: tmp_path / "rejects.jsonl")

    first, second = read("first.edi"), read("second.edi")
    assert (first.created, second.created, second.unchanged) == (first.facts, 0, first.facts)
    assert len(orphans(first)) == first.facts
