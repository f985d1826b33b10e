"""Notices as Markdown files, one for each partner and team. Values come from others' files: nothing in them is markup."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from urllib.parse import quote

from lineage.answers.notices import Answering, Notice
from lineage.answers.results import Affected
from lineage.contracts import Change
from lineage.errors import RefusedError, UsageError
from lineage.render.text import time_text

MARK = "<!-- notice of a change, written by lineage -->"
_MAX_NAME = 100
_MARKUP = re.compile(r"([\\`*_{}\[\]<>#|~])")


def write_notices(notices: Sequence[Notice], folder: Path) -> list[Path]:
    """Write one file for each notice and return their paths.

    Raises RefusedError where a file of that name is none of ours; nothing is written then. UsageError where it cannot be written.
    """
    texts = {folder / file_name(one): notice_text(one) for one in notices}
    for path in texts:
        if path.exists() and not _ours(path):
            raise RefusedError(
                f"{path} is there already and is no notice of ours.",
                hint="Name another directory with --notices, or move that file.",
            )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path, text in texts.items():
            path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{folder} cannot be written: {error}.", hint="Name another directory with --notices.") from error
    return list(texts)


def _ours(path: Path) -> bool:
    try:
        with path.open("rb") as stream:
            return stream.read(len(MARK)) == MARK.encode()
    except OSError:
        return False


def file_name(notice: Notice) -> str:
    """``partner-acme.md``; ids are written so that no two of them share a name and none leads elsewhere."""
    plain = quote(notice.id, safe="")
    if len(plain) > _MAX_NAME:
        plain = f"{plain[:_MAX_NAME]}-{hashlib.sha256(notice.id.encode()).hexdigest()[:12]}"
    return f"{notice.kind}-{plain}.md"


def notice_text(notice: Notice) -> str:
    """The notice as Markdown."""
    breaking = sum(one.breaking for one in notice.changes)
    parts = [
        MARK,
        f"# Change of {_plain(notice.of.name)}: notice for {_plain(notice.name)}",
        f"Takes effect: {f'{time_text(notice.effective)} UTC' if notice.effective else 'not fixed yet'}.  \n"
        f"{len(notice.changes)} changes reach you, {breaking} of them breaking.",
        "## What changes",
        _table(("breaking", "where", "change", "was", "now"), map(_change, notice.changes)),
        "## What of yours it reaches",
        _table(("what", "id", "name", "by", "known by"), (_affected(one) for one in notice.affected if one.label != "Route")),
    ]
    if notice.routes:
        parts += ["Routes:", "\n".join(f"- {_plain(route)}: {_plain(between)}" for route, between in notice.routes.items())]
    if notice.under_way:
        more = f", the last {len(notice.items)} of them" if notice.under_way > len(notice.items) else ""
        rows = ((one.id, one.name, ", ".join(one.identifiers), one.route, time_text(one.last_at)) for one in notice.items)
        parts += [
            "## Under way on these routes",
            f"{notice.under_way} handed on and not known to have arrived{more}:",
            _table(("item", "name", "also known as", "route", "last seen (UTC)"), rows),
        ]
    parts += ["## Whom to ask", "\n".join(map(_ask, notice.ask)) or "Nobody is named as the owner of what changes."]
    return "\n\n".join(part for part in parts if part) + "\n"


def _change(one: Change) -> tuple[str, ...]:
    where = f"{one.dataset}: {one.field}" if one.field else one.dataset or one.id
    return "**yes**" if one.breaking else "no", _plain(where), one.change, _plain(one.was or ""), _plain(one.now or "")


def _affected(one: Affected) -> tuple[str, ...]:
    known = "fields" if one.lineage == "field" else "data sets only"
    by = ", ".join(one.fields) or "the whole"
    own = f" ({', '.join(one.own_fields)})" if one.own_fields else ""
    return one.label, _plain(one.id), _plain(one.name + own), _plain(by), known


def _ask(one: Answering) -> str:
    who = ", ".join(filter(None, (one.owner, one.partner)))
    contacts = "; ".join(one.contacts)
    return f"- {_plain(one.of)}: {_plain(who or 'no owner')}" + (f": {_plain(contacts)}" if contacts else "")


def _table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join([f"| {' | '.join(columns)} |", "|" + "---|" * len(columns), *lines]) if lines else ""


def _plain(text: str) -> str:
    return _MARKUP.sub(r"\\\1", " ".join(text.split()))
