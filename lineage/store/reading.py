"""One read of one source: who says it, and what it said so far."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from lineage.facts import Authority, Declared, HandoffEvent
from lineage.model import references_of


@dataclass
class Reading:
    """What a run remembers, so that the same word is asserted once and a complete read can tell what vanished.

    ``seen_from``: None while the source's first complete read is still under way, else the time of this read (UTC).
    ``replaces``: a new wording retires this source's earlier one; not so for evidence, whose every wording stands.
    ``seen``: subject to assertion ids; ``named``: label to the ids that facts refer to, with who named them first.
    What a transaction adds is pending until ``keep``: the driver may run a transaction again.
    """

    feed: str
    source: str
    authority: Authority
    at: datetime
    seen_from: datetime | None
    replaces: bool = True
    seen: dict[str, set[str]] = field(default_factory=dict)
    named: dict[str, dict[str, str]] = field(default_factory=lambda: defaultdict(dict))
    _pending: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))

    def assertion_id(self, subject: str, hash_: str) -> str:
        """One source's one wording about one subject."""
        return hashlib.blake2b("\0".join((self.feed, self.source, subject, hash_)).encode(), digest_size=16).hexdigest()

    def said(self, subject: str) -> set[str]:
        """Ids of the assertions about a subject that this read showed so far."""
        return self.seen.get(subject, set()) | self._pending.get(subject, set())

    def say(self, subject: str, assertion_id: str) -> None:
        """Remember an assertion of the running transaction."""
        self._pending[subject].add(assertion_id)

    def keep(self) -> None:
        """The transaction was committed."""
        for subject, ids in self._pending.items():
            self.seen.setdefault(subject, set()).update(ids)
        self._pending.clear()

    def forget(self) -> None:
        """The transaction starts (again)."""
        self._pending.clear()

    def name_references(self, fact: Declared, content: dict[str, object]) -> None:
        """Remember the ends that a declared fact refers to."""
        for reference in references_of(fact.label):
            value = content.get(reference.property)
            targets = [value] if isinstance(value, str) else value if isinstance(value, list) else []
            for target in targets:
                if reference.target != "Item":
                    self.named[reference.target].setdefault(str(target), f"{fact.label} {fact.key}")

    def name_ends(self, events: Iterable[HandoffEvent]) -> None:
        """Remember the systems that events name."""
        for event in events:
            for end in (event.from_, event.to):
                if end:
                    self.named["System"].setdefault(end, f"evidence of {event.source}")
