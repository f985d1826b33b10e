"""Spotify Ads API v3: campaigns, ad sets, ads, assets, audiences and reports, from saved answers and live.

Item tree: campaign > ad set > ad > asset (an asset may be part of several ads). Item ids are ``<kind>:spotify-ads:<id>``,
because the API's ids are unique within a kind only; ``spotify:<kind>:<id>`` are identifiers.

=====================================  ============  ==================================================
status                                 evidence      of
=====================================  ============  ==================================================
WAITING_UPLOAD                         queued        an asset's upload (route ``ads-upload``)
PROCESSING                             received
READY                                  accepted
ERROR                                  rejected
PENDING, PENDING_APPROVAL              received      the review of an ad or ad set (route ``ads-review``)
ACTIVE, APPROVED, READY, COMPLETED     accepted
REJECTED / FAILED                      rejected / failed, with the reasons
PROCESSING                             queued        an asynchronous report (route ``ads-report``)
READY                                  sent          made; that somebody fetched it is not known
FAILED                                 failed
any other                              unknown       kept under its own word
=====================================  ============  ==================================================

Its time is ``updated_at`` (``created_at`` of what waits for its upload). A row of the change history that changes the status is
evidence in the same way. An error body (HTTP 4xx, 5xx) answers the request of its ``sp_trace_id``.

Who measures an ad (``third_party_tracking``) is a system with a route to it. Audiences and conversion data are data sets, what ad
sets target are fields of ``spotify-ads:targeting``.

Saved: JSON, JSON Lines, and ``.http`` (status line, headers if any, body). Live: ``lineage load ads
https://api-partner.spotify.com/ads/v3`` (see ``loaders._ads_live``).

Source: OpenAPI document "Ads API" 3.0.0 (spotify/ads-agentic-tools, external-v3.yaml).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from pydantic import Field

from loaders._ads_live import LiveSettings, is_api, pages
from loaders._ads_objects import Objects
from loaders._api_http import Page
from loaders.base import Document, Reject, Said, Source, binary, feed, json_values, whole

# RFC 9112, section 4: HTTP-version, status code, reason; recordings may have the code alone.
_STATUS = re.compile(r"\A(?:HTTP/\d(?:\.\d)? )?(\d{3})(?: [^\r\n]*)?(?:\r?\n|\Z)")


class AdsSettings(LiveSettings):
    """Whose systems these are, and how the operator's map calls the routes."""

    system: str = Field(default="spotify-ads", description="your id of Spotify's ad system")
    sender: str | None = Field(
        default=None, description="the system that creates campaigns and uploads assets, such as an agency's"
    )
    upload_route: str = Field(default="ads-upload", description="the route of asset uploads")
    review_route: str = Field(default="ads-review", description="the route of ads and ad sets into review")
    report_route: str = Field(default="ads-report", description="the route of asynchronous reports")


def _read_there(url: str, settings: AdsSettings) -> str | None:
    """Each set of accounts is a source of its own: reading one must not retire what another said."""
    if not is_api(url):
        return None
    accounts = sorted(filter(None, (part.strip() for part in (settings.account or "").split(","))))
    return f"{url.rstrip('/')}?account={','.join(accounts)}" if accounts else url.rstrip("/")


@feed(
    name="ads",
    title="Spotify Ads API",
    formats="Ads API v3: saved answers (JSON, JSON Lines, .http recordings), or the API itself by its URL",
    contributes="campaigns, ad sets, ads, assets and reports with their states; who measures them; audiences and targeting fields",
    patterns=("*.json", "*.jsonl", "*.http"),
    authority="observed",
    example="lineage load ads https://api-partner.spotify.com/ads/v3",
    settings=AdsSettings,
    live=_read_there,
)
def read(source: Source, settings: AdsSettings) -> Iterator[Said]:
    """Every object of the saved answers, or of all collections of the API."""
    routes = {"upload": settings.upload_route, "review": settings.review_route, "report": settings.report_route}
    objects = Objects(settings.system, settings.sender, routes)
    if source.live is not None:
        for said in pages(source.live, settings):
            yield from objects.read(said.value, said.position, said.position) if isinstance(said, Page) else (said,)
        return
    yield from source.each(lambda document: _read_document(document, objects))


def _read_document(document: Document, objects: Objects) -> Iterator[Said]:
    if document.name.lower().removesuffix(".gz").endswith(".http"):
        yield from _read_recording(document, objects)
        return
    for value in json_values(document):
        if isinstance(value, Reject):
            yield value
        else:
            yield from objects.read(value[1], value[0], document.name)


def _read_recording(document: Document, objects: Objects) -> Iterator[Said]:
    if (unreadable := binary(document)) is not None:
        yield unreadable
        return
    text = whole(document).decode("utf-8-sig")
    status = _STATUS.match(text)
    if status is None:
        yield Reject(
            position=document.at("line 1"),
            reason="no status line: a recording begins with its HTTP status",
            hint="write the status (200) on a line of its own before the body, or save the body as .json",
            record=text[:200],
        )
        return
    body = text[status.end() :]
    if not body.lstrip().startswith(("{", "[")):  # headers, up to the first empty line
        body = re.split(r"\r?\n\r?\n", body, maxsplit=1)[-1]
    try:
        value = json.loads(body)
    except (ValueError, RecursionError) as error:
        yield Reject(
            position=document.at("body"),
            reason=f"the body of the answer {status[1]} is not JSON: {' '.join(str(error).split())[:200]}",
            hint="save the whole body",
            record=body[:200],
        )
        return
    if int(status[1]) >= 400 and isinstance(value, dict) and "sp_trace_id" in value:
        yield from objects.error(value, int(status[1]), document.at("/"))
    else:
        yield from objects.read(value, document.at("/"), document.name)
