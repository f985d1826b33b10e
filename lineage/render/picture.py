"""The picture of an item's way: systems left to right, what arrived in green, what did not in red, what was never seen dashed.

Plain SVG without scripts or outside resources, so that it shows in a notebook, in a mail and offline.
"""

from __future__ import annotations

from html import escape

from lineage.answers.results import Hop, NotReached, Trace
from lineage.times import rfc3339

_BOX_WIDTH, _BOX_HEIGHT, _COLUMN, _ROW, _MARGIN = 170, 46, 300, 110, 24
_ZONE_COLORS = {"spotify": "#1db954", "middleware": "#f2b84b", "partner": "#5aa9e6"}
_LETTER = 6.6


def trace_svg(answer: Trace) -> str:
    """The way as one SVG element."""
    edges = _edges(answer)
    places = _places(edges)
    if not places:
        return f"<p>No handoff of {escape(answer.item.name)} was seen, and no declared route says where it should go.</p>"
    columns = max(column for column, _ in places.values()) + 1
    rows = max(row for _, row in places.values()) + 1
    width = 2 * _MARGIN + (columns - 1) * _COLUMN + _BOX_WIDTH
    height = 2 * _MARGIN + (rows - 1) * _ROW + _BOX_HEIGHT + 20
    zones = {end: zone for hop in answer.hops for end, zone in ((hop.from_, hop.from_zone), (hop.to, hop.to_zone))}
    drawn = [_edge(edge, places) for edge in edges] + [_box(system, zones.get(system), at) for system, at in places.items()]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" style="width:100%;max-width:{width}px;height:auto;background:#fff" '
        f'font-family="system-ui, sans-serif" font-size="13" role="img" aria-label="way of {escape(answer.item.name)}">'
        "<defs>"
        + "".join(
            f'<marker id="head-{name}" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" markerHeight="7" orient="auto">'
            f'<path d="M0 0 L10 5 L0 10 z" fill="{color}"/></marker>'
            for name, color in _COLORS.items()
        )
        + "</defs>"
        + "".join(drawn)
        + "</svg>"
    )


def trace_page(answer: Trace) -> str:
    """A page of its own with the picture and its legend."""
    title = escape(answer.item.name)
    missing = "".join(f"<li>{escape(m.from_)} → {escape(m.to)}{_due(m)}</li>" for m in answer.not_reached)
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>body {{ font: 15px/1.5 system-ui, sans-serif; margin: 2rem; color: #222; background: #fff }}
figure {{ overflow-x: auto; margin: 1.5rem 0 }} .key span {{ margin-right: 1.5rem }} code {{ color: #555 }}</style></head>
<body><h1>{title}</h1><p><code>{escape(answer.item.id)}</code> as of {rfc3339(answer.as_of.replace(microsecond=0))}</p>
<figure>{trace_svg(answer)}</figure>
<p class="key"><span style="color:{_COLORS["ok"]}">━ arrived</span><span style="color:{_COLORS["bad"]}">━ seen, not arrived</span>
<span style="color:{_COLORS["never"]}">┅ expected, never seen</span></p>
{f"<h2>Not reached</h2><ul>{missing}</ul>" if missing else "<p>Everything that was expected has arrived.</p>"}
</body></html>
"""


_COLORS = {"ok": "#1a8f45", "bad": "#c62f2f", "never": "#8a8a8a"}
_Edge = tuple[str, str, str, str]
"""(from, to, kind, words)"""


def _edges(answer: Trace) -> list[_Edge]:
    edges = [(hop.from_ or "?", hop.to or "?", "ok" if hop.secured else "bad", _words(hop)) for hop in answer.hops]
    seen = {hop.route for hop in answer.hops}
    edges += [(m.from_, m.to, "never", "never seen") for m in answer.not_reached if m.route not in seen]
    return edges


def _words(hop: Hop) -> str:
    """The furthest proof there is; what an agreement owes is no state of the item."""
    acknowledgement = None if hop.acknowledgement in {"none_expected", "waiting", "overdue"} else hop.acknowledgement
    return (hop.processing or acknowledgement or hop.transport or "seen").replace("_", " ")


def _due(missing: NotReached) -> str:
    return f", due {rfc3339(missing.expected_by)}" if missing.expected_by else ""


def _places(edges: list[_Edge]) -> dict[str, tuple[int, int]]:
    """Column and row of each system: one column further than what it gets from; in a circle, as first met."""
    column: dict[str, int] = {}
    for sender, _, _, _ in edges:
        if sender not in {receiver for _, receiver, _, _ in edges}:
            column[sender] = 0
    for sender, _, _, _ in edges[:1]:
        column.setdefault(sender, 0)
    for _ in edges:
        for sender, receiver, _, _ in edges:
            if sender in column and receiver not in column:
                column[receiver] = column[sender] + 1
    for sender, receiver, _, _ in edges:
        column.setdefault(sender, 0)
        column.setdefault(receiver, column[sender] + 1)
    rows: dict[int, int] = {}
    places = {}
    for system, at in column.items():
        places[system] = (at, rows.get(at, 0))
        rows[at] = rows.get(at, 0) + 1
    return places


def _corner(at: tuple[int, int]) -> tuple[int, int]:
    return _MARGIN + at[0] * _COLUMN, _MARGIN + at[1] * _ROW


def _box(system: str, zone: str | None, at: tuple[int, int]) -> str:
    x, y = _corner(at)
    letters = int((_BOX_WIDTH - 16) / _LETTER)
    shown = system if len(system) <= letters else system[: letters - 1] + "…"
    color = _ZONE_COLORS.get(zone or "", "#bbbbbb")
    return (
        f"<g><title>{escape(system)} ({escape(zone or 'zone not declared')})</title>"
        f'<rect x="{x}" y="{y}" width="{_BOX_WIDTH}" height="{_BOX_HEIGHT}" rx="8" fill="#fff" stroke="{color}" stroke-width="2.5"/>'
        f'<text x="{x + _BOX_WIDTH / 2}" y="{y + 20}" text-anchor="middle" fill="#222">{escape(shown)}</text>'
        f'<text x="{x + _BOX_WIDTH / 2}" y="{y + 37}" text-anchor="middle" fill="#666" font-size="11">{escape(zone or "")}</text></g>'
    )


def _edge(edge: _Edge, places: dict[str, tuple[int, int]]) -> str:
    sender, receiver, kind, words = edge
    label: tuple[float, float]
    a: tuple[float, float]
    b: tuple[float, float]
    (x1, y1), (x2, y2) = _corner(places[sender]), _corner(places[receiver])
    color = _COLORS[kind]
    dash = ' stroke-dasharray="6 5"' if kind == "never" else ""
    if places[receiver][0] > places[sender][0]:
        a, b = (x1 + _BOX_WIDTH, y1 + _BOX_HEIGHT / 2), (x2, y2 + _BOX_HEIGHT / 2)
        middle = (a[0] + b[0]) / 2
        path = f"M{a[0]} {a[1]} C{middle} {a[1]} {middle} {b[1]} {b[0]} {b[1]}"
        label = (b[0] - 14, b[1] - 8)
        anchor = "end"
    else:
        # Back to the left (or to itself): below the boxes, so that it does not run through them.
        a, b = (x1 + _BOX_WIDTH / 2, y1 + _BOX_HEIGHT), (x2 + _BOX_WIDTH / 2 + 12, y2 + _BOX_HEIGHT)
        low = max(a[1], b[1]) + 34
        path = f"M{a[0]} {a[1]} C{a[0]} {low} {b[0]} {low} {b[0]} {b[1]}"
        label = ((a[0] + b[0]) / 2, low - 6)
        anchor = "middle"
    return (
        f'<path d="{path}" fill="none" stroke="{color}" stroke-width="2"{dash} marker-end="url(#head-{kind})"/>'
        f'<text x="{label[0]}" y="{label[1]}" text-anchor="{anchor}" fill="{color}" '
        f'stroke="#fff" stroke-width="4" paint-order="stroke" font-size="12">{escape(words)}</text>'
    )
