"""Row formats are read with the same memory however long they are."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

# In a process of its own, so that what other tests have left in memory does not hide what this one takes.
READ = """
import json, resource, sys
from lineage.facts import Fact, Reject
from lineage.loading import opened
facts = rejects = 0
with opened(sys.argv[1], sys.argv[2]) as reading:
    for said in reading.said():
        facts += isinstance(said, Fact)
        rejects += isinstance(said, Reject)
print(json.dumps({"facts": facts, "rejects": rejects, "kib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss}))
"""
ROWS = 4_000
LONG = "x" * 500


def event(number: int) -> str:
    good = {
        "specversion": "1.0", "id": f"e-{number}", "source": "a", "type": "lineage.handoff.sent.v1",
        "time": "2026-11-01T06:00:00Z", "subject": f"asset:{number}", "data": {"route": "r", "detail": LONG},
    }  # fmt: skip
    return json.dumps(good) + "\n"


def row(number: int) -> str:
    return f"{number},a,sent,2026-11-01T06:00:00Z,asset:{number},r,{LONG}\n"


def transfer(number: int) -> str:
    return f"Fri Nov 20 10:00:05 2026 1 192.0.2.7 9 /in/{LONG}/{number}.mp3 b _ i r relay sftp 0 * c\n"


def request(number: int) -> str:
    return f'192.0.2.7 - relay [20/Nov/2026:10:00:05 +0000] "PUT /in/{LONG}/{number}.mp3 HTTP/1.1" 201 9\n'


FORMATS: dict[str, tuple[str, str, Callable[[int], str], str]] = {
    # file name: feed, header, good row, bad row
    "log.jsonl": ("handoffs", "", event, '{"specversion": "1.0", ' + LONG + "\n"),
    "log.csv": ("handoffs", "id,source,type,time,subject,route,detail\n", row, f"1,a,sent,yesterday,asset:1,r,{LONG}\n"),
    "in.xferlog": ("xferlog", "", transfer, f"{LONG}\n"),
    "access.log": ("http-log", "", request, f"{LONG}\n"),
}


def read(feed: str, path: Path) -> dict[str, int]:
    done = subprocess.run([sys.executable, "-c", READ, feed, str(path)], capture_output=True, text=True, check=True)
    found: dict[str, int] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("name", FORMATS)
def test_memory_does_not_grow_with_the_file(tmp_path: Path, name: str) -> None:
    feed, header, good, bad = FORMATS[name]
    peaks = []
    for times in (1, 10):
        path = tmp_path / str(times) / name
        path.parent.mkdir()
        with path.open("w", encoding="utf-8") as file:
            file.write(header)
            for number in range(times * ROWS):
                file.write(bad if number % 1000 == 999 else good(number))
        found = read(feed, path)
        assert (found["facts"], found["rejects"]) == (times * ROWS * 999 // 1000, times * ROWS // 1000)
        peaks.append(found["kib"])
    # The longer file is 20 MiB longer: what it adds to memory must be far less than itself.
    assert peaks[1] - peaks[0] < 4 * 1024
