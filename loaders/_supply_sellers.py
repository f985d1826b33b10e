"""sellers.json, IAB Tech Lab, 1.0 and 1.1: the accounts through which others sell at an ad system."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from lineage.facts import Contact, Finding, Interface, Route
from loaders._supply_facts import AD_SYSTEM, PUBLISHER, Market, Particulars, domain_of, home_of, no_domain, word
from loaders.base import Document, Reject, Said, make, shown
from loaders.formats import one_line, whole

# An intermediary's domain is that of its own sellers.json ("Object: Seller", domain): it is an ad system itself.
_KINDS = {"publisher": PUBLISHER, "intermediary": AD_SYSTEM, "both": AD_SYSTEM}
# "Every seller_id must map to only a single entity": the first three say which; the rest may be worded twice.
_ENTITY = ("name", "domain", "is_confidential")
_PARTICULARS = (*_ENTITY, "seller_type", "is_passthrough", "comment")


def sellers_json(document: Document) -> Iterator[tuple[str, Any] | Reject]:
    """The one value of a file that is called sellers.json, however its lines are broken: many have a seller on each line."""
    try:
        yield document.at("/"), json.loads(whole(document).decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise  # the source says it, in its own words
    except (ValueError, RecursionError) as error:
        place = f"line {error.lineno}" if isinstance(error, json.JSONDecodeError) else "/"
        yield Reject(position=document.at(place), reason=f"not valid JSON: {one_line(error)}", hint="mend the JSON here")


def read_sellers(
    market: Market, document: Document, position: str, value: dict[str, Any], setting: str | None
) -> Iterator[Said]:
    """The ad system, and each account: an interface of it, who sells through it, and the route that this makes."""
    sellers = value["sellers"]
    if not isinstance(sellers, list):
        yield Reject(position=position, reason="sellers is not a list", hint="give sellers as a JSON array of objects")
        return
    email = word(value.get("contact_email")) or word(value.get("email"))
    asked = domain_of(email.rpartition("@")[2]) if email and "@" in email else None
    domain = home_of(document, setting)
    if domain is None:
        if asked is None:
            yield no_domain(document, "a sellers.json")
            return
        domain = asked
        detail = (
            "neither address nor name of the file gives the ad system's domain; it was taken from the contact's e-mail address"
        )
        yield Finding(position=position, finding="domain-guessed", subject=domain, detail=detail)
    elif asked and domain != setting and domain.endswith(f".{asked}"):
        domain = asked  # It stands on the root domain ("Access method"): the rest is somebody's name for the file.
    market.party(position, domain, kind=AD_SYSTEM)
    market.company(position, domain)
    if email:
        yield from market.once(
            Contact, position, f"{domain} {email}", of_label="Partner", of=domain, email=email, role="sellers.json"
        )  # fmt: skip
    known = market.listed.setdefault(domain, {})
    for index, seller in enumerate(sellers):
        yield from _read_seller(market, domain, known, f"{position.rstrip('/')}/sellers/{index}", seller)


def _read_seller(
    market: Market, domain: str, known: dict[str, tuple[Particulars, str]], position: str, seller: Any
) -> Iterator[Said]:
    account = word(seller.get("seller_id")) if isinstance(seller, dict) else None
    if account is None:
        yield Reject(
            position=position,
            reason="the seller has no seller_id" if isinstance(seller, dict) else "the seller is not a JSON object",
            hint="give each seller the seller_id that stands in ads.txt and in the nodes of chains",
            record=shown(seller),
        )
        return
    subject = f"{domain}/{account}"
    confidential = word(seller.get("is_confidential")) == "1"
    company = None if confidential else domain_of(seller.get("domain"))
    name = None if confidential else word(seller.get("name"))
    particulars = tuple(word(seller.get(key)) for key in _PARTICULARS)
    if account in known:
        if known[account][0] != particulars:
            yield _again(position, subject, seller, particulars, *known[account])
        return
    known[account] = particulars, position
    said = (word(seller.get("seller_type")) or "").lower()
    marks = [said.upper(), *(mark for mark in ("confidential", "passthrough") if word(seller.get(f"is_{mark}")) == "1")]
    interface = make(
        Interface,
        position,
        shown(seller),
        id=subject,
        system=domain,
        protocol="openrtb",
        format="seller account",
        contract=" ".join(filter(None, ["sellers.json", *marks])),
    )
    yield interface
    if isinstance(interface, Reject):
        return
    if not confidential and company is None and word(seller.get("domain")):
        detail = f"the seller's domain {word(seller.get('domain'))!r:.80} is none; the account is listed without a seller"
        yield Finding(position=position, finding="not-a-domain", subject=subject, detail=detail)
    if company is None:
        return
    market.party(position, company, kind=_KINDS.get(said, said), name=name)
    market.company(position, company)
    if company != domain:
        # ``after`` is empty: an account is a permission. That somebody's inventory goes on from here only a chain shows.
        # No data set either: one that all accounts of an exchange share would join each of its routes with each.
        ends = {"from": company, "to": domain, "interface": subject, "after": ()}
        yield make(Route, position, shown(seller), id=f"sells:{company}>{subject}", **ends)


def _again(
    position: str, subject: str, seller: dict[str, Any], now: Particulars, before: Particulars, where: str
) -> Reject | Finding:
    if now[: len(_ENTITY)] != before[: len(_ENTITY)]:
        return Reject(
            position=position,
            reason=f"{subject} is given to another seller, first at {where}",
            hint="a seller_id stands for one company only (sellers.json, Object: Seller); the first was loaded",
            record=shown(seller),
        )
    detail = f"the account is listed again with other particulars, first at {where}; the first were loaded"
    return Finding(position=position, finding="duplicate-seller", subject=subject, detail=detail)
