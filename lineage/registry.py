"""The declared map as a registry: what sources say, written as the rows that the feed ``partners`` reads (pure).

What registries and contracts say now counts, each value by who wins (``lineage.assertions``); what only feeds observed is not
declared, and what a source has dropped is declared no longer. Validity is the effective one, so that a question as of a past
time is answered alike: a fact that a later read of its source brought begins with that read, in so many words. Left open are
beginnings after the stated end. A part whose owner nobody declares (a field of an unknown data set) declares its owner.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from typing import Any

import yaml

from lineage.assertions import Assertion, first_seen, merged

Row = dict[str, Any]
Content = Mapping[str, Any]

SECTIONS: dict[str, str] = {
    "Partner": "partners",
    "Team": "teams",
    "System": "systems",
    "Interface": "interfaces",
    "Dataset": "datasets",
    "Route": "routes",
    "Report": "reports",
    "Item": "items",
}
_ORDER = ("partners", "teams", "systems", "interfaces", "datasets", "derivations", "routes", "items", "reports")
_KEYS = (
    *(
        "id",
        "name",
        "of",
        "from",
        "to",
        "by",
        "route",
        "partner",
        "zone",
        "kind",
        "system",
        "email",
        "role",
        "type",
        "required",
    ),
    *(
        "dataset",
        "interface",
        "protocol",
        "format",
        "endpoint",
        "description",
        "contract",
        "url",
        "item_kind",
        "after",
        "expect",
    ),
    *("schedule", "timezone", "calendar", "deliver_within", "acknowledgement", "acknowledge_within", "origin", "part_of"),
    *("version_of", "published_at", "territory", "use", "duration_s", "owner"),
    *("valid_from", "valid_to", "identifiers", "expected_on", "reads", "contacts", "fields", "details"),
)
_SHORT = frozenset({"item_kind", "after", "part_of"})
_WIDTH = 128
_UNSEEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff]")


def declared(said: Iterable[Assertion]) -> dict[str, Any] | None:
    """The content that is declared now of one node; None where no registry and no contract says anything of it now."""
    known = list(said)
    live = [one for one in known if one.retired_at is None and one.authority != "observed"]
    if not live:
        return None
    content = merged(live)
    since = first_seen(known)
    if since is not None and "valid_from" not in content:
        until = content.get("valid_to")
        if until is None or since < datetime.fromisoformat(until):
            content["valid_from"] = since.isoformat()
    return content


@dataclass
class Registry:
    """The rows of a registry as they are collected: ``add`` what is declared of each node, then read ``sections``."""

    _rows: dict[str, dict[str, Row]] = field(default_factory=lambda: defaultdict(dict))
    _derivations: list[Content] = field(default_factory=list)

    def add(self, label: str, key: str, content: Content) -> None:
        """Take up what is declared of one node. ``content``: as in an assertion; ``key``: its id within the label."""
        if label in SECTIONS:
            self._row(label, key).update(_written(content))
        elif label == "Contact":
            owner = "Partner" if "of_partner" in content else "Team"
            self._part(owner, content[f"of_{owner.lower()}"], "contacts", _written(content, "of_partner", "of_team"))
        elif label == "Field":
            self._part("Dataset", content["dataset"], "fields", _written(content, "dataset"))
        elif label == "Expectation":
            entry = _written(content, "item")
            self._part("Item", content["item"], "expected_on", entry if len(entry) > 1 else entry["route"])
        elif label == "Derivation":
            self._derivations.append(content)

    def name(self, item: str, identifiers: Iterable[str]) -> None:
        """Take up the identifiers of an item."""
        if names := sorted(set(identifiers)):
            self._row("Item", item)["identifiers"] = names

    def sections(self) -> Iterator[tuple[str, list[Row]]]:
        """The sections that are not empty, in the registry's order, each with its rows by id."""
        rows = {SECTIONS[label]: list(found.values()) for label, found in sorted(self._rows.items())}
        for report, reads in self._reads().items():
            self._rows["Report"].setdefault(report, {"id": report})["reads"] = reads
        rows["reports"] = list(self._rows["Report"].values())
        rows["derivations"] = self._made()
        for section in _ORDER:
            if found := rows.get(section):
                ordered = found if section == "derivations" else sorted(found, key=lambda row: str(row["id"]))
                yield section, [_ordered(row) for row in ordered]

    def _row(self, label: str, key: str) -> Row:
        return self._rows[label].setdefault(key, {"id": key})

    def _part(self, label: str, key: str, name: str, part: Any) -> None:
        parts = self._row(label, key).setdefault(name, [])
        parts.append(_ordered(part) if isinstance(part, dict) else part)

    def _made(self) -> list[Row]:
        """Derivations of data sets and fields, one row for what is made from several things in the same way."""
        groups: dict[tuple[str, ...], list[Content]] = defaultdict(list)
        for one in sorted(self._derivations, key=lambda c: (c["to_label"], c["to"], c["from_label"], c["from"])):
            if one["to_label"] != "Report":
                groups[one["to_label"], one["to"], *(one.get(name, "") for name in ("by", "valid_from", "valid_to"))].append(
                    one
                )
        return [
            {
                "of": self._reference(label, to),
                "from": [self._reference(one["from_label"], one["from"]) for one in group],
                **_written({name: group[0][name] for name in ("by", "valid_from", "valid_to") if name in group[0]}),
            }
            for (label, to, *_), group in groups.items()
        ]

    def _reads(self) -> dict[str, list[Any]]:
        found: dict[str, list[Any]] = defaultdict(list)
        for one in sorted(self._derivations, key=lambda c: (c["from_label"], c["from"])):
            if one["to_label"] == "Report":
                reference = self._reference(one["from_label"], one["from"])
                more = _written({name: one[name] for name in ("by", "valid_from", "valid_to") if name in one})
                found[one["to"]].append({"from": reference, **more} if more else reference)
        return found

    def _reference(self, label: str, key: str) -> Any:
        """A data set or field as the feed reads it; in the long form where the short one could mean something else."""
        datasets = self._rows["Dataset"]
        if label == "Dataset":
            return key if key in datasets or not set(key) & {".", "#"} else {"dataset": key}
        dataset, _, name = key.rpartition("#")
        short = f"{dataset}.{name}"
        return (
            short if dataset in datasets and "." not in name and short not in datasets else {"dataset": dataset, "field": name}
        )


def text(sections: Iterable[tuple[str, Iterable[Row]]], *, flow: bool | None = None) -> Iterator[str]:
    """Sections as YAML, row by row. ``flow``: None writes what is simple on one line, False each value on a line of its own."""
    for section, rows in sections:
        yield f"{section}:\n"
        for row in rows:
            dumped = yaml.dump(
                [row], Dumper=_Dumper, sort_keys=False, allow_unicode=True, default_flow_style=flow, width=_WIDTH, indent=2
            )
            yield "".join(f"  {line}" if line.strip() else line for line in dumped.splitlines(keepends=True))


class _Dumper(yaml.SafeDumper):
    """Dates stay bare: the registry's reader takes them as text. No aliases: a registry is read by people."""

    def ignore_aliases(self, data: Any) -> bool:
        return True

    def represent_text(self, data: str) -> yaml.ScalarNode:
        # A reader makes one line break of all kinds there are, so these, and what cannot be seen, are written as escapes.
        return self.represent_scalar("tag:yaml.org,2002:str", data, style='"' if _UNSEEN.search(data) else None)


_Dumper.add_representer(str, _Dumper.represent_text)

_Dumper.yaml_implicit_resolvers = {
    first: [(tag, regexp) for tag, regexp in rows if not tag.endswith(":timestamp")]
    for first, rows in yaml.SafeDumper.yaml_implicit_resolvers.items()
}


def _written(content: Content, *without: str) -> Row:
    return {name: _value(name, value) for name, value in content.items() if name not in without}


def _value(name: str, value: Any) -> Any:
    if name in {"valid_from", "valid_to", "published_at"}:
        return _day(name, value)
    return value[0] if name in _SHORT and isinstance(value, list | tuple) and len(value) == 1 else value


def _day(name: str, value: str) -> str:
    """A time as the registry writes it: a date where it is the start (of ``valid_to`` the end) of one, in UTC."""
    moment = datetime.fromisoformat(value).astimezone(UTC)
    if moment.time() != time() or (name == "valid_to" and moment.year == 1):
        return moment.isoformat().replace("+00:00", "Z")
    return (moment - timedelta(days=name == "valid_to")).date().isoformat()


def _ordered(row: Row) -> Row:
    return {name: row[name] for name in (*_KEYS, *sorted(set(row) - set(_KEYS))) if name in row}
