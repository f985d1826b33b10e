"""The difference of two versions. What breaks depends on the direction:

==================  =======================================  ==========================================
change              of what is sent, its readers break       of what is accepted, its senders break
==================  =======================================  ==========================================
added               no                                       if it is required
removed, renamed    yes                                      yes
retyped             unless the new type is part of the old   unless the new type takes in the old
required            no                                       yes
optional            yes                                      no
enum narrowed       no                                       yes
enum widened        yes: a value that they do not know       no
format, pattern     if it went or is another one             if it came or is another one
==================  =======================================  ==========================================

What goes both ways breaks if either does; so does what nobody says the direction of. Integers becoming numbers thus break
readers, and not senders. A number that merely stood for a version is reported and breaks nobody.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from lineage.contracts.change import Change, Direction
from lineage.contracts.levels import worse
from lineage.contracts.rename import renamed
from lineage.contracts.types import takes_in
from lineage.contracts.version import Version
from lineage.facts import Dataset, DatasetField

_SHOWN = 300


def compare(old: Version, new: Version) -> list[Change]:
    """All differences, in the order of the old version and then of the new one."""
    return [
        *_versions(old, new),
        *(change for id_ in _union(old.datasets, new.datasets) for change in _dataset(id_, old, new)),
        *(change for id_ in _union(old.interfaces, new.interfaces) for change in _interface(id_, old, new)),
        *(change for id_ in _union(old.routes, new.routes) for change in _route(id_, old, new)),
    ]


def _union(one: Iterable[str], other: Iterable[str]) -> list[str]:
    return list(dict.fromkeys((*one, *other)))


def _versions(old: Version, new: Version) -> Iterator[Change]:
    """A new version's number, once for all data sets that share it."""
    both = [(one, new.datasets[id_]) for id_, one in old.datasets.items() if id_ in new.datasets]
    for was, now in dict.fromkeys((one.version, other.version) for one, other in both if one.version != other.version):
        ids = [one.id for one, other in both if (one.version, other.version) == (was, now)]
        dataset = ids[0] if len(ids) == 1 else None
        yield Change(
            field=None, change="version", breaking=False, dataset=dataset, was=was, now=now, label="Dataset",
            id=dataset or new.contract or ids[0],
        )  # fmt: skip


def _dataset(id_: str, old: Version, new: Version) -> Iterator[Change]:
    before, after = old.datasets.get(id_), new.datasets.get(id_)
    if before is None or after is None:
        for one, change in ((before, "removed"), (after, "added")):
            if one is not None:
                yield _of_dataset(one, change, breaking=change == "removed")
        return
    if before.format != after.format:
        yield _of_dataset(after, "format", breaking=before.format is not None, was=before.format, now=after.format)
    yield from _levels(before, after)
    # What it was decides: those who rely on it knew it as that. Unless it is now used the other way as well.
    direction = before.direction if before.direction == after.direction else "both"
    yield from _fields(id_, direction or "both", old.fields.get(id_, {}), new.fields.get(id_, {}))


def _of_dataset(dataset: Dataset, change: str, *, breaking: bool, was: str | None = None, now: str | None = None) -> Change:
    return Change(
        field=None, change=change, breaking=breaking, dataset=dataset.id, was=was, now=now, label="Dataset", id=dataset.id,
        direction=dataset.direction,
    )  # fmt: skip


def _levels(before: Dataset, after: Dataset) -> Iterator[Change]:
    was, now = (dict(one.partition("=")[::2] for one in each.service_levels) for each in (before, after))
    for name in _union(was, now):
        if was.get(name) != now.get(name):
            breaking = name in was and (name not in now or worse(name, was[name], now[name]))
            shown = [f"{name}={each[name]}" if name in each else None for each in (was, now)]
            yield _of_dataset(after, "service level", breaking=breaking, was=shown[0], now=shown[1])


def _fields(dataset: str, direction: Direction, old: dict[str, DatasetField], new: dict[str, DatasetField]) -> Iterator[Change]:
    moved = renamed(old, new)
    for name in _union(old, new):
        before, after = old.get(name), new.get(moved.get(name, name))
        if before is None and name in moved.values():
            continue
        for change, breaks_readers, breaks_senders, was, now in _field(before, after):
            breaking = (direction != "accepted" and breaks_readers) or (direction != "sent" and breaks_senders)
            yield Change(
                field=name, change=change, breaking=breaking, dataset=dataset, was=was, now=now, label="Field",
                id=f"{dataset}#{name}", direction=direction,
            )  # fmt: skip


Found = tuple[str, bool, bool, str | None, str | None]


def _field(before: DatasetField | None, after: DatasetField | None) -> Iterator[Found]:
    """Each difference of one field: what, whether it breaks readers, whether it breaks senders, the old and the new value."""
    if after is None:
        yield "removed", True, True, before.type if before else None, None
        return
    if before is None:
        yield "added", False, bool(after.required), None, after.type
        return
    if before.name != after.name:
        yield "renamed", True, True, before.name, after.name
    if before.type != after.type:
        yield "retyped", not takes_in(before.type, after.type), not takes_in(after.type, before.type), before.type, after.type
    if before.required is not None and after.required is not None and before.required != after.required:
        yield ("required", False, True, "optional", "required") if after.required else (
            "optional", True, False, "required", "optional"
        )  # fmt: skip
    yield from _enum(before.enum, after.enum)
    for what, was, now in (("format", before.format, after.format), ("pattern", before.pattern, after.pattern)):
        if was != now:
            yield what, not _within(was, now), not _within(now, was), was, now


def _within(wide: str | None, narrow: str | None) -> bool:
    """Whether what is so written is part of the other: no format takes in all of them, ``varchar(20)`` takes in ``varchar(18)``."""
    return wide is None or (narrow is not None and takes_in(wide, narrow))


def _enum(before: tuple[str, ...], after: tuple[str, ...]) -> Iterator[Found]:
    gone = [value for value in before if value not in after] if after else []
    come = [value for value in after if value not in before] if before else []
    narrowed, widened = bool(gone) or (not before and bool(after)), bool(come) or (bool(before) and not after)
    if narrowed or widened:
        word = "enum changed" if narrowed and widened else "enum narrowed" if narrowed else "enum widened"
        was = _listed(gone) if before else "any"
        now = _listed(come if before else list(after)) if after else "any"
        yield word, widened, narrowed, was, now


def _listed(values: list[str]) -> str | None:
    text = ", ".join(values)
    return (text if len(text) <= _SHOWN else f"{text[:_SHOWN]}...") or None


def _interface(id_: str, old: Version, new: Version) -> Iterator[Change]:
    before, after = old.interfaces.get(id_), new.interfaces.get(id_)

    def changed(change: str, breaking: bool, was: str | None = None, now: str | None = None) -> Change:
        return Change(field=None, change=change, breaking=breaking, dataset=None, was=was, now=now, label="Interface", id=id_)

    if before is None or after is None:
        endpoint = next((one.endpoint for one in (before, after) if one), None)
        yield changed("removed", True, was=endpoint) if after is None else changed("added", False, now=endpoint)
        return
    for what in ("endpoint", "protocol", "format"):
        was, now = getattr(before, what), getattr(after, what)
        if was != now:
            yield changed(what, was is not None, was, now)
    if before.security != after.security:
        # Any one of them will do: who used one that is still there goes on; who needed none now needs one.
        kept = set(before.security) <= set(after.security) if before.security else not after.security
        yield changed("security", not kept, _listed(list(before.security)), _listed(list(after.security)))


def _route(id_: str, old: Version, new: Version) -> Iterator[Change]:
    before, after = old.routes.get(id_), new.routes.get(id_)
    dataset = next((one.dataset for one in (before, after) if one), None)

    def changed(change: str, breaking: bool, was: object = None, now: object = None) -> Change:
        said = {"was": None if was is None else str(was), "now": None if now is None else str(now)}
        return Change(field=None, change=change, breaking=breaking, dataset=dataset, label="Route", id=id_, **said)

    if before is None or after is None:
        yield changed("removed", True) if after is None else changed("added", False)
        return
    for what in ("from_", "to", "dataset", "schedule", "timezone", "calendar", "acknowledgement"):
        was, now = getattr(before, what), getattr(after, what)
        if was != now:
            yield changed(what.rstrip("_"), was is not None, was, now)
    written = before.model_dump(mode="json"), after.model_dump(mode="json")  # durations as ISO 8601
    for what in ("deliver_within", "acknowledge_within"):
        was, now = getattr(before, what), getattr(after, what)
        if was != now:
            yield changed(what, was is not None and (now is None or now > was), *(one[what] for one in written))
