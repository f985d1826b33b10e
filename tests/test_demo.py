"""The two stories of the demo, as its files tell them."""

from __future__ import annotations

from lineage.demo import ASSET, CAMPAIGN, ITEM
from lineage.session import Lineage


def test_the_episode_that_a_partner_refused(demo: Lineage) -> None:
    answer = demo.last_handoff(ITEM)
    assert (answer.verdict.rule, answer.verdict.system, answer.verdict.zone) == (
        "refused-by-endpoint", "northwind-directory", "partner",
    )  # fmt: skip


def test_the_audio_that_the_middleware_never_sent(demo: Lineage) -> None:
    answer = demo.last_handoff(ASSET)
    assert (answer.verdict.rule, answer.verdict.system, answer.verdict.zone) == ("not-sent", "relay-ads", "middleware")
    assert answer.last_successful is not None
    # The bucket's notification proves the last safe handoff.
    assert answer.last_successful.route == "ads-to-relay"
    assert {contact.email for contact in answer.contacts} == {"ad-desk@relay.example", "noc@relay.example"}
    routes = {hop.route: hop.secured for hop in demo.trace(ASSET).hops}
    assert routes == {
        "ads-upload": True,
        "ads-to-relay": True,
        "relay-to-soundgrid": True,
        "relay-to-tonewave": False,
    }


def test_who_receives_what_of_the_campaign(demo: Lineage) -> None:
    rows = demo.query("who_receives_item", item=CAMPAIGN).rows
    tonewave = {
        row["part_name"]: (row["state"], row["protocol"], row["schedule"])
        for row in rows
        if row["receiver"] == "tonewave-player"
    }
    assert tonewave == {
        "harvest-15s.mp3": ("arrived", "sftp", "0 */2 * * *"),
        "harvest-30s.mp3": ("queued", "sftp", "0 */2 * * *"),
    }
    assert {row["receiver_partner"] for row in rows} == {"spotify", "relay", "soundgrid", "tonewave", "ias"}
    measured = {row["part_name"] for row in rows if row["receiver"] == "ias"}
    assert measured == {"Harvest Fair 15s", "Harvest Fair 30s"}


def test_a_receipt_that_came_twice_is_shown(demo: Lineage) -> None:
    (twice,) = demo.query("duplicate_acknowledgements").rows
    assert (twice["message"], twice["type"], twice["replies"]) == ("relay-20220529-0815@relay.example", "received", 2)


def test_nothing_of_the_demo_waits_for_its_message(demo: Lineage) -> None:
    assert {row["in_reply_to"] for row in demo.query("orphan_evidence").rows} == {"rly-7777"}
