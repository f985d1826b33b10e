"""What the tests of the feeds share: read a file or a text as a feed would, and find the real samples."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any, TypeVar

import pytest

from lineage.facts import Fact, Reject, Said
from loaders.base import Feed
from loaders.sources import Document, Source, open_source

ROOT = Path(__file__).parents[2]
FIXTURES = ROOT / "tests" / "fixtures"
_SAMPLES = ROOT.parent / "shared" / "samples"
S = TypeVar("S", bound=Said)


def sample(name: str) -> Path:
    """A real sample; the test is skipped where the collection is not at hand."""
    path = _SAMPLES / name
    if not path.exists():
        pytest.skip(f"the sample collection with {name} is not beside the repository")
    return path


def load(feed: Feed, path: Path, **settings: Any) -> list[Said]:
    """All that the feed says of a file."""
    with tempfile.TemporaryDirectory() as scratch:
        source = open_source(str(path), accepts=feed.accepts, scratch=Path(scratch))
        return list(feed.read(source, feed.settings(**settings)))


def load_text(feed: Feed, name: str, *texts: str | bytes, url: str | None = None, **settings: Any) -> list[Said]:
    """All that the feed says of documents with these contents."""
    with tempfile.TemporaryDirectory() as folder:
        documents = []
        for number, text in enumerate(texts):
            path = Path(folder) / str(number)
            path.write_bytes(text if isinstance(text, bytes) else text.encode())
            documents.append(Document(name, path, url=url, alone=len(texts) == 1))
        return list(feed.read(Source(name, tuple(documents)), feed.settings(**settings)))


def only(kind: type[S], said: list[Said]) -> list[S]:
    """The facts of one kind, in order."""
    return [each for each in said if isinstance(each, kind)]


def rejects(said: list[Said]) -> list[Reject]:
    """The rejects, in order."""
    return only(Reject, said)


def files(folder: str, feed: Feed) -> list[Path]:
    """The feed's files in a fixture folder."""
    return sorted(path for path in (FIXTURES / folder).iterdir() if feed.accepts(path.name))


def check_good(feed: Feed, path: Path) -> None:
    """A fixture says something, rejects nothing, and says the same when read again."""
    said = load(feed, path)
    assert only(Fact, said)
    assert rejects(said) == []
    assert load(feed, path) == said


def check_hostile(feed: Feed, path: Path) -> None:
    """A hostile file gives a reject that says where, why and what to do; nothing escapes."""
    found = rejects(load(feed, path))
    assert found
    for reject in found:
        assert reject.position
        assert reject.reason
        assert reject.hint
        assert len(reject.model_dump_json(fallback=str)) < 20_000
