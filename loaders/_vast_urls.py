"""Web addresses in VAST 2.0 to 4.3: their hosts, and the macros in them."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

# VAST 4.x, "Macros": a name in square brackets, these encoded or not.
_MACRO = re.compile(r"(?:\[|%5B)[A-Z][A-Z0-9_]*(?:\]|%5D)", re.IGNORECASE)


def host_of(url: str | None) -> str | None:
    """The host of a web address, in lower case; None if it is none (a macro may stand where the host should)."""
    try:
        parts = urlsplit((url or "").strip())
        host = (parts.hostname or "").rstrip(".")
    except ValueError:
        return None
    # An address without scheme is one in the page's own (RFC 3986, section 4.2).
    return host if host and parts.scheme.lower() in {"http", "https", ""} and re.fullmatch(r"[\w.:-]+", host) else None


def without_macros(url: str) -> str:
    """The address with its macros filled in. VAST 4.1, "Macros": -1 stands for a value that is not known."""
    return _MACRO.sub("-1", url)
