"""VAST: creatives and their names, the hosts around them, wrappers across documents and over HTTP."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from reading import FIXTURES, check_good, check_hostile, files, load, load_text, only, rejects, sample

from lineage.facts import Finding, HandoffEvent, Identifier, Item, Reject, Route, Said, System
from loaders.vast import read as feed

HERE = FIXTURES / "vast"
AD_ID = "creative:ad-id:EXSH0001000A"


def wrapper(target: str, server: str = "W", ad: str = "w") -> str:
    return (
        f'<VAST version="4.2"><Ad id="{ad}"><Wrapper><AdSystem>{server}</AdSystem>'
        f"<VASTAdTagURI><![CDATA[{target}]]></VASTAdTagURI></Wrapper></Ad></VAST>"
    )


def inline(value: str = "X1") -> str:
    return (
        '<VAST version="4.2" xmlns="http://www.iab.com/VAST"><Ad id="1"><InLine><AdSystem>I</AdSystem><AdTitle>T</AdTitle>'
        f'<Creatives><Creative><UniversalAdId idRegistry="Ad-ID">{value}</UniversalAdId><Linear/></Creative></Creatives>'
        "</InLine></Ad></VAST>"
    )


def routes(said: list[Said]) -> set[str]:
    return {route.id for route in only(Route, said)}


def found(said: list[Said]) -> list[tuple[str, str]]:
    return [(one.finding, one.detail) for one in only(Finding, said)]


def item(said: list[Said], key: str) -> Item:
    return next(one for one in only(Item, said) if one.id == key)


@pytest.mark.parametrize("path", files("vast", feed), ids=lambda path: path.name)
def test_fixtures_load(path: Path) -> None:
    check_good(feed, path)


@pytest.mark.parametrize("path", files("hostile/vast", feed), ids=lambda path: path.name)
def test_hostile_files_are_refused(path: Path) -> None:
    check_hostile(feed, path)


def test_a_creative_its_names_and_details() -> None:
    said = load(feed, HERE / "audio-inline-42.xml")
    shoes = item(said, AD_ID)
    assert (shoes.name, shoes.origin) == ("Autumn shoes, 30 seconds", "vast:example-ad-server")
    assert {one.identifier for one in only(Identifier, said)} == {"ad-id:EXSH0001000A", "clearcast-co-uk:EXA/SHOE001/030"}
    details = shoes.details
    assert details["duration"] == "00:00:30"
    assert details["ad_type"] == "audio"
    assert details["media"] == (
        "audio/mp4 streaming https://media.cdn.example.com/shoes-30.m4a",
        "audio/mpeg mp3 128 kbps progressive https://media.cdn.example.com/shoes-30.mp3?sig=1",
    )
    assert details["trackers"] == ("ads.example.com", "beacons.measure.example.net", "clicks.example.net")
    assert details["verification"] == ("cdn.verify.example.org", "fail.verify.example.org")
    assert details["click_through"] == "https://shoes.example.com/autumn"
    assert only(HandoffEvent, said) == []


def test_hosts_are_systems_and_who_is_told_are_routes() -> None:
    said = load(feed, HERE / "audio-inline-42.xml")
    assert {one.id: one.kind for one in only(System, said)} == {
        "vast:example-ad-server": "ad-server",
        "ads.example.com": "tracker",
        "beacons.measure.example.net": "tracker",
        "clicks.example.net": "tracker",
        "media.cdn.example.com": "cdn",
        "cdn.verify.example.org": "verification",
        "fail.verify.example.org": "verification",
    }
    assert "ad-verification:vast:example-ad-server>cdn.verify.example.org" in routes(said)
    assert "media:vast:example-ad-server>media.cdn.example.com" in routes(said)
    assert all(route.item_kind == () for route in only(Route, said))


def test_verification_in_an_extension_and_ids_that_repeat() -> None:
    said = load(feed, HERE / "pod-30.xml")
    assert "ad-verification:vast:old-server>pixel.ias.example" in routes(said)
    keys = [one.id for one in only(Item, said)]
    assert len(keys) == len(set(keys)) == 2
    assert all(key.startswith("creative:vast:old-server:77:") for key in keys)
    signed_anew = (HERE / "pod-30.xml").read_text("utf-8").replace("token=1", "token=2")
    assert [one.id for one in only(Item, load_text(feed, "again.xml", signed_anew))] == keys


def test_a_wrapper_finds_its_document_by_file_name() -> None:
    said = load(feed, HERE)
    shoes = item(said, AD_ID)
    assert shoes.details["wrapped_by"] == "vast:example-exchange w-1"
    assert shoes.origin == "ads.example.com"  # the wrapper says where the document came from
    assert "vast:vast:example-exchange>ads.example.com" in shoes.details["routes"]
    assert "pixel.exchange.example.net" in shoes.details["trackers"]


def test_a_wrapper_alone_is_a_route_to_the_next_host() -> None:
    assert "vast:vast:example-exchange>ads.example.com" in routes(load(feed, HERE / "wrapper-42.xml"))


def test_one_creative_of_many_documents_is_said_once() -> None:
    said = load_text(feed, "one.xml", inline(), inline().replace(">T<", ">A<"))
    assert [(one.id, one.name) for one in only(Item, said)] == [("creative:ad-id:X1", "A")]


def test_no_ad_is_a_finding() -> None:
    said = load_text(feed, "none.xml", '<VAST version="4.0"><Error>https://e.example.com/e</Error></VAST>')
    assert [(one.finding, one.subject) for one in only(Finding, said)] == [("no-ad", "none.xml")]
    assert rejects(said) == []


def test_what_is_cut_is_not_believed() -> None:
    text = (HERE / "audio-inline-42.xml").read_text("utf-8")
    cut = load_text(feed, "cut.xml", text[: text.index(".cdn.example.com/shoes-30.mp3")])
    assert len(rejects(cut)) == 1
    assert "media" not in {one.id for one in only(System, cut)}
    assert "ads.example.com" in {one.id for one in only(System, cut)}
    assert item(cut, AD_ID)


@pytest.mark.parametrize("size", [1, 2, 9])
def test_wrappers_in_a_circle(size: int, tmp_path: Path) -> None:
    for number in range(size):
        target = f"https://ads.example.com/{(number + 1) % size}.xml"
        (tmp_path / f"{number}.xml").write_text(wrapper(target), "utf-8")
    ((kind, detail),) = found(load(feed, tmp_path))
    assert kind == "wrapper-loop"
    assert detail.startswith(" > ".join(f"{number}.xml" for number in [*range(size), 0]))


@pytest.mark.parametrize("wrappers, given, expected", [(5, {}, 0), (6, {}, 1), (6, {"max_depth": 6}, 0), (3000, {}, 1)])
def test_too_many_wrappers(wrappers: int, given: dict[str, int], expected: int, tmp_path: Path) -> None:
    for number in range(wrappers):
        (tmp_path / f"{number}.xml").write_text(wrapper(f"https://ads.example.com/{number + 1}.xml"), "utf-8")
    (tmp_path / f"{wrappers}.xml").write_text(inline(), "utf-8")
    said = load(feed, tmp_path, **given)
    assert [kind for kind, _ in found(said)] == ["wrapper-depth"] * expected
    assert expected == 0 or found(said)[0][1].startswith(f"{wrappers} wrappers in a row")


@contextmanager
def answering(answer: Callable[[str, str], tuple[int, str]]) -> Iterator[tuple[str, list[str]]]:
    """A server of ``answer(path, base)``; gives its address and the paths that were asked for."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            status, body = answer(self.path, base)
            self.send_response(status)
            self.send_header("Set-Cookie", "a=b")
            self.end_headers()
            self.wfile.write(body.encode())
            if "Cookie" in self.headers:
                asked.append("cookie!")

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    base = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield base, asked
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_wrappers_are_followed_as_far_as_wanted() -> None:
    def answer(path: str, base: str) -> tuple[int, str]:
        number = int(path.partition("?")[0].strip("/"))
        return 200, inline() if number == 3 else wrapper(f"{base}/{number + 1}?cb=[CACHEBUSTING]&p=%5BPAGEURL%5D")

    with answering(answer) as (base, asked):
        first = wrapper(f"{base}/1")
        assert asked == []
        assert only(Item, load_text(feed, "first.xml", first, follow=2)) == []
        assert asked == ["/1", "/2?cb=-1&p=-1"]
        said = load_text(feed, "first.xml", first, follow=9)
    assert asked[2:] == ["/1", "/2?cb=-1&p=-1", "/3?cb=-1&p=-1"]
    assert rejects(said) == []
    creative = item(said, "creative:ad-id:X1")
    assert creative.origin == "127.0.0.1"
    assert creative.details["wrapped_by"] == "127.0.0.1 w < vast:w w"


def test_a_wrapper_that_points_at_itself_is_asked_once() -> None:
    with answering(lambda path, base: (200, wrapper(f"{base}/self?cb=[CACHEBUSTING]"))) as (base, asked):
        said = load_text(feed, "first.xml", wrapper(f"{base}/self?cb=[CACHEBUSTING]"), follow=50)
        assert asked == ["/self?cb=-1"]
    assert [kind for kind, _ in found(said)] == ["wrapper-loop"]


def test_an_endless_chain_ends_at_the_limit_and_is_found_too_long() -> None:
    def answer(path: str, base: str) -> tuple[int, str]:
        return 200, wrapper(f"{base}/{int(path.strip('/')) + 1}")

    with answering(answer) as (base, asked):
        said = load_text(feed, "first.xml", wrapper(f"{base}/1"), follow=8)
        assert len(asked) == 8
    ((kind, detail),) = found(said)
    assert kind == "wrapper-depth"
    assert detail.startswith("9 wrappers in a row, 5 is the limit: first.xml > ")


@pytest.mark.parametrize("answered", [(500, "broken"), (200, "<html><body>sorry</body></html>"), (200, "")])
def test_an_answer_that_is_no_vast_is_refused_and_the_rest_is_kept(answered: tuple[int, str]) -> None:
    with answering(lambda path, base: answered) as (base, _):
        said = load_text(feed, "first.xml", wrapper(f"{base}/v.xml"), follow=3)
    (refused,) = only(Reject, said)
    assert refused.reason and refused.hint
    assert "vast:vast:w>127.0.0.1" in routes(said)


def test_real_samples() -> None:
    said = load(feed, sample("vast"))
    assert rejects(said) == []
    assert [one.id for one in only(Item, said)] == ["creative:ad-id:8465"]
    assert "vast:vast:iabtechlab>raw.githubusercontent.com" in routes(said)
