"""A playlist from the campaign tool to the screen: who does what, by which operation, and where it stands."""

from __future__ import annotations

from typing import Any

import pytest
from harness import FIXTURES, Database, write

from lineage.facts import Said
from lineage.loading import opened
from lineage.session import Lineage

SNAPSHOT = "AAAAEgRTzIqjEpCBxRPAxlbVfDYTOnEX"
WORK = "playlist:spotify:playlist:3cEYpjA9oz9GiPac4AsH4n"
REGISTRY = """
partners: [{id: spotify, zone: spotify}, {id: acme, zone: partner}]
systems:
  - {id: campaign-tool, partner: acme}
  - {id: approval, partner: acme}
  - {id: spotify-playlists, partner: spotify}
  - {id: signage, partner: acme}
interfaces:
  - {id: web-api/create-playlist, system: spotify-playlists, protocol: https, endpoint: POST /me/playlists, contract: web-api.openapi.yaml}
  - {id: signage/put-playlist, system: signage, protocol: https}
routes:
  - {id: to-approval, from: campaign-tool, to: approval, item_kind: playlist, after: []}
  - {id: playlist-publish, from: approval, to: spotify-playlists, item_kind: playlist, interface: web-api/create-playlist}
  - {id: to-screens, from: spotify-playlists, to: signage, item_kind: playlist, interface: signage/put-playlist}
"""
EVENTS = f"""id,source,type,time,subject,route,detail,identifiers
1,campaign-tool,created,2026-03-01T08:00:00Z,playlist:acme-spring,to-approval,,
2,approval,declined,2026-03-01T08:30:00Z,playlist:acme-spring,to-approval,logo is missing,
3,approval,approved,2026-03-01T10:00:00Z,playlist:acme-spring,to-approval,,
4,approval,sent,2026-03-01T10:05:00Z,playlist:acme-spring,playlist-publish,,spotify:snapshot:{SNAPSHOT}
"""
WORDS = {
    **{f"column.{name}": name for name in ("id", "source", "type", "time", "subject", "route", "detail", "identifiers")},
    "type.created": "queued", "type.approved": "accepted", "type.declined": "rejected", "type.sent": "sent", "type.shown": "published",
}  # fmt: skip


@pytest.fixture
def flow(database: Database, tmp_path: Any) -> Lineage:
    """Registry, handoffs of the tools, and the saved playlist, loaded."""
    (tmp_path / "registry.yaml").write_text(REGISTRY, "utf-8")
    (tmp_path / "events.csv").write_text(EVENTS, "utf-8")

    def said(feed: str, source: Any, **given: str) -> list[Said]:
        with opened(feed, str(source), given=given) as reading:
            return list(reading.said())

    def loaded(session: Lineage) -> None:
        for feed, source, given in (
            ("partners", tmp_path / "registry.yaml", {}),
            ("handoffs", tmp_path / "events.csv", WORDS),
            ("spotify-playlists", FIXTURES / "spotify-playlists" / "synthetic-new-shape.json", {}),
        ):
            authority = "registry" if feed == "partners" else "observed"
            write(session.graph, said(feed, source, **given), tmp_path, feed=feed, source=feed, authority=authority)

    return database.hold("playlist flow", loaded)


def test_systems_come_in_order_with_what_each_did_and_by_which_operation(flow: Lineage) -> None:
    rows = flow.query("playlist_flow", item=flow.trace(f"spotify:snapshot:{SNAPSHOT}").item.id).rows
    told = [
        (row["sender"], row["sender_did"], row["receiver"], row["receiver_did"], row["interface"], row["state"]) for row in rows
    ]
    assert told == [
        ("campaign-tool", ["created"], "approval", ["approved", "declined"], None, "done"),
        ("approval", ["sent"], "spotify-playlists", ["published"], "web-api/create-playlist", "done"),
        ("spotify-playlists", [], "signage", [], "signage/put-playlist", "nothing seen"),
    ]
    assert [row["step"] for row in rows] == [1, 2, 3]
    assert rows[0]["failure"] == "approval declined: logo is missing"
    assert (rows[1]["endpoint"], rows[1]["contract"]) == ("POST /me/playlists", "web-api.openapi.yaml")


def test_asked_by_the_playlist_every_version_is_told(flow: Lineage) -> None:
    versions = {row["version"] for row in flow.query("playlist_flow", item=WORK).rows}
    assert versions == {flow.trace(f"spotify:snapshot:{SNAPSHOT}").item.id}


def test_the_answers_know_where_it_stands(flow: Lineage) -> None:
    answer = flow.last_handoff("spotify:playlist:3cEYpjA9oz9GiPac4AsH4n")
    assert answer.last_successful is not None and answer.last_successful.to == "spotify-playlists"
    assert answer.next_expected is not None and answer.next_expected.to == "signage"
