"""People of a contract or data product of Bitol (ODCS, ODPS): its team, support channels and approvers as facts.

``team`` is a list of members in ODCS 3.0 and an object with a name and members in 3.1; both are read, whatever version is said.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

from lineage.facts import Contact, Team
from loaders._documents import Place
from loaders.base import Finding, Said, make

_NOBODY = {"na", "n/a", "none", "-"}


def team_id(root: Place, id_: str, owner: str | None) -> str | None:
    """The team that answers: the registry's, else by its name, else by the contract; None where the document names nobody."""
    if owner is not None:
        return owner
    if name := (root / "team").text("name"):
        return name
    return f"{id_}/team" if any((root / part).value for part in ("team", "support", "roles")) else None


def people(root: Place, team: str, owner: str | None) -> Iterator[Said]:
    """The team itself, unless it is the registry's own, and whom to turn to in it."""
    if owner is None:
        yield make(Team, (root / "team").position, {"team": team}, id=team, name=(root / "team").text("name"))
    contacts: dict[str, Contact] = {}
    for one in (*_members(team, root), *_support(team, root), *_approvers(team, root / "roles")):
        if isinstance(one, Contact):
            contacts[one.key] = one  # who comes back is listed twice; the last time counts
        else:
            yield one
    yield from contacts.values()


def _members(team: str, root: Place) -> Iterator[Said]:
    members = root / "team" if isinstance((root / "team").value, list) else root / "team" / "members"
    for place in members.elements():
        user = place.text("username")
        name = place.text("name") or user
        if name:
            yield from _contact(team, place, name, user if user and "@" in user else None, place.text("role"))


def _contact(team: str, place: Place, name: str, email: str | None, role: str | None) -> Iterator[Said]:
    start, end = _day(place.text("dateIn")), _day(place.text("dateOut"))
    if end is not None:
        end += timedelta(days=1)
        if start is not None and end <= start:
            yield Finding(
                position=place.position, finding="dates", subject=name, detail="dateOut is before dateIn; neither was kept"
            )
            start = end = None
    yield make(
        Contact,
        place.position,
        place.value,
        of_label="Team",
        of=team,
        name=name,
        email=email,
        role=role,
        valid_from=start,
        valid_to=end,
    )


def _support(team: str, root: Place) -> Iterator[Said]:
    for place in (root / "support").elements():
        url = place.text("url") or ""
        channel = place.text("channel") or url
        if channel:
            email = url.removeprefix("mailto:") if url.startswith("mailto:") else None
            about = ", ".join(filter(None, (place.text("tool"), place.text("scope"), None if email else url)))
            role = f"support ({about})" if about else "support"
            yield make(Contact, place.position, place.value, of_label="Team", of=team, name=channel, email=email, role=role)


def _approvers(team: str, roles: Place) -> Iterator[Said]:
    found: dict[str, list[str]] = {}
    for place in roles.elements():
        for key in ("firstLevelApprovers", "secondLevelApprovers"):
            name, role = place.text(key), place.text("role")
            if name and role and name.lower() not in _NOBODY and role not in found.setdefault(name, []):
                found[name].append(role)
    for name, some in found.items():
        what = f"approves access as {', '.join(some)}"
        yield make(Contact, roles.position, {"approver": name}, of_label="Team", of=team, name=name, role=what)


def _day(text: str | None) -> datetime | None:
    try:
        day = date.fromisoformat((text or "")[:10])
    except ValueError:
        return None
    # The last day of the calendar is how many systems write "no end".
    return None if day == date.max else datetime.combine(day, datetime.min.time(), UTC)
