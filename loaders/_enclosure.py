"""Redirect prefixes of podcast enclosures: which measurement systems a download passes before it reaches the host.

A prefix is put in front of the media URL (``https://op3.dev/e/host.example/1.mp3``); its service counts the request and
redirects it to the rest, which may again begin with a prefix. There is no standard for this: the forms are those that
the services document, kept as rows in ``data/redirect_prefixes.json``.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

_DATA = Path(__file__).parent / "data"
_MAX_PREFIXES = 40

_ORIGIN = re.compile(r"(https?)://([a-z0-9.-]+)(?::(\d+))?(/.*)?", re.IGNORECASE | re.DOTALL)
_STATED = re.compile(r"(https?)(?:(?::|%3A)/{1,2}|/)", re.IGNORECASE)
# A path segment that is a host name, with something behind it; file names such as 1.mp3 are last and have nothing.
_NEXT_HOST = re.compile(r"/(?:(https?)(?::|%3A)/{1,2})?((?:[a-z0-9-]+\.)+[a-z]{2,}/.+)", re.IGNORECASE | re.DOTALL)

SPOTIFY = "spotify"
_SPOTIFY_HOSTS = {"anchor.fm", "megaphone.fm"}


@dataclass(frozen=True)
class Operator:
    """A system met on the way of a download, and the partner that runs it (None where nobody is known to)."""

    system: str
    name: str
    kind: str
    partner: str | None
    partner_name: str | None
    zone: str | None


class Hop(NamedTuple):
    """One prefix: the kind of prefix, who runs it, and the URL from there on."""

    vendor: str
    operator: Operator
    url: str


class Chain(NamedTuple):
    """An enclosure URL taken apart: its prefixes in the order a download passes them, and the host's own URL."""

    prefixes: tuple[Hop, ...]
    destination: str


class _Prefix(NamedTuple):
    vendor: str
    operator: Operator
    host: re.Pattern[str] | None
    path: re.Pattern[str]
    rest: str
    stated: bool


def slug(text: str) -> str:
    """``text`` as the readable part of an id: lower case, letters and digits of any script, hyphens between."""
    return re.sub(r"[\W_]+", "-", text.casefold()).strip("-")


def _rows(name: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads((_DATA / name).read_text("utf-8"))
    return rows


@cache
def _prefixes() -> tuple[dict[str, list[_Prefix]], list[_Prefix]]:
    hosts_of_podcasts = {slug(row["hostname"]): row["hostname"] for row in _rows("hosts.json")}
    by_host: dict[str, list[_Prefix]] = {}
    patterns: list[_Prefix] = []
    for row in _rows("redirect_prefixes.json"):
        partner = row.get("partner", row["vendor"])
        # A company that also hosts podcasts is a trading partner; one that only counts downloads is middleware.
        zone = SPOTIFY if partner == SPOTIFY else "partner" if partner in hosts_of_podcasts else "middleware"
        partner_name = "Spotify" if partner == SPOTIFY else hosts_of_podcasts.get(partner, row["name"])
        system = row.get("system", row["vendor"])
        operator = Operator(system, row["name"], "measurement", partner, partner_name, zone)
        host = re.compile(row["host_pattern"]) if "host_pattern" in row else None
        prefix = _Prefix(row["vendor"], operator, host, re.compile(row["path"]), row["rest"], row.get("stated", True))
        for name in row.get("hosts", ()):
            by_host.setdefault(name, []).append(prefix)
        if host is not None:
            patterns.append(prefix)
    return by_host, patterns


@cache
def _unspecified_prefixes() -> list[tuple[str, str, Operator]]:
    """Prefixes that are known by address only (opawg/podcast-prefixes), as (address, vendor, operator)."""
    by_host, patterns = _prefixes()
    known = {prefix.operator.name: prefix for rows in [*by_host.values(), patterns] for prefix in rows}
    found = []
    for row in _rows("prefixes.json"):
        name, vendor = row["prefixname"], slug(row["prefixname"])
        operator = Operator(vendor, name, "measurement", vendor, name, "middleware")
        if name in known:
            vendor, operator = known[name].vendor, known[name].operator
        found.append((row["prefixpattern"], vendor, operator))
    return found


def chain_of(url: str) -> Chain:
    """Take an enclosure URL apart.

    The host is compared in lower case and without a default port; the scheme of the rest is stated in it (also as
    ``https%3A//``), the prefix's own, or https, as the row of the prefix says; a rest escaped as one segment
    (``host%2Fpath``) is unescaped.
    """
    hops: list[Hop] = []
    url = _normal_origin(url)
    while len(hops) < _MAX_PREFIXES and (step := _step(url)) is not None:
        vendor, operator, following = step
        hops.append(Hop(vendor, operator, url))
        url = _normal_origin(following)
    return Chain(tuple(hops), url)


def _normal_origin(url: str) -> str:
    match = _ORIGIN.fullmatch(url)
    if match is None:
        return url
    scheme, host, port, path = match[1].lower(), match[2].lower(), match[3], match[4] or ""
    kept = "" if port in (None, {"http": "80", "https": "443"}[scheme]) else f":{port}"
    return f"{scheme}://{host}{kept}{path}"


def _step(url: str) -> tuple[str, Operator, str] | None:
    match = _ORIGIN.fullmatch(url)
    if match is None or match[4] is None:
        return None
    scheme, host, path = match[1], match[2], match[4]
    by_host, patterns = _prefixes()
    for prefix in by_host.get(host) or (row for row in patterns if row.host and row.host.fullmatch(host)):
        found = prefix.path.match(path)
        if found is not None:
            implied = {"https": "https", "same": scheme}.get(prefix.rest) or found["scheme"]
            following = _following(path[found.end() :], implied, prefix.stated)
            return None if following is None else (prefix.vendor, prefix.operator, following)
    for address, vendor, operator in _unspecified_prefixes():
        # The address may be of a subdomain; it must begin within the host, not in a later part of the chain.
        if 0 <= f".{host}{path}".find(f".{address.lstrip('.')}") <= len(host):
            following_host = _NEXT_HOST.search(path)
            if following_host is not None:
                return vendor, operator, f"{following_host[1] or 'https'}://{following_host[2]}"
    return None


def _following(rest: str, implied: str, stated: bool) -> str | None:
    rest = rest.lstrip("/")
    path, mark, query = rest.partition("?")
    if "%2f" in path.partition("/")[0].lower():
        rest = re.sub("%2f", "/", path, flags=re.IGNORECASE) + mark + query
    scheme = _STATED.match(rest)
    if scheme is not None:
        rest = rest[scheme.end() :]
    if not rest:
        return None
    return f"{scheme[1].lower() if scheme is not None and stated else implied}://{rest}"


@cache
def _hosts(key: str) -> dict[str, list[tuple[str, str]]]:
    """Host patterns of opawg/podcast-hosts as {labels: [(path prefix, host's name)]}."""
    found: dict[str, list[tuple[str, str]]] = {}
    for row in _rows("hosts.json"):
        labels, _, path = row[key].partition("/")
        if labels.strip("."):
            found.setdefault(labels.strip(".").lower(), []).append((f"/{path}" if path else "", row["hostname"]))
    return found


def host_of(url: str, *, feed: bool = False, kind: str = "podcast-host") -> Operator | None:
    """Who serves ``url``: a known podcast host, else the bare host name without a partner; None if it names no host.

    ``feed``: by where the host publishes its feeds instead of its media.
    """
    try:
        parts = urlsplit(url)
        host, path = (parts.hostname or "").rstrip("."), parts.path
    except ValueError:
        return None
    if not host or parts.scheme not in {"http", "https"}:
        return None
    labels = host.split(".")
    runs = [".".join(labels[i:j]) for i in range(len(labels)) for j in range(len(labels), i, -1)]
    for run in sorted(runs, key=lambda run: -run.count(".")):
        for key in ("rss-pattern", "pattern") if feed else ("pattern",):
            for prefix, name in _hosts(key).get(run, ()):
                if path.startswith(prefix):
                    if run in _SPOTIFY_HOSTS or any(run.endswith(f".{own}") for own in _SPOTIFY_HOSTS):
                        return Operator(slug(name), name, kind, SPOTIFY, "Spotify", SPOTIFY)
                    return Operator(slug(name), name, kind, slug(name), name, "partner")
    return Operator(host, host, kind, None, None, None)
