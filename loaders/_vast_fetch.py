"""Fetching the VAST document that a wrapper points to."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

import httpx

from loaders._vast_urls import without_macros
from loaders.base import Document, Reject

TIMEOUT = 10.0
"""Seconds for a connection and for each read; three times that for the whole answer."""
_MAX_BYTES = 8 * 1024 * 1024


def fetch(url: str, scratch: Path, position: str) -> Document | Reject:
    """The answer to a GET without cookies, saved in ``scratch``; a reject where there is none.

    ``url`` is the VASTAdTagURI as it stands in the wrapper; its macros are filled in here.
    """
    target = Path(tempfile.mkdtemp(dir=scratch)) / "answer.xml"
    deadline = time.monotonic() + 3 * TIMEOUT
    address = f"https:{url}" if url.startswith("//") else url
    try:
        # A client of its own for each request: nothing that one server set goes to the next.
        with (
            httpx.Client(follow_redirects=True, max_redirects=5, timeout=TIMEOUT) as client,
            client.stream("GET", without_macros(address)) as response,
            target.open("wb") as out,
        ):
            response.raise_for_status()
            size = 0
            for chunk in response.iter_bytes():
                size += len(chunk)
                if size > _MAX_BYTES or time.monotonic() > deadline:
                    raise httpx.ReadError("the answer is too large or too slow")
                out.write(chunk)
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        return Reject(
            position=position,
            reason=f"the wrapped ad could not be fetched from {url[:200]}: {str(error)[:200] or type(error).__name__}",
            hint="try again, or save that answer and load both files together",
        )
    return Document(url, target, url=url, alone=False)
