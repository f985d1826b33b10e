"""A local Spotify Web API: it checks calls by an excerpt of the published OpenAPI document, serves samples, and fails as it is told."""

from __future__ import annotations

import base64
import functools
import json
import re
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import yaml
from api_server import serving_at

FIXTURES = Path(__file__).parents[1] / "fixtures"
CLIENT, SECRET, REFRESH = "the-client", "the-client-secret", "the-refresh-token"
Answer = tuple[int, bytes, dict[str, str]]


@functools.cache
def document() -> dict[str, Any]:
    """The excerpt of the OpenAPI document."""
    found: dict[str, Any] = yaml.safe_load((FIXTURES / "spotify-server" / "web-api.openapi.yaml").read_text("utf-8"))
    return found


def parameters(operation: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The query parameters of a call, by name."""
    named = document()["components"]["parameters"]
    found = [named[one["$ref"].rpartition("/")[2]] if "$ref" in one else one for one in operation["parameters"]]
    return {one["name"]: one["schema"] for one in found if one["in"] == "query"}


@dataclass
class WebApiServer:
    """What the server holds, by path, and was asked: ``calls`` are the paths with queries, in order.

    ``served``: an object, or a list that is given in pages. ``faults``: what calls that begin so get instead, while there is any.
    """

    url: str = ""
    token_url: str = ""
    served: dict[str, Any] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    faults: dict[str, list[Answer]] = field(default_factory=dict)
    tokens: list[str] = field(default_factory=list)
    revoked: str = ""

    def fault(self, call: str, status: int, body: bytes = b"{}", times: int = 1000, **headers: str) -> None:
        """Let calls that begin with ``call`` fail so many times."""
        self.faults[call] = [(status, body, {name.replace("_", "-"): value for name, value in headers.items()})] * times

    def answer(self, target: str, authorization: str) -> Answer:
        """Status, body and headers of one call below the base path."""
        self.calls.append(target)
        token = authorization.removeprefix("Bearer ")
        if not re.fullmatch(r"token-\d+", token) or token == self.revoked:
            return self._refused(401, "The access token expired")
        for call, planned in self.faults.items():
            if target.startswith(call) and planned:
                return planned.pop()
        parts = urlsplit(target)
        path_asked = parts.path.rstrip("/")  # spotipy asks for /shows/{id}/episodes/
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        for path, methods in document()["paths"].items():
            if re.fullmatch(re.sub(r"\{\w+\}", "[0-9A-Za-z]+", path), path_asked):
                return self._given(path_asked, query, parameters(methods["get"]))
        return self._refused(404, f"no such call: {parts.path}")

    def _given(self, path: str, query: dict[str, str], declared: dict[str, dict[str, Any]]) -> Answer:
        problems = [f"unknown parameter {name}" for name in query if name not in declared]
        limit, offset = int(query.get("limit", 20)), int(query.get("offset", 0))
        if "limit" in declared and not 1 <= limit <= declared["limit"]["maximum"]:
            problems.append("Invalid limit")
        if problems:
            return self._refused(400, "; ".join(problems))
        held = self.served.get(path)
        if held is None:
            return self._refused(404, "Resource not found")
        if isinstance(held, list):
            base = f"{self.url}{path}"
            page = {"href": base, "limit": limit, "offset": offset, "total": len(held), "next": None, "previous": None}
            return 200, json.dumps({**page, "items": held[offset : offset + limit]}).encode(), {}
        if "fields" in query:
            held = {name: held[name] for name in query["fields"].split(",") if name in held}
        return 200, json.dumps(held).encode(), {}

    def _refused(self, status: int, message: str) -> Answer:
        return status, json.dumps({"error": {"status": status, "message": message}}).encode(), {}

    def token(self, authorization: str, form: dict[str, list[str]]) -> Answer:
        """A new access token (RFC 6749, sections 4.4 and 6)."""
        if self.faults.get("token"):
            return self.faults["token"].pop()
        if authorization != "Basic " + base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode():
            return 401, b'{"error": "invalid_client"}', {}
        (grant,) = form["grant_type"]
        if grant == "refresh_token" and form.get("refresh_token") != [REFRESH]:
            return 400, b'{"error": "invalid_grant", "error_description": "Refresh token revoked"}', {}
        self.tokens.append(grant)
        answer = {"access_token": f"token-{len(self.tokens)}", "token_type": "Bearer", "expires_in": 3600}
        return 200, json.dumps(answer).encode(), {}


def serving() -> AbstractContextManager[WebApiServer]:
    """The server on a free port of this machine; gone afterwards."""
    return serving_at(WebApiServer(), "/v1")
