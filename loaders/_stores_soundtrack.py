"""Answers of Soundtrack's GraphQL API: Account > Location > SoundZone, each zone with a subscription and a player of its own.

==========================================  ==========================================================================
object                                      becomes
==========================================  ==========================================================================
Account                                     item ``account:<system>:<id>``, territory by ``country``; its reseller a partner
Location                                    item ``store:<system>:<id>``, part of the account, territory by ``isoCountry``
SoundZone                                   item ``zone:<system>:<id>``, part of its location
SoundZoneSubscription                       subscription: ``state`` to ``activeUntil``; a cancelled one that ``isActive`` runs
                                            until then
ActivityLogItem SUBSCRIPTION_*              subscription from ``timestamp`` on
isPaired; ActivityLogItem DEVICE_(UN)PAIRED activation: a zone plays by the player that is paired with it
online with SoundZoneStatus                 playing, as read; HistoryTrack: played at ``startedAt``
==========================================  ==========================================================================

Source: the API's GraphQL schema (types of these names; api.soundtrackyourbrand.com/v2), "Each sound zone equals one subscription".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from lineage.facts import Finding, Identifier, Item, Partner, Reject, Said
from loaders._events import moment
from loaders._stores_said import SaidSoFar
from loaders._stores_values import country
from loaders.base import UnusableError, make, shown

SYSTEM = "soundtrack"
_FIELDS = {"account": "account", "accounts": "account", "location": "location", "locations": "location", "soundZone": "zone",
           "soundZones": "zone", "soundzone": "zone", "soundzones": "zone"}  # fmt: skip
_TYPES = {"Account": "account", "Location": "location", "SoundZone": "zone"}
_IDENTIFIERS = {"account": "account", "store": "location", "zone": "zone"}
_SUBSCRIPTION = {"SUBSCRIPTION_ACTIVATED": "active", "SUBSCRIPTION_RESUMED": "active", "SUBSCRIPTION_PAUSED": "paused",
                 "SUBSCRIPTION_CANCELLED": "cancelled"}  # fmt: skip
_PAIRING = {"DEVICE_PAIRED": "activated", "DEVICE_UNPAIRED": "deactivated"}
# SoundZoneStatusCode of a player that is online: these say that it plays, or that nobody hears it.
_HEARD = {"ALL_OK": "playing", "PAIRED": "playing", "PLAYER_MUTED": "silent"}
_HINT = "save the API's whole answer, with the ids of accounts, locations and sound zones in it"

Object = Mapping[str, Any]


@dataclass
class _Pages:
    """What was seen of one connection, over all answers: its ids, how many there are, whether a last page was among them."""

    position: str
    seen: set[str] = field(default_factory=set)
    total: int = 0
    ended: bool = False


class Answers:
    """Reads answers one after the other; pages of one connection may stand in several."""

    def __init__(self, so_far: SaidSoFar) -> None:
        self.so_far = so_far
        self.system = so_far.settings.system or SYSTEM
        self._pages: dict[tuple[str, str], _Pages] = {}

    def read(self, position: str, answer: Object) -> Iterator[Said]:
        """All that one answer says."""
        for error in _objects(answer.get("errors")):
            reason = f"the API answered with an error: {str(error.get('message') or shown(error))[:200]}"
            yield Reject(
                position=position, reason=reason, hint="ask again; what the answer does hold was loaded", record=shown(error)
            )
        data = answer.get("data") if "data" in answer or "errors" in answer else answer
        found = [*_roots(data)] if isinstance(data, dict) else []
        if not found and not answer.get("errors"):
            reason = "there is no account, location or sound zone in this answer"
            yield Reject(position=position, reason=reason, hint=_HINT, record=shown(answer))
        for kind, value in found:
            yield from self._connection(position, value, kind, None, kind)

    def unfinished(self) -> Iterator[Reject]:
        """A reject for each connection of which pages are missing: what stands on them must not pass for gone."""
        for (parent, name), pages in self._pages.items():
            if len(pages.seen) < pages.total or not pages.ended:
                known = f"{len(pages.seen)} of {pages.total}" if pages.total else f"only the first {len(pages.seen)}"
                yield Reject(
                    position=pages.position,
                    reason=f"{known} {name} of {parent} are here: the other pages are missing",
                    hint="load the answers of all pages together, as one directory",
                )

    def _connection(self, position: str, value: Any, kind: str, above: str | None, name: str) -> Iterator[Said]:
        """One object, a list of them, or a connection (``edges`` with ``node``)."""
        nodes = _nodes(value)
        if isinstance(value, dict) and "edges" in value and above is not None:
            pages = self._pages.setdefault((above, name), _Pages(position))
            pages.seen |= {str(one.get("id")) for one in nodes if isinstance(one, dict)}
            info = value.get("pageInfo")
            pages.total = max(pages.total, value["total"]) if isinstance(value.get("total"), int) else pages.total
            pages.ended |= not (isinstance(info, dict) and info.get("hasNextPage"))
        for one in nodes:
            try:
                yield from self._object(position, one, kind, above)
            except UnusableError as bad:
                yield Reject(position=position, reason=str(bad), hint=bad.hint, record=shown(one))

    def _object(self, position: str, one: Any, kind: str, above: str | None) -> Iterator[Said]:
        if not isinstance(one, dict) or not isinstance(one.get("id"), str) or not one["id"]:
            raise UnusableError(f"the {kind} has no id", _HINT)
        if kind == "account":
            yield from self._account(position, one)
        elif kind == "location":
            yield from self._location(position, one, above)
        else:
            yield from self._zone(position, one, above)

    def _item(self, position: str, one: Object, kind: str, above: str | None, **values: Any) -> Iterator[Said]:
        item = self._id(kind, one["id"])
        use = self.so_far.settings.constant.get("use")
        values = {
            **values,
            "name": _text(one, "businessName") or _text(one, "name"),
            "use": use,
            "part_of": (above,) if above else (),
        }
        yield from self.so_far.system(position, self.system)
        yield make(Item, position, one, id=item, origin=self.system, **{n: v for n, v in values.items() if v})
        yield make(Identifier, position, one, item=item, identifier=f"soundtrack:{_IDENTIFIERS[kind]}:{one['id']}")

    def _id(self, kind: str, id_: str) -> str:
        return f"{kind}:{self.system}:{id_}"

    def _country(self, one: Object, name: str) -> str | None:
        return country(written, self.so_far.settings.word) if (written := _text(one, name)) else None

    def _account(self, position: str, one: Object) -> Iterator[Said]:
        item = self._id("account", one["id"])
        details = {name: said for name in ("businessType", "plan") if (said := _text(one, name))}
        partner = one.get("partner")
        if isinstance(partner, dict) and _text(partner, "id"):
            id_, kind = f"soundtrack-partner:{partner['id']}", (_text(partner, "partnerType") or "").lower() or None
            yield make(Partner, position, partner, id=id_, name=_text(partner, "businessName"), zone="partner", kind=kind)
            details["partner"] = id_
        yield from self._item(position, one, "account", None, territory=self._country(one, "country"), details=details)
        for external in _objects(one.get("externalIds")):
            if (scheme := _text(external, "externalSystemName")) and (value := _text(external, "externalId")):
                yield make(Identifier, position, external, item=item, identifier=f"{scheme}:{value}")
        for name, kind in (("locations", "location"), ("soundZones", "zone")):
            if name in one:
                yield from self._connection(position, one[name], kind, item, name)

    def _location(self, position: str, one: Object, above: str | None) -> Iterator[Said]:
        account = one.get("account")
        above = above or (self._id("account", account["id"]) if isinstance(account, dict) and _text(account, "id") else None)
        yield from self._item(position, one, "store", above, territory=self._country(one, "isoCountry"))
        if "soundZones" in one:
            yield from self._connection(position, one["soundZones"], "zone", self._id("store", one["id"]), "soundZones")

    def _zone(self, position: str, one: Object, above: str | None) -> Iterator[Said]:
        zone = self._id("zone", one["id"])
        states = {
            name: shown(one[name]) for name in ("name", "subscription", "isPaired", "online") if one.get(name) is not None
        }
        self.so_far.agree(zone, states)
        for kind, name in (("store", "location"), ("account", "account")):
            inside = one.get(name)
            if isinstance(inside, dict) and _text(inside, "id") and (above is None or above.startswith("account:")):
                above = self._id(kind, inside["id"])
                break
        yield from self._item(position, one, "zone", above)
        log = sorted(_logged(position, one, zone), key=lambda entry: (entry[0], entry[1]))
        yield from self._subscription(position, zone, one.get("subscription"), log)
        yield from self._pairing(position, zone, one.get("isPaired"), log)
        yield from self._playing(position, zone, one)

    def _subscription(self, position: str, zone: str, said: Any, log: list[tuple[datetime, str]]) -> Iterator[Said]:
        changes = [(at, _SUBSCRIPTION[action]) for at, action in log if action in _SUBSCRIPTION]
        if not isinstance(said, dict) or not (state := _text(said, "state")):
            yield from self._changes(position, zone, "subscription", changes, None)
            return
        until, resumed = _time(said, "activeUntil"), _time(said, "reactivateAt")
        raw, now = {"raw": state}, state.lower()
        if state == "CANCELLED" and said.get("isActive") is True:
            # Paid for until then; the log's entry is the notice, not the end.
            changes, now = [one for one in changes if one[1] != "cancelled"], "active"
            if until is not None:
                yield self._held(position, zone, "subscription", "cancelled", valid_from=until, **raw)
        if now not in {"active", "paused", "cancelled", "expired", "inactive"}:
            yield from self.so_far.standing(position, zone, "subscription", state, by=self.system)
            return
        if now == "expired":
            yield from self._changes(position, zone, "subscription", changes, None)
            yield self._held(position, zone, "subscription", now, valid_from=until, **raw)
            return
        end = until if now == "active" else resumed if now == "paused" else None
        yield from self._changes(position, zone, "subscription", changes, now, valid_to=end, **raw)

    def _pairing(self, position: str, zone: str, paired: Any, log: list[tuple[datetime, str]]) -> Iterator[Said]:
        changes = [(at, _PAIRING[action]) for at, action in log if action in _PAIRING]
        now = {True: "activated", False: "deactivated"}.get(paired) if isinstance(paired, bool) else None
        yield from self._changes(position, zone, "activation", changes, now)

    def _changes(
        self, position: str, zone: str, aspect: str, changes: list[tuple[datetime, str]], now: str | None, **more: Any
    ) -> Iterator[Said]:
        """The changes that the log tells, and the state as read: that is the last change, or the log lacks some."""
        if now is not None and changes and changes[-1][1] != now:
            detail = f"{aspect} is {now}, and the last change in its log was to {changes[-1][1]}: the log lacks some and was not used"
            yield Finding(position=position, finding="log-differs", subject=zone, detail=detail)
            changes = []
        for at, value in changes[:-1]:
            yield self._held(position, zone, aspect, value, valid_from=at)
        if changes:
            at, value = changes[-1]
            end = more.pop("valid_to", None)
            yield self._held(position, zone, aspect, value, valid_from=at, valid_to=end if end and end > at else None, **more)
        elif now is not None:
            yield self._held(position, zone, aspect, now, **more)

    def _held(self, position: str, zone: str, aspect: str, value: str, **values: Any) -> Said:
        return self.so_far.held(position, zone, aspect, value, **{"by": self.system, **values})

    def _playing(self, position: str, zone: str, one: Object) -> Iterator[Said]:
        status = one.get("status")
        code = _text(status, "code") if isinstance(status, dict) else None
        if isinstance(one.get("online"), bool):
            if not one["online"]:
                yield self._held(position, zone, "playing", "silent", raw=code)
            elif code is None or code in _HEARD:
                yield self._held(position, zone, "playing", _HEARD.get(code or "", "playing"), raw=code)
            else:
                yield self._held(position, zone, "playing", "unknown", raw=code)
        for track in _nodes(one.get("playbackHistory")):
            if isinstance(track, dict) and (at := _time(track, "startedAt")) is not None:
                yield self._held(position, zone, "playing", "playing", valid_from=self.so_far.heard(at))


def _roots(data: Object) -> Iterator[tuple[str, Any]]:
    """What an answer is about: the fields of the query by their names, ``node`` by its type, ``me`` by its accounts."""
    if data.get("__typename") in _TYPES:
        yield _TYPES[data["__typename"]], data
        return
    for name, value in data.items():
        if isinstance(value, dict) and value.get("__typename") in _TYPES:
            yield _TYPES[value["__typename"]], value
        elif name in _FIELDS and value is not None:
            yield _FIELDS[name], value
        elif name == "me" and isinstance(value, dict) and "accounts" in value:
            yield "account", value["accounts"]


def _nodes(value: Any) -> list[Any]:
    if isinstance(value, dict) and isinstance(value.get("edges"), list):
        return [edge.get("node") for edge in value["edges"] if isinstance(edge, dict)]
    return value if isinstance(value, list) else [value] if isinstance(value, dict) else []


def _objects(value: Any) -> list[Object]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _text(one: Object, name: str) -> str | None:
    value = one.get(name)
    return value.strip() or None if isinstance(value, str) else None


def _time(one: Object, name: str) -> datetime | None:
    if (written := _text(one, name)) is None:
        return None
    try:
        return moment(written)[0]
    except UnusableError as bad:
        raise UnusableError(f"{name}: {str(bad).removeprefix('time: ')}", bad.hint) from bad


def _logged(position: str, one: Object, zone: str) -> Iterator[tuple[datetime, str]]:
    for entry in _nodes(one.get("activityLog")):
        if isinstance(entry, dict) and (action := _text(entry, "action")) and (at := _time(entry, "timestamp")):
            yield at, action
