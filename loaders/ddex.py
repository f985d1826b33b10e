"""DDEX: what a rights holder delivers to a service and on which terms, what the service answers, and what it reports back.

* ERN 3.4 to 4.3 (NewReleaseMessage, PurgeReleaseMessage) and MEAD 1.x, read by the names of elements in any namespace of theirs:
  ``loaders._ddex_ern``. Releases and recordings are items, deals are grants, the message is evidence that they were sent.
* Acknowledgements of the ERN choreographies: ``loaders._ddex_replies``.
* Sales and usage reports as flat files (DSR), .gz too: ``loaders._ddex_dsr``.

A message is the word of one party to the other, so that what it says counts as a contract: before what was only observed,
behind the registry. A party is a Partner, its id the DDEX Party Identifier (DPID); it sends and receives with the System
``ddex:<DPID>``. Settings say what your registry calls these.

A message that is damaged is refused as a whole: deals that were cut off would read as deals that are no more.
"""

from __future__ import annotations

from collections.abc import Iterator

from loaders._ddex_catalogue import Catalogue
from loaders._ddex_dsr import Reports, read_dsr
from loaders._ddex_ern import read_mead, read_new, read_purge
from loaders._ddex_message import DdexSettings, is_reply, is_test, read_header
from loaders._ddex_replies import read_reply
from loaders._elements import Element, named
from loaders.base import Document, Finding, Reject, Said, Source, UnusableError, feed, parse_xml

_READERS = {"newreleasemessage": read_new, "purgereleasemessage": read_purge, "meadmessage": read_mead}


@feed(
    name="ddex",
    title="DDEX messages",
    formats="DDEX ERN 3.4 to 4.3, MEAD 1.x, acknowledgements (XML); DSR flat files, .gz too",
    contributes="releases, recordings and their licences with territories, uses and periods; deliveries, replies, usage reports",
    patterns=("*.xml", "*.tsv"),
    authority="contract",
    example="lineage load ddex deliveries/ --set system.PADPIDA2013020802I=label-delivery",
    settings=DdexSettings,
)
def read(source: Source, settings: DdexSettings) -> Iterator[Said]:
    """Every document of the source; then what all of them together say of parties, releases, licences and reports."""
    catalogue = Catalogue(settings)
    reports = Reports(catalogue)
    yield from source.each(lambda document: _read_document(document, catalogue, reports))
    yield from reports.said()
    yield from catalogue.said()


def _read_document(document: Document, catalogue: Catalogue, reports: Reports) -> Iterator[Said]:
    if not _is_xml(document):
        yield from read_dsr(document, reports)
        return
    faults: list[Reject] = []
    root = parse_xml(document, faults)
    if isinstance(root, Reject):
        yield root
    elif faults:
        hint = (
            "fetch it again; nothing of a damaged message was loaded, as deals that are missing would read as deals that ended"
        )
        yield from (fault.model_copy(update={"hint": hint}) for fault in faults)
    elif named(root) == "manifestmessage":
        detail = "the manifest of a batch: its messages tell all that it does"
        yield Finding(position=document.at("line 1"), finding="left-out", subject=document.name, detail=detail)
    else:
        yield from _read_message(document, root, catalogue)


def _is_xml(document: Document) -> bool:
    with document.open() as stream:
        return stream.read(4096).lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<")


def _read_message(document: Document, root: Element, catalogue: Catalogue) -> Iterator[Said]:
    if is_test(root):
        detail = "MessageControlType says TestMessage: nothing of it counts"
        yield Finding(position=document.at("line 1"), finding="test-message", subject=document.name, detail=detail)
        return
    try:
        message = read_header(document, root)
    except UnusableError as error:
        yield Reject(position=document.at(f"line {root.sourceline}"), reason=str(error), hint=error.hint)
        return
    yield from (read_reply if is_reply(root) else _READERS[message.kind])(message, catalogue)
