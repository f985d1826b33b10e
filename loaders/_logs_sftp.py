"""Sessions of OpenSSH's sftp-server and of vsftpd: which lines of a log together are one transfer.

Message texts: OpenSSH portable, sftp-server.c (``logit`` calls; log level INFO or above); vsftpd, logging.c. A file that is
uploaded under a temporary name and then renamed in the same session has arrived once, under its last name, so an upload is
held back until its session ends, or until too many are held.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from loaders._logs import When
from loaders._transfer import File, Transfer

PROGRAMS = frozenset({"internal-sftp", "sftp-server", "sshd", "sshd-session"})
# Bounds on what is remembered, so that memory does not grow with the log: sessions at once, and files in each.
_MAX_SESSIONS = 2000
_MAX_FILES = 100

_OPENED = re.compile(r"session opened for local user (\S+) from \[([^\]]*)\]")
_OPEN = re.compile(r'open "(.*)" flags (\S*) mode \S+')
_CLOSE = re.compile(r'(forced )?close "(.*)" bytes read (\d+) written (\d+)')
# Bounded, since either name may hold what separates them; PATH_MAX is 4096, and sshd cuts its messages long before.
_RENAME = re.compile(r'(?:posix-)?rename old "(.{1,4096})" new "(.{1,4096})"')
_REMOVE = re.compile(r'remove name "(.*)"')
_STATUS = re.compile(r"sent status (.+)")
_CLOSED = re.compile(r"session closed for local user ")
_SFTP_WORD = re.compile(r"(?:session|open|forced|close|rename|posix-rename|remove|sent) ")
# sshd escapes what is not ASCII (log.c: strnvis with VIS_OCTAL).
_ESCAPED = re.compile(rb"\\(?:([0-3][0-7]{2})|(\\))")


def _unescaped(path: str) -> str:
    if "\\" not in path:
        return path
    plain = _ESCAPED.sub(lambda m: bytes([int(m[1], 8)]) if m[1] else b"\\", path.encode())
    return plain.decode("utf-8", "replace")


@dataclass(slots=True)
class _Upload:
    """A file that has arrived and may yet be renamed."""

    position: str
    lines: list[str]
    path: str
    size: str
    when: When


@dataclass(slots=True)
class _Opened:
    position: str
    line: str
    path: str
    flags: str
    when: When
    refused: str | None = None


@dataclass(slots=True)
class _Session:
    host: str
    protocol: str
    user: str | None = None
    remote: str | None = None
    open: dict[str, _Opened] = field(default_factory=dict)
    held: dict[str, _Upload] = field(default_factory=dict)
    last_opened: _Opened | None = None
    last_rename: tuple[_Upload, str] | None = None
    pending: Transfer | None = None

    def transfer(
        self,
        position: str,
        lines: list[str],
        path: str,
        kind: str,
        when: When,
        *,
        inbound: bool | None = None,
        size: str | None = None,
        code: str | None = None,
        raw: str | None = None,
        said: str | None = None,
    ) -> Transfer:
        """What is known of one file. Who, from where and in which year are part of its identity: its lines do not say them."""
        user, remote = self.user, self.remote
        year = str(when[0].year) if when[0] else ""
        return Transfer(
            position=position,
            identity="\n".join([*lines, user or "", remote or "", year]),
            record=lines[0],
            file=File(path, user=user),
            type=kind,
            inbound=inbound,
            time=when[0],
            offset=when[1],
            peers=(user, remote),
            server=(self.host,),
            code=code,
            raw_type=raw,
            detail=(
                said,
                f"{size} bytes" if size is not None else None,
                f"path {path}",
                f"user {user}" if user else None,
                f"from {remote}" if remote else None,
                self.protocol,
            ),
        )

    def arrived(self, upload: _Upload) -> Transfer:
        return self.transfer(
            upload.position, upload.lines, upload.path, "received", upload.when, inbound=True, size=upload.size
        )

    def hold(self, upload: _Upload) -> Iterator[Transfer]:
        """Remember an upload; an earlier one of that name, or the oldest of too many, is told now."""
        if (before := self.held.pop(upload.path, None)) is not None:
            yield self.arrived(before)
        elif len(self.held) >= _MAX_FILES:
            yield self.arrived(self.held.pop(next(iter(self.held))))
        self.held[upload.path] = upload

    def rename(self, upload: _Upload, new: str, line: str) -> list[Transfer]:
        """Give an upload its new name; what is told is an earlier upload that had it."""
        del self.held[upload.path]
        self.last_rename = upload, upload.path
        before = self.held.pop(new, None)
        upload.path = new
        upload.lines.append(line)
        self.held[new] = upload
        return [self.arrived(before)] if before is not None else []

    def forget(self, opened: _Opened) -> Iterator[Transfer]:
        """A file that was never closed: the server had refused to open it, if it said so."""
        if opened.refused is not None:
            yield self.transfer(
                opened.position,
                [opened.line],
                opened.path,
                "failed",
                opened.when,
                inbound="WRITE" in opened.flags,
                code=opened.refused.lower().replace(" ", "-"),
                said=opened.refused,
            )

    def settle(self) -> Iterator[Transfer]:
        """What the line before said, now that no refusal followed it."""
        if self.pending is not None:
            yield self.pending
        self.pending = self.last_opened = self.last_rename = None

    def end(self) -> Iterator[Transfer]:
        yield from self.settle()
        for opened in self.open.values():
            yield from self.forget(opened)
        for upload in self.held.values():
            yield self.arrived(upload)


class Sessions:
    """All sessions of one log. Feed it the lines of PROGRAMS (``sftp``) and vsftpd's (``upload``, ``renamed``); then ``end``."""

    def __init__(self) -> None:
        self._sessions: dict[tuple[str, str], _Session] = {}

    def _of(self, host: str, pid: str, protocol: str) -> tuple[_Session, list[Transfer]]:
        """The session, now the latest used one, and what the one that had to give way for it still had to tell."""
        told: list[Transfer] = []
        session = self._sessions.pop((host, pid), None)
        if session is None:
            session = _Session(host, protocol)
            if len(self._sessions) >= _MAX_SESSIONS:
                told += self._sessions.pop(next(iter(self._sessions))).end()
        self._sessions[host, pid] = session
        return session, told

    def end(self) -> Iterator[Transfer]:
        """What was held back. For the end of the log."""
        for session in self._sessions.values():
            yield from session.end()
        self._sessions.clear()

    def upload(self, pid: str, user: str | None, remote: str, line: tuple[str, str], path: str, size: str, when: When) \
            -> Iterator[Transfer]:  # fmt: skip
        """vsftpd: an upload that ended well. ``line``: its position and text."""
        session, told = self._of("", pid, "vsftpd")
        yield from told
        if (session.user, session.remote) != (user, remote):
            yield from session.end()  # the process id has gone to someone else
            self._sessions["", pid] = session = _Session("", "vsftpd", user, remote)
        yield from session.hold(_Upload(line[0], [line[1]], path, size, when))

    def renamed(self, pid: str, both: str, line: str) -> list[Transfer] | None:
        """vsftpd: ``old new``, which only a known old name can tell from a name with a blank. None: no upload of that name."""
        session = self._sessions.get(("", pid), _Session("", "vsftpd"))
        for path, upload in session.held.items():
            if both.startswith(f"{path} "):
                return session.rename(upload, both[len(path) + 1 :], line)
        return None

    def sftp(self, position: str, line: str, host: str, pid: str, message: str, when: When) -> Iterator[Transfer]:
        """One message of OpenSSH's sftp-server."""
        session, told = self._of(host, pid, "sftp")
        yield from told
        message = message.removesuffix(" [postauth]")
        if (found := _STATUS.fullmatch(message)) is not None:
            _refuse(session, found[1])
            return
        yield from session.settle()
        if (found := _CLOSE.fullmatch(message)) is not None:
            yield from _close(session, position, line, found, when)
        elif (found := _OPEN.fullmatch(message)) is not None:
            opened = _Opened(position, line, _unescaped(found[1]), found[2], when)
            if len(session.open) >= _MAX_FILES:
                yield from session.forget(session.open.pop(next(iter(session.open))))
            if (before := session.open.pop(opened.path, None)) is not None:
                yield from session.forget(before)
            session.open[opened.path] = session.last_opened = opened
        elif (found := _RENAME.fullmatch(message)) is not None:
            old, new = _unescaped(found[1]), _unescaped(found[2])
            if (upload := session.held.get(old)) is not None:
                yield from session.rename(upload, new, line)
            else:
                session.pending = session.transfer(position, [line], new, "unknown", when, raw="renamed", said=f"was {old}")
        elif (found := _REMOVE.fullmatch(message)) is not None:
            session.pending = session.transfer(position, [line], _unescaped(found[1]), "unknown", when, raw="deleted")
        elif (found := _OPENED.fullmatch(message)) is not None:
            yield from session.end()
            self._sessions[host, pid] = _Session(host, "sftp", found[1], found[2])
        elif _CLOSED.match(message):
            yield from session.end()
            del self._sessions[host, pid]


def concerns(program: str, message: str) -> bool:
    """Whether a syslog line is sftp-server's: sshd writes for it, too, and much else."""
    return program in PROGRAMS and (not program.startswith("sshd") or _SFTP_WORD.match(message) is not None)


def _refuse(session: _Session, status: str) -> None:
    """A status is about the line before it: an open that was refused or a write that failed, a rename, a removal."""
    if status in {"Success", "End of file"}:
        return
    if session.last_opened is not None:
        session.last_opened.refused = status
    elif session.last_rename is not None:
        upload, old = session.last_rename
        session.held.pop(upload.path, None)
        upload.path = old
        upload.lines.pop()
        session.held[old] = upload
    session.pending = session.last_rename = session.last_opened = None


def _close(session: _Session, position: str, line: str, found: re.Match[str], when: When) -> Iterator[Transfer]:
    """The end of a file's use. What was written came in; what was only read went out; neither proves nothing."""
    path, read, written = _unescaped(found[2]), found[3], found[4]
    opened = session.open.pop(path, None)
    inbound = written != "0" or (opened is not None and "WRITE" in opened.flags)
    if found[1]:
        kind, size, code, raw = "failed", written if inbound else read, "incomplete", None
    # A refusal while a file is open is a failed write if it says nothing else; others come from requests that are not logged.
    elif inbound and opened is not None and opened.refused == "Failure":
        kind, size, code, raw = "failed", written, "failure", None
    elif inbound:
        yield from session.hold(_Upload(position, [line], path, written, when))
        return
    elif read != "0":
        kind, size, code, raw = "picked_up", read, None, None
    else:
        kind, size, code, raw = "unknown", read, None, "close"
    towards = inbound if raw is None else None
    yield session.transfer(position, [line], path, kind, when, inbound=towards, size=size, code=code, raw=raw)
