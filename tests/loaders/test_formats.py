"""The openings that feeds share."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from lineage.facts import Partner, Reject
from loaders.base import csv_rows, json_values, make, parse_xml, reasons, shown, yaml_documents
from loaders.sources import Document


def document(tmp_path: Path, content: str | bytes, name: str = "x") -> Document:
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return Document(name, path)


@pytest.mark.parametrize(
    "content",
    [
        '{"a": 1}\n{"a": 2}\n',
        '\ufeff{"a": 1}\r\n\r\n{"a": 2}',
        '[{"a": 1}, {"a": 2}]',
        '\ufeff \n [\n{"a": 1},\n{"a": 2}\n]\n',
    ],
)
def test_json_in_every_shape(content: str, tmp_path: Path) -> None:
    assert [value[1] for value in json_values(document(tmp_path, content)) if isinstance(value, tuple)] == [{"a": 1}, {"a": 2}]


@pytest.mark.parametrize("content", ['{"a": [1, {"b": 2}]}', '{\n"a": [1, {"b": 2}]\n}', '{ "a":\n  [1, {"b": 2}] }\n'])
def test_one_json_object(content: str, tmp_path: Path) -> None:
    ((_, value),) = (each for each in json_values(document(tmp_path, content)) if isinstance(each, tuple))
    assert value == {"a": [1, {"b": 2}]}


def test_the_elements_of_an_array(tmp_path: Path) -> None:
    elements: list[Any] = [1, 2.5, "x", None, True, [], {}, [[1], {"a": [{}]}], {"a": {"b": []}}]
    found = list(json_values(document(tmp_path, json.dumps(elements))))
    assert found == [(f"/{index}", element) for index, element in enumerate(elements)]


def test_a_broken_array_says_where(tmp_path: Path) -> None:
    *good, bad = json_values(document(tmp_path, '[{"a": 1}, {"a": 2}, {"a" 3}]'))
    assert len(good) == 2
    assert isinstance(bad, Reject)
    assert bad.position == "/2"


def test_csv_delimiters_quotes_and_empty_cells(tmp_path: Path) -> None:
    rows = list(csv_rows(document(tmp_path, 'a;b;c\n1;;"x\ny"\n\n2;3\n')))
    assert rows == [("line 2", {"a": "1", "c": "x\ny"}), ("line 5", {"a": "2", "b": "3"})]


def test_yaml_keeps_scalars_as_written(tmp_path: Path) -> None:
    text = "a: 2026-01-01\nb: 0123\nc: 12:30\nd: 7\ne: -1.5\nf: no\ng: null\nh: 1_000\ni: 0x1F\n"
    ((_, value),) = (each for each in yaml_documents(document(tmp_path, text)) if isinstance(each, tuple))
    assert value == {
        "a": "2026-01-01",
        "b": "0123",
        "c": "12:30",
        "d": 7,
        "e": -1.5,
        "f": "no",
        "g": None,
        "h": "1_000",
        "i": "0x1F",
    }


def test_yaml_merge_keys_and_their_override(tmp_path: Path) -> None:
    text = "base: &b {x: 1, y: 2}\nmade: {<<: *b, y: 3}\n"
    ((_, value),) = (each for each in yaml_documents(document(tmp_path, text)) if isinstance(each, tuple))
    assert value["made"] == {"x": 1, "y": 3}


@pytest.mark.parametrize("text", ["a: 1\na: 2\n", '{"a": 1, "a": 2}', '{"b": {"a": 1, "a": 2}}'])
def test_a_key_twice(text: str, tmp_path: Path) -> None:
    (reject,) = yaml_documents(document(tmp_path, text))
    assert isinstance(reject, Reject)
    assert "given twice" in reject.reason


def test_xml_faults_are_optional_and_the_rest_is_read(tmp_path: Path) -> None:
    faults: list[Reject] = []
    broken = document(tmp_path, "<rss>\n<a>x & y</a>\n<b>")
    assert not isinstance(parse_xml(broken), Reject)
    root = parse_xml(broken, faults)
    assert not isinstance(root, Reject)
    assert root.findtext("a") == "x  y"
    assert [fault.position for fault in faults] == ["line 3"]
    faults.clear()
    parse_xml(document(tmp_path, "<rss><a>x & y</a></rss>\n<!-- end -->"), faults)
    assert faults == []


def test_a_record_is_bounded() -> None:
    record: Any = "x" * 10_000
    for _ in range(60):
        record = [record, record]
    assert len(json.dumps(shown(record))) < 1_000_000
    assert shown({"\ud800": ["\udfff", math.nan, {1}]}) == {"\\ud800": ["\\udfff", "nan", "{1}"]}


def test_reasons_name_each_value() -> None:
    reject = make(Partner, "line 1", {"id": ""}, id="", zone="moon", colour="red")
    assert isinstance(reject, Reject)
    assert reject.reason.split("; ") == [
        "id: String should have at least 1 character (got '')",
        "zone: Input should be 'spotify', 'middleware' or 'partner' (got 'moon')",
        "unknown key 'colour'",
    ]
    with pytest.raises(ValidationError) as caught:
        Partner(id=[])  # type: ignore[arg-type]
    assert reasons(caught.value, {"id": "Nr"})[0].startswith("Nr: ")


@pytest.mark.parametrize("end", ["", "\n"])
def test_a_quote_that_is_never_closed_swallows_nothing_silently(tmp_path: Path, end: str) -> None:
    said = list(csv_rows(document(tmp_path, f'a,b\n1,2\n3,"open\n4,5\n6,7{end}')))
    assert said[0] == ("line 2", {"a": "1", "b": "2"})
    (reject,) = (one for one in said[1:] if isinstance(one, Reject))
    assert reject.position == "line 3"
    assert "never closed" in reject.reason
    assert len(said) == 2
    whole = [one for one in csv_rows(document(tmp_path, f'a,b\n1,"2\n3"{end}')) if isinstance(one, tuple)]
    assert whole == [("line 2", {"a": "1", "b": "2\n3"})]


def test_a_header_that_is_too_long_is_a_reject(tmp_path: Path) -> None:
    (reject,) = csv_rows(document(tmp_path, f"{'x' * 200_000},b\n1,2\n"))
    assert isinstance(reject, Reject)
    assert (reject.position, "not a CSV header" in reject.reason) == ("line 1", True)
