"""The three questions and search: typed answers from library queries. Pure reasoning stands apart from asking."""

from lineage.answers.asking import Asker
from lineage.answers.change import change_impact
from lineage.answers.check import check
from lineage.answers.compliance import compliance
from lineage.answers.diagnose import diagnose
from lineage.answers.drift import drift
from lineage.answers.export import export
from lineage.answers.impact import impact
from lineage.answers.last_handoff import last_handoff, last_handoffs
from lineage.answers.late import late, parse_soon
from lineage.answers.notices import notices
from lineage.answers.partner import partner, partners
from lineage.answers.search import search
from lineage.answers.trace import trace

__all__ = [
    "Asker",
    "change_impact",
    "check",
    "compliance",
    "diagnose",
    "drift",
    "export",
    "impact",
    "last_handoff",
    "last_handoffs",
    "late",
    "notices",
    "parse_soon",
    "partner",
    "partners",
    "search",
    "trace",
]
