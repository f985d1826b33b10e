"""Neo4j Browser: a link that opens it with a query filled in, and files that make it ours (favourites, style, guide).

What Browser does with all this was tried on version 5.24, the one that the embedded server brings along.
"""

from __future__ import annotations

import json
import re
import threading
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus, urlsplit

from lineage.errors import LineageError
from lineage.library import Library, Query, as_literal
from lineage.model import KIND_LABELS, LABELS, STATE_LABELS, Label

FAVOURITES, STYLE, GUIDE = "favourites.zip", "style.grass", "guide.md"
GUIDED = ("trace_path", "last_handoffs_of_system", "downstream_impact")
"""The three questions of the guide, one slide each."""

# What stands in quotes, backticks or comments is not a parameter, whatever it looks like.
_PARTS = re.compile(
    r"""(?P<text>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|//[^\n]*|/\*.*?\*/)|(?P<name>`[^`]*`)|\$(?P<parameter>\w+)""", re.DOTALL
)
# Browser decodes the address first and takes it apart afterwards, so that these end or repeat its argument even when they
# are percent-encoded. In strings Cypher reads \uXXXX instead, and in comments only people do; elsewhere nothing helps.
_UNSENDABLE = re.compile(r"[&#]|\?(?=arg=)")
# Of a text with semicolons Browser first drops all lines that look like comments, even inside a value, and then counts
# statements: several are run without drawing anything.
_UNSENDABLE_IN_VALUES = re.compile(rf"{_UNSENDABLE.pattern}|[;\r\n]")
# What items travel along stands out; what merely belongs together recedes.
_ROAD, _ASIDE = {"color": "#4C8EDA", "shaft-width": "3px"}, {"color": "#D5D8DD"}
_LINES = {"SENDS": _ROAD, "DELIVERS_TO": _ROAD, "FEEDS": _ASIDE, "OF": _ASIDE, "ABOUT": _ASIDE}
_DARK, _LIGHT = "#2A2C34", "#FFFFFF"


def link(
    browser_url: str, bolt_uri: str, query: Query | None = None, values: Mapping[str, Any] | None = None, *, user: str = ""
) -> str:
    """The address that opens Browser with the connection form and, if given, the query filled in, ready to run.

    ``values`` are the query's parameters as ``Query.bind`` takes them, ``user`` the name to log in with. The query is the
    library's file, comments included, with the values written in place of ``$parameters``: an address cannot set
    Browser's own parameters, and ``:param`` lines in front of the query make Browser run it without drawing the graph.
    Raises UsageError for values that the query does not take, LineageError for a query that no address can carry.
    """
    address = _connecting(browser_url, bolt_uri, user)
    if query is None:
        return address
    text = filled_in(query, values or {})
    if unsendable := _UNSENDABLE.search(text):
        raise LineageError(
            f"{query.folder}/{query.name}.cypher cannot be put into an address of Neo4j Browser: it contains {unsendable[0]}.",
            hint="Open it from Browser's favourites instead (`lineage browser --export DIR`).",
        )
    # quote_plus: Browser reads + as a space, which keeps these long addresses a fifth shorter than %20.
    return f"{address}&cmd=edit&arg={quote_plus(text)}"


def _connecting(browser_url: str, bolt_uri: str, user: str) -> str:
    connection = bolt_uri.replace("://", f"://{quote(user, safe='')}@", 1) if user else bolt_uri
    return f"{browser_url.rstrip('/')}/?dbms={quote(connection, safe='')}&preselectAuthMethod=NATIVE"


def filled_in(query: Query, values: Mapping[str, Any]) -> str:
    """The query's text as the link carries it: each ``$parameter`` replaced by its value as a Cypher literal.

    Nothing else changes, but that ``&`` and ``#`` in strings and comments become ``\\u0026`` and ``\\u0023``.
    """
    bound = query.bind(values)

    def replaced(part: re.Match[str]) -> str:
        if part["parameter"]:
            return _escaped(_UNSENDABLE_IN_VALUES, as_literal(bound[part["parameter"]]))
        return part["name"] or _escaped(_UNSENDABLE, part["text"])

    return _PARTS.sub(replaced, query.cypher)


def _escaped(what: re.Pattern[str], text: str) -> str:
    return what.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def export(folder: Path, library: Library) -> tuple[Path, ...]:
    """Write what Browser users drop on it or open in it; returns the files written.

    ``favourites.zip``: all library queries in their folders. ``style.grass``: colours, sizes and captions of the model's
    labels. ``guide.md``: the three questions, one slide each. All derived from the library and the model.
    """
    folder.mkdir(parents=True, exist_ok=True)
    favourites, look, slides = folder / FAVOURITES, folder / STYLE, folder / GUIDE
    with zipfile.ZipFile(favourites, "w") as archive:
        for query in library:
            # Without a time of its own a member gets 1980: the same library makes the same bytes.
            member = zipfile.ZipInfo(f"{query.folder}/{query.name}.cypher")
            archive.writestr(member, query.cypher, zipfile.ZIP_DEFLATED)
    look.write_text(style(), "utf-8")
    slides.write_text(guide(library), "utf-8")
    return favourites, look, slides


def style() -> str:
    """Browser's style sheet (GraSS) for the model's labels.

    In its JSON form: Browser's own parser of the CSS form breaks on comments and on colons in values.
    """
    rules: dict[str, dict[str, str]] = {
        "node": {"diameter": "50px", "font-size": "10px", "border-width": "2px", **_colours("#A5ABB6")},
        "relationship": {
            "color": "#A5ABB6",
            "shaft-width": "1px",
            "font-size": "8px",
            "padding": "3px",
            "text-color-external": "#000000",
            "text-color-internal": _LIGHT,
            "caption": "<type>",
        },
    }
    rules |= {f"relationship.{kind}": dict(look) for kind, look in _LINES.items()}
    for label in LABELS:
        rules[f"node.{label.name}"] = _rule(label)
        if label.name == "Item":
            # Kinds look like items; without rules of their own Browser's legend would show them in made-up colours.
            rules |= {f"node.{kind}": _rule(label) for kind in KIND_LABELS.values()}
        elif label.name == "Handoff":
            rules |= {f"node.Handoff.{state}": {**_rule(label), **_colours(color)} for state, color in STATE_LABELS.items()}
    return json.dumps(rules, indent=2) + "\n"


def _rule(label: Label) -> dict[str, str]:
    return {"diameter": f"{label.size}px", "caption": f"{{{label.caption}}}", **_colours(label.color)}


def _colours(fill: str) -> dict[str, str]:
    red, green, blue = (int(fill[at : at + 2], 16) for at in (1, 3, 5))
    border = "#" + "".join(f"{round(part * 0.8):02X}" for part in (red, green, blue))
    # The weights are those of perceived brightness (ITU-R BT.601).
    text = _DARK if 0.299 * red + 0.587 * green + 0.114 * blue > 140 else _LIGHT
    return {"color": fill, "border-color": border, "text-color-internal": text}


def guide(library: Library) -> str:
    """A Browser guide in Markdown: one slide a question, each ending in the library's query. Blocks are run by a click."""
    return "\n---\n\n".join(_slide(library[name]) for name in GUIDED)


def _slide(query: Query) -> str:
    parameters = [
        f":param {parameter.name} => {as_literal(query.example.get(parameter.name, parameter.default))};"
        for parameter in query.parameters
    ]
    about = [f"* `{parameter.name}`: {parameter.text}" for parameter in query.parameters]
    return "\n".join(
        [
            f"# {query.title}",
            "",
            query.question[:1].upper() + query.question[1:],
            "",
            query.description,
            "",
            "First the parameters, with values of your own:",
            "",
            *about,
            "",
            *_block("\n".join(parameters)),
            "Then the query:",
            "",
            *_block(query.cypher.strip()),
        ]
    )


def _block(text: str) -> tuple[str, str]:
    # The word cypher is what makes Browser put a block into its editor at a click.
    return f"```cypher\n{text}\n```", ""


@contextmanager
def serving_guide(browser_url: str, bolt_uri: str, library: Library, *, user: str = "") -> Iterator[str]:
    """Serve the guide on this machine as long as the context lasts; gives the address that opens Browser with the guide.

    Browser takes guides only from hosts that its server allows; localhost is one by default.
    """
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(guide(library).encode(), browser_url))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        source = f"http://localhost:{server.server_port}/{GUIDE}"
        yield f"{_connecting(browser_url, bolt_uri, user)}&cmd=guide&arg={quote(source, safe='')}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _handler(body: bytes, browser_url: str) -> type[BaseHTTPRequestHandler]:
    origin = "{0.scheme}://{0.netloc}".format(urlsplit(browser_url))

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(200 if self.path == f"/{GUIDE}" else 404, body if self.path == f"/{GUIDE}" else b"")

        def do_OPTIONS(self) -> None:  # Browser's headers make the web browser ask first
            self._answer(204, b"")

        def _answer(self, status: int, content: bytes) -> None:
            self.send_response(status)
            self.send_header("Access-Control-Allow-Origin", origin)
            self.send_header("Access-Control-Allow-Headers", "*")
            self.send_header("Content-Type", "text/markdown; charset=utf-8")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Say nothing: standard error belongs to the command that serves."""

    return Handler
