"""Short ways to write down evidence, agreements and facts in tests."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from lineage.answers.expected import Agreement
from lineage.custody import Evidence
from lineage.facts import HandoffEvent

DAY = datetime(2026, 3, 1, tzinfo=UTC)


def at(minutes: float) -> datetime:
    """Minutes after midnight."""
    return DAY + timedelta(minutes=minutes)


def seen(type_: str, minutes: float | None, by: str, route: str = "a-to-b", ends: str = "a b", **rest: Any) -> Evidence:
    """Evidence of a system about a route between two ends; its id says what it is unless one is given."""
    sender, receiver = ends.split()
    return Evidence(
        source=f"urn:lineage:system:{by}",
        id=rest.pop("id", f"{type_}-{minutes}-{by}-{route}-{rest.get('message_id')}-{rest.get('in_reply_to')}"),
        type=type_,
        route=route,
        time=None if minutes is None else at(minutes),
        from_system=sender,
        to_system=receiver,
        **rest,
    )


def event(
    id_: str, type_: str, minutes: float | None = 0, by: str = "a", item: str | None = "episode:1", **rest: Any
) -> HandoffEvent:
    """A HandoffEvent fact; ``from_`` and ``route`` as in the event itself."""
    time = None if minutes is None else at(minutes)
    if "from_" in rest:
        rest["from"] = rest.pop("from_")
    return HandoffEvent(id=id_, source=f"urn:lineage:system:{by}", type=type_, time=time, item=item, **rest)  # type: ignore[arg-type]


def agreement(id_: str, sender: str, receiver: str, **rest: Any) -> Agreement:
    """A declared route for episodes; ``within`` is deliver_within in minutes."""
    within = rest.pop("within", None)
    values: dict[str, Any] = {
        "dataset": None,
        "interface": None,
        "item_kinds": frozenset({"episode"}),
        "after": None,
        "listed": False,
        "deliver_within": None if within is None else timedelta(minutes=within),
        "acknowledgement": None,
        "acknowledge_within": None,
        "valid_from": None,
        "valid_to": None,
    }
    return Agreement(id=id_, sender=sender, receiver=receiver, **{**values, **rest})
