"""One row of a table as facts: of a store (or zone, location, account), or of a licence."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from lineage.facts import Expectation, Finding, Grant, HandoffEvent, Identifier, Item, Reject, Said
from loaders._stores_said import SaidSoFar
from loaders._stores_values import country, instant, item_id, territories, text, texts, time
from loaders._stores_words import KINDS, NONE, OVER, first, normal, plain
from loaders.base import UnusableError, make

Values = Mapping[str, Any]


def store_row(position: str, values: Values, so_far: SaidSoFar) -> Iterator[Said]:
    """All that a row says of a store. Raises UnusableError, before anything was said, for a row that cannot be used."""
    facts = [*_store(position, values, so_far)]
    bad = [one for one in facts if isinstance(one, Reject)]
    yield from bad[:1] or facts


def _store(position: str, values: Values, so_far: SaidSoFar) -> Iterator[Said]:
    kind = text(values, "kind") or "store"
    if kind not in KINDS:
        raise UnusableError(f"kind: {kind!r} is none of {', '.join(KINDS)}", "map kind to a column that holds one of these")
    if (written := text(values, "store")) is None:
        raise UnusableError("it names no store", "fill in the store's id, or remove the row")
    store, own = item_id(written, kind), so_far.settings.word
    where, use = text(values, "territory"), text(values, "use")
    item = {
        "name": text(values, "name"),
        "part_of": tuple(item_id(one, "account") for one in texts(values, "part_of")),
        "territory": country(where, own) if where else None,
        "use": own.get(f"use.{plain(use)}", use) if use else None,
        "origin": text(values, "origin"),
    }
    item = {name: value for name, value in item.items() if value}
    standings = [*_standings(position, store, values, so_far)]
    events = [*_activation(position, store, values, so_far)]
    so_far.agree(store, {**item, **_told(standings)})
    yield from so_far.system(position, text(values, "origin"), text(values, "partner"))
    if item:
        yield make(Item, position, values, id=store, **item)
    for identifier in texts(values, "identifiers"):
        yield make(Identifier, position, values, item=store, identifier=identifier)
    for route in texts(values, "expected_on"):
        yield make(Expectation, position, values, item=store, route=route)
    yield from standings
    yield from events


def _told(standings: list[Said]) -> dict[str, str]:
    """What standings say, by aspect and beginning: of that a source can say one thing only. Heartbeats go on and on."""
    told = {}
    for one in standings:
        if not isinstance(one, Finding | Reject) and (aspect := getattr(one, "aspect", "playing")) != "playing":
            since = getattr(one, "valid_from", None)
            key = f"{aspect} since {since.isoformat()}" if since else aspect
            told[key] = f"{getattr(one, 'value', '')} until {getattr(one, 'valid_to', None) or 'now'}"
    return told


def _standings(position: str, store: str, values: Values, so_far: SaidSoFar) -> Iterator[Said]:
    by = {"by": said} if (said := text(values, "by")) else {}
    for aspect in ("eligibility", "subscription", "activation"):
        word = text(values, aspect)
        since, until = _period(aspect, values, so_far)
        if word is None and since is None and until is None:
            continue
        word = word or first(aspect)
        if since is None and normal(aspect, word, so_far.settings.word) in OVER:
            since, until = until, None
        yield from so_far.standing(position, store, aspect, word, valid_from=since, valid_to=until, **by)
    if (licence := text(values, "licence")) is not None:
        since, until = _period("licence", values, so_far)
        value = "none" if plain(licence) in NONE else item_id(licence, "licence")
        yield so_far.held(position, store, "licence", value, valid_from=since, valid_to=until, **by)
    word, at = text(values, "playing"), so_far.heard(instant(so_far.settings, values, "heard_at"))
    if word is not None or at is not None:
        yield from so_far.standing(position, store, "playing", word or first("playing"), valid_from=at, **by)


def _period(aspect: str, values: Values, so_far: SaidSoFar) -> tuple[datetime | None, datetime | None]:
    since = time(so_far.settings, values, f"{aspect}_since")
    until = time(so_far.settings, values, f"{aspect}_until", end=True)
    _in_order(aspect, since, until)
    return since, until


def _in_order(what: str, start: datetime | None, end: datetime | None) -> None:
    if start and end and end <= start:
        raise UnusableError(f"{what}: it ends ({end.isoformat()}) before it begins ({start.isoformat()})", "correct the dates")


def _activation(position: str, store: str, values: Values, so_far: SaidSoFar) -> Iterator[Said]:
    """An activation that was sent, and confirmed, as evidence: an item of its own, for a store may be activated again."""
    sent = instant(so_far.settings, values, "activation_sent_at")
    confirmed = instant(so_far.settings, values, "activation_confirmed_at")
    id_ = text(values, "activation_id")
    if sent is None and confirmed is None:
        return
    sender, receiver = text(values, "sender"), text(values, "receiver")
    if sender is None or receiver is None:
        raise UnusableError(
            "it says when an activation was sent or confirmed, and not between which systems",
            "say with --set constant.sender=SYSTEM --set constant.receiver=SYSTEM",
        )
    if id_ is None and sent is None:
        raise UnusableError(
            "it says when an activation was confirmed, and not which one", "map activation_id or activation_sent_at, too"
        )
    key = store.removeprefix("store:")
    activation = item_id(id_, "activation") if id_ else f"activation:{key}@{sent:%Y-%m-%dT%H:%M:%SZ}"
    yield make(Item, position, values, id=activation, part_of=(store,), origin=sender)
    ends = {"source": f"urn:lineage:system:{sender}", "item": activation, "from": sender, "to": receiver}
    for type_, at in (("sent", sent), ("received", confirmed)):
        if at is not None:
            # The confirmation is the receiver's word, whoever wrote it down.
            yield make(
                HandoffEvent, position, values, id=f"{activation}/{type_}", type=type_, time=at, message_id=activation, **ends
            )


def licence_row(position: str, values: Values, so_far: SaidSoFar) -> Iterator[Said]:
    """A licence and one of its terms. Raises UnusableError for a row that cannot be used."""
    if (written := text(values, "licence")) is None:
        raise UnusableError("it names no licence", "fill in the licence's id, or remove the row")
    settings, licence = so_far.settings, item_id(written, "licence")
    own = settings.word
    start, end = time(settings, values, "valid_from"), time(settings, values, "valid_to", end=True)
    withdrawn = time(settings, values, "withdrawn_at")
    _in_order(licence, start, end)
    terms: dict[str, Any] = {
        "licensor": text(values, "licensor"),
        "licensee": text(values, "licensee"),
        "territories": territories(values, _plural("territories", "territory", values, so_far), own),
        "excluded": territories(values, "excluded", own),
        "uses": tuple(own.get(f"use.{plain(one)}", one) for one in texts(values, _plural("uses", "use", values, so_far))),
        "models": texts(values, "models"),
    }
    terms = {name: value for name, value in terms.items() if value}
    # Its terms but not its end, so that a term that is prolonged stays the same one.
    text_of = repr((licence, sorted(terms.items()), start))
    grant = f"{licence}#{hashlib.sha256(text_of.encode()).hexdigest()[:12]}"
    so_far.agree(grant, {"valid_to": end, "withdrawn_at": withdrawn})
    name = text(values, "name")
    yield make(Item, position, values, id=licence, **({"name": name} if name else {}))
    yield make(Grant, position, values, id=grant, licence=licence, valid_from=start, valid_to=end, **terms)
    if withdrawn is not None:
        yield make(
            Grant, position, values, id=f"{grant}-withdrawn", licence=licence, valid_from=withdrawn, withdrawn=True, **terms
        )


def _plural(several: str, one: str, values: Values, so_far: SaidSoFar) -> str:
    """Which attribute holds the list: a table may call it by the singular; what is constant is said of stores."""
    return one if several not in values and one not in so_far.settings.constant else several
