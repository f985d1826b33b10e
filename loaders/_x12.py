"""X12 interchanges as segments (ASC X12.5 interchange control structures, X12.6 application control structure).

pyx12 takes segments apart. Its reader of whole files is not used: it stops at control versions other than 00401 and 00501,
takes the separators of the first interchange for all, gives up on an ISA that lost its padding, and silently ends at an
empty segment.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from pyx12.segment import Segment as ParsedSegment

from lineage.facts import Reject
from loaders._edi import Segment
from loaders.base import Document
from loaders.formats import binary, whole

# ISA01 is a two-digit qualifier, ISA02 ten characters. No text of a message can look like it: the separator is not in texts.
_ISA = re.compile(r"ISA([^A-Za-z0-9 \r\n])\d\d\1[^~\r\n]{0,10}?\1\d\d\1")
_ISA_CHARACTERS = 106
_ISA_ELEMENTS = 16
# Where the ISA must have ended, its padding included, and some more for one that was edited by hand.
_ISA_WINDOW = 200


@dataclass(frozen=True)
class Interchange:
    """One interchange. ``segments``: from the ISA on. ``fixed``: the ISA has its fixed width.

    ``cut``: what stands behind the last segment terminator. ``rest``: what stands behind the IEA.
    """

    segments: tuple[Segment, ...]
    fixed: bool
    cut: str
    rest: str


def text_of(document: Document) -> str | Reject:
    """A document as text, or the reject: it is binary."""
    if (unreadable := binary(document)) is not None:
        return unreadable
    data = whole(document)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        # X12 is ASCII; a copied bad element (AK404) may hold anything. Latin-1 reads every byte and no separator differs.
        return data.decode("latin-1")


def interchanges(text: str) -> Iterator[Interchange | str]:
    """The interchanges of a file, each with its own separators; text that belongs to none, as it stands."""
    starts = [match.start() for match in _ISA.finditer(text)]
    before = text[: starts[0]] if starts else text
    if before.strip("\ufeff\x1a \t\r\n"):
        yield before
    for start, end in pairwise([*starts, len(text)]):
        yield _interchange(text[start:end])


def _interchange(text: str) -> Interchange | str:
    separator = text[3]
    parts = text[:_ISA_WINDOW].split(separator, _ISA_ELEMENTS)
    if len(parts) <= _ISA_ELEMENTS or len(parts[-1]) < 2:
        return text
    component, terminator = parts[-1][0], parts[-1][1]
    header = separator.join(parts[:_ISA_ELEMENTS]) + separator + component
    if len({separator, component, terminator}) < 3 or terminator.isalnum():
        return text
    written = text[len(header) + 1 :].split(terminator)
    cut = written.pop().strip("\x1a \t\r\n")
    segments = [_segment(header, terminator, separator, component)]
    rest = ""
    for number, one in enumerate(written):
        if line := one.strip("\r\n"):
            segments.append(_segment(line, terminator, separator, component))
        if segments[-1].tag == "IEA":
            rest, cut = "".join([*written[number + 1 :], cut]).strip("\x1a \t\r\n"), ""
            break
    # The last terminator is often left out. Of any other segment nobody knows how much is missing.
    if cut.startswith(f"IEA{separator}") and cut.split(separator)[-1] == parts[13]:
        segments.append(_segment(cut, terminator, separator, component))
        cut = ""
    return Interchange(tuple(segments), len(header) + 1 == _ISA_CHARACTERS, cut, rest)


def _segment(text: str, terminator: str, separator: str, component: str) -> Segment:
    parsed = ParsedSegment(text.lstrip(), terminator, separator, component)
    elements = tuple(tuple(part.get_value() for part in composite.elements) for composite in parsed.elements)
    return Segment(parsed.get_seg_id() or "", elements)


# Meanings of the codes, in our own words. Data element numbers of the X12 dictionary (X12.3).
GROUP_ERRORS = {  # 716, AK905-09
    "1": "functional group not supported",
    "2": "version of the group not supported",
    "3": "group trailer missing",
    "4": "control numbers of group header and trailer differ",
    "5": "count of transaction sets is wrong",
    "6": "group control number malformed",
    "10": "authentication key unknown",
    "11": "encryption key unknown",
    "12": "security service not available",
    "13": "security recipient unknown",
    "14": "security originator unknown",
    "15": "syntax error in decrypted text",
    "16": "security not supported",
    "17": "encrypted message length wrong",
    "18": "message authentication code failed",
    "19": "group control number not unique in the interchange",
}
SET_ERRORS = {  # 718, AK502-06; 618, IK502-06
    "1": "transaction set not supported",
    "2": "transaction set trailer missing",
    "3": "control numbers of set header and trailer differ",
    "4": "count of segments is wrong",
    "5": "segments in error",
    "6": "transaction set identifier missing or wrong",
    "7": "transaction set control number missing or wrong",
    "8": "authentication key unknown",
    "9": "encryption key unknown",
    "10": "security service not available",
    "11": "security recipient unknown",
    "12": "encrypted message length wrong",
    "13": "message authentication code failed",
    "15": "security originator unknown",
    "16": "syntax error in decrypted text",
    "17": "security not supported",
    "18": "transaction set does not belong into this group",
    "23": "transaction set control number not unique in the group",
    "I5": "segments in error against the implementation guide",
    "I6": "implementation convention not supported",
}
SEGMENT_ERRORS = {  # 720, AK304; 620, IK304
    "1": "segment unknown",
    "2": "segment not expected here",
    "3": "mandatory segment missing",
    "4": "loop repeated too often",
    "5": "segment repeated too often",
    "6": "segment not in this transaction set",
    "7": "segment out of order",
    "8": "data elements in error",
    "I4": "segment not used by the implementation guide",
    "I6": "segment missing that the implementation guide requires here",
    "I7": "loop repeated too seldom",
    "I8": "segment repeated too seldom",
    "I9": "segment not used by the implementation guide here",
}
ELEMENT_ERRORS = {  # 723, AK403; 621, IK403
    "1": "required element missing",
    "2": "conditionally required element missing",
    "3": "too many elements",
    "4": "too short",
    "5": "too long",
    "6": "invalid character",
    "7": "invalid code value",
    "8": "invalid date",
    "9": "invalid time",
    "10": "excluded by another element",
    "12": "too many repetitions",
    "13": "too many components",
    "I6": "code value not used by the implementation guide",
    "I9": "element missing that the implementation guide requires here",
    "I10": "element not used by the implementation guide",
    "I11": "too few repetitions",
    "I12": "does not match the implementation guide's pattern",
    "I13": "element not used by the implementation guide here",
}
INTERCHANGE_NOTES = {  # I18, TA105
    "000": "no error",
    "001": "control numbers of header and trailer differ",
    "002": "control standard not supported",
    "003": "version of the controls not supported",
    "004": "segment terminator invalid",
    "005": "sender's qualifier invalid",
    "006": "sender's id invalid",
    "007": "receiver's qualifier invalid",
    "008": "receiver's id invalid",
    "009": "receiver's id unknown",
    "010": "authorisation qualifier invalid",
    "011": "authorisation invalid",
    "012": "security qualifier invalid",
    "013": "security information invalid",
    "014": "date invalid",
    "015": "time invalid",
    "016": "standards identifier invalid",
    "017": "version id invalid",
    "018": "control number invalid",
    "019": "request for acknowledgement invalid",
    "020": "test indicator invalid",
    "021": "count of groups invalid",
    "022": "control structure invalid",
    "023": "end of file too early",
    "024": "content invalid, such as the GS segment",
    "025": "control number used before",
    "026": "element separator invalid",
    "027": "component separator invalid",
    "028": "delivery date of a deferred delivery invalid",
    "029": "delivery time of a deferred delivery invalid",
    "030": "delivery time code of a deferred delivery invalid",
    "031": "grade of service invalid",
}
