"""Reading elements of VAST 2.0 to 4.3: with either namespace or none, and what the specification calls required left out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TypeAlias
from urllib.parse import urlsplit

from lxml import etree

Element: TypeAlias = etree._Element

_STRING = etree.XPath("string()")
# VAST 4.x, "Macros": a name in square brackets, these encoded or not.
_MACRO = re.compile(r"(?:\[|%5B)[A-Z][A-Z0-9_]*(?:\]|%5D)", re.IGNORECASE)


def named(element: Element) -> str:
    """The element's name without its namespace, in lower case; empty for comments."""
    return re.split(r"[}:]", element.tag)[-1].lower() if isinstance(element.tag, str) else ""


def children(parent: Element | None, name: str) -> list[Element]:
    """The children of that name."""
    return [] if parent is None else [child for child in parent if named(child) == name]


def child(parent: Element | None, name: str) -> Element | None:
    """The first child of that name."""
    return next(iter(children(parent, name)), None)


def text(element: Element | None) -> str | None:
    """The element's text without outer space (VAST wraps URLs in CDATA and line breaks); None if there is none."""
    return None if element is None else str(_STRING(element)).strip() or None


def attribute(element: Element | None, name: str) -> str | None:
    """An attribute in any case (idRegistry, adId and adID are all in use); None if it is absent or empty."""
    if element is None:
        return None
    return next((str(value).strip() or None for key, value in element.attrib.items() if str(key).lower() == name.lower()), None)


def within(parent: Element, *, outside: frozenset[str] = frozenset()) -> Iterator[Element]:
    """All descendants, without those inside elements of these names."""
    todo = list(reversed(parent))
    while todo:
        element = todo.pop()
        if isinstance(element.tag, str) and named(element) not in outside:
            yield element
            todo += reversed(element)


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
