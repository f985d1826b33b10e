"""Reading elements of RSS as it is found: either spelling of a namespace, prefixes that nobody declared, any case."""

from __future__ import annotations

import re
import uuid
from calendar import timegm
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache, reduce
from html import escape
from typing import TypeAlias

import feedparser
from lxml import etree

Element: TypeAlias = etree._Element
# {detail: child} takes the child's text, the first of several names that is there: (child, child), or one text for each
# such child by a template: (child, "{.} {@attribute|default}").
Details: TypeAlias = dict[str, str | tuple[str, str]]

# The namespace's old address is still what most feeds declare (docs/1.0.md became podcastindex.org/namespace/1.0).
_PREFIXES = {
    "podcastindex.org/namespace/1.0": "podcast",
    "github.com/podcastindex-org/podcast-namespace/blob/main/docs/1.0.md": "podcast",
    "www.itunes.com/dtds/podcast-1.0.dtd": "itunes",
    "www.w3.org/2005/atom": "atom",
    # Some feeds put RSS 2.0 itself, which has no namespace, into one of these.
    "backend.userland.com/rss2": "",
    "blogs.law.harvard.edu/tech/rss": "",
}
# Namespace of the UUIDv5 in podcast:guid (docs/tags/guid.md of the podcast namespace).
PODCAST_NAMESPACE = uuid.UUID("ead4c236-bf58-58c6-a2c6-a6b28d128cb6")

_SCHEME = re.compile(r"\s*https?://", re.IGNORECASE)
_DURATION = re.compile(r"(?:\d{1,6}:){0,2}\d{1,6}(?:\.\d{1,9})?")
_STRING = etree.XPath("string()")
_TEMPLATE_PART = re.compile(r"\{(\.|@[\w-]+)(?:\|(\w+))?\}")


@lru_cache(maxsize=4096)
def _local(tag: str) -> str:
    if tag.startswith("{"):
        address, _, name = tag[1:].partition("}")
        prefix = _PREFIXES.get(without_scheme(address.strip().lower()))
        if prefix is None:
            return tag
        return f"{prefix}:{name.lower()}" if prefix else name.lower()
    return tag.lower()


def named(element: Element) -> str:
    """The element's name as ``itunes:duration`` or ``guid``, in lower case; empty for comments and the like."""
    return _local(element.tag) if isinstance(element.tag, str) else ""


def child(parent: Element, name: str) -> Element | None:
    """The first child of that name that is not empty, else the first."""
    found = [element for element in parent if named(element) == name]
    return next((element for element in found if len(element) or text(element)), found[0] if found else None)


def text(element: Element | None) -> str | None:
    """The element's text without its markup and outer space; None if there is none."""
    if element is None:
        return None
    return str(_STRING(element)).strip() or None


def attribute(element: Element | None, name: str) -> str | None:
    """An attribute by its name in any case; None if it is absent or empty."""
    if element is None:
        return None
    value = element.get(name)
    if value is not None:
        return value.strip() or None
    return next((str(value).strip() or None for key, value in element.attrib.items() if str(key).lower() == name), None)


def details_of(parent: Element, wanted: Details) -> dict[str, str | tuple[str, ...]]:
    """The details that are there; a template that fits several children gives a tuple."""
    children: dict[str, list[Element]] = {}
    for element in parent:
        children.setdefault(named(element), []).append(element)
    found: dict[str, str | tuple[str, ...]] = {}
    for key, wish in wanted.items():
        if isinstance(wish, tuple) and "{" in wish[1]:
            filled = tuple(one for element in children.get(wish[0], ()) if (one := _filled(wish[1], element)))
            if filled:
                found[key] = filled if len(filled) > 1 else filled[0]
            continue
        for name in (wish,) if isinstance(wish, str) else wish:
            if texts := [value for element in children.get(name, ()) if (value := text(element))]:
                found[key] = texts[0]
                break
    return found


def _filled(template: str, element: Element) -> str:
    """The template filled in; empty when nothing of it is in the element, defaults aside."""
    there = False

    def part(match: re.Match[str]) -> str:
        nonlocal there
        value = text(element) if match[1] == "." else attribute(element, match[1][1:])
        there = there or value is not None
        return value or match[2] or ""

    filled = _TEMPLATE_PART.sub(part, template)
    return " ".join(filled.split()) if there else ""


def moment(raw: str) -> tuple[datetime | None, bool]:
    """A pubDate as (UTC, whether it is certain): RFC 822 as RSS 2.0 asks, ISO 8601, or what feedparser makes of it.

    Not certain: unreadable, or in a zone that nobody can tell and then taken as UTC.
    """
    for parse in (parsedate_to_datetime, datetime.fromisoformat):
        try:
            value = parse(raw)
            if value.tzinfo is not None:
                return value.astimezone(UTC), True
            # RFC 5322, section 3.3: -0000 is UTC from a system that says nothing of its own zone.
            return value.replace(tzinfo=UTC), raw.endswith("-0000")
        except (ValueError, TypeError, OverflowError, IndexError):
            continue
    # feedparser knows localised month names. It gets one escaped date, never the document.
    item = f"<rss version='2.0'><channel><item><pubDate>{escape(raw[:100])}</pubDate></item></channel></rss>"
    parsed = feedparser.parse(item).entries[0].get("published_parsed")
    return (datetime.fromtimestamp(timegm(parsed), UTC), True) if parsed else (None, False)


def seconds(raw: str | None) -> float | None:
    """An itunes:duration in seconds: Apple's reference asks for seconds and lets HH:MM:SS and MM:SS pass. None if it is neither, or 0.

    >>> seconds("1:02:03"), seconds("62:03"), seconds("1014.708375"), seconds("0"), seconds("an hour")
    (3723.0, 3723.0, 1014.708375, None, None)
    """
    if raw is None or not _DURATION.fullmatch(raw.strip()):
        return None
    return reduce(lambda sum_, part: sum_ * 60 + float(part), raw.strip().split(":"), 0.0) or None


def feed_guid(url: str) -> uuid.UUID:
    """The podcast:guid of a feed address: UUIDv5 of it without its scheme and trailing slashes (docs/tags/guid.md).

    >>> str(feed_guid("https://podnews.net/rss"))
    '9b024349-ccf0-5f69-a609-6b82873eab3c'
    """
    return uuid.uuid5(PODCAST_NAMESPACE, without_scheme(url))


def normal_feed_url(url: str) -> str:
    """A feed address as an identifier: without scheme and trailing slashes, its host in lower case."""
    host, slash, rest = without_scheme(url).partition("/")
    return f"{host.lower()}{slash}{rest}"


def unique_guid(guid: str) -> bool:
    """Whether nobody else is likely to use this guid: not digits only and longer than three characters.

    RSS 2.0 says only that a guid "uniquely identifies the item", and feeds exist that count 1, 2, 3.
    """
    return len(guid) > 3 and not guid.isdigit()


def without_scheme(url: str) -> str:
    """An address without ``http(s)://``, outer space and trailing slashes."""
    return url[match.end() if (match := _SCHEME.match(url)) else 0 :].strip().rstrip("/")
