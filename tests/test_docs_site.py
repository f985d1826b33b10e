"""The partner reference as pages: whole, harmless whatever ids and names hold, and never over somebody else's files."""

from __future__ import annotations

import json
import re
from itertools import groupby
from pathlib import Path
from urllib.parse import unquote

import pytest
from harness import Database, Run
from hypothesis import given
from hypothesis import strategies as st
from lxml import html

from lineage.demo import load_demo
from lineage.errors import RefusedError, UsageError
from lineage.render.site.folder import MANIFEST, write_folder
from lineage.render.site.names import markdown, slug, web_address
from lineage.session import Lineage

EVIL = """
partners:
  - id: "<script>alert(1)</script>"
    name: "[x](javascript:alert(1)) | <img src=x onerror=alert(2)>"
    zone: partner
    kind: '" onmouseover="alert(3)'
    contacts: [{name: "<b>", email: 'a"onmouseover=x@e'}]
  - {id: ../../etc/passwd, zone: partner}
  - {id: CON}
  - {id: con}
systems: [{id: "</svg><script>", name: "{{ 7*7 }}", partner: "<script>alert(1)</script>"}, {id: evil2, partner: ../../etc/passwd}]
interfaces: [{id: i, system: evil2, endpoint: "javascript:alert(4)", contract: "https://ok.example/x"}]
routes: [{id: "r|<i>", from: "</svg><script>", to: evil2, interface: i, dataset: "<d>"}]
datasets: [{id: "<d>", description: "a\\nb | c", fields: [{name: "a`b|c", type: "</td>"}]}]
"""


@pytest.fixture
def with_evil(database: Database, tmp_path: Path) -> Lineage:
    def load(session: Lineage) -> None:
        load_demo(session)
        (tmp_path / "evil.yaml").write_text(EVIL, "utf-8")
        assert session.load("partners", tmp_path / "evil.yaml").rejected == 0

    return database.hold("demo with evil names", load)


def test_the_site(with_evil: Lineage, run_cli: Run, tmp_path: Path) -> None:
    out = tmp_path / "site"
    ran = run_cli("docs", "--out", out, "--as-of", "2022-05-29")
    assert (ran.code, ran.out) == (0, f"{out / 'index.html'}\n"), ran.err
    files = {path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file()}
    assert {
        "index.html",
        "index.md",
        "systems.html",
        "datasets.md",
        "partners/northwind.html",
        "partners/northwind.md",
    } <= files
    assert all(re.fullmatch(r"(partners/)?[.a-z0-9-]+", name) for name in files)
    assert set(json.loads((out / MANIFEST).read_text("utf-8"))["files"]) == files - {MANIFEST}
    for name in sorted(files):
        if name.endswith(".html"):
            check_page(out, out / name)
        elif name.endswith(".md"):
            check_markdown(out, out / name)

    page = (out / "partners" / "northwind.html").read_text("utf-8")
    for words in ("northwind-directory refuses", "oncall@northwind.example", "<svg", "delivered within 6 hours", "no contract"):
        assert words in page
    # The state of a route is said once, beside what else there is to say of it; one is one.
    for cell in re.findall(r'data-of="Now">(.*?)</td>', page, re.DOTALL):
        badge, rest = re.fullmatch(r'<span class="badge[^"]*">(.*?)</span><br><span class="soft">(.*?)</span>', cell).groups()
        assert badge and badge not in rest
    ones = re.findall(r"<b>1</b>(\w+)", page)
    assert "route" in ones and "routes" not in ones
    check_search(out)

    # Written again, as it is then: what is no longer there goes, what is somebody's stays.
    assert run_cli("docs", "--out", out).code == 0
    (out / "partners" / "northwind.md").write_text("edited", "utf-8")
    ran = run_cli("docs", "--out", out)
    assert (ran.code, ran.out) == (5, "")
    assert "partners/northwind.md" in ran.err
    assert (out / "partners" / "northwind.md").read_text("utf-8") == "edited"


def check_page(root: Path, path: Path) -> None:
    page = html.parse(str(path)).getroot()
    assert {script.get("src").rpartition("/")[2] for script in page.iter("script")} == {"search-index.js", "search.js"}
    assert not [element for element in page.iter("img", "b") if element.get("onerror")]
    assert not [a for element in page.iter() for a in getattr(element, "attrib", {}) if a.lower().startswith("on")]
    ids = [element.get("id") for element in page.iter() if element.get("id") and element.tag != "marker"]
    assert len(ids) == len(set(ids))
    for link in [element.get("href") for element in page.iter("a", "link")]:
        assert link.partition(":")[0] in {"http", "https", "mailto"} or ":" not in link
        if ":" not in link:
            target, _, anchor = link.partition("#")
            found = (path.parent / unquote(target)).resolve() if target else path
            assert found.is_file() and found.is_relative_to(root), link
            assert not anchor or f'id="{anchor}"' in found.read_text("utf-8"), link


def check_markdown(root: Path, path: Path) -> None:
    text = path.read_text("utf-8")
    assert "<" not in re.sub(r'<a id="route-[a-z0-9-]+"></a>', "", text), "only anchors of ours are markup"
    for target in re.findall(r"(?<!\\)\]\(([^)]*)\)", text):
        assert (path.parent / target.partition("#")[0]).resolve().is_relative_to(root)
        assert (path.parent / target.partition("#")[0]).is_file(), target
    for is_table, lines in groupby(text.splitlines(), key=lambda line: line.startswith("|")):
        if is_table:
            assert len({len(re.findall(r"(?<!\\)\|", line)) for line in lines}) == 1


def check_search(out: Path) -> None:
    script = (out / "search-index.js").read_text("utf-8")
    rows = json.loads(script.removeprefix("window.lineageIndex = ").removesuffix(";\n"))
    assert {kind for kind, *_ in rows} == {"Partner", "System", "Data set", "Field", "Route"}
    assert ["Field", "guid", "show-feed.guid", "datasets.html#dataset-show-feed"] in rows
    assert all((out / where.partition("#")[0]).is_file() for *_, where in rows)
    assert script.isascii()


def test_an_empty_graph(session: Lineage, run_cli: Run, tmp_path: Path) -> None:
    assert run_cli("docs", "--out", tmp_path / "site").code == 0
    assert "No partner is declared yet" in (tmp_path / "site" / "index.html").read_text("utf-8")


# The folder.


def names(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()} - {MANIFEST}


def test_stale_pages_go_and_foreign_files_stay(tmp_path: Path) -> None:
    assert write_folder(tmp_path / "new" / "site", {"index.html": "1", "partners/a.html": "a"}) == (2, 0)
    site = tmp_path / "new" / "site"
    assert write_folder(site, {"index.html": "2"}) == (1, 1)
    assert names(site) == {"index.html"}
    assert not (site / "partners").exists()
    (site / "mine.txt").write_text("x", "utf-8")
    with pytest.raises(RefusedError, match=r"mine\.txt"):
        write_folder(site, {"index.html": "3"})
    assert (site / "index.html").read_text("utf-8") == "2"


def test_a_folder_of_somebody_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("theirs", "utf-8")
    with pytest.raises(RefusedError):
        write_folder(tmp_path, {"index.html": "ours"})
    (tmp_path / MANIFEST).write_text('{"files": {"index.html": "wrong"}}', "utf-8")
    with pytest.raises(RefusedError):
        write_folder(tmp_path, {"index.html": "ours"})
    (tmp_path / MANIFEST).write_text("[]", "utf-8")
    with pytest.raises(RefusedError, match="no list of files"):
        write_folder(tmp_path, {"index.html": "ours"})
    assert (tmp_path / "index.html").read_text("utf-8") == "theirs"


def test_links_are_not_followed(tmp_path: Path) -> None:
    site, outside = tmp_path / "site", tmp_path / "outside"
    write_folder(site, {"partners/a.html": "a"})
    outside.mkdir()
    (site / "partners" / "a.html").unlink()
    (site / "partners").rmdir()
    (site / "partners").symlink_to(outside)
    with pytest.raises(RefusedError, match="link"):
        write_folder(site, {"partners/a.html": "b"})
    assert not list(outside.iterdir())


def test_what_broke_off_can_be_written_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_folder(tmp_path, {"a.md": "1", "b.md": "1"})
    write = Path.write_bytes

    def broken(path: Path, content: bytes) -> int:
        if path.name == "b.md":
            raise OSError("disk full")
        return write(path, content)

    monkeypatch.setattr(Path, "write_bytes", broken)
    with pytest.raises(UsageError, match="disk full"):
        write_folder(tmp_path, {"a.md": "2", "b.md": "2"})
    monkeypatch.undo()
    assert write_folder(tmp_path, {"a.md": "3"}) == (1, 1)
    assert names(tmp_path) == {"a.md"}


# Names.


@given(st.text(max_size=80), st.text(max_size=80))
def test_a_slug_is_a_harmless_name_of_its_own(one: str, other: str) -> None:
    assert re.fullmatch(r"[a-z0-9][a-z0-9-]{0,59}", slug(one))
    assert (slug(one) == slug(other)) == (one == other)


@pytest.mark.parametrize("device", ["con", "nul", "com1", "lpt9", "aux"])
def test_no_file_is_called_like_a_device(device: str) -> None:
    assert slug(device) != device
    assert slug(f"{device}x") == f"{device}x"


@given(st.text(max_size=60))
def test_text_in_markdown_is_text(text: str) -> None:
    shown = markdown(text)
    assert "\n" not in shown and "<" not in shown and ">" not in shown
    assert not re.search(r"(?<!\\)(?:\\\\)*[`*_\[\]|]", shown)


@pytest.mark.parametrize(
    ("text", "link"),
    [
        ("https://x.example/a?b", True),
        ("http://x", True),
        ("javascript:alert(1)", False),
        ("data:text/html,x", False),
        ("https:x", False),
        ("http://[bad", False),
        (None, False),
    ],
)
def test_only_web_addresses_are_linked(text: str | None, link: bool) -> None:
    assert (web_address(text) == text and text is not None) == link
