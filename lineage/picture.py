"""The picture of a way through systems: left to right, what arrived in green, what did not in red, what was never seen dashed.

Plain SVG without scripts or outside resources, so that it shows in a notebook, in a mail and offline.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Literal

COLORS = {"ok": "#1a8f45", "bad": "#c62f2f", "never": "#8a8a8a"}
ZONE_COLORS = {"spotify": "#1db954", "middleware": "#f2b84b", "partner": "#5aa9e6"}
_BOX_WIDTH, _BOX_HEIGHT, _COLUMN, _ROW, _MARGIN = 170, 46, 300, 110, 24
_LETTER = 6.6
_Place = tuple[int, int]


@dataclass(frozen=True)
class Edge:
    """One handoff to draw: arrived (ok), seen and not arrived (bad), or expected and never seen (never)."""

    sender: str
    receiver: str
    kind: Literal["ok", "bad", "never"]
    words: str


def svg(title: str, edges: Sequence[Edge], zones: Mapping[str, str | None]) -> str:
    """The way as one SVG element. ``zones``: system to its zone, which colours its frame. Empty without edges."""
    places = _places(edges)
    if not places:
        return ""
    width = 2 * _MARGIN + max(column for column, _ in places.values()) * _COLUMN + _BOX_WIDTH
    height = 2 * _MARGIN + max(row for _, row in places.values()) * _ROW + _BOX_HEIGHT + 20
    heads = "".join(
        f'<marker id="head-{name}" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" markerHeight="7" orient="auto">'
        f'<path d="M0 0 L10 5 L0 10 z" fill="{color}"/></marker>'
        for name, color in COLORS.items()
    )
    drawn = [_edge(edge, places) for edge in edges] + [_box(system, zones.get(system), at) for system, at in places.items()]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'style="width:100%;max-width:{width}px;height:auto;background:#fff" '
        f'font-family="system-ui, sans-serif" font-size="13" role="img" aria-label="{escape(title)}">'
        f"<defs>{heads}</defs>{''.join(drawn)}</svg>"
    )


def shortened(text: str, width: float, letter: float = _LETTER) -> str:
    """As much of a text as fits; ``letter``: the usual width of one."""
    letters = int(width / letter)
    return text if len(text) <= letters else text[: letters - 1] + "…"


def _places(edges: Sequence[Edge]) -> dict[str, _Place]:
    """Column and row of each system: one column further than what it gets from; in a circle, as first met."""
    column: dict[str, int] = {}
    receivers = {edge.receiver for edge in edges}
    for edge in edges:
        if edge.sender not in receivers:
            column[edge.sender] = 0
    for edge in edges[:1]:
        column.setdefault(edge.sender, 0)
    for _ in edges:
        for edge in edges:
            if edge.sender in column and edge.receiver not in column:
                column[edge.receiver] = column[edge.sender] + 1
    for edge in edges:
        column.setdefault(edge.sender, 0)
        column.setdefault(edge.receiver, column[edge.sender] + 1)
    rows: dict[int, int] = {}
    places = {}
    for system, at in column.items():
        places[system] = (at, rows.get(at, 0))
        rows[at] = rows.get(at, 0) + 1
    return places


def _corner(at: _Place) -> _Place:
    return _MARGIN + at[0] * _COLUMN, _MARGIN + at[1] * _ROW


def _box(system: str, zone: str | None, at: _Place) -> str:
    x, y = _corner(at)
    shown = shortened(system, _BOX_WIDTH - 16)
    color, middle = ZONE_COLORS.get(zone or "", "#bbbbbb"), x + _BOX_WIDTH / 2
    return (
        f"<g><title>{escape(system)} ({escape(zone or 'zone not declared')})</title>"
        f'<rect x="{x}" y="{y}" width="{_BOX_WIDTH}" height="{_BOX_HEIGHT}" rx="8" fill="#fff" stroke="{color}" '
        f'stroke-width="2.5"/><text x="{middle}" y="{y + 20}" text-anchor="middle" fill="#222">{escape(shown)}</text>'
        f'<text x="{middle}" y="{y + 37}" text-anchor="middle" fill="#666" font-size="11">{escape(zone or "")}</text></g>'
    )


def _edge(edge: Edge, places: Mapping[str, _Place]) -> str:
    (x1, y1), (x2, y2) = _corner(places[edge.sender]), _corner(places[edge.receiver])
    color = COLORS[edge.kind]
    dash = ' stroke-dasharray="6 5"' if edge.kind == "never" else ""
    if places[edge.receiver][0] > places[edge.sender][0]:
        start, end = (x1 + _BOX_WIDTH, y1 + _BOX_HEIGHT / 2), (x2, y2 + _BOX_HEIGHT / 2)
        middle = (start[0] + end[0]) / 2
        path = f"M{start[0]} {start[1]} C{middle} {start[1]} {middle} {end[1]} {end[0]} {end[1]}"
        label, anchor = (end[0] - 14.0, end[1] - 8), "end"
    else:
        # Back to the left (or to itself): below the boxes, so that it does not run through them.
        start, end = (x1 + _BOX_WIDTH // 2, y1 + _BOX_HEIGHT), (x2 + _BOX_WIDTH // 2 + 12, y2 + _BOX_HEIGHT)
        low = max(start[1], end[1]) + 34
        path = f"M{start[0]} {start[1]} C{start[0]} {low} {end[0]} {low} {end[0]} {end[1]}"
        label, anchor = ((start[0] + end[0]) / 2, low - 6), "middle"
    return (
        f'<path d="{path}" fill="none" stroke="{color}" stroke-width="2"{dash} marker-end="url(#head-{edge.kind})"/>'
        f'<text x="{label[0]}" y="{label[1]}" text-anchor="{anchor}" fill="{color}" stroke="#fff" stroke-width="4" '
        f'paint-order="stroke" font-size="12">{escape(edge.words)}</text>'
    )
