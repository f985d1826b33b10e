"""Transfers in the logs of file servers: xferlog (wu-ftpd, ProFTPD, vsftpd), vsftpd's own log, OpenSSH's sftp-server in syslog.

What is said of a file, by the server:

=====================================  ============  ==================================================
xferlog direction, completion          evidence      note
=====================================  ============  ==================================================
i, c                                   received
i, i                                   failed        code ``incomplete``; the server is the receiver
o, c                                   picked_up
o, i                                   failed        code ``incomplete``; the server is the sender
d                                      unknown       raw_type ``deleted``
=====================================  ============  ==================================================

vsftpd: ``OK UPLOAD`` received, ``OK DOWNLOAD`` picked_up, ``FAIL ...`` failed (code ``fail``), ``OK DELETE`` and ``OK RENAME``
unknown. OpenSSH: ``close`` with bytes written received, with bytes read picked_up, with neither unknown; ``forced close``
failed (``incomplete``); a refused ``open`` failed (code such as ``permission-denied``); ``rename`` gives an upload of the same
session its last name, ``remove`` is unknown.

Correlation: ``in_reply_to`` is the file's base name, or with ``answers=path`` the full path; names with blanks are kept (some
servers write _ for them). With ``item=asset:{stem}`` the event names the item, too. ``system.<user, remote host or host of the
log>=<system>`` and ``server=<system>`` name the two ends.

Identity: a hash of the line, so a line that stands in two rotated files is one event. xferlog counts in seconds: two transfers
whose lines are the same to the letter are one event, too. Lines of other programs in a syslog are passed over; what is no line
of any such log is a reject.

Times have no zone but in RFC 5424 and ISO stamps: ``timezone=Europe/Stockholm``, else they count as UTC. RFC 3164 stamps have no
year: ``year=2026`` is that of a file's first line and goes on over New Year; without it these events are undated, and a finding
says so. A file's own date would change with each copy.

Formats: xferlog(5) of ProFTPD and wu-ftpd; vsftpd, logging.c; OpenSSH portable, sftp-server.c; RFC 3164, 4.1; RFC 5424, 6.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime

from pydantic import Field

from loaders._logs import MONTHS, Clock, Entry, When, lines, local_time, syslog
from loaders._logs_sftp import Sessions, concerns
from loaders._transfer import FILE_PLACEHOLDERS, File, FileSettings, Rules, Transfer, rules_of, unusable_settings
from loaders.base import Document, Finding, Reject, Said, Source, UnusableError, feed, shown

_STAMP = r"[A-Z][a-z]{2} ([A-Z][a-z]{2}) {1,2}(\d{1,2}) (\d\d):(\d\d):(\d\d) (\d{4})"
# Anchored at the right: the last eight fields have no blanks, the file's name may. Possessive (++), so that a line of
# blanks is not tried in every way to split it.
_XFERLOG = re.compile(
    _STAMP + r" +(\d+) (\S+) (\d+) ++(.+) ([ab]) ([CUT_]+) ([oid]) ([agr]) (\S+) (\S+) ([01]) (\S+)(?: ([ci]))?"
)
_VSFTPD = re.compile(_STAMP + r" \[pid (\d+)\] (.*)")
_VSFTPD_SAID = re.compile(r'(?:\[([^\]]*)\] )?(OK|FAIL) (UPLOAD|DOWNLOAD|DELETE|RENAME): Client "([^"]*)", "(.*)"(.*)')
_SIZE = re.compile(r", (\d+) bytes")
_HINT = "give the log as the server wrote it: xferlog, vsftpd.log, or the syslog of sshd with internal-sftp"


class XferlogSettings(FileSettings):
    """Those of all feeds about files, and the year."""

    year: int | None = Field(default=None, description="year of the first line of a syslog whose times have none (RFC 3164)")


@feed(
    name="xferlog",
    title="File server logs",
    formats="xferlog (wu-ftpd, ProFTPD, vsftpd), vsftpd.log, OpenSSH sftp-server in syslog",
    contributes="which files came in, were fetched, broke off or were refused, by whom and when",
    patterns=("*xferlog*", "*ftp*.log*", "auth.log*", "secure*", "messages*", "syslog*"),
    authority="observed",
    example="lineage load xferlog /var/log/xferlog --set server=acme-sftp",
    settings=XferlogSettings,
)
def read(source: Source, settings: XferlogSettings) -> Iterator[Said]:
    """Every transfer of the source as a HandoffEvent that answers the file's name."""
    try:
        rules = rules_of(settings, ("name", "path"), FILE_PLACEHOLDERS)
    except UnusableError as bad:
        yield unusable_settings(bad)
        return
    yield from source.each(lambda document: _read_document(document, rules, settings.year))


def _read_document(document: Document, rules: Rules, year: int | None) -> Iterator[Said]:
    reading = _Reading(rules, Clock(rules.zone, year))
    for line in lines(document):
        if isinstance(line, Reject):
            yield line
            continue
        try:
            for seen in reading.line(*line):
                yield rules.fact("urn:xferlog", seen)
        except UnusableError as bad:
            yield Reject(position=line[0], reason=str(bad), hint=bad.hint, record=shown(line[1]))
    for seen in reading.sessions.end():
        yield rules.fact("urn:xferlog", seen)
    if reading.clock.yearless:
        yield Finding(
            position=document.at("file"),
            finding="no-year",
            subject=document.name,
            detail="its times have no year, so its events are undated; set year to that of its first line",
        )


class _Reading:
    """One log being read. A line that is none of any log raises UnusableError."""

    def __init__(self, rules: Rules, clock: Clock) -> None:
        self.rules, self.clock, self.sessions = rules, clock, Sessions()

    def line(self, position: str, text: str) -> Iterator[Transfer]:
        """What a line, perhaps with earlier ones of its session, says of a file."""
        if (found := _XFERLOG.fullmatch(text)) is not None:
            yield _xferlog(position, text, found, self.when(found))
        elif (found := _VSFTPD.fullmatch(text)) is not None:
            yield from self.vsftpd(position, text, found[7], found[8], self.when(found))
        elif (entry := syslog(text)) is not None:
            yield from self.syslog(position, text, entry)
        else:
            raise UnusableError("not a line of a file server's log", _HINT)

    def when(self, found: re.Match[str]) -> When:
        """The time in the first six groups, ``Mon Oct  1 17:09:23 2001``."""
        try:
            day, hour, minute, second, year = (int(found[i]) for i in range(2, 7))
            return local_time(datetime(year, MONTHS[found[1]], day, hour, minute, min(second, 59)), self.rules.zone)
        except (KeyError, ValueError, OverflowError) as error:
            raise UnusableError(f"{found[0][:24]!r} is not a time", "write it as Mon Oct  1 17:09:23 2001") from error

    def vsftpd(self, position: str, text: str, pid: str, said: str, when: When) -> Iterator[Transfer]:
        """A line of vsftpd's own log; logins, commands and the like say nothing of a file."""
        found = _VSFTPD_SAID.fullmatch(said)
        if found is None:
            return
        user, outcome, what, remote, path, rest = found.groups()
        size = _SIZE.match(rest)
        if outcome == "OK" and what == "UPLOAD":
            yield from self.sessions.upload(pid, user, remote, (position, text), path, size[1] if size else "0", when)
            return
        if outcome == "OK" and what == "RENAME":
            renamed = self.sessions.renamed(pid, path, text)
            if renamed is not None:
                yield from renamed
                return
            path = path.rpartition(" ")[2]
        elif outcome == "FAIL" and what in {"DELETE", "RENAME"}:
            return
        kinds = {"UPLOAD": "failed", "DOWNLOAD": "picked_up" if outcome == "OK" else "failed"}
        kind = kinds.get(what, "unknown")
        yield Transfer(
            position=position,
            identity=text,
            record=text,
            file=File(path, user=user),
            type=kind,
            inbound=None if kind == "unknown" else what == "UPLOAD",
            time=when[0],
            offset=when[1],
            peers=(user, remote),
            code="fail" if kind == "failed" else None,
            raw_type=f"{what.lower()}d" if kind == "unknown" else None,
            detail=(size and f"{size[1]} bytes", f"path {path}", user and f"user {user}", f"from {remote}", "vsftpd"),
        )

    def syslog(self, position: str, text: str, entry: Entry) -> Iterator[Transfer]:
        """A line of a syslog: of OpenSSH's sftp-server, of vsftpd, or of a program that this feed does not read."""
        if concerns(entry.program, entry.message):
            when = self.clock.time(entry.stamp)
            yield from self.sessions.sftp(position, text, entry.host, entry.pid, entry.message, when)
        elif entry.program == "vsftpd":
            yield from self.vsftpd(position, text, entry.pid, entry.message, self.clock.time(entry.stamp))


def _xferlog(position: str, text: str, found: re.Match[str], when: When) -> Transfer:
    seconds, remote, size, path = found[7], found[8], found[9], found[10]
    direction, user, service, known_as, completion = found[13], found[15], found[16], found[18], found[19]
    # Without completion status (wu-ftpd before 2.5) a transfer was logged only when it was complete.
    complete = completion != "i"
    kind = {"i": "received", "o": "picked_up"}[direction] if direction != "d" and complete else "failed"
    if direction == "d":
        kind = "unknown"
    return Transfer(
        position=position,
        identity=text,
        record=text,
        file=File(path, user=user),
        type=kind,
        inbound=None if direction == "d" else direction == "i",
        time=when[0],
        offset=when[1],
        peers=(user, known_as if known_as != "*" else None, remote),
        code="incomplete" if kind == "failed" else None,
        raw_type="deleted" if direction == "d" else None,
        detail=(f"{size} bytes in {seconds} s", f"path {path}", f"user {user}", f"from {remote}", service),
    )
