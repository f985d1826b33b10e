"""Whether a store falls under a licence at one moment (pure).

A licence covers a store if it is the one that the store's ``licence`` standing names, or was granted to the store's partner or
account; its territories contain the store's, its uses contain the store's use (none given: any), it is valid then, and was not
withdrawn. What nobody says is neither yes nor no: a licence without territories, a store without one.

Times are microseconds since 1970.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

WORLDWIDE = "Worldwide"


class Held(NamedTuple):
    """What holds of a store in one aspect, in the order of the query ``stores_standing``."""

    aspect: str
    value: str
    since: int | None
    until: int | None
    retired: bool
    by: str | None
    id: str

    def over(self, now: int) -> bool:
        """Whether it has ended."""
        return self.until is not None and self.until <= now


class Term(NamedTuple):
    """Terms of a licence, in the order of the query ``licences_of_stores``. ``key``: the licence or licensee that it was found by."""

    key: str
    id: str
    licence: str | None
    licensor: str | None
    territories: Sequence[str] | None
    excluded: Sequence[str] | None
    uses: Sequence[str] | None
    covers: Sequence[str] | None
    since: int | None
    until: int | None
    withdrawn: bool

    @property
    def name(self) -> str:
        """The licence, or where it has no name, the grant."""
        return self.licence or self.id

    def contains(self, territory: str | None, use: str | None) -> bool | None:
        """Whether it allows this use there; None where that cannot be told."""
        where = _where(territory, self.territories)
        if where is not False and self.excluded:
            if territory is None:
                where = None
            elif territory in self.excluded:
                where = False
        how = True if not self.uses else None if use is None else use in self.uses
        return False if False in (where, how) else None if None in (where, how) else True


def _where(territory: str | None, territories: Sequence[str] | None) -> bool | None:
    if not territories:
        return None
    if WORLDWIDE in territories:
        return True
    return None if territory is None else territory in territories


@dataclass(frozen=True)
class Licensed:
    """Whether a store is licensed. ``licence``: the one that covers it, or did last; ``ended``: when it last did, if it ever did.

    ``withdrawn``: whether it ended by a withdrawal; ``why``: for a no, in words; ``evidence``: ids of standings and grants.
    """

    value: bool | None
    licence: str | None = None
    had: bool = False
    ended: int | None = None
    withdrawn: bool = False
    why: str = ""
    evidence: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Candidate:
    term: Term
    covers: bool | None
    until: int | None
    withdrawn: bool

    def holds(self, now: int) -> bool | None:
        """Whether it licenses the store now."""
        return False if self.until is not None and self.until <= now else self.covers


def licensed(named: Sequence[Held], terms: Sequence[Term], territory: str | None, use: str | None, now: int) -> Licensed:
    """Whether a store is licensed now.

    ``named``: all that was said of its licence, what counts first; ``terms``: of the named licences, and what its partner and account
    were granted, withdrawals among them. Without any of these it is not licensed.
    """
    found = [*_named(named, terms, territory, use, now), *_granted(named, terms, territory, use)]
    counts = named[0] if named and not named[0].over(now) else None
    if counts is not None and counts.value == "none":
        return _no(found, named, territory, use, ended=counts.since, evidence=(counts.id,))
    good = [one for one in found if one.holds(now)]
    if good:
        best = min(good, key=lambda one: (one.until is not None, -(one.until or 0), one.term.id))
        return Licensed(True, best.term.name, evidence=(best.term.id,))
    keys = {term.key for term in terms}
    if counts is not None and (counts.value == "unknown" or counts.value not in keys):
        return Licensed(None, counts.value if counts.value != "unknown" else None, evidence=(counts.id,))
    if any(one.holds(now) is None for one in found):
        unclear = next(one for one in found if one.holds(now) is None)
        return Licensed(None, unclear.term.name, evidence=(unclear.term.id,))
    return _no(found, named, territory, use, ended=None, evidence=())


def _no(
    found: Sequence[_Candidate],
    named: Sequence[Held],
    territory: str | None,
    use: str | None,
    *,
    ended: int | None,
    evidence: tuple[str, ...],
) -> Licensed:
    had = [one for one in found if one.covers is not False]
    if had:
        last = max(had, key=lambda one: (one.until is not None, one.until or 0, one.term.id))
        end, withdrawn = (ended, True) if evidence else (last.until, last.withdrawn)
        return Licensed(False, last.term.name, True, end, withdrawn, evidence=(*evidence, last.term.id))
    # A licence whose terms nobody says, and that is not the store's any more.
    before = next((one for one in named if one.value not in {"none", "unknown"}), None)
    if before is not None and not found:
        end = ended if evidence else before.until
        return Licensed(False, before.value, True, end, bool(evidence), evidence=(*evidence, before.id))
    return Licensed(
        False, why=_why(found, territory, use), evidence=evidence or tuple(sorted({one.term.id for one in found})[:3])
    )


def _why(found: Sequence[_Candidate], territory: str | None, use: str | None) -> str:
    by_id = {one.term.id: one.term for one in found}
    terms = [by_id[id_] for id_ in sorted(by_id)]
    said = "; ".join(
        f"{term.name} is for {', '.join(term.territories or ('nobody says where',))}"
        + (f" without {', '.join(term.excluded)}" if term.excluded else "")
        + (f", {', '.join(term.uses)}" if term.uses else "")
        for term in terms[:3]
    )
    wanted = f"{use or 'any use'} in {territory or 'an unknown country'}"
    return f"no licence of it covers {wanted}" + (f": {said}" if said else "")


def _named(
    named: Sequence[Held], terms: Sequence[Term], territory: str | None, use: str | None, now: int
) -> Iterable[_Candidate]:
    """Terms of the licences that the store falls or fell under: they end for it when it no longer does."""
    for place, held in enumerate(named):
        # Only the first that counts names its licence now; another one's time is over when that began.
        end = held.until if place == 0 or held.over(now) else min(filter(None, (held.until, named[0].since)), default=None)
        if place and end is None:
            continue
        for one in _without_withdrawn([term for term in terms if term.key == held.value], territory, use):
            first = end is not None and (one.until is None or end < one.until)
            yield _Candidate(one.term, one.covers, end, withdrawn=False) if first else one


def _granted(named: Sequence[Held], terms: Sequence[Term], territory: str | None, use: str | None) -> Iterable[_Candidate]:
    licences = {held.value for held in named}
    return _without_withdrawn([term for term in terms if term.key not in licences], territory, use)


def _without_withdrawn(terms: Sequence[Term], territory: str | None, use: str | None) -> list[_Candidate]:
    """Terms with when they end: by themselves, or by a withdrawal of what they allow."""
    withdrawals = [term for term in terms if term.withdrawn and term.contains(territory, use) is not False]
    found = []
    for term in terms:
        if term.withdrawn:
            continue
        taken = min((w.since or 0 for w in withdrawals if _takes(w, term)), default=None)
        first = taken is not None and (term.until is None or taken < term.until)
        found.append(_Candidate(term, term.contains(territory, use), taken if first else term.until, first))
    return found


def _takes(withdrawal: Term, term: Term) -> bool:
    """Whether a withdrawal is of this term: of the same licence, begun before it, and of all that it covers."""
    same = withdrawal.licence == term.licence and (term.licence is not None or withdrawal.licensor in (None, term.licensor))
    later = term.since is None or withdrawal.since is None or withdrawal.since >= term.since
    covers = set(withdrawal.covers or ())
    return same and later and (not covers or (bool(term.covers) and set(term.covers or ()) <= covers))


def terms_of(rows: Iterable[Sequence[Any]]) -> list[Term]:
    """Rows of the query ``licences_of_stores``."""
    return [Term(*row) for row in rows]
