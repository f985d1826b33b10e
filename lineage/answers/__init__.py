"""The three questions and search: typed answers from library queries. Pure reasoning stands apart from asking."""

from lineage.answers.asking import Asker
from lineage.answers.impact import impact
from lineage.answers.last_handoff import last_handoff, last_handoffs
from lineage.answers.search import search
from lineage.answers.trace import trace

__all__ = ["Asker", "impact", "last_handoff", "last_handoffs", "search", "trace"]
