"""A crosswalk: a CSV that says which item of ours is which of Spotify's. What it says is a fact and merges the two.

Columns: ``spotify`` (id, URI or link), and what it is here: ``item`` (our id of the item), ``guid`` (of the feed's item, or the
show's podcast:guid), or ``feed`` (the show's address). ``kind`` (episode or show) says what a bare id is; without it, an episode.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict

from lineage.facts import Identifier
from loaders._rss import normal_feed_url, unique_guid
from loaders.base import Document, Reject, Said, csv_columns, csv_rows, make

_SPOTIFY = re.compile(
    r"(?:spotify:(?P<a>\w+):|https?://open\.spotify\.com/(?:intl-\w\w/)?(?P<b>\w+)/)?(?P<id>[0-9A-Za-z]+)(?:\?.*)?"
)
_KINDS = ("episode", "show")


class CrosswalkFile(BaseModel):
    """The file, with its hash: other content is another meaning of the same answers."""

    model_config = ConfigDict(frozen=True)
    path: Path
    sha256: str


def _opened(value: Any) -> Any:
    if not isinstance(value, str | Path):
        return value
    path = Path(value).expanduser()
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ValueError(f"the file cannot be read: {error.strerror or error}") from None
    return {"path": path, "sha256": hashlib.sha256(content).hexdigest()}


Crosswalk = Annotated[CrosswalkFile, BeforeValidator(_opened)]


def crosswalk(file: CrosswalkFile) -> Iterator[Said]:
    """An identifier for each row."""
    document = Document(file.path.name, file.path, alone=False)
    columns = csv_columns(document)
    if columns is not None and ("spotify" not in columns or not {"item", "guid", "feed"} & set(columns)):
        yield Reject(
            position=document.at("line 1"),
            reason=f"not a crosswalk: its columns are {', '.join(columns)[:200]}",
            hint="it needs the column spotify, and one of item, guid and feed",
        )
        return
    for row in csv_rows(document):
        if isinstance(row, Reject):
            yield row
        else:
            yield from _row(*row)


def _row(position: str, row: dict[str, str]) -> Iterator[Said]:
    match = _SPOTIFY.fullmatch(row.get("spotify", "").strip())
    kind = (match["a"] or match["b"] or row.get("kind", "episode").strip()) if match else None
    if match is None or kind not in _KINDS:
        reason = "no id of an episode or show of Spotify's"
        yield Reject(position=position, reason=reason, hint="write spotify:episode:… or spotify:show:…", record=row)
        return
    ours = _ours(kind, {name: value.strip() for name, value in row.items()})
    if isinstance(ours, Reject):
        yield ours.model_copy(update={"position": position, "record": row})
        return
    item, name = ours
    theirs = f"spotify:{kind}:{match['id']}"
    yield make(Identifier, position, row, item=item or f"{kind}:{theirs}", identifier=name or theirs)


def _ours(kind: str, row: dict[str, str]) -> tuple[str | None, str | None] | Reject:
    """Our item that gets Spotify's name, or our name that Spotify's item gets."""
    if item := row.get("item"):
        if item.startswith(f"{kind}:"):
            return item, None
        return Reject(position="", reason=f"{item[:80]} is no {kind}", hint=f"an item that is one begins with {kind}:")
    if guid := row.get("guid"):
        if kind == "show":
            return None, f"podcast:guid:{guid.lower()}"
        if unique_guid(guid):
            return f"episode:rss:guid:{guid}", None
        reason = f"the guid {guid[:80]} is too short to name one episode: other shows have it too"
        return Reject(position="", reason=reason, hint="give the item's id instead; `lineage search` finds it")
    if (feed := row.get("feed")) and kind == "show":
        return None, f"rss:feed:{normal_feed_url(feed)}"
    return Reject(position="", reason="nothing says what it is here", hint="fill in item or guid, or feed for a show")
