r"""Access logs of web servers: Common and Combined Log Format, JSON lines (nginx, Caddy), W3C extended (IIS, CloudFront).

===============  =====================================  ============  =============================================
method           status                                 evidence      note
===============  =====================================  ============  =============================================
PUT, POST,       2xx                                    received      by the server
PATCH            400, 409, 415, 422                     rejected      code is the status
\                other 4xx, 5xx                         failed        code is the status
GET              200, 206                               picked_up     by the client
\                4xx, 5xx                               failed        the server did not hand it out
DELETE           2xx                                    unknown       raw_type ``DELETE 204``: gone, not delivered
===============  =====================================  ============  =============================================

Everything else is passed over because it proves no handoff: HEAD, OPTIONS and other methods, redirects and 304, lines of
connections that sent no request. So are requests whose path does not match ``path`` (a glob, default ``*``, on the decoded path
without its query) or that do not name anything (``/``).

Correlation: ``in_reply_to`` is the last segment of the path, percent-decoded; with ``answers=path`` the whole path, with
``answers=query:<name>`` that parameter. ``item=asset:{stem}`` names the item. ``system.<user, remote host or the log's own
host>=<system>`` and ``server=<system>`` name the two ends. Queries are not kept: they often hold signatures.

Identity: a hash of the line. These logs count in seconds: two requests whose lines are the same to the letter are one event.

JSON keys: ``field.<ours>=<theirs>``, theirs being a key or a path such as ``request.method``; ours is time, method, target,
request, status, remote, user, server or size.

Formats: Apache mod_log_config, "Custom Log Formats"; W3C Extended Log File Format, working draft 960323 (dates and times are
UTC); IIS and CloudFront write no ``"`` around values, so neither is expected.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, NamedTuple
from urllib.parse import parse_qs, unquote, urlsplit

from pydantic import Field

from loaders._cloud import text_of
from loaders._logs import MONTHS, When, lines, time_of
from loaders._logs_fields import Fields, canonical
from loaders._transfer import FILE_PLACEHOLDERS, File, FileSettings, Rules, Transfer, rules_of, unusable_settings
from loaders.base import Document, Finding, Reject, Said, Source, UnusableError, feed, json_values, shown

_CLF = re.compile(
    r'(\S+) \S+ (.+?) \[([^\]]{20,30})\] "((?:[^"\\]++|\\.)*+)" (\d{3}) (\d+|-)(?: .*)?'
)  # fmt: skip
_CLF_TIME = re.compile(r"(\d\d)/([A-Z][a-z]{2})/(\d{4}):(\d\d:\d\d:\d\d) ([+-]\d\d)(\d\d)")
_PROTOCOL = re.compile(r" HTTP/[\d.]+$")
_USUAL = {
    "time": ("time_iso8601", "time_local", "@timestamp", "timestamp", "time", "msec", "ts"),
    "method": ("request_method", "method", "verb", "http_method", "request.method"),
    "target": ("request_uri", "uri", "url", "path", "request.uri"),
    "request": ("request",),
    "status": ("status", "status_code", "response_status", "response"),
    "remote": ("remote_addr", "client_ip", "clientip", "remote_ip", "remote_host", "request.remote_ip"),
    "user": ("remote_user", "user", "auth", "user_id"),
    "server": ("host", "http_host", "server_name", "vhost", "request.host"),
    "size": ("body_bytes_sent", "bytes_sent", "bytes", "size"),
}
_UPLOADS = frozenset({"PUT", "POST", "PATCH"})
_REJECTED = frozenset({400, 409, 415, 422})
_HINT = "give an access log in Common, Combined, JSON or W3C extended format"


class HttpLogSettings(FileSettings):
    """``path``: glob of the requests that count; ``field``: {our name: key in a JSON log}."""

    path: str = Field(default="*", description="only requests whose path matches, such as /ingest/*")
    field: dict[str, str] = Field(default_factory=dict, description="what we call a value: the key in a JSON log")


class _Request(NamedTuple):
    """A request as any of the formats has it; ``when`` is read only if the request proves anything."""

    method: str
    target: str
    query: str | None
    status: Any
    when: Callable[[], When]
    remote: str | None
    user: str | None
    server: str | None
    size: Any


@feed(
    name="http-log",
    title="Web server access logs",
    formats="Common/Combined Log Format, JSON lines (nginx, Caddy), W3C extended (IIS, CloudFront)",
    contributes="what was uploaded to or fetched from a web server, and what it refused",
    patterns=("*access*", "*.log", "*.log.[0-9]*", "*.w3c"),
    authority="observed",
    example="lineage load http-log access.log --set path='/upload/*' --set server=acme-inbox",
    settings=HttpLogSettings,
)
def read(source: Source, settings: HttpLogSettings) -> Iterator[Said]:
    """Every request of the source that proves something, as a HandoffEvent that answers the file in its path."""
    try:
        reading = _Reading(settings)
    except UnusableError as bad:
        yield unusable_settings(bad)
        return
    yield from source.each(reading.document)


class _Reading:
    def __init__(self, settings: HttpLogSettings) -> None:
        word, _, self.parameter = settings.answers.partition(":")
        by_query = word == "query" and bool(self.parameter)
        chosen = settings.model_copy(update={"answers": "name"}) if by_query else settings
        rules = rules_of(chosen, ("name", "path") if by_query else ("name", "path", "query:<parameter>"), FILE_PLACEHOLDERS)
        self.rules: Rules = replace(rules, query=by_query)
        self.fields = Fields(_USUAL, settings.field)
        self.wanted = re.compile(fnmatch.translate(settings.path)).match if settings.path != "*" else None

    def document(self, document: Document) -> Iterator[Said]:
        """All requests of a document; its first character says which format it is in."""
        with document.open() as stream:
            start = stream.read(4096).removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
        if start and start in b"{[":
            yield from self.json(document)
        else:
            yield from self.text(document, _w3c() if start == b"#" else _clf)

    def text(self, document: Document, parse: Callable[[str], _Request | None]) -> Iterator[Said]:
        for line in lines(document):
            if isinstance(line, Reject):
                yield line
                continue
            position, text = line
            try:
                request = parse(text)
                if request is not None and (seen := self.seen(position, text, text, request)) is not None:
                    yield self.rules.fact("urn:http-log", seen)
            except UnusableError as bad:
                yield Reject(position=position, reason=str(bad), hint=bad.hint, record=shown(text))

    def json(self, document: Document) -> Iterator[Said]:
        for value in json_values(document):
            if isinstance(value, Reject):
                yield value
                continue
            position, record = value
            try:
                if not isinstance(record, dict):
                    raise UnusableError("not a request: a JSON object is needed", _HINT)
                seen = self.seen(position, canonical(record), record, self.of_json(record))
            except UnusableError as bad:
                yield Reject(position=position, reason=str(bad), hint=bad.hint, record=shown(record))
                continue
            if seen is not None:
                if seen.time is None:
                    detail = "no time that can be read; the event is undated"
                    yield Finding(position=position, finding="bad-time", subject="time", detail=detail)
                yield self.rules.fact("urn:http-log", seen)

    def of_json(self, record: dict[str, Any]) -> _Request:
        """A request by the names that the settings or habit give to its parts."""
        method, target, line = (text_of(self.fields.of(record, name)) for name in ("method", "target", "request"))
        if line is not None and (method is None or target is None):
            method, target = _request_line(line) or (method, target)
        status = self.fields.of(record, "status")
        if method is None or target is None or status is None:
            names = [n for n, v in (("method", method), ("target", target), ("status", status)) if v is None]
            raise UnusableError(f"the request has no {' and no '.join(names)}", f"--set field.{names[0]}=ITS_KEY names the key")
        remote, user, server = (text_of(self.fields.of(record, name)) for name in ("remote", "user", "server"))
        time, size = self.fields.of(record, "time"), self.fields.of(record, "size")
        return _Request(method, target, None, status, lambda: self.json_time(time), remote, user, server, size)

    def json_time(self, time: Any) -> When:
        """ISO 8601, nginx's time_local or seconds since 1970; unknown if it is none of them."""
        try:
            local = isinstance(time, str) and _CLF_TIME.fullmatch(time)
            return _clf_time(time) if local else time_of(time, self.rules.zone)
        except UnusableError:
            return None, None

    def seen(self, position: str, identity: str, record: Any, request: _Request) -> Transfer | None:
        """What a request proves; None if nothing. The commonest reasons are tried first: most lines of a log prove nothing."""
        meaning = _meaning(request.method, request.status)
        if meaning is None:
            return None
        path, query = _target(request.target)
        if (self.wanted is not None and not self.wanted(path)) or not path.strip("/"):
            return None
        answered = None
        if self.rules.query:
            answered = next(iter(parse_qs(request.query or query).get(self.parameter, [])), None)
            if answered is None:
                return None
        kind, inbound, code = meaning
        time, offset = request.when()
        said = f"{request.method} {request.status}"
        size = text_of(request.size)
        return Transfer(
            position=position,
            identity=identity,
            record=record,
            file=File(path, user=request.user),
            type=kind,
            inbound=inbound,
            time=time,
            offset=offset,
            peers=(request.user, request.remote),
            server=(request.server,),
            code=code,
            raw_type=said,
            detail=(
                f"{said} {path}",
                f"{size} bytes" if size and size != "-" and kind == "picked_up" else None,
                request.user and f"user {request.user}",
                request.remote and f"from {request.remote}",
                request.server and f"at {request.server}",
            ),
            query=answered,
        )


def _meaning(method: str, status: Any) -> tuple[str, bool | None, str | None] | None:
    """(evidence type, towards the server or away from it, code)."""
    try:
        number = int(status)
    except (ValueError, TypeError) as error:
        raise UnusableError(f"status {shown(status)!r:.40} is not a number", _HINT) from error
    upload = method in _UPLOADS
    if 200 <= number < 300:
        if upload:
            return "received", True, None
        if method == "DELETE":
            return "unknown", None, None
        return ("picked_up", False, None) if method == "GET" and number in {200, 206} else None
    if number < 400 or not (upload or method == "GET"):
        return None
    return "rejected" if upload and number in _REJECTED else "failed", upload, str(number)


def _target(target: str) -> tuple[str, str]:
    """The decoded path of a request target and its query; the target may be a whole URL (RFC 9112, section 3.2)."""
    path, _, query = target.partition("?")
    if not path.startswith("/"):
        try:
            path = urlsplit(path).path
        except ValueError as error:
            raise UnusableError(f"{target[:60]!r} is not a request target", _HINT) from error
    return unquote(path) if "%" in path else path, query


def _request_line(line: str) -> tuple[str, str] | None:
    """Method and target of ``PUT /in/a.csv HTTP/1.1``; None for what a broken connection left."""
    method, _, rest = line.partition(" ")
    target = _PROTOCOL.sub("", rest)
    return (method, target) if target and method.isalpha() else None


def _clf(text: str) -> _Request | None:
    found = _CLF.fullmatch(text)
    if found is None:
        raise UnusableError("not a line of an access log", _HINT)
    remote, user, time, line, status, size = found.groups()
    request = _request_line(line)
    if request is None:
        return None
    named = user if user != "-" else None
    return _Request(*request, None, status, lambda: _clf_time(time), remote, named, None, size)


def _clf_time(text: str) -> When:
    """``21/Nov/2026:10:00:00 +0100`` as (UTC, offset)."""
    found = _CLF_TIME.fullmatch(text)
    if found is None or found[2] not in MONTHS:
        raise UnusableError(f"[{text[:40]}] is not a time", "write it as [21/Nov/2026:10:00:00 +0100]")
    offset = f"{found[5]}:{found[6]}"
    return time_of(f"{found[3]}-{MONTHS[found[2]]:02}-{found[1]}T{found[4]}{offset}", None)


def _w3c() -> Callable[[str], _Request | None]:
    """A parser for the lines of one W3C extended log: its ``#Fields`` say what the columns are, and may change."""
    columns: list[str] = []

    def parse(text: str) -> _Request | None:
        nonlocal columns
        if text.startswith("#"):
            name, _, rest = text.partition(":")
            columns = rest.lower().split() if name == "#Fields" else columns
            return None
        # CloudFront separates by tabs, IIS by blanks.
        cells = text.split("\t") if "\t" in text else text.split(" ")
        if not columns or len(cells) != len(columns):
            problem = f"{len(cells)} values for {len(columns)} fields" if columns else "no #Fields before this line"
            raise UnusableError(problem, "keep the log's #Fields lines; values hold no blanks")
        row = {name: cell for name, cell in zip(columns, cells, strict=True) if cell != "-"}
        if "cs-method" not in row or "cs-uri-stem" not in row or "sc-status" not in row:
            raise UnusableError("cs-method, cs-uri-stem or sc-status is missing", "log these three fields")
        server = row.get("cs(host)") or row.get("cs-host") or row.get("x-host-header") or row.get("s-computername")
        return _Request(
            row["cs-method"],
            row["cs-uri-stem"],
            row.get("cs-uri-query"),
            row["sc-status"],
            lambda: _w3c_time(row),
            row.get("c-ip"),
            row.get("cs-username"),
            server or row.get("s-ip"),
            row.get("sc-bytes"),
        )

    return parse


def _w3c_time(row: dict[str, str]) -> When:
    if "date" not in row or "time" not in row:
        return None, None
    return time_of(f"{row['date']}T{row['time']}Z", None)
