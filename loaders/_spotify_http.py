"""Asking the Spotify Web API through spotipy: politely, and with no secret in any message.

Credentials come from the environment only, by spotipy's own names: ``SPOTIPY_CLIENT_ID`` and ``SPOTIPY_CLIENT_SECRET`` (RFC 6749,
section 4.4, client credentials: what is public); with ``SPOTIPY_REFRESH_TOKEN`` also what a user may see, such as the playlists
of ``/me`` and the items of the user's own playlists.

spotipy sends the requests and gets the tokens. Its own retries are not used: they would wait as long as a server asks for.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from loaders._api_http import AgainError, ApiError, Credentials, Patience, is_safe, retry_after

if TYPE_CHECKING:
    import requests
    import spotipy

_TIMEOUT = 30.0
_MAX_SHOWN = 200
_ID, _SECRET, _REFRESH = "SPOTIPY_CLIENT_ID", "SPOTIPY_CLIENT_SECRET", "SPOTIPY_REFRESH_TOKEN"
_OAUTH_HINT = f"check {_ID} and {_SECRET}; a refresh token that was revoked needs a new login"


def credentials() -> Credentials:
    """Those of the environment. Raises ApiError where they are missing."""
    given = {name: os.environ.get(name, "").strip() for name in (_ID, _SECRET, _REFRESH)}
    if missing := [name for name in (_ID, _SECRET) if not given[name]]:
        raise ApiError(
            f"no credentials: {', '.join(missing)} not set in the environment",
            f"set {_ID} and {_SECRET}; and {_REFRESH} for what only a user sees",
            ends=True,
        )
    return Credentials(given[_ID], given[_SECRET], given[_REFRESH])


class WebApi:
    """A client of the Web API at ``base``, such as https://api.spotify.com/v1.

    ``patience``: seconds of waiting for the whole read. Raises ApiError where secrets would travel in the clear.
    """

    def __init__(self, base: str, token_url: str, known: Credentials, patience: float) -> None:
        import requests
        import spotipy

        for url in (base, token_url):
            if not is_safe(url):
                raise ApiError(f"{url} is not https: the token would travel in the clear", "give its https address", ends=True)
        self._known, self._patience = known, Patience(patience)
        self._session = requests.Session()  # of our own: spotipy's would retry
        self._tokens = _tokens(known, token_url, self._session)
        self._client = spotipy.Spotify(
            auth_manager=self._tokens, requests_session=self._session, requests_timeout=_TIMEOUT, retries=0
        )
        self._client.prefix = f"{base.rstrip('/')}/"

    def close(self) -> None:
        """Give the connections back."""
        self._session.close()

    def get(self, call: Callable[[spotipy.Spotify], Any]) -> Any:
        """What the call gives, as JSON values. Raises ApiError."""
        return self._patience.call(lambda: self._ask(call))

    def _ask(self, call: Callable[[spotipy.Spotify], Any]) -> Any:
        import requests

        try:
            with _quiet():
                value = self._once(call)
        except (requests.ConnectionError, requests.Timeout) as error:
            raise AgainError(f"the API cannot be reached: {self._shown(str(error))}", unreachable=True) from None
        except requests.RequestException as error:
            raise AgainError(f"the answer breaks off: {self._shown(str(error)) or type(error).__name__}") from None
        except RecursionError:
            value = None
        if value is None:  # what spotipy makes of a body that is no JSON
            raise AgainError("the answer is not JSON")
        return value

    def _once(self, call: Callable[[spotipy.Spotify], Any], *, fresh: bool = False) -> Any:
        import requests
        import spotipy
        from spotipy.exceptions import SpotifyOauthError

        try:
            return call(self._client)
        except requests.RequestException:
            raise
        except SpotifyOauthError as error:
            raise self._oauth_fault(error) from None
        except spotipy.SpotifyException as error:
            if error.http_status == 401 and not fresh:  # the token was taken back before its time
                self._tokens.cache_handler.save_token_to_cache(_start(self._known))
                return self._once(call, fresh=True)
            raise self._fault(error.http_status, str(error.msg), error.headers.get("Retry-After")) from None
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            # An error body, a token or a client's id that has not the form that spotipy expects.
            answer = getattr(error.__context__, "response", None)
            if answer is None:
                raise ApiError(f"OAuth is refused: {self._shown(repr(error))}", _OAUTH_HINT, passing=True, ends=True) from None
            raise self._fault(answer.status_code, answer.text, answer.headers.get("Retry-After")) from None

    def _fault(self, status: int, said: str, after: str | None) -> Exception:
        if status == 429:
            return AgainError("too many requests (429)", limited=True, after=retry_after(after))
        shown = self._shown(said)
        if status >= 500:
            return AgainError(f"the API answers {status}: {shown}", after=retry_after(after))
        if status == 401:
            hint = "check what the application and its user may see; or log the user in anew"
            return ApiError(f"the API refuses the access token (401): {shown}", hint, passing=True, ends=True)
        hint = (
            "check the id, the market and what this user may see" if status in {403, 404} else "check the id and the settings"
        )
        return ApiError(f"the API answers {status}: {shown}", hint)

    def _oauth_fault(self, error: Exception) -> Exception:
        answer = getattr(error.__context__, "response", None)
        status = answer.status_code if answer is not None else 0
        if answer is not None and (status == 429 or status >= 500):
            after = retry_after(answer.headers.get("Retry-After"))
            return AgainError(f"the token server answers {status}", limited=status == 429, after=after)
        return ApiError(f"OAuth is refused: {self._shown(str(error))}", _OAUTH_HINT, passing=True, ends=True)

    def _shown(self, text: str) -> str:
        # Cut after hiding: half a secret is still one.
        token = (self._tokens.cache_handler.get_cached_token() or {}).get("access_token", "")
        return " ".join(self._known.hidden(text[: 64 * 1024], token).split())[:_MAX_SHOWN]


def _tokens(known: Credentials, token_url: str, session: requests.Session) -> Any:
    """Where spotipy gets its access tokens; they are kept in memory only, and not in a file as it would do."""
    from spotipy.cache_handler import MemoryCacheHandler
    from spotipy.oauth2 import SpotifyClientCredentials, SpotifyOAuth

    manager: Any
    kept: dict[str, Any] = {"requests_session": session, "requests_timeout": _TIMEOUT}
    kept["cache_handler"] = MemoryCacheHandler(_start(known))
    if known.refresh_token:
        # The address is where a browser would be sent back to; nobody is sent anywhere here.
        manager = SpotifyOAuth(known.client_id, known.client_secret, "http://127.0.0.1/", open_browser=False, **kept)
    else:
        manager = SpotifyClientCredentials(known.client_id, known.client_secret, **kept)
    manager.OAUTH_TOKEN_URL = token_url
    return manager


def _start(known: Credentials) -> dict[str, Any]:
    """A token that has expired, so that the first call gets a new one."""
    return {"access_token": "", "refresh_token": known.refresh_token, "expires_at": 0, "scope": ""}


@contextmanager
def _quiet() -> Iterator[None]:
    """Without spotipy's own log, which repeats what a server says, and at its lowest level the secrets."""
    log = logging.getLogger("spotipy")
    before = log.level
    log.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        log.setLevel(before)
