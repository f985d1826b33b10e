"""A new version of a contract: what differs, what of it breaks whom, and exactly whom it reaches."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from harness import FIXTURES, Run, Say

from lineage.answers.results import Impact
from lineage.contracts import Change, Direction, Version, compare, version_of
from lineage.errors import NotFoundError, SourceError, UsageError
from lineage.facts import (
    Contact,
    Dataset,
    DatasetField,
    Derivation,
    HandoffEvent,
    Interface,
    Partner,
    Report,
    Route,
    System,
    Team,
)
from lineage.loading import recognise
from lineage.session import Lineage

SAMPLES = Path(__file__).parents[1].parent / "shared" / "samples"
ADS = "spotify_ads_api/external-v3.openapi.yaml"


# What differs, and what breaks.


def version(direction: Direction | None = "sent", dataset: dict[str, Any] | None = None, **fields: Any) -> Version:
    """A version with one data set; a field is its type, or a mapping of its properties."""
    facts = [Dataset(id="d", direction=direction, **(dataset or {}))]
    given = {name: each if isinstance(each, dict) else {"type": each} for name, each in fields.items()}
    return version_of(
        [*facts, *(DatasetField(dataset="d", name=name.replace("__", "."), **each) for name, each in given.items())]
    )


def difference(
    old: dict[str, Any], new: dict[str, Any], direction: Direction | None = "sent"
) -> list[tuple[str | None, str, bool]]:
    changes = compare(version(direction, **old), version(direction, **new))
    return [(one.field, one.change, one.breaking) for one in changes]


def test_no_difference() -> None:
    assert difference({"a": "string"}, {"a": "string"}) == []


@pytest.mark.parametrize(
    "old, new, change, readers, senders",
    [
        ({}, {"type": "string"}, "added", False, False),
        ({}, {"type": "string", "required": True}, "added", False, True),
        ({"type": "string"}, {}, "removed", True, True),
        ({"type": "integer"}, {"type": "number"}, "retyped", True, False),
        ({"type": "number"}, {"type": "integer"}, "retyped", False, True),
        ({"type": "string"}, {"type": "string|null"}, "retyped", True, False),
        ({"type": "array<string|null>"}, {"type": "array<string>"}, "retyped", False, True),
        ({"type": "string"}, {"type": "integer"}, "retyped", True, True),
        ({"type": "VARCHAR(20)"}, {"type": "varchar(18)"}, "retyped", False, True),
        ({"type": "varchar(18)"}, {"type": "text"}, "retyped", True, False),
        ({"type": "decimal(10, 2)"}, {"type": "decimal(12, 2)"}, "retyped", True, False),
        ({"required": False}, {"required": True}, "required", False, True),
        ({"required": True}, {"required": False}, "optional", True, False),
        ({"enum": ("a", "b")}, {"enum": ("a",)}, "enum narrowed", False, True),
        ({"enum": ("a",)}, {"enum": ("a", "b")}, "enum widened", True, False),
        ({"enum": ("a",)}, {"enum": ("b",)}, "enum changed", True, True),
        ({}, {"enum": ("a",)}, "enum narrowed", False, True),
        ({"enum": ("a",)}, {}, "enum widened", True, False),
        ({}, {"format": "uuid"}, "format", False, True),
        ({"format": "uuid"}, {}, "format", True, False),
        ({"format": "date"}, {"format": "date-time"}, "format", True, True),
        ({"format": "varchar(20)"}, {"format": "varchar(18)"}, "format", False, True),
        ({"pattern": "a+"}, {"pattern": "b+"}, "pattern", True, True),
    ],
)
def test_what_breaks_depends_on_the_direction(old: Any, new: Any, change: str, readers: bool, senders: bool) -> None:
    """The table in ``lineage.contracts.compare``."""
    before = {"f": old} if change != "added" else {}
    after = {"f": new} if change != "removed" else {}
    assert difference(before, after, "sent") == [("f", change, readers)]
    assert difference(before, after, "accepted") == [("f", change, senders)]
    assert difference(before, after, "both") == difference(before, after, None) == [("f", change, readers or senders)]


def test_the_old_and_the_new_value_are_told() -> None:
    (change,) = compare(version(f={"enum": ("a", "b", "c")}), version(f={"enum": ("a", "d")}))
    assert (change.was, change.now, change.id, change.dataset, change.label) == ("b, c", "d", "d#f", "d", "Field")
    (change,) = compare(version(f={"type": "integer"}), version(f={"type": "number"}))
    assert (change.was, change.now) == ("integer", "number")


@pytest.mark.parametrize(
    "old, new, renamed",
    [
        (["id", "user_id"], ["id", "userId"], {"user_id": "userId"}),
        (["id", "plays", "day"], ["id", "count", "day"], {"plays": "count"}),  # between the same two
        (["a_total", "id"], ["id", "a_totals", "total_a_s"], {}),  # two that might be it
        (["plays"], ["id", "listeners"], {}),
    ],
)
def test_a_field_is_renamed_where_exactly_one_other_fits(old: list[str], new: list[str], renamed: dict[str, str]) -> None:
    changes = compare(version(**dict.fromkeys(old, "string")), version(**dict.fromkeys(new, "string")))
    assert {one.field: one.now for one in changes if one.change == "renamed"} == renamed
    assert all(one.breaking for one in changes if one.change == "renamed")
    assert {one.field for one in changes if one.change == "removed"} == set(old) - set(new) - set(renamed)


def test_another_type_is_no_renaming_and_what_is_inside_is_renamed_too() -> None:
    assert [row[1] for row in difference({"plays": "string"}, {"playz": "integer"})] == ["removed", "added"]
    old, new = {"device": "object", "device__kind": "string"}, {"devices": "object", "devices__kind": "string"}
    assert difference(old, new) == [("device", "renamed", True), ("device.kind", "renamed", True)]


@pytest.mark.parametrize(
    "was, now, breaking",
    [
        ("latency=P1D", "latency=PT12H", False),
        ("latency=PT12H", "latency=P1D", True),
        ("retention=P3Y", "retention=P1Y", True),
        ("timeOfAvailability=09:00+00:00", "timeOfAvailability=08:00+00:00", False),
        ("timeOfAvailability=09:00+00:00", "timeOfAvailability=09:00-08:00", True),
        ("endOfSupport=2030-01-01", "endOfSupport=2029-01-01", True),
        ("availability=99.9 percent", "availability=99 percent", True),
        ("support=office hours", "support=never", True),
    ],
)
def test_service_levels_that_moved(was: str, now: str, breaking: bool) -> None:
    (change,) = compare(version(dataset={"service_levels": (was,)}), version(dataset={"service_levels": (now,)}))
    assert (change.change, change.breaking, change.was, change.now) == ("service level", breaking, was, now)


def test_service_levels_that_come_and_go() -> None:
    with_it, without = version(dataset={"service_levels": ("latency=P1D",)}), version()
    assert [one.breaking for one in compare(without, with_it)] == [False]
    assert [one.breaking for one in compare(with_it, without)] == [True]


def test_data_sets_interfaces_and_routes_are_compared() -> None:
    route = {"id": "r", "from": "a", "to": "b", "dataset": "kept"}
    old = [Dataset(id="gone"), Dataset(id="kept", version="1", format="csv"), Interface(id="i/old"), Route(**route, schedule="0 5 * * *"),
           Interface(id="i", endpoint="https://a", security=("key",))]  # fmt: skip
    new = [Dataset(id="kept", version="2", format="json"), Dataset(id="come"), Interface(id="i/new"), Route(**route, schedule="0 7 * * *"),
           Interface(id="i", endpoint="https://b", security=("key", "oauth"))]  # fmt: skip
    found = {(one.label, one.id, one.change): one.breaking for one in compare(version_of(old), version_of(new))}
    assert found == {
        ("Dataset", "kept", "version"): False,
        ("Dataset", "gone", "removed"): True,
        ("Dataset", "come", "added"): False,
        ("Dataset", "kept", "format"): True,
        ("Interface", "i/old", "removed"): True,
        ("Interface", "i/new", "added"): False,
        ("Interface", "i", "endpoint"): True,
        ("Interface", "i", "security"): False,
        ("Route", "r", "schedule"): True,
    }
    later = compare(version_of([Route(**route, deliver_within="PT6H")]), version_of([Route(**route, deliver_within="PT12H")]))
    assert [(one.change, one.breaking, one.was, one.now) for one in later] == [("deliver_within", True, "PT6H", "PT12H")]
    (change,) = compare(version_of([Interface(id="i")]), version_of([Interface(id="i", security=("key",))]))
    assert change.breaking  # who needed no key needs one now


# Whom it reaches.

MAP = (
    Partner(id="spotify", zone="spotify"),
    Partner(id="acme", name="Acme", zone="partner"),
    Team(id="data", name="Data", partner="spotify"),
    Contact(of_label="Team", of="data", name="Mika", email="mika@spotify.example"),
    Team(id="bi", partner="acme"),
    System(id="lake", partner="spotify"),
    System(id="acme-bi", partner="acme", owner="bi"),
    Dataset(id="plays", owner="data"),
    DatasetField(dataset="plays", name="count"),
    Route(id="plays-to-acme", **{"from": "lake", "to": "acme-bi"}, dataset="plays"),
    Dataset(id="weekly", owner="bi"),
    Derivation(from_label="Field", **{"from": "plays#count"}, to_label="Field", to="weekly#total"),
    Derivation(from_label="Field", **{"from": "plays#day"}, to_label="Field", to="weekly#week"),
    Derivation(from_label="Dataset", **{"from": "plays"}, to_label="Report", to="overview"),
    *(
        Derivation(from_label="Field", **{"from": f"weekly#{name}"}, to_label="Report", to=report)
        for name, report in (("total", "totals"), ("week", "calendar"))
    ),
    *(Report(id=name, owner="bi") for name in ("overview", "totals", "calendar")),
    HandoffEvent(id="1", source="urn:lineage:system:lake", type="sent", route="plays-to-acme", item="file:plays-1"),
)


@pytest.fixture
def mapped(session: Lineage, say: Say) -> Lineage:
    say(*MAP)
    return session


Files = Callable[..., tuple[Path, Path]]


@pytest.fixture
def csv(tmp_path: Path) -> Files:
    """Two CSV headers as files."""

    def write(old: str, new: str) -> tuple[Path, Path]:
        paths = tmp_path / "old.csv", tmp_path / "new.csv"
        for path, header in zip(paths, (old, new), strict=True):
            path.write_text(f"{header}\n", "utf-8")
        return paths

    return write


def reached(
    session: Lineage, node: str | None, change: tuple[Path, Path], **rest: Any
) -> dict[str, tuple[str | None, bool | None]]:
    answer = session.impact(node, change=change, **rest)
    return {f"{one.label}:{one.id}": (one.lineage, one.breaking) for one in answer.affected}


ALWAYS = {
    # Nobody says from which fields this report is made.
    "Report:overview": ("dataset", True),
    "Route:plays-to-acme": ("field", True),
    "System:acme-bi": ("field", True),
    "Partner:acme": ("field", True),
}


def test_only_what_uses_the_field_is_reached(mapped: Lineage, csv: Files) -> None:
    removed = csv("day,count,country", "day,country")
    assert reached(mapped, "plays", removed) == ALWAYS | {"Dataset:weekly": ("field", True), "Report:totals": ("field", True)}
    answer = mapped.impact("plays", change=removed)
    totals = next(one for one in answer.affected if one.id == "totals")
    assert (totals.fields, totals.distance, totals.causes, totals.owner) == (("plays#count",), 2, (0,), "bi")
    assert next(one for one in answer.affected if one.id == "weekly").own_fields == ("total",)
    assert (answer.of.id, answer.compared, answer.not_in_map) == ("plays", True, ())
    both = mapped.impact("plays", change=csv("day,count,country", "country"))
    assert {one.id: one.fields for one in both.affected if one.label == "Report"} == {
        "totals": ("plays#count",),
        "calendar": ("plays#day",),
        "overview": ("plays#count", "plays#day"),
    }


def test_a_field_that_the_map_does_not_know_reaches_what_may_use_it(mapped: Lineage, csv: Files) -> None:
    """Not the reports of which it is known that they use other fields."""
    assert reached(mapped, "plays", csv("day,count,country", "day,count")) == ALWAYS


def test_what_is_added_reaches_nobody(mapped: Lineage, csv: Files) -> None:
    answer = mapped.impact("plays", change=csv("day,count", "day,count,country"))
    assert [(one.field, one.change, one.breaking) for one in answer.changes] == [("country", "added", False)]
    assert answer.affected == ()


def test_one_field_alone(mapped: Lineage, csv: Files) -> None:
    gone = csv("day,count,country", "country")
    assert "Report:totals" not in reached(mapped, "plays", gone, field="day")


def test_who_must_send_otherwise_is_reached(session: Lineage, say: Say, tmp_path: Path) -> None:
    """What is accepted reaches the senders; what is made from it is as before."""
    partners = (Partner(id=name, zone="partner") for name in ("api", "caller"))
    systems = System(id="service", partner="api"), System(id="client", partner="caller")
    made = Derivation(from_label="Dataset", **{"from": "request"}, to_label="Report", to="requests")
    say(*partners, *systems, Route(id="calls", **{"from": "client", "to": "service"}, dataset="request"), made)
    paths = []
    for name, required in (("old", ["a"]), ("new", ["a", "b"])):
        paths.append(tmp_path / f"{name}.json")
        properties = {each: {"type": "string"} for each in required}
        paths[-1].write_text(json.dumps({"$schema": "x", "properties": properties, "required": required}), "utf-8")
    change = (paths[0], paths[1])
    found = reached(session, "request", change, settings={"direction": "accepted"})
    assert found == {"Route:calls": ("field", True), "System:client": ("field", True), "Partner:caller": ("field", True)}
    assert reached(session, "request", change) == {}


def test_an_interface_stands_for_what_the_map_does_not_hold(session: Lineage, say: Say, tmp_path: Path) -> None:
    say(Interface(id="api", system="service"), Route(id="r", **{"from": "service", "to": "client"}, interface="api"))
    text = "openapi: 3.0.0\ninfo: {title: API}\npaths: {/a: {get: {operationId: a, responses: {}}}%s}\n"
    old, new = tmp_path / "old.yaml", tmp_path / "new.yaml"
    old.write_text(text % ", /b: {get: {operationId: b, responses: {}}}")
    new.write_text(text % "")
    answer = session.impact("api", change=(old, new))
    assert [(one.id, one.change) for one in answer.changes] == [("api/b", "removed")]
    assert {one.id for one in answer.affected} == {"r", "client"}
    # Without a NODE: the map holds the API as a whole, which any of its operations may be.
    assert session.impact(change=(old, new)).of.id == "api"


@pytest.mark.parametrize("depth, reports", [(1, set()), (2, {"totals"})])
def test_depth(mapped: Lineage, csv: Files, depth: int, reports: set[str]) -> None:
    answer = mapped.impact("plays", field="count", change=csv("count,day", "day"), depth=depth)
    assert {one.id for one in answer.affected if one.lineage == "field" and one.label == "Report"} == reports
    assert answer.completeness.truncated_by == ("depth" if depth == 1 else None if answer.completeness.complete else "depth")


def test_what_cannot_be_decided_is_said(mapped: Lineage, csv: Files, tmp_path: Path) -> None:
    change = csv("a", "b")
    with pytest.raises(UsageError, match="no data set in common"):
        mapped.impact(change=change)
    with pytest.raises(NotFoundError, match="in the map"):
        mapped.impact(change=change, settings={"dataset": "nowhere"})
    with pytest.raises(UsageError, match="NODE"):
        mapped.impact()
    two = FIXTURES / "odcs" / "full-example.odcs.yaml"
    with pytest.raises(UsageError, match=r"dataset\.NAME=plays"):
        mapped.impact("plays", change=(two, two))
    with pytest.raises(UsageError, match="csv-header"):
        mapped.impact("plays", change=(change[0], two))
    empty = tmp_path / "empty.csv"
    empty.write_text("")
    with pytest.raises(SourceError, match=r"empty\.csv"):
        mapped.impact("plays", change=(change[0], empty), feed="csv-header")


def test_what_could_not_be_read_is_no_silent_removal(mapped: Lineage, csv: Files) -> None:
    answer = mapped.impact("plays", change=csv("day,count", "day,day"))
    assert [one.change for one in answer.changes] == ["removed"]
    assert len(answer.not_read) == 1 and "there twice" in answer.not_read[0]
    assert answer.completeness.complete is False


@pytest.mark.parametrize(
    "name, feed",
    [
        ("openapi/signage.json", "openapi"),
        ("openapi/swagger.yaml", "openapi"),
        ("asyncapi/host-2.6.yaml", "asyncapi"),
        ("odcs/plays.odcs.yaml", "odcs"),
        ("json-schema/play-event.schema.json", "json-schema"),
        ("csv-header/plays.csv", "csv-header"),
    ],
)
def test_formats_are_told_by_their_content(name: str, feed: str, tmp_path: Path) -> None:
    unnamed = tmp_path / "contract"
    unnamed.write_bytes((FIXTURES / name).read_bytes())
    assert recognise(str(unnamed)) == feed


def test_a_manifest_is_told_and_what_is_none_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "manifest.json"
    path.write_text(
        json.dumps({"metadata": {"dbt_schema_version": "https://schemas.getdbt.com/dbt/manifest/v12.json"}, "nodes": {}})
    )
    assert recognise(str(path)) == "dbt"
    with pytest.raises(SourceError, match="--feed"):
        recognise(str(FIXTURES / "change" / "map.yaml"))


# The command line, and notices.


def test_the_command_prints_the_contract(mapped: Lineage, csv: Files, run_cli: Run) -> None:
    old, new = csv("day,count", "day")
    ran = run_cli("impact", "plays", "--change", old, new, "--format", "json")
    answer = json.loads(ran.out)
    assert ran.code == 0
    assert set(answer) >= {"of", "changes", "affected", "completeness"}
    (change,) = answer["changes"]
    assert set(change) >= {"field", "change", "breaking", "dataset", "was", "now"}
    assert (change["field"], change["change"], change["breaking"], change["dataset"]) == ("count", "removed", True, "plays")
    for one in answer["affected"]:
        assert set(one) >= {"id", "label", "name", "distance", "via", "fields", "partner", "owner", "contact", "lineage"}
    table = run_cli("impact", "plays", "--change", old, new).out
    assert (
        "1 change, 1 breaking" in table
        and "Reaches 1 data set, 1 partner, 2 reports, 1 route, 1 system." in table
        and "totals" in table
        and "calendar" not in table
    )
    assert "do not differ" in run_cli("impact", "plays", "--change", old, old).out


@pytest.mark.parametrize(
    "arguments", [("--notices", "x"), ("--feed", "odcs"), ("--effective", "2026-12-01", "--change", "a", "b"), ()]
)
def test_options_that_need_each_other(run_cli: Run, arguments: tuple[str, ...]) -> None:
    node = ("plays",) if arguments else ()
    assert run_cli("impact", *node, *arguments).code == 2


def test_notices_tell_each_recipient_what_is_theirs(mapped: Lineage, csv: Files, run_cli: Run, tmp_path: Path) -> None:
    folder = tmp_path / "notices"
    command = ("impact", "plays", "--change", *csv("day,count", "day"), "--notices", folder, "--effective", "2026-12-01")
    assert run_cli(*command).code == 0
    assert {path.name for path in folder.iterdir()} == {"partner-acme.md", "partner-spotify.md", "team-bi.md"}
    text = (folder / "partner-acme.md").read_text("utf-8")
    for said in ("2026-12-01 00:00:00", "`plays#count`", "**yes**", "`totals`", "`overview`", "`plays-to-acme`", "`file:plays-1`",
                 "mika@spotify.example"):  # fmt: skip
        assert said in text
    assert "calendar" not in text
    ours = (folder / "partner-spotify.md").read_text("utf-8")
    assert "`plays-to-acme`" in ours and "`totals`" not in ours
    # Our own are written anew, others' are not touched.
    assert run_cli(*command).code == 0
    (folder / "team-bi.md").write_text("my own notes", "utf-8")
    (folder / "partner-acme.md").unlink()
    ran = run_cli(*command)
    assert ran.code == 5 and "team-bi.md" in ran.err
    assert (folder / "team-bi.md").read_text("utf-8") == "my own notes"
    assert not (folder / "partner-acme.md").exists()


def test_nobody_is_sent_to_who_has_left(session: Lineage, say: Say, csv: Files) -> None:
    left = Contact(of_label="Team", of="bi", name="Ada", valid_to="2020-01-01")
    here = Contact(of_label="Team", of="bi", name="Bo")
    report = Report(id="r", owner="bi"), Derivation(from_label="Dataset", **{"from": "plays"}, to_label="Report", to="r")
    say(Team(id="bi"), left, here, *report, System(id="s", owner="bi"))
    answer = session.impact("plays", change=csv("a", "b"))
    assert [(one.id, one.contact) for one in answer.affected] == [("r", "Bo")]
    assert [row["name"] for row in session.query("who_to_ask", systems=["s"]).rows] == ["Bo"]
    assert [row["name"] for row in session.query("late_owners", teams=["bi"]).rows] == ["Bo"]


def test_no_id_leads_out_of_the_folder_and_no_name_is_markup(session: Lineage, say: Say, csv: Files, tmp_path: Path) -> None:
    from lineage.render.notice import write_notices

    nasty = "../../evil|<b>"
    say(Partner(id=nasty, name="| [x](y) <script>", zone="partner"), System(id="s", partner=nasty), Dataset(id="plays"),
        Route(id="r", **{"from": "lake", "to": "s"}, dataset="plays"))  # fmt: skip
    answer = session.impact("plays", change=csv("a,b", "a"))
    (path,) = write_notices(session.notices(answer), tmp_path / "notices")
    assert path.parent == tmp_path / "notices" and path.name == "partner-..%2F..%2Fevil%7C%3Cb%3E.md"
    assert "\\| \\[x\\](y) \\<script\\>" in path.read_text("utf-8")


# What dbt itself wrote, before and after four changes of its project (SOURCES.md beside them).

MANIFESTS = FIXTURES / "change" / "dbt-old-manifest.json", FIXTURES / "change" / "dbt-new-manifest.json"
METABASE = {"url": "http://localhost:3000", "table.10": "dbtmetabase.public.orders", "table.12": "dbtmetabase.public.customers"}
PAYMENT, SKU, VALUE, AMOUNT = (
    f"dbtmetabase.public.{name}"
    for name in ("raw_payments#payment_method", "stg_orders#sku_id", "customers#customer_lifetime_value", "orders#amount")
)


def reports(answer: Impact) -> dict[str, tuple[set[str], set[str]]]:
    """Of each report, the changed fields that it surely uses, and those that it may use."""
    return {
        one.id.removeprefix("http://localhost:3000/"): (set(one.fields) - set(one.possible_fields), set(one.possible_fields))
        for one in answer.affected
        if one.label == "Report"
    }


def test_two_manifests_of_one_project(session: Lineage, run_cli: Run) -> None:
    session.load("dbt", MANIFESTS[0])
    answer = session.impact(change=MANIFESTS)
    assert [(one.id, one.change, one.was, one.now) for one in answer.changes] == [
        (PAYMENT, "renamed", "payment_method", "method"),
        (SKU, "removed", None, None),
        (VALUE, "renamed", "customer_lifetime_value", "lifetime_value"),
        (AMOUNT, "retyped", "double", "decimal(18, 2)"),
    ]
    # raw_payments.payment_method makes stg_payments.payment_method, that the sums of orders and payments.payment_method;
    # customers are joined by order_id and sum amounts only. Nothing is made from the other three.
    assert {one.id: (one.fields, one.lineage) for one in answer.affected if one.label == "Dataset"} == {
        f"dbtmetabase.public.{name}": ((PAYMENT,), "field") for name in ("stg_payments", "orders", "transactions")
    }
    # dbt's exposures name models only.
    both = {PAYMENT, VALUE, AMOUNT}
    assert reports(answer) == {
        "card/27": (set(), both),
        "card/28": (set(), both),
        "card/29": (set(), {PAYMENT, SKU}),
        "card/32": (set(), {PAYMENT, AMOUNT}),
        "card/33": (set(), {PAYMENT}),
        "dashboard/2": (set(), both | {SKU}),
    }
    assert {one.lineage for one in answer.affected if one.label == "Report"} == {"dataset"}
    # Metabase knows the columns of 27 to 29: 27 and 28 show all of orders and customers; 29 counts orders by status, without the
    # SKU. It could be read only with the database's name: until then, it may use any column.
    session.load("metabase", FIXTURES / "metabase" / "dashboard-2.json", settings=METABASE, name="metabase")
    assert reports(session.impact(change=MANIFESTS))["dashboard/2"] == (both, {SKU})
    text = run_cli("impact", "--change", *MANIFESTS).out
    assert "sku_id?" in text and "amount?" in text and "4 changes, 4 breaking" in text
    more = METABASE | {"database.2": "dbtmetabase.public"}
    session.load("metabase", FIXTURES / "metabase" / "dashboard-2.json", settings=more, name="metabase")
    assert reports(session.impact(change=MANIFESTS)) == {
        "card/27": (both, set()),
        "card/28": (both, set()),
        "card/32": (set(), {PAYMENT, AMOUNT}),
        "card/33": (set(), {PAYMENT}),
        "dashboard/2": (both, set()),
    }
    with pytest.raises(NotFoundError) as missing:
        session.impact("model.sandbox.customers", change=MANIFESTS)
    assert "dbtmetabase.public.customers" in missing.value.nearest[:2]


# The real document.


def ads_document() -> Path:
    path = SAMPLES / ADS
    if not path.exists():
        pytest.skip("the sample collection is not beside the repository")
    return path


def changed(path: Path, target: Path) -> Path:
    """The Ads API as it might be next: a field less, one of another type, one value less, one field required, an operation more."""
    document = yaml.load(path.read_bytes(), Loader=yaml.CSafeLoader)
    schemas = document["components"]["schemas"]
    del schemas["CampaignResponse"]["properties"]["purchase_order"]
    schemas["CampaignResponse"]["properties"]["channel"] = {"type": "string"}
    schemas["ReportField"]["properties"]["field_value"]["type"] = "string"
    schemas["CampaignStatus"]["enum"].remove("AGENT_CONTROLLED")
    schemas["CreateCampaignRequest"]["required"].append("purchase_order")
    document["paths"]["/copies"] = {"post": {"operationId": "copyCampaign", "responses": {"201": {"description": "copied"}}}}
    target.write_text(json.dumps(document, default=str), "utf-8")
    return target


def test_the_ads_api_as_it_might_be_next(session: Lineage, tmp_path: Path) -> None:
    old = ads_document()
    session.load("openapi", old, settings={"system": "spotify-ads"}, name="ads-api")
    session.load("partners", FIXTURES / "change" / "map.yaml", name="map")
    answer = session.impact(change=(old, changed(old, tmp_path / "next.json")))
    assert answer.of.id == "ads-api"

    def of(dataset: str) -> dict[tuple[str | None, str], Change]:
        return {(one.field, one.change): one for one in answer.changes if one.dataset == f"ads-api/{dataset}"}

    assert of("CampaignResponse")["purchase_order", "removed"].breaking
    assert not of("CampaignResponse")["channel", "added"].breaking
    # They read one status less, which breaks no reader; who sends it is refused.
    assert not of("CampaignResponse")["status", "enum narrowed"].breaking
    assert of("UpdateCampaignRequest")["status", "enum narrowed"].breaking
    assert of("AggregateReportResponse")["rows.stats.field_value", "retyped"].breaking
    assert of("CreateCampaignRequest")["purchase_order", "required"].breaking
    assert [(one.id, one.breaking) for one in answer.changes if one.label == "Interface"] == [("ads-api/copyCampaign", False)]

    reports = {one.id: (one.lineage, one.breaking, one.fields) for one in answer.affected if one.label == "Report"}
    assert reports == {
        "po-reconciliation": ("field", True, ("ads-api/CampaignResponse#purchase_order",)),
        "campaign-states": ("field", False, ("ads-api/CampaignResponse#status",)),
        "spend": ("dataset", True, ("ads-api/AggregateReportResponse#rows.stats.field_value",)),
    }
    systems = {one.id: one.fields for one in answer.affected if one.label == "System"}
    assert systems["acme-trafficking"] == ("ads-api/CreateCampaignRequest#purchase_order",)
    assert len({one.kind + one.id for one in session.notices(answer)}) == 4
