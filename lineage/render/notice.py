"""Notices as Markdown files, one for each partner and team. Values come from others' files: nothing in them is markup."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from urllib.parse import quote

from lineage.answers.notices import Answering, Notice, UnderWay
from lineage.answers.results import Affected
from lineage.contracts import Change
from lineage.errors import RefusedError, UsageError
from lineage.render.text import time_text
from lineage.render.words import counted

MARK = "<!-- notice of a change, written by lineage -->"
_MAX_NAME = 100
_MAX_LISTED = 10
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
        f"{counted(len(notice.changes), 'change reaches', 'changes reach')} you, {breaking} breaking.",
        "## What changes",
        _table(("breaking", "where", "change", "was", "now"), map(_change, notice.changes)),
        "## What of yours it reaches",
        _table(
            ("what", "id", "name", "its fields", "uses", "known by"),
            (_affected(one) for one in notice.affected if one.label != "Route"),
        ),
    ]
    if notice.routes:
        parts += ["Routes:", "\n".join(f"- {_code(route)}: {_plain(between)}" for route, between in notice.routes.items())]
    if notice.under_way:
        more = f", the last {len(notice.items)} of them" if notice.under_way > len(notice.items) else ""
        rows = map(_item, notice.items)
        parts += [
            "## Under way on these routes",
            f"{notice.under_way} handed on and not known to have arrived{more}:",
            _table(("item", "name", "also known as", "route", "last seen (UTC)"), rows),
        ]
    parts += ["## Whom to ask", "\n".join(map(_ask, notice.ask)) or "Nobody is named as the owner of what changes."]
    return "\n\n".join(part for part in parts if part) + "\n"


def _change(one: Change) -> tuple[str, ...]:
    where = f"{one.dataset}#{one.field}" if one.field else one.dataset or one.id
    return "**yes**" if one.breaking else "no", _code(where), one.change, _code(one.was), _code(one.now)


def _item(one: UnderWay) -> tuple[str, ...]:
    name = one.name if one.name != one.id else ""
    return _code(one.id), _plain(name), _codes(one.identifiers), _code(one.route), time_text(one.last_at)


def _affected(one: Affected) -> tuple[str, ...]:
    known = "fields" if one.lineage == "field" else "data sets only"
    name = one.name if one.name != one.id else ""
    uses = _codes(field for field in one.fields if field not in one.possible_fields)
    may = f"maybe {_codes(one.possible_fields)}" if one.possible_fields else ""
    return one.label, _code(one.id), _plain(name), _codes(one.own_fields), ", ".join(filter(None, (uses, may))), known


def _ask(one: Answering) -> str:
    who = ", ".join(filter(None, (one.owner, one.partner)))
    contacts = f": {'; '.join(one.contacts)}" if one.contacts else ""
    return f"- {_plain(who + contacts)}, for {_codes(one.of[:_MAX_LISTED])}{' ...' if len(one.of) > _MAX_LISTED else ''}"


def _table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join([f"| {' | '.join(columns)} |", "|" + "---|" * len(columns), *lines]) if lines else ""


def _plain(text: str) -> str:
    return _MARKUP.sub(r"\\\1", " ".join(text.split()))


def _code(text: str | None) -> str:
    # A bar ends a table's cell even inside a code span (GitHub Flavored Markdown, section 4.10).
    return f"`{' '.join(text.split()).replace('`', chr(39)).replace('|', chr(92) + '|')}`" if text else ""


def _codes(texts: Iterable[str]) -> str:
    return ", ".join(map(_code, texts))
