"""The Spotify Ads API read live, against a local server that validates by its OpenAPI document."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
from ads_server import ACCOUNT, BUSINESS, CAMPAIGNS, CLIENT, REFRESH, SECRET, AdsServer, campaigns, many, samples, serving
from reading import only, rejects
from tenacity import wait_none

from lineage.facts import Dataset, Finding, HandoffEvent, Item, Partner, Reject, Said, System
from lineage.graph import Graph
from lineage.ingest import Report
from lineage.loading import load, opened
from loaders import _api_http

SECOND = campaigns(50)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[AdsServer]:
    for name, value in (("CLIENT_ID", CLIENT), ("CLIENT_SECRET", SECRET), ("REFRESH_TOKEN", REFRESH)):
        monkeypatch.setenv(f"SPOTIFY_ADS_{name}", value)
    monkeypatch.delenv("SPOTIFY_ADS_ACCESS_TOKEN", raising=False)
    monkeypatch.setenv("LINEAGE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(_api_http, "_BACKOFF", wait_none())
    with serving(samples()) as server:
        yield server


def read(server: AdsServer, **settings: str) -> list[Said]:
    given = {"account": ACCOUNT, "token_url": server.token_url, **settings}
    with opened("ads", server.url, given={name: value for name, value in given.items() if value}) as reading:
        return list(reading.said())


def items(said: list[Said], kind: str) -> set[str]:
    return {item.id for item in only(Item, said) if item.kind == kind}


def spooled(tmp_path: Path) -> list[Path]:
    return sorted((tmp_path / "cache").rglob("*.json"))


def test_a_whole_account_is_read(server: AdsServer, tmp_path: Path) -> None:
    said = read(server)
    assert rejects(said) == []
    assert {kind: len(items(said, kind)) for kind in ("campaign", "ad-set", "ad", "asset")} == {
        "campaign": 2, "ad-set": 4, "ad": 3, "asset": 1,
    }  # fmt: skip
    assert {system.id for system in only(System, said)} == {"spotify-ads", f"spotify-ad-account:{ACCOUNT}"}
    assert f"spotify-business:{BUSINESS}" in {partner.id for partner in only(Partner, said)}
    assert "spotify-ads:audience:ce4ff15e-f04d-48b9-9ddf-fb3c85fbd57a" in {dataset.id for dataset in only(Dataset, said)}
    assert len(only(HandoffEvent, said)) == 3 + 3 + 1 + 2
    assert server.tokens == 1
    assert len(server.calls) == len(set(server.calls))
    assert spooled(tmp_path) == []


def test_without_an_account_those_of_all_businesses_are_read(server: AdsServer) -> None:
    everything = read(server, account="")
    assert rejects(everything) == []
    assert items(everything, "ad") == items(read(server), "ad")
    assert server.calls[:2] == ["/businesses", f"/businesses/{BUSINESS}/ad_accounts"]


def test_pages_are_followed_to_the_end(server: AdsServer) -> None:
    many(server, 120)
    said = read(server)
    assert rejects(said) == []
    assert len(items(said, "campaign")) == 120 + 1  # one in the change history
    assert [call for call in server.calls if call.startswith(CAMPAIGNS)] == [campaigns(offset) for offset in (0, 50, 100)]


def test_change_history_is_asked_from_a_date(server: AdsServer) -> None:
    assert rejects(read(server, since="2026-10-01T02:00:00+02:00")) == []
    (call,) = [call for call in server.calls if "change_history" in call]
    assert call.endswith("created_gte=2026-10-01T00%3A00%3A00Z")


def test_an_asynchronous_report_is_asked_for_by_its_id(server: AdsServer) -> None:
    said = read(server, report=ACCOUNT)
    assert items(said, "report") == {f"report:spotify-ads:{ACCOUNT}"}
    assert [event.type for event in only(HandoffEvent, said) if event.route == "ads-report"] == ["sent"]


def test_a_rate_limit_is_waited_out(server: AdsServer) -> None:
    server.fault(CAMPAIGNS, 429, b"", headers={"Retry-After": "1"}, times=2)
    started = time.monotonic()
    assert rejects(read(server)) == []
    assert 2 <= time.monotonic() - started < 10
    assert len([call for call in server.calls if call.startswith(CAMPAIGNS)]) == 3


def test_a_rate_limit_until_a_date_is_waited_out(server: AdsServer) -> None:
    until = datetime.now(UTC) + timedelta(seconds=3)  # a date has no fractions of a second
    server.fault(CAMPAIGNS, 429, b"", headers={"Retry-After": format_datetime(until, usegmt=True)}, times=1)
    started = time.monotonic()
    assert rejects(read(server)) == []
    assert 1.5 <= time.monotonic() - started < 10


def test_a_rate_limit_beyond_the_patience_ends_the_read(server: AdsServer) -> None:
    server.fault(CAMPAIGNS, 429, b"", headers={"Retry-After": "3600"})
    (reject,) = rejects(read(server, patience="5"))
    assert reject.position == f"{server.url}{campaigns(0)}"
    assert reject.reason == "too many requests (429); it asks to wait 3600 s, and 5 s of patience are left"
    assert server.calls[-1].startswith(CAMPAIGNS)  # nothing is asked after that


def test_a_fault_that_passes_is_not_seen(server: AdsServer) -> None:
    server.fault(CAMPAIGNS, 503, b"<html>busy</html>", times=2)
    assert rejects(read(server)) == []


@pytest.mark.parametrize(
    "status, body, reason",
    [
        (500, b'{"messages": ["oops"]}', 'the API answers 500: {"messages": ["oops"]}'),
        (200, b'{"paging": {"total_results": 120}, "campaigns": [{"id"', "the answer is not JSON: "),
        (200, b"<html>maintenance</html>", "the answer is not JSON: <html>maintenance</html>"),
    ],
)
def test_a_run_that_broke_off_is_gone_on_with(server: AdsServer, tmp_path: Path, status: int, body: bytes, reason: str) -> None:
    many(server, 120)
    server.fault(SECOND, status, body)
    first = read(server)
    (reject,) = rejects(first)
    assert reject.position == f"{server.url}{SECOND}"
    assert reject.reason.startswith(reason)
    assert "run the same load again" in reject.hint
    assert len(items(first, "campaign")) == 70 + 1  # also the page behind the broken one
    assert len(items(first, "ad")) == 3  # and the other collections
    assert len(spooled(tmp_path)) > 5

    server.faults.clear()
    server.calls.clear()
    second = read(server)
    assert server.calls == [SECOND]
    assert rejects(second) == []
    assert len(items(second, "campaign")) == 120 + 1
    assert items(second, "ad") == items(first, "ad")
    assert spooled(tmp_path) == []


def test_a_run_that_was_stopped_is_gone_on_with(server: AdsServer) -> None:
    many(server, 120)
    given = {"account": ACCOUNT, "token_url": server.token_url}
    with opened("ads", server.url, given=given) as reading:
        said = reading.said()
        while not any(call == SECOND for call in server.calls):
            next(said)
    asked = set(server.calls)
    server.calls.clear()
    assert rejects(whole := read(server)) == []
    assert len(items(whole, "campaign")) == 121
    assert not asked & set(server.calls)


def test_what_is_created_between_two_runs_is_read_too(server: AdsServer, tmp_path: Path) -> None:
    many(server, 120)
    server.fault(SECOND)
    read(server)
    server.faults.clear()
    server.calls.clear()
    many(server, 121)
    second = read(server)
    assert rejects(second) == []
    assert len(items(second, "campaign")) == 121 + 1
    assert server.calls == [SECOND, campaigns(120)]
    assert spooled(tmp_path) == []


@pytest.mark.parametrize("count", [120, 100])
def test_a_list_that_moved_between_two_runs_is_not_taken_for_whole(server: AdsServer, count: int) -> None:
    # Campaign 10 was on the first page, which is kept; so the second begins behind campaign 50, which nobody sees.
    many(server, count)
    server.fault(SECOND)
    read(server)
    server.faults.clear()
    del server.served[CAMPAIGNS.removeprefix("/")][10]
    (reject,) = rejects(read(server))
    assert reject.reason == f"the API counts {count} campaigns and gives {count - 1}"
    third = read(server)
    assert rejects(third) == []
    assert len(items(third, "campaign")) == count - 1 + 1


def test_runs_at_the_same_time_do_not_disturb_each_other(server: AdsServer) -> None:
    many(server, 120)
    with ThreadPoolExecutor(4) as pool:
        for said in pool.map(read, [server] * 4):
            assert rejects(said) == []
            assert len(items(said, "campaign")) == 121


@pytest.mark.parametrize("status", [400, 500])
def test_pages_behind_a_false_total_are_not_asked_for_without_end(server: AdsServer, status: int) -> None:
    many(server, 50)
    page = json.dumps({"paging": {"total_results": 10**9}, "campaigns": server.served[CAMPAIGNS.removeprefix("/")]})
    server.fault(campaigns(0), 200, page.encode())
    server.fault(CAMPAIGNS, status)
    said = read(server)
    first, second = rejects(said)
    assert (first.position, second.position) == (f"{server.url}{SECOND}", f"{server.url}{campaigns(100)}")
    assert second.reason.endswith("; the pages behind it are not asked for")
    assert len(items(said, "ad")) == 3  # the other collections are


def test_a_fault_that_lasts_does_not_keep_the_others_old(server: AdsServer, tmp_path: Path) -> None:
    many(server, 120)
    server.fault(SECOND)
    assert len(rejects(read(server))) == 1
    assert len(rejects(read(server))) == 1  # from the spool, and no further
    assert spooled(tmp_path) == []
    server.calls.clear()
    read(server)
    assert len(server.calls) > 5


def test_pages_of_yesterday_are_not_gone_on_with(server: AdsServer, tmp_path: Path) -> None:
    many(server, 120)
    server.fault(SECOND)
    read(server)
    (begun,) = (tmp_path / "cache").rglob("begun")
    os.utime(begun, (time.time() - 25 * 3600,) * 2)
    server.faults.clear()
    server.calls.clear()
    read(server)
    assert len(server.calls) > 5


def test_a_damaged_spool_is_read_anew(server: AdsServer, tmp_path: Path) -> None:
    many(server, 120)
    server.fault(SECOND)
    read(server)
    for page in spooled(tmp_path):
        page.write_bytes(page.read_bytes()[:10])
    server.faults.clear()
    assert rejects(said := read(server)) == []
    assert len(items(said, "campaign")) == 121


def test_a_cache_that_cannot_be_written_costs_only_going_on(
    server: AdsServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("LINEAGE_CACHE", str(tmp_path / "file"))
    said = read(server)
    assert rejects(said) == []
    assert [finding.finding for finding in only(Finding, said)] == ["no-spool"]


def test_a_server_that_repeats_a_page_is_left(server: AdsServer) -> None:
    many(server, 50)
    page = server.answer(campaigns(0), "Bearer token-9")[1].replace(b'"total_results": 50', b'"total_results": 9999')
    server.fault(CAMPAIGNS, 200, page)
    server.calls.clear()
    (reject,) = rejects(read(server))
    assert (reject.position, reject.reason) == (f"{server.url}{SECOND}", "the API repeats a page")
    assert len([call for call in server.calls if call.startswith(CAMPAIGNS)]) == 2


def test_less_than_the_api_counts_is_said(server: AdsServer) -> None:
    server.fault("/businesses/", 200, b'{"paging": {"total_results": 3}, "datasets": [{"id": "d-1"}], "mobile_apps": []}')
    reasons = [reject.reason for reject in rejects(read(server))]
    assert reasons == ["the API counts 3 datasets and gives 1", "the API counts 3 mobile_apps and gives 0"]


def test_what_the_user_may_not_see_is_said_and_not_waited_for(server: AdsServer, tmp_path: Path) -> None:
    server.fault(f"/ad_accounts/{ACCOUNT}/audiences", 403, b'{"messages": ["no access"]}')
    (reject,) = rejects(read(server))
    assert reject.reason == 'the API answers 403: {"messages": ["no access"]}'
    assert spooled(tmp_path) == []  # it will not pass, so nothing is to be gone on with


def test_a_page_of_something_else_is_said(server: AdsServer) -> None:
    server.fault(CAMPAIGNS, 200, b'{"items": []}')
    (reject,) = rejects(read(server))
    assert reject.reason == "not the answer that this call gives: it has no list 'campaigns'"


def test_an_expired_token_is_refreshed(server: AdsServer) -> None:
    answer = server.answer

    def expiring(target: str, authorization: str) -> Any:
        if len(server.calls) == 4 and server.tokens == 1:
            server.expire()
        return answer(target, authorization)

    server.answer = expiring  # type: ignore[method-assign]
    assert rejects(read(server)) == []
    assert server.tokens == 2


@pytest.mark.parametrize(
    "environment, fault, reason",
    [
        ({"REFRESH_TOKEN": "a-revoked-token"}, None, "OAuth is refused: invalid_grant: Refresh token revoked"),
        (
            {},
            ("token", 400, f'{{"error": "invalid_client", "error_description": "bad secret {SECRET} for {REFRESH}"}}'),
            "OAuth is refused: invalid_client: bad secret *** for ***",
        ),
        ({}, ("/", 401, f"you sent {REFRESH} and token-2"), "the API refuses the access token (401): you sent *** and ***"),
        ({}, ("token", 403, "<html>forbidden</html>"), "OAuth is refused (403): <html>forbidden</html>"),
        ({}, ("token", 200, "{}"), "OAuth is refused: the token server gives no access token"),
        ({"CLIENT_SECRET": ""}, None, "no credentials: SPOTIFY_ADS_CLIENT_SECRET not set in the environment"),
        ({"CLIENT_SECRET": "", "ACCESS_TOKEN": "an-old-access-token"}, None, "the API refuses the access token (401): "),
    ],
)
def test_refused_credentials_are_one_reject_without_secrets(
    server: AdsServer,
    monkeypatch: pytest.MonkeyPatch,
    environment: dict[str, str],
    fault: tuple[str, int, str] | None,
    reason: str,
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(f"SPOTIFY_ADS_{name}", value)
    if fault is not None:
        server.fault(fault[0], fault[1], fault[2].encode())
    (reject,) = only(Reject, read(server))
    assert reject.reason.startswith(reason)
    assert reject.hint
    for secret in (SECRET, REFRESH, "a-revoked-token", "an-old-access-token"):
        assert secret not in reject.model_dump_json()


def test_an_access_token_alone_is_enough(server: AdsServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SPOTIFY_ADS_CLIENT_ID")
    monkeypatch.setenv("SPOTIFY_ADS_ACCESS_TOKEN", "token-7")
    assert rejects(read(server)) == []
    assert server.tokens == 0


def test_a_token_is_not_sent_in_the_clear(server: AdsServer) -> None:
    for url, token_url in (("http://api.example.com/ads/v3", server.token_url), (server.url, "http://example.com/token")):
        with opened("ads", url, given={"account": ACCOUNT, "token_url": token_url}) as reading:
            (reject,) = only(Reject, list(reading.said()))
        assert "in the clear" in reject.reason
    assert server.calls == []


def test_a_server_that_is_down_is_said_once(server: AdsServer) -> None:
    with serving({}) as other:
        gone = other.url
    with opened("ads", gone, given={"account": ACCOUNT, "token_url": server.token_url}) as reading:
        (reject,) = only(Reject, list(reading.said()))
    assert reject.reason.startswith("the API cannot be reached: ")


def test_half_a_read_keeps_what_was_read_and_retires_nothing(server: AdsServer, graph: Graph, tmp_path: Path) -> None:
    def run() -> Report:
        settings = {"account": ACCOUNT, "token_url": server.token_url}
        return load(graph, "ads", server.url, rejects=lambda: tmp_path / "rejects.jsonl", settings=settings)

    def named() -> set[str]:
        query = "MATCH (i:Item) WHERE i.id STARTS WITH $of AND properties(i)['retired'] IS NULL RETURN i.id AS id"
        return {str(row["id"]) for row in graph.read(query, of="campaign:spotify-ads:10500001-0000-4000-8000-000").rows}

    many(server, 120)
    whole = run()
    assert (whole.rejected, whole.retired) == (0, 0)
    before = named()
    assert len(before) == 120

    # Now the API has fewer campaigns, others, and breaks off half-way.
    many(server, 110)
    server.served[CAMPAIGNS.removeprefix("/")][0]["name"] = "Another name"
    server.fault(SECOND)
    half = run()
    assert (half.rejected, half.retired, half.changed) == (1, 0, 1)
    assert named() == before

    server.faults.clear()
    server.calls.clear()
    rest = run()
    assert server.calls == [SECOND]
    assert rest.rejected == 0
    assert before - named() == {f"campaign:spotify-ads:10500001-0000-4000-8000-{number:012}" for number in range(110, 120)}
