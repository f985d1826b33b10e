"""Acknowledgements: what the recipient of a release says became of it.

| message | standard | what it answers | what it says |
|---|---|---|---|
| FtpAcknowledgementMessage | ERN Choreography 1.4 to 1.6 | AcknowledgedFile/ReleaseId, no message id | FileStatus |
| FtpAcknowledgementMessage | others (MWN, LoD ...) | AcknowledgedMessageId | FileStatus |
| AcknowledgementMessage | ERN Choreography 1.8 | Acknowledgement/MessageId, ReleaseId | Status, ReleaseStatus |
| ErnAcknowledgementStatusMessage | ERN Choreography 1.7 | the same | the same |
| WsAcknowledgementMessage | AMEP | AcknowledgedWsMessageId | ReceivedWsMessageStatus |
| SupplyChainStatusMessage | ERN Choreography 1.4, 1.5 | ReleaseId | Status |

Whoever acknowledges has received: the handoff goes from the acknowledgement's recipient to its sender. A status that no list has
is unknown, its word is kept.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from lineage.facts import HandoffEvent
from loaders._ddex_catalogue import Catalogue
from loaders._ddex_message import Message
from loaders._ddex_names import Named, identified
from loaders._elements import Element, child, children, named, text, within
from loaders._music import grid, icpn
from loaders.base import Reject, Said, make

# avs:ErncFileStatus: why a file is not taken.
_FAULTS = frozenset(
    {
        "ArtistRoleUnknown", "CommercialReleaseDateInvalid", "ConflictingAvailabilityPeriods", "DuplicatedPublisherNames",
        "ErnMissing", "IdentifierInvalid", "IdentifierSyntaxInvalid", "MetadataMissing", "NewReleaseMessageInvalid",
        "NoDealForTrackRelease", "NoDealInNewReleaseMessage", "OriginalReleaseDateLaterThanReleaseDate",
        "PrimaryArtistNameMissing", "ResourceCorrupt", "ResourceMissing", "ResourceNotMeetingSpecifications",
        "SignatureOrHashSumWrongOrMissing", "UnsupportedUsage",
    }
)  # fmt: skip
_TYPES = dict.fromkeys(_FAULTS, "rejected") | {
    "FileOK": "accepted",
    "InternalError": "failed",
    # avs:SupplyChainStatus
    "OrderPlacedForReleaseDistributor": "queued",
    "InPreparationForDeliveryToReleaseDistributor": "queued",
    "InDeliveryToReleaseDistributor": "sent",
    "DeliveredToReleaseDistributor": "received",
    "ReleaseReceivedByReleaseDistributor": "received",
    "SuccessfullyIngestedByReleaseDistributor": "accepted",
    "ReleaseMadeAvailableToConsumers": "published",
    "ProcessingErrorAtReleaseDistributor": "failed",
    # avs:WsMessageStatus
    "NoValidMessageReceived": "rejected",
    "ValidMessageReceived": "received",
    "ValidMessageQueuedForProcessing": "received",
    "BackendProcessingError": "failed",
}
_STATUSES = ("filestatus", "receivedwsmessagestatus", "status", "messagestatus")
_ANSWERED = ("acknowledgedmessageid", "acknowledgedwsmessageid", "originalmessageid", "messageid")
_TEXTS = ("errortext", "information", "statusmessage")


@dataclass(frozen=True)
class _Reply:
    """One status: of a message, of a release, or of both. ``element``: where it stands."""

    element: Element
    status: str
    answers: str | None
    release: Named | None
    said: str

    @property
    def type(self) -> str:
        """What it means."""
        return _TYPES.get(self.status, "unknown")


def read_reply(message: Message, catalogue: Catalogue) -> Iterator[Said]:
    """Every status of an acknowledgement as a reply."""
    for finding in message.findings:
        catalogue.note(finding)
    for one in (message.sender, *message.recipients):
        catalogue.party(one, message.order, message.at(message.root))
    number = 0
    for number, reply in enumerate(_replies(message), start=1):
        yield from _event(reply, number, message, catalogue)
    if not number:
        reason = f"the {message.word} has no status: it acknowledges nothing"
        yield Reject(position=message.at(message.root), reason=reason, hint="ask its sender for a complete acknowledgement")


def _replies(message: Message) -> Iterator[_Reply]:
    root = message.root
    for element in (one for one in children(root, "releasestatus") if len(one)):
        # What became of the release, and of the file: where both say the same, it is one reply.
        said: dict[tuple[str | None, str], _Reply] = {}
        for one in _of_release(element, message):
            said.setdefault((one.answers, one.type), one)
        yield from said.values()
    for acknowledgement in children(root, "acknowledgement"):
        yield from _message_statuses(acknowledgement, None, "")
    if (status := _first(root, _STATUSES)) is not None:
        yield _Reply(root, status, _first(root, _ANSWERED), _release(root, message) or _file(root, message), _said(root))


def _of_release(element: Element, message: Message) -> Iterator[_Reply]:
    release, acknowledgements = _release(element, message), children(element, "acknowledgement")
    answered = (_first(one, _ANSWERED) for one in acknowledgements)
    if (status := text(child(element, "releasestatus"))) is not None:
        yield _Reply(element, status, next(filter(None, answered), None), release, _said(element))
    for one in acknowledgements:
        yield from _message_statuses(one, release, _said(element))


def _message_statuses(element: Element, release: Named | None, said: str) -> Iterator[_Reply]:
    """The states of one acknowledged message; MessageStatus holds a Status, in the field also the word itself."""
    answers = _first(element, _ANSWERED)
    for one in children(element, "messagestatus"):
        status = text(child(one, "status")) or (text(one) if not len(one) else None)
        if status is not None:
            yield _Reply(one, status, answers, release, "; ".join(filter(None, (_said(one), said))))


def _first(element: Element, names: tuple[str, ...]) -> str | None:
    return next((value for name in names if (value := text(child(element, name))) is not None), None)


def _said(element: Element) -> str:
    """Explanations, and the resources that are affected."""
    words = [text(one) for name in _TEXTS for one in children(element, name)]
    affected = [
        text(one) for resource in children(element, "affectedresource") for one in within(resource) if named(one) == "isrc"
    ]
    about = f"about {', '.join(filter(None, affected))}" if affected else None
    return "; ".join(filter(None, [*words, about]))


def _release(element: Element, message: Message) -> Named | None:
    return identified("release", child(element, "releaseid"), message, message.recipients[0].id)


def _file(root: Element, message: Message) -> Named | None:
    """AcknowledgedFile/ReleaseId: the name of the release's folder, which is its GRid, or what the two agreed on."""
    written = text(child(child(root, "acknowledgedfile"), "releaseid"))
    if written is None:
        return None
    if value := grid(written):
        return Named(f"release:grid:{value}", (f"grid:{value}",))
    if value := icpn(written):
        return Named(f"release:upc:{value}", (f"upc:{value}",))
    return Named(f"release:ddex:{message.recipients[0].id}:{written}")


def _event(reply: _Reply, number: int, message: Message, catalogue: Catalogue) -> Iterator[Said]:
    position = message.at(reply.element)
    if reply.answers is None and reply.release is None:
        reason = f"the status {reply.status[:60]!r} names no message and no release that it is about"
        yield Reject(position=position, reason=reason, hint="ask its sender for a complete acknowledgement")
        return
    by = message.sender.system(catalogue.settings)
    back = message.recipients[0].system(catalogue.settings)
    values = {
        "id": f"{message.name}:{message.digest}:{number}",
        "source": f"urn:lineage:system:{by}",
        "type": reply.type,
        "raw_type": reply.status,
        "time": message.time,
        "offset": message.offset,
        "from": back,
        "to": by,
        "in_reply_to": reply.answers,
        "code": reply.status if reply.type in {"rejected", "failed"} else None,
        "detail": reply.said[:2000] or None,
    }
    if reply.release is not None:
        # What it answers are release notifications: no other message of DDEX is acknowledged by release.
        values |= {"item": reply.release.item, "dataset": "ddex:ern"}
        catalogue.named(reply.release, position)
    yield make(HandoffEvent, position, reply.status, **values)
