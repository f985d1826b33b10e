"""The errors of the product, sorted by what the operator should do.

LineageError                 one clear paragraph: what, where, why; ``hint`` says what to do
├── UsageError      exit 2   the call's words are off: call again, corrected
├── SourceError     exit 1   a source cannot be read at all: mend or name another source
├── ServerError     exit 3   no graph to talk to: start it, or mend the connection
├── NotFoundError   exit 4   no such item, query, feed...: ``nearest`` holds names that are close
└── RefusedError    exit 5   it would destroy or leak something: do it explicitly elsewhere

Exit codes are the command line's contract; they stand here so that Python callers and the CLI agree.
"""

from __future__ import annotations


class LineageError(Exception):
    """Base of all errors that this product raises on purpose.

    ``message`` is a full sentence or two; ``hint`` (may be empty) says what to do next.
    """

    exit_code = 1

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()


class UsageError(LineageError):
    """The call is wrong: unknown option value, bad parameter, bad time."""

    exit_code = 2


class SourceError(LineageError):
    """A source as a whole cannot be read (missing, unreadable, nothing of this format in it)."""

    exit_code = 1


class ServerError(LineageError):
    """No Neo4j answers, or it refuses us."""

    exit_code = 3


class NotFoundError(LineageError):
    """Nothing has that name. ``nearest`` lists close names, best first (may be empty)."""

    exit_code = 4

    def __init__(self, message: str, *, hint: str = "", nearest: tuple[str, ...] = ()) -> None:
        super().__init__(message, hint=hint)
        self.nearest = nearest


class RefusedError(LineageError):
    """Refused, because going on would destroy or leak something."""

    exit_code = 5
