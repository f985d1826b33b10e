"""X12 acknowledgements: 997 Functional, 999 Implementation, and TA1 Interchange Acknowledgement.

What answers what (segments of transaction sets 997 and 999, X12 005010; TA1 of X12.5). Control numbers are taken as written,
with leading zeros.

| evidence | ``in_reply_to`` | type from |
|---|---|---|
| one for each AK1 to AK9 | AK102: the group control number (GS06) of the answered group | AK901 |
| one for each AK2 to AK5 or IK5 | AK102/AK202: that group, and the set's control number (ST02), as ``17/0001`` | AK501, IK501 |
| one for each TA1 | TA101: the interchange control number (ISA13) of the answered interchange | TA104 |

A sender's event finds all three when it has ``message_id`` ``17/0001`` and the group's and the interchange's control numbers in
``envelopes``. ``--set set=number`` answers the bare set control number, for logs that know no other.

AK901, AK501, IK501: A accepted, E accepted_with_errors, P partially_accepted, R M W X rejected (M W X for security), anything
else unknown. TA104: A and E received (the envelope is accepted; that says nothing of what is in it), R rejected.
``code``: the error codes of AK5, IK5, AK9 or TA1, or the letter where there are none. ``detail``: their meaning, and where the
errors are (AK3, AK4; IK3, CTX, IK4). The group's event names the sets that were not accepted.

Whoever acknowledges received the message: the acknowledgement's sender (ISA05, ISA06) speaks. Its time is that of the group
(GS04, GS05), else of the interchange (ISA09, ISA10); neither has a zone. An event's id is ISA13, GS06, ST02 and AK202 with a
hash of what was said, to whom and when, because interchange control numbers start again one day.

Wrong control totals, absent trailers and an absent AK5 or AK9 are findings. What an interchange lost at its end, and other
transaction sets, are rejects.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
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
)
from loaders._x12 import (
    ELEMENT_ERRORS,
    GROUP_ERRORS,
    INTERCHANGE_NOTES,
    SEGMENT_ERRORS,
    SET_ERRORS,
    Interchange,
    interchanges,
    text_of,
)
from loaders.base import Document, Reject, Said, Source, feed, make

_TYPES = {
    "A": "accepted",
    "E": "accepted_with_errors",
    "P": "partially_accepted",
    "R": "rejected",
    "M": "rejected",
    "W": "rejected",
    "X": "rejected",
}
_WORDS = {
    "A": "accepted",
    "E": "accepted, errors noted",
    "P": "partially accepted",
    "R": "rejected",
    "M": "rejected, message authentication code failed",
    "W": "rejected, assurance failed",
    "X": "rejected, content could not be decrypted",
}
_INTERCHANGE_TYPES = {"A": "received", "E": "received", "R": "rejected"}
_FETCH_AGAIN = "fetch the whole file again; what stood complete before that point was loaded"


class X12Settings(EdiSettings):
    """``--set set=number``: a set's acknowledgement answers its bare control number instead of ``group/number``."""

    set: Literal["group/number", "number"] = Field(
        default="group/number", description="how your logs name a transaction set: 17/0001, or number (0001 alone)"
    )


@feed(
    name="x12-ack",
    title="X12 acknowledgements",
    formats="X12 997, 999 and TA1, any separators and control version",
    contributes="replies: interchanges, groups and transaction sets that were received, accepted or rejected, with the errors",
    patterns=("*.997", "*.999", "*.ta1", "*.ack", "*.x12", "*.edi", "*.997.txt", "*.999.txt", "*.ta1.txt"),
    authority="observed",
    example="lineage load x12-ack inbound/acks --set system.ZZ:ACME=acme-edi",
    settings=X12Settings,
)
def read(source: Source, settings: X12Settings) -> Iterator[Said]:
    """Every acknowledgement of the source as replies to interchanges, groups and transaction sets."""
    yield from source.each(lambda document: _read_document(document, settings))


def _read_document(document: Document, settings: X12Settings) -> Iterator[Said]:
    text = text_of(document)
    if isinstance(text, Reject):
        yield text
        return
    position, empty = document.at("line 1"), True
    for one in interchanges(text):
        empty = False
        if isinstance(one, str):
            cut = one.startswith("ISA")
            reason = "the ISA is damaged: 16 elements and three separators are needed" if cut else "not an X12 interchange"
            hint = "name a file that begins with ISA, or ask for it again"
            yield Reject(position=position, reason=reason, hint=hint, record=one[:200])
        else:
            yield from _Reading(document, settings, one).said()
    if empty:
        yield Reject(position=position, reason="the file is empty", hint="an X12 file begins with ISA")


@dataclass
class _Reading:
    """One interchange being read."""

    document: Document
    settings: X12Settings
    interchange: Interchange
    envelope: Envelope = field(init=False)
    isa: Segment = field(init=False)
    gs: Segment | None = None
    sets: int = 0
    groups: int = 0
    body: list[Segment] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.isa = isa = self.interchange.segments[0]
        sender = Party("x12", isa.value(5), isa.value(6))
        receiver = Party("x12", isa.value(7), isa.value(8))
        self.envelope = Envelope(self.document, self.settings, f"interchange {isa.value(13)}", sender, receiver)

    def said(self) -> Iterator[Said]:
        """Facts, findings and rejects of the interchange, in the order of its segments."""
        if not self.interchange.fixed:
            detail = "its elements have lost their fixed width; the separators were told by counting elements"
            yield Finding(position=self.envelope.at(1), finding="damaged-header", subject="ISA", detail=detail)
        for number, segment in enumerate(self.interchange.segments[1:], start=2):
            yield from self.step(number, segment)
        last = len(self.interchange.segments)
        if self.interchange.segments[-1].tag != "IEA":
            if self.body:
                yield from self.transaction_set(last, closed=False)
            where = f"in transaction set {self.body[0].value(2)}" if self.body else "before its IEA"
            reason = f"the interchange breaks off {where}"
            yield Reject(
                position=self.envelope.at(last), reason=reason, hint=_FETCH_AGAIN, record=self.interchange.cut[:200] or None
            )
        elif self.interchange.rest:
            reason = "text after the end of the interchange (IEA)"
            hint = "remove it, or give each file by itself"
            yield Reject(position=self.envelope.at(last), reason=reason, hint=hint, record=self.interchange.rest[:200])

    def step(self, number: int, segment: Segment) -> Iterator[Said]:
        """One segment: envelopes are opened and closed, a transaction set is collected until its end."""
        position = self.envelope.at(number)
        if segment.tag == "ST" or (self.body and segment.tag in {"GS", "GE", "IEA"}):
            if self.body:
                yield missing(position, "SE", f"transaction set {self.body[0].value(2)} is not closed")
                yield from self.transaction_set(number - 1, closed=True)
            self.body = []
        if segment.tag == "ST":
            self.sets += 1
            self.body = [segment]
            if self.gs is None:
                yield missing(position, "GS", f"transaction set {segment.value(2)} stands outside of any functional group")
        elif segment.tag == "SE" and self.body:
            opened = self.body[0].value(2)
            yield from control_total(position, f"SE01 of set {opened}", segment.value(1), len(self.body) + 1, "segments")
            yield from control_reference(position, f"SE02 of set {opened}", segment.value(2), opened)
            yield from self.transaction_set(number - 1, closed=True)
            self.body = []
        elif self.body:
            self.body.append(segment)
        elif segment.tag == "TA1":
            yield from self.interchange_acknowledgement(position, segment)
        else:
            yield from self.control(position, segment)

    def control(self, position: str, segment: Segment) -> Iterator[Said]:
        """Headers and trailers of groups, and the interchange's trailer."""
        if segment.tag in {"GS", "IEA"} and self.gs is not None:
            yield missing(position, "GE", f"functional group {self.gs.value(6)} is not closed")
            self.gs = None
        if segment.tag == "GS":
            self.gs, self.sets = segment, 0
            self.groups += 1
        elif segment.tag == "GE" and self.gs is not None:
            opened = self.gs.value(6)
            yield from control_total(position, f"GE01 of group {opened}", segment.value(1), self.sets, "transaction sets")
            yield from control_reference(position, f"GE02 of group {opened}", segment.value(2), opened)
            self.gs = None
        elif segment.tag == "IEA":
            opened = self.isa.value(13)
            yield from control_total(
                position, f"IEA01 of {self.envelope.name}", segment.value(1), self.groups, "functional groups"
            )
            yield from control_reference(position, f"IEA02 of {self.envelope.name}", segment.value(2), opened)
        else:
            detail = "a segment outside of any transaction set was left out"
            yield Finding(position=position, finding="stray-segment", subject=segment.text[:80], detail=detail)

    def transaction_set(self, last: int, *, closed: bool) -> Iterator[Said]:
        """The collected set, which ends with segment ``last``. ``closed``: it did not break off."""
        header, first = self.body[0], last - len(self.body) + 1
        if header.value(1) not in {"997", "999"}:
            kind = header.value(1) or "set without a number"
            reason = f"transaction set {header.value(2)} is a {kind}, not an acknowledgement (997, 999)"
            yield refused(self.envelope.at(first), reason, "give files of acknowledgements only", self.body[:5])
            return
        ack = _Group(self, header.value(2), closed)
        for number, segment in enumerate(self.body[1:], start=first + 1):
            if segment.tag == "AK1":
                yield from ack.end(number - 1)
                ack = _Group(self, header.value(2), closed, number, segment)
            elif segment.tag == "AK9":
                ack.status = segment
                yield from ack.end(number)
                ack = _Group(self, header.value(2), closed, ended=True)
            elif segment.tag == "AK2":
                ack.loops.append((number, [segment]))
            elif ack.loops:
                ack.loops[-1][1].append(segment)
        yield from ack.end(last)
        if closed and not {segment.tag for segment in self.body} & {"AK1", "AK2", "AK9"}:
            reason = f"transaction set {header.value(2)} names no group that it acknowledges: AK1 is missing"
            yield refused(self.envelope.at(first), reason, "ask its sender for a complete acknowledgement", self.body[:5])

    def interchange_acknowledgement(self, position: str, ta1: Segment) -> Iterator[Said]:
        """A TA1."""
        answered, letter, note = ta1.value(1), ta1.value(4), ta1.value(5)
        if not answered:
            reason = "the TA1 names no interchange: TA101 is missing"
            yield refused(position, reason, "ask its sender for a complete acknowledgement", [ta1])
            return
        word = {"A": "accepted", "E": "accepted, errors noted", "R": "rejected"}.get(letter, f"status {letter or 'missing'}")
        code = note if note.strip("0") else ("" if letter == "A" else letter)
        yield from self.event(
            position,
            [ta1],
            (self.isa.value(13), "TA1", answered),
            in_reply_to=answered,
            type=_INTERCHANGE_TYPES.get(letter, "unknown"),
            raw_type=letter or None,
            code=code or None,
            detail=in_words(
                f"interchange {answered}: envelope {word}", meaning(INTERCHANGE_NOTES, note), self.envelope.parties()
            ),
        )

    def event(self, position: str, content: Sequence[Segment], name: tuple[str, ...], **values: Any) -> Iterator[Said]:
        """A reply with the envelope's own values."""
        isa, gs = self.isa, self.gs
        dated = (gs.value(4), gs.value(5)) if gs is not None and gs.value(4) else (isa.value(9), isa.value(10))
        time, findings = self.envelope.moment(position, *dated)
        said_of = [*(isa.value(number) for number in range(5, 11)), *dated, *(segment.text for segment in content)]
        event_id = self.envelope.unique(*name, content=said_of)
        record = [segment.text for segment in content]
        yield make(HandoffEvent, position, record, id=event_id, **self.envelope.speaker(), **time, **values)
        yield from findings


@dataclass
class _Group:
    """One answered group within a 997 or 999, from its AK1 to its AK9.

    ``loops``: one for each set, from AK2 to AK5 or IK5, with its position.
    """

    reading: _Reading
    set_number: str
    closed: bool
    number: int = 0
    header: Segment | None = None
    status: Segment | None = None
    ended: bool = False
    loops: list[tuple[int, list[Segment]]] = field(default_factory=list)

    def end(self, last: int) -> Iterator[Said]:
        """What is said of the group, and of each set in it."""
        envelope = self.reading.envelope
        if self.header is None:
            if self.loops or self.status is not None:
                segments = [*(segment for _, loop in self.loops for segment in loop), *filter(None, [self.status])]
                where = "behind the end of its group (AK9)" if self.ended else "before any group (AK1)"
                reason = f"{segments[0].tag} stands {where}: it acknowledges nothing that is named"
                yield refused(envelope.at(last), reason, "ask its sender for a complete acknowledgement", segments[:5])
            return
        answered = self.header.value(2)
        if not answered:
            reason = "AK1 has no group control number (AK102)"
            yield refused(envelope.at(self.number), reason, "ask its sender for a complete acknowledgement", [self.header])
            return
        not_accepted = []
        for index, (number, loop) in enumerate(self.loops):
            status = next((segment for segment in loop if segment.tag in {"AK5", "IK5"}), None)
            if status is None and not self.closed and self.status is None and index == len(self.loops) - 1:
                continue  # cut off before its status: the reject of the interchange's end says so
            if status is None:
                detail = f"set {loop[0].value(2)} has neither AK5 nor IK5: its status is unknown"
                yield missing(envelope.at(number), "AK5", detail)
            elif status.value(1) != "A":
                not_accepted.append(loop[0].value(2) or "?")
            yield from self.transaction_set(envelope.at(number), self.header, loop, status)
        if self.status is not None or self.closed:
            yield from self.group(envelope.at(self.number), self.header, not_accepted)

    def transaction_set(self, position: str, header: Segment, loop: list[Segment], status: Segment | None) -> Iterator[Said]:
        """The reply to one set."""
        reading, number = self.reading, loop[0].value(2)
        if not number:
            reason = "AK2 has no transaction set control number (AK202)"
            yield refused(position, reason, "ask its sender for a complete acknowledgement", loop[:5])
            return
        bare = reading.settings.set == "number"
        what = f"transaction set {loop[0].value(1)} {number}"
        yield from reading.event(
            position,
            [header, *loop],
            (*self.numbers(), number),
            in_reply_to=number if bare else f"{header.value(2)}/{number}",
            **_status(status, range(2, 7), SET_ERRORS, what, _errors(loop), reading.envelope.parties()),
        )

    def group(self, position: str, header: Segment, not_accepted: list[str]) -> Iterator[Said]:
        """The reply to the whole group."""
        counts = []
        if self.status is None:
            yield missing(position, "AK9", f"group {header.value(2)} has no AK9: its status is unknown")
        elif self.status.value(2):
            included, received, accepted = (self.status.value(number) or "?" for number in (2, 3, 4))
            counts = [f"{included} sets sent, {received} received, {accepted} accepted"]
        if not_accepted:
            counts.append(f"not accepted as they are: {', '.join(not_accepted[:20])}{' ...' if len(not_accepted) > 20 else ''}")
        content = [header, *(segment for _, loop in self.loops for segment in loop), *filter(None, [self.status])]
        what = f"functional group {header.value(1)} {header.value(2)}"
        yield from self.reading.event(
            position,
            content,
            self.numbers(),
            in_reply_to=header.value(2),
            **_status(self.status, range(5, 10), GROUP_ERRORS, what, counts, self.reading.envelope.parties()),
        )

    def numbers(self) -> tuple[str, str, str]:
        """Control numbers of interchange, group and set of the acknowledgement itself."""
        gs = self.reading.gs
        return self.reading.isa.value(13), gs.value(6) if gs is not None else "", self.set_number


def _status(
    status: Segment | None, codes: range, words: dict[str, str], what: str, errors: list[str], parties: str
) -> dict[str, Any]:
    letter = status.value(1) if status is not None else ""
    found = [code for number in codes if (code := status.value(number))] if status is not None else []
    verdict = _WORDS.get(letter, f"status {letter or 'missing'}")
    clauses = [f"{what}: {verdict}", *(meaning(words, code) for code in found)]
    return {
        "type": _TYPES.get(letter, "unknown"),
        "raw_type": letter or None,
        "code": " ".join(found) or (letter if letter != "A" else None) or None,
        "detail": in_words(*clauses, parties, errors=errors),
    }


def _errors(loop: list[Segment]) -> list[str]:
    """Where the errors are: AK3, AK4 (997); IK3, CTX, IK4 (999)."""
    errors = []
    for segment in loop:
        if segment.tag in {"AK3", "IK3"}:
            inside = f" in loop {segment.joined(3)}" if segment.joined(3) else ""
            code = meaning(SEGMENT_ERRORS, segment.joined(4))
            errors.append(f"{segment.joined(1)} at segment {segment.joined(2)}{inside}: {code}")
        elif segment.tag in {"AK4", "IK4"}:
            reference = f" ({segment.joined(2)})" if segment.joined(2) else ""
            copy = f", it was {segment.joined(4)!r}" if segment.joined(4) else ""
            errors.append(f"element {segment.joined(1)}{reference}: {meaning(ELEMENT_ERRORS, segment.joined(3))}{copy}")
        elif segment.tag == "CTX":
            errors.append(f"context {' '.join(filter(None, map(segment.joined, range(1, 7))))}")
    return errors
