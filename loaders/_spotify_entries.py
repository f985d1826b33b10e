"""Playlists of the Web API and the entries on them, as facts (see ``loaders.spotify_playlists``)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from lineage.facts import Identifier, Item
from loaders._ads_kinds import text
from loaders._spotify_objects import Details, Reader, at, id_of, listed_under, plain, refused, texts_of, without_id
from loaders.base import Finding, Reject, Said, make, shown

_MAX_LISTED = 100
_UNKNOWN = "save the API's whole answer to /playlists/{id}, /playlists/{id}/items or /me/playlists"


@dataclass
class Playlists:
    """Reads answers one after the other."""

    reader: Reader

    def read(self, value: Any, position: str) -> Iterator[Said]:
        """All that one answer says."""
        if isinstance(value, list):
            for number, one in enumerate(value):
                if one is not None:
                    yield from self.read(one, at(position, number))
        elif not isinstance(value, dict):
            yield _unknown(value, position)
        elif (error := refused(value, position)) is not None:
            yield error
        elif value.get("type") == "playlist":
            yield from self.whole(value, position)
        elif isinstance(value.get("items"), list):
            yield from self._page(value, position)
        elif isinstance(value.get("playlists"), dict):
            yield from self.read(value["playlists"], at(position, "playlists"))
        elif set(value) == {"snapshot_id"}:
            yield from self._receipt(value, position)
        else:
            yield _unknown(value, position)

    def whole(self, value: Mapping[str, Any], position: str) -> Iterator[Said]:
        """A playlist object, with as many entries as it holds."""
        id_, snapshot = id_of(value), text(value.get("snapshot_id"))
        if id_ is None:
            yield without_id("playlist", value, position)
            return
        yield from self.reader.spotify(position)
        item = f"playlist:spotify:{id_}@{snapshot}" if snapshot else _work(id_)
        listed, where, complete = _listed(value, position)
        entries = _Entries(self.reader, item)
        # What they say of the version comes first; a version is a page of entries, so that is no burden.
        said = [one for number, entry in enumerate(listed) for one in entries.read(entry, at(where, number))]
        details = _details(value) | entries.details()
        added = entries.last_added if complete else None
        yield make(Item, position, shown(value), id=item, name=text(value.get("name")), published_at=added, details=details)
        yield make(Identifier, position, None, item=item, identifier=f"spotify:playlist:{id_}")
        if snapshot:
            yield make(Identifier, position, None, item=item, identifier=f"spotify:snapshot:{snapshot}")
            yield self.reader.event(position, shown(value), item, "published", item=item)
        yield from said

    def _page(self, value: Mapping[str, Any], position: str) -> Iterator[Said]:
        """A page of playlists, or of the entries of one: of which version of it, such a page does not say."""
        where = at(position, "items")
        entries = [one for one in value["items"] if isinstance(one, dict) and ("item" in one or "track" in one)]
        if not entries:
            yield from self.read(value["items"], where)
            return
        id_ = listed_under(value, "playlists")
        if id_ is None:
            hint = "keep the answer's href, /playlists/{id}/items"
            yield Reject(
                position=position, reason="nothing says of which playlist this is a page", hint=hint, record=shown(value)
            )
            return
        yield make(Identifier, position, None, item=_work(id_), identifier=f"spotify:playlist:{id_}")
        reading = _Entries(self.reader, _work(id_))
        for number, entry in enumerate(value["items"]):
            yield from reading.read(entry, at(where, number))
        if missing := reading.details():
            counts = ", ".join(f"{name}: {len(said) if isinstance(said, tuple) else said}" for name, said in missing.items())
            detail = f"entries that the catalogue has no name for, and that are not kept: {counts}"
            yield Finding(position=position, finding="unnamed-entries", subject=f"spotify:playlist:{id_}", detail=detail)

    def _receipt(self, value: Mapping[str, Any], position: str) -> Iterator[Said]:
        snapshot = text(value["snapshot_id"])
        if snapshot is None:
            yield Reject(position=position, reason="the snapshot_id is empty", hint=_UNKNOWN, record=shown(value))
            return
        yield from self.reader.spotify(position)
        name = f"spotify:snapshot:{snapshot}"
        item, given = f"playlist:{name}", {"raw_type": "snapshot_id", "identifiers": (name,)}
        yield self.reader.event(position, shown(value), f"accepted:{name}", "accepted", item=item, **given)


class _Entries:
    """Reads the entries of one playlist, and counts what the catalogue does not have."""

    def __init__(self, reader: Reader, above: str) -> None:
        self._reader, self._above = reader, (above,)
        self._missing: Counter[str] = Counter()
        self._local: list[str] = []
        self.last_added: datetime | None = None

    def read(self, entry: Any, position: str) -> Iterator[Said]:
        """One entry: a track or an episode, a local file, or what is no longer there."""
        if not isinstance(entry, dict):
            yield Reject(position=position, reason="not an entry of a playlist", hint=_UNKNOWN, record=shown(entry))
            return
        added = _moment(entry.get("added_at"))
        self.last_added = max(filter(None, (self.last_added, added)), default=None)
        # The new name first: where both are there, the old one is only kept for old programs.
        what = entry["item"] if isinstance(entry.get("item"), dict) else entry.get("track")
        if not isinstance(what, dict):
            self._missing["unavailable"] += 1
        elif entry.get("is_local") is True or what.get("is_local") is True:
            self._local.append(text(what.get("name")) or text(what.get("uri")) or "?")
        elif what.get("type") == "track":
            yield from self._reader.track(what, position, self._above)
        elif what.get("type") == "episode":
            yield from self._reader.episode(what, position, None, self._above)
        else:
            reason = f"neither a track nor an episode: {text(what.get('type')) or 'it has no type'}"
            yield Reject(position=position, reason=reason[:200], hint="save the API's whole answer", record=shown(what))

    def details(self) -> Details:
        """What is on the playlist and has no name in the catalogue."""
        found: Details = {name: str(count) for name, count in self._missing.items()}
        if self._local:
            found["local_files"] = tuple(self._local[:_MAX_LISTED])
        return found


def _work(id_: str) -> str:
    return f"playlist:spotify:playlist:{id_}"


def _listed(value: Mapping[str, Any], position: str) -> tuple[list[Any], str, bool]:
    """The entries that a playlist object holds, where they stand, and whether these are all."""
    for shape in ("items", "tracks"):
        page = value.get(shape)
        if isinstance(page, dict):
            listed = page.get("items")
            found = listed if isinstance(listed, list) else []
            return found, at(position, f"{shape}/items"), bool(found) and len(found) == page.get("total")
    return [], position, False


def _details(value: Mapping[str, Any]) -> Details:
    details = texts_of(value, "description") | plain(value, "public", "collaborative")
    owner, followers = value.get("owner"), value.get("followers")
    if isinstance(owner, dict):
        details |= {f"owner{suffix}": said for suffix, key in _OWNER if (said := text(owner.get(key)))}
    if isinstance(followers, dict) and (count := text(followers.get("total"))):
        details["followers"] = count
    for shape in ("items", "tracks"):
        if isinstance(page := value.get(shape), dict) and (count := text(page.get("total"))):
            details["total"] = count
            break
    return details


_OWNER = (("", "id"), ("_name", "display_name"))


def _moment(value: Any) -> datetime | None:
    """``added_at``; None for an entry so old that it has none (PlaylistTrackObject), or that cannot be read."""
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment


def _unknown(value: Any, position: str) -> Reject:
    return Reject(position=position, reason="not a playlist of the Web API", hint=_UNKNOWN, record=shown(value))
