"""Releases and recordings as items: which of their identifiers names them, and what else they are called."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta

from pydantic import TypeAdapter, ValidationError

from lineage.facts import Finding
from loaders._ddex_message import Message
from loaders._elements import Element, attribute, child, children, named, text
from loaders._music import grid, icpn, isrc

# ReleaseId and ResourceId, ERN 3.4 to 4.3: the element, the scheme of its identifier, its normal form. The first that is there
# names the item: a purge and an acknowledgement give the GRid alone where there is one.
_FORMS: dict[str, tuple[str, Callable[[str], str | None]]] = {
    "grid": ("grid", grid),
    "icpn": ("upc", icpn),
    "isrc": ("isrc", isrc),
}
_OTHERS = ("proprietaryid", "catalognumber")
_IDS = ("soundrecordingid", "videoid", "resourceid")
_DURATION = TypeAdapter(timedelta)
_FORM_NAMES = {"grid": "a GRid", "upc": "a UPC or EAN", "isrc": "an ISRC"}


@dataclass(frozen=True)
class Named:
    """An item's id, and the identifiers that it has besides. ``findings``: identifiers that are none."""

    item: str
    identifiers: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()

    @property
    def key(self) -> str:
        """The id without its kind."""
        return self.item.partition(":")[2]


@dataclass
class Described:
    """A release or recording with what the message says of it."""

    names: list[Named]
    title: str | None = None
    duration_s: float | None = None
    details: dict[str, str | tuple[str, ...]] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)


def identified(kind: str, element: Element | None, message: Message, issuer: str) -> Named | None:
    """The item that a ReleaseId or ResourceId names; None if it holds no identifier.

    ``issuer``: the party in whose name space an identifier stands that says none, or that has not the form of its standard.
    """
    ids, identifiers, findings = [], [], []
    for name, (scheme, normal) in _FORMS.items():
        for one in children(element, name):
            if (written := text(one)) is None:
                continue
            value = normal(written)
            ids.append(f"{kind}:{scheme}:{value}" if value else f"{kind}:ddex:{issuer}:{written}")
            if value is None:
                detail = f"{written[:80]!r} has not the form of {_FORM_NAMES[scheme]}: it names nothing beyond this sender's messages"
                findings.append(Finding(position=message.at(one), finding=f"{scheme}-form", subject=ids[-1], detail=detail))
            elif scheme != "isrc" or kind == "recording":  # a track's release is not its recording, though it borrows the ISRC
                identifiers.append(f"{scheme}:{value}")
    for one in (own for name in _OTHERS for own in children(element, name)):
        if (written := text(one)) is None:
            continue
        space = (attribute(one, "Namespace") or issuer).removeprefix("DPID:")
        ids.append(f"{kind}:ddex:{space}:{written}")
        identifiers.append(f"proprietary:{space}:{written}")
    return Named(ids[0], tuple(dict.fromkeys(identifiers)), tuple(findings)) if ids else None


def described(kind: str, element: Element, message: Message) -> Described | None:
    """What a Release, TrackRelease, SoundRecording or Video says of itself; None if nothing identifies it.

    ERN 4.3 has an ISRC for each edition (stereo, immersive): these are several recordings.
    """
    found = [identified(kind, one, message, message.sender.id) for one in _id_elements(element)]
    names = list({one.item: one for one in found if one is not None}.values())
    if not names:
        return None
    known = Described(names, _title(element), findings=[finding for one in names for finding in one.findings])
    if (written := text(child(element, "duration"))) is not None:
        try:
            known.duration_s = _DURATION.validate_python(written).total_seconds()
        except ValidationError:
            detail = f"Duration {written[:60]!r} is no ISO 8601 duration such as PT3M45S"
            known.findings.append(
                Finding(position=message.at(element), finding="duration-form", subject=names[0].item, detail=detail)
            )
    said = {"type": _type(element), "artist": _artist(element)}
    known.details = {name: value for name, value in said.items() if value}
    return known


def _id_elements(element: Element) -> Iterator[Element]:
    yield from children(element, "releaseid")
    for name in _IDS:
        yield from children(element, name)
    for edition in (one for one in element if named(one).endswith("edition")):
        yield from children(edition, "resourceid")


def _title(element: Element) -> str | None:
    for name in ("displaytitletext", "displaytitle", "referencetitle"):
        title = child(element, name)
        words = text(child(title, "titletext")) or (text(title) if name == "displaytitletext" else None)
        if words:
            return words
    return None


def _type(element: Element) -> str | None:
    return text(child(element, "releasetype")) or {"soundrecording": "SoundRecording", "video": "Video"}.get(named(element))


def _artist(element: Element) -> str | None:
    territorial = next((one for one in element if named(one).endswith("detailsbyterritory")), None)
    return text(child(element, "displayartistname")) or text(child(territorial, "displayartistname"))
