"""OpenAPI documents: interfaces, messages with their fields, webhooks; references that end or lead nowhere."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from reading import FIXTURES, check_good, check_hostile, files, load, load_text, only, rejects, sample

from lineage.facts import Dataset, DatasetField, Finding, Interface, Route, Said
from loaders.base import Document, Source
from loaders.csv_header import read as csv_header
from loaders.json_schema import read as json_schema
from loaders.openapi import read as openapi

SIGNAGE = FIXTURES / "openapi" / "signage.json"
FEEDS = {"openapi": openapi, "json-schema": json_schema, "csv-header": csv_header}
GOOD = [(feed, path) for name, feed in FEEDS.items() for path in files(name, feed)]
HOSTILE = [(feed, path) for name, feed in FEEDS.items() for path in files(f"hostile/{name}", feed)]


@pytest.mark.parametrize("feed, path", GOOD, ids=lambda one: getattr(one, "name", ""))
def test_the_good_ones_load(feed, path: Path) -> None:  # type: ignore[no-untyped-def]
    check_good(feed, path)


@pytest.mark.parametrize("feed, path", HOSTILE, ids=lambda one: getattr(one, "name", ""))
def test_the_hostile_ones_are_refused_in_words(feed, path: Path) -> None:  # type: ignore[no-untyped-def]
    check_hostile(feed, path)


def types(said: list[Said], dataset: str) -> dict[str, str | None]:
    return {one.name: one.type for one in only(DatasetField, said) if one.dataset == dataset}


def field(said: list[Said], key: str) -> DatasetField:
    return next(one for one in only(DatasetField, said) if one.key == key)


@pytest.mark.parametrize(
    "name, operations, datasets",
    [("spotify_ads_api/external-v3.openapi.yaml", 115, 132), ("spotify_web_api/fixed-spotify-open-api.yml", 97, 150)],
)
def test_real_documents_load_and_fast(name: str, operations: int, datasets: int) -> None:
    started = time.monotonic()
    said = load(openapi, sample(name))
    assert time.monotonic() - started < 20
    assert rejects(said) == []
    assert len(only(Interface, said)) == operations + 1
    assert len(only(Dataset, said)) == datasets
    assert len({one.key for one in only(DatasetField, said)}) == len(only(DatasetField, said))


def test_the_ads_api_says_what_its_reports_hold() -> None:
    said = load(openapi, sample("spotify_ads_api/external-v3.openapi.yaml"))
    assert field(said, "ads-api/AggregateReportResponse#rows.stats.field_value").type == "number"
    assert "AGENT_CONTROLLED" in field(said, "ads-api/CampaignResponse#status").enum
    assert field(said, "ads-api/CreateCampaignRequest#objective").required is True


def test_an_api_and_its_operations_are_interfaces() -> None:
    found = {one.id: one for one in only(Interface, load(openapi, SIGNAGE, system="signage"))}
    assert set(found) == {
        "signage-api",
        "signage-api/listPlaylists",
        "signage-api/createPlaylist",
        "signage-api/PUT /playlists/{id}",
    }
    assert {one.system for one in found.values()} == {"signage"}
    assert found["signage-api"].endpoint == "https://eu.signage.example/v2"
    assert found["signage-api/listPlaylists"].endpoint == "GET https://eu.signage.example/v2/playlists"
    assert found["signage-api/listPlaylists"].security == ("key",)
    assert found["signage-api/createPlaylist"].security == ("key + signature", "oauth(write, publish)")
    assert {one.contract for one in found.values()} == {"signage.json"}
    assert only(Interface, load(openapi, SIGNAGE, interface="signage-rest"))[1].id == "signage-rest/listPlaylists"


def test_messages_are_data_sets_with_a_direction() -> None:
    found = {one.id: one.direction for one in only(Dataset, load(openapi, SIGNAGE))}
    assert found == {
        "signage-api/listPlaylists.parameters": "accepted",
        "signage-api/Playlists": "sent",
        "signage-api/createPlaylist.parameters": "accepted",
        "signage-api/Playlist": "both",
        "signage-api/PlaylistChange": "accepted",
    }
    renamed = load(openapi, SIGNAGE, dataset={"Playlist": "playlists"})
    assert "playlists" in {one.id for one in only(Dataset, renamed)}


def test_fields_of_nested_alternative_and_endless_schemas() -> None:
    said = load(openapi, SIGNAGE)
    assert types(said, "signage-api/Playlist") == {
        "id": "string",
        "parent": "object",
        "status": "string",
        "labels": "object",
        "labels.*": "string",
        "items": "array<object>",
        "items.kind": "string",
        "items.seconds": "integer|number",
        "items.isrc": "string",
    }
    assert [one.finding for one in only(Finding, said)] == ["self-reference"]
    # Both alternatives require a kind, one of them seconds.
    assert field(said, "signage-api/Playlist#items.kind").required is True
    assert field(said, "signage-api/Playlist#items.seconds").required is False
    assert field(said, "signage-api/Playlist#items.kind").enum == ("spot", "track")
    # A list at the top.
    assert {"[]": "array<object>", "[].status": "string"}.items() <= types(said, "signage-api/Playlists").items()
    # What is read-only is no part of a request.
    assert types(said, "signage-api/PlaylistChange") == {"name": "string", "status": "string|null"}
    assert types(said, "signage-api/listPlaylists.parameters") == {"limit": "integer", "X-Tenant": "string"}


def test_version_2() -> None:
    said = load(openapi, FIXTURES / "openapi" / "swagger.yaml")
    assert [one.endpoint for one in only(Interface, said)] == [
        "https://approvals.example/api",
        "POST https://approvals.example/api/requests",
    ]
    assert {one.key: one.required for one in only(DatasetField, said)} == {
        "approval-workflow/submit.parameters#dry": False,
        "approval-workflow/Request#asset": True,
        "approval-workflow/Decision#approved": False,
    }


@pytest.mark.parametrize(
    "name, route, dataset",
    [
        ("webhook-example.yaml", "webhook-example/webhooks/newPet", "webhook-example/Pet"),
        ("callback-example.yaml", "callback-example/POST /streams/onData", "callback-example/POST /streams/onData.request"),
    ],
)
def test_webhooks_and_callbacks_go_from_the_api_to_who_subscribes(name: str, route: str, dataset: str) -> None:
    path = FIXTURES / "openapi" / name
    assert only(Route, load(openapi, path)) == []
    said = load(openapi, path, system="pets", subscriber="acme")
    (found,) = only(Route, said)
    assert (found.id, found.from_, found.to, found.dataset) == (route, "pets", "acme", dataset)
    assert {one.id: one.system for one in only(Interface, said)}[route] == "acme"
    assert {one.id: one.direction for one in only(Dataset, said)}[dataset] == "sent"


def test_a_webhooks_route_can_be_the_registrys_own() -> None:
    path = FIXTURES / "openapi" / "webhook-example.yaml"
    said = load(openapi, path, system="pets", subscriber="acme", route={"newPet": "pets-to-acme"})
    assert [one.id for one in only(Route, said)] == ["pets-to-acme"]


def test_a_contract_without_any_schema_is_a_fact() -> None:
    (interface,) = load_text(openapi, "bare.yaml", "openapi: 3.1.0\ninfo: {title: Bare}\n")
    assert isinstance(interface, Interface) and (interface.id, interface.contract) == ("bare", "bare.yaml")


def test_schemas_in_other_files_of_the_source(tmp_path: Path) -> None:
    (tmp_path / "schemas").mkdir()
    main = (
        "openapi: 3.0.0\ninfo: {title: Split}\npaths: {/a: {get: {operationId: a, responses: {200: {description: ok, content: "
    )
    main += "{application/json: {schema: {$ref: 'schemas/thing.yaml#/Thing'}}}}}}}}\n"
    (tmp_path / "api.yaml").write_text(main)
    (tmp_path / "schemas" / "thing.yaml").write_text(
        "Thing: {type: object, properties: {id: {type: string}, up: {$ref: '../api.yaml#/info/title'}, on: {$ref: '#/Other'}}}\n"
        "Other: {type: object, properties: {deep: {type: integer}}}\n"
    )
    names = ("api.yaml", "schemas/thing.yaml")
    documents = tuple(Document(name, tmp_path / name, alone=False) for name in names)
    said = list(openapi.read(Source("split", documents), openapi.settings()))
    assert types(said, "split/Thing") == {"id": "string", "up": None, "on": "object", "on.deep": "integer"}
    assert ["no mapping" in one.reason for one in rejects(said)] == [True]
    # By itself, the file refers to what is not there, which is no reason to open it.
    said = load(openapi, tmp_path / "api.yaml")
    assert [one.finding for one in only(Finding, said)] == ["outside-reference"]


def test_what_lies_outside_the_source_is_never_opened(tmp_path: Path) -> None:
    (tmp_path / "secret.yaml").write_text("Thing: {type: object, properties: {secret: {type: string}}}")
    for reference in ("../secret.yaml#/Thing", f"{tmp_path}/secret.yaml#/Thing", f"file://{tmp_path}/secret.yaml#/Thing"):
        text = "openapi: 3.0.0\ninfo: {title: Nosy}\npaths: {/a: {get: {responses: {200: {description: ok, content: "
        text += f"{{application/json: {{schema: {{$ref: '{reference}'}}}}}}}}}}}}}}}}\n"
        said = load_text(openapi, "sub/api.yaml", text)
        assert only(DatasetField, said) == []
        assert [one.finding for one in only(Finding, said)] == ["outside-reference"]


def test_schemas_that_double_at_every_level_end() -> None:
    lines = ["openapi: 3.0.0", "info: {title: Doubling}", "components:", "  schemas:"]
    lines += [
        f"    s{i}: {{properties: {{l: {{$ref: '#/components/schemas/s{i + 1}'}}, r: {{$ref: '#/components/schemas/s{i + 1}'}}}}}}"
        for i in range(40)
    ]
    lines += ["    s40: {type: string}", "paths:"]
    schema = "{type: object, properties: {x: {$ref: '#/components/schemas/s0'}}}"
    body = "{200: {description: ok, content: {application/json: {schema: " + schema + "}}}}"
    lines += [f"  /{i}: {{get: {{responses: {body}}}}}" for i in range(3)]
    started = time.monotonic()
    said = load_text(openapi, "doubling.yaml", "\n".join(lines))
    assert time.monotonic() - started < 20
    assert {one.finding for one in only(Finding, said)} == {"cut-off"}


def test_deep_schemas_end() -> None:
    deep = '{"properties": {"a": ' * 300 + "{}" + "}}" * 300
    said = load_text(json_schema, "deep.schema.json", deep)
    assert [one.finding for one in only(Finding, said)] == ["cut-off"]


@pytest.mark.parametrize("version", ["4.0.0", "1.2", "3.9"])
def test_an_unknown_version_is_read_as_far_as_it_is_understood(version: str) -> None:
    said = load_text(
        openapi, "x.yaml", f"openapi: '{version}'\ninfo: {{title: X}}\npaths: {{/a: {{get: {{responses: {{}}}}}}}}\n"
    )
    assert [one.finding for one in only(Finding, said)] == ["unknown-version"]
    assert [one.id for one in only(Interface, said)] == ["x", "x/GET /a"]


@pytest.mark.parametrize(
    "wrong",
    [
        "paths: 7", "paths: {/a: []}", "paths: {/a: {get: 7}}", "paths: {/a: {get: {parameters: x, responses: []}}}",
        "paths: {/a: {get: {parameters: [1, {name: 7, in: query}], responses: {200: null}}}}", "servers: [1, {url: 7}]",
        "security: [x, {a: 7}]", "webhooks: {a: {post: {requestBody: {content: 7}}}}", "info: 7",
        "paths: {/a: {get: {callbacks: {x: 7, y: {z: {post: {}}}}}}}",
    ],
)  # fmt: skip
def test_wrong_parts_spoil_nothing_else(wrong: str) -> None:
    text = f"openapi: 3.1.0\n{wrong}\n" + ("" if wrong.startswith("info") else "info: {title: X}\n")
    assert only(Interface, load_text(openapi, "x.yaml", text))


def test_a_json_schema_is_one_data_set() -> None:
    said = load(json_schema, FIXTURES / "json-schema" / "play-event.schema.json", direction="accepted")
    (dataset,) = only(Dataset, said)
    assert (dataset.id, dataset.contract, dataset.direction) == (
        "play-event",
        "https://acme.example/schemas/play-event",
        "accepted",
    )
    assert types(said, "play-event") == {
        "episode": "string", "at": "string", "seconds": "integer", "device": "object", "device.kind": "string|null",
        "device.on": "object", "quality": None,
    }  # fmt: skip
    assert field(said, "play-event#quality").enum == ("low", "high")


def test_a_csv_header_is_one_data_set() -> None:
    said = load(csv_header, FIXTURES / "csv-header" / "plays.csv", dataset="plays")
    assert [one.id for one in only(Dataset, said)] == ["plays"]
    assert list(types(said, "plays")) == ["Episode", "Day", "Country", "Plays"]
