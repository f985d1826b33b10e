"""JSON logs whose keys everyone names differently: our names, the usual ones, and what a setting says."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from loaders.base import UnusableError


class Fields:
    """Values of a record by our names. ``usual``: {ours: their usual names, the best first}; ``renamed``: {ours: theirs}.

    Their name may be a path into the record (``request.method``). Raises UnusableError for a name that is none of ours.
    """

    def __init__(self, usual: Mapping[str, tuple[str, ...]], renamed: Mapping[str, str]) -> None:
        unknown = sorted(set(renamed) - set(usual))
        if unknown:
            raise UnusableError(
                f"there is no field called {', '.join(unknown)}", f"--set field.OURS=THEIRS, OURS being {', '.join(usual)}"
            )
        self._names = {ours: (renamed[ours],) if ours in renamed else names for ours, names in usual.items()}

    def of(self, record: Mapping[str, Any], ours: str) -> Any:
        """The first value that is there; None if there is none. Nginx and others write ``-`` for what is absent."""
        for name in self._names[ours]:
            value = record.get(name)
            if value is None and "." in name:
                value = within(record, name)
            if value is not None and value not in ("", "-"):
                return value
        return None


def within(record: Any, path: str) -> Any:
    """The value at a path such as ``data.object.id``; None where it leads nowhere."""
    for name in path.split("."):
        record = record.get(name) if isinstance(record, dict) else None
    return record


def canonical(record: Any) -> str:
    """A record's content as one text, whatever the order of its keys. Raises UnusableError for what JSON cannot hold."""
    try:
        return json.dumps(record, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    # ValueError: an integer of more digits than Python prints.
    except (ValueError, TypeError, RecursionError) as error:
        raise UnusableError("the record cannot be written as JSON again", "check its numbers and its depth") from error
