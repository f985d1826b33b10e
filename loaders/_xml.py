"""Opening XML that comes from strangers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, cast

from lxml import etree

from lineage.facts import Reject
from loaders.formats import binary, one_line, whole
from loaders.sources import Document

_NOT_THE_FEED = "check that this is the feed itself and not an error page or another format"


def parse_xml(document: Document, faults: list[Reject] | None = None) -> etree._Element | Reject:
    """The root element, or the reject: not XML, or XML that declares entities (expansion and external-entity attacks).

    Forgives what real feeds get wrong (unescaped ampersands, undeclared prefixes); never expands an entity and never
    touches the network or another file. What forgiving would hide, a document that breaks off or bytes that are not in
    its encoding, is added to ``faults``; what could be read is returned all the same.
    """
    if (unreadable := binary(document)) is not None:
        return unreadable
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, dtd_validation=False, huge_tree=False, recover=True
    )
    data = whole(document)
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        line = (error.lineno if isinstance(error, etree.XMLSyntaxError) else None) or 1
        return Reject(position=document.at(f"line {line}"), reason=f"not XML: {one_line(error)}", hint=_NOT_THE_FEED)
    if root is None:
        return Reject(position=document.at("line 1"), reason="not XML: no root element", hint=_NOT_THE_FEED)
    dtd = root.getroottree().docinfo.internalDTD
    if dtd is not None and any(True for _ in cast(Any, dtd).iterentities()):
        return Reject(
            position=document.at("line 1"),
            reason="the XML declares entities; such documents can exhaust memory or read other files and are refused",
            hint="ask the sender for the feed without a DOCTYPE that declares entities",
        )
    if faults is not None:
        faults += _hidden_faults(document, data, root, parser)
    return root


def _hidden_faults(document: Document, data: bytes, root: etree._Element, parser: etree.XMLParser) -> Iterator[Reject]:
    errors = {error.type: error for error in parser.error_log if error.level == etree.ErrorLevels.FATAL}
    last, name = data.count(b"\n") + 1, str(root.tag).rpartition("}")[2]
    if (bad := errors.get(etree.ErrorTypes.ERR_INVALID_ENCODING)) is not None:
        yield Reject(
            position=document.at(f"line {bad.line}"),
            reason="bytes that are not in the document's encoding; they were read as \ufffd",
            hint="save the feed as UTF-8, or declare its encoding in the XML declaration",
        )
    if (limit := errors.get(etree.ErrorTypes.ERR_RESOURCE_LIMIT)) is not None:
        yield Reject(
            position=document.at(f"line {limit.line}"),
            reason=f"reading stopped: {limit.message}",
            hint="ask the sender for a feed without such nesting or text; what stood before it was loaded",
        )
    elif errors and not re.search(rf"</([\w.-]+:)?{re.escape(name)}\s*>".encode(), data[-4096:]):
        yield Reject(
            position=document.at(f"line {last}"),
            reason=f"the document breaks off: the end of <{name}> is missing",
            hint="fetch it again; what stood before the break was loaded",
        )
