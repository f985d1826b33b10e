"""Fetch one jar over HTTP: resumable, checked, retried by libraries.

urllib3 repeats answers such as 429 and 503 (and honours Retry-After); tenacity repeats connections that fail or break
off in the middle of a file, which urllib3 cannot, and the next attempt asks for the missing bytes only.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from threading import Event
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from requests.exceptions import ChunkedEncodingError, ConnectionError, RequestException, Timeout
from tenacity import retry, retry_if_exception_type, stop_after_attempt, wait_random_exponential
from urllib3.util import Retry

from lineage.embedded.lock import Jar
from lineage.errors import ServerError

CHUNK_BYTES = 1 << 14  # what a broken connection costs at most: the chunk it broke in is not handed out
TIMEOUT_S = (10, 60)  # to connect; without a byte arriving


class Stopped(Exception):
    """Another jar failed or the user interrupted: this download ended early and can be resumed."""


def session(connections: int) -> requests.Session:
    """A session for ``connections`` parallel downloads."""
    repeated = Retry(
        total=None, connect=0, read=0, other=0, status=4, backoff_factor=0.5, status_forcelist=(429, 500, 502, 503, 504)
    )
    adapter = HTTPAdapter(pool_connections=connections, pool_maxsize=connections, max_retries=repeated)
    result = requests.Session()
    result.mount("https://", adapter)
    result.mount("http://", adapter)
    return result


def sha256(file: Path) -> str:
    """The checksum of a file, hexadecimal."""
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def fetch(http: requests.Session, base: str, jar: Jar, target: Path, report: Callable[[int], None], stop: Event) -> None:
    """Download a jar to ``target``, which appears only when complete and of the locked checksum.

    The bytes so far stay in ``target`` + ``.part`` when it fails. ``report`` is told the bytes there are after each
    chunk. Raises ServerError when the jar cannot be had or is not the locked one, Stopped when ``stop`` was set.
    """
    url = f"{base.rstrip('/')}/{jar.path}"
    part = target.with_name(target.name + ".part")
    target.parent.mkdir(parents=True, exist_ok=True)
    found = ""
    # A second round only after a resumed download: then the fault may be in the old bytes, not in the served file.
    for resumed in (part.exists(), False):
        try:
            _transfer(http, url, jar, part, report, stop)
        except RequestException as error:
            raise _unreachable(jar, url, error) from error
        found = sha256(part)
        if found == jar.sha256:
            part.replace(target)
            return
        part.unlink()
        if not resumed:
            break
    raise ServerError(
        f"{jar.coordinates} from {_public(url)} is not the file this release expects (SHA-256 {found}, expected "
        f"{jar.sha256}); it was not used.",
        hint="A proxy or mirror may alter downloads: try another network, or name another mirror in LINEAGE_MAVEN_URL.",
    )


@retry(
    retry=retry_if_exception_type((ConnectionError, Timeout, ChunkedEncodingError)),
    stop=stop_after_attempt(4),
    wait=wait_random_exponential(multiplier=0.5, max=10),
    reraise=True,
)
def _transfer(http: requests.Session, url: str, jar: Jar, part: Path, report: Callable[[int], None], stop: Event) -> None:
    have = part.stat().st_size if part.exists() else 0
    if have >= jar.size:  # complete, or not ours: the checksum decides
        return
    # Without "identity" a proxy may compress, and then byte positions mean something else.
    headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={have}-"} if have else {})
    with http.get(url, headers=headers, stream=True, timeout=TIMEOUT_S) as answer:
        answer.raise_for_status()
        if answer.status_code != requests.codes.partial_content:  # the server does not do ranges
            have = 0
        with part.open("ab" if have else "wb") as out:
            for chunk in answer.iter_content(CHUNK_BYTES):
                if stop.is_set():
                    raise Stopped
                out.write(chunk)
                have += len(chunk)
                report(have)


def _unreachable(jar: Jar, url: str, error: RequestException) -> ServerError:
    status = error.response.status_code if error.response is not None else None
    reason = f"HTTP status {status}" if status else f"{type(error).__name__}: no complete answer"
    return ServerError(
        f"Cannot download {jar.coordinates} from {_public(url)} ({reason}).",
        hint="The server's files are needed once per user: go online, or set HTTPS_PROXY for a proxy or "
        "LINEAGE_MAVEN_URL for a mirror of Maven Central. What is already there is kept.",
    )


def _public(url: str) -> str:
    """The URL without the user name and password that a mirror's URL may carry."""
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
