"""The logs that systems leave: CloudEvents, one JSON Lines file for each system that reports.

Buffered and shuffled in parts, so that a file of any size needs little memory and stands in no order.
"""

from __future__ import annotations

from array import array
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import IO

from lineage.simulate.network import DAY, MINUTE, SECOND, System

BUFFERED = 500
LOST_LINES = 0.0004
"""Share of the lines that are lost one by one."""
REPEATED = 0.004
"""Share of the lines that stand twice, the second time in any system's file."""


class Clock:
    """Turns milliseconds since the start into RFC 3339; a day more on either side for clocks that are off."""

    def __init__(self, started: datetime, days: int) -> None:
        first = started - timedelta(days=1)
        self.minutes = [f"{first + timedelta(minutes=n):%Y-%m-%dT%H:%M:}" for n in range((days + 3) * 24 * 60)]

    def text(self, time: int) -> str:
        """A time with milliseconds, in UTC."""
        minute, rest = divmod(time + DAY, MINUTE)
        return f"{self.minutes[minute]}{rest / 1000:06.3f}Z"


class Log:
    """One system's log."""

    def __init__(self, system: System, folder: Path, clock: Clock, until: int, random: Random) -> None:
        self._head = f'{{"specversion":"1.0","source":"urn:lineage:system:{system.id}","id":"{system.id}-'
        self._system = system
        self._minutes = clock.minutes
        self._ahead = system.skew + DAY
        self._until = until
        self._shuffle = random.shuffle
        self._random = random.random
        self._path = folder / f"{system.id}.jsonl"
        self._file: IO[str] | None = None
        self.others: list[Log] = []
        self.lines: list[str] = []
        self.written = 0
        self.noted = array("i")
        """The world's times of its lines, in seconds, in no order."""

    def write(self, event: str, time: int, subject: str, data: str) -> bool:
        """Note an event at a time of the world. False if the line is lost, or it has not happened yet.

        ``subject`` and ``data`` are JSON already: ``,"subject":"…"`` or nothing, and the inside of the data object.
        """
        if time > self._until:
            return False
        for start, end in self._system.gaps:
            if start <= time < end:
                return False
        if self._random() < LOST_LINES:
            return False
        self.written += 1
        self.noted.append(time // SECOND)
        minute, rest = divmod(time + self._ahead, MINUTE)
        line = (
            f'{self._head}{self.written}","type":"lineage.handoff.{event}.v1",'
            f'"time":"{self._minutes[minute]}{rest / 1000:06.3f}Z"{subject},"data":{{{data}}}}}\n'
        )
        self.lines.append(line)
        if len(self.lines) >= BUFFERED:
            self.flush()
        if self._random() < REPEATED:
            self.others[int(self._random() * len(self.others))].lines.append(line)
        return True

    def flush(self) -> None:
        """Write what is buffered, in any order. A system that never said anything has no file."""
        if self.lines:
            if self._file is None:
                self._file = self._path.open("w", encoding="utf-8")
            self._shuffle(self.lines)
            self._file.write("".join(self.lines))
            self.lines.clear()

    def close(self) -> None:
        """Write the rest and close the file."""
        self.flush()
        if self._file is not None:
            self._file.close()
