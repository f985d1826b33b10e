"""The three questions and search: typed answers from library queries. Pure reasoning stands apart from asking."""

from lineage.answers.asking import Asker
from lineage.answers.compliance import compliance
from lineage.answers.diagnose import diagnose
from lineage.answers.drift import drift
from lineage.answers.impact import impact
from lineage.answers.last_handoff import last_handoff, last_handoffs
from lineage.answers.late import late, parse_soon
from lineage.answers.search import search
from lineage.answers.trace import trace

__all__ = [
    "Asker",
    "compliance",
    "diagnose",
    "drift",
    "impact",
    "last_handoff",
    "last_handoffs",
    "late",
    "parse_soon",
    "search",
    "trace",
]
