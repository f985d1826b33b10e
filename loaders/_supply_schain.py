"""The SupplyChain object, IAB Tech Lab, 1.0 and 1.1, in a bid request of OpenRTB 2.x or by itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lineage.facts import Finding, Route
from loaders._supply_facts import AD_SYSTEM, Market, domain_of, word
from loaders.base import Reject, Said, shown

# Implementation Guidance, "Placement in the Bid Request": 2.6 and later, 2.5, 2.4 and prior.
_PLACES = (("source", "schain"), ("source", "ext", "schain"), ("ext", "schain"), ("schain",))
_SELLERS = ("site", "app", "dooh")
_MAX_NODES = 50
_HINT = "a SupplyChain has nodes, each with asi (the ad system's domain) and sid (the seller's account there)"


def chain_in(value: dict[str, Any]) -> tuple[str, Any] | None:
    """The chain in a bid request, or the object itself if it is one, with its JSON pointer; None if there is none."""
    if "nodes" in value:
        return "", value
    for place in _PLACES:
        part: Any = value
        for key in place:
            part = part.get(key) if isinstance(part, dict) else None
        if part is not None:
            return "/" + "/".join(place), part
    return None


def read_chain(market: Market, position: str, request: dict[str, Any], pointer: str, chain: Any) -> Iterator[Said]:
    """The ad systems of a chain, and a route between each two.

    A node (asi, sid) says that the one before it, or the seller if it is the first, sold through account sid at asi.
    """
    position = f"{position.rstrip('/')}{pointer}" or position
    nodes = chain.get("nodes") if isinstance(chain, dict) else None
    if not isinstance(nodes, list) or not nodes:
        yield Reject(position=position, reason="the supply chain has no list of nodes", hint=_HINT, record=shown(chain))
        return
    if len(nodes) > _MAX_NODES:
        reason = f"a chain of {len(nodes)} nodes; no honest one has more than {_MAX_NODES}"
        yield Reject(position=position, reason=reason, hint="check what wrote it; none of it was loaded")
        return
    sender = _seller(request, chain, nodes)
    way = sender or ""
    if sender is not None:
        market.party(position, sender)
    after: tuple[str, ...] = ()
    for index, node in enumerate(nodes):
        where = f"{position}/nodes/{index}"
        system = domain_of(node.get("asi")) if isinstance(node, dict) else None
        if system is None:
            reason = "the node's asi is missing or no domain" if isinstance(node, dict) else "the node is not a JSON object"
            yield Reject(position=where, reason=reason, hint=_HINT, record=shown(node))
            # Who stands before and behind the gap did not hand over to each other.
            sender, after, way = None, (), f"{way}>?"
            continue
        market.party(where, system, kind=AD_SYSTEM)
        account = word(node.get("sid"))
        interface = f"{system}/{account}" if account else None
        if interface and account:
            market.used.setdefault((system, account), where)
        else:
            detail = "the node has no sid, so that nobody can tell whom the ad system pays"
            yield Finding(position=where, finding="no-seller-id", subject=system, detail=detail)
        way = f"{way}>{interface or system}" if way else interface or system
        if sender is not None and sender != system:
            # The id is the way so far: the same pair on another way is another route, with another one before it.
            route = f"schain:{way}"
            ends = {"from": sender, "to": system, "interface": interface, "after": after}
            yield from market.once(Route, where, route, shown(node), id=route, **ends)
            after = (route,)
        sender = system
    if word(chain.get("complete")) == "0":
        detail = "complete is 0: somebody before the first node took part and is not named"
        yield Finding(position=position, finding="incomplete-chain", subject=way[:300], detail=detail)


def _seller(request: dict[str, Any], chain: dict[str, Any], nodes: list[Any]) -> str | None:
    """Who sold through the first node's account, where the request says it.

    The node's own domain; else the publisher, who is "paid by the exchange" (OpenRTB 2.6, section 3.2.15) that sends the request
    and so is the first node's seller if there is one node only; else the owner of the site or app, if the chain is complete.
    """
    if isinstance(nodes[0], dict) and (named := domain_of(nodes[0].get("domain"))):
        return named
    for key in _SELLERS:
        place = request.get(key)
        if not isinstance(place, dict):
            continue
        publisher = place.get("publisher")
        if len(nodes) == 1 and isinstance(publisher, dict) and (named := domain_of(publisher.get("domain"))):
            return named
        if word(chain.get("complete")) in {"1", "2"} and (named := domain_of(place.get("domain"))):
            return named
    return None


def nothing_in(position: str, value: Any) -> Reject:
    """The reject of a document that says nothing of who sells for whom."""
    if not isinstance(value, dict):
        return Reject(position=position, reason="no supply chain in it: not a JSON object", hint=_HINT, record=shown(value))
    what = "a bid response" if "seatbid" in value else "a bid request" if {"imp", "site", "app"} & set(value) else "an object"
    return Reject(
        position=position,
        reason=f"no supply chain in it: {what} without source.schain, source.ext.schain, ext.schain, nodes or sellers",
        hint="give sellers.json, ads.txt, or bid requests that carry a SupplyChain object",
        record=shown(value),
    )
