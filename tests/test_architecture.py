"""Imports point one way, read off the syntax trees. What these tests hold is the table in design.md, "one waist"."""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from harness import ROOT

MAX_LINES = 400
OURS = ("lineage", "loaders", "cypher")
# What a feed may use of our own beside the waist; names that start with _ are shared helpers of feeds.
SHARED_BY_FEEDS = {"loaders.base", "loaders.formats", "loaders.sources"}
PURE = (
    "lineage.custody", "lineage.assertions", "lineage.identity", "lineage.facts", "lineage.model", "lineage.times",
    "lineage.registry", "lineage.neighbourhood", "lineage.answers.expected", "lineage.answers.verdict", "lineage.answers.codes",
    "lineage.contracts", "lineage.wording",
)  # fmt: skip


@dataclass(frozen=True)
class Import:
    """One imported module, in full; ``typing``: only under ``if TYPE_CHECKING``; ``top``: at the module's top level."""

    module: str
    typing: bool
    top: bool


def modules() -> dict[str, Path]:
    found = {}
    for package in OURS:
        for path in sorted((ROOT / package).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


MODULES = modules()


def _imported(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        assert node.level == 0, "relative imports would escape these tests"
        # `from package import module` imports the module.
        for alias in node.names:
            full = f"{node.module}.{alias.name}"
            yield full if full in MODULES else str(node.module)


@functools.cache
def imports(path: Path) -> list[Import]:
    tree = ast.parse(path.read_text("utf-8"))
    typing = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
        for part in node.body
        for inner in ast.walk(part)
    }
    late = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        for inner in ast.walk(node)
    }
    return [Import(module, id(node) in typing, id(node) not in late) for node in ast.walk(tree) for module in _imported(node)]


def importers(name: str, *, typing: bool = True) -> set[str]:
    """Our modules that import this one or a part of it."""
    return {
        module
        for module, path in MODULES.items()
        for one in imports(path)
        if _within(one.module, name) and (typing or not one.typing)
    }


def _within(module: str, package: str) -> bool:
    return module == package or module.startswith(f"{package}.")


def test_the_walk_sees_what_it_should() -> None:
    assert {"lineage.graph", "lineage.cli.ask", "loaders.base", "lineage.answers"} <= set(MODULES)
    seen = imports(MODULES["lineage.session"])
    assert Import("neo4j", typing=True, top=True) in seen
    assert Import("lineage.loading", typing=False, top=False) in seen
    assert Import("lineage.answers.asking", typing=False, top=True) in seen


def test_one_module_talks_to_neo4j() -> None:
    assert importers("neo4j", typing=False) == {"lineage.graph"}
    # The Python face hands out the driver; to annotate that, it may name it.
    assert importers("neo4j") <= {"lineage.graph", "lineage.session"}


def test_only_the_command_line_knows_click() -> None:
    assert importers("click")
    assert all(_within(module, "lineage.cli") for module in importers("click"))


def test_nothing_else_imports_the_command_line() -> None:
    assert all(_within(module, "lineage.cli") for module in importers("lineage.cli"))


def test_the_core_knows_no_feed() -> None:
    ours = {module for module in importers("loaders") if not _within(module, "loaders")}
    assert all(module in {"lineage.loading", "lineage.project"} or _within(module, "lineage.cli") for module in ours)


@pytest.mark.parametrize("module", [m for m in MODULES if _within(m, "loaders")])
def test_loaders_know_the_waist_and_the_errors_only(module: str) -> None:
    ours = {one.module for one in imports(MODULES[module]) if _within(one.module, "lineage")}
    assert ours <= {"lineage.facts", "lineage.errors"}


@pytest.mark.parametrize(
    "module", [m for m in MODULES if m.startswith("loaders.") and m not in SHARED_BY_FEEDS and not m.startswith("loaders._")]
)
def test_a_feed_is_one_file(module: str) -> None:
    ours = {one.module for one in imports(MODULES[module]) if _within(one.module, "loaders")}
    assert all(one == "loaders.base" or one.startswith("loaders._") for one in ours)


def test_writing_does_not_know_asking() -> None:
    assert not [module for module in importers("lineage.answers") if _within(module, "lineage.store")]
    assert not importers("lineage.answers") & {"lineage.ingest", "lineage.loading", "lineage.digest"}


@pytest.mark.parametrize("module", PURE)
def test_pure_modules_reach_no_database(module: str) -> None:
    """Also not through what they import, which is where a door would hide."""
    todo, seen = [module], set()
    while todo:
        one = todo.pop()
        if one not in seen:
            seen.add(one)
            todo += [i.module for i in imports(MODULES[one]) if not i.typing and i.module in MODULES]
    assert not {
        one for one in seen if one == "lineage.graph" or _within(one, "lineage.store") or _within(one, "lineage.ingest")
    }


@pytest.mark.parametrize("module", [m for m in MODULES if _within(m, "lineage.embedded")])
def test_the_embedded_server_stands_alone(module: str) -> None:
    ours = {one.module for one in imports(MODULES[module]) if one.module.split(".")[0] in OURS}
    assert all(_within(one, "lineage.embedded") or one == "lineage.errors" for one in ours)


def test_no_import_cycles() -> None:
    """Imports inside functions count too: they only hide a cycle. A package counts through what it imports itself."""
    graph = {
        m: sorted({i.module for i in imports(p) if not i.typing and i.module in MODULES} - {m}) for m, p in MODULES.items()
    }
    done: set[str] = set()

    def walk(module: str, path: tuple[str, ...]) -> None:
        assert module not in path, " -> ".join([*path[path.index(module) :], module])
        if module not in done:
            for following in graph[module]:
                walk(following, (*path, module))
            done.add(module)

    for module in graph:
        walk(module, ())


@pytest.mark.parametrize("module", MODULES)
def test_files_stay_readable(module: str) -> None:
    assert len(MODULES[module].read_text("utf-8").splitlines()) <= MAX_LINES


@pytest.mark.parametrize("module", MODULES)
def test_no_module_keeps_state(module: str) -> None:
    """No ``global``, and nothing that changes a module-level list, dict or set inside a function."""
    tree = ast.parse(MODULES[module].read_text("utf-8"))
    assert not [node.lineno for node in ast.walk(tree) if isinstance(node, ast.Global)]
    names = {
        target.id
        for node in tree.body
        if isinstance(node, ast.Assign | ast.AnnAssign)
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
        if isinstance(target, ast.Name)
    }
    changing = {"append", "add", "update", "setdefault", "pop", "clear", "extend", "remove", "insert", "discard", "popitem"}
    for function in [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]:
        own = {node.id for node in ast.walk(function) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
        own |= {argument.arg for argument in ast.walk(function) if isinstance(argument, ast.arg)}
        for node in ast.walk(function):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in changing:
                changed = node.func.value
            elif isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store | ast.Del):
                changed = node.value
            else:
                continue
            assert not (isinstance(changed, ast.Name) and changed.id in names - own), f"{module}:{node.lineno}"
