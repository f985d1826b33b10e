"""docker-compose.yml, as far as it can be checked without a Docker engine."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from harness import ROOT

from lineage.embedded.conf import SETTINGS
from lineage.embedded.lock import locked, neo4j_version


@pytest.fixture(scope="module")
def service() -> dict[str, Any]:
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))
    assert compose["services"]["neo4j"]["volumes"] == ["data:/data"]
    assert "data" in compose["volumes"]
    return compose["services"]["neo4j"]


def test_it_runs_the_version_that_lineage_up_runs(service: dict[str, Any]) -> None:
    assert service["image"] == f"neo4j:{neo4j_version(locked())}-community"


def test_ports_are_on_the_loopback_address_only(service: dict[str, Any]) -> None:
    assert {port.rpartition(":")[2] for port in service["ports"]} == {"7474", "7687"}
    assert all(port.startswith("127.0.0.1:") for port in service["ports"])


def test_no_password_is_written_down_and_none_is_assumed(service: dict[str, Any]) -> None:
    assert service["environment"]["NEO4J_AUTH"].startswith("neo4j/${NEO4J_PASSWORD:?")


def test_the_same_is_switched_off_as_in_the_embedded_server(service: dict[str, Any]) -> None:
    ours = dict(line.split("=", 1) for line in SETTINGS.splitlines() if "=" in line)
    off = {name: value for name, value in ours.items() if value in {"false", "OFF"} and not name.startswith("db.tx_log")}
    off.pop("server.https.enabled")  # off by default in the image, and not a matter of reporting
    given = {name: value for name, value in service["environment"].items() if name != "NEO4J_AUTH"}
    assert given == {"NEO4J_" + name.replace("_", "__").replace(".", "_"): value for name, value in off.items()}


def test_it_says_when_it_is_ready(service: dict[str, Any]) -> None:
    assert "http://localhost:7474" in service["healthcheck"]["test"]
