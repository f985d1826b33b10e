"""Safe openings of the formats that several feeds share. Parsing is the libraries' work; here is only what they leave
open: positions, one bad row not spoiling the rest, and refusing input that attacks.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from typing import Any

import ijson
import yaml
from lxml import etree

from lineage.facts import Reject
from loaders.sources import Document

_SNIFF_BYTES = 8192


def binary(document: Document) -> Reject | None:
    """A reject when the document is no text at all (it has a NUL byte near its start)."""
    with document.open() as stream:
        head = stream.read(_SNIFF_BYTES)
    if b"\x00" not in head:
        return None
    return Reject(
        position=document.at("byte 0"),
        reason=f"{document.name} is binary or UTF-16, not UTF-8 text",
        hint="name the right file, or convert it to UTF-8",
    )


def json_values(document: Document) -> Iterator[tuple[str, Any] | Reject]:
    """The values of a JSON document as (position, value): JSON Lines, a top-level array, or one object.

    Streams: memory does not grow with the file. A broken line is one reject; a broken array ends at the break, with a
    reject that says so.
    """
    if (unreadable := binary(document)) is not None:
        yield unreadable
        return
    with document.open() as stream:
        first = next((line.strip() for line in stream if line.strip(b"\xef\xbb\xbf \t\r\n")), b"").lstrip(b"\xef\xbb\xbf")
    if first.startswith(b"["):
        yield from _json_array(document)
    elif first == b"{":
        yield from _json_whole(document)
    else:
        yield from _json_lines(document)


def _json_array(document: Document) -> Iterator[tuple[str, Any] | Reject]:
    index = 0
    with document.open() as stream:
        if stream.read(3) != b"\xef\xbb\xbf":
            stream.seek(0)
        try:
            for index, value in enumerate(ijson.items(stream, "item", use_float=True)):
                yield document.at(f"/{index}"), value
                index += 1
        except (ijson.JSONError, UnicodeError) as error:
            yield Reject(
                position=document.at(f"/{index}"),
                reason=f"the JSON array breaks off after {index} elements: {error}",
                hint="mend the array here; the elements before it were loaded",
            )


def _json_whole(document: Document) -> Iterator[tuple[str, Any] | Reject]:
    with document.open() as stream:
        try:
            yield document.at("/"), json.loads(stream.read().decode("utf-8-sig"))
        except (json.JSONDecodeError, RecursionError) as error:
            yield Reject(position=document.at(_json_place(error)), reason=f"not valid JSON: {error}", hint="mend the JSON here")


def _json_place(error: Exception) -> str:
    return f"line {error.lineno}" if isinstance(error, json.JSONDecodeError) else "/"


def _json_lines(document: Document) -> Iterator[tuple[str, Any] | Reject]:
    with document.open() as stream:
        for number, raw in enumerate(stream, start=1):
            position = document.at(f"line {number}")
            try:
                line = raw.decode("utf-8-sig" if number == 1 else "utf-8").strip()
                if line:
                    yield position, json.loads(line)
            except UnicodeDecodeError as error:
                yield Reject(
                    position=position,
                    reason=f"not UTF-8 at byte {error.start} of the line",
                    hint="convert the file to UTF-8",
                    record=raw.decode("utf-8", "replace")[:2000],
                )
            except (json.JSONDecodeError, RecursionError) as error:
                yield Reject(
                    position=position,
                    reason=f"not valid JSON: {error}",
                    hint="each line must hold one JSON object",
                    record=raw.decode("utf-8", "replace")[:2000],
                )


def csv_rows(document: Document) -> Iterator[tuple[str, dict[str, str]] | Reject]:
    """The rows of a CSV with a header line, as (position, {column: value}); empty cells are left out.

    Comma, semicolon or tab, told by the header. A row with more cells than columns is a reject.
    """
    if (unreadable := binary(document)) is not None:
        yield unreadable
        return
    with document.open() as stream:
        text = io.TextIOWrapper(stream, encoding="utf-8-sig", errors="surrogateescape", newline="")
        header = text.readline()
        if not header.strip():
            return
        delimiter = max(",;\t", key=header.count)
        columns = [name.strip() for name in next(csv.reader([header], delimiter=delimiter))]
        rows = csv.reader(text, delimiter=delimiter)
        while True:
            position = document.at(f"line {rows.line_num + 2}")
            try:
                cells = next(rows)
            except StopIteration:
                return
            except csv.Error as error:
                yield Reject(position=position, reason=f"not a CSV row: {error}", hint="check the quotes on this line")
                continue
            if not cells:
                continue
            record = dict(zip(columns, cells, strict=False))
            if len(cells) > len(columns):
                yield Reject(
                    position=position,
                    reason=f"{len(cells)} cells in a row of {len(columns)} columns",
                    hint="quote cells that contain the delimiter",
                    record=[_shown(cell) for cell in cells],
                )
            elif any(not _is_text(cell) for cell in cells):
                yield Reject(
                    position=position,
                    reason="not UTF-8",
                    hint="convert the file to UTF-8",
                    record={key: _shown(value) for key, value in record.items()},
                )
            else:
                yield position, {key: value for key, value in record.items() if value.strip()}


def _is_text(cell: str) -> bool:
    return not any("\ud800" <= character <= "\udfff" for character in cell)


def _shown(cell: str) -> str:
    return cell.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def yaml_documents(document: Document) -> Iterator[tuple[str, Any] | Reject]:
    """The documents of a YAML (or JSON) stream as (position, value), read by the safe loader."""
    if (unreadable := binary(document)) is not None:
        yield unreadable
        return
    try:
        with document.open() as stream:
            text = stream.read().decode("utf-8-sig")
        for index, value in enumerate(yaml.safe_load_all(text)):
            if value is not None:
                yield document.at(f"/{index}" if index else "/"), value
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        line = f"line {mark.line + 1}, column {mark.column + 1}" if mark else "file"
        yield Reject(
            position=document.at(line),
            reason=f"not valid YAML: {error.problem or error.context or 'cannot be read'}",
            hint="mend the file here; nothing after this point was read",
        )
    except (yaml.YAMLError, RecursionError) as error:
        yield Reject(position=document.at("file"), reason=f"not valid YAML: {error}", hint="mend the file")


def parse_xml(document: Document) -> etree._Element | Reject:
    """The root element, or the reject: not XML, or XML that declares entities (expansion and external-entity attacks).

    Forgives what real feeds get wrong (unescaped ampersands, undeclared prefixes); never expands an entity and never
    touches the network or another file.
    """
    if (unreadable := binary(document)) is not None:
        return unreadable
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, dtd_validation=False, huge_tree=False, recover=True
    )
    with document.open() as stream:
        try:
            root = etree.parse(stream, parser).getroot()
        except etree.XMLSyntaxError as error:
            return Reject(
                position=document.at(f"line {error.lineno or 1}"),
                reason=f"not XML: {error.msg}",
                hint="check that this is the feed itself and not an error page or another format",
            )
    if root is None:
        return Reject(position=document.at("line 1"), reason="not XML: no root element", hint="check that this is the feed itself")
    dtd = root.getroottree().docinfo.internalDTD
    if dtd is not None and any(True for _ in dtd.iterentities()):
        return Reject(
            position=document.at("line 1"),
            reason="the XML declares entities; such documents can exhaust memory or read other files and are refused",
            hint="ask the sender for the feed without a DOCTYPE that declares entities",
        )
    return root
