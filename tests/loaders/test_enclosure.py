"""Redirect prefixes and hosts of enclosures."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reading import FIXTURES, sample

from loaders._enclosure import Chain, chain_of, host_of


def as_cases(chain: Chain) -> list[dict[str, str]]:
    hops = [{"kind": "prefix", "prefix": hop.vendor, "url": hop.url} for hop in chain.prefixes]
    return [*hops, {"kind": "destination", "url": chain.destination}]


def test_shipped_cases() -> None:
    cases = json.loads((FIXTURES / "enclosure" / "op3-cases.json").read_text("utf-8"))
    for case in cases:
        assert as_cases(chain_of(case["url"])) == case["chain"], case["url"]


def test_all_cases_of_op3() -> None:
    cases = json.loads(sample("podcast_prefixes/op3_chain_estimate_cases.json").read_text("utf-8"))
    assert [case["url"] for case in cases if as_cases(chain_of(case["url"])) != case["chain"]] == []


def test_a_prefix_known_by_address_only() -> None:
    chain = chain_of("https://suprefix.fm/abc/traffic.megaphone.fm/1.mp3")
    assert [hop.vendor for hop in chain.prefixes] == ["podscribe"]
    assert chain.destination == "https://traffic.megaphone.fm/1.mp3"


@pytest.mark.parametrize(
    ("url", "system", "partner", "zone"),
    [
        ("https://traffic.megaphone.fm/1.mp3", "megaphone", "spotify", "spotify"),
        ("https://anchor.fm/s/1/podcast/1.mp3", "spotify-for-creators", "spotify", "spotify"),
        ("https://rss.art19.com/episodes/1.mp3", "art19", "art19", "partner"),
        ("https://podpoint.com/download/1.mp3", "podpoint", "podpoint", "partner"),
        ("https://podpoint.com/other/1.mp3", "podpoint.com", None, None),
        ("https://notart19.com/1.mp3", "notart19.com", None, None),
        ("https://Media.Harbour.example:8443/1.mp3", "media.harbour.example", None, None),
    ],
)
def test_hosts(url: str, system: str, partner: str | None, zone: str | None) -> None:
    host = host_of(url)
    assert host is not None
    assert (host.system, host.partner, host.zone) == (system, partner, zone)


@pytest.mark.parametrize("url", ["asdf", "", "http://[", "ipfs://QmX/1.mp3", "https:///1.mp3"])
def test_no_host(url: str) -> None:
    assert host_of(url) is None


def test_a_company_that_counts_and_hosts_is_two_systems_of_one_partner() -> None:
    chain = chain_of("https://media.blubrry.com/show/content.blubrry.com/show/1.mp3")
    counting, hosting = chain.prefixes[0].operator, host_of(chain.destination)
    assert hosting is not None
    assert (counting.system, counting.partner, counting.zone) == ("blubrry-prefix", "blubrry", "partner")
    assert (hosting.system, hosting.partner, hosting.zone) == ("blubrry", "blubrry", "partner")


def test_no_measurement_system_takes_the_id_of_a_host() -> None:
    data = FIXTURES.parents[1] / "loaders" / "data"
    prefixes = json.loads((data / "redirect_prefixes.json").read_text("utf-8"))
    hosts = {host_of(f"https://{row['pattern'].strip('./')}/") for row in json.loads((data / "hosts.json").read_text("utf-8"))}
    assert {row.get("system", row["vendor"]) for row in prefixes} & {host.system for host in hosts if host} == set()


def test_a_chain_of_many_prefixes_ends() -> None:
    assert len(chain_of("https://op3.dev/e/" * 10_000 + "a.com/1.mp3").prefixes) == 40


@given(st.text(max_size=100))
def test_nothing_escapes(text: str) -> None:
    for url in (text, f"https://op3.dev/e/{text}", f"https://pdst.fm/e/{text}", f"https://letscast.fm/track/https:{text}"):
        host_of(chain_of(url).destination)
