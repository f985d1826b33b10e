"""Elements of XML by their local names, in any namespace or none, upper or lower case."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TypeAlias

from lxml import etree

Element: TypeAlias = etree._Element

_STRING = etree.XPath("string()")


def named(element: Element) -> str:
    """The element's name without its namespace, in lower case; empty for comments."""
    return written(element).lower()


def written(element: Element) -> str:
    """The element's name without its namespace, as it is written; empty for comments."""
    # By hand and not by lxml: a prefix that nobody declared is a part of its tag.
    return re.split(r"[}:]", element.tag)[-1] if isinstance(element.tag, str) else ""


def children(parent: Element | None, name: str) -> list[Element]:
    """The children of that name."""
    return [] if parent is None else [child for child in parent if named(child) == name]


def child(parent: Element | None, name: str) -> Element | None:
    """The first child of that name."""
    return next(iter(children(parent, name)), None)


def text(element: Element | None) -> str | None:
    """The element's text without outer space (some wrap it in CDATA and line breaks); None if there is none."""
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
