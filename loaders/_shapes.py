"""Values of JSON whose shape nobody guarantees: each is what it should be, or nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


def text(value: Any) -> str | None:
    """A text that is not empty. JSON can say half a surrogate pair; UTF-8 cannot, and shows it as an escape."""
    return (value.strip().encode("utf-8", "backslashreplace").decode() or None) if isinstance(value, str) else None


def mapping(value: Any) -> dict[str, Any]:
    """An object."""
    return value if isinstance(value, dict) else {}


def inside(value: Any, *path: str) -> Any:
    """What stands in an object in an object; None where one of them is not there."""
    for name in path:
        value = mapping(value).get(name)
    return value


def listed(value: Any) -> list[Any]:
    """A list."""
    return value if isinstance(value, list) else []


def objects(value: Any) -> list[dict[str, Any]]:
    """The objects in a list."""
    return [one for one in listed(value) if isinstance(one, dict)]


def entries(value: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """The objects in an object, with their keys."""
    return ((text(key) or "", one) for key, one in mapping(value).items() if isinstance(one, dict))
