"""The score of the verdicts as tables."""

from __future__ import annotations

from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from lineage.evaluation import Score
from lineage.render.output import table

_MISTAKES_SHOWN = 20


def score_text(score: Score) -> RenderableType:
    """The figures, then by cause, then how far the stated confidence can be trusted."""
    rows: list[dict[str, Any]] = [
        {"what": "items", "figure": score.items},
        {"what": "handoffs that did not happen", "figure": score.missing},
        {"what": "of these, decidable", "figure": score.decidable},
        {"what": "accusations", "figure": score.accused},
        {"what": "accusations that name the right system", "figure": _percent(score.system_right)},
        {"what": "accusations that name the right zone", "figure": _percent(score.zone_right)},
        {"what": "decidable ones with an accusation", "figure": _percent(score.decided)},
        {"what": "wrong accusations, of all items", "figure": f"{score.wrong} ({_percent(score.wrong_of_items)})"},
        {"what": "accusations where nobody could know", "figure": score.undecidable_accused},
        {"what": "delivered items with an accusation", "figure": score.delivered_accused},
    ]
    causes = [row.model_dump() for row in score.causes]
    reliability = [{**row.model_dump(), "right": _percent(row.right)} for row in score.reliability]
    parts: list[RenderableType] = [table(rows, ["what", "figure"])]
    if causes:
        parts += [Text("By cause", style="bold"), table(causes, list(causes[0]))]
    if reliability:
        parts += [Text("Stated confidence", style="bold"), table(reliability, list(reliability[0]))]
    if score.mistakes:
        shown = list(score.mistakes[:_MISTAKES_SHOWN])
        parts += [Text("Wrong accusations", style="bold"), table(shown, list(shown[0]))]
    return Group(*parts)


def _percent(share: float) -> str:
    return f"{share:.2%}"
