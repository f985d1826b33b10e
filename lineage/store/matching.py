"""MAY_BE between a feed's episodes and the catalogue's, computed anew for what changed.

Candidates are episodes of the same show, or of shows whose names have the same key, within some days. So a change costs what its
show has in these days, however many shows there are.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any

from lineage.graph import Transaction, plain
from lineage.identity import kind_of
from lineage.matching import ABOVE, KIND, WITHIN_DAYS, Episode, Match, compare, key, side_of

Pair = tuple[str, str]
_WINDOW = timedelta(days=WITHIN_DAYS + 1)
_EPISODE = """e.id AS id, e.name AS name, e.published_at AS published_at, e.duration_s AS duration_s,
    COLLECT { MATCH (x:Identifier)-[:IDENTIFIES]->(e) RETURN DISTINCT x.scheme } AS schemes,
    COLLECT { MATCH (e)-[:PART_OF]->(s:Show) RETURN [s.id, s.name_key] } AS shows,
    COLLECT { MATCH (e)-[:VERSION_OF]->(w:Item) RETURN w.id } AS versions_of"""


def matching_values(values: dict[str, Any]) -> dict[str, Any]:
    """What an item's node carries so that its matches are found: a show the key of its name."""
    if values["kind"] != ABOVE or values["name"] == values["id"]:
        return {}
    name_key = key(values["name"])
    return {"name_key": name_key} if name_key else {}


def rematch(tx: Transaction, changed: Iterable[str]) -> None:
    """Make the MAY_BE of these items, and of the episodes of those that are shows, what their values now say."""
    ids = set(changed)
    episodes = {id_ for id_ in ids if kind_of(id_) == KIND} | _episodes_of(tx, {id_ for id_ in ids if kind_of(id_) == ABOVE})
    if not episodes:
        return
    rows = tx.run(
        f"""UNWIND $ids AS id MATCH (e:Item {{id: id}})
        RETURN {_EPISODE},
          COLLECT {{ MATCH (e)-[m:MAY_BE]-(:Item) RETURN [startNode(m).id, endNode(m).id, m.score, m.because] }} AS before""",
        ids=sorted(episodes),
    )
    before = {(a, b): Match(score, tuple(because)) for row in rows for a, b, score, because in row["before"]}
    _write(tx, before, _matches([_episode(row) for row in rows], tx))


def _episodes_of(tx: Transaction, shows: set[str]) -> set[str]:
    if not shows:
        return set()
    rows = tx.run(
        "UNWIND $ids AS id MATCH (:Item {id: id})<-[:PART_OF]-(e:Episode) RETURN DISTINCT e.id AS id", ids=sorted(shows)
    )
    return {row["id"] for row in rows}


def _episode(row: dict[str, Any]) -> Episode:
    return Episode.of(
        id=row["id"],
        name=row["name"] if row["name"] != row["id"] else None,
        published_at=plain(row["published_at"]),
        duration_s=row["duration_s"],
        side=side_of(row["schemes"]),
        shows=frozenset((id_, name_key) for id_, name_key in row["shows"]),
        versions_of=frozenset(row["versions_of"]),
    )


def _matches(changed: list[Episode], tx: Transaction) -> dict[Pair, Match]:
    comparable = [one for one in changed if one.side and one.published_at]
    if not comparable:
        return {}
    by_show: dict[str, list[tuple[date, Episode]]] = defaultdict(list)
    for other in _candidates(tx, comparable):
        for group in _groups(other):
            by_show[group].append((_day(other), other))
    for listed in by_show.values():
        listed.sort(key=lambda one: (one[0], one[1].id))
    found: dict[Pair, Match] = {}
    for one in comparable:
        for group in _groups(one):
            for other in _near(by_show[group], _day(one)):
                if other.side == one.side:
                    continue
                feed, catalogue = (one, other) if one.side == "feed" else (other, one)
                if match := compare(feed, catalogue):
                    found[feed.id, catalogue.id] = match
    return found


def _day(one: Episode) -> date:
    assert one.published_at
    return one.published_at.date()


def _groups(one: Episode) -> set[str]:
    """Where to look for its counterparts: its shows, by id and by key. A key is no id: that begins with its kind."""
    return {id_ for id_, _ in one.shows} | {f"={name}" for _, name in one.shows if name}


def _near(listed: list[tuple[date, Episode]], day: date) -> Iterable[Episode]:
    start = bisect_left(listed, day.toordinal() - WITHIN_DAYS, key=lambda one: one[0].toordinal())
    for at, other in listed[start:]:
        if at.toordinal() - day.toordinal() > WITHIN_DAYS:
            return
        yield other


def _candidates(tx: Transaction, changed: list[Episode]) -> list[Episode]:
    """Episodes of the changed ones' shows, and of shows with these keys, in the days around them; dated, on either side."""
    spans: dict[tuple[str, str | None], list[datetime]] = defaultdict(list)
    for one in changed:
        for show in one.shows:
            assert one.published_at
            spans[show].append(one.published_at)
    shows = [
        {"id": id_, "key": name_key, "low": _shifted(min(times), -_WINDOW), "high": _shifted(max(times), _WINDOW)}
        for (id_, name_key), times in spans.items()
    ]
    rows = tx.run(
        f"""CYPHER 25 UNWIND $shows AS show
        CALL (show) {{
            MATCH (s:Item {{id: show.id}}) RETURN s
            UNION MATCH (s:Show {{name_key: show.key}}) RETURN s
        }}
        MATCH (s)<-[:PART_OF]-(e:Episode) WHERE show.low <= e.published_at <= show.high
        WITH DISTINCT e RETURN {_EPISODE}""",
        shows=shows,
    )
    return [one for one in map(_episode, rows) if one.side]


def _shifted(moment: datetime, by: timedelta) -> datetime:
    try:
        return moment + by
    except OverflowError:
        return moment


def _write(tx: Transaction, before: dict[Pair, Match], now: dict[Pair, Match]) -> None:
    gone = [list(pair) for pair in before if pair not in now]
    if gone:
        tx.run(
            "UNWIND $pairs AS pair MATCH (:Item {id: pair[0]})-[m:MAY_BE]->(:Item {id: pair[1]}) DELETE m",
            pairs=gone,
        )
    fresh = [
        {"feed": feed, "catalogue": catalogue, "score": match.score, "because": list(match.because)}
        for (feed, catalogue), match in now.items()
        if before.get((feed, catalogue)) != match
    ]
    if fresh:
        tx.run(
            """UNWIND $rows AS row MATCH (f:Item {id: row.feed}) MATCH (c:Item {id: row.catalogue})
            MERGE (f)-[m:MAY_BE]->(c) SET m.score = row.score, m.because = row.because""",
            rows=fresh,
        )
