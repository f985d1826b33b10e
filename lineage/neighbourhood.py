"""The picture of a partner's neighbourhood: who sends to it on the left, its own systems in the middle, who gets from it on the right.

Plain SVG as in ``lineage.picture``, for dozens of neighbours: low boxes, one line for all routes between two systems, names of routes
only where there is room (they are in the tooltips always). Colours may be set by the page around it (``--paper``, ``--ink``, ``--ok``...).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape

from lineage.picture import COLORS, ZONE_COLORS, Edge, shortened

_WIDTH, _HEIGHT, _ROW, _GAP, _MARGIN = 200, 42, 60, 190, 16
_STEP = _WIDTH + _GAP
_NAMED = 14
"""Up to so many lines the names of their routes are written at them."""
_WORST = {"bad": 0, "never": 1, "ok": 2}


@dataclass(frozen=True)
class Box:
    """A system to draw: its name, whose it is, and the zone that colours its frame."""

    name: str
    partner: str
    zone: str | None


@dataclass(frozen=True)
class _Line:
    """All routes from one system to another. ``kind``: the worst of them."""

    sender: str
    receiver: str
    kind: str
    routes: tuple[str, ...]


Place = tuple[float, float]


def neighbourhood(title: str, own: Iterable[str], edges: Sequence[Edge], boxes: Mapping[str, Box]) -> str:
    """The picture as one SVG element. ``own``: the systems in the middle; an edge's words are its route. Empty without edges."""
    if not edges:
        return ""
    lines = _lines(edges)
    columns = _columns(set(own), lines)
    places = _places(columns, lines)
    width = 2 * _MARGIN + (len(columns) - 1) * _STEP + _WIDTH
    height = 2 * _MARGIN + max(map(len, columns)) * _ROW - (_ROW - _HEIGHT)
    drawn = [_line(line, places, len(lines) <= _NAMED, above) for line, above in _stacked(lines, places)]
    drawn += [_box(id_, boxes[id_], places[id_]) for id_ in places]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" style="width:100%;max-width:{width}px;height:auto" '
        f'font-family="system-ui, sans-serif" font-size="13" role="img" aria-label="{escape(title)}">'
        f"<defs>{''.join(map(_head, COLORS))}</defs>{''.join(drawn)}</svg>"
    )


def _lines(edges: Iterable[Edge]) -> list[_Line]:
    between: dict[tuple[str, str], list[Edge]] = defaultdict(list)
    for edge in edges:
        between[edge.sender, edge.receiver].append(edge)
    return [
        _Line(sender, receiver, min((e.kind for e in some), key=_WORST.__getitem__), tuple(sorted(e.words for e in some)))
        for (sender, receiver), some in sorted(between.items())
    ]


def _columns(own: set[str], lines: Sequence[_Line]) -> list[list[str]]:
    """Systems from left to right: those that only send, the own ones in the order in which they pass things on, the others."""
    depth = dict.fromkeys(sorted({end for line in lines for end in (line.sender, line.receiver)} & own), 0)
    for _ in range(min(len(depth), 4)):  # in a circle there is no last one
        for line in lines:
            if line.sender in depth and line.receiver in depth and line.sender != line.receiver:
                depth[line.receiver] = max(depth[line.receiver], min(depth[line.sender] + 1, 3))
    receiving = {line.receiver for line in lines} - own
    sending = {line.sender for line in lines} - own - receiving
    middle = [sorted(one for one in depth if depth[one] == level) for level in sorted(set(depth.values()))]
    return [sorted(sending), *middle, sorted(receiving)] if sending else [*middle, sorted(receiving)] if receiving else middle


def _places(columns: Sequence[Sequence[str]], lines: Sequence[_Line]) -> dict[str, Place]:
    """The corner of each box. Columns are centred; a neighbour stands near what it is tied to, so that few lines cross."""
    most = max(map(len, columns))
    tied: dict[str, list[str]] = defaultdict(list)
    for line in lines:
        tied[line.sender].append(line.receiver)
        tied[line.receiver].append(line.sender)
    row = {id_: index + (most - len(column)) / 2 for column in columns for index, id_ in enumerate(column)}
    for _ in range(3):
        for column in columns:
            near = {id_: sum(row[one] for one in tied[id_]) / max(len(tied[id_]), 1) for id_ in column}
            for index, id_ in enumerate(sorted(column, key=lambda one: (near[one], one))):
                row[id_] = index + (most - len(column)) / 2
    return {
        id_: (_MARGIN + number * _STEP, _MARGIN + row[id_] * _ROW) for number, column in enumerate(columns) for id_ in column
    }


def _stacked(lines: Sequence[_Line], places: Mapping[str, Place]) -> list[tuple[_Line, int]]:
    """Each line with how many others end at the same box above it, so that names do not cover each other."""
    ends: Counter[str] = Counter()
    stacked = []
    for line in sorted(lines, key=lambda one: (places[one.sender][1], places[one.receiver][1])):
        outer = _outer(line, places)
        stacked.append((line, ends[outer]))
        ends[outer] += 1
    return stacked


def _outer(line: _Line, places: Mapping[str, Place]) -> str:
    """The end with fewer lines is the outermost one: the left one of the first column, else the receiver on the right."""
    left, right = sorted((line.sender, line.receiver), key=lambda one: places[one])
    return left if places[left][0] == _MARGIN and places[right][0] > places[left][0] else right


def _box(id_: str, box: Box, at: Place) -> str:
    x, y = at
    color, middle = ZONE_COLORS.get(box.zone or "", "#9a9a9a"), x + _WIDTH / 2
    under = box.partner or box.zone or "nobody declares whose"
    return (
        f"<g><title>{escape(box.name)} ({escape(id_)}), {escape(under)}, {escape(box.zone or 'zone not declared')}</title>"
        f'<rect x="{x:g}" y="{y:g}" width="{_WIDTH}" height="{_HEIGHT}" rx="7" '
        f'style="fill:var(--paper,#fff);stroke:{color}" stroke-width="2"/>'
        f'<text x="{middle:g}" y="{y + 18:g}" text-anchor="middle" style="fill:var(--ink,#222)">'
        f"{escape(shortened(box.name, _WIDTH - 12))}</text>"
        f'<text x="{middle:g}" y="{y + 33:g}" text-anchor="middle" style="fill:var(--soft,#666)" font-size="11">'
        f"{escape(shortened(under, _WIDTH - 12))}</text></g>"
    )


def _line(line: _Line, places: Mapping[str, Place], named: bool, above: int) -> str:
    (x1, y1), (x2, y2) = places[line.sender], places[line.receiver]
    color = f"var(--{line.kind},{COLORS[line.kind]})"
    middle = _HEIGHT / 2
    if x1 < x2:
        start, end, bend = (x1 + _WIDTH, y1 + middle), (x2, y2 + middle), _GAP / 2
    elif x1 > x2:  # back to the left, a little lower, so that both ways show
        start, end, bend = (x1, y1 + middle + 9), (x2 + _WIDTH, y2 + middle + 9), -_GAP / 2
    else:  # within one column: an arc on its right
        start, end, bend = (x1 + _WIDTH, y1 + middle - 5), (x2 + _WIDTH, y2 + middle + 5), _GAP / 2
    last = end[0] - bend if x1 != x2 else end[0] + bend
    path = f"M{start[0]:g} {start[1]:g} C{start[0] + bend:g} {start[1]:g} {last:g} {end[1]:g} {end[0]:g} {end[1]:g}"
    dash = ' stroke-dasharray="6 5"' if line.kind == "never" else ""
    words = line.routes[0] if len(line.routes) == 1 else f"{len(line.routes)} routes"
    label = ""
    if named:
        left = _outer(line, places) == line.sender and x1 < x2
        x, y = (start[0] + 8, start[1]) if left else (end[0] - 14 if x1 < x2 else end[0] + 14, end[1])
        anchor = "start" if left or x1 >= x2 else "end"
        # On the side of the line's end that the line does not come from.
        y += (15 + 13 * above) if (y2 < y1 if left else y1 < y2) else -(6 + 13 * above)
        label = (
            f'<text x="{x:g}" y="{y:g}" text-anchor="{anchor}" font-size="11" stroke-width="4" paint-order="stroke" '
            f'style="fill:{color};stroke:var(--paper,#fff)">{escape(shortened(words, _GAP - 24, 5.9))}</text>'
        )
    return (
        f"<g><title>{escape(', '.join(line.routes))}</title>"
        f'<path d="{path}" fill="none" style="stroke:{color}" stroke-width="2"{dash} marker-end="url(#end-{line.kind})"/>{label}</g>'
    )


def _head(kind: str) -> str:
    return (
        f'<marker id="end-{kind}" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" markerHeight="7" orient="auto">'
        f'<path d="M0 0 L10 5 L0 10 z" style="fill:var(--{kind},{COLORS[kind]})"/></marker>'
    )
