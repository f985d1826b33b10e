"""What a failure says about whose side it is on. What no row knows stays unknown: it accuses nobody.

HTTP: RFC 9110 section 15, RFC 6585 (429). SMTP replies: RFC 5321 section 4.2; enhanced codes: RFC 3463 and 5248. FTP: RFC 959
section 4.2. errno names: POSIX. A number counts only where a status stands (the code itself, or "HTTP 503"), never
somewhere in a text; what may be the sender's own disk, network, lock or key is not held against the receiver.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Literal

FailureClass = Literal["refused", "unauthorised", "rejected", "unknown"]
# One log words its failures in few ways: each is read once.
_read_once = lru_cache(maxsize=1024)

_STATUS = re.compile(r"^\s*(?:HTTP(?:/[\d.]+)?\s*)?(\d{3})(?!\d)", re.IGNORECASE)
_HTTP = re.compile(r"\b(?:HTTP(?:/[\d.]+)?|status)\s*(?:code)?\s*[:=]?\s*(\d{3})(?!\d)", re.IGNORECASE)
_ENHANCED = re.compile(r"\b([245])\.(\d{1,3})\.(\d{1,3})\b")
_UNAUTHORISED = {401, 403, 404, 407, 530, 535}
_REJECTED = {400, 405, 406, 409, 415, 422}
# Of the 5xx without 501 and 505, which say that the request was not understood, and without the replies of mail and file
# servers among them that speak of the sender or the address; 450, 452 and 552 are a full or busy mailbox.
_REFUSED = {408, 413, 429, 450, 452, 552} | (set(range(500, 600)) - {501, 505, 530, 535, 550, 551, 553, 554})

_OWN_SIDE = re.compile(
    r"\blocal\b|keystore|message size|no space left|disk quota|network is unreachable|no route to host|\block\b", re.IGNORECASE
)
_UNAUTHORISED_WORDS = re.compile(
    r"unauthori[sz]ed|forbidden|not[ _-]?authori[sz]ed|not logged in|permission denied|access denied|authentication|credential"
    r"|invalid (token|api key|key)|unknown (key|host key)|host key|bad certificate|client certificate|unknown[_ ]ca"
    r"|certificate (has )?expired|expired (certificate|token|key)|not found|no such (file|mailbox|key)",
    re.IGNORECASE,
)
_REJECTED_WORDS = re.compile(r"schema|invalid (document|payload|format)|validation|rejected", re.IGNORECASE)
_REFUSED_WORDS = re.compile(
    r"econnrefused|econnreset|etimedout|enotfound|nxdomain|connection refused|connection reset|reset by peer"
    r"|(connection|connect|read|response|request|gateway|operation) timed?[ _-]?out|^\s*timed?[ _-]?out\s*$"
    r"|could not resolve|\bdns\b|handshake|mailbox full|over quota|mailbox .*quota",
    re.IGNORECASE,
)

_TIMEOUT_WORDS = re.compile(r"timed?[ _-]?out", re.IGNORECASE)
_REPLY_WORDS = re.compile(
    r"no (reply|response|answer|receipt)|(read|response|reply|request|receipt|mdn|acknowledge?ment) timed?[ _-]?out"
    r"|(waiting|timed?[ _-]?out) (for|on) (a |the |an )?(reply|response|answer|receipt|mdn|acknowledge?ment)",
    re.IGNORECASE,
)
_ANSWER_WORDS = re.compile(r"refused|reset|handshake|mailbox|quota", re.IGNORECASE)


@_read_once
def classify(code: str | None, detail: str | None = None) -> FailureClass:
    """The class of a failure by its code and its detail.

    >>> classify("503"), classify("E-17", "certificate expired"), classify("E-17", "wrote 512 rows")
    ('refused', 'unauthorised', 'unknown')
    """
    said = " ".join(filter(None, (code, detail)))
    if _OWN_SIDE.search(said):
        return "unknown"
    if enhanced := _ENHANCED.search(said):
        return _mail(enhanced[2], enhanced[3])
    status = _status(code, detail)
    if status in _UNAUTHORISED or _UNAUTHORISED_WORDS.search(said):
        return "unauthorised"
    if status in _REJECTED:
        return "rejected"
    if status in _REFUSED or _REFUSED_WORDS.search(said):
        return "refused"
    return "rejected" if _REJECTED_WORDS.search(said) else "unknown"


@_read_once
def is_answer(code: str | None, detail: str | None = None) -> bool:
    """Whether a failure is the other side's own answer: a status, a refused or reset connection, a full mailbox.

    >>> is_answer("503"), is_answer("ECONNREFUSED"), is_answer("ETIMEDOUT"), is_answer("504", "gateway timed out")
    (True, True, False, True)
    """
    said = " ".join(filter(None, (code, detail)))
    return _status(code, detail) is not None or (bool(_ANSWER_WORDS.search(said)) and not _TIMEOUT_WORDS.search(said))


@_read_once
def is_unanswered(code: str | None, detail: str | None = None) -> bool:
    """Whether a failure is only that no reply came: then the message may have arrived all the same.

    >>> is_unanswered("ETIMEDOUT", "no reply within 30 s"), is_unanswered("ETIMEDOUT", "connect")
    (True, False)
    """
    said = " ".join(filter(None, (code, detail)))
    return _status(code, detail) is None and bool(_REPLY_WORDS.search(said))


def _status(code: str | None, detail: str | None) -> int | None:
    found = _STATUS.match(code or "") or _HTTP.search(detail or "") or _STATUS.match(detail or "")
    return int(found[1]) if found else None


def _mail(subject: str, detail: str) -> FailureClass:
    """RFC 3463: x.2.2 mailbox full, x.3.x and x.4.x the mail system and the network, x.7.x security and policy."""
    if (subject, detail) == ("2", "2") or subject in {"3", "4"}:
        return "refused"
    return "unauthorised" if subject == "7" else "unknown"
