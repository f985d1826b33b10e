"""Examples in docstrings are true. ``--doctest-modules`` only looks into tests/, where the suite is."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

import lineage
import loaders

MODULES = [
    found.name for package in (lineage, loaders) for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
]


def examples(name: str) -> list[doctest.DocTest]:
    found = doctest.DocTestFinder(exclude_empty=True).find(importlib.import_module(name))
    return [one for one in found if one.examples]


@pytest.mark.parametrize("name", [name for name in MODULES if examples(name)])
def test_examples_in_docstrings(name: str) -> None:
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS)
    for one in examples(name):
        runner.run(one)
    assert runner.summarize(verbose=False).failed == 0


def test_there_are_some() -> None:
    assert sum(len(examples(name)) for name in MODULES) > 2
