"""Names: which items are one by their identifiers, and the nodes of the identifiers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from lineage.bulk.plan import Merged, Plan, Tally
from lineage.bulk.spill import Spill, partition_of, spilled
from lineage.bulk.tables import Part, Tables
from lineage.identity import kind_of, scheme_of, scope_for, work_id

_NODE = ("id:ID(Identifier)", "scheme", "value")
_LINK = (":START_ID(Identifier)", ":END_ID(Item)", "scope")


def groups_of(plan: Plan, partitions: list[int], tally: Tally) -> list[tuple[str, ...]]:
    """Items of one kind that share a version identifier, group by group; counts the names that sources state by themselves."""
    found = []
    for partition in partitions:
        holders: dict[tuple[str, str], set[str]] = defaultdict(set)
        known: set[tuple[str, str]] = set()
        for identifier, item, place, stated in sorted(spilled(plan.records("names"), partition), key=lambda r: r[2]):
            if stated:
                tally.taken[place].created += (identifier, item) not in known
                tally.taken[place].unchanged += (identifier, item) in known
            known.add((identifier, item))
            if scope_for(identifier, item) == "version":
                holders[identifier, kind_of(item)].add(item)
        found += [tuple(sorted(group)) for group in holders.values() if len(group) > 1]
    return found


def write_names(plan: Plan, partitions: list[int], job: str) -> list[Part]:
    """Write identifiers with what they name; what items there are by them goes to the step that writes items."""
    merged = Merged.read(plan)
    tables = Tables(plan.tables, job)
    nodes, links = tables.table("nodes", "Identifier", _NODE), tables.table("relationships", "IDENTIFIES", _LINK)
    with plan.spill("items", job) as items:
        for partition in partitions:
            named: dict[str, set[tuple[str, str]]] = defaultdict(set)
            for identifier, item, *_ in spilled(plan.records("names"), partition):
                named[identifier].add(_named(identifier, item, merged, items))
            for name, group in _merged_in(plan, partition, merged):
                named[name].add((group, "merged"))
            for identifier, targets in named.items():
                scheme, value, _ = scheme_of(identifier)
                if all(scope == "merged" for _, scope in targets):
                    scheme, _, value = identifier.partition(":")
                nodes.write((identifier, scheme, value))
                for item, scope in targets:
                    links.write((identifier, item, scope))
    return tables.close()


def _named(identifier: str, item: str, merged: Merged, items: Spill) -> tuple[str, str]:
    """The item that an identifier names, and how; notes that it exists, and of what work it is a version."""
    name, scope = merged(item), scope_for(identifier, item)
    items.put(name, ("item", name))
    if scope != "work":
        return name, scope
    work = merged(work_id(identifier, item))
    items.put(work, ("item", work))
    if work != name:
        items.put(name, ("version", name, work))
    return work, scope


def _merged_in(plan: Plan, partition: int, merged: Merged) -> Iterator[tuple[str, str]]:
    for item, group in merged.names.items():
        if item != group and partition_of(item, plan.partitions) == partition:
            yield item, group
