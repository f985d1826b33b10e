"""EDIFACT acknowledgements: CONTRL (syntax and service report) and APERAK (application error and acknowledgement).

What answers what (CONTRL: ISO 9735 and UN/EDIFACT CONTRL D.3 and 4.1; APERAK: UN/EDIFACT directories). References as written.

| evidence | ``in_reply_to`` | type from |
|---|---|---|
| one for each UCI of a CONTRL | UCI 0020: the control reference of the answered interchange | UCI 0083 |
| one for each UCF | 0020/UNG:0048: that interchange, and the reference of a functional group in it | UCF 0083 |
| one for each UCM | 0020/0062: that interchange, and the reference of a message in it, as ``ABC123/1`` | UCM 0083 |
| one for each APERAK | RFF ACW (previous message), else ACE, AGO, ON; in the heading, else anywhere | see below |

A sender's event finds the first three with ``message_id`` ``ABC123/1`` and ``envelopes`` ``ABC123``, ``ABC123/UNG:5``. The UCI
alone speaks for all messages of its interchange; a UCM that is there speaks for its own (UCI 7 with UCM 4 is usual).
0083: 4 rejected, 7 accepted, 8 received; anything else unknown. ``code``: 0085. ``detail``: its meaning, and the errors of UCS
and UCD.

An APERAK proves that the application received the message. What its error codes (ERC 9321) mean is agreed between partners:
``--set code.12=rejected`` says it. Where no code is mapped, the heading decides: BGM 4343 AP accepted, RE rejected; BGM 1225 27
rejected, 29 accepted, 28, 30 and 34 (accepted with amendment) accepted_with_errors; BGM 1001 313 (application error message)
rejected. Else it is ``received``, and a code that is not mapped is a finding. Free text (FTX) is never evidence; it goes into
``detail``.

The acknowledgement's sender (UNB S002) speaks; the time is UNB S004, for an APERAK DTM 137 if that has a time of day.
Wrong control counts (UNT, UNZ) are findings; other messages, and what broke off, are rejects.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from lineage.facts import Finding, HandoffEvent
from loaders._edi import (
    EdiSettings,
    Envelope,
    Party,
    Segment,
    control_reference,
    control_total,
    in_words,
    meaning,
    missing,
    refused,
    written_offset,
)
from loaders._edifact import SYNTAX_ERRORS, Interchange, interchanges
from loaders.base import Document, Reject, Said, Source, feed, make

_ACTIONS = {"4": ("rejected", "rejected"), "7": ("accepted", "accepted"), "8": ("received", "received")}
# Where the action (0083) stands; 0085, the service segment in error and the position in it follow.
_ACTION_ELEMENT = {"UCI": 4, "UCF": 4, "UCM": 3}
_REFERENCES = ("ACW", "ACE", "AGO", "ON")
_RESPONSE_TYPES = {"AP": "accepted", "RE": "rejected"}
_FUNCTIONS = {
    "27": "rejected",
    "28": "accepted_with_errors",
    "29": "accepted",
    "30": "accepted_with_errors",
    "34": "accepted_with_errors",
}
# Of several error codes the worst counts.
_WORST_FIRST = ("rejected", "partially_accepted", "accepted_with_errors", "accepted", "received")
_DATED = {"203": "%Y%m%d%H%M", "204": "%Y%m%d%H%M%S", "303": "%Y%m%d%H%M", "304": "%Y%m%d%H%M%S"}
_FETCH_AGAIN = "fetch the whole file again; what stood complete before that point was loaded"
_ASK_SENDER = "ask its sender for a complete acknowledgement"


class EdifactSettings(EdiSettings):
    """``--set code.12=rejected``: what the error code 12 of an APERAK (ERC 9321) means by the partner's guide."""

    code: dict[str, Literal["received", "accepted", "accepted_with_errors", "partially_accepted", "rejected"]] = Field(
        default_factory=dict,
        description="an APERAK's error code (ERC 9321): what it means between you (rejected, accepted, ...)",
    )


@feed(
    name="edifact-ack",
    title="EDIFACT acknowledgements",
    formats="EDIFACT CONTRL and APERAK, any service characters and directory",
    contributes="replies: interchanges, groups and messages that were received, accepted or rejected, with the errors",
    patterns=("*.edi", "*.edifact", "*.contrl", "*.aperak", "*.contrl.txt", "*.aperak.txt"),
    authority="observed",
    example="lineage load edifact-ack inbound/contrl --set system.14:4012345000009=acme-edi",
    settings=EdifactSettings,
)
def read(source: Source, settings: EdifactSettings) -> Iterator[Said]:
    """Every acknowledgement of the source as replies to interchanges, groups and messages."""
    yield from source.each(lambda document: _read_document(document, settings))


def _read_document(document: Document, settings: EdifactSettings) -> Iterator[Said]:
    position, empty = document.at("line 1"), True
    for one in interchanges(document):
        empty = False
        if isinstance(one, str):
            reason = "text that is no EDIFACT interchange: it has no UNB"
            yield Reject(position=position, reason=reason, hint="name a file that begins with UNA or UNB", record=one[:200])
        else:
            yield from _Reading(document, settings, one).said()
    if empty:
        yield Reject(position=position, reason="the file is empty", hint="an EDIFACT file begins with UNA or UNB")


@dataclass
class _Reading:
    """One interchange being read. ``certain``: every segment of the message at hand could be told."""

    document: Document
    settings: EdifactSettings
    interchange: Interchange
    envelope: Envelope = field(init=False)
    certain: bool = True
    messages: int = 0
    groups: int = 0
    body: list[Segment] = field(default_factory=list)

    def said(self) -> Iterator[Said]:
        """Facts, findings and rejects of the interchange, in the order of its segments."""
        segments = self.interchange.segments
        if not segments or segments[0].tag != "UNB":
            reason = "the interchange header (UNB) is damaged"
            yield Reject(position=self.document.at("line 1"), reason=reason, hint="fetch the file again")
            return
        unb = segments[0]
        sender = Party("edifact", unb.value(2, 2), unb.value(2, 1))
        receiver = Party("edifact", unb.value(3, 2), unb.value(3, 1))
        self.envelope = Envelope(self.document, self.settings, f"interchange {unb.value(5)}", sender, receiver)
        for number, segment in enumerate(segments[1:], start=2):
            yield from self.step(number, segment)
        position = self.envelope.at(len(segments))
        if all(segment.tag != "UNZ" for segment in segments):
            if self.body:
                yield from self.message(len(segments), closed=False)
            where = f"in message {self.body[0].value(1)}" if self.body else "before its UNZ"
            why = f" ({self.interchange.broken})" if self.interchange.broken else ""
            yield Reject(position=position, reason=f"the interchange breaks off {where}{why}", hint=_FETCH_AGAIN)
        elif self.interchange.broken or segments[-1].tag != "UNZ":
            yield Reject(position=position, reason="text after the end of the interchange (UNZ)", hint="remove it")

    def step(self, number: int, segment: Segment) -> Iterator[Said]:
        """One segment: a message is collected until its end, trailers are compared with what was there."""
        position = self.envelope.at(number)
        if self.body and segment.tag in {"UNH", "UNG", "UNE", "UNZ"}:
            yield missing(position, "UNT", f"message {self.body[0].value(1)} is not closed")
            yield from self.message(number - 1, closed=True)
            self.body = []
        if not segment.tag:
            self.certain = False
            reason = (
                "a segment has no tag of three letters; of the message around it only what does not depend on it was loaded"
            )
            yield refused(position, reason, "ask for the message again", [segment])
        if segment.tag == "UNH":
            self.messages += 1
            self.body, self.certain = [segment], True
        elif segment.tag == "UNT" and self.body:
            opened = self.body[0].value(1)
            yield from control_total(
                position, f"UNT 0074 of message {opened}", segment.value(1), len(self.body) + 1, "segments"
            )
            yield from control_reference(position, f"UNT 0062 of message {opened}", segment.value(2), opened)
            yield from self.message(number - 1, closed=True)
            self.body = []
        elif self.body:
            self.body.append(segment)
        elif segment.tag == "UNG":
            self.groups += 1
        elif segment.tag == "UNZ":
            counted, things = (self.groups, "functional groups") if self.groups else (self.messages, "messages")
            yield from control_total(position, f"UNZ 0036 of {self.envelope.name}", segment.value(1), counted, things)
            opened = self.interchange.segments[0].value(5)
            yield from control_reference(position, f"UNZ 0020 of {self.envelope.name}", segment.value(2), opened)
        elif segment.tag not in {"UNE", ""}:
            detail = "a segment outside of any message was left out"
            yield Finding(position=position, finding="stray-segment", subject=segment.text[:80], detail=detail)

    def message(self, last: int, *, closed: bool) -> Iterator[Said]:
        """The collected message, which ends with segment ``last``. ``closed``: it did not break off."""
        header, first, closed = self.body[0], last - len(self.body) + 1, closed and self.certain
        kind = header.value(2)
        if kind == "CONTRL":
            yield from self.contrl(first, closed=closed)
        elif kind != "APERAK":
            reason = (
                f"message {header.value(1)} is a {kind or 'message without a type'}, not an acknowledgement (CONTRL, APERAK)"
            )
            yield refused(self.envelope.at(first), reason, "give files of acknowledgements only", self.body[:5])
        elif closed:  # of one that broke off nobody knows the codes that came after
            yield from self.aperak(self.envelope.at(first))

    def contrl(self, first: int, *, closed: bool) -> Iterator[Said]:
        """A CONTRL: the interchange's UCI, and each UCF and UCM with its errors."""
        reports: list[tuple[int, list[Segment]]] = []
        for number, segment in enumerate(self.body[1:], start=first + 1):
            if segment.tag in _ACTION_ELEMENT:
                reports.append((number, [segment]))
            elif reports and segment.tag in {"UCS", "UCD"}:
                reports[-1][1].append(segment)
        if not reports or reports[0][1][0].tag != "UCI" or not reports[0][1][0].value(1):
            if closed:
                reason = "the CONTRL names no interchange: its UCI or UCI 0020 is missing"
                yield refused(self.envelope.at(first), reason, _ASK_SENDER, self.body[:5])
            return
        answered = reports[0][1][0].value(1)
        for index, (number, report) in enumerate(reports):
            if not closed and (index == len(reports) - 1 or (index == 0 and report[0].value(4) == "7")):
                continue  # its errors may have been cut off; and 7 speaks only for messages that are not rejected further on
            position, head = self.envelope.at(number), report[0]
            if head.tag != "UCI" and not head.value(1):
                reason = f"{head.tag} has no reference of what it reports on"
                yield refused(position, reason, _ASK_SENDER, report[:5])
                continue
            if head.tag == "UCI":
                others = [one[0] for _, one in reports[1:] if one[0].value(_ACTION_ELEMENT[one[0].tag]) == "4"]
                refusals = (
                    [f"rejected in it: {', '.join(f'{one.tag} {one.value(1)}' for one in others[:20])}"] if others else []
                )
                content = [segment for _, one in reports for segment in one]
                yield from self.report(position, answered, report, content, "interchange", refusals)
            elif head.tag == "UCF":
                yield from self.report(position, f"{answered}/UNG:{head.value(1)}", report, report, "functional group")
            else:
                what = " ".join(filter(None, ["message", head.value(2, 1)]))
                yield from self.report(position, f"{answered}/{head.value(1)}", report, report, what)

    def report(
        self, position: str, answered: str, report: list[Segment], content: list[Segment], what: str, more: Sequence[str] = ()
    ) -> Iterator[Said]:
        """The reply of one UCI, UCF or UCM."""
        head, element = report[0], _ACTION_ELEMENT[report[0].tag]
        action, code = head.value(element), head.value(element + 1)
        kind, word = _ACTIONS.get(action, ("unknown", f"action {action or 'missing'}"))
        where = " ".join(filter(None, [head.value(element + 2), head.joined(element + 3)]))
        clauses = [f"{what} {head.value(1)}: {word}", meaning(SYNTAX_ERRORS, code), f"in {where}" if where else ""]
        values = {"type": kind, "raw_type": action or None, "code": code or (action if kind == "rejected" else None) or None}
        detail = in_words(*clauses, *more, self.envelope.parties(), errors=_errors(report[1:]))
        number = () if head.tag == "UCI" else (head.value(1),)
        yield from self.event(position, content, number, in_reply_to=answered, detail=detail, **values)

    def aperak(self, position: str) -> Iterator[Said]:
        """An APERAK that is complete."""
        heading = self.body[: next((n for n, segment in enumerate(self.body) if segment.tag == "ERC"), len(self.body))]
        answered = _reference(heading) or _reference(self.body)
        if answered is None:
            given = ", ".join(segment.joined(1) for segment in self.body if segment.tag == "RFF") or "none"
            reason = f"the APERAK names no message that it answers: it needs RFF {', '.join(_REFERENCES)}; its RFF: {given}"
            yield refused(position, reason, _ASK_SENDER, self.body[:8])
            return
        bgm = next((segment for segment in self.body if segment.tag == "BGM"), Segment("BGM", ()))
        codes = [code for segment in self.body if segment.tag == "ERC" and (code := segment.value(1))]
        kind, raw = self._verdict(bgm, codes)
        for code in dict.fromkeys(codes):
            if code not in self.settings.code:
                partner = self.envelope.sender.label
                unmapped = f"its meaning is agreed with {partner}: say it with --set code.{code}=rejected, or accepted"
                yield Finding(position=position, finding="unmapped-code", subject=f"ERC {code}", detail=unmapped)
        texts = [
            " ".join(filter(None, segment.elements[3]))
            for segment in self.body
            if segment.tag == "FTX" and segment.elements[3:]
        ]
        clauses = [f"APERAK {bgm.value(2)}: {kind}", f"answers RFF {answered.joined(1)}", self.envelope.parties()]
        errors = [f"error {code}" for code in codes] + [f"text: {text.strip()}" for text in texts if text.strip()]
        detail = in_words(*clauses, errors=errors)
        values = {"type": kind, "raw_type": raw, "code": " ".join(codes[:12]) or None, "detail": detail, **self._dated()}
        yield from self.event(position, self.body, (), in_reply_to=answered.value(1, 2), **values)

    def _verdict(self, bgm: Segment, codes: list[str]) -> tuple[str, str | None]:
        mapped = {self.settings.code[code]: code for code in reversed(codes) if code in self.settings.code}
        for kind in _WORST_FIRST:
            if kind in mapped:
                return kind, f"ERC {mapped[kind]}"
        for table, element, name in ((_RESPONSE_TYPES, 4, "4343"), (_FUNCTIONS, 3, "1225"), ({"313": "rejected"}, 1, "1001")):
            if bgm.value(element) in table:
                return table[bgm.value(element)], f"BGM {name} {bgm.value(element)}"
        return "received", f"ERC {' '.join(codes[:12])}" if codes else None

    def _dated(self) -> dict[str, Any]:
        """The time of DTM 137 (C507: 2380 in the format 2379), if it has a time of day; 303 and 304 end in a zone."""
        for segment in self.body:
            dated = re.fullmatch(r"(\d+)([+-]\d\d)?:?(\d\d)?", segment.value(1, 2)) if segment.tag == "DTM" else None
            if dated is None or segment.value(1, 1) != "137" or segment.value(1, 3) not in _DATED:
                continue
            digits, hours, minutes = dated.groups()
            try:
                if hours is None:
                    time, _ = self.envelope.moment("", digits[:8], digits[8:])
                    return time
                local = datetime.strptime(f"{digits}{hours}{minutes or '00'}", _DATED[segment.value(1, 3)] + "%z")
            except ValueError:
                return {}
            return {"time": local, "offset": written_offset(local)}
        return {}

    def event(self, position: str, content: Sequence[Segment], numbers: tuple[str, ...], **values: Any) -> Iterator[Said]:
        """A reply with the envelope's own values."""
        unb = self.interchange.segments[0]
        time: dict[str, Any] = {}
        findings: list[Finding] = []
        if "time" not in values:
            time, findings = self.envelope.moment(position, unb.value(4, 1), unb.value(4, 2))
        said_of = [*(unb.joined(number) for number in (2, 3, 4)), *(segment.text for segment in content)]
        event_id = self.envelope.unique(unb.value(5), self.body[0].value(1), *numbers, content=said_of)
        record = [segment.text for segment in content]
        yield make(HandoffEvent, position, record, id=event_id, **self.envelope.speaker(), **time, **values)
        yield from findings


def _reference(segments: Sequence[Segment]) -> Segment | None:
    """The RFF (C506: 1153, 1154) that says which message is answered."""
    found = {segment.value(1, 1): segment for segment in reversed(segments) if segment.tag == "RFF" and segment.value(1, 2)}
    return next((found[qualifier] for qualifier in _REFERENCES if qualifier in found), None)


def _errors(segments: Sequence[Segment]) -> list[str]:
    """Segments (UCS 0096, 0085) and data elements (UCD 0085, S011) in error."""
    errors = []
    for segment in segments:
        if segment.tag == "UCS":
            code = meaning(SYNTAX_ERRORS, segment.value(2))
            errors.append(f"segment {segment.value(1)}{': ' if code else ''}{code}")
        else:
            errors.append(f"element {segment.joined(2)}: {meaning(SYNTAX_ERRORS, segment.value(1))}")
    return errors
