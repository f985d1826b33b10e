"""Objects of the Spotify Ads API v3 (OpenAPI document "Ads API" 3.0.0, components/schemas) as facts.

An answer is a list envelope (``{"paging": ..., "campaigns": [...]}``), one object, or an error body.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from lineage.facts import (
    Dataset,
    DatasetField,
    Derivation,
    Expectation,
    HandoffEvent,
    Identifier,
    Interface,
    Item,
    Partner,
    Route,
    System,
)
from loaders._ads_kinds import (
    DETAILS,
    ENTITIES,
    EXPORT,
    LISTS,
    MAX_DETAIL,
    REVIEW,
    UPLOAD,
    address,
    changed,
    kind_of,
    objects,
    reasons,
    text,
    texts,
    type_of,
)
from loaders._events import moment
from loaders.base import Fact, Finding, Reject, Said, UnusableError, make, shown


@dataclass
class Objects:
    """Reads objects one after the other; a system or data set that many share is said once.

    ``system``: the id of Spotify's ad system. ``sender``: the system that creates and uploads, if it is known.
    ``routes``: the ids of the routes for upload, review and report.
    """

    system: str
    sender: str | None
    routes: Mapping[str, str]
    said: set[tuple[str, str]] = field(default_factory=set)

    def read(self, value: Any, position: str, name: str) -> Iterator[Said]:
        """All that one answer says; ``name``: of the file or path it came from."""
        if isinstance(value, list):
            for number, one in enumerate(value):
                yield from self._one(one, None, f"{position.rstrip('/')}/{number}", name)
            return
        if isinstance(value, dict):
            lists = [key for key in LISTS if isinstance(value.get(key), list)]
            if lists and ("id" not in value or "paging" in value):
                for key in lists:
                    for number, one in enumerate(value[key]):
                        yield from self._one(one, LISTS[key], f"{position.rstrip('/')}/{key}/{number}", name)
                return
        yield from self._one(value, None, position, name)

    def error(self, value: Mapping[str, Any], status: int | None, position: str) -> Iterator[Said]:
        """An error body: the refusal of a request that only its trace id names."""
        messages = "; ".join(texts(value.get("messages")))
        codes = [str(text(one.get("definition")) or text(one.get("code"))) for one in objects(value.get("error_codes"))]
        yield self._event(
            position,
            value,
            f"error:{text(value['sp_trace_id'])}",
            "failed" if (status or 400) >= 500 else "rejected",
            str(status) if status else "error",
            in_reply_to=value["sp_trace_id"],
            code=str(status) if status else None,
            detail=" | ".join(filter(None, [messages, ", ".join(codes)])) or None,
        )

    def _one(self, value: Any, kind: str | None, position: str, name: str) -> Iterator[Said]:
        if not isinstance(value, dict):
            yield Reject(
                position=position,
                reason="not an object of the Ads API",
                hint="save the API's whole answer",
                record=shown(value),
            )
            return
        if "sp_trace_id" in value and "messages" in value:
            yield from self.error(value, None, position)
            return
        kind = kind or kind_of(value, name)
        if kind is None:
            keys = ", ".join(str(text(key)) for key in list(value)[:8])
            yield Reject(
                position=position,
                reason=f"nothing says what object of the Ads API this is: it has only {keys or 'no key'}",
                hint="name the file after the call that it answers, such as getCampaigns.json",
                record=shown(value),
            )
            return
        id_ = text(value.get("id"))
        if kind not in {"row", "change", "report"} and id_ is None:
            yield Reject(
                position=position, reason=f"the {kind} has no id", hint="save the API's whole answer", record=shown(value)
            )
            return
        yield from self._once(Partner, position, "spotify", name="Spotify", zone="spotify")
        yield from self._once(System, position, self.system, name="Spotify Ads", partner="spotify", kind="ad-platform")
        yield from _READERS[kind](self, {**value, "id": id_}, position)

    def _once(self, fact: type[Fact], position: str, id_: str, **values: Any) -> Iterator[Said]:
        if (fact.__name__, id_) not in self.said:
            self.said.add((fact.__name__, id_))
            yield make(fact, position, None, id=id_, **values)

    def _event(self, position: str, record: Any, id_: str, type_: str, raw: str, **values: Any) -> Said:
        source = f"urn:lineage:system:{self.system}"
        return make(HandoffEvent, position, record, id=id_, source=source, type=type_, raw_type=raw, **values)

    def _ends(self) -> dict[str, str]:
        return {"to": self.system, **({"from": self.sender} if self.sender else {})}

    def _item(self, kind: str, value: Mapping[str, Any], position: str, **more: Any) -> Iterator[Said]:
        details = {key: said for key in DETAILS if (said := text(value.get(key)))}
        if isinstance(budget := value.get("budget"), dict):
            parts = [text(budget.get("micro_amount")), "micro", text(budget.get("currency")), text(budget.get("type"))]
            details["budget"] = " ".join(filter(None, parts))
        if why := reasons(value):
            details["reject_reason"] = why
        item = self._id(kind, value["id"])
        values = {"origin": self.sender, **more} if self.sender else more
        yield make(Item, position, value, id=item, name=text(value.get("name")), details=details, **values)
        yield make(Identifier, position, value, item=item, identifier=f"spotify:{kind}:{value['id']}")

    def _id(self, kind: str, id_: Any) -> str:
        return f"{kind}:spotify-ads:{id_}"

    def _state(
        self, kind: str, value: Mapping[str, Any], position: str, words: Mapping[str, str], route: str
    ) -> Iterator[Said]:
        status = text(value.get("status"))
        if status is None:
            return
        type_ = words.get(status, "unknown")
        at = text(value.get("updated_at")) or text(value.get("created_at"))
        if type_ == "queued":
            at = text(value.get("created_at")) or at
        yield from self._dated(
            position,
            value,
            f"{kind}:{value['id']}:{status}:{at or ''}",
            type_,
            status,
            at,
            item=self._id(kind, value["id"]),
            route=self.routes[route],
            detail=reasons(value) or None,
            **self._ends(),
        )

    def _dated(
        self, position: str, record: Any, id_: str, type_: str, raw: str, at: str | None, **values: Any
    ) -> Iterator[Said]:
        """Evidence at a time as the API writes it (RFC 3339); one that is no time costs only itself, with a finding."""
        if at is not None:
            try:
                values["time"], values["offset"] = moment(at)
            except UnusableError as bad:
                yield Finding(position=position, finding="no-time", subject=id_, detail=f"{bad}; it counts as undated")
        yield self._event(position, record, id_, type_, raw, **values)

    def business(self, value: Mapping[str, Any], position: str) -> Iterator[Said]:
        """An advertiser or agency: a partner."""
        kind = (text(value.get("type")) or "").lower().replace("_", "-") or None
        yield make(
            Partner,
            position,
            value,
            id=f"spotify-business:{value['id']}",
            name=text(value.get("name")),
            zone="partner",
            kind=kind,
        )

    def ad_account(self, value: Mapping[str, Any], position: str) -> Iterator[Said]:
        """An ad account: a system of its business."""
        business = text(value.get("business_id"))
        partner = f"spotify-business:{business}" if business else None
        name = text(value.get("name"))
        yield make(
            System, position, value, id=f"spotify-ad-account:{value['id']}", name=name, partner=partner, kind="ad-account"
        )

    def campaign(self, value: Mapping[str, Any], position: str) -> Iterator[Said]:
        """The top of the item tree."""
        yield from self._item("campaign", value, position)

    def ad_set(self, value: Mapping[str, Any], position: str) -> Iterator[Said]:
        """An ad set, its review, and the fields that its targeting uses."""
        campaign = text(value.get("campaign_id"))
        yield from self._item("ad-set", value, position, part_of=self._id("campaign", campaign) if campaign else ())
        yield from self._state("ad-set", value, position, REVIEW, "review")
        targets = value.get("targets")
        if isinstance(targets, dict) and targets:
            yield from self._once(Dataset, position, "spotify-ads:targeting", name="Targeting of ad sets")
            for key, target in targets.items():
                if ("Field", key) not in self.said:
                    self.said.add(("Field", key))
                    yield make(
                        DatasetField, position, value, dataset="spotify-ads:targeting", name=str(key), type=type_of(target)
                    )
            for audience in (*texts(targets.get("audience_ids")), *texts(targets.get("audience_ids_exclusions"))):
                yield from self._derived(position, f"spotify-ads:audience:{audience}", "spotify-ads:targeting")
        if dataset := text(value.get("dataset_id")):
            yield from self._derived(position, f"spotify-ads:dataset:{dataset}", "spotify-ads:targeting")

    def ad(self, value: Mapping[str, Any], position: str) -> Iterator[Said]:
        """An ad, its review, the assets that it uses, and who measures it."""
        ad_set = text(value.get("ad_set_id"))
        yield from self._item("ad", value, position, part_of=self._id("ad-set", ad_set) if ad_set else ())
        yield from self._state("ad", value, position, REVIEW, "review")
        nested = value.get("assets")
        # The document nests them; recorded answers have asset_id at the top.
        uses = {**value, **(nested if isinstance(nested, dict) else {})}
        for key in ("asset_id", "companion_asset_id", "logo_asset_id", "canvas_asset_id"):
            if asset := text(uses.get(key)):
                yield make(Item, position, value, id=self._id("asset", asset), part_of=self._id("ad", value["id"]))
        for tracking in objects(value.get("third_party_tracking")):
            if (partner := text(tracking.get("measurement_partner"))) and partner != "UNSET":
                yield from self._measured(partner.lower(), tracking, value["id"], position)

    def _measured(self, partner: str, tracking: Mapping[str, Any], ad: Any, position: str) -> Iterator[Said]:
        yield from self._once(Partner, position, partner, name=partner.upper(), zone="partner", kind="measurement")
        yield from self._once(System, position, partner, name=partner.upper(), partner=partner, kind="measurement")
        yield from self._once(Dataset, position, "spotify-ads:tracking", name="Ad tracking calls")
        route = f"ads-tracking:{partner}"
        values: dict[str, Any] = {"from": self.system, "to": partner, "dataset": "spotify-ads:tracking"}
        if (url := address(tracking.get("url"))) is not None:
            endpoint, interface = f"{url.scheme}://{url.hostname}", f"{partner}:{url.hostname}"
            yield from self._once(Interface, position, interface, system=partner, protocol=url.scheme, endpoint=endpoint)
        yield from self._once(Route, position, route, **values)
        yield make(Expectation, position, tracking, item=self._id("ad", ad), route=route)

    def asset(self, value: Mapping[str, Any], position: str) -> Iterator[Said]:
        """A creative file, and how far its upload came."""
        yield from self._item("asset", value, position)
        yield from self._state("asset", value, position, UPLOAD, "upload")

    def audience(self, value: Mapping[str, Any], position: str) -> Iterator[Said]:
        """An audience: a data set, made from the data sets and audiences that it names."""
        own = f"spotify-ads:audience:{value['id']}"
        yield make(Dataset, position, value, id=own, name=text(value.get("name")))
        for source in objects(value.get("datasets")):
            if id_ := text(source.get("id")):
                yield from self._derived(position, f"spotify-ads:dataset:{id_}", own)
        if seed := text(value.get("seed_audience_id")):
            yield from self._derived(position, f"spotify-ads:audience:{seed}", own)
        for made in texts(value.get("lookalike_audience_ids")):
            yield from self._derived(position, own, f"spotify-ads:audience:{made}")

    def dataset(self, value: Mapping[str, Any], position: str) -> Iterator[Said]:
        """A data set of conversion events (Pixel, Conversions API), with the fields that its pixel matches by."""
        yield make(Dataset, position, value, id=f"spotify-ads:dataset:{value['id']}", name=text(value.get("name")))
        if isinstance(pixel := value.get("pixel"), dict):
            yield from self._matched(pixel, f"spotify-ads:dataset:{value['id']}", position)

    def pixel(self, value: Mapping[str, Any], position: str) -> Iterator[Said]:
        """A pixel: what it matches by are fields of its data set."""
        own = f"spotify-ads:dataset:{text(value.get('dataset_id')) or value['id']}"
        yield make(Dataset, position, value, id=own)
        yield from self._matched(value, own, position)

    def _matched(self, pixel: Mapping[str, Any], dataset: str, position: str) -> Iterator[Said]:
        for name in texts(pixel.get("aam_fields")):
            yield make(DatasetField, position, pixel, dataset=dataset, name=name, type="text")

    def mobile_app(self, value: Mapping[str, Any], position: str) -> Iterator[Said]:
        """A mobile app: a system of the advertiser's, whose events fill its data set."""
        own = f"spotify-mobile-app:{value['id']}"
        yield make(System, position, value, id=own, name=text(value.get("name")), kind="mobile-app")
        if dataset := text(value.get("dataset_id")):
            yield from self._once(Dataset, position, f"spotify-ads:dataset:{dataset}")
            ends = {"from": own, "to": self.system, "dataset": f"spotify-ads:dataset:{dataset}"}
            yield make(Route, position, value, id=f"ads-events:{value['id']}", **ends)

    def report(self, value: Mapping[str, Any], position: str) -> Iterator[Said]:
        """An asynchronous report: an item, and how far its export came. READY proves that it was made, not that anybody took it."""
        url = address(value.get("report_url"))
        path = url.path if url is not None else ""
        key = text(value.get("id")) or "/".join(path.removesuffix(".csv").split("/")[-2:])
        if not key:
            yield Reject(
                position=position,
                reason="the report has neither id nor report_url: nothing says which one it is",
                hint="save the answer of the call that created it, too, or wait until it is READY",
                record=shown(value),
            )
            return
        item, status = self._id("report", key), text(value.get("status")) or "CREATED"
        yield make(Item, position, value, id=item, name=path.rsplit("/", 1)[-1] or None, origin=self.system)
        endpoint = None
        if url is not None:
            # Without its query: that is a signature, with which anybody can fetch the report.
            endpoint, interface = f"{url.scheme}://{url.hostname}{path}", f"ads-report:{url.hostname}"
            host = f"{url.scheme}://{url.hostname}"
            yield from self._once(
                Interface, position, interface, system=self.system, protocol=url.scheme, format="CSV", endpoint=host
            )
        type_ = "queued" if status == "CREATED" else EXPORT.get(status, "unknown")
        at = text(value.get("submitted_at" if type_ == "queued" else "completed_at"))
        ends: dict[str, str] = {"route": self.routes["report"], "from": self.system}
        yield from self._dated(position, value, f"report:{key}:{status}", type_, status, at, item=item, detail=endpoint, **ends)

    def row(self, value: Mapping[str, Any], position: str) -> Iterator[Said]:
        """A row of an aggregate report: its metrics are fields of a data set, its entity an item."""
        yield from self._once(Dataset, position, "spotify-ads:aggregate-report", name="Aggregate report")
        for stat in objects(value.get("stats")):
            name = text(stat.get("field_type"))
            if name and ("Metric", name) not in self.said:
                self.said.add(("Metric", name))
                type_ = type_of(stat.get("field_value")).replace("integer", "number")  # a sum may be whole by chance
                yield make(DatasetField, position, value, dataset="spotify-ads:aggregate-report", name=name, type=type_)
        kind, id_ = ENTITIES.get(str(value.get("entity_type"))), text(value.get("entity_id"))
        if kind and id_:
            yield make(Item, position, value, id=self._id(kind, id_), name=text(value.get("entity_name")))

    def change(self, value: Mapping[str, Any], position: str) -> Iterator[Said]:
        """A row of the change history: who changed what; a change of status is evidence of its kind."""
        entity, id_ = text(value.get("entity_type")) or "", text(value.get("entity_id"))
        kind, change = ENTITIES.get(entity), text(value.get("change_id"))
        if kind is None or id_ is None or change is None:
            if change is not None and entity in {"AD_ACCOUNT", "BUSINESS"}:
                yield Finding(
                    position=position,
                    finding="not-an-item",
                    subject=change,
                    detail=f"it changes the {entity} {id_}",
                )
                return
            yield Reject(
                position=position,
                reason="the change names no entity that travels",
                hint="save the API's whole answer",
                record=shown(value),
            )
            return
        changes = objects(value.get("changes"))
        status = next((changed(one, "after") for one in changes if str(one.get("field_type")).lower() == "status"), None)
        operation = text(value.get("operation")) or "CHANGED"
        type_ = REVIEW.get(status or "", "unknown") if kind in {"ad", "ad-set"} else "unknown"
        if operation == "CREATED" and status is None and kind in {"ad", "ad-set"}:
            type_ = "received"
        actor = value["actor"] if isinstance(value.get("actor"), dict) else {}
        who = text(actor.get("name")) or text(actor.get("principal_id"))
        what = [f"{text(one.get('field_type'))}: {changed(one, 'before')} -> {changed(one, 'after')}" for one in changes]
        yield make(Item, position, value, id=self._id(kind, id_), name=text(value.get("entity_name")))
        yield from self._dated(
            position,
            value,
            f"change:{change}",
            type_,
            status or operation,
            text(value.get("timestamp")),
            item=self._id(kind, id_),
            route=self.routes["review"],
            detail="; ".join([*what, f"by {who}" if who else ""]).strip("; ")[:MAX_DETAIL] or None,
            **self._ends(),
        )

    def _derived(self, position: str, made_from: str, to: str) -> Iterator[Said]:
        values = {"from_label": "Dataset", "from": made_from, "to_label": "Dataset", "to": to}
        if ("Derivation", f"{made_from}>{to}") not in self.said:
            self.said.add(("Derivation", f"{made_from}>{to}"))
            yield make(Derivation, position, None, **values)


_READERS: dict[str, Callable[[Objects, Mapping[str, Any], str], Iterator[Said]]] = {
    "business": Objects.business, "ad_account": Objects.ad_account, "campaign": Objects.campaign, "ad_set": Objects.ad_set,
    "ad": Objects.ad, "asset": Objects.asset, "audience": Objects.audience, "dataset": Objects.dataset, "pixel": Objects.pixel,
    "mobile_app": Objects.mobile_app, "report": Objects.report, "row": Objects.row, "change": Objects.change,
}  # fmt: skip
