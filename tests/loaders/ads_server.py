"""A local Spotify Ads API: it routes and validates by the published OpenAPI document, serves samples, and fails as it is told.

What it serves is put in by path, the oldest first. A call that the document does not have, a parameter that the call does not take,
a value of the wrong type and a missing token are refused as the API refuses them.
"""

from __future__ import annotations

import base64
import functools
import json
import re
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import yaml
from api_server import serving_at

FIXTURES = Path(__file__).parents[1] / "fixtures"
ACCOUNT = "00000000-0000-4000-8000-000000000001"
BUSINESS = "00000000-0000-4000-8000-0000000000b1"
CAMPAIGNS = f"/ad_accounts/{ACCOUNT}/campaigns"
CLIENT, SECRET, REFRESH = "the-client", "the-client-secret", "the-refresh-token"


@functools.cache
def document() -> dict[str, Any]:
    """The OpenAPI document. PyYAML alone: strict validators refuse one of its examples."""
    text = (FIXTURES / "ads-server" / "external-v3.openapi.yaml").read_text("utf-8")
    found: dict[str, Any] = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    return found


def resolved(part: Any) -> dict[str, Any]:
    """A part of the document, with its reference followed."""
    while "$ref" in part:
        found: Any = document()
        for name in part["$ref"].removeprefix("#/").split("/"):
            found = found[name]
        part = found
    return dict(part)


@functools.cache
def operations() -> list[tuple[re.Pattern[str], dict[str, Any]]]:
    """Every GET of the document with the pattern of its path, fixed words before parameters."""
    found = []
    for path, methods in document()["paths"].items():
        if "get" in methods:
            pattern = re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+)", re.escape(path))
            found.append((path.count("{"), re.compile(pattern), methods["get"]))
    return [(pattern, operation) for _, pattern, operation in sorted(found, key=lambda one: one[0])]


@dataclass
class Fault:
    """What a call answers instead, ``times`` times (None: until mended)."""

    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)
    times: int | None = None


@dataclass
class AdsServer:
    """What the server holds and was asked. ``calls``: the paths with queries of all API calls, in order."""

    url: str = ""
    token_url: str = ""
    served: dict[str, Any] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    faults: dict[str, Fault] = field(default_factory=dict)
    tokens: int = 0
    revoked: str = ""

    def fault(self, call: str, status: int = 500, body: bytes = b'{"messages": ["later"]}', **more: Any) -> None:
        """Let calls that begin with ``call`` (path and query) fail."""
        self.faults[call] = Fault(status, body, **more)

    def expire(self) -> None:
        """Refuse the access token that is in use."""
        self.revoked = f"token-{self.tokens}"

    def answer(self, target: str, authorization: str) -> tuple[int, bytes, dict[str, str]]:
        """Status, body and headers of one call below the base path."""
        self.calls.append(target)
        token = authorization.removeprefix("Bearer ")
        if not re.fullmatch(r"token-\d+", token) or token == self.revoked:
            return self._refused(401, "The access token expired")
        for call, fault in self.faults.items():
            if target.startswith(call) and fault.times != 0:
                fault.times = None if fault.times is None else fault.times - 1
                return fault.status, fault.body, fault.headers
        parts = urlsplit(target)
        for pattern, operation in operations():
            if found := pattern.fullmatch(parts.path):
                return self._operation(operation, found.groupdict(), parts.path, parse_qs(parts.query))
        return self._refused(404, f"no such call: {parts.path}")

    def _operation(
        self, operation: dict[str, Any], names: dict[str, str], path: str, query: dict[str, list[str]]
    ) -> tuple[int, bytes, dict[str, str]]:
        declared = {one["name"]: one for one in map(resolved, operation.get("parameters", []))}
        problems = [f"unknown parameter {name}" for name in query if name not in declared or declared[name]["in"] != "query"]
        given = {**names, **{name: values[0] for name, values in query.items()}}
        for name, one in declared.items():
            if name in given:
                problems += _wrong(name, unquote(given[name]), resolved(one["schema"]))
            elif one.get("required"):
                problems.append(f"{name} is required")
        if problems:
            return self._refused(400, *problems)
        schema = resolved(operation["responses"]["200"]["content"]["application/json"]["schema"])
        lists = [key for key, part in schema.get("properties", {}).items() if resolved(part).get("type") == "array"]
        if "paging" not in schema.get("properties", {}) and len(lists) != 1:
            one = self.served.get(path.removeprefix("/"))
            return self._refused(404, "not found") if one is None else (200, json.dumps(one).encode(), {})
        key = next(name for name in lists)
        everything = self.served.get(path.removeprefix("/"), [])
        if "sort_direction" in declared:
            default = resolved(declared["sort_direction"]["schema"]).get("default")
            everything = everything[:: -1 if given.get("sort_direction", default) == "DESC" else 1]
        offset = int(given.get("offset", 0)) if "offset" in declared else 0
        limit = int(given.get("limit", 50)) if "limit" in declared else len(everything)
        paging = {"page_size": limit, "total_results": len(everything), "offset": offset}
        return 200, json.dumps({"paging": paging, key: everything[offset : offset + limit]}).encode(), {}

    def _refused(self, status: int, *messages: str) -> tuple[int, bytes, dict[str, str]]:
        body = {"sp_trace_id": f"trace-{len(self.calls)}", "messages": messages, "error_codes": []}
        return status, json.dumps(body).encode(), {}

    def token(self, authorization: str, form: dict[str, list[str]]) -> tuple[int, bytes, dict[str, str]]:
        """A new access token (RFC 6749, section 6)."""
        expected = "Basic " + base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        if (fault := self.faults.get("token")) is not None:
            return fault.status, fault.body, fault.headers
        if authorization != expected:
            return 401, b'{"error": "invalid_client"}', {}
        if form.get("grant_type") != ["refresh_token"] or form.get("refresh_token") != [REFRESH]:
            return 400, b'{"error": "invalid_grant", "error_description": "Refresh token revoked"}', {}
        self.tokens += 1
        answer = {"access_token": f"token-{self.tokens}", "token_type": "Bearer", "expires_in": 3600}
        return 200, json.dumps(answer).encode(), {"Cache-Control": "no-store"}


def _wrong(name: str, value: str, schema: dict[str, Any]) -> list[str]:
    if schema.get("format") == "uuid" and not re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", value):
        return [f"{name} is no UUID"]
    if schema.get("enum") and value not in schema["enum"]:
        return [f"{name} is none of {schema['enum']}"]
    if schema.get("type") == "integer":
        if not re.fullmatch(r"-?\d+", value):
            return [f"{name} is no integer"]
        if not schema.get("minimum", 0) <= int(value) <= schema.get("maximum", 10**9):
            return [f"{name} is out of range"]
    return []


def recorded(name: str) -> Any:
    """The body of a sample under tests/fixtures/ads."""
    text = (FIXTURES / "ads" / name).read_text("utf-8")
    return json.loads(text.partition("\n")[2] if name.endswith(".http") else text)


def samples() -> dict[str, Any]:
    """The sample account: one business, its campaign, three ad sets with an ad each, their asset, an audience, two changes."""
    account = f"ad_accounts/{ACCOUNT}"
    business = recorded("E-03.GET__businesses.http")["businesses"][0]
    own = recorded("E-01.GET__ad_accounts__ad_account_id.http")
    found = {
        "businesses": [business],
        f"businesses/{BUSINESS}": business,
        f"businesses/{BUSINESS}/ad_accounts": [own],
        account: own,
        f"{account}/audiences": [recorded("openapi-propexamples.AudienceResponse.json")],
        f"{account}/change_history": recorded("openapi-example.getChangeHistory.json")["change_history"],
        f"{account}/async_reports/{ACCOUNT}": recorded("openapi-propexamples.AsyncReportResponse.json"),
    }
    for name in ("campaigns", "ad_sets", "ads", "assets"):
        found[f"{account}/{name}"] = recorded(f"P1-05.GET__ad_accounts__ad_account_id__{name}.http")[name]
    return found


def campaigns(offset: int) -> str:
    """The call by which the client asks for a page of campaigns."""
    return f"{CAMPAIGNS}?limit=50&offset={offset}&sort_field=CREATED_AT&sort_direction=ASC"


def many(server: AdsServer, count: int) -> None:
    """Give the account so many campaigns."""
    server.served[CAMPAIGNS.removeprefix("/")] = [
        {"id": f"10500001-0000-4000-8000-{number:012}", "name": f"Campaign {number}", "status": "ACTIVE"}
        for number in range(count)
    ]


def serving(served: dict[str, Any]) -> AbstractContextManager[AdsServer]:
    """The server on a free port of this machine, with what it serves; gone afterwards."""
    return serving_at(AdsServer(served=served), "/ads/v3")
