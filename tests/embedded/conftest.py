"""Homes and servers for the tests. The jars come from the user's real cache, so only a first run downloads them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from lineage.embedded import Running, down, up


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """One running server for all tests that only look at it."""
    home = tmp_path_factory.mktemp("shared") / "home with spaces"
    try:
        yield up(home)
    finally:
        down(home)


@pytest.fixture(scope="session")
def spare(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A home for tests that start, kill and stop. A test finds its server running or stopped: starts take seconds."""
    home = tmp_path_factory.mktemp("spare") / "home"
    try:
        yield home
    finally:
        down(home)


@pytest.fixture
def python_env() -> dict[str, str]:
    """The environment for child processes that import the package from this checkout."""
    return os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
