"""The registry: partners, systems, agreements and datasets as somebody declared them, in YAML or JSON.

The top level is a mapping of sections, each a list of rows; every key is optional except ids and a route's ends. One file
or many make one source: references are resolved over all of it, and the same row twice is harmless.

Times: ``valid_from``/``valid_to`` take RFC 3339 or a date. A date in ``valid_from`` means the start of that day, in
``valid_to`` its end, UTC: the day named is still valid. YAML's plain numbers are taken as text where text is meant
(``id: 42``); its booleans are not (``id: true``), because which word stood there is lost.

Short forms and long ones: a reference to a data set or field is ``dataset``, ``dataset.field``, or, where that could be read in
two ways, ``{dataset: a.b, field: c}``. What a report ``reads`` is a reference, or ``{from: reference, by: system, valid_from, valid_to}``;
what an item is ``expected_on`` is a route's id, or ``{route: id, valid_from, valid_to}``.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

from lineage.facts import (
    Contact,
    Dataset,
    DatasetField,
    Declared,
    DeclaredFact,
    Derivation,
    Expectation,
    Fact,
    Identifier,
    Interface,
    Item,
    Partner,
    Report,
    Route,
    System,
    Team,
)
from loaders.base import Document, NoSettings, Reject, Said, Source, UnusableError, feed, make, shown, yaml_documents

_VALID = ("valid_from", "valid_to")
_KEYS: dict[str, tuple[str, ...]] = {
    "partners": ("id", "name", "zone", "kind", "contacts"),
    "teams": ("id", "name", "partner", "contacts"),
    "systems": ("id", "name", "partner", "kind", "owner"),
    "interfaces": ("id", "system", "protocol", "format", "endpoint", "contract"),
    "datasets": ("id", "name", "description", "format", "owner", "contract", "fields"),
    "derivations": ("of", "from", "by"),
    "routes": (
        *("id", "from", "to", "dataset", "interface", "item_kind", "after", "expect", "schedule", "timezone", "calendar"),
        *("deliver_within", "acknowledgement", "acknowledge_within", "owner"),
    ),
    "items": (
        *("id", "name", "origin", "identifiers", "part_of", "version_of", "published_at", "territory", "use", "duration_s"),
        *("details", "expected_on"),
    ),
    "reports": ("id", "name", "url", "reads", "owner"),
}
_CONTACT_KEYS = ("name", "email", "role")
_FIELD_KEYS = ("name", "type", "required", "description")
_READS_KEYS = ("from", "by", *_VALID)
_EXPECTED_KEYS = ("route", *_VALID)
_FACTS: dict[str, type[Declared]] = {
    "partners": Partner,
    "teams": Team,
    "systems": System,
    "interfaces": Interface,
    "datasets": Dataset,
    "routes": Route,
    "items": Item,
    "reports": Report,
}
_DURATIONS = ("deliver_within", "acknowledge_within")
_TIMES = (*_VALID, "published_at")
_TYPED: dict[str, type | tuple[type, ...]] = {"required": bool, "duration_s": (int, float)}
_DATE = re.compile(r"\d{4}-\d\d-\d\d")

Row = dict[str, Any]


@feed(
    name="partners",
    title="Partner registry",
    formats="YAML or JSON (lineage registry)",
    contributes="partners, teams, contacts, systems, interfaces, datasets, fields, routes, derivations, reports, items",
    patterns=("*.yaml", "*.yml", "*.json"),
    authority="registry",
    example="lineage load partners partners.yaml",
)
def read(source: Source, settings: NoSettings) -> Iterator[Said]:
    """Every row of the registry as facts; the datasets of all files are known before a reference is resolved."""
    registry = _Registry()
    yield from source.each(registry.collect)
    yield from registry.facts()


class _Registry:
    """The rows of a whole source, and what of it was said already."""

    def __init__(self) -> None:
        self._rows: list[tuple[str, str, Row]] = []
        self._datasets: set[str] = set()
        self._said: dict[tuple[str, str], tuple[str, str]] = {}

    def collect(self, document: Document) -> Iterator[Said]:
        """Take up the document's rows; yields only rejects."""
        sections = 0
        for value in yaml_documents(document):
            if isinstance(value, Reject):
                yield value
                sections += 1
                continue
            position, content = value
            sections += 1
            if isinstance(content, dict):
                yield from self._collect_sections(position.removesuffix("/"), content)
            else:
                yield Reject(
                    position=position,
                    reason=f"not a registry: the top level is {_a(content)}, not a mapping of sections",
                    hint=f"start with a section such as 'partners:'; the sections are {', '.join(_KEYS)}",
                    record=shown(content),
                )
        if not sections:
            yield Reject(
                position=document.at("file"),
                reason=f"{document.name} is empty",
                hint="an empty registry would retire everything that it declared; remove the file if that is meant",
            )

    def _collect_sections(self, base: str, content: dict[Any, Any]) -> Iterator[Reject]:
        for section, rows in content.items():
            position = f"{base}/{str(section)[:100].encode('utf-8', 'backslashreplace').decode()}"
            if section not in _KEYS:
                yield Reject(
                    position=position,
                    reason=f"unknown section {str(section)[:100]!r}",
                    hint=_nearest(str(section), tuple(_KEYS)),
                    record=shown(rows),
                )
            elif rows is not None and not isinstance(rows, list):
                yield Reject(
                    position=position,
                    reason=f"{section} is {_a(rows)}, not a list",
                    hint=f"write each of the {section} as a row that begins with '- id:'",
                    record=shown(rows),
                )
            else:
                for index, row in enumerate(rows or ()):
                    yield from self._collect_row(section, f"{position}/{index}", row)

    def _collect_row(self, section: str, position: str, row: Any) -> Iterator[Reject]:
        try:
            clean = _row(row, (*_KEYS[section], *_VALID))
        except UnusableError as error:
            yield Reject(position=position, reason=str(error), hint=error.hint, record=shown(row))
            return
        if section == "datasets" and isinstance(clean.get("id"), str):
            self._datasets.add(clean["id"].strip())
        self._rows.append((section, position, clean))

    def facts(self) -> Iterator[Said]:
        """The facts of all rows taken up, each once."""
        for section, position, row in self._rows:
            if section == "derivations":
                yield from self._derivations(position, row)
            else:
                yield from self._declared(section, position, row)

    def _declared(self, section: str, position: str, row: Row) -> Iterator[Said]:
        parts = ("contacts", "fields", "reads", "expected_on", *(("identifiers",) if section == "items" else ()))
        values = {key: value for key, value in row.items() if key not in parts}
        fact = make(_FACTS[section], position, row, **values)
        said = self._once(fact, row)
        if said is not None:
            yield said
        if not isinstance(said, Reject) and not isinstance(fact, Reject):
            for part in parts:
                if part in row:
                    yield from getattr(self, f"_{part}")(fact, position, row)

    def _once(self, fact: Fact | Reject, record: Any) -> Fact | Reject | None:
        """The fact; None where the same was said already; a reject where it was said with other content."""
        if not isinstance(fact, DeclaredFact):
            return fact
        key, content = (fact.label, fact.key), fact.model_dump_json()
        if key not in self._said:
            self._said[key] = content, fact.position
            return fact
        before, position = self._said[key]
        if before == content:
            return None
        return Reject(
            position=fact.position,
            reason=f"the {_noun(fact)} {fact.key} is given twice with other content, first at {position}",
            hint="keep one of the two; the first was loaded",
            record=shown(record),
        )

    def _contacts(self, fact: Partner | Team, position: str, row: Row) -> Iterator[Said]:
        label = "Partner" if isinstance(fact, Partner) else "Team"
        for place, contact in _rows_of(row["contacts"], f"{position}/contacts", _CONTACT_KEYS):
            if isinstance(contact, Reject):
                yield contact
            elif not contact:
                yield Reject(position=place, reason="a contact without name, email and role", hint="give at least one")
            else:
                yield from self._all(make(Contact, place, contact, of_label=label, of=fact.id, **contact), contact)

    def _fields(self, fact: Dataset, position: str, row: Row) -> Iterator[Said]:
        for place, field in _rows_of(row["fields"], f"{position}/fields", _FIELD_KEYS):
            if isinstance(field, Reject):
                yield field
            else:
                yield from self._all(make(DatasetField, place, field, dataset=fact.id, **field), field)

    def _identifiers(self, fact: Item, position: str, row: Row) -> Iterator[Said]:
        for index, value in _listed(row["identifiers"]):
            yield make(Identifier, f"{position}/identifiers/{index}", row, item=fact.id, identifier=value)

    def _expected_on(self, fact: Item, position: str, row: Row) -> Iterator[Said]:
        for place, entry in _entries(row["expected_on"], f"{position}/expected_on", "route", _EXPECTED_KEYS):
            if isinstance(entry, Reject):
                yield entry
            else:
                yield from self._all(make(Expectation, place, row, item=fact.id, **entry), row)

    def _reads(self, fact: Report, position: str, row: Row) -> Iterator[Said]:
        for place, entry in _entries(row["reads"], f"{position}/reads", "from", _READS_KEYS):
            if isinstance(entry, Reject):
                yield entry
                continue
            label, reference = self._reference(entry.pop("from", None))
            ends = {"from_label": label, "from": reference, "to_label": "Report", "to": fact.id}
            yield from self._all(make(Derivation, place, row, **ends, **entry), row)

    def _derivations(self, position: str, row: Row) -> Iterator[Said]:
        missing = [key for key in ("of", "from") if key not in row]
        if missing:
            yield Reject(
                position=position,
                reason=f"{' and '.join(map(repr, missing))} is missing",
                hint="a derivation says of (what is made) and from (what it is made from)",
                record=shown(row),
            )
            return
        to_label, to = self._reference(row["of"])
        rest = {key: value for key, value in row.items() if key not in {"of", "from"}}
        for index, value in _listed(row["from"]):
            label, reference = self._reference(value)
            ends = {"from_label": label, "from": reference, "to_label": to_label, "to": to}
            yield from self._all(make(Derivation, f"{position}/from/{index}", row, **ends, **rest), row)

    def _all(self, fact: Fact | Reject, record: Any) -> Iterator[Said]:
        said = self._once(fact, record)
        if said is not None:
            yield said

    def _reference(self, value: Any) -> tuple[str, Any]:
        """``dataset`` or ``dataset.field`` (also ``dataset#field``) as (label, id); a field's id is ``dataset#field``.

        A declared dataset wins, then the longest declared dataset followed by ``.`` or ``#``; ``#`` always means a field;
        what is left is a dataset that nobody declared.
        """
        if isinstance(value, dict) and set(value) == {"dataset", "field"}:
            return "Field", f"{value['dataset']}#{value['field']}"
        if isinstance(value, dict) and set(value) == {"dataset"}:
            return "Dataset", value["dataset"]
        if not isinstance(value, str):
            return "Dataset", value
        text = value.strip()
        if text in self._datasets:
            return "Dataset", text
        for end in sorted((match.start() for match in re.finditer(r"[.#]", text)), reverse=True):
            if text[:end] in self._datasets and end + 1 < len(text):
                return "Field", f"{text[:end]}#{text[end + 1 :]}"
        return ("Field" if "#" in text else "Dataset"), text


def _row(row: Any, keys: tuple[str, ...]) -> Row:
    """The row's keys checked and its scalars made what facts take. Raises UnusableError."""
    if not isinstance(row, dict):
        raise UnusableError(f"a row is {_a(row)}, not a mapping", f"write it with keys: {', '.join(keys)}")
    clean: Row = {}
    for key, value in row.items():
        if key not in keys:
            raise UnusableError(f"unknown key {str(key)[:100]!r}", _nearest(str(key), keys))
        if (usable := _value(key, value)) is not None:
            clean[key] = usable
    start, end = clean.get("valid_from"), clean.get("valid_to")
    if start is not None and end is not None and end <= start:
        raise UnusableError("valid_to is not after valid_from", "correct one of the two")
    return clean


def _value(key: str, value: Any) -> Any:
    if key in _TIMES:
        return _day(key, value)
    if key in _DURATIONS:
        return _duration(key, value)
    if key in _TYPED and isinstance(value, _TYPED[key]):
        return value
    if key == "details" and isinstance(value, dict):
        return {str(name): _value(f"details.{name}", part) for name, part in value.items()}
    if isinstance(value, list):
        return [_scalar(key, part) for part in value]
    scalar = _scalar(key, value)
    return [scalar] if key == "after" and isinstance(scalar, str) else scalar


def _scalar(key: str, value: Any) -> Any:
    if isinstance(value, bool | float):
        read_as = "yes, no, on, off, true and false as booleans" if isinstance(value, bool) else "it as a number"
        raise UnusableError(f"{key}: must be text (got {value})", f"quote it as it should read; YAML reads {read_as}")
    return str(value) if isinstance(value, int) else value


def _duration(key: str, value: Any) -> str | None:
    # The facts would take "5" as five seconds and "1:00" as an hour; a registry says it in ISO 8601.
    if value is None or (isinstance(value, str) and value.strip().startswith("P")):
        return value
    raise UnusableError(f"{key}: not an ISO 8601 duration (got {shown(value)!r:.80})", "write PT30M, PT6H or P1D")


def _day(key: str, value: Any) -> datetime | None:
    if value is None:
        return None
    text = str(value).strip() if isinstance(value, str | date) else ""
    try:
        moment = datetime.fromisoformat(text)
        if key == "valid_to" and moment.date() == date.max:
            return None  # 9999-12-31 is how many systems write "no end"
        if key == "valid_to" and _DATE.fullmatch(text):
            moment += timedelta(days=1)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        hint = "write a date (2026-01-31) or RFC 3339 (2026-01-31T12:00:00Z)"
        raise UnusableError(f"{key}: not a date or time (got {shown(value)!r:.80})", hint) from error


def _listed(value: Any) -> Iterator[tuple[int, Any]]:
    return enumerate(value if isinstance(value, list) else [value])


def _entries(value: Any, position: str, short: str, keys: tuple[str, ...]) -> Iterator[tuple[str, Row | Reject]]:
    """Entries that are one name, or a mapping of ``keys`` (without ``from`` it is the name itself, written in full)."""
    for index, entry in _listed(value):
        place = f"{position}/{index}"
        if not isinstance(entry, dict) or short not in entry:
            yield place, {short: entry}
            continue
        try:
            yield place, _row(entry, keys)
        except UnusableError as error:
            yield place, Reject(position=place, reason=str(error), hint=error.hint, record=shown(entry))


def _rows_of(value: Any, position: str, keys: tuple[str, ...]) -> Iterator[tuple[str, Row | Reject]]:
    if not isinstance(value, list):
        hint = f"write each as a row with {', '.join(keys)}"
        yield position, Reject(position=position, reason=f"{_a(value)}, not a list", hint=hint, record=shown(value))
        return
    for index, row in enumerate(value):
        place = f"{position}/{index}"
        try:
            yield place, _row(row, (*keys, *_VALID))
        except UnusableError as error:
            yield place, Reject(position=place, reason=str(error), hint=error.hint, record=shown(row))


def _nearest(word: str, known: tuple[str, ...]) -> str:
    close = difflib.get_close_matches(word[:100], known, n=1)
    return f"did you mean {close[0]!r}?" if close else f"known are {', '.join(known)}"


def _noun(fact: Declared) -> str:
    return "id" if hasattr(fact, "id") else fact.label.lower()


def _a(value: Any) -> str:
    names = {dict: "a mapping", list: "a list", str: "text", type(None): "nothing"}
    return names.get(type(value), f"a {type(value).__name__}")
