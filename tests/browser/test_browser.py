"""The link and the exported files, read the way Neo4j Browser 5.24 reads them, and then by Browser itself."""

from __future__ import annotations

import base64
import json
import os
import re
import shutil
import urllib.error
import urllib.request
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import pytest

from lineage import embedded
from lineage.browser import GUIDED, export, filled_in, guide, link, serving_guide
from lineage.errors import LineageError, UsageError
from lineage.library import Library, parse, shipped
from lineage.model import KIND_LABELS, LABELS
from lineage.session import Lineage
from tests.conftest import Database

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

PAGE, BOLT = "http://127.0.0.1:7474/browser/", "bolt://127.0.0.1:7687"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
AWKWARD = 'it\'s "a" $v & b # c; d ?arg=1 %20 + \\ \\u0026 ö→\n// e `f` => :g'
ECHO = parse("echo", "y", "// Echo: what?\n// @param v string  v\nCYPHER 25 RETURN $v AS v, '& #' AS s // &")


@pytest.fixture(scope="module")
def library() -> Library:
    return shipped()


def arguments(address: str, name: str) -> list[str]:
    """What Browser finds in an address: it decodes the whole of it, and only then looks for the argument."""
    return re.findall(rf"[?&]{name}=([^&#]*)", unquote(address.replace("+", " ")))


# The link


def test_link_without_query_fills_in_the_connection() -> None:
    assert link(PAGE, BOLT) == f"{PAGE}?dbms=bolt%3A%2F%2F127.0.0.1%3A7687&preselectAuthMethod=NATIVE"
    assert arguments(link(PAGE.rstrip("/"), BOLT, user="neo4j"), "dbms") == ["bolt://neo4j@127.0.0.1:7687"]


def test_every_library_query_arrives_whole(library: Library) -> None:
    for query in library:
        address = link(PAGE, BOLT, query, query.example)
        assert arguments(address, "cmd") == ["edit"]
        assert arguments(address, "arg") == [filled_in(query, query.example)], query.name


def test_values_stand_in_place_of_parameters_and_nothing_else_changes() -> None:
    cypher = """// X: what?
// @param v string  not here: $v
// @param at datetime = null  a time
// @param many list = []  some
CYPHER 25 /* $v */
RETURN $v AS v, '$v' AS `$v`, "it's \\" $v" AS s, $at AS at, $many AS many"""
    query = parse("x", "y", cypher)
    assert filled_in(query, {"v": "a'b"}) == cypher.replace("RETURN $v", "RETURN 'a\\'b'").replace("$at", "null").replace(
        "$many", "[]"
    )
    filled = filled_in(query, {"v": "1", "at": datetime(2026, 3, 1, tzinfo=UTC), "many": ["a", "b"]})
    assert "datetime('2026-03-01T00:00:00+00:00') AS at, ['a', 'b'] AS many" in filled


def test_awkward_texts_arrive_whole() -> None:
    address = link(PAGE, BOLT, ECHO, {"v": AWKWARD})
    assert arguments(address, "arg") == [filled_in(ECHO, {"v": AWKWARD})]
    assert "'\\u0026 \\u0023' AS s // \\u0026" in filled_in(ECHO, {"v": ""})


@pytest.mark.parametrize("part", ["MATCH (n:A&B) RETURN n", "RETURN 1 AS `#`"])
def test_a_query_that_browser_would_cut_off_is_refused(part: str) -> None:
    with pytest.raises(LineageError, match="cannot be put into an address"):
        link(PAGE, BOLT, parse("x", "y", f"// X: what?\n{part}"))


def test_wrong_values_are_usage_errors(library: Library) -> None:
    with pytest.raises(UsageError, match="needs item"):
        link(PAGE, BOLT, library["trace_path"])
    with pytest.raises(UsageError, match="no parameter nonsense"):
        link(PAGE, BOLT, library["trace_path"], {"item": "episode:1", "nonsense": 1})


# The export


def test_favourites_are_the_library_files_unchanged(library: Library, tmp_path: Path) -> None:
    favourites, *_ = export(tmp_path / "new" / "folder", library)
    again, *_ = export(tmp_path / "again", library)
    assert favourites.read_bytes() == again.read_bytes()
    root = Path(__file__).parents[2] / "cypher"
    with zipfile.ZipFile(favourites) as archive:
        assert {name: archive.read(name) for name in archive.namelist()} == {
            file.relative_to(root).as_posix(): file.read_bytes() for file in root.rglob("*.cypher")
        }


def test_style_has_a_rule_for_every_label(library: Library, tmp_path: Path) -> None:
    _, look, _ = export(tmp_path, library)
    rules = json.loads(look.read_text("utf-8"))
    for label in LABELS:
        rule = rules[f"node.{label.name}"]
        assert (rule["color"], rule["diameter"], rule["caption"]) == (label.color, f"{label.size}px", f"{{{label.caption}}}")
    assert {rules[f"node.{kind}"]["color"] for kind in KIND_LABELS.values()} == {rules["node.Item"]["color"]}
    # A style replaces Browser's own rules altogether, so it must bring its own for everything else.
    assert rules["relationship"]["caption"] == "<type>" and rules["node"]["diameter"]
    texts = {rule["text-color-internal"] for rule in rules.values() if "border-color" in rule}
    assert texts == {"#2A2C34", "#FFFFFF"}


def test_guide_has_a_slide_a_question_that_ends_in_the_library_query(library: Library) -> None:
    slides = guide(library).split("\n---\n")  # where Browser splits
    assert len(slides) == len(GUIDED) == 3
    for name, slide in zip(GUIDED, slides, strict=True):
        query = library[name]
        assert slide.strip().startswith(f"# {query.title}\n")
        assert slide.rstrip().endswith(f"```cypher\n{query.cypher.strip()}\n```")
        assert all(f":param {parameter.name} => " in slide for parameter in query.parameters)


def test_guide_is_served_to_browser_only(library: Library) -> None:
    with serving_guide(PAGE, BOLT, library) as address:
        assert arguments(address, "cmd") == ["guide"]
        (source,) = arguments(address, "arg")
        with urllib.request.urlopen(source.replace("localhost", "127.0.0.1"), timeout=10) as answer:
            assert answer.read().decode() == guide(library)
            assert answer.headers["Access-Control-Allow-Origin"] == "http://127.0.0.1:7474"
        with pytest.raises(urllib.error.HTTPError, match="404"):
            urllib.request.urlopen(source + "x", timeout=10)


# Browser itself, in headless Chromium


@pytest.fixture(scope="module")
def browser_url(database: Database) -> str:
    if not database.embedded:
        pytest.skip("the embedded server brings Browser 5.24; another server's may be another version")
    found = embedded.status(database.home).browser_url
    assert found
    return found


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    playwright = pytest.importorskip("playwright.sync_api", reason="needs the package playwright")
    executable = os.environ.get("CHROMIUM") or shutil.which("chromium")
    if not executable:
        pytest.skip("needs Chromium: apt-get install chromium, or CHROMIUM=path")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=executable, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def page(chromium: Any) -> Iterator[Page]:
    """A page with a profile of its own: Browser keeps connections, styles and favourites in it."""
    context = chromium.new_context(viewport={"width": 1600, "height": 1000})
    context.set_default_timeout(90_000)  # a machine with other work takes its time
    yield context.new_page()
    context.close()


def test_the_link_leads_to_the_drawn_trace(
    scenario: Lineage, database: Database, browser_url: str, page: Page, tmp_path: Path
) -> None:
    query = scenario.library["trace_path"]
    page.goto(link(browser_url, database.uri, query, {"item": "episode:stuck"}, user=database.user))
    log_in(page, database.password)
    page.get_by_test_id("editor-Run").click()
    page.locator("svg.neod3viz g.node").first.wait_for()
    assert drawn(page) >= 10
    texts = captions(page)
    assert {"Aurora CMS", "Aurora host", "Relay hub", "Spotify ingest"} <= texts

    _, look, _ = export(tmp_path, scenario.library)
    drop(page, look)
    page.get_by_text("node.Handoff {").wait_for()  # Browser shows the style that it took over
    page.get_by_test_id("frame").first.get_by_title("Close", exact=True).click()
    page.wait_for_function(
        "() => [...document.querySelectorAll('svg.neod3viz g.node')].some(node => /[✓✗]/.test(node.textContent))"
    )
    page.get_by_test_id("frame").first.get_by_title("Fullscreen", exact=True).click()
    page.get_by_label("zoom-to-fit").click()
    page.wait_for_timeout(3000)  # nodes drift for a while; a picture of them at rest is for people
    page.screenshot(path=tmp_path / "trace.png")
    assert (tmp_path / "trace.png").stat().st_size > 10_000


def test_awkward_values_come_back_from_browser(database: Database, browser_url: str, page: Page) -> None:
    page.goto(link(browser_url, database.uri, ECHO, {"v": AWKWARD}, user=database.user))
    log_in(page, database.password)
    page.get_by_test_id("editor-Run").click()
    cells = page.get_by_test_id("frame").first.locator("td")
    cells.first.wait_for()
    assert [f'"{AWKWARD}"', '"& #"'] == cells.all_inner_texts()[-2:]


_EDITOR_HOLDS = """text => (document.querySelector('.monaco-editor .view-lines')?.textContent ?? '')
    .replaceAll('\\u00a0', ' ').includes(text)"""


def test_favourites_and_guide_open_in_browser(
    scenario: Lineage, database: Database, browser_url: str, page: Page, tmp_path: Path
) -> None:
    library = scenario.library
    with serving_guide(browser_url, database.uri, library, user=database.user) as address:
        page.goto(address)
        page.get_by_role("heading", name=library[GUIDED[0]].title).wait_for()
        log_in(page, database.password)
        blocks = page.locator("pre.runnable")
        for block, frame in ((blocks.first, ":param item"), (blocks.last, "Trace path")):
            block.click()
            # The editor is filled a moment later; running it before that would run what stood there.
            page.wait_for_function(_EDITOR_HOLDS, arg=frame)
            page.get_by_test_id("editor-Run").click()
            page.get_by_test_id("frame").first.get_by_text(frame).first.wait_for()
    favourites, *_ = export(tmp_path, library)
    drop(page, favourites)
    page.get_by_test_id("navigationFavorites").click()
    for folder in {query.folder for query in library}:
        page.get_by_text(folder, exact=True).first.click()
    page.get_by_text(library["trace_path"].title).first.wait_for()


def log_in(page: Page, password: str) -> None:
    page.get_by_test_id("password").fill(password)
    page.get_by_test_id("connect").click()
    page.get_by_text("You are connected as user").wait_for()


def drop(page: Page, file: Path) -> None:
    """Drag a file onto Browser, as its users do."""
    transfer = page.evaluate_handle(
        """([name, content]) => {
            const transfer = new DataTransfer()
            transfer.items.add(new File([Uint8Array.from(atob(content), c => c.charCodeAt(0))], name))
            return transfer
        }""",
        [file.name, base64.b64encode(file.read_bytes()).decode()],
    )
    for event in ("dragenter", "dragover", "drop"):
        page.dispatch_event('[data-testid="main"]', event, {"dataTransfer": transfer})


def drawn(page: Page) -> int:
    return nodes(page).count()


def captions(page: Page) -> set[str]:
    return {text.strip() for text in nodes(page).all_text_contents()}


def nodes(page: Page) -> Locator:
    return page.locator("svg.neod3viz g.node")
