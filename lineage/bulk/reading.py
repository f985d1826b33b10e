"""The first step: a source is read once by its feed, and what is many is set aside by key.

Events, items, expectations and names are what a network has millions of; the steps after this one fold them offline. All else
(the declared map, terms of licences, rejects, findings) is kept as it is, to be written by the ordinary store when the import
is done. That gives the same graph, because the order of loading never shows.
"""

from __future__ import annotations

import pickle
import zlib
from array import array
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lineage.assertions import canonical, content_hash, content_of
from lineage.bulk.plan import Plan, Tally
from lineage.bulk.spill import Spill
from lineage.facts import Expectation, HandoffEvent, Identifier, Item, Said
from lineage.ingest import MAX_FINDINGS
from lineage.loading import Portion
from lineage.store.events import Ends
from lineage.wording import wording_of

_REMEMBERED = 50_000
"""Names that a reader remembers to have set aside, so that an item's thousand events name it once."""


@dataclass
class Read:
    """What reading a portion of a source gave. ``observed``: the distinct ends that events name; ``rest``: what was not set aside."""

    tally: Tally
    observed: set[Ends]
    rest: Path
    events: int = 0


def read_portion(plan: Plan, place: int, portion: Portion, job: str) -> Read:
    """Read a portion of the source at ``place``."""
    (plan.records("rest")).mkdir(exist_ok=True)
    read = Read(Tally(), set(), plan.records("rest") / f"{job}.pickle")
    asked = array("I")
    with ExitStack() as stack:
        events, declared, names = (stack.enter_context(plan.spill(step, job)) for step in ("events", "declared", "names"))
        reader = _Reader(place, read, asked, events, declared, names)
        rest = stack.enter_context(read.rest.open("wb"))
        for said in portion.said():
            if isinstance(said, HandoffEvent):
                reader.event(said)
            elif not reader.declared(said):
                pickle.dump(said, rest, protocol=pickle.HIGHEST_PROTOCOL)
    (plan.records("rest") / f"{job}.asked").write_bytes(asked.tobytes())
    return read


def kept(path: Path) -> Iterator[Said]:
    """What reading did not set aside."""
    with path.open("rb") as file:
        while file.peek(1):
            yield pickle.load(file)  # noqa: S301  (our own file)


@dataclass
class _Reader:
    place: int
    read: Read
    asked: array[int]
    events: Spill
    items: Spill
    names: Spill
    _named: set[tuple[str, str]] = field(default_factory=set)
    _sequence: int = 0

    def event(self, event: HandoffEvent) -> None:
        wording = wording_of(event)
        self.read.events += 1
        taken = self.read.tally.taken[self.place]
        taken.facts += 1
        self.events.put(f"{wording.source}\0{wording.id}", (self.place, *wording))
        ends = (wording.route, wording.from_, wording.to, wording.dataset)
        if ends not in self.read.observed:
            self.read.observed.add(ends)
            for end in (wording.from_, wording.to):
                if end:
                    taken.ends.setdefault(end, f"evidence of {wording.source}")
        if wording.bare:
            self.asked.append(zlib.crc32((wording.in_reply_to or "").encode()))
            if len(taken.bare) < MAX_FINDINGS:
                taken.bare.append((wording.source, wording.id))
        if wording.item is not None:
            for identifier in wording.identifiers:
                self._name(wording.item, identifier)

    def declared(self, said: Any) -> bool:
        """Set a fact about an item aside; False if it is none, or one whose id cannot be told from others' in a key."""
        if isinstance(said, Identifier):
            self.read.tally.taken[self.place].facts += 1
            self.names.put(said.identifier, (said.identifier, said.item, self.place, True))
            return True
        if not isinstance(said, Item | Expectation):
            return False
        item = said.item if isinstance(said, Expectation) else said.id
        if ">" in item:
            return False
        self.read.tally.taken[self.place].facts += 1
        text = canonical(content_of(said))
        self._sequence += 1
        self.items.put(item, (item, self.place, self._sequence, said.label, said.key, text, content_hash(text), said.position))
        return True

    def _name(self, item: str, identifier: str) -> None:
        pair = (item, identifier)
        if pair not in self._named:
            if len(self._named) >= _REMEMBERED:
                self._named.clear()
            self._named.add(pair)
            self.names.put(identifier, (identifier, item, self.place, False))
