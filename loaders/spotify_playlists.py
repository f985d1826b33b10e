"""Playlists of the Spotify Web API, from saved answers and live: their versions, and what is on them.

A playlist is a work (identifier ``spotify:playlist:<id>``); each ``snapshot_id`` is a version of it, an item of its own
(``playlist:spotify:<id>@<snapshot>``, identifier ``spotify:snapshot:<snapshot>``). Tracks and episodes are parts of the version.
What has no id in the catalogue (local files) or is gone from it is named in the version's details.

=========================================  ============  ================================================================
seen                                       evidence      of
=========================================  ============  ================================================================
a playlist with a snapshot_id              published     the version, at the system and on the route that are set
{"snapshot_id": …}, the answer to a write  accepted      the version that this change made, whichever playlist it is of
=========================================  ============  ================================================================

Neither says when, so this evidence has no time (as in ``spotify-catalog``). When the version is known in full, the item's
``published_at`` is when the last of its entries was added: it is no older than that, and of two versions the later one has the later
addition, unless something was only taken away.

Both shapes are read, ``items``/``item`` and the deprecated ``tracks``/``track``. The owner is a user and no partner: it is a detail.

Live: ``lineage load spotify-playlists https://api.spotify.com/v1 --set playlists=…``.

Source: OpenAPI document "Spotify Web API" (PlaylistObject, SimplifiedPlaylistObject, PlaylistTrackObject, PagingObject).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import Field

from loaders._api_http import Page
from loaders._spotify_entries import Playlists
from loaders._spotify_live import LIMIT, Reading, WebSettings, asked, ids, is_api, pages
from loaders._spotify_objects import Reader
from loaders.base import Document, Finding, Reject, Said, Source, feed, json_values

_TYPES = ("track", "episode")


class PlaylistSettings(WebSettings):
    """What to ask for, whose systems these are, and how the operator's map calls the route."""

    playlists: str | None = Field(
        default=None, description="playlists to read live: ids, URIs or links, by comma; all of the user's if not given"
    )
    system: str = Field(default="spotify-playlists", description="your id of the system in which Spotify publishes playlists")
    sender: str | None = Field(default=None, description="the system that hands playlists to Spotify, such as a campaign tool")
    route: str = Field(default="playlist-publish", description="the route by which they come there")


def _read_there(url: str, settings: PlaylistSettings) -> str | None:
    return asked(url, playlists=ids("playlist", settings.playlists)) if is_api(url) else None


@feed(
    name="spotify-playlists",
    title="Spotify playlists",
    formats="Web API playlists: saved answers (JSON, JSON Lines), or the API itself by its URL",
    contributes="versions of playlists and that they are published; the tracks and episodes on them, with their recordings",
    patterns=("*.json", "*.jsonl"),
    authority="observed",
    example="lineage load spotify-playlists https://api.spotify.com/v1 --set playlists=59ZbFPES4DQwEjBpWHzrtC",
    settings=PlaylistSettings,
    live=_read_there,
)
def read(source: Source, settings: PlaylistSettings) -> Iterator[Said]:
    """Every playlist and list of entries of the saved answers, or the playlists that were asked for."""
    playlists = Playlists(Reader(settings.system, "Spotify playlists", settings.sender, settings.route))
    if source.live is None:
        yield from source.each(lambda document: _read_document(document, playlists))
        return
    chosen = ids("playlist", settings.playlists)
    walk = _Walk(chosen, settings.market)
    for said in pages(source.live, tuple(sorted(chosen)), settings, walk):
        yield from playlists.whole(said.value, f"{said.position}#") if isinstance(said, Page) else (said,)


def _read_document(document: Document, playlists: Playlists) -> Iterator[Said]:
    for value in json_values(document):
        yield from (value,) if isinstance(value, Reject) else playlists.read(value[1], value[0])


class _Walk:
    """Asks for playlists, each as a whole: the object, and the pages of its entries behind those that it holds itself."""

    def __init__(self, chosen: list[str], market: str | None) -> None:
        self._chosen, self._market = chosen, market

    def __call__(self, reading: Reading) -> Iterator[Page | Reject | Finding]:
        for id_ in self._chosen or ():
            yield from self._playlist(reading, id_)
        if not self._chosen:
            for page in reading.listed("me/playlists", lambda client, at: client.current_user_playlists(LIMIT, at)):
                if isinstance(page, Reject):
                    yield page
                    continue
                for one in page.value["items"]:
                    if isinstance(one, dict) and isinstance(one.get("id"), str):
                        yield from self._playlist(reading, one["id"])

    def _playlist(self, reading: Reading, id_: str) -> Iterator[Page | Reject | Finding]:
        path, market = f"playlists/{id_}", self._market
        page = reading.one(path, lambda client: client.playlist(id_, market=market, additional_types=_TYPES))
        if isinstance(page, Reject):
            yield page
            return
        shape, entries = _entries(page.value)
        listed, total = entries.get("items"), entries.get("total")
        if not isinstance(listed, list):
            detail = "the API gives the items of a playlist only to its owner and who works on it; its version was read"
            yield page
            yield Finding(position=page.position, finding="no-items", subject=f"spotify:playlist:{id_}", detail=detail)
            return
        found = list(listed)
        if isinstance(total, int) and len(found) < total:
            asked_for = [page.position]
            for more in reading.listed(
                f"{path}/items",
                lambda client, at: client.playlist_items(id_, None, LIMIT, at, market, _TYPES),
                len(found),
                len(found),
            ):
                if isinstance(more, Reject):
                    yield more
                else:
                    found += more.value["items"]
                    asked_for.append(more.position)
            if (changed := self._changed(reading, id_, page.value, asked_for)) is not None:
                yield changed
                return
        yield Page(page.position, {**page.value, shape: {**entries, "items": found}})

    def _changed(self, reading: Reading, id_: str, value: Mapping[str, Any], positions: list[str]) -> Reject | None:
        """The reject for a playlist that became another version while its pages were read: they are of no version then."""
        now = reading.one(f"playlists/{id_}?fields=snapshot_id", lambda c: c.playlist(id_, fields="snapshot_id"), kept=False)
        if isinstance(now, Reject):
            return now
        if now.value.get("snapshot_id") == value.get("snapshot_id"):
            return None
        for position in positions:
            reading.spool.forget(position)
        reading.faulty = True
        hint = "run the load again: it is read anew"
        return Reject(position=positions[0], reason="the playlist was changed while it was read", hint=hint)


def _entries(value: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
    """The list of entries in a playlist, by the name that it has there."""
    for shape in ("items", "tracks"):
        if isinstance(entries := value.get(shape), dict):
            return shape, entries
    return "items", {}
