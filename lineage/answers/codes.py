"""What a failure code says about whose side it is on. A code that no row knows stays unknown: it accuses nobody.

HTTP: RFC 9110 section 15 (408, 413, 421, 5xx), RFC 6585 (429). SMTP: RFC 5321 section 4.2 and RFC 3463 (mailbox full: 5.2.2, 452/552).
errno names: POSIX. DNS: RFC 1035 / 8020 (NXDOMAIN, SERVFAIL).
"""

from __future__ import annotations

import re
from typing import Literal

FailureClass = Literal["refused", "unauthorised", "rejected", "unknown"]

# First match wins, so that "expired certificate" is a matter of authorisation before "TLS" is one of the endpoint.
_ROWS: tuple[tuple[FailureClass, str], ...] = (
    ("unauthorised", r"\b(401|403|404|407)\b"),
    (
        "unauthorised",
        r"unauthori[sz]ed|forbidden|not[ _-]?authori[sz]ed|permission denied|access denied|auth\w* (failed|failure)",
    ),
    (
        "unauthorised",
        r"invalid (credential|token|api key|key)|unknown (key|host key)|certificate (has )?expired|expired (certificate|token|key)",
    ),
    ("unauthorised", r"not found|no such (file|mailbox|key)"),
    ("rejected", r"\b(400|406|409|415|422)\b|schema|invalid (document|payload|format)|validation"),
    ("refused", r"\b(408|413|421|429|5\d\d)\b"),
    ("refused", r"econnrefused|econnreset|etimedout|ehostunreach|enetunreach|enotfound|eai_again|epipe"),
    ("refused", r"refused|reset by peer|connection reset|timed?[ _-]?out|unreachable|no route to host"),
    ("refused", r"nxdomain|servfail|\bdns\b|name resolution|could not resolve"),
    ("refused", r"\btls\b|\bssl\b|handshake"),
    ("refused", r"mailbox full|quota|no space|\b(452|552)\b|5\.2\.2"),
)


def classify(*words: str | None) -> FailureClass:
    """The class of a failure by its code and detail, in this order of preference.

    >>> classify("503"), classify("E-17", "certificate expired"), classify("E-17")
    ('refused', 'unauthorised', 'unknown')
    """
    for word in words:
        if word:
            for failure, pattern in _ROWS:
                if re.search(pattern, word, re.IGNORECASE):
                    return failure
    return "unknown"
