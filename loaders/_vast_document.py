"""A VAST document taken apart: its ads, what they tell whom, and where a wrapper points."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit

from lineage.facts import Finding
from loaders._elements import Element, attribute, child, children, named, text, within
from loaders._vast_urls import host_of
from loaders.base import Document, Reject, parse_xml

# VAST 4.x, "InLine" and "Wrapper": what the player requests to tell somebody of an event.
_BEACONS = frozenset(
    {"impression", "error", "tracking", "clicktracking", "customclick", "companionclicktracking", "nonlinearclicktracking",
     "iconclicktracking", "iconviewtracking", "viewable", "notviewable", "viewundetermined"}
)  # fmt: skip
_MEDIA = frozenset(
    ["mediafile", "mezzanine", "interactivecreativefile", "staticresource", "iframeresource", "closedcaptionfile"]
)
_EXTENSIONS = frozenset({"extension", "creativeextension"})
_VERIFICATION = frozenset({"verification"})
_FORMS = (("linear", "linear"), ("nonlinearads", "nonlinear"), ("companionads", "companion"))
_HINT = "give the VAST document that the ad server answered with"


@dataclass
class Creative:
    """One Creative of an inline ad. ``names``: (registry, value) of each UniversalAdId, the one that identifies it first."""

    key: str
    position: str
    title: str | None
    names: list[tuple[str, str]]
    details: dict[str, set[str]]


@dataclass
class Ad:
    """One Ad. ``tells``: (host, data set, kind of system, vendor) of whoever the player asks or tells; ``target``: the next VAST."""

    position: str
    system: str | None
    id: str | None
    target: str | None = None
    tells: list[tuple[str, str, str, str | None]] = field(default_factory=list)
    creatives: list[Creative] = field(default_factory=list)


@dataclass
class Vast:
    """One document with its ads. ``name``: its URL, else its file name; ``server``: the host that it came from, if known."""

    document: Document
    ads: list[Ad]
    name: str
    server: str | None
    findings: list[Finding] = field(default_factory=list)

    @property
    def shown(self) -> str:
        """How findings call it."""
        return self.document.url or self.document.name


def slug(words: str) -> str:
    """``words`` as a readable part of an id."""
    return re.sub(r"[\W_]+", "-", words.casefold()).strip("-")


def file_name(url: str) -> str:
    """The last segment of an address's path."""
    try:
        return unquote(PurePosixPath(urlsplit(url.strip()).path).name)
    except ValueError:
        return ""


def read_vast(document: Document, url: str | None = None) -> Iterator[Vast | Reject]:
    """The document's ads, and what could not be read of it. ``url``: the address that a wrapper gave for it."""
    faults: list[Reject] = []
    root = parse_xml(document, faults)
    if isinstance(root, Reject):
        yield root
        return
    yield from faults
    if named(root) != "vast":
        position, reason = document.at(f"line {root.sourceline}"), f"not VAST: its root is <{named(root)[:60]}>"
        yield Reject(position=position, reason=reason, hint=f"{_HINT}; a VMAP or RSS document only points to it")
        return
    broken = any(fault.reason.startswith(("the document breaks off", "reading stopped")) for fault in faults)
    if broken and (elements := list(root.iter())):
        # What stood last is cut, and half a URL names another host.
        elements[-1].text = None
    # The URL of an archive is not that of what is in it.
    address = url or (document.url if document.member is None else None)
    name = address or PurePosixPath(document.member or document.path).name.removesuffix(".gz")
    vast = Vast(document, [], name, host_of(address))
    elements = children(root, "ad")
    if not elements and not broken:
        told = " It names an address for the error." if child(root, "error") is not None else ""
        detail = f"the ad server answered without an ad.{told}"
        vast.findings.append(Finding(position=document.at("file"), finding="no-ad", subject=vast.shown, detail=detail))
    for number, element in enumerate(elements, start=1):
        cut = broken and element is elements[-1]
        position = document.at(f"Ad[{number}] (line {element.sourceline})")
        yield from _read_ad(vast, element, position, attribute(root, "version"), cut=cut)
    yield vast


def _read_ad(vast: Vast, element: Element, position: str, version: str | None, *, cut: bool) -> Iterator[Reject]:
    inline, wrapper = child(element, "inline"), child(element, "wrapper")
    body = inline if inline is not None else wrapper
    if body is None:
        if not cut:
            yield Reject(position=position, reason="the ad is neither InLine nor Wrapper", hint=_HINT)
        return
    system = text(child(body, "adsystem"))
    ad = Ad(position, system, attribute(element, "id"))
    ad.tells += _told(body)
    if inline is None:
        ad.target = text(child(body, "vastadtaguri"))
        if host_of(ad.target) is None and not cut:
            yield Reject(
                position=position,
                reason="the wrapper has no VASTAdTagURI"
                if ad.target is None
                else f"VASTAdTagURI is no web address: {ad.target[:120]}",
                hint="a wrapper must say where the ad is (VAST, Wrapper/VASTAdTagURI)",
            )
            ad.target = None
    else:
        found = children(child(body, "creatives"), "creative")
        if not found and not cut:
            yield Reject(position=position, reason="the inline ad has no creative", hint=_HINT)
        details = {
            "ad_system": system,
            "ad_id": ad.id,
            "ad_type": attribute(element, "adType"),
            "ad_serving_id": text(child(body, "adservingid")),
            "advertiser": text(child(body, "advertiser")),
            "vast_version": version,
        }
        for number, creative in enumerate(found, start=1):
            one = _read_creative(
                creative, f"{position}/Creative[{number}]", ad, {k: v for k, v in details.items() if v}, cut=cut
            )
            if one is not None:
                one.title = text(child(body, "adtitle"))
                ad.creatives.append(one)
    vast.ads.append(ad)


def _told(body: Element) -> Iterator[tuple[str, str, str, str | None]]:
    for element in within(body, outside=_EXTENSIONS | _VERIFICATION):
        name = named(element)
        if (name in _BEACONS or name in _MEDIA) and (host := host_of(text(element))):
            yield (host, "ad-tracking", "tracker", None) if name in _BEACONS else (host, "media", "cdn", None)
    # Up to VAST 4.0 they are in an Extension of type AdVerifications.
    for verification in (element for element in within(body) if named(element) == "verification"):
        for element in within(verification):
            if (host := host_of(text(element))) and named(element) != "verificationparameters":
                yield host, "ad-verification", "verification", attribute(verification, "vendor")


def _read_creative(element: Element, position: str, ad: Ad, details: dict[str, str], *, cut: bool) -> Creative | None:
    form = next((word for name, word in _FORMS if child(element, name) is not None), None)
    found = {key: {value} for key, value in details.items()}
    said = {"creative_id": attribute(element, "id"), "creative_ad_id": attribute(element, "adId"), "form": form}
    found |= {key: {value} for key, value in said.items() if value}
    resources = set()
    for part in within(element, outside=_EXTENSIONS):
        name, value = named(part), text(part)
        if name == "duration" and value:
            found["duration"] = {value}
        elif name in {"clickthrough", "companionclickthrough", "nonlinearclickthrough"} and value:
            found.setdefault("click_through", set()).add(value)
        elif name in _MEDIA and value:
            # Signed addresses change with each answer: the query is no part of what the file is.
            resources.add(value.partition("?")[0])
            if name in {"mediafile", "mezzanine"}:
                kbps = attribute(part, "bitrate")
                words = [
                    attribute(part, "type"),
                    attribute(part, "codec"),
                    f"{kbps} kbps" if kbps else None,
                    attribute(part, "delivery"),
                ]
                found.setdefault("media", set()).add(" ".join(filter(None, [*words, value])))
    names = sorted(set(_universal(element)), key=lambda name: (name[0] != "ad-id", name))
    if names:
        return Creative(f"creative:{':'.join(names[0])}", position, None, names, found)
    if cut:
        return None  # Its files are a part of its name, and who knows what was cut off.
    own = attribute(element, "adId") or attribute(element, "id") or ad.id or "unnamed"
    content = hashlib.blake2b("\n".join(sorted(resources)).encode(), digest_size=4).hexdigest()
    return Creative(f"creative:vast:{slug(ad.system or '') or 'unknown'}:{own}:{content}", position, None, [], found)


def _universal(element: Element) -> Iterator[tuple[str, str]]:
    """The UniversalAdIds. VAST 4.0 has the value as an attribute as well; "unknown" is what it asks for where there is none."""
    for one in children(element, "universaladid"):
        registry, value = slug(attribute(one, "idRegistry") or ""), text(one) or attribute(one, "idValue")
        if registry and value and "unknown" not in {registry, value.lower()}:
            yield ("ad-id" if registry == "ad-id-org" else registry), value
