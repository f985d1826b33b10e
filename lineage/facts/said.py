"""What a feed says beside facts: what it could not read, and what is odd in what it read."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict

from lineage.facts.base import Fact


class Reject(BaseModel):
    """A row that could not become a fact: where, why, and what to do. The good rows still load."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    position: str
    reason: str
    hint: str = ""
    record: Any = None


class Finding(BaseModel):
    """Something odd in what was read nevertheless: a control total that is wrong, a seller that nobody lists.

    ``finding``: its kind, one word or two joined by a hyphen; ``subject``: what it is about; ``detail``: a clause that
    says what was expected and what was there. It does not fail a load; a row that is lost is a ``Reject``.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    position: str
    finding: str
    subject: str
    detail: str


Said = Fact | Reject | Finding
