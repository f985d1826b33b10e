"""Podcast feeds: RSS 2.0 with the iTunes tags and the Podcasting 2.0 namespace.

Says what the feed itself proves: the show and its episodes, the host that serves them, and the measurement systems that
stand in front of the host as redirect prefixes of the enclosures. Sources of the rules, named where they are used: RSS
2.0 (RSS Advisory Board), Apple's podcast RSS reference, and the podcast namespace (github.com/Podcastindex-org).
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any
from urllib.parse import urlsplit

from lxml import etree

from lineage.facts import Dataset, Fact, Identifier, Interface, Item, Partner, Route, System
from loaders._enclosure import Operator, chain_of, host_of, slug
from loaders._rss import (
    PODCAST_NAMESPACE,
    Details,
    Element,
    attribute,
    child,
    details_of,
    feed_guid,
    moment,
    named,
    normal_feed_url,
    seconds,
    text,
    unique_guid,
    without_scheme,
)
from loaders.base import Document, NoSettings, Reject, Said, Source, feed, make, parse_xml

_SHOW: Details = {
    "link": "link",
    "language": "language",
    "generator": "generator",
    "author": "itunes:author",
    "type": "itunes:type",
    "explicit": "itunes:explicit",
    "complete": "itunes:complete",
    "locked": "podcast:locked",
    "locked_owner": ("podcast:locked", "{@owner}"),
    "medium": "podcast:medium",
    "license": "podcast:license",
    "license_url": ("podcast:license", "{@url}"),
    "update_frequency": ("podcast:updatefrequency", "{.} {@rrule}"),
    "txt": ("podcast:txt", "{@purpose}: {.}"),
    "persons": ("podcast:person", "{.} ({@role|host})"),
    "funding": ("podcast:funding", "{@url}"),
    "uses_podping": ("podcast:podping", "{@usespodping}"),
    "blocked": ("podcast:block", "{@id} {.}"),
    "remote_items": ("podcast:remoteitem", "{@feedguid} {@feedurl}"),
}
_EPISODE: Details = {
    "link": "link",
    "author": "itunes:author",
    "duration": "itunes:duration",
    "season": ("podcast:season", "itunes:season"),
    "episode": ("podcast:episode", "itunes:episode"),
    "episode_type": "itunes:episodetype",
    "explicit": "itunes:explicit",
    "persons": ("podcast:person", "{.} ({@role|host})"),
    "transcripts": ("podcast:transcript", "{@url} {@type} {@language}"),
    "chapters": ("podcast:chapters", "{@url} {@type}"),
    "license": "podcast:license",
    "social": ("podcast:socialinteract", "{@protocol} {@uri}"),
}


@feed(
    name="podcast",
    title="Podcast feeds",
    formats="RSS 2.0 with iTunes and Podcasting 2.0 (podcast:*) tags",
    contributes="shows, episodes and their ids; podcast hosts and measurement prefixes; who passes a download on to whom",
    patterns=("*.xml", "*.rss"),
    authority="observed",
    example="lineage load podcast https://feeds.example.com/show.xml",
)
def read(source: Source, settings: NoSettings) -> Iterator[Said]:
    """Every feed document of the source; a system, partner or route that many episodes share is said once."""
    said: set[tuple[str, str]] = set()
    yield from source.each(lambda document: _read_document(document, said))


def _read_document(document: Document, said: set[tuple[str, str]]) -> Iterator[Said]:
    faults: list[Reject] = []
    root = parse_xml(document, faults)
    if isinstance(root, Reject):
        yield root
        return
    yield from faults
    redirect = child(root, "redirect")
    channel = child(root, "channel")
    if named(root) != "rss" or (channel is None and redirect is None):
        what = "it has no <channel>" if named(root) == "rss" else f"its root is <{str(root.tag).rpartition('}')[2][:60]}>"
        hint = "give the show's RSS 2.0 feed; a page that describes the show is not it"
        yield Reject(position=document.at(f"line {root.sourceline}"), reason=f"not an RSS feed: {what}", hint=hint)
        return
    reading = _Reading(document, channel if channel is not None else root, said)
    yield from reading.show()
    items = [element for element in reading.channel if named(element) in {"item", "podcast:liveitem"}]
    if items and any(fault.reason.startswith(("the document breaks off", "reading stopped")) for fault in faults):
        items.pop()  # the break is in or behind it: what it says may be cut
    numbers = {"item": 0, "podcast:liveitem": 0}
    for element in items:
        name = named(element)
        numbers[name] += 1
        shown_name = "item" if name == "item" else "podcast:liveItem"
        position = document.at(f"{shown_name}[{numbers[name]}] (line {element.sourceline})")
        yield from reading.item(element, position, live=name != "item")
    yield from reading.transcript_hosts()


@dataclass
class _Reading:
    """One document being read: its show, and what was said of it."""

    document: Document
    channel: Element
    said: set[tuple[str, str]]
    key: str = ""
    name: str | None = None
    episodes: dict[str, tuple[str, str]] = field(default_factory=dict)
    transcripts: dict[str, Operator] = field(default_factory=dict)

    def once(self, fact: type[Fact], position: str, key: str, **values: Any) -> Iterator[Said]:
        """The fact, unless this source has said one of that key."""
        if (fact.__name__, key) not in self.said:
            self.said.add((fact.__name__, key))
            yield make(fact, position, None, **values)

    def operator(self, position: str, who: Operator) -> Iterator[Said]:
        """A system and the partner that runs it."""
        if who.partner is not None:
            yield from self.once(Partner, position, who.partner, id=who.partner, name=who.partner_name, zone=who.zone)
        values = {"id": who.system, "name": who.name, "partner": who.partner, "kind": who.kind}
        yield from self.once(System, position, who.system, **values)

    def show(self) -> Iterator[Said]:
        """The show, its names, and the feed as an interface of its host."""
        position = self.document.at(f"channel (line {self.channel.sourceline})")
        own = _self_url(self.channel)
        urls = [url for url in (own, self.document.url) if url is not None and _is_web(url)]
        moved = _moved_to(self.channel)
        declared = (text(child(self.channel, "podcast:guid")) or "").lower()
        addresses = [*urls, *([moved] if moved is not None else [])]
        identity = _uuid(declared) or (str(feed_guid(addresses[0])) if addresses else None)
        self.name = text(child(self.channel, "title"))
        self.key = identity or self._nameless_key()
        details = details_of(self.channel, _SHOW)
        owner = child(self.channel, "itunes:owner")
        for key, tag in (("owner_name", "itunes:name"), ("owner_email", "itunes:email")):
            if owner is not None and (value := text(child(owner, tag))):
                details[key] = value
        if declared and identity != declared:
            details["guid_raw"] = declared
        if moved is not None and moved not in urls:
            details["new_feed_url"] = moved
        for key, tag in (("publisher", "podcast:publisher"), ("podroll", "podcast:podroll")):
            if (group := child(self.channel, tag)) is not None:
                details |= details_of(group, {key: ("podcast:remoteitem", "{@feedguid} {@feedurl}")})
        show_id = f"show:{self.key}"
        yield make(Item, position, None, id=show_id, name=self.name, details=details)
        if identity is not None:
            yield make(Identifier, position, None, item=show_id, identifier=f"podcast:guid:{identity}")
        for url in dict.fromkeys(map(normal_feed_url, addresses)):
            yield make(Identifier, position, None, item=show_id, identifier=f"rss:feed:{url}")
        for url in urls[:1]:
            host = host_of(url, feed=True)
            values: dict[str, Any] = {"protocol": urlsplit(url).scheme, "format": "RSS 2.0", "endpoint": url}
            if host is not None:
                yield from self.operator(position, host)
                values["system"] = host.system
            feed_id = f"rss:{normal_feed_url(url)}"
            yield from self.once(Interface, position, feed_id, id=feed_id, **values)
        yield from self.once(Dataset, position, f"rss:{self.key}", id=f"rss:{self.key}", name=self._named("feed"))

    def _named(self, what: str) -> str | None:
        return f"{self.name} ({what})" if self.name else None

    def _nameless_key(self) -> str:
        """A show without guid and address: by its link and title, together because a network's shows share one link."""
        link = text(child(self.channel, "link"))
        parts = [slug(without_scheme(part)) for part in (link, self.name) if part]
        if any(parts):
            return "/".join(part for part in parts if part)
        # Nothing names it. Its own words do at least not confuse it with another one.
        return f"untitled-{uuid.uuid5(PODCAST_NAMESPACE, etree.tostring(self.channel, encoding='unicode', with_tail=False))}"

    def item(self, element: Element, position: str, *, live: bool) -> Iterator[Said]:
        """An episode, or a live item (podcast:liveItem) under its own kind."""
        guid, enclosure = text(child(element, "guid")), attribute(child(element, "enclosure"), "url")
        title = text(child(element, "title")) or text(child(element, "itunes:title"))
        if enclosure is None and (guid is None or not live):
            missing = "has no enclosure" if guid else "has neither guid nor enclosure"
            yield Reject(
                position=position,
                reason=f"the {'live item' if live else 'item'} {missing}",
                hint='add <enclosure url="..."/>: without a media file there is no episode to deliver',
                record={"title": title, "guid": guid},
            )
            return
        kind = "live" if live else "episode"
        item_id = self._item_id(kind, guid, enclosure)
        if item_id in self.episodes:
            before, first = self.episodes[item_id]
            if before != (enclosure or ""):
                yield Reject(
                    position=position,
                    reason=f"the guid {guid} is given twice with another enclosure, first at {first}",
                    hint="give each item a guid of its own; the first was loaded",
                    record={"title": title, "guid": guid, "enclosure": enclosure},
                )
            return
        self.episodes[item_id] = enclosure or "", position
        chain = chain_of(enclosure) if enclosure is not None else None
        host = host_of(chain.destination) if chain is not None else None
        details = details_of(element, _EPISODE)
        if guid is None:
            details["guid_missing"] = "true"
        if alternates := tuple(_alternate(each) for each in element if named(each) == "podcast:alternateenclosure"):
            details["alternate_enclosures"] = alternates
        if live:
            details |= {name: value for name in ("status", "start", "end") if (value := attribute(element, name))}
        raw_date = text(child(element, "pubdate"))
        published, certain = moment(raw_date) if raw_date else (None, True)
        if not certain and raw_date:
            details["pubdate_raw"] = raw_date
        values: dict[str, Any] = {"name": title, "part_of": f"show:{self.key}", "published_at": published}
        values["duration_s"] = seconds(text(child(element, "itunes:duration")))
        if host is not None:
            values["origin"] = host.system
        item = make(Item, position, {"title": title, "guid": guid}, id=item_id, details=details, **values)
        yield item
        if isinstance(item, Reject):
            return
        if guid is not None:
            yield make(Identifier, position, None, item=item_id, identifier=f"rss:guid:{guid}")
        if chain is not None:
            yield make(Identifier, position, None, item=item_id, identifier=f"enclosure:{chain.destination}")
            yield from self._way([hop.operator for hop in chain.prefixes], host, position)
        for each in element:
            if named(each) == "podcast:transcript" and (who := host_of(attribute(each, "url") or "", kind="transcript-host")):
                self.transcripts.setdefault(who.system, who)

    def _item_id(self, kind: str, guid: str | None, enclosure: str | None) -> str:
        """By the guid if nobody else is likely to use it, else within the show."""
        if guid is None:
            return f"{kind}:enclosure:{enclosure}"
        return f"{kind}:rss:guid:{guid}" if unique_guid(guid) else f"{kind}:rss:guid:{self.key}/{guid}"

    def _way(self, prefixes: list[Operator], host: Operator | None, position: str) -> Iterator[Said]:
        """The systems of a redirect chain and a route between each two.

        A route goes in the direction of the request, from the first prefix to the host, because that is what is handed
        on: each service passes the request to the next, and the one that fails is the one that the next never hears
        from. The audio itself comes straight from the host. No item kind: a chain is seen, nobody promised it.
        """
        systems = [*prefixes, *([host] if host is not None else [])]
        for who in systems:
            yield from self.operator(position, who)
        dataset = f"enclosure:{self.key}"
        for sender, receiver in pairwise(systems):
            if sender.system == receiver.system:
                continue
            yield from self.once(Dataset, position, dataset, id=dataset, name=self._named("enclosures"))
            route = f"redirect:{self.key}:{sender.system}>{receiver.system}"
            ends = {"from": sender.system, "to": receiver.system}
            yield from self.once(Route, position, route, id=route, dataset=dataset, **ends)

    def transcript_hosts(self) -> Iterator[Said]:
        """Who serves the transcripts, where it is nobody that was named as a host already."""
        position = self.document.at(f"channel (line {self.channel.sourceline})")
        for system, who in self.transcripts.items():
            if ("System", system) not in self.said:
                yield from self.operator(position, who)
                values = {"system": system, "protocol": "https", "format": "podcast:transcript"}
                yield from self.once(Interface, position, f"transcripts:{system}", id=f"transcripts:{system}", **values)


def _is_web(url: str) -> bool:
    return host_of(url) is not None


def _self_url(channel: Element) -> str | None:
    for link in channel:
        if named(link) == "atom:link" and attribute(link, "rel") == "self":
            url = attribute(link, "href")
            if url is not None and _is_web(url):
                return url
    return None


def _moved_to(channel: Element) -> str | None:
    """Where the feed went: itunes:new-feed-url, or <redirect><newLocation> as a document of its own."""
    redirect = child(channel, "redirect")
    url = text(child(redirect, "newlocation")) if redirect is not None else text(child(channel, "itunes:new-feed-url"))
    return url if url is not None and _is_web(url) else None


def _uuid(declared: str) -> str | None:
    try:
        value = uuid.UUID(declared)
    except ValueError:
        return None
    return str(value) if value.int and str(value) == declared else None


def _alternate(element: Element) -> str:
    sources = [attribute(each, "uri") for each in element if named(each) == "podcast:source"]
    head = [attribute(element, name) for name in ("type", "bitrate", "title")]
    return " ".join(part for part in [*head, *sources] if part)
