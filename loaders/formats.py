"""Safe openings of the formats that several feeds share. Parsing is the libraries' work; here is only what they leave
open: positions, one bad row not spoiling the rest, and refusing input that attacks.
"""

from __future__ import annotations

import csv
import io
import itertools
import json
from collections.abc import Iterator
from typing import Any, BinaryIO

import ijson
import yaml

from lineage.facts import Reject
from loaders._yaml import YamlLoader
from loaders.sources import Document

_SNIFF_BYTES = 8192
# YAML, XML and a single JSON object are held in memory as a whole; more than this is a decompression bomb or a mistake.
MAX_WHOLE_BYTES = 512 * 1024 * 1024
_MAX_DEPTH = 500
# A last line of our own: where it ends up in a cell, a quote was left open. No text file has this control character.
_END = "\x1e"
_BOM = b"\xef\xbb\xbf"


def whole(document: Document) -> bytes:
    """All of a document's bytes. Raises OSError when it is larger than any honest one."""
    with document.open() as stream:
        data = stream.read(MAX_WHOLE_BYTES + 1)
    if len(data) > MAX_WHOLE_BYTES:
        raise OSError(f"it holds more than {MAX_WHOLE_BYTES // 1024**2} MiB")
    return data


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

    Lines and arrays stream: memory does not grow with the file. A broken line is one reject; a broken array ends at the
    break, with a reject that says so.
    """
    if (unreadable := binary(document)) is not None:
        yield unreadable
        return
    with document.open() as stream:
        filled = (line.strip() for line in stream if line.strip(_BOM + b" \t\r\n"))
        first, second = next(filled, b""), next(filled, b"")
    first = first.removeprefix(_BOM)
    if first.startswith(b"["):
        yield from _json_array(document)
    elif first.startswith(b"{") and second and not _is_json(first) and _is_one_object(document, first, second):
        yield from _jsonwhole(document)
    else:
        yield from _json_lines(document)


def _is_json(line: bytes) -> bool:
    try:
        json.loads(line)
    except (ValueError, RecursionError):
        return False
    return True


def _is_one_object(document: Document, first: bytes, second: bytes) -> bool:
    """Whether lines that are no JSON by themselves make one object, and not a file of lines whose first is broken."""
    if not second.startswith(b"{"):
        return True
    try:
        return first.endswith((b"{", b"[", b",", b":")) and _is_json(whole(document).removeprefix(_BOM))
    except OSError:  # too large for one object
        return False


def _json_array(document: Document) -> Iterator[tuple[str, Any] | Reject]:
    index = -1
    with document.open() as stream:
        if stream.read(3) != _BOM:
            stream.seek(0)
        try:
            for index, value in enumerate(_elements(stream)):
                yield document.at(f"/{index}"), value
        except (ijson.JSONError, ValueError, RecursionError) as error:
            yield Reject(
                position=document.at(f"/{index + 1}"),
                reason=f"the JSON array breaks off after {index + 1} elements: {one_line(error)}",
                hint="mend the array here; the elements before it were loaded",
            )


def _elements(stream: BinaryIO) -> Iterator[Any]:
    # Not ijson.items: it keeps the whole path at every level, which lets 200 kB of "[" take all memory.
    depth, element = 0, ijson.ObjectBuilder()
    for event, value in ijson.basic_parse(stream, use_float=True):
        if event in {"end_map", "end_array"}:
            depth -= 1
        if depth:
            element.event(event, value)
            if depth == 1 and event not in {"start_map", "start_array"}:
                yield element.value
                element = ijson.ObjectBuilder()
        if event in {"start_map", "start_array"}:
            depth += 1
            if depth > _MAX_DEPTH:
                raise ValueError(f"nested deeper than {_MAX_DEPTH} levels")


def one_line(error: Exception) -> str:
    """What a library says of an error, as one line of bounded length."""
    return " ".join(str(error).split())[:300]


def _jsonwhole(document: Document) -> Iterator[tuple[str, Any] | Reject]:
    try:
        yield document.at("/"), json.loads(whole(document).decode("utf-8-sig"))
    # ValueError: also an integer of more than 4,300 digits.
    except (ValueError, RecursionError) as error:
        place = f"line {error.lineno}" if isinstance(error, json.JSONDecodeError) else "/"
        yield Reject(position=document.at(place), reason=f"not valid JSON: {one_line(error)}", hint="mend the JSON here")


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
            except (ValueError, RecursionError) as error:
                yield Reject(
                    position=position,
                    reason=f"not valid JSON: {one_line(error)}",
                    hint="each line must hold one JSON object",
                    record=raw.decode("utf-8", "replace")[:2000],
                )


def csv_columns(document: Document) -> list[str] | None:
    """The column names of a CSV's header line; None where there is none (empty or binary, which ``csv_rows`` says)."""
    with (
        document.open() as stream,
        io.TextIOWrapper(stream, encoding="utf-8-sig", errors="surrogateescape", newline="") as text,
    ):
        header = text.readline(1 << 16)
    if not header.strip() or "\x00" in header:
        return None
    return _columns(header)[0]


def _columns(header: str) -> tuple[list[str], str]:
    """The names in a header line, and the delimiter that it uses most."""
    delimiter = max(",;\t", key=header.count)
    return [_shown(name.strip()) for name in next(csv.reader([header], delimiter=delimiter))], delimiter


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
        try:
            columns, delimiter = _columns(header)
        except csv.Error as error:
            yield Reject(position=document.at("line 1"), reason=f"not a CSV header: {error}", hint="name the right file")
            return
        rows = csv.reader(itertools.chain(text, [_END]), delimiter=delimiter)
        while True:
            position = document.at(f"line {rows.line_num + 2}")
            try:
                cells = next(rows)
            except StopIteration:
                return
            except csv.Error as error:
                yield Reject(position=position, reason=f"not a CSV row: {error}", hint="check the quotes on this line")
                continue
            if cells == [_END]:
                return
            if not cells:
                continue
            record = dict(zip(columns, cells, strict=False))
            if cells[-1].endswith(_END):
                yield Reject(
                    position=position,
                    reason="a quote that opens in this row is never closed: the rest of the file stands in one cell",
                    hint="close it, or double it if it is meant",
                    record=[_shown(cell)[:500] for cell in cells],
                )
            elif len(cells) > len(columns):
                yield Reject(
                    position=position,
                    reason=f"{len(cells)} cells in a row of {len(columns)} columns",
                    hint="quote cells that contain the delimiter",
                    record=[_shown(cell) for cell in cells],
                )
            elif not _is_text("".join(cells)):
                yield Reject(
                    position=position,
                    reason="not UTF-8",
                    hint="convert the file to UTF-8",
                    record={key: _shown(value) for key, value in record.items()},
                )
            else:
                yield position, {key: value for key, value in record.items() if value.strip()}


def _is_text(cells: str) -> bool:
    try:
        cells.encode()
    except UnicodeEncodeError:  # bytes that were not UTF-8 became lone surrogates
        return False
    return True


def _shown(cell: str) -> str:
    return cell.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def yaml_documents(document: Document) -> Iterator[tuple[str, Any] | Reject]:
    """The documents of a YAML (or JSON) stream as (position, value), read by a safe loader; dates are left as text.

    Aliases stay shared references: walk a value with a bound, never its whole expansion.
    """
    if (unreadable := binary(document)) is not None:
        yield unreadable
        return
    try:
        text = whole(document).decode("utf-8-sig")
        # JSON is read as such: YAML 1.1 refuses its tabs and is slow.
        values = _json_of(text) if text.lstrip().startswith(("{", "[")) else None
        for index, value in enumerate(values or yaml.load_all(text, Loader=YamlLoader)):
            if value is not None:
                yield document.at(f"/{index}" if index else "/"), value
    except UnicodeDecodeError:
        raise
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        line = f"line {mark.line + 1}, column {mark.column + 1}" if mark else "file"
        yield Reject(
            position=document.at(line),
            reason=f"not valid YAML: {error.problem or error.context or 'cannot be read'}",
            hint="mend the file here; nothing after this point was read",
        )
    # An explicit tag on a value that does not fit it (!!int x, !!timestamp x) escapes from the constructors as these.
    except (yaml.YAMLError, RecursionError, ValueError, TypeError, AttributeError, LookupError, ArithmeticError) as error:
        yield Reject(position=document.at("file"), reason=f"not valid YAML: {one_line(error)}", hint="mend the file")


def _json_of(text: str) -> list[Any] | None:
    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if len(mapping := dict(pairs)) < len(pairs):
            raise ValueError("a key is given twice")
        return mapping

    try:
        return [json.loads(text, object_pairs_hook=unique)]
    except (ValueError, RecursionError):
        return None  # flow-style YAML; or broken, and then the YAML reader says where
