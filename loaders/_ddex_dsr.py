"""Sales and usage reports as flat files (DSR), from a service back to rights holders.

DSR part 1 (architecture) and part 8 (record types): cells are separated by tabs, never quoted; the first cell is the record's
type (HEAD, SY.. summaries, RE AS MW RU SU LI ... in blocks, FOOT); a line with # in front is for people and names the cells of a
type. A report is one message in one or several files, each with a HEAD and a FOOT of its own. The file's name repeats the header:
``DSR_recipient_sender_service_period_territory_NofM_created.tsv``; the header has the last word.

Each file is an item, part of its report, and evidence that the service sent it. The cells are fields of the data set
``ddex:dsr``. What the rows say of usages is not kept: they are counted against the totals of FOOT.
"""

from __future__ import annotations

import csv
import hashlib
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import PurePosixPath
from typing import Any, BinaryIO

from lineage.facts import DatasetField, Finding, HandoffEvent, Item
from loaders._ddex_catalogue import Catalogue
from loaders._ddex_message import UNDATED, Party, party
from loaders._edi import control_total
from loaders._events import moment
from loaders.base import Document, Reject, Said, UnusableError, binary, make

_TYPE = re.compile(r"[A-Z]{2}\d\d(\.\d\d)?|HEAD|FOOT")
# DSR part 8, 5.1.1 and 5.1.2, where no # line says otherwise.
_HEAD = (
    "MessageVersion", "Profile", "ProfileVersion", "MessageId", "MessageCreatedDateTime", "FileNumber", "NumberOfFiles",
    "UsageStartDate", "UsageEndDate", "SenderPartyId", "SenderName", "ServiceDescription", "RecipientPartyId", "RecipientName",
    "RepresentedRepertoire",
)  # fmt: skip
_FOOT = (
    "NumberOfLinesInFile", "NumberOfLinesInReport", "NumberOfSummaryRecords", "NumberOfBlocksInFile", "NumberOfBlocksInReport",
)  # fmt: skip
_NAME = ("recipient", "sender", "service", "period", "territory", "number", "created")
_PART = re.compile(r"(\d+)of(\d+)")


@dataclass
class _File:
    """A file while it is read, and what is counted in it."""

    document: Document
    columns: dict[str, list[str]] = field(default_factory=dict)
    head: list[str] | None = None
    foot: list[str] | None = None
    foot_position: str = ""
    lines: int = 0
    records: Counter[str] = field(default_factory=Counter)
    blocks: int = 0
    block: str | None = None
    digest: Any = field(default_factory=lambda: hashlib.blake2b(digest_size=6))

    @property
    def name(self) -> str:
        """The file's own name, without its folder, archive and compression."""
        path = PurePosixPath(self.document.name.replace("\\", "/").rpartition("!")[2])
        return path.name.removesuffix(".gz")

    @property
    def by_name(self) -> dict[str, str]:
        """What the file's name says, if it keeps to the convention (part 1, 8.1)."""
        parts = self.name.rpartition(".")[0].split("_")
        return dict(zip(_NAME, parts[1:], strict=True)) if len(parts) == len(_NAME) + 1 and parts[0] == "DSR" else {}

    def cells(self, type_: str, values: list[str] | None, otherwise: tuple[str, ...]) -> dict[str, str]:
        """The filled cells of HEAD or FOOT by their names in lower case: some write NumberofFiles."""
        names = self.columns.get(type_) or otherwise
        return {name.lower(): value for name, value in zip(names, values or (), strict=False) if value}

    def lines_of(self, stream: BinaryIO) -> Iterator[str]:
        """The lines as text; what is not UTF-8 in them stays recognisable."""
        for raw in stream:
            self.digest.update(raw)
            self.lines += 1
            yield raw.decode("utf-8-sig" if self.lines == 1 else "utf-8", "surrogateescape")

    def count(self, type_: str, cells: list[str]) -> None:
        """A record of the body: blocks are told by the number in their second cell."""
        self.records[type_] += 1
        if not type_.startswith("SY") and cells[1:2] != [self.block]:
            self.blocks += 1
            self.block = cells[1] if len(cells) > 1 else None


@dataclass
class _Report:
    """The files of one report that were found. ``of``: how many there are by their headers."""

    item: str
    name: str
    position: str
    sender: str
    of: int
    lines: dict[int, int] = field(default_factory=dict)
    blocks: dict[int, int] = field(default_factory=dict)
    totals: list[tuple[str, dict[str, str]]] = field(default_factory=list)


@dataclass
class Reports:
    """The reports of a load, for what only shows when all files were read."""

    catalogue: Catalogue
    known: dict[str, _Report] = field(default_factory=dict)
    columns: dict[str, dict[str, str]] = field(default_factory=dict)

    def said(self) -> Iterator[Said]:
        """The reports as items, the fields of their data set, and what is missing of them."""
        for type_, names in sorted(self.columns.items()):
            for name, position in names.items():
                yield make(DatasetField, position, name, dataset="ddex:dsr", name=f"{type_}.{name}")
        for report in self.known.values():
            details = {"files": str(report.of)}
            yield make(
                Item, report.position, report.item, id=report.item, name=report.name, origin=report.sender, details=details
            )
            missing = [str(number) for number in range(1, report.of + 1) if number not in report.lines]
            if missing:
                detail = f"{len(report.lines)} of {report.of} files are there; missing: {', '.join(missing[:20])}"
                yield Finding(position=report.position, finding="missing-part", subject=report.item, detail=detail)
                continue
            for position, foot in report.totals:
                for cell, counts in (("NumberOfLinesInReport", report.lines), ("NumberOfBlocksInReport", report.blocks)):
                    if said := foot.get(cell.lower()):
                        what = f"FOOT {cell} of {report.item}"
                        yield from control_total(position, what, said, sum(counts.values()), "in its files")


def read_dsr(document: Document, reports: Reports) -> Iterator[Said]:
    """A file of a report, row by row."""
    if (unreadable := binary(document)) is not None:
        yield unreadable
        return
    file = _File(document)
    with document.open() as stream:
        rows = csv.reader(file.lines_of(stream), delimiter="\t", quoting=csv.QUOTE_NONE)
        while (row := _next(rows, file)) is not None:
            if isinstance(row, Reject):
                yield row
            elif file.head is None and row and not row[0].startswith("#") and row[0] != "HEAD":
                reason = f"not a DSR file: its first record is {row[0][:40]!r}, not HEAD"
                hint = "give the flat file of a DDEX sales or usage report, whose cells are separated by tabs"
                yield Reject(position=document.at(f"line {file.lines}"), reason=reason, hint=hint, record=row[:20])
                return
            else:
                yield from _take(row, file)
    if file.head is None:
        hint = "a DSR file begins with a HEAD record"
        yield Reject(position=document.at("line 1"), reason="the file has no records", hint=hint)
        return
    yield from _facts(file, reports)


def _next(rows: Iterator[list[str]], file: _File) -> list[str] | Reject | None:
    """The next row, or why it is none; None at the end."""
    try:
        row = next(rows, None)
    except csv.Error as error:
        return Reject(
            position=file.document.at(f"line {file.lines}"),
            reason=f"not a record: {error}",
            hint="check this line for its tabs",
        )
    if row and not "".join(row).isascii():
        try:
            "".join(row).encode()
        except UnicodeEncodeError:
            shown = [cell.encode("utf-8", "surrogateescape").decode("utf-8", "replace") for cell in row[:50]]
            position = file.document.at(f"line {file.lines}")
            return Reject(position=position, reason="not UTF-8", hint="convert the file to UTF-8", record=shown)
    return row


def _take(row: list[str], file: _File) -> Iterator[Reject]:
    cells = [cell.strip() for cell in row]
    if not cells or not cells[0]:
        return
    position = file.document.at(f"line {file.lines}")
    type_ = cells[0].removeprefix("#").strip().upper()
    if cells[0].startswith("#"):
        if _TYPE.fullmatch(type_):
            file.columns[type_] = [name for name in cells[1:] if name]
    elif not _TYPE.fullmatch(type_):
        reason = f"{cells[0][:40]!r} is no type of record"
        hint = "records begin with HEAD, FOOT, or two letters and two digits, such as SU03.01"
        yield Reject(position=position, reason=reason, hint=hint, record=row[:50])
    elif type_ == "HEAD":
        file.head = cells[1:]
    elif type_ == "FOOT":
        file.foot, file.foot_position = cells[1:], position
    else:
        file.count(type_, cells)


def _facts(file: _File, reports: Reports) -> Iterator[Said]:
    document, catalogue = file.document, reports.catalogue
    head, by_name = file.cells("HEAD", file.head, _HEAD), file.by_name
    sender = party(head.get("senderpartyid"), head.get("sendername")) or party(by_name.get("sender"), None)
    recipient = party(head.get("recipientpartyid"), head.get("recipientname")) or party(by_name.get("recipient"), None)
    position = document.at("HEAD")
    if sender is None or recipient is None:
        reason = "neither the HEAD record nor the file's name says who sent the report to whom"
        hint = "give the file by its DSR name, or with its whole HEAD record"
        yield Reject(position=position, reason=reason, hint=hint, record=file.head)
        return
    number, of, findings = _part(file, head, by_name, position)
    period = "--".join(filter(None, (head.get("usagestartdate"), head.get("usageenddate")))) or by_name.get("period") or ""
    message_id = head.get("messageid")
    key = ":".join(filter(None, ("report:ddex", sender.id, recipient.id, period, message_id or file.name)))
    service = head.get("servicedescription") or by_name.get("service")
    territory = by_name.get("territory")
    title = " ".join(filter(None, (service, period, territory))) or key
    system = sender.system(catalogue.settings)
    report = reports.known.setdefault(key, _Report(key, title, position, system, of))
    report.of = max(report.of, of)
    report.lines[number], report.blocks[number] = file.lines, file.blocks
    time, offset = _created(head.get("messagecreateddatetime"), by_name.get("created"))
    order = (time or UNDATED, file.digest.hexdigest())
    for one in (sender, recipient):
        catalogue.party(one, order, position)
    catalogue.datasets.add("ddex:dsr")
    for type_, names in file.columns.items():
        known = reports.columns.setdefault(type_, {})
        for name in names:
            known.setdefault(name, document.at(f"#{type_}"))
    item = f"{key}:{number}of{of}"
    said = {"profile": head.get("profile"), "profile_version": head.get("profileversion"), "service": service,
            "period": period, "territory": territory, "lines": str(file.lines), "blocks": str(file.blocks)}  # fmt: skip
    counts = tuple(f"{type_} {count}" for type_, count in sorted(file.records.items()))
    details = {name: value for name, value in said.items() if value} | ({"records": counts} if counts else {})
    catalogue.item(item, order, position, name=file.name, origin=system, part_of=(key,), details=details)
    catalogue.identifiers.setdefault((item, f"file:{file.name}"), position)
    yield from findings
    yield from _totals(file, report)
    yield from _sent(file, item, message_id, (time, offset), sender, recipient, catalogue)


def _part(file: _File, head: dict[str, str], by_name: dict[str, str], position: str) -> tuple[int, int, list[Finding]]:
    """Which file of how many it is: by HEAD, else by its name, else the only one."""
    named = _PART.fullmatch(by_name.get("number", ""))
    said = [head.get("filenumber", ""), head.get("numberoffiles", "")]
    by_head = (int(said[0]), int(said[1])) if all(one.isdecimal() and len(one) < 7 for one in said) else None
    by_file = (int(named[1]), int(named[2])) if named else None
    findings = []
    if by_head and by_file and by_head != by_file:
        detail = f"HEAD says file {by_head[0]} of {by_head[1]}, the name says {by_file[0]} of {by_file[1]}; HEAD counts"
        findings.append(Finding(position=position, finding="file-number", subject=file.name, detail=detail))
    number, of = by_head or by_file or (1, 1)
    return number, max(number, of), findings


def _created(by_head: str | None, by_name: str | None) -> tuple[datetime | None, str | None]:
    """When the report was made: the header's time, else the one in the file's name, which has no zone."""
    for written in filter(None, (by_head, by_name)):
        try:
            return moment(written)
        except UnusableError:
            continue
    return None, None


def _totals(file: _File, report: _Report) -> Iterator[Said]:
    """The control totals of FOOT: lines count all, comments and empty ones too (part 8, 5.1.2)."""
    if file.foot is None:
        position = file.document.at(f"line {file.lines}")
        reason = "the file breaks off: its FOOT record is missing"
        yield Reject(position=position, reason=reason, hint="fetch it again; that it was sent was loaded")
        return
    foot = file.cells("FOOT", file.foot, _FOOT)
    summaries = sum(count for type_, count in file.records.items() if type_.startswith("SY"))
    for cell, counted, things in (
        ("NumberOfLinesInFile", file.lines, "lines"),
        ("NumberOfSummaryRecords", summaries, "summary records"),
        ("NumberOfBlocksInFile", file.blocks, "blocks"),
    ):
        if said := foot.get(cell.lower()):
            yield from control_total(file.foot_position, f"FOOT {cell} of {file.name}", said, counted, things)
    report.totals.append((file.foot_position, foot))


def _sent(
    file: _File,
    item: str,
    message_id: str | None,
    when: tuple[datetime | None, str | None],
    sender: Party,
    recipient: Party,
    catalogue: Catalogue,
) -> Iterator[Said]:
    by, to = sender.system(catalogue.settings), recipient.system(catalogue.settings)
    event = {
        "id": f"dsr:{message_id or file.name}:{file.digest.hexdigest()}",
        "source": f"urn:lineage:system:{by}",
        "type": "sent",
        "time": when[0],
        "offset": when[1],
        "item": item,
        "from": by,
        "to": to,
        "dataset": "ddex:dsr",
        "message_id": message_id,
        # A receipt of the transfer names the file.
        "envelopes": (file.name,),
    }
    yield make(HandoffEvent, file.document.at("HEAD"), file.head, **event)
