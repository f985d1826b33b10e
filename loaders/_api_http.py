"""Asking an OAuth 2.0 API politely: tokens are refreshed, limits obeyed, faults tried again; and no secret in any message.

Rules: RFC 6749, section 6 (refreshing an access token); RFC 6750 (bearer tokens); RFC 6585, section 4 (429) with RFC 9110, section
10.2.3 (Retry-After).
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar
from urllib.parse import urlsplit

import httpx
from authlib.oauth2.base import OAuth2Error
from authlib.oauth2.client import OAuth2Client
from tenacity import RetryCallState, Retrying, retry_if_exception_type, wait_exponential, wait_random

_ATTEMPTS = 5
_BACKOFF = wait_exponential(multiplier=0.5, max=30) + wait_random(0, 0.5)
_TIMEOUT = 30.0
# A page has at most 50 objects; more than this is no page.
_MAX_BYTES = 64 * 1024 * 1024
_MAX_BODY_SHOWN = 200
_HERE = {"localhost", "127.0.0.1", "::1"}
T = TypeVar("T")


class ApiError(Exception):
    """What the API does not give: the reason, and in ``hint`` what to do.

    ``passing``: it may be given later. ``ends``: asking for anything else is useless now.
    """

    def __init__(self, reason: str, hint: str, *, passing: bool = False, ends: bool = False) -> None:
        super().__init__(reason)
        self.hint, self.passing, self.ends = hint, passing, ends


class AgainError(Exception):
    """A fault that a later attempt may not meet. ``after``: seconds that the server asks for."""

    def __init__(self, reason: str, *, limited: bool = False, unreachable: bool = False, after: float = 0.0) -> None:
        super().__init__(reason)
        self.limited, self.unreachable, self.after = limited, unreachable, after


class Patience:
    """The seconds of waiting that are left for a whole read."""

    def __init__(self, seconds: float) -> None:
        self._left = seconds

    def call(self, ask: Callable[[], T]) -> T:
        """What ``ask`` gives, asked again while it raises AgainError and there is patience. Raises ApiError."""
        retrying = Retrying(
            retry=retry_if_exception_type(AgainError), wait=_wait, stop=self._stop, sleep=self._sleep, reraise=True
        )
        try:
            return retrying(ask)
        except AgainError as fault:
            reason = str(fault)
            if fault.limited or fault.unreachable:
                hint = "run the same load again later: it goes on from here"
                if fault.limited:
                    reason += f"; it asks to wait {fault.after:.0f} s, and {self._left:.0f} s of patience are left"
                    hint += "; or give it more with --set patience=SECONDS"
                raise ApiError(reason, hint, passing=True, ends=True) from None
            hint = "run the same load again: it goes on from here, and asks only for what is missing"
            raise ApiError(reason, hint, passing=True) from None

    def _stop(self, state: RetryCallState) -> bool:
        fault = state.outcome.exception() if state.outcome else None
        limited = isinstance(fault, AgainError) and fault.limited
        return state.upcoming_sleep > self._left or (state.attempt_number >= _ATTEMPTS and not limited)

    def _sleep(self, seconds: float) -> None:
        self._left -= seconds
        time.sleep(seconds)


@dataclass(frozen=True)
class Credentials:
    """What the API knows its caller by. Only the environment holds them: a command line is seen by others."""

    client_id: str = ""
    client_secret: str = field(default="", repr=False)
    refresh_token: str = field(default="", repr=False)
    access_token: str = field(default="", repr=False)

    @classmethod
    def from_environment(cls, prefix: str) -> Credentials:
        """``<prefix>_CLIENT_ID``, ``_CLIENT_SECRET`` and ``_REFRESH_TOKEN``; or ``_ACCESS_TOKEN`` alone. Raises ApiError."""
        names = ("CLIENT_ID", "CLIENT_SECRET", "REFRESH_TOKEN", "ACCESS_TOKEN")
        given = cls(*(os.environ.get(f"{prefix}_{name}", "").strip() for name in names))
        missing = [f"{prefix}_{name}" for name in names[:3] if not os.environ.get(f"{prefix}_{name}", "").strip()]
        if missing and not given.access_token:
            raise ApiError(
                f"no credentials: {', '.join(missing)} not set in the environment",
                f"set {', '.join(f'{prefix}_{name}' for name in names[:3])}; or {prefix}_ACCESS_TOKEN alone, which lasts an hour",
                ends=True,
            )
        return given

    @property
    def refreshable(self) -> bool:
        """Whether a new access token can be had."""
        return bool(self.client_id and self.client_secret and self.refresh_token)

    def hidden(self, text: str, *more: str) -> str:
        """``text`` without any of the secrets: a server may repeat what it was sent."""
        for secret in (self.client_secret, self.refresh_token, self.access_token, *more):
            text = text.replace(secret, "***") if secret else text
        return text


@dataclass(frozen=True)
class Page:
    """One answer of the API; ``position`` is its address."""

    position: str
    value: Any


def api_path(url: str) -> str | None:
    """The path of an http or https URL without a slash at its end; None for anything else.

    >>> api_path("https://api.example.com/v1/"), api_path("saved/answers.json")
    ('/v1', None)
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    return parts.path.rstrip("/") if parts.scheme in {"http", "https"} else None


class Api:
    """A client of one API. ``patience``: seconds of waiting that are left for the whole read.

    Raises ApiError where ``base`` or ``token_url`` would send secrets in the clear.
    """

    def __init__(self, base: str, token_url: str, credentials: Credentials, patience: float) -> None:
        for url in (base, token_url):
            if not is_safe(url):
                raise ApiError(f"{url} is not https: the token would travel in the clear", "give its https address", ends=True)
        self.base, self._patience = base.rstrip("/"), Patience(patience)
        self._token_url, self._credentials = token_url, credentials
        self._access = credentials.access_token
        self._http = httpx.Client(timeout=_TIMEOUT, headers={"Accept": "application/json"})
        self._oauth = OAuth2Client(self._http)

    def close(self) -> None:
        """Give the connections back."""
        self._http.close()

    def url(self, path: str, query: Mapping[str, str | int]) -> str:
        """The address of a call, which is also how a position names it."""
        return str(httpx.URL(f"{self.base}/{path}", params=dict(query) or None))

    def get(self, url: str) -> tuple[Any, bytes]:
        """What the call answers, as a JSON value and as it came. Raises ApiError."""
        return self._patience.call(lambda: self._ask(url))

    def _ask(self, url: str) -> tuple[Any, bytes]:
        if not self._access:
            self._refresh()
        status, headers, body = self._send(url)
        if status == 401 and self._credentials.refreshable:
            self._refresh()
            status, headers, body = self._send(url)
        if status == 401:
            raise ApiError(
                f"the API refuses the access token (401): {self._shown(body)}",
                "give the user access to the ad account, or authorise anew"
                if self._credentials.refreshable
                else "access tokens last an hour: get a new one, or set the client's id, secret and refresh token",
                passing=True,
                ends=True,
            )
        return self._value(status, headers, body)

    def _value(self, status: int, headers: httpx.Headers, body: bytes) -> tuple[Any, bytes]:
        if status == 429:
            raise AgainError("too many requests (429)", limited=True, after=retry_after(headers.get("Retry-After")))
        if status >= 500:
            raise AgainError(f"the API answers {status}: {self._shown(body)}", after=retry_after(headers.get("Retry-After")))
        if status != 200:
            raise ApiError(
                f"the API answers {status}: {self._shown(body)}",
                "check the id and what this user may see" if status in {403, 404} else "check the address and the settings",
            )
        try:
            return json.loads(body), body
        except (ValueError, RecursionError) as error:
            raise AgainError(f"the answer is not JSON: {self._shown(body)} ({' '.join(str(error).split())[:100]})") from None

    def _send(self, url: str) -> tuple[int, httpx.Headers, bytes]:
        try:
            # Streamed, so that an answer without end does not fill the memory.
            with self._http.stream("GET", url, headers={"Authorization": f"Bearer {self._access}"}) as response:
                body = bytearray()
                for chunk in response.iter_bytes():
                    body += chunk
                    if len(body) > _MAX_BYTES:
                        raise ApiError(f"the answer is larger than {_MAX_BYTES // 1024**2} MiB", "check the address")
                return response.status_code, response.headers, bytes(body)
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            raise AgainError(f"the API cannot be reached: {self._hidden(str(error))}", unreachable=True) from None
        except httpx.HTTPError as error:
            raise AgainError(f"the answer breaks off: {self._hidden(str(error)) or type(error).__name__}") from None

    def _refresh(self) -> None:
        """A new access token, kept in memory only."""
        known = self._credentials
        hint = "check the client's id, secret and refresh token in the environment; a refresh token that was revoked needs a new login"
        try:
            token = self._oauth.refresh_token(
                self._token_url, refresh_token=known.refresh_token, auth=httpx.BasicAuth(known.client_id, known.client_secret)
            )
        except OAuth2Error as error:
            said = self._hidden(f"{error.error}: {error.description}" if error.description else str(error.error))
            raise ApiError(f"OAuth is refused: {said[:300]}", hint, passing=True, ends=True) from None
        except httpx.HTTPStatusError as error:
            status = error.response.status_code
            if status == 429 or status >= 500:
                after = retry_after(error.response.headers.get("Retry-After"))
                raise AgainError(f"the token server answers {status}", limited=status == 429, after=after) from None
            said = self._shown(error.response.content)
            raise ApiError(f"OAuth is refused ({status}): {said}", hint, passing=True, ends=True) from None
        except httpx.HTTPError as error:
            reason = f"the token server cannot be reached: {self._hidden(str(error))}"
            raise AgainError(reason, unreachable=True) from None
        except ValueError as error:
            raise ApiError(f"OAuth is refused: {self._hidden(str(error))}", hint, passing=True, ends=True) from None
        if not isinstance(token.get("access_token"), str) or not token["access_token"]:
            raise ApiError("OAuth is refused: the token server gives no access token", hint, passing=True, ends=True)
        self._access = token["access_token"]

    def _hidden(self, text: str) -> str:
        return self._credentials.hidden(text, self._access)

    def _shown(self, body: bytes) -> str:
        # Cut after hiding: half a secret is still one.
        text = " ".join(self._hidden(body[: 64 * 1024].decode("utf-8", "replace")).split())
        return text[:_MAX_BODY_SHOWN] or "an empty body"


def is_safe(url: str) -> bool:
    """Whether secrets may travel to this address: https, or this machine."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _HERE)


def _wait(state: RetryCallState) -> float:
    fault = state.outcome.exception() if state.outcome else None
    asked = fault.after if isinstance(fault, AgainError) else 0.0
    # Not less than the growing pause: a server that asks for no wait for ever is not asked for ever.
    return max(asked, _BACKOFF(state))


def retry_after(value: str | None) -> float:
    """Seconds of a Retry-After header: a number, or a date (RFC 9110, section 10.2.3); 0 where it is neither."""
    if not value:
        return 0.0
    if value.strip().isdecimal():
        return float(value)
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return 0.0
    return max(0.0, (moment.replace(tzinfo=moment.tzinfo or UTC) - datetime.now(UTC)).total_seconds())
