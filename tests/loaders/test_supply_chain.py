"""sellers.json, ads.txt and SupplyChain: who may sell for whom, told apart by content and joined by account."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from pydantic import ValidationError
from reading import FIXTURES, check_good, check_hostile, files, load, load_text, only, rejects, sample

from lineage.facts import Contact, Finding, Interface, Partner, Route, Said, System
from loaders.supply_chain import read as feed

HERE = FIXTURES / "supply-chain"


def routes(said: list[Said]) -> dict[str, Route]:
    return {route.id: route for route in only(Route, said)}


def found(said: list[Said]) -> list[tuple[str, str]]:
    return [(one.finding, one.subject) for one in only(Finding, said)]


@pytest.mark.parametrize("path", files("supply-chain", feed), ids=lambda path: path.name)
def test_fixtures_load(path: Path) -> None:
    check_good(feed, path)


@pytest.mark.parametrize("path", files("hostile/supply-chain", feed), ids=lambda path: path.name)
def test_hostile_files_are_refused(path: Path) -> None:
    check_hostile(feed, path)


def test_an_account_is_an_interface_and_its_seller_a_route() -> None:
    said = load(feed, HERE / "audio-exchange.example.com.sellers.json")
    exchange = "audio-exchange.example.com"
    accounts = {one.id: one for one in only(Interface, said)}
    assert {key: one.contract for key, one in accounts.items()} == {
        f"{exchange}/4711": "sellers.json PUBLISHER",
        f"{exchange}/r-9": "sellers.json INTERMEDIARY passthrough",
        f"{exchange}/c-1": "sellers.json BOTH confidential",
        f"{exchange}/own": "sellers.json PUBLISHER",
    }
    assert {one.system for one in accounts.values()} == {exchange}
    sells = routes(said)
    assert set(sells) == {
        f"sells:podcast-network.example.org>{exchange}/4711",
        f"sells:sound-resale.example.net>{exchange}/r-9",
    }
    route = sells[f"sells:podcast-network.example.org>{exchange}/4711"]
    assert (route.from_, route.to, route.interface) == ("podcast-network.example.org", exchange, f"{exchange}/4711")
    assert route.item_kind == ()
    kinds = {one.id: one.kind for one in only(System, said)}
    assert kinds == {exchange: "ad-system", "podcast-network.example.org": "publisher", "sound-resale.example.net": "ad-system"}
    assert {one.id: one.name for one in only(Partner, said)}["sound-resale.example.net"] == "Sound Resale"
    assert [one.email for one in only(Contact, said)] == ["supply@audio-exchange.example.com"]


def test_a_confidential_seller_is_not_named() -> None:
    said = load(feed, HERE / "audio-exchange.example.com.sellers.json")
    assert "hidden.example.net" not in "".join(map(repr, said))


@pytest.mark.parametrize(
    "name, url, domain",
    [
        ("acme.example.sellers.json", None, "acme.example"),
        ("acme.example-sellers.json", None, "acme.example"),
        ("iab-WEB-1.ssp.example.com.sellers.json", None, "iab-web-1.ssp.example.com"),
        ("download", "https://www.acme.example.com/sellers.json", "acme.example.com"),
        ("download", "https://raw.host.example/x/acme.example.com.sellers.json", "acme.example.com"),
    ],
)
def test_whose_file_it_is(name: str, url: str | None, domain: str, tmp_path: Path) -> None:
    text = json.dumps({"sellers": [{"seller_id": "1", "seller_type": "PUBLISHER"}]})
    if url is None:
        (tmp_path / name).write_text(text, "utf-8")
        said = load(feed, tmp_path / name)
    else:
        said = load_text(feed, name, text, url=url)
    assert [one.id for one in only(Interface, said)] == [f"{domain}/1"]


def test_a_folder_and_a_setting_name_the_domain(tmp_path: Path) -> None:
    (tmp_path / "acme.example").mkdir()
    path = tmp_path / "acme.example" / "sellers.json"
    path.write_text('{"sellers": [{"seller_id": "1"}]}', "utf-8")
    assert [one.id for one in only(Interface, load(feed, path))] == ["acme.example/1"]
    assert [one.id for one in only(Interface, load(feed, path, domain="Other.example"))] == ["other.example/1"]
    with pytest.raises(ValidationError, match="a domain"):
        feed.settings(domain="no domain")


def test_a_domain_may_be_guessed_from_the_contact_and_is_then_said() -> None:
    said = load(feed, HERE / "iab-sellers-json-1.0-sample.json")
    assert found(said) == [("domain-guessed", "advertisingsystem.com")]
    assert len(only(Interface, said)) == 8
    assert len(only(Route, said)) == 7  # the confidential one is an account only


def test_one_account_is_one_company() -> None:
    rows = [
        {"seller_id": "1", "name": "A", "domain": "a.example.org", "seller_type": "PUBLISHER"},
        {"seller_id": "1", "name": "A", "domain": "a.example.org", "seller_type": "PUBLISHER"},
        {"seller_id": "1", "name": "A", "domain": "a.example.org", "seller_type": "BOTH"},
        {"seller_id": "1", "name": "B", "domain": "b.example.org", "seller_type": "PUBLISHER"},
        {"seller_id": "2", "name": "C", "domain": "none", "seller_type": "FRIEND"},
    ]
    said = load_text(feed, "acme.example.com.sellers.json", json.dumps({"sellers": rows}), domain="acme.example.com")
    assert found(said) == [("duplicate-seller", "acme.example.com/1"), ("not-a-domain", "acme.example.com/2")]
    assert [(one.position, one.reason[:40]) for one in rejects(said)] == [
        ("/sellers/3", "acme.example.com/1 is given to another s")
    ]
    assert {one.id: one.contract for one in only(Interface, said)}["acme.example.com/2"] == "sellers.json FRIEND"


def test_an_ads_txt_names_accounts_without_declaring_them() -> None:
    said = load(feed, HERE / "podcast-network.example.org.ads.txt")
    publisher, account = "podcast-network.example.org", "audio-exchange.example.com/r-9"
    assert only(Interface, said) == []
    route = routes(said)[f"authorises:{publisher}>{account}"]
    assert (route.from_, route.to, route.interface) == (publisher, "audio-exchange.example.com", account)
    assert route.dataset == f"ad-inventory:{publisher}:reseller"
    assert routes(said)[f"manages:{publisher}>sound-resale.example.net"].to == "sound-resale.example.net"
    assert routes(said)[f"shares:partner-shows.example.org>{publisher}"].from_ == "partner-shows.example.org"
    assert {(one.id, one.partner) for one in only(System, said)} == {
        (publisher, "media-group.example.org"),
        (f"shows.{publisher}", "media-group.example.org"),
    }
    assert [(one.of, one.email) for one in only(Contact, said)] == [("media-group.example.org", f"adops@{publisher}")]


def test_an_ads_txt_line_by_line() -> None:
    text = (
        "\ufeffa.example.com, 1, DIRECT\n\na.example.com,1,Direct\na.example.com, 1, RESELLER\na.example.com, 2\n"
        "placeholder.example.com, placeholder, DIRECT, placeholder\n"
    )
    said = load_text(feed, "ads.txt", text, domain="pub.example.com")
    assert list(routes(said)) == ["authorises:pub.example.com>a.example.com/1"]
    assert found(said) == [("two-relationships", "pub.example.com a.example.com/1")]
    assert [one.position for one in rejects(said)] == ["line 5"]
    nobody = load_text(feed, "ads.txt", "placeholder.example.com, placeholder, DIRECT", domain="pub.example.com")
    assert [one.id for one in only(System, nobody)] == ["pub.example.com"]
    assert rejects(nobody) == []


def test_the_steps_of_a_chain_follow_each_other() -> None:
    steps = routes(load(feed, HERE / "chains.jsonl"))
    first = "schain:podcast-network.example.org>sound-resale.example.net/77"
    second = f"{first}>audio-exchange.example.com/r-9"
    assert (steps[first].from_, steps[first].to, steps[first].after) == (
        "podcast-network.example.org",
        "sound-resale.example.net",
        (),
    )
    assert (steps[second].interface, steps[second].after) == ("audio-exchange.example.com/r-9", (first,))
    # hp=0 is a step too; a node's own domain is its seller, in OpenRTB 2.4 as well
    assert "schain:ssai.example.net/a>audio-exchange.example.com/4711" in steps
    assert "schain:podcast-network.example.org>audio-exchange.example.com/4711" in steps
    assert len(steps) == 4


def test_a_publisher_sells_to_the_only_node_and_not_to_the_first_of_several() -> None:
    nodes = [{"asi": "one.example.com", "sid": "1"}, {"asi": "two.example.com", "sid": "2"}]

    def said(nodes: list[dict[str, str]]) -> list[str]:
        request = {"app": {"publisher": {"domain": "pub.example.org"}}, "source": {"schain": {"complete": 1, "nodes": nodes}}}
        return list(routes(load_text(feed, "r.json", json.dumps(request))))

    assert said(nodes[:1]) == ["schain:pub.example.org>one.example.com/1"]
    assert said(nodes) == ["schain:one.example.com/1>two.example.com/2"]


def test_a_gap_in_a_chain_is_not_bridged() -> None:
    nodes = [{"asi": "one.example.com", "sid": "1"}, {"sid": "2"}, {"asi": "three.example.com", "sid": 3}]
    said = load_text(feed, "r.json", json.dumps({"nodes": nodes, "complete": 0}))
    assert routes(said) == {}
    assert [one.position for one in rejects(said)] == ["line 1/nodes/1"]
    assert {one.id for one in only(System, said)} == {"one.example.com", "three.example.com"}
    assert [kind for kind, _ in found(said)] == ["incomplete-chain"]


@pytest.mark.parametrize("chain_first", [True, False])
def test_a_chain_that_names_an_unlisted_seller_is_found_in_any_order(chain_first: bool, tmp_path: Path) -> None:
    chain = {
        "nodes": [
            {"asi": "ssp.example", "sid": "listed"},
            {"asi": "SSP.example", "sid": "forged"},
            {"asi": "x.example", "sid": "1"},
        ]
    }
    (tmp_path / ("a.json" if chain_first else "z.json")).write_text(json.dumps(chain), "utf-8")
    (tmp_path / "ssp.example.sellers.json").write_text('{"sellers": [\n{"seller_id": "listed"}\n]}', "utf-8")
    # x.example published no list in this load: nobody can say that it does not list 1
    assert found(load(feed, tmp_path)) == [("unlisted-seller", "ssp.example/forged")]


def test_what_has_no_chain_is_refused() -> None:
    (refused,) = rejects(load_text(feed, "r.json", '{"id": "1", "seatbid": []}'))
    assert refused.reason.startswith("no supply chain in it: a bid response")


def test_the_real_documents_of_one_case_fit_together() -> None:
    folder = sample("sellers_json").parent
    said = load(feed, folder / "sellers_json")
    assert rejects(said) == []
    accounts = {one.id for one in only(Interface, said)}
    chain = load(feed, folder / "openrtb" / "iab-schain11-WEB-1.json")
    (step,) = only(Route, chain)
    assert {"server-side-wrapper.com/ssw-pub-001", "ssp.com/ssw-ssp-001"} <= accounts
    assert step.interface == "ssp.com/ssw-ssp-001"


@pytest.mark.parametrize("name, publisher", [("content_blue_com_ads.txt", "content_blue_com"), ("acme.app-ads.txt", "acme")])
def test_a_publisher_that_nothing_names_is_called_after_its_file(name: str, publisher: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_text("ssp.com, 7, DIRECT\n", "utf-8")
    said = load(feed, path)
    assert [(r.from_, r.to, r.interface) for r in only(Route, said)] == [(publisher, "ssp.com", "ssp.com/7")]
    assert [(f.finding, f.subject) for f in only(Finding, said)] == [("domain-guessed", publisher)]
    nameless = path.rename(tmp_path / "ads.txt")
    assert [r.reason for r in rejects(load(feed, nameless))]
