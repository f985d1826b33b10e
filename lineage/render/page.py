"""An answer as a page of its own, without scripts or outside resources."""

from __future__ import annotations

from html import escape

from lineage.answers.results import NotReached, Trace
from lineage.picture import COLORS
from lineage.times import rfc3339

_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem; color: #222; background: #fff }
figure { overflow-x: auto; margin: 1.5rem 0 }
.key span { margin-right: 1.5rem }
code { color: #555 }
"""


def trace_page(answer: Trace, *, browser: str | None = None) -> str:
    """A page with the picture of a way and its legend; ``browser``: the address of the same path in Neo4j Browser."""
    title = escape(answer.item.name)
    picture = answer.picture() or "No handoff of it was seen, and no declared route says where it should go."
    missing = "".join(f"<li>{escape(m.from_)} → {escape(m.to)}{_due(m)}</li>" for m in answer.not_reached)
    graph = f'<p><a href="{escape(browser)}">Open this path in Neo4j Browser</a></p>' if browser else ""
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{title}</title><style>{_STYLE}</style></head>
<body><h1>{title}</h1><p><code>{escape(answer.item.id)}</code> as of {rfc3339(answer.as_of.replace(microsecond=0))}</p>
<figure>{picture}</figure>
<p class="key"><span style="color:{COLORS["ok"]}">━ arrived</span>
<span style="color:{COLORS["bad"]}">━ seen, not arrived</span>
<span style="color:{COLORS["never"]}">┅ expected, never seen</span></p>
{f"<h2>Not reached</h2><ul>{missing}</ul>" if missing else "<p>Nothing that was expected is missing.</p>"}
{graph}</body></html>
"""


def _due(missing: NotReached) -> str:
    return f", due {rfc3339(missing.expected_by)}" if missing.expected_by else ""
