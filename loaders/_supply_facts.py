"""What the three documents of the ad supply chain share: domains, values of JSON, and who was named in one load."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any, TypeAlias, TypeVar
from urllib.parse import urlsplit

from lineage.facts import Fact, Finding, Partner, System
from loaders.base import Document, Reject, Said, make

AD_SYSTEM, PUBLISHER = "ad-system", "publisher"

# A root domain or host name; the underscore is in the IAB's own examples, letters of any script are in real files.
_DOMAIN = re.compile(r"(?=.{4,253}$)(?:[\w](?:[\w-]{0,61}[\w])?\.)+[^\W\d_](?:[\w-]{0,61}[\w])?")
_STANDARD_PATHS = ("/sellers.json", "/ads.txt", "/app-ads.txt")
_FILE_NAME = re.compile(r"(.+?)[._-](?:sellers\.json|(?:app-)?ads\.txt)")

F = TypeVar("F", bound=Fact)
Particulars: TypeAlias = tuple[str | None, ...]


def domain_of(value: object) -> str | None:
    """A domain as the specifications want it, in lower case, without scheme, path, ``www.`` and final dot; None if it is none.

    The supply chain's files compare by root domain (Implementation Guidance, "Domain format note"); what is published has URLs
    in that place as well.
    """
    text = word(value) or ""
    try:
        host = (urlsplit(text if "//" in text else f"//{text}").hostname or "").rstrip(".")
    except ValueError:
        return None
    host = host.removeprefix("www.") if host.count(".") > 1 else host
    return host if _DOMAIN.fullmatch(host) else None


def word(value: object) -> str | None:
    """A JSON value as text; ids are strings by the specifications and numbers in real files. None if it is empty or neither."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    # JSON can say half a surrogate pair; UTF-8 cannot.
    return str(value).strip().encode("utf-8", "backslashreplace").decode() or None


def home_of(document: Document, setting: str | None) -> str | None:
    """The domain that a document was published at; it stands in none of these files.

    A setting decides for a single file; then the URL, if it has the standard path (sellers.json 1.1, "Access method"; ads.txt
    1.1, section 3.1), the file's name (``example.com.sellers.json``) or its folder; a setting also fills in for what is left.
    """
    if setting is not None and document.alone:
        return setting
    parts = urlsplit(document.url or "")
    if parts.path.lower() in _STANDARD_PATHS and (host := domain_of(parts.hostname)):
        return host
    path = PurePosixPath(document.member or parts.path or str(document.path))
    name = path.name.lower().removesuffix(".gz")
    match = _FILE_NAME.fullmatch(name)
    named = match[1] if match else path.parent.name if f"/{name}" in _STANDARD_PATHS else ""
    return (domain_of(named) if "." in named else None) or setting


def named_after(document: Document) -> str | None:
    """What a file is called, without what makes it an ads.txt: the best name of a publisher that nothing else names."""
    name = PurePosixPath(document.member or str(document.path)).name.lower().removesuffix(".gz")
    match = _FILE_NAME.fullmatch(re.sub(r"[._-](app-)?ads[._-]txt$", ".ads.txt", name))
    return match[1] if match else None


@dataclass
class _Party:
    """A company's domain as one load names it; ``owner``: the domain of the partner that runs it."""

    position: str
    kinds: set[str] = field(default_factory=set)
    names: set[str] = field(default_factory=set)
    owner: str | None = None


@dataclass
class Market:
    """Who and what one load named. Systems and partners are said at its end, once each, whichever file came first.

    ``listed``: the accounts of each ad system whose sellers.json was read, with the particulars and position of each;
    ``used``: the accounts that chains name, with where they first do; ``authorised``: routes that an ads.txt makes, with
    their relationship.
    """

    listed: dict[str, dict[str, tuple[Particulars, str]]] = field(default_factory=dict)
    used: dict[tuple[str, str], str] = field(default_factory=dict)
    authorised: dict[str, str] = field(default_factory=dict)
    _parties: dict[str, _Party] = field(default_factory=dict)
    _said: set[tuple[str, str]] = field(default_factory=set)

    def party(self, position: str, domain: str, *, kind: str | None = None, name: str | None = None) -> None:
        """Somebody who takes part; ``kind`` only where the document says it, ``name`` of the company."""
        party = self._parties.setdefault(domain, _Party(position))
        party.kinds |= {kind} if kind else set()
        party.names |= {name} if name else set()

    def company(self, position: str, domain: str, owner: str | None = None) -> None:
        """The domain is run by a company, known by ``owner`` if that is another domain."""
        self.party(position, domain)
        self._parties[domain].owner = owner or self._parties[domain].owner or domain

    def once(self, fact: type[F], position: str, key: str, record: Any = None, **values: Any) -> Iterator[Said]:
        """The fact, unless this load has said one of that key."""
        if (fact.__name__, key) not in self._said:
            self._said.add((fact.__name__, key))
            yield make(fact, position, record, **values)

    def parties(self) -> Iterator[Said]:
        """The systems and partners. An ad system that also sells as a publisher is an ad system."""
        for domain, party in sorted(self._parties.items()):
            if party.owner is not None:
                names = party.names if party.owner == domain else ()
                yield from self.once(
                    Partner, party.position, party.owner, id=party.owner, name=min(names, default=None)
                )  # fmt: skip
            kind = next((kind for kind in (AD_SYSTEM, PUBLISHER) if kind in party.kinds), min(party.kinds, default=None))
            yield make(System, party.position, domain, id=domain, kind=kind, partner=party.owner)

    def unlisted(self) -> Iterator[Finding]:
        """Accounts in chains that the sellers.json of their ad system, read in this load, does not list."""
        for (domain, account), position in self.used.items():
            if domain in self.listed and account not in self.listed[domain]:
                yield Finding(
                    position=position,
                    finding="unlisted-seller",
                    subject=f"{domain}/{account}",
                    detail=f"the chain names an account that the sellers.json of {domain} does not list",
                )


def no_domain(document: Document, what: str) -> Reject:
    """The reject of a document whose publisher nobody can tell."""
    return Reject(
        position=document.at("file"),
        reason=f"{what} does not say whose it is, and neither its address nor its name gives a domain",
        hint="say it with --set domain=example.com, or name the file example.com.sellers.json or example.com.ads.txt",
    )
