"""The ad supply chain: who may sell whose advertising inventory, by whom it was sold.

Three documents, told apart by their content. None of them holds the domain it speaks for, except chains: see ``domain``.

* sellers.json (IAB Tech Lab, 1.0 and 1.1): the ad system is a System and a Partner; each account an Interface
  ``<ad system>/<seller_id>`` of it, which makes the account *listed*; each seller with a domain a System, a Partner and a Route
  ``sells:<seller>><ad system>/<seller_id>``. seller_type, passthrough and confidential stand in the interface's contract. A
  confidential seller is its account only. A seller_id given to two companies is refused ("Object: Seller").
* ads.txt, app-ads.txt (IAB Tech Lab, 1.1): the publisher is a System and a Partner; each record a Route
  ``authorises:<publisher>><ad system>/<account>`` that names the account without declaring it, carrying the data set
  ``ad-inventory:<publisher>:direct`` or ``:reseller``. CONTACT is a Contact, OWNERDOMAIN the Partner, SUBDOMAIN a System,
  MANAGERDOMAIN a Route ``manages:``, INVENTORYPARTNERDOMAIN a Route ``shares:``; other variables are skipped.
* OpenRTB 2.x with a SupplyChain object (1.0 and 1.1), or the object alone, one or many (JSON Lines): each node's asi is a
  System, each step a Route ``schain:<way so far>`` ``after`` the one before. Nodes with hp=0 (technical hops) are steps too.

Correlation: seller_id of sellers.json = field 2 of an ads.txt record = sid of a chain's node (sellers.json 1.1, "Object:
Seller"), each at one ad system: the interface ``<ad system>/<id>``. An account that chains or ads.txt name and that no
sellers.json lists stays undeclared; the library query ``unlisted_sellers`` finds those whose ad system did publish its list, and
a load that holds both says it as a finding. No route has an item kind: such a route is never expected.
"""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import Field, field_validator

from loaders._supply_ads_txt import read_ads_txt
from loaders._supply_facts import Market, domain_of
from loaders._supply_schain import chain_in, nothing_in, read_chain
from loaders._supply_sellers import read_sellers, sellers_json
from loaders.base import Document, Reject, Said, Settings, Source, feed, json_values

_BOM = b"\xef\xbb\xbf"
_HEAD_BYTES = 4096


class SupplySettings(Settings):
    """``domain``: whose sellers.json or ads.txt it is, where neither address nor file name says it."""

    domain: str | None = Field(
        default=None, description="whose sellers.json or ads.txt it is, where neither address nor name says it"
    )

    @field_validator("domain")
    @classmethod
    def _a_domain(cls, value: str | None) -> str | None:
        if value is not None and (value := domain_of(value)) is None:
            raise ValueError("write a domain such as example.com")
        return value


@feed(
    name="supply-chain",
    title="Ad supply chain",
    formats="sellers.json 1.0 and 1.1, ads.txt and app-ads.txt 1.1, OpenRTB 2.x with SupplyChain",
    contributes="ad systems, publishers and seller accounts; who may sell for whom, and by whom inventory was sold",
    patterns=("*.json", "*.jsonl", "*.ndjson", "ads.txt", "*.ads.txt", "*-ads.txt", "*_ads.txt"),
    authority="contract",
    example="lineage load supply-chain https://example.com/sellers.json",
    settings=SupplySettings,
)
def read(source: Source, settings: SupplySettings) -> Iterator[Said]:
    """Every document of the source; then the systems and partners that they name, and chains with unlisted sellers."""
    market = Market()
    yield from source.each(lambda document: _read_document(document, market, settings.domain))
    yield from market.parties()
    yield from market.unlisted()


def _read_document(document: Document, market: Market, domain: str | None) -> Iterator[Said]:
    with document.open() as stream:
        head = stream.read(_HEAD_BYTES).removeprefix(_BOM).lstrip()
    name = document.name.lower().removesuffix(".gz")
    named_json = name.endswith((".json", ".jsonl", ".ndjson"))
    if not head:
        yield Reject(position=document.at("file"), reason="the file is empty", hint="fetch it again")
    elif head.startswith(b"<"):
        hint = "an ads.txt is text, a sellers.json or bid request JSON; this may be an error page"
        yield Reject(position=document.at("line 1"), reason="not a supply chain document but HTML or XML", hint=hint)
    elif named_json or head[:1] in b"{[" or b"\x00" in head:
        values = sellers_json if name.endswith("sellers.json") and b"\x00" not in head else json_values
        for found in values(document):
            yield from [found] if isinstance(found, Reject) else _read_value(document, market, domain, *found)
    else:
        yield from read_ads_txt(market, document, domain)


def _read_value(document: Document, market: Market, domain: str | None, position: str, value: object) -> Iterator[Said]:
    if isinstance(value, dict) and "sellers" in value:
        yield from read_sellers(market, document, position, value, domain)
    elif isinstance(value, dict) and (found := chain_in(value)) is not None:
        yield from read_chain(market, position, value, *found)
    else:
        yield nothing_in(position, value)
