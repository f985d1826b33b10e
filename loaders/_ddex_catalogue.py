"""What all messages of a load say together: each party, release, recording and licence once, as the newest message has it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from lineage.facts import Dataset, Finding, Identifier, Item, Partner, System
from loaders._ddex_message import DdexSettings, Message, Party
from loaders._ddex_names import Described, Named
from loaders.base import Said, make

DATASETS = {
    "ddex:ern": ("DDEX release notifications (ERN)", "xml"),
    "ddex:mead": ("DDEX media enrichment (MEAD)", "xml"),
    "ddex:dsr": ("DDEX sales and usage reports (DSR)", "tsv"),
}
Order = tuple[datetime, str]


@dataclass
class _Newest:
    """The newest of the values that messages give one thing."""

    order: Order
    position: str
    values: dict[str, Any]


@dataclass(frozen=True)
class _Version:
    """That a message settled a licence. ``withdrawn``: by a takedown or a purge."""

    order: Order
    position: str
    withdrawn: bool


@dataclass
class Catalogue:
    """Gathers while documents are read; ``said`` is for the end, when the newest of each is known."""

    settings: DdexSettings
    parties: dict[str, _Newest] = field(default_factory=dict)
    exchanging: set[str] = field(default_factory=set)
    items: dict[str, _Newest] = field(default_factory=dict)
    contents: dict[str, tuple[Order, tuple[str, ...]]] = field(default_factory=dict)
    identifiers: dict[tuple[str, str], str] = field(default_factory=dict)
    licences: dict[str, list[_Version]] = field(default_factory=dict)
    messages: dict[tuple[str, str], dict[str, str]] = field(default_factory=dict)
    datasets: set[str] = field(default_factory=set)
    findings: dict[tuple[str, str, str], Finding] = field(default_factory=dict)

    def note(self, finding: Finding) -> None:
        """Keep a finding, once for each wording."""
        self.findings.setdefault((finding.finding, finding.subject, finding.detail), finding)

    def party(self, one: Party, order: Order, position: str, *, exchanges: bool = True) -> None:
        """A party that a message or a report names. ``exchanges``: it sends or receives, and so has a system for that."""
        if exchanges:
            self.exchanging.add(one.id)
        _newest(self.parties, one.id, _Newest(order, position, {"name": one.name} if one.name else {}))

    def message(self, message: Message, dataset: str) -> None:
        """The header of a message that is no reply."""
        position = message.at(message.root)
        for one in (message.sender, *message.recipients):
            self.party(one, message.order, position)
        if message.behalf is not None:
            self.party(message.behalf, message.order, position, exchanges=False)
        self.datasets.add(dataset)
        for finding in message.findings:
            self.note(finding)
        if message.id:
            self.messages.setdefault((message.sender.id, message.id), {}).setdefault(message.digest, position)
        else:
            detail = "its MessageId is empty: no acknowledgement can name it"
            self.note(Finding(position=position, finding="no-message-id", subject=message.name, detail=detail))

    def item(self, id_: str, order: Order, position: str, **values: Any) -> None:
        """An item with what a message says of it."""
        _newest(self.items, id_, _Newest(order, position, {name: value for name, value in values.items() if value}))

    def named(self, one: Named, position: str) -> None:
        """The identifiers of an item, from any message."""
        for identifier in one.identifiers:
            self.identifiers.setdefault((one.item, identifier), position)
        for finding in one.findings:
            self.note(finding)

    def described(self, one: Described, message: Message, position: str, **values: Any) -> None:
        """A release or recording as a message describes it."""
        for name in one.names:
            self.named(name, position)
            self.item(
                name.item, message.order, position,
                name=one.title, duration_s=one.duration_s, details=one.details, **values,
            )  # fmt: skip
        for finding in one.findings:
            self.note(finding)

    def contains(self, release: str, message: Message, recordings: tuple[str, ...]) -> None:
        """What a release consists of by this message; the newest message has the last word."""
        if release not in self.contents or self.contents[release][0] < message.order:
            self.contents[release] = (message.order, recordings)

    def settled(self, licence: str, message: Message, position: str, *, withdrawn: bool) -> None:
        """That a message settled a licence."""
        self.licences.setdefault(licence, []).append(_Version(message.order, position, withdrawn))

    def said(self) -> Iterator[Said]:
        """Parties, items with their identifiers, and what is odd about all of them together."""
        for dataset in sorted(self.datasets):
            name, format_ = DATASETS[dataset]
            yield make(Dataset, "", dataset, id=dataset, name=name, format=format_)
        for key, known in sorted(self.parties.items()):
            yield from self._party(key, known)
        parts: dict[str, list[str]] = {}
        for release, (_, recordings) in sorted(self.contents.items()):
            for recording in recordings:
                parts.setdefault(recording, []).append(release)
        for key, known in sorted(self.items.items()):
            whole = {"part_of": tuple(parts[key])} if key in parts else {}
            yield make(Item, known.position, key, id=key, **known.values, **whole)
        for (item, identifier), position in sorted(self.identifiers.items()):
            yield make(Identifier, position, identifier, item=item, identifier=identifier)
        yield from self._oddities()

    def _party(self, key: str, known: _Newest) -> Iterator[Said]:
        one = Party(key, known.values.get("name"))
        if key not in self.settings.partner:
            yield make(Partner, known.position, key, id=one.id, name=one.name)
        if key in self.exchanging and key not in self.settings.system:
            name = f"DDEX exchange of {one.name or one.id}"
            yield make(
                System, known.position, key,
                id=one.system(self.settings), name=name, partner=one.partner(self.settings), kind="ddex",
            )  # fmt: skip

    def _oddities(self) -> Iterator[Finding]:
        for (sender, id_), digests in sorted(self.messages.items()):
            if len(digests) > 1:
                detail = f"names {len(digests)} different messages: a reply to it is a reply to each of them"
                yield Finding(
                    position=min(digests.values()), finding="message-id-reused", subject=f"{sender} {id_}", detail=detail
                )
        for licence, versions in sorted(self.licences.items()):
            for version in versions:
                if version.withdrawn and not any(one.order < version.order and not one.withdrawn for one in versions):
                    detail = "no message of this source gave it before it was taken back; it counts as taken back all the same"
                    yield Finding(position=version.position, finding="takedown-before-release", subject=licence, detail=detail)
        yield from self.findings.values()


def _newest(known: dict[str, _Newest], key: str, one: _Newest) -> None:
    # A value that the newest message leaves open is not forgotten.
    if (before := known.get(key)) is None:
        known[key] = one
    elif before.order <= one.order:
        known[key] = _Newest(one.order, one.position, {**before.values, **one.values})
    else:
        before.values = {**one.values, **before.values}
