"""Reading the Spotify Ads API v3 itself, page by page (OpenAPI document "Ads API" 3.0.0, paths).

Credentials come from the environment only: ``SPOTIFY_ADS_CLIENT_ID``, ``SPOTIFY_ADS_CLIENT_SECRET`` and
``SPOTIFY_ADS_REFRESH_TOKEN``; or ``SPOTIFY_ADS_ACCESS_TOKEN`` alone.

Every page is kept in a spool as soon as it is read (``loaders._api_spool``). A page that is not given in the end is a reject, the
others are read, and the next run asks only for what is missing; because of the reject, nothing is retired meanwhile. A complete
read empties the spool. So does a run that met a fault and got no further than the one before: else the pages of others would stay
as old as the fault.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from pydantic import Field

from loaders._ads_kinds import text
from loaders._api_http import Api, ApiError, Credentials, Page, api_path
from loaders._api_spool import Spool
from loaders.base import Finding, Reject, Settings

_LIMIT = 50
# Collections of an ad account, all of them paged by limit and offset, and what to sort each by. The API's own order is the newest
# first: whatever is created meanwhile would move all pages, also those of the run before. Sorted so, it comes last.
_OF_ACCOUNT = {
    "campaigns": "CREATED_AT",
    "ad_sets": "CREATED_AT",
    "ads": "CREATED_AT",
    "assets": "CREATED_AT",
    "audiences": "NAME",  # by NAME or UPDATED_AT only, and an audience is updated as it grows
    "change_history": "TIMESTAMP",
}
# Collections around it; their calls take no offset.
_UNPAGED = ("datasets", "mobile_apps")


class LiveSettings(Settings):
    """What to ask the API for."""

    account: str | None = Field(default=None, description="ids of ad accounts, by comma; all of your businesses' if not given")
    report: str | None = Field(
        default=None,
        description="ids of asynchronous reports, by comma, as REPORT or ACCOUNT/REPORT; the API does not list them",
    )
    since: datetime | None = Field(default=None, description="change history from then on; at most 180 days are kept")
    token_url: str = Field(default="https://accounts.spotify.com/api/token", description="where access tokens are refreshed")
    patience: float = Field(default=300, ge=0, description="seconds to wait in all, when the API asks for it or is at fault")


def is_api(url: str) -> bool:
    """Whether a URL is the API's base address, such as https://api-partner.spotify.com/ads/v3.

    >>> is_api("https://api-partner.spotify.com/ads/v3/"), is_api("https://example.com/saved/campaigns.json")
    (True, False)
    """
    path = api_path(url)
    return path is not None and path.endswith("/ads/v3")


def pages(base_url: str, settings: LiveSettings) -> Iterator[Page | Reject | Finding]:
    """Every page of every collection; what is not given is a reject."""
    accounts = _split(settings.account)
    try:
        credentials = Credentials.from_environment("SPOTIFY_ADS")
        api = Api(base_url, settings.token_url, credentials, settings.patience)
    except ApiError as error:
        yield Reject(position=base_url, reason=str(error), hint=error.hint)
        return
    with closing(api):
        spool = Spool.open(api.base, *sorted(accounts), credentials.client_id)
        reading = _Reading(api, spool, settings)
        try:
            yield from reading.walk(accounts)
        except ApiError as error:
            yield Reject(position=reading.at, reason=str(error), hint=error.hint)
            return  # with the spool as it is
        if not reading.faulty or not reading.saved:
            spool.remove()
        if spool.fault:
            yield Finding(
                position=base_url,
                finding="no-spool",
                subject=str(spool.folder),
                detail=f"pages could not be kept for a run that goes on: {spool.fault}",
            )


@dataclass
class _Reading:
    """One run. ``faulty``: a page was not given that may be given later; ``saved``: pages that this run brought."""

    api: Api
    spool: Spool
    settings: LiveSettings
    at: str = ""
    faulty: bool = False
    saved: int = 0
    businesses: dict[str, None] = field(default_factory=dict)

    def walk(self, accounts: list[str]) -> Iterator[Page | Reject]:
        """All that there is to read. Raises ApiError where reading on is useless."""
        if accounts:
            yield from self._given(accounts)
        else:
            yield from self._all(accounts)
        for account in accounts:
            for name in _OF_ACCOUNT:
                yield from self._collection(f"ad_accounts/{_part(account)}/{name}", name)
        for given in _split(self.settings.report):
            account, _, report = given.rpartition("/")
            for own in [account] if account else accounts[:1]:
                for one in self._single(f"ad_accounts/{_part(own)}/async_reports/{_part(report)}"):
                    # The answer does not repeat the id that it was asked by.
                    yield Page(one.position, {"id": report, **one.value}) if isinstance(one, Page) else one

    def _given(self, accounts: list[str]) -> Iterator[Page | Reject]:
        """The named accounts, their businesses, and what these share with them."""
        for account in accounts:
            business = None
            for one in self._single(f"ad_accounts/{_part(account)}"):
                yield one
                business = text(one.value.get("business_id")) if isinstance(one, Page) else None
            if business is None:
                continue
            if business not in self.businesses:
                self.businesses[business] = None
                yield from self._single(f"businesses/{_part(business)}")
            for name in _UNPAGED:
                yield from self._collection(f"businesses/{_part(business)}/ad_accounts/{_part(account)}/{name}", name)

    def _all(self, accounts: list[str]) -> Iterator[Page | Reject]:
        """Every business that the user sees; its accounts are added to ``accounts``."""
        for one in self._collection("businesses", "businesses"):
            yield one
            self.businesses |= dict.fromkeys(_ids(one, "businesses"))
        for business in self.businesses:
            for one in self._collection(f"businesses/{_part(business)}/ad_accounts", "ad_accounts"):
                yield one
                accounts += _ids(one, "ad_accounts")
            for name in _UNPAGED:
                yield from self._collection(f"businesses/{_part(business)}/{name}", name)

    def _single(self, path: str) -> Iterator[Page | Reject]:
        url = self.api.url(path, {})
        value = self._page(url)
        if isinstance(value, dict):
            yield Page(url, value)
        else:
            yield value if isinstance(value, Reject) else self._unexpected(url, "it is no object")

    def _collection(self, path: str, key: str) -> Iterator[Page | Reject]:
        """All pages of one collection."""
        paged = key in _OF_ACCOUNT
        total: int | None = None
        offset, gap, behind_gap, urls, seen = 0, False, False, list[str](), set[str]()
        while True:
            url = self.api.url(path, self._query(key, offset) if paged else {})
            urls.append(url)
            value = self._page(url)
            if isinstance(value, Reject):
                offset += _LIMIT
                if total is None or offset >= total:
                    yield value
                    return
                if behind_gap:  # the total may be anything
                    yield value.model_copy(update={"reason": f"{value.reason}; the pages behind it are not asked for"})
                    return
                yield value
                gap = behind_gap = True
                continue  # it is known that there is more behind this page
            behind_gap = False
            listed = value.get(key) if isinstance(value, dict) else None
            if not isinstance(listed, list):
                yield self._unexpected(url, f"it has no list {key!r}")
                return
            names = {_name(one) for one in listed}
            if listed and names <= seen:
                self._forget(urls)
                yield Reject(position=url, reason="the API repeats a page", hint="tell its operator; what it gave was loaded")
                return
            seen |= names
            yield Page(url, value)
            offset += len(listed)
            total = max((count for count in (total, _total(value)) if count is not None), default=None)
            if not paged or not listed or (offset >= total if total is not None else len(listed) < _LIMIT):
                break
        # The most that any page counts, against different elements: where one goes while the list is read, or between two runs, the
        # next page begins one too late.
        if total is not None and len(seen) < total and not gap:
            self._forget(urls)
            reason = f"the API counts {total} {key} and gives {len(seen)}"
            yield Reject(position=url, reason=reason, hint="run the load again; while it is so, nothing is retired")

    def _query(self, key: str, offset: int) -> dict[str, str | int]:
        query: dict[str, str | int] = {
            "limit": _LIMIT,
            "offset": offset,
            "sort_field": _OF_ACCOUNT[key],
            "sort_direction": "ASC",
        }
        if key == "change_history" and self.settings.since is not None:
            since = self.settings.since
            since = since.replace(tzinfo=UTC) if since.tzinfo is None else since.astimezone(UTC)
            query["created_gte"] = since.strftime("%Y-%m-%dT%H:%M:%SZ")
        return query

    def _page(self, url: str) -> Any:
        """The value at ``url``, from the spool if it is there; or the reject that says why not."""
        self.at = url
        value = self.spool.read(url)
        if value is not None:
            return value
        try:
            value, body = self.api.get(url)
        except ApiError as error:
            if error.ends:
                raise
            self.faulty |= error.passing
            return Reject(position=url, reason=str(error), hint=error.hint)
        self.spool.save(url, body)
        self.saved += 1
        return value

    def _unexpected(self, url: str, what: str) -> Reject:
        self._forget([url])
        return Reject(position=url, reason=f"not the answer that this call gives: {what}", hint="check the address")

    def _forget(self, urls: list[str]) -> None:
        for url in urls:
            self.spool.forget(url)


def _split(value: str | None) -> list[str]:
    return list(dict.fromkeys(part.strip() for part in (value or "").split(",") if part.strip()))


def _part(value: str) -> str:
    return quote(value, safe="")


def _ids(page: Page | Reject, key: str) -> list[str]:
    if isinstance(page, Reject):
        return []
    return [found for one in page.value[key] if isinstance(one, dict) and (found := text(one.get("id")))]


def _name(one: Any) -> str:
    """What tells one element of a list from another."""
    named = isinstance(one, dict) and (text(one.get("change_id")) or text(one.get("id")))
    return named or json.dumps(one, sort_keys=True)


def _total(page: dict[str, Any]) -> int | None:
    paging = page.get("paging")
    total = paging.get("total_results") if isinstance(paging, dict) else None
    return total if isinstance(total, int) and not isinstance(total, bool) else None
