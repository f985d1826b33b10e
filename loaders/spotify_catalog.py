"""Spotify's catalogue: shows and episodes of the Web API, from saved answers and live.

An episode that the catalogue has is evidence that it was **published** there, at the system and on the route that are set. One that
cannot be played (``is_playable`` false) is ``unknown``: it may only lack the market, and proves nothing.

**When?** The API gives the date that the publisher wrote (``release_date``), not since when the episode is there, and nothing was seen
before it was read. So the evidence has no time, and counts at any time; the date is the item's ``published_at``, if known to the day.
Its id is the episode's, so that reading again, saved or live, is no new event.

**Which episode of ours?** The API names neither the feed nor the guid of its item. An identifier in the registry or a
``crosswalk`` makes it a fact; without them the graph keeps a scored match (``lineage.matching``) that decides nothing.

Saved: JSON or JSON Lines of /shows/{id}, /shows/{id}/episodes, /episodes/{id} and the lists of several (/shows, /episodes).
Live: ``lineage load spotify-catalog https://api.spotify.com/v1 --set shows=…``.

Source: OpenAPI document "Spotify Web API" (ShowObject, SimplifiedShowObject, EpisodeObject, SimplifiedEpisodeObject, PagingObject).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from pydantic import Field

from loaders._api_http import Page
from loaders._spotify_crosswalk import Crosswalk, crosswalk
from loaders._spotify_live import LIMIT, Reading, WebSettings, asked, ids, is_api, pages
from loaders._spotify_objects import Reader, at, id_of, listed_under, refused
from loaders.base import Document, Finding, Reject, Said, Source, feed, json_values, shown


class CatalogSettings(WebSettings):
    """What to ask for, whose systems these are, and how the operator's map calls the route."""

    files: ClassVar[frozenset[str]] = frozenset({"crosswalk"})
    shows: str | None = Field(
        default=None, description="shows to read live, with all their episodes: ids, URIs or links, by comma"
    )
    episodes: str | None = Field(default=None, description="single episodes to read live: ids, URIs or links, by comma")
    crosswalk: Crosswalk | None = Field(
        default=None, description="a CSV that says which of Spotify's is which item: spotify, and item, guid or feed"
    )
    system: str = Field(default="spotify-catalogue", description="your id of Spotify's catalogue")
    sender: str | None = Field(default=None, description="the system that hands the episodes to Spotify, such as their host")
    route: str = Field(default="episode-publish", description="the route by which they come there")


def _read_there(url: str, settings: CatalogSettings) -> str | None:
    if not is_api(url):
        return None
    return asked(url, shows=ids("show", settings.shows), episodes=ids("episode", settings.episodes))


@feed(
    name="spotify-catalog",
    title="Spotify's podcast catalogue",
    formats="Web API shows and episodes: saved answers (JSON, JSON Lines), or the API itself by its URL",
    contributes="which episodes Spotify has published; which of Spotify's shows and episodes is which of ours, by a crosswalk",
    patterns=("*.json", "*.jsonl"),
    authority="observed",
    example="lineage load spotify-catalog https://api.spotify.com/v1 --set shows=7iZEp9f2Gg8JvKNqK3t905",
    settings=CatalogSettings,
    live=_read_there,
)
def read(source: Source, settings: CatalogSettings) -> Iterator[Said]:
    """Every show and episode of the saved answers, or those that were asked for; and what the crosswalk says."""
    catalogue = _Catalogue(Reader(settings.system, "Spotify's catalogue", settings.sender, settings.route))
    if source.live is None:
        yield from source.each(lambda document: _read_document(document, catalogue))
    else:
        yield from _live(source.live, settings, catalogue)
    if settings.crosswalk is not None:
        yield from crosswalk(settings.crosswalk)


def _read_document(document: Document, catalogue: _Catalogue) -> Iterator[Said]:
    for value in json_values(document):
        yield from (value,) if isinstance(value, Reject) else catalogue.read(value[1], value[0])


def _live(base: str, settings: CatalogSettings, catalogue: _Catalogue) -> Iterator[Said]:
    shows, episodes, market = ids("show", settings.shows), ids("episode", settings.episodes), settings.market
    if not shows and not episodes:
        hint = "name them: --set shows=… or --set episodes=… (ids, URIs or links, by comma)"
        yield Reject(position=base, reason="nothing says which shows or episodes to read", hint=hint)
        return

    def walk(reading: Reading) -> Iterator[Page | Reject | Finding]:
        for show in shows:
            yield reading.one(f"shows/{show}", lambda client, id_=show: client.show(id_, market=market))  # type: ignore[misc]
            yield from reading.listed(
                f"shows/{show}/episodes",
                lambda client, offset, id_=show: client.show_episodes(id_, limit=LIMIT, offset=offset, market=market),  # type: ignore[misc]
            )
        for episode in episodes:
            yield reading.one(f"episodes/{episode}", lambda client, id_=episode: client.episode(id_, market=market))  # type: ignore[misc]

    for said in pages(base, (*sorted(shows), "", *sorted(episodes)), settings, walk):
        yield from catalogue.read(said.value, f"{said.position}#") if isinstance(said, Page) else (said,)


class _Catalogue:
    """Reads answers one after the other."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    def read(self, value: Any, position: str) -> Iterator[Said]:
        """All that one answer says."""
        if isinstance(value, list):
            yield from self._each(value, position, None)
        elif not isinstance(value, dict):
            yield _unknown(value, position)
        elif (error := refused(value, position)) is not None:
            yield error
        elif value.get("type") == "episode":
            yield from self._episode(value, position, None)
        elif value.get("type") == "show":
            yield from self._show(value, position)
        elif isinstance(value.get("items"), list):
            yield from self._each(value["items"], at(position, "items"), listed_under(value, "shows"))
        elif lists := [key for key in ("shows", "episodes") if isinstance(value.get(key), list | dict)]:
            for key in lists:
                yield from self.read(value[key], at(position, key))
        else:
            yield _unknown(value, position)

    def _each(self, values: list[Any], position: str, show: str | None) -> Iterator[Said]:
        for number, value in enumerate(values):
            where = at(position, number)
            if isinstance(value, dict) and value.get("type") == "episode":
                yield from self._episode(value, where, show)
            elif value is not None:  # null is what is not to be had in this market
                yield from self.read(value, where)

    def _show(self, value: Mapping[str, Any], position: str) -> Iterator[Said]:
        yield from self._reader.spotify(position)
        yield from self._reader.show(value, position)
        episodes = value.get("episodes")
        if isinstance(episodes, dict) and isinstance(episodes.get("items"), list):
            yield from self._each(episodes["items"], at(position, "episodes/items"), id_of(value))

    def _episode(self, value: Mapping[str, Any], position: str, show: str | None) -> Iterator[Said]:
        yield from self._reader.spotify(position)
        yield from self._reader.episode(value, position, show)
        if (id_ := id_of(value)) is None:
            return
        there = value.get("is_playable") is not False
        raw = {} if there else {"raw_type": "not playable"}
        item = f"episode:spotify:episode:{id_}"
        yield self._reader.event(position, shown(value), item, "published" if there else "unknown", item=item, **raw)


def _unknown(value: Any, position: str) -> Reject:
    hint = "save the API's whole answer to /shows/{id}, /shows/{id}/episodes or /episodes/{id}"
    return Reject(position=position, reason="neither a show nor an episode of the Web API", hint=hint, record=shown(value))
