"""Pages of an API that were read already, on disk, so that a run that broke off can be gone on with.

Layout: ``<user cache>/lineage/<feed>/<hash of what is read>/<hash of the page's address>.json``; ``LINEAGE_CACHE`` replaces
``<user cache>/lineage``. The directory is private to the user; it holds answers and no credentials.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import platformdirs

MAX_AGE = 24 * 3600
"""Seconds after which pages are too old to be gone on with."""
_BEGUN = "begun"


@dataclass
class Spool:
    """The kept pages of one reading. ``fault``: why pages cannot be kept, where they cannot; reading goes on without."""

    folder: Path
    fault: str = ""

    @classmethod
    def open(cls, *about: str, feed: str = "ads") -> Spool:
        """The spool of what ``about`` names, of one feed; emptied when it is too old."""
        given = os.environ.get("LINEAGE_CACHE")
        root = Path(given).expanduser() if given else platformdirs.user_cache_path("lineage")
        spool = cls(root / feed / hashlib.sha256("\0".join(about).encode()).hexdigest()[:32])
        try:
            if not time.time() - (spool.folder / _BEGUN).stat().st_mtime < MAX_AGE:
                spool.remove()
        except OSError:
            spool.remove()  # nothing there, or a rest without its beginning
        return spool

    def read(self, url: str) -> Any:
        """The page's value; None where it is not kept."""
        try:
            return json.loads(self._file(url).read_bytes())
        except (OSError, ValueError):
            return None

    def save(self, url: str, body: bytes) -> None:
        """Keep a page. It is there as a whole or not at all."""
        if self.fault:
            return
        try:
            self.folder.mkdir(parents=True, mode=0o700, exist_ok=True)
            if not (self.folder / _BEGUN).exists():
                (self.folder / _BEGUN).touch()
            with tempfile.NamedTemporaryFile(dir=self.folder, delete=False) as out:
                out.write(body)
            Path(out.name).replace(self._file(url))
        except OSError as error:
            self.fault = str(error)

    def forget(self, url: str) -> None:
        """Let the next run ask for this page again."""
        self._file(url).unlink(missing_ok=True)

    def remove(self) -> None:
        """Delete all pages."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _file(self, url: str) -> Path:
        return self.folder / f"{hashlib.sha256(url.encode()).hexdigest()}.json"
