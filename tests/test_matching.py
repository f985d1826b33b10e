"""Possible matches: the score of two episodes, MAY_BE in the graph in any order of loading, and what the answers make of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from evidence import at, event
from harness import Database, Say, write
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lineage.digest import digest
from lineage.facts import Fact, HandoffEvent, Identifier, Item, Partner, Route, System
from lineage.graph import Graph
from lineage.matching import Episode, Match, compare, key, side_of
from lineage.session import Lineage

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
DATE = datetime(2026, 3, 1, tzinfo=UTC)
SEEN = {"feed": "podcast", "source": "feed.xml", "authority": "observed"}


def episode(id_: str, name: str | None, **values: Any) -> Episode:
    given = {"published_at": NOON, "duration_s": 1800.0, "side": "feed", "shows": frozenset({("show:rss", "the dev meeting")})}
    return Episode.of(id=id_, name=name, **{**given, **values})


def theirs(name: str | None = "Budget news", **values: Any) -> Episode:
    given = {"published_at": DATE, "side": "catalogue", "shows": frozenset({("show:spotify", "the dev meeting")})}
    return episode("episode:theirs", name, **{**given, **values})


OURS = episode("episode:ours", "Budget news")


def test_the_same_title_date_and_duration_score_one() -> None:
    found = compare(OURS, theirs())
    assert found == Match(1.0, ("shows of the same name", "titles alike by 100%", "of the same day", "of the same duration"))


@pytest.mark.parametrize(
    "other, score",
    [
        (theirs("Budget news!"), 1.0),
        (theirs("BUDGET   NEWS"), 1.0),
        (theirs("News, budget"), 1.0),
        (theirs("Ep. 12: Budget news"), 0.94),
        (theirs("Budget new"), 0.97),
        (theirs(published_at=DATE - timedelta(days=1)), 0.98),
        (theirs(published_at=DATE + timedelta(days=2)), 0.94),
        (theirs(duration_s=1801.5), 1.0),
        (theirs(duration_s=1860.0), 0.97),
        (theirs(duration_s=2700.0), 0.8),
        (theirs(duration_s=None), 0.95),
        (theirs(shows=frozenset({("show:rss", None)})), 1.0),
    ],
)
def test_what_differs_takes_from_the_score(other: Episode, score: float) -> None:
    found = compare(OURS, other)
    assert found is not None
    assert found.score == score


@pytest.mark.parametrize(
    "other",
    [
        theirs("Something else entirely"),
        theirs(None),
        theirs("..."),
        theirs(published_at=DATE + timedelta(days=3)),
        theirs(published_at=None),
        theirs("Budget", published_at=DATE + timedelta(days=2), duration_s=3600.0),
        theirs(shows=frozenset({("show:spotify", "another show")})),
        theirs(shows=frozenset()),
        theirs(shows=frozenset({("show:spotify", None)})),
        theirs(side="feed"),
        theirs(side=None),
        theirs(versions_of=frozenset({"episode:ours"})),
    ],
)
def test_what_does_not_fit_is_no_match(other: Episode) -> None:
    assert compare(OURS, other) is None


@pytest.mark.parametrize("one, other", [("Episode 12", "Episode 13"), ("Torsdag 30 april 2020", "Onsdag 29 april 2020")])
def test_numbers_that_contradict_each_other_are_two_episodes(one: str, other: str) -> None:
    assert compare(episode("episode:ours", one), theirs(other)) is None
    assert compare(episode("episode:ours", one), theirs(one)) is not None


@given(st.text(max_size=30))
def test_a_key_is_its_own_key(name: str) -> None:
    assert key(key(name)) == key(name)


def test_an_item_with_both_names_is_on_neither_side() -> None:
    assert side_of(["rss:guid", "spotify:episode"]) is None


# In the graph.

SHOWS: tuple[Fact, ...] = (
    Item(id="show:rss", name="The Dev Meeting"),
    Item(id="show:spotify:show:1", name="The dev meeting!"),
    Identifier(item="show:spotify:show:1", identifier="spotify:show:1"),
)


def feeds(number: int, name: str, **values: Any) -> tuple[Fact, ...]:
    item = f"episode:rss:guid:guid-{number}"
    given = {"published_at": NOON, "duration_s": 1800.0, "part_of": "show:rss"}
    return Item(id=item, name=name, **{**given, **values}), Identifier(item=item, identifier=f"rss:guid:guid-{number}")


def catalogues(number: int, name: str, **values: Any) -> tuple[Fact, ...]:
    item = f"episode:spotify:episode:{number}"
    given = {"published_at": DATE, "duration_s": 1800.5, "part_of": "show:spotify:show:1"}
    return Item(id=item, name=name, **{**given, **values}), Identifier(item=item, identifier=f"spotify:episode:{number}")


def matches(graph: Graph) -> dict[tuple[str, str], float]:
    found = graph.read("MATCH (a:Item)-[m:MAY_BE]->(b:Item) RETURN a.id AS a, b.id AS b, m.score AS score").rows
    return {(row["a"], row["b"]): row["score"] for row in found}


PAIR = ("episode:rss:guid:guid-1", "episode:spotify:episode:1")


def test_a_match_is_stored_and_merges_nothing(graph: Graph, say: Say) -> None:
    say(*SHOWS, *feeds(1, "Budget news"), *catalogues(1, "Budget news"), **SEEN)
    assert matches(graph) == {PAIR: 1.0}
    assert graph.read("MATCH (e:Episode) RETURN count(e) AS n").rows == [{"n": 2}]


def test_it_goes_when_the_values_no_longer_fit_and_comes_back(graph: Graph, say: Say) -> None:
    say(*SHOWS, *catalogues(1, "Budget news"), **SEEN)
    other = {**SEEN, "source": "second.xml"}
    say(*feeds(1, "Budget news"), **other)
    assert matches(graph) == {PAIR: 1.0}
    say(*feeds(1, "Budget news", published_at=NOON + timedelta(days=9)), **other)
    assert matches(graph) == {}
    say(*feeds(1, "Budget news", published_at=NOON + timedelta(days=1)), **other)
    assert matches(graph) == {PAIR: 0.98}
    say(Item(id="show:rss", name="Another show"), feed="podcast", source="a-first.xml", authority="contract")
    assert matches(graph) == {}
    say(Identifier(item="show:rss", identifier="spotify:show:1"), **{**SEEN, "source": "crosswalk"})
    assert matches(graph) == {PAIR: 0.98}


def test_an_identifier_makes_it_a_fact(graph: Graph, say: Say) -> None:
    say(*SHOWS, *feeds(1, "Budget news"), *feeds(2, "Budget news"), *catalogues(1, "Budget news"), **SEEN)
    assert set(matches(graph)) == {PAIR, ("episode:rss:guid:guid-2", PAIR[1])}
    say(Identifier(item=PAIR[0], identifier="spotify:episode:1"), **{**SEEN, "source": "crosswalk"})
    assert matches(graph) == {}


POOL: tuple[Fact, ...] = (
    *SHOWS,
    *feeds(1, "Budget news"),
    *feeds(2, "Budget news", published_at=NOON + timedelta(days=1)),
    *feeds(3, "Something else"),
    *catalogues(1, "Budget news"),
    *catalogues(2, "Budget news, part 2", published_at=DATE + timedelta(days=2)),
    *catalogues(3, "Something else", duration_s=None),
    Identifier(item="show:rss", identifier="spotify:show:1"),
    Identifier(item=PAIR[0], identifier="spotify:episode:1"),
    Identifier(item="episode:acme-3", identifier="spotify:episode:3"),
    Identifier(item="episode:rss:guid:guid-3", identifier="rss:guid:guid-2"),
    Item(id="episode:acme-3", name="Something else", part_of="show:rss", published_at=NOON),
    event("e1", "published", 1, item="episode:acme-3", from_="a", to="b", identifiers=("rss:guid:guid-9",)),
)


@settings(
    max_examples=6,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(data=st.data())
def test_matches_do_not_depend_on_the_order_of_loading(database: Database, tmp_path: Path, data: st.DataObject) -> None:
    facts = data.draw(st.lists(st.sampled_from(POOL), min_size=6, unique_by=id))

    def loaded(dealt: Sequence[Fact], size: int) -> tuple[str, dict[tuple[str, str], float]]:
        database.wipe()
        write(database.graph, dealt, tmp_path, batch_size=size, **SEEN)
        return digest(database.graph), matches(database.graph)

    once = loaded(facts, 2000)
    assert loaded(data.draw(st.permutations(facts)), data.draw(st.sampled_from([1, 3]))) == once


def test_a_change_is_compared_with_the_days_around_it_only(graph: Graph, say: Say, monkeypatch: pytest.MonkeyPatch) -> None:
    day = timedelta(days=1)
    said = [fact for n in range(60) for fact in feeds(n, f"Episode {n}", published_at=NOON - n * day)]
    said += [fact for n in range(60) for fact in catalogues(n, f"Episode {n}", published_at=DATE - n * day)]
    say(*SHOWS, *said, **SEEN)
    assert len(matches(graph)) == 60
    compared: list[str] = []

    def counted(feed: Episode, catalogue: Episode) -> Match | None:
        compared.append(catalogue.id)
        return compare(feed, catalogue)

    monkeypatch.setattr("lineage.store.matching.compare", counted)
    say(*feeds(30, "Episode 30, mended", published_at=NOON - 30 * day), **{**SEEN, "source": "a"})
    assert set(compared) == {f"episode:spotify:episode:{n}" for n in range(28, 33)}
    assert len(matches(graph)) == 60


# What the answers make of it.

MAP: tuple[Fact, ...] = (
    Partner(id="spotify", zone="spotify"),
    Partner(id="acme", zone="partner"),
    System(id="acme-host", partner="acme"),
    System(id="catalogue", partner="spotify"),
    Route.model_validate(
        {
            "id": "host-to-catalogue",
            "from": "acme-host",
            "to": "catalogue",
            "item_kind": "episode",
            "after": (),
            "deliver_within": "PT6H",
        }
    ),
)


def queued(item: str = PAIR[0]) -> HandoffEvent:
    return event("q1", "queued", 1, "acme-host", item=item, from_="acme-host", to="catalogue", route="host-to-catalogue")


def published(minutes: float | None = None) -> HandoffEvent:
    return event("p1", "published", minutes, "catalogue", item=PAIR[1], to="catalogue", route="host-to-catalogue")


NEXT_DAY = at(24 * 60)


def test_nobody_is_accused_where_something_like_it_was_published(session: Lineage, say: Say) -> None:
    say(*MAP), say(*SHOWS, *feeds(1, "Budget news"), queued(), **SEEN)
    accused = session.last_handoff(PAIR[0], as_of=NEXT_DAY).verdict
    assert (accused.rule, accused.system) == ("not-sent", "acme-host")
    assert [row.item for row in session.late(as_of=NEXT_DAY).rows] == [PAIR[0]]

    say(*catalogues(1, "Budget news"), **{**SEEN, "source": "catalogue"})
    assert session.last_handoff(PAIR[0], as_of=NEXT_DAY).verdict == accused  # it is known there, and was not seen published
    say(published(), **{**SEEN, "source": "catalogue"})
    answer = session.last_handoff(PAIR[0], as_of=NEXT_DAY)
    verdict = answer.verdict
    assert (verdict.rule, verdict.zone, verdict.system) == ("not-sent", "undetermined", None)
    assert verdict.reason.endswith(
        " But it may be episode:spotify:episode:1, which was seen published at catalogue: shows of the same name; titles alike by "
        "100%; of the same day; of the same duration; score 1.00."
    )
    assert verdict.missing_evidence == ("a crosswalk that says whether it is episode:spotify:episode:1",)
    assert verdict.confidence == 0.95
    assert "p1" in verdict.evidence
    (told,) = [one for one in session.diagnose(as_of=NEXT_DAY).items if one.item.id == PAIR[0]]
    assert told.verdict == verdict
    assert [row.item for row in session.late(as_of=NEXT_DAY).rows] == [PAIR[0]]  # it is no confirmation either


def test_a_publication_after_the_moment_asked_about_excuses_nobody(session: Lineage, say: Say) -> None:
    say(*MAP), say(*SHOWS, *feeds(1, "Budget news"), *catalogues(1, "Budget news"), queued(), published(2 * 24 * 60), **SEEN)
    assert session.last_handoff(PAIR[0], as_of=NEXT_DAY).verdict.system == "acme-host"
    assert session.last_handoff(PAIR[0], as_of=NEXT_DAY + timedelta(days=2)).verdict.system is None


def test_with_a_crosswalk_it_arrived(session: Lineage, say: Say) -> None:
    say(*MAP), say(*SHOWS, *feeds(1, "Budget news"), *catalogues(1, "Budget news"), queued(), published(), **SEEN)
    say(Identifier(item=PAIR[0], identifier="spotify:episode:1"), **{**SEEN, "source": "crosswalk"})
    assert session.last_handoff(PAIR[0], as_of=NEXT_DAY).verdict.rule == "arrived"
    assert session.late(as_of=NEXT_DAY).rows == ()


def test_trace_names_the_match_on_both_sides(session: Lineage, say: Say) -> None:
    say(*SHOWS, *feeds(1, "Budget news"), *catalogues(1, "Budget news"), queued(), **SEEN)
    for one, other in (PAIR, PAIR[::-1]):
        assert session.trace(one).as_json()["item"]["may_be"] == [{"id": other, "name": "Budget news", "score": 1.0}]
