"""ads.txt and app-ads.txt, IAB Tech Lab, 1.1: which accounts may sell a publisher's inventory."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from lineage.facts import Contact, Dataset, Finding, Route
from loaders._supply_facts import PUBLISHER, Market, domain_of, home_of, named_after, no_domain
from loaders.base import Document, Reject, Said, UnusableError

# Section 3.4.3: <VARIABLE>=<VALUE>; a record has a comma before any sign of equality.
_VARIABLE = re.compile(r"([A-Za-z][\w-]*)\s*=\s*(.*)")
# Kept as a data set of the publisher each, because a route has no other place for the word (section 3.4.2, field 3).
_RELATIONSHIPS = {"direct": "sold through its own account", "reseller": "sold through another's account"}
_BOM = "\ufeff"
# Section 3.2.1: a publisher without any seller says so with this record.
_NOBODY = "placeholder.example.com"
_HINT = "write: ad system's domain, account id, DIRECT or RESELLER"


@dataclass
class _Lines:
    """A file taken apart: records as (position, line, ad system, account, relationship), variables,
    and what is neither. ``nobody``: it says that nobody may sell.
    """

    records: list[tuple[str, str, str, str, str]] = field(default_factory=list)
    nobody: bool = False
    variables: list[tuple[str, str, str]] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)

    def of(self, *names: str) -> Iterator[tuple[str, str, str]]:
        """The variables of these names, as (position, name, value)."""
        return ((position, name, value) for position, name, value in self.variables if name in names)


def read_ads_txt(market: Market, document: Document, setting: str | None) -> Iterator[Said]:
    """The publisher, and a route for each account that it authorises. The account is named, not declared."""
    lines = _lines(document)
    yield from lines.rejects
    if not (lines.records or lines.variables or lines.nobody):
        if not lines.rejects:
            reason, hint = (
                "the file holds no record",
                f"an ads.txt without sellers has the record {_NOBODY}, placeholder, DIRECT",
            )
            yield Reject(position=document.at("file"), reason=reason, hint=hint)
        return
    owner = next((one for _, _, value in lines.of("OWNERDOMAIN") if (one := domain_of(value))), None)
    position = document.at("file")
    publisher = home_of(document, setting) or owner
    if publisher is None:
        publisher = named_after(document)
        if publisher is None:
            yield no_domain(document, "an ads.txt")
            return
        detail = (
            "neither its address nor its name gives a domain; it is called after its file until --set domain= says whose it is"
        )
        yield Finding(position=position, finding="domain-guessed", subject=publisher, detail=detail)
    market.party(position, publisher, kind=PUBLISHER)
    market.company(position, publisher, owner)
    for where, line, system, account, relationship in lines.records:
        dataset, interface = f"ad-inventory:{publisher}:{relationship}", f"{system}/{account}"
        name = f"Ad inventory of {publisher}, {_RELATIONSHIPS[relationship]}"
        yield from market.once(Dataset, where, dataset, line, id=dataset, name=name)
        route = f"authorises:{publisher}>{interface}"
        # ``after`` is empty: the inventory starts with its publisher, whoever sells through the same ad system.
        ends = {"from": publisher, "to": system, "dataset": dataset, "interface": interface, "after": ()}
        if (first := market.authorised.setdefault(route, relationship)) != relationship:
            detail = f"the account is authorised as {relationship.upper()} too; the first record, {first.upper()}, was loaded"
            yield Finding(position=where, finding="two-relationships", subject=f"{publisher} {interface}", detail=detail)
        else:
            yield from market.once(Route, where, route, line, id=route, **ends)
    yield from _variables(market, lines, publisher, owner or publisher)


def _variables(market: Market, lines: _Lines, publisher: str, owner: str) -> Iterator[Said]:
    for where, _, value in lines.of("CONTACT"):
        contact = {"email": value} if "@" in value and " " not in value else {"name": value}
        yield from market.once(
            Contact, where, f"{owner} {value}", value, of_label="Partner", of=owner, role="ads.txt", **contact
        )  # fmt: skip
    for where, name, value in lines.of("SUBDOMAIN", "MANAGERDOMAIN", "INVENTORYPARTNERDOMAIN"):
        # A manager may be followed by the country that it is for.
        domain = domain_of(value.partition(",")[0])
        if domain is None:
            yield Reject(position=where, reason=f"{name} is no domain: {value[:80]}", hint="write a domain such as example.com")
        elif name == "SUBDOMAIN":
            market.party(where, domain, kind=PUBLISHER)
            market.company(where, domain, owner)
        elif domain != publisher:
            # The manager sells for the publisher; the partner owns part of what is sold on the publisher's pages.
            verb, sender, receiver = (
                ("manages", publisher, domain) if name == "MANAGERDOMAIN" else ("shares", domain, publisher)
            )
            route, ends = f"{verb}:{sender}>{receiver}", {"from": sender, "to": receiver}
            yield from market.once(Route, where, route, value, id=route, after=(), **ends)


def _lines(document: Document) -> _Lines:
    found = _Lines()
    with document.open() as stream:
        for number, raw in enumerate(stream, start=1):
            position = document.at(f"line {number}")
            try:
                # Sections 3.4.1 and 3.4.4: comments begin with #, extensions behind the fields with ;.
                line = re.split(rb"[#;]", raw, maxsplit=1)[0].decode().lstrip(_BOM).strip()
                if match := _VARIABLE.fullmatch(line):
                    found.variables.append((position, match[1].upper(), match[2].strip()))
                elif line.lower().startswith(_NOBODY):
                    found.nobody = True
                elif line:
                    found.records.append((position, line, *_record(line)))
            except UnicodeDecodeError as error:
                shown = raw.decode("utf-8", "replace")[:300]
                reason = f"not UTF-8 at byte {error.start} of the line"
                found.rejects.append(Reject(position=position, reason=reason, hint="save the file as UTF-8", record=shown))
            except UnusableError as bad:
                found.rejects.append(Reject(position=position, reason=str(bad), hint=bad.hint, record=line[:300]))
    return found


def _record(line: str) -> tuple[str, str, str]:
    fields = [part.strip() for part in line.split(",")]
    if len(fields) < 3 or not fields[1]:
        raise UnusableError(f"{len(fields)} fields in a record that needs three", _HINT)
    if (system := domain_of(fields[0])) is None:
        raise UnusableError(f"the ad system {fields[0][:80]!r} is no domain", _HINT)
    if (relationship := fields[2].lower()) not in _RELATIONSHIPS:
        raise UnusableError(f"the relationship {fields[2][:80]!r} is neither DIRECT nor RESELLER", _HINT)
    return system, fields[1], relationship
