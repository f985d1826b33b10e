"""The shell of the local API servers for live feeds: a port, HTTP and a token endpoint. What is answered, the state says."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Protocol, TypeVar
from urllib.parse import parse_qs

Answer = tuple[int, bytes, dict[str, str]]


class State(Protocol):
    """What an API answers. ``url``, ``token_url``: where it is, set when it is served."""

    url: str
    token_url: str

    def answer(self, target: str, authorization: str) -> Answer: ...

    def token(self, authorization: str, form: dict[str, list[str]]) -> Answer: ...


S = TypeVar("S", bound=State)


@contextmanager
def serving_at(state: S, path: str) -> Iterator[S]:
    """The server on a free port of this machine, its API below ``path``; gone afterwards."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._send(*state.answer(self.path.removeprefix(path), self.headers.get("Authorization", "")))

        def do_POST(self) -> None:
            form = parse_qs(self.rfile.read(int(self.headers.get("Content-Length", 0))).decode())
            self._send(*state.token(self.headers.get("Authorization", ""), form))

        def _send(self, status: int, body: bytes, headers: dict[str, str]) -> None:
            self.send_response(status)
            for name, value in {"Content-Type": "application/json", "Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing on the terminal."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        root = f"http://127.0.0.1:{server.server_address[1]}"
        state.url, state.token_url = f"{root}{path}", f"{root}/api/token"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield state
        finally:
            server.shutdown()
            thread.join()
