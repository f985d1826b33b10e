"""Safe names and texts: ids and names come from feeds, and must be harmless as file names, in HTML and in Markdown."""

from __future__ import annotations

import hashlib
import re
from typing import Any
from urllib.parse import quote, urlsplit

_PLAIN = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,58}[a-z0-9])?")
_OTHER = re.compile(r"[^a-z0-9]+")
# Names that Windows keeps for devices, whatever their extension.
_DEVICES = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)")
_SPECIAL = re.compile(r"([\\`*_{}\[\]|~$#!^])")
_BLANK = re.compile(r"[\s\x00-\x1f\x7f-\x9f\u2028\u2029]+")


def slug(id_: str) -> str:
    """A file name and anchor for an id: the id itself where it is harmless, else what is left of it and a hash of all of it."""
    if _PLAIN.fullmatch(id_) and not _DEVICES.fullmatch(id_):
        return id_
    left = _OTHER.sub("-", id_.lower())[:40].strip("-")
    return "-".join(filter(None, [left, hashlib.sha256(id_.encode("utf-8", "surrogatepass")).hexdigest()[:10]]))


class Ready(str):
    """Text that is Markdown already."""

    __slots__ = ()


def markdown(value: Any) -> str:
    """A value as text in Markdown: nothing in it is markup, and it stays on its line."""
    if isinstance(value, Ready):
        return value
    text = _BLANK.sub(" ", "" if value is None else str(value))
    return _SPECIAL.sub(r"\\\1", text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;"))


def web_address(text: str | None) -> str | None:
    """The text, if it is an address that a page may link to (http and https only)."""
    try:
        parts = urlsplit(text or "")
    except ValueError:
        return None
    return text if parts.scheme in {"http", "https"} and parts.netloc else None


def mail_address(text: str) -> str:
    """A mailto link."""
    return f"mailto:{quote(text, safe='@')}"
