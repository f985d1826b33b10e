"""The identifiers that music travels under, in one form each, and the word for everywhere.

The same recording is written ``US-RC1-76-07839`` here and ``ISRC USRC17607839`` there; only one form makes them one item.
"""

from __future__ import annotations

import re

WORLDWIDE = "Worldwide"
_SEPARATORS = re.compile(r"[\s-]+")
# ISO 3901: country or allocator, registrant, year and number; the hyphens between them are for people only.
_ISRC = re.compile(r"(?:ISRC:?)?([A-Z]{2}[A-Z0-9]{3}\d{7})")
# IFPI, GRid Standard v2.1: scheme A1, issuer, release, check character.
_GRID = re.compile(r"(?:GRID:?)?(A1[A-Z0-9]{5}[A-Z0-9]{10}[A-Z0-9])")
# GS1 General Specifications: GTIN-8, -12 (UPC), -13 (EAN), and -14 whose first digit is the indicator 0.
_ICPN = re.compile(r"0?\d{12,13}|\d{8}")


def isrc(written: str) -> str | None:
    """An ISRC without separators, in upper case; None if it has another form.

    >>> isrc("us-rc1-76-07839")
    'USRC17607839'
    """
    return _match(_ISRC, written)


def grid(written: str) -> str | None:
    """A GRid without separators, in upper case; None if it has another form.

    >>> grid("A1-2425G-ABC1234002-M")
    'A12425GABC1234002M'
    """
    return _match(_GRID, written)


def icpn(written: str) -> str | None:
    """A UPC or EAN as the thirteen digits that both have in common; None if it has another form.

    >>> icpn("602445790098"), icpn("0602445790098")
    ('0602445790098', '0602445790098')
    """
    digits = _SEPARATORS.sub("", written)
    return digits[-13:].zfill(13) if _ICPN.fullmatch(digits) else None


def _match(form: re.Pattern[str], written: str) -> str | None:
    found = form.fullmatch(_SEPARATORS.sub("", written).upper())
    return found[1] if found else None
