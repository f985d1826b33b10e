"""Objects of the Spotify Web API that several feeds read: shows, episodes, tracks (OpenAPI document "Spotify Web API", components).

Ids are ``<kind>:spotify:<kind>:<id>``; the API's URI, ``spotify:<kind>:<id>``, is the identifier.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from lineage.facts import Fact, HandoffEvent, Identifier, Item, Partner, System
from loaders._ads_kinds import objects, text, texts
from loaders.base import Finding, Reject, Said, make, shown

_ID = re.compile(r"[0-9A-Za-z]{1,100}")
# ISO 3901: country, registrant, year, designation; hyphens are only for the eye.
_ISRC = re.compile(r"[A-Z]{2}[A-Z0-9]{3}\d{7}")
_OF = re.compile(r"/(shows|playlists)/([0-9A-Za-z]+)/(?:episodes|items|tracks)(?:\?|$)")
_MAX_LISTED = 100
Details = dict[str, str | tuple[str, ...]]


@dataclass
class Reader:
    """What both feeds of the Web API share. ``system``: the id of the system that it speaks for; what many share is said once."""

    system: str
    name: str
    sender: str | None
    route: str
    said: set[tuple[str, str]] = field(default_factory=set)

    def once(self, fact: type[Fact], position: str, id_: str, **values: Any) -> Iterator[Said]:
        """The fact, unless this source has said one of that id."""
        if (fact.__name__, id_) not in self.said:
            self.said.add((fact.__name__, id_))
            yield make(fact, position, None, id=id_, **values)

    def spotify(self, position: str) -> Iterator[Said]:
        """Whose system this is."""
        yield from self.once(Partner, position, "spotify", name="Spotify", zone="spotify")
        yield from self.once(System, position, self.system, name=self.name, partner="spotify", kind="catalogue")

    def event(self, position: str, record: Any, id_: str, type_: str, **values: Any) -> Said:
        """Evidence of this system, on the route that was set.

        It has no time: the API does not say since when a thing is there, and the time of reading would make of each reading
        another event. Its id is that of the thing, so that reading again says nothing new.
        """
        source = f"urn:lineage:system:{self.system}"
        ends = {"route": self.route, "to": self.system, **({"from": self.sender} if self.sender else {})}
        return make(HandoffEvent, position, record, id=id_, source=source, type=type_, **ends, **values)

    def show(self, value: Mapping[str, Any], position: str) -> Iterator[Said]:
        """A show, full or simplified."""
        id_ = id_of(value)
        if id_ is None:
            yield without_id("show", value, position)
            return
        item = f"show:spotify:show:{id_}"
        details = texts_of(value, "publisher", "media_type", "total_episodes") | plain(
            value, "explicit", "is_externally_hosted"
        )
        if languages := texts(value.get("languages")):
            details["languages"] = tuple(languages[:_MAX_LISTED])
        if ("show", id_) not in self.said:
            self.said.add(("show", id_))
            yield make(Item, position, shown(value), id=item, name=text(value.get("name")), details=details)
            yield make(Identifier, position, None, item=item, identifier=f"spotify:show:{id_}")

    def episode(self, value: Mapping[str, Any], position: str, show: str | None, above: tuple[str, ...] = ()) -> Iterator[Said]:
        """An episode, with its show where it names one; ``show``: the id of the one it was listed under; ``above``: more parents."""
        id_, within = id_of(value), value.get("show")
        if id_ is None:
            yield without_id("episode", value, position)
            return
        if isinstance(within, dict):
            yield from self.show(within, at(position, "show"))
            show = id_of(within) or show
        if show is not None and ("show", show) not in self.said and ("listed", show) not in self.said:
            self.said.add(("listed", show))
            yield make(Identifier, position, None, item=f"show:spotify:show:{show}", identifier=f"spotify:show:{show}")
        details = texts_of(value, "release_date", "release_date_precision")
        details |= plain(value, "explicit", "is_externally_hosted", "is_playable")
        if why := restriction(value):
            details["restriction"] = why
        if languages := texts(value.get("languages")):
            details["languages"] = tuple(languages[:_MAX_LISTED])
        released = _released(value)
        if released is None and details.get("release_date") and details.get("release_date_precision") not in {"year", "month"}:
            detail = f"release_date is {details['release_date']!r:.60}, not YYYY-MM-DD; the episode was read without it"
            yield Finding(position=position, finding="odd-date", subject=f"spotify:episode:{id_}", detail=detail)
        item = f"episode:spotify:episode:{id_}"
        parents = ((f"show:spotify:show:{show}",) if show else ()) + above
        values = {"name": text(value.get("name")), "published_at": released, "duration_s": duration(value)}
        yield make(Item, position, shown(value), id=item, part_of=parents, details=details, **values)
        yield make(Identifier, position, None, item=item, identifier=f"spotify:episode:{id_}")

    def track(self, value: Mapping[str, Any], position: str, above: tuple[str, ...]) -> Iterator[Said]:
        """A track, a part of ``above``; with an ISRC it is a version of that recording."""
        id_ = id_of(value)
        if id_ is None:
            yield without_id("track", value, position)
            return
        item = f"track:spotify:track:{id_}"
        details = plain(value, "explicit")
        if artists := [name for artist in objects(value.get("artists")) if (name := text(artist.get("name")))]:
            details["artists"] = tuple(artists[:_MAX_LISTED])
        for key in ("album", "linked_from"):
            part = value.get(key)
            if isinstance(part, dict) and (named := text(part.get("name") or part.get("uri"))):
                details[key] = named
        external = value.get("external_ids")
        raw = text(external.get("isrc")) if isinstance(external, dict) else None
        isrc = (raw or "").replace("-", "").upper()
        recording = f"recording:isrc:{isrc}" if _ISRC.fullmatch(isrc) else None
        if raw and recording is None:
            details["isrc"] = raw
            detail = f"its isrc is {raw!r:.60}: two letters, three letters or digits, seven digits are one"
            yield Finding(position=position, finding="odd-isrc", subject=f"spotify:track:{id_}", detail=detail)
        values = {"name": text(value.get("name")), "duration_s": duration(value), "version_of": recording}
        yield make(Item, position, shown(value), id=item, part_of=above, details=details, **values)
        yield make(Identifier, position, None, item=item, identifier=f"spotify:track:{id_}")
        if recording is not None:
            yield make(Identifier, position, None, item=recording, identifier=f"isrc:{isrc}")


def id_of(value: Mapping[str, Any]) -> str | None:
    """The Spotify id of an object; None for one that has none, as a local file."""
    id_ = value.get("id")
    return id_ if isinstance(id_, str) and _ID.fullmatch(id_) else None


def without_id(kind: str, value: Mapping[str, Any], position: str) -> Reject:
    """The reject for an object that nothing names."""
    hint = "save the API's whole answer; an id has letters and digits only"
    return Reject(position=position, reason=f"the {kind} has no id", hint=hint, record=shown(value))


def listed_under(page: Mapping[str, Any], of: str) -> str | None:
    """The id of the show or playlist (``of``: shows, playlists) whose list a page is, by its ``href``."""
    href = page.get("href")
    match = _OF.search(href) if isinstance(href, str) else None
    return match[2] if match and match[1] == of else None


def error_of(value: Any) -> tuple[str, str] | None:
    """Status and message of an error body ({"error": {"status", "message"}}); None for anything else."""
    error = value.get("error") if isinstance(value, dict) else None
    if isinstance(error, dict):
        return text(error.get("status")) or "?", text(error.get("message")) or "no message"
    return ("?", text(error) or "no message") if isinstance(error, str) else None


def refused(value: Any, position: str) -> Reject | None:
    """The reject for a saved error body; None where it is none."""
    said = error_of(value)
    if said is None:
        return None
    reason = f"the API's answer is an error: {said[0]} {said[1]}"
    return Reject(position=position, reason=reason[:300], hint="ask again, and save the answer then", record=shown(value))


def at(position: str, part: str | int) -> str:
    """The position of a part of a value: a JSON pointer, one step longer."""
    return f"{position.rstrip('/')}/{part}"


def texts_of(value: Mapping[str, Any], *names: str) -> Details:
    """Those of the named values that are text or a number, as text."""
    return {name: said for name in names if (said := text(value.get(name)))}


def plain(value: Mapping[str, Any], *names: str) -> Details:
    """Those of the named values that are true or false, as text."""
    return {name: str(value[name]).lower() for name in names if isinstance(value.get(name), bool)}


def restriction(value: Mapping[str, Any]) -> str | None:
    """Why a thing is not to be played there, in the API's word."""
    given = value.get("restrictions")
    return text(given.get("reason")) if isinstance(given, dict) else None


def duration(value: Mapping[str, Any]) -> float | None:
    """``duration_ms`` in seconds; None where it is nothing or 0."""
    ms = value.get("duration_ms")
    return ms / 1000 if isinstance(ms, int) and not isinstance(ms, bool) and 0 < ms < 10**12 else None


def _released(value: Mapping[str, Any]) -> datetime | None:
    """The release date where it is known to the day: a month or a year is not a time that anything can be compared with."""
    if value.get("release_date_precision", "day") != "day":
        return None
    try:
        return datetime.strptime(str(value.get("release_date")), "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError:
        return None
