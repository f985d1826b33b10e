"""EDIFACT interchanges as segments (ISO 9735-1: UNA, UNB, release character).

pydifact tells the tokens apart. Its segment classes are not used: they validate against directories that are not installed and
warn about each segment.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise

from pydifact.exceptions import EDISyntaxError
from pydifact.parser import Parser
from pydifact.tokenizer import Tokenizer

from loaders._edi import Segment
from loaders.base import Document
from loaders.formats import whole

# A separator within a text is released by a question mark, so no text looks like this.
_START = re.compile(r"(?:UNA[^A-Za-z]{6}[\r\n ]*)?UNB[^A-Za-z0-9\s][A-Z]{4}[^A-Za-z0-9\s]")
_UNA_CHARACTERS = 9
_IGNORED = "\ufeff\x1a\x00 \t\r\n"
# Syntax identifier (0001) to encoding: ISO 9735, the parts of ISO 8859 that it names, UTF-8 (also by custom in UNOY).
# UNOA and UNOB are parts of ASCII, UNOC is ISO 8859-1: what stands in none of the three is read as the last.
_ENCODINGS = {
    "UNOD": "iso8859-2",
    "UNOE": "iso8859-5",
    "UNOF": "iso8859-7",
    "UNOG": "iso8859-3",
    "UNOH": "iso8859-4",
    "UNOI": "iso8859-6",
    "UNOJ": "iso8859-8",
    "UNOK": "iso8859-9",
    "UNOW": "utf-8",
    "UNOY": "utf-8",
}


@dataclass
class Interchange:
    """One interchange. ``segments``: from the UNB on, with an empty tag where none could be read.

    ``broken``: why reading stopped before the end of the text.
    """

    segments: list[Segment] = field(default_factory=list)
    broken: str | None = None


def interchanges(document: Document) -> Iterator[Interchange | str]:
    """The interchanges of a file, each with its own service characters; text that belongs to none, as it stands."""
    data = whole(document)
    # Latin-1 maps every byte to one character, so that positions stay; the text itself is decoded below, as its UNB says.
    text = data.decode("latin-1")
    starts = [match.start() for match in _START.finditer(text)]
    before = text[: starts[0]] if starts else text
    if before.removeprefix("ï»¿").strip(_IGNORED):
        yield before
    for start, end in pairwise([*starts, len(text)]):
        yield _interchange(data[start:end].rstrip(_IGNORED.encode()))


def _interchange(data: bytes) -> Interchange:
    start = data.index(b"UNB")
    encoding = _ENCODINGS.get(data[start + 4 : start + 8].decode("ascii"), "iso8859-1")
    text = data.decode(encoding, "replace")
    parser = Parser()
    characters = parser.get_control_characters(text) or parser.characters
    if characters.escape_character == " ":
        # ISO 9735-1, annex on UNA: a space says that there is no release character. The library would eat spaces.
        characters.escape_character = ""
    if text.startswith("UNA"):
        text = text[_UNA_CHARACTERS:].lstrip("\r\n ")
    found = Interchange()
    try:
        for tag, *elements in parser.convert_tokens_to_raw_segments(Tokenizer().get_tokens(text, characters)):
            # The library takes the terminator of an empty segment for text of the next one.
            words = [word for word in ([tag] if isinstance(tag, str) else tag) if word != characters.segment_terminator]
            parts = [(element,) if isinstance(element, str) else tuple(element) for element in elements]
            if len(words) == 1 and len(words[0]) == 3 and words[0].isalnum():
                found.segments.append(Segment(words[0], tuple(parts)))
            elif words:
                found.segments.append(Segment("", (tuple(words), *parts)))
    except EDISyntaxError as error:
        found.broken = " ".join(str(error).split())[:200]
    return found


# Meanings of data element 0085 (syntax error, coded) of CONTRL, in our own words.
SYNTAX_ERRORS = {
    "2": "syntax version or level not supported",
    "7": "addressed to somebody else",
    "12": "invalid value",
    "13": "missing",
    "14": "value not supported here",
    "15": "not supported here",
    "16": "too many constituents",
    "17": "no agreement",
    "18": "unspecified error",
    "19": "invalid decimal mark",
    "20": "character cannot be a service character",
    "21": "invalid character",
    "22": "invalid service character",
    "23": "sender unknown",
    "24": "too old",
    "25": "test indicator not supported",
    "26": "duplicate",
    "27": "security function not supported",
    "28": "references of header and trailer differ",
    "29": "control count is wrong",
    "30": "groups and messages mixed",
    "31": "several message types in one group",
    "32": "nothing inside",
    "33": "not allowed outside of a message or group",
    "34": "nesting indicator not allowed",
    "35": "too many repetitions of a data element or segment",
    "36": "too many repetitions of a segment group",
    "37": "wrong type of character",
    "38": "digit missing before the decimal mark",
    "39": "too long",
    "40": "too short",
    "41": "lasting network error",
    "42": "passing network error",
    "43": "recipient unknown",
    "45": "separator at the end",
    "46": "character set not supported",
    "47": "envelope function not supported",
    "48": "dependency condition violated",
}
