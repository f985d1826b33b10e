"""Release notifications and media enrichment: what is delivered to whom, and on which terms.

A licence is what one sender allows one recipient with one release. Each message settles it anew: "New deal terms received in an
update NewReleaseMessage completely replace all existing deals for the Release, effective on the MessageCreatedDate" (ERN 4.1,
6.5.1), and no deal is no deal. So each message is a version of the licence, and its deals are grants of that version.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from lineage.facts import Finding, Grant, HandoffEvent, Item
from loaders._ddex_catalogue import Catalogue
from loaders._ddex_deals import Terms, effective, read_deal
from loaders._ddex_message import Message, Party
from loaders._ddex_names import Described, described, identified
from loaders._elements import Element, child, children, named, text, within, written
from loaders._music import WORLDWIDE
from loaders.base import Reject, Said, UnusableError, make

_RESOURCES = frozenset({"soundrecording", "video"})
_PURGE = Terms((WORLDWIDE,), (), (), (), None, None, withdrawn=True)


@dataclass(frozen=True)
class _Release:
    """A release of a message: the item, what else is in the grants of its deals, and where it stands."""

    item: str
    title: str | None
    recordings: tuple[str, ...]
    position: str

    @property
    def key(self) -> str:
        """The item's id without its kind."""
        return self.item.partition(":")[2]


def read_new(message: Message, catalogue: Catalogue) -> Iterator[Said]:
    """A NewReleaseMessage."""
    catalogue.message(message, "ddex:ern")
    yield from _Notification(message, catalogue).said()


@dataclass
class _Notification:
    """A NewReleaseMessage being read: its resources, releases and terms by the references that it uses itself."""

    message: Message
    catalogue: Catalogue
    resources: dict[str, Described] = field(default_factory=dict)
    releases: dict[str, _Release] = field(default_factory=dict)
    terms: dict[str, list[tuple[str, Terms]]] = field(default_factory=dict)
    since: dict[str, datetime | None] = field(default_factory=dict)

    def said(self) -> Iterator[Said]:
        """All of it, but what the catalogue says in the end."""
        message, catalogue = self.message, self.catalogue
        yield from self.read_resources()
        yield from self.read_releases()
        if not self.releases:
            reason = "the message has no release that can be named: nothing says what its deals are about"
            hint = "ask the sender for the message with its ReleaseList"
            yield Reject(position=message.at(message.root), reason=reason, hint=hint)
            return
        for element in children(child(message.root, "deallist"), "releasedeal"):
            yield from self.read_release_deal(element)
        for reference, release in self.releases.items():
            since = self.since.get(reference, message.time)
            yield from _settle(release, message, catalogue, self.terms.get(reference, []), since)
            yield from _sent(release.item, "ddex:ern", message, catalogue)

    def read_resources(self) -> Iterator[Reject]:
        """Recordings and videos; pictures and texts are no resources that a deal is about."""
        for element in _listed(self.message.root, "resourcelist"):
            if named(element) not in _RESOURCES:
                continue
            known = described("recording", element, self.message)
            if known is None:
                yield _nameless(element, self.message)
                continue
            self.catalogue.described(known, self.message, self.message.at(element))
            if (reference := text(child(element, "resourcereference"))) is not None:
                self.resources[reference] = known

    def read_releases(self) -> Iterator[Reject]:
        """Release, and TrackRelease and ClipRelease of ERN 4."""
        message, catalogue = self.message, self.catalogue
        for element in _listed(message.root, "releaselist"):
            if not named(element).endswith("release"):
                continue
            known = described("release", element, message)
            if known is None:
                yield _nameless(element, message)
                continue
            references = [text(one) or "" for one in within(element) if named(one) == "releaseresourcereference"]
            items = [name.item for one in references if one in self.resources for name in self.resources[one].names]
            release = _Release(known.names[0].item, known.title, tuple(dict.fromkeys(items)), message.at(element))
            catalogue.described(known, message, release.position, origin=message.sender.system(catalogue.settings))
            catalogue.contains(release.item, message, release.recordings)
            self.releases[text(child(element, "releasereference")) or release.item] = release

    def read_release_deal(self, element: Element) -> Iterator[Reject]:
        """Sort the deals of a ReleaseDeal under the releases that they are about."""
        message = self.message
        references = [text(one) or "" for one in children(element, "dealreleasereference")]
        for reference in (one for one in references if one not in self.releases):
            reason = f"DealReleaseReference {reference[:60]!r} names no release of this message"
            yield Reject(position=message.at(element), reason=reason, hint="ask the sender which release the deal is about")
        found: list[tuple[str, Terms]] = []
        begins = message.time
        for number, deal in enumerate(children(element, "deal"), start=1):
            position = message.at(deal, f"Deal[{number}] of {', '.join(references)[:60]}")
            try:
                begins = effective(element, message)
                for one in read_deal(deal, message):
                    if isinstance(one, Finding):
                        self.catalogue.note(one)
                    else:
                        found.append((position, one))
            except UnusableError as error:
                yield Reject(position=position, reason=str(error), hint=error.hint)
        for reference in (one for one in references if one in self.releases):
            self.terms.setdefault(reference, []).extend(found)
            self.since[reference] = begins


def read_purge(message: Message, catalogue: Catalogue) -> Iterator[Said]:
    """A PurgeReleaseMessage: the release must go, everywhere."""
    catalogue.message(message, "ddex:ern")
    for element in children(message.root, "purgedrelease"):
        position = message.at(element)
        one = identified("release", child(element, "releaseid"), message, message.sender.id)
        if one is None:
            yield _nameless(element, message)
            continue
        catalogue.named(one, position)
        release = _Release(one.item, None, (), position)
        yield from _settle(release, message, catalogue, [(position, _PURGE)], message.time)
        yield from _sent(one.item, "ddex:ern", message, catalogue)


def read_mead(message: Message, catalogue: Catalogue) -> Iterator[Said]:
    """A MeadMessage: more about recordings and releases; nothing about licences."""
    catalogue.message(message, "ddex:mead")
    items = []
    for kind, summary in (("recording", "resourcesummary"), ("release", "releasesummary")):
        for element in (one for one in within(message.root) if named(one) == summary):
            known = described(kind, element, message)
            if known is None:
                yield _nameless(element, message)
                continue
            catalogue.described(known, message, message.at(element))
            items += [one.item for one in known.names]
    if not items:
        reason = "the message is about no recording and no release: there is nothing in it that travels"
        yield Reject(position=message.at(message.root), reason=reason, hint="leave out MEAD messages about parties or works")
    for item in dict.fromkeys(items):
        yield from _sent(item, "ddex:mead", message, catalogue)


def _listed(root: Element, name: str) -> list[Element]:
    return [element for one in children(root, name) for element in one]


def _nameless(element: Element, message: Message) -> Reject:
    reason = f"the {written(element)} has no identifier: what is said of it cannot be tied to anything"
    return Reject(position=message.at(element), reason=reason, hint="ask the sender for its GRid, ICPN, ISRC or proprietary id")


def _settle(
    release: _Release, message: Message, catalogue: Catalogue, terms: list[tuple[str, Terms]], since: datetime | None
) -> Iterator[Said]:
    """The licence of each recipient for a release, as this message settles it, with a grant for each of its deals."""
    for recipient in message.recipients:
        key = f"{message.sender.id}:{recipient.id}:{release.key}"
        licence, version = f"licence:ddex:{key}", f"ddex:{key}@{message.stamp}#{message.digest}"
        name = f"{release.title or release.key}: {message.licensor.name or message.licensor.id} to {recipient.name or recipient.id}"
        catalogue.item(licence, message.order, release.position, name=name)
        withdrawn = any(one.withdrawn for _, one in terms)
        catalogue.settled(licence, message, release.position, withdrawn=withdrawn)
        said = {
            "message_id": message.id,
            "message_thread_id": message.thread,
            "message_type": message.word,
            "update_indicator": text(child(message.root, "updateindicator")),
        }
        yield make(
            Item, release.position, version,
            id=f"licence:{version}", name=name, version_of=licence, published_at=since,
            details={key: value for key, value in said.items() if value},
        )  # fmt: skip
        for number, (position, one) in enumerate(terms, start=1):
            yield _grant(f"{version}/{number}", position, one, release, message, recipient, catalogue)


def _grant(
    id_: str, position: str, terms: Terms, release: _Release, message: Message, recipient: Party, catalogue: Catalogue
) -> Said:
    # A release that is taken down leaves its recordings alone: another release may have them still.
    covers = (release.item,) if terms.withdrawn else (release.item, *release.recordings)
    values: dict[str, Any] = {
        "covers": covers,
        "licence": f"licence:{id_.rpartition('/')[0]}",
        "licensor": message.licensor.partner(catalogue.settings),
        "licensee": recipient.partner(catalogue.settings),
        "territories": terms.territories,
        "excluded": terms.excluded,
        "uses": terms.uses,
        "models": terms.models,
        "valid_from": terms.valid_from or message.time,
        "valid_to": terms.valid_to,
        "withdrawn": terms.withdrawn,
    }
    return make(Grant, position, id_, id=id_, **values)


def _sent(item: str, dataset: str, message: Message, catalogue: Catalogue) -> Iterator[Said]:
    """That the message with this release was sent, to each recipient."""
    sender = message.sender.system(catalogue.settings)
    for recipient in message.recipients:
        receiver = recipient.system(catalogue.settings)
        if receiver == sender:
            detail = f"sender and recipient are {message.sender.id}: nothing was handed over"
            catalogue.note(
                Finding(position=message.at(message.root), finding="message-to-itself", subject=message.name, detail=detail)
            )
            continue
        event = {
            "id": f"{message.name}:{message.digest}:{recipient.id}:{item}",
            "source": f"urn:lineage:system:{sender}",
            "type": "sent",
            "raw_type": message.word,
            "time": message.time,
            "offset": message.offset,
            "item": item,
            "from": sender,
            "to": receiver,
            "dataset": dataset,
            "message_id": message.id,
        }
        yield make(HandoffEvent, message.at(message.root), item, **event)
