"""VAST: what an audio or video ad is, who serves it, and who is told that it was played.

VAST 2.0, 3.0 and 4.0 to 4.3 (IAB Tech Lab), with either namespace. A document says how things are arranged, not that
anything happened: only the map is said, no handoff.

* Each Creative of an InLine ad is an Item ``creative:<registry>:<value>`` by its UniversalAdId (VAST 4.x, "UniversalAdId"),
  Ad-ID first; each UniversalAdId is an Identifier ``<registry>:<value>``, ``ad-id:`` for ad-id.org. Without one it is
  ``creative:vast:<AdSystem>:<adId>:<hash of its files>``, because ids are used again by other documents. Its details hold media
  files, duration, AdServingId, who is told (``trackers``, ``verification``), the wrappers around it (``wrapped_by``, the nearest
  first) and its ``routes``. A wrapper's own creatives only add beacons: they are no items, and nothing is part of a wrapper.
* The ad server of a document is the host that it came from, known by its URL or by the wrapper that points to it; else
  ``vast:<AdSystem>``. All hosts are Systems: ad-server, cdn, tracker, verification.
* Routes go from the ad server: data set ``vast`` to the host of a wrapper's VASTAdTagURI (the request goes on to it), ``media``
  to the hosts of files, ``ad-tracking`` to those of Impression, Tracking, Error and click beacons, ``ad-verification`` to those
  of AdVerifications. The direction is: who is asked or told because this server said so. The player itself is no system here.
  No route has an item kind: such a route is never expected.

Correlation: a wrapper belongs to the document of this load whose URL is its VASTAdTagURI, or whose file name is the last part of
its path. Wrappers in a circle are a finding (``wrapper-loop``), and so are more of them in a row than ``max_depth``
(``wrapper-depth``): VAST leaves the limit to the player, error code 302 "wrapper limit reached"; five is what VAST 4.x recommends.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

from pydantic import Field

from loaders._vast_chain import Library
from loaders._vast_document import Vast, read_vast
from loaders._vast_facts import facts_of
from loaders._vast_fetch import fetch
from loaders.base import Document, Reject, Said, Settings, Source, feed


class VastSettings(Settings):
    """``follow``: how many wrappers in a row to fetch over HTTP; ``max_depth``: how many may stand in a row."""

    follow: int = Field(default=0, ge=0, le=50, description="how many wrappers to fetch over HTTP")
    max_depth: int = Field(default=5, ge=1, le=50, description="wrappers in a row that are no finding yet")


@feed(
    name="vast",
    title="VAST ads",
    formats="VAST 2.0, 3.0, 4.0 to 4.3 (audio and video)",
    contributes="creatives and their ids; ad servers, wrappers, media hosts, tracking and verification vendors",
    patterns=("*.xml", "*.vast"),
    authority="observed",
    example="lineage load vast https://ads.example.com/tag.xml --set follow=5",
    settings=VastSettings,
)
def read(source: Source, settings: VastSettings) -> Iterator[Said]:
    """Every document of the source, then those that its wrappers point to; then the facts of all of them together."""
    library = Library()

    def shelve(document: Document, url: str | None = None) -> Iterator[Said]:
        for found in read_vast(document, url):
            if isinstance(found, Vast):
                library.add(found)
            else:
                yield found

    yield from source.each(shelve)
    with tempfile.TemporaryDirectory(prefix="lineage-vast-") as scratch:
        for _ in range(settings.follow):
            for ad, url in library.unresolved():
                library.asked.add(url)
                got = fetch(url, Path(scratch), ad.position)
                if isinstance(got, Reject):
                    yield got
                else:
                    yield from Source(url, (got,)).each(lambda document, url=url: shelve(document, url))  # type: ignore[misc]
        yield from library.findings(settings.max_depth)
        yield from facts_of(library)
