"""AsyncAPI documents: channels and their fields, operations as routes, in both versions' points of view."""

from __future__ import annotations

from pathlib import Path

import pytest
from reading import FIXTURES, check_good, check_hostile, files, load, load_text, only, rejects, sample

from lineage.facts import Dataset, DatasetField, Finding, Interface, Route, Said, System
from loaders.asyncapi import read as asyncapi

OLD = FIXTURES / "asyncapi" / "host-2.6.yaml"
RPC = FIXTURES / "asyncapi" / "rpc-client.yml"
ENDS = {"system": "app", "broker": "bus"}


@pytest.mark.parametrize("path", files("asyncapi", asyncapi), ids=lambda path: path.name)
def test_the_good_ones_load(path: Path) -> None:
    check_good(asyncapi, path)


@pytest.mark.parametrize("path", files("hostile/asyncapi", asyncapi), ids=lambda path: path.name)
def test_the_hostile_ones_are_refused_in_words(path: Path) -> None:
    check_hostile(asyncapi, path)


def routes(said: list[Said]) -> dict[str, tuple[str, str, str | None]]:
    return {one.id: (one.from_, one.to, one.dataset) for one in only(Route, said)}


def directions(said: list[Said]) -> dict[str, str | None]:
    return {one.id: one.direction for one in only(Dataset, said)}


def test_what_the_application_sends_and_receives_in_version_3() -> None:
    said = load(asyncapi, RPC, **ENDS)
    assert routes(said) == {
        "app/requestSum": ("app", "bus", "bus/rpc_queue"),
        "app/receiveSumResult": ("bus", "app", "bus/{queue}"),
    }
    assert directions(said) == {"bus/rpc_queue": "sent", "bus/{queue}": "accepted"}


def test_the_old_point_of_view_is_the_other_way_round() -> None:
    """AsyncAPI 2.6: an application that describes ``subscribe`` sends what others may subscribe to."""
    said = load(asyncapi, OLD, **ENDS)
    assert routes(said) == {
        "app/announce": ("app", "bus", "bus/episode/published"),
        "app/takeRequest": ("bus", "app", "bus/episode/requested"),
    }
    assert directions(said) == {"bus/episode/published": "sent", "bus/episode/requested": "accepted"}


def test_no_end_is_made_up() -> None:
    said = load(asyncapi, RPC)
    assert only(Route, said) == []
    assert {one.id for one in only(System, said)} == {"rpc-client-example", "rabbitmq.example.org"}
    assert [(one.id, one.system, one.endpoint) for one in only(Interface, said)] == [
        ("rpc-client-example/production", "rabbitmq.example.org", "amqp://rabbitmq.example.org")
    ]


def test_fields_of_all_messages_of_a_channel_and_of_their_headers() -> None:
    said = load(asyncapi, OLD)
    required = {one.name: one.required for one in only(DatasetField, said) if one.dataset.endswith("published")}
    assert required == {"guid": True, "title": False, "withdrawn": False}
    requested = [one.name for one in only(DatasetField, said) if one.dataset.endswith("requested")]
    assert requested == ["show", "show.id", "show.parent", "header:trace"]
    assert [one.finding for one in only(Finding, said)] == ["self-reference"]


def test_headers_come_from_traits_too() -> None:
    said = load(asyncapi, FIXTURES / "asyncapi" / "streetlights-kafka.yml")
    assert sum(one.name == "header:my-app-header" for one in only(DatasetField, said)) == 4


def test_a_reply_is_a_route_back() -> None:
    said = load(asyncapi, sample("asyncapi/adeo-kafka-request-reply-asyncapi.yml"), **ENDS)
    request, reply = only(Route, said)
    assert (request.from_, request.to) == (reply.to, reply.from_) == ("bus", "app")
    assert reply.after == (request.id,)
    # Avro is no JSON Schema.
    assert [one.finding for one in only(Finding, said)] == ["schema-format"] * 2
    assert rejects(said) == []


def test_the_registrys_own_names() -> None:
    said = load(
        asyncapi, OLD, **ENDS, dataset={"episode/published": "announcements"}, route={"announce": "r1"}, interface="bus-amqp"
    )
    assert routes(said)["r1"] == ("app", "bus", "announcements")
    assert [one.id for one in only(Interface, said)] == ["bus-amqp"]
    assert {one.interface for one in only(Route, said)} == {"bus-amqp"}


def test_an_external_reference_is_a_finding() -> None:
    text = "asyncapi: 3.0.0\ninfo: {title: X}\nchannels: {c: {messages: {m: {payload: {$ref: 'https://elsewhere.example/a.json'}}}}}\n"
    said = load_text(asyncapi, "x.yaml", text)
    assert [one.finding for one in only(Finding, said)] == ["outside-reference"]
    assert [one.id for one in only(Dataset, said)] == ["x/c"]
    assert rejects(said) == []


def test_an_unknown_version_is_read_as_far_as_it_is_understood() -> None:
    said = load_text(asyncapi, "x.yaml", "asyncapi: 9.0.0\ninfo: {title: X}\nchannels: {c: {address: c}}\n")
    assert [one.finding for one in only(Finding, said)] == ["unknown-version"]
    assert [one.id for one in only(Dataset, said)] == ["x/c"]


@pytest.mark.parametrize(
    "wrong",
    [
        "channels: 7", "channels: {c: 7}", "channels: {c: {messages: [1]}}", "servers: {s: 7, t: {host: 7}}", "operations: [x]",
        "channels: {c: {servers: [7, {}], messages: {m: {payload: 7, headers: 8, traits: 9}}}}", "info: []",
    ],
)  # fmt: skip
@pytest.mark.parametrize("version", ["2.6.0", "3.0.0"])
def test_wrong_parts_spoil_nothing_else(version: str, wrong: str) -> None:
    text = f"asyncapi: {version}\n{wrong}\n" + ("" if wrong.startswith("info") else "info: {title: X}\n")
    assert only(System, load_text(asyncapi, "x.yaml", text, **ENDS))
