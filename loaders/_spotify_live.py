"""Reading the Spotify Web API itself, page by page, so that a read which broke off is gone on with.

Every page is kept in a spool as soon as it is read (``loaders._api_spool``). A page that is not given in the end is a reject, the
others are read, and the next run asks only for what is missing. A complete read empties the spool.

Rules of paging: OpenAPI document "Spotify Web API", schema PagingObject (limit, offset, total). Pages are asked for by offset, not
by ``next``: a token must not travel to an address that an answer names.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from pydantic import Field

from loaders._api_http import ApiError, Page, api_path
from loaders._api_spool import Spool
from loaders._spotify_http import WebApi, credentials
from loaders.base import Finding, Reject, Settings

if TYPE_CHECKING:
    import spotipy

LIMIT = 50
"""The most that a page may have (QueryLimit)."""
_LINK = r"(?:spotify:{kind}:|https?://open\.spotify\.com/(?:intl-\w\w/)?{kind}/)?([0-9A-Za-z]+)(?:\?.*)?"


class WebSettings(Settings):
    """How the API is asked."""

    market: str | None = Field(
        default=None, description="ISO 3166-1 alpha-2 country: only what is to be had there; without one, some is not given"
    )
    token_url: str = Field(default="https://accounts.spotify.com/api/token", description="where access tokens are had")
    patience: float = Field(default=300, ge=0, description="seconds to wait in all, when the API asks for it or is at fault")


def is_api(url: str) -> bool:
    """Whether a URL is the API's base address, such as https://api.spotify.com/v1.

    >>> is_api("https://api.spotify.com/v1/"), is_api("https://example.com/saved/playlist.json")
    (True, False)
    """
    return api_path(url) == "/v1"


def ids(kind: str, given: str | None) -> list[str]:
    """Ids, URIs or links of one kind of thing, separated by commas, as ids. What is none of these stays as it is.

    >>> ids("show", "spotify:show:5Av, https://open.spotify.com/show/7iZ?si=x,5Av")
    ['5Av', '7iZ']
    """
    link = re.compile(_LINK.format(kind=kind))
    parts = filter(None, (part.strip() for part in (given or "").split(",")))
    return list(dict.fromkeys(match[1] if (match := link.fullmatch(part)) else part for part in parts))


def asked(url: str, **named: list[str]) -> str:
    """What identifies such a read across runs: each choice is a source of its own, so that none retires what another said."""
    query = urlencode({name: ",".join(sorted(values)) for name, values in named.items() if values}, safe=",")
    return f"{url.rstrip('/')}?{query}" if query else url.rstrip("/")


Walk = Callable[["Reading"], Iterator[Page | Reject | Finding]]


def pages(source: str, about: tuple[str, ...], settings: WebSettings, walk: Walk) -> Iterator[Page | Reject | Finding]:
    """What ``walk`` reads there; ``about`` names it, for the spool. Never raises for what the API does not give."""
    base = source.rstrip("/")
    try:
        known = credentials()
        api = WebApi(base, settings.token_url, known, settings.patience)
    except ApiError as error:
        yield Reject(position=base, reason=str(error), hint=error.hint)
        return
    with closing(api):
        spool = Spool.open(base, *about, settings.market or "", known.client_id, feed="spotify")
        reading = Reading(api, spool, base)
        try:
            yield from walk(reading)
        except ApiError as error:
            yield Reject(position=reading.at or base, reason=str(error), hint=error.hint)
            return  # with the spool as it is
        if not reading.faulty or not reading.saved:
            spool.remove()
        if spool.fault:
            detail = f"pages could not be kept for a run that goes on: {spool.fault}"
            yield Finding(position=base, finding="no-spool", subject=str(spool.folder), detail=detail)


@dataclass
class Reading:
    """One run. ``faulty``: a page was not given that may be given later; ``saved``: pages that this run brought."""

    api: WebApi
    spool: Spool
    base: str
    at: str = ""
    faulty: bool = False
    saved: int = 0

    def one(self, path: str, call: Callable[[spotipy.Spotify], Any], *, kept: bool = True) -> Page | Reject:
        """One object, from the spool if it is there and ``kept``. Raises ApiError where reading on is useless."""
        url = self.at = f"{self.base}/{path}"
        value = self.spool.read(url) if kept else None
        if value is None:
            try:
                value = self.api.get(call)
            except ApiError as error:
                if error.ends:
                    raise
                self.faulty |= error.passing
                return Reject(position=url, reason=str(error), hint=error.hint)
            if kept:
                self.spool.save(url, json.dumps(value).encode())
                self.saved += 1
        if isinstance(value, dict):
            return Page(url, value)
        self.spool.forget(url)
        return Reject(position=url, reason="not the answer that this call gives: it is no object", hint="check the address")

    def listed(
        self, path: str, call: Callable[[spotipy.Spotify, int], Any], offset: int = 0, given: int = 0
    ) -> Iterator[Page | Reject]:
        """All pages of a list from ``offset`` on. ``call`` takes an offset; ``given``: how many elements were had elsewhere."""
        total, gaps, positions = None, 0, list[str]()
        while True:
            position = f"{path}?limit={LIMIT}&offset={offset}"
            page = self.one(position, lambda client, at=offset: call(client, at))  # type: ignore[misc]
            if isinstance(page, Page) and not isinstance(page.value.get("items"), list):
                self.spool.forget(page.position)
                page = Reject(
                    position=page.position, reason="not the answer that this call gives: it has no items", hint=_NO_ITEMS
                )
            yield page
            if isinstance(page, Reject):
                gaps += 1
                if total is None or gaps > 1:  # what is behind it is not known, or not given either
                    return
                offset += LIMIT
            else:
                positions.append(page.position)
                listed, total = page.value["items"], _total(page.value, total)
                given += len(listed)
                offset += len(listed)
                if not listed:
                    break
            if total is None or offset >= total:
                break
        if total is not None and given < total and not gaps:
            for position in positions:
                self.spool.forget(position)
            hint = "run the load again; while it is so, nothing is retired"
            yield Reject(position=f"{self.base}/{path}", reason=f"the API counts {total} and gives {given}", hint=hint)


_NO_ITEMS = "check the address"


def _total(page: dict[str, Any], before: int | None) -> int | None:
    """The most that any page counts: where something goes while the list is read, the next page begins one too late."""
    total = page.get("total")
    counted = [one for one in (total, before) if isinstance(one, int) and not isinstance(one, bool)]
    return max(counted, default=None)
