"""Onboarding: what is written for a new partner loads as it is and filled in, and holds what the graph knows."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from evidence import event
from harness import Run, Say, of_registry

from lineage.facts import Dataset, DatasetField, Fact, Interface, Partner, Reject, Route, Said, System, Team
from lineage.onboarding import Known, checklist, known, registry
from lineage.session import Lineage

HOSTILE = ("acme", "<script>", "../../etc/passwd", "two\nlines: [x]", "# no\u2028, yes", "no", "42", "- a: {b}", "é\x85'\"%&*!")


def filled_in(text: str) -> str:
    """Each line that waits to be filled in, read as it stands."""
    return re.sub(r"^( *)# ", r"\1", text, flags=re.MULTILINE)


def facts(said: list[Said]) -> dict[str, int]:
    assert [one for one in said if isinstance(one, Reject)] == []
    kinds = [type(one).__name__ for one in said if isinstance(one, Fact)]
    return {kind: kinds.count(kind) for kind in kinds}


@pytest.mark.parametrize("id_", HOSTILE)
def test_it_loads_as_it_is_and_filled_in(id_: str) -> None:
    text = "".join(registry(id_, Known({"partners": [{"id": id_}]})))
    assert facts(of_registry(text)) == {"Partner": 1}
    said = of_registry(filled_in(text))
    assert facts(said) == {
        "Partner": 1, "Contact": 2, "Team": 1, "System": 1, "Interface": 1, "Dataset": 1, "DatasetField": 1, "Route": 2,
    }  # fmt: skip
    assert next(one for one in said if isinstance(one, Partner)).id == id_.strip()
    # What is filled in is whole: check has nothing to ask for but what stands elsewhere.
    routes = [one for one in said if isinstance(one, Route)]
    assert all(
        route.owner and route.dataset and route.interface and route.schedule and route.acknowledgement for route in routes
    )
    assert routes[0].from_ == routes[1].to


def test_what_the_graph_knows_is_in_it(session: Lineage, say: Say) -> None:
    say(
        Partner(id="acme", name="Acme", zone="partner"),
        Team(id="ops", partner="acme"),
        System(id="cms", partner="acme", owner="ops"),
        Interface(id="in", system="cms", protocol="sftp"),
        Dataset(id="d", format="csv"),
        DatasetField(dataset="d", name="guid", required=True),
        Route.model_validate({"id": "r", "from": "cms", "to": "hub", "dataset": "d", "after": (), "deliver_within": "PT1H"}),
    )
    observed = event("e-1", "received", 5, by="ACME-archive", from_="hub", to="ACME-archive", item="episode:1")
    named = event("e-2", "received", 5, by="acme-x", from_="hub", to="acme-x", item="asset:1", route="R-9")
    say(observed, named, feed="handoffs", source="events", authority="observed", stream=True)
    what = known(session.ask, "acme", zone="middleware")
    text = "".join(registry("acme", what))
    assert what.rows["partners"] == [{"id": "acme", "name": "Acme", "zone": "middleware"}]
    assert {row["id"]: row.get("partner") for row in what.rows["systems"]} == {
        "cms": "acme",
        "ACME-archive": "acme",
        "acme-x": "acme",
    }
    routes = {row["id"]: row for row in what.rows["routes"]}
    assert routes["r"] == {"id": "r", "from": "cms", "to": "hub", "dataset": "d", "after": [], "deliver_within": "PT1H"}
    assert routes["hub-to-ACME-archive"] == {
        "id": "hub-to-ACME-archive", "from": "hub", "to": "ACME-archive", "item_kind": "episode",
    }  # fmt: skip
    assert routes["R-9"]["item_kind"] == "asset"
    assert what.rows["datasets"] == [{"id": "d", "format": "csv", "fields": [{"name": "guid", "required": True}]}]
    assert "## nobody declares it; evidence names its ends only, last at" in text
    loaded = of_registry(text)
    assert facts(loaded) == {"Partner": 1, "Team": 1, "System": 3, "Interface": 1, "Dataset": 1, "DatasetField": 1, "Route": 3}
    assert facts(of_registry(filled_in(text)))["Route"] == 5
    ticked = "".join(checklist("acme", what, {"id": "acme", "file": "acme.yaml"}))
    assert "- [x] On whose side does it stand" in ticked
    assert "- [ ] Which team answers for each?" in ticked, "one of its systems has no owner"

    # Declared under a name of its own, what evidence said by its ends is that route.
    say(*(one for one in loaded if isinstance(one, Fact)), source="acme.yaml")
    (exchange,) = [e for e in session.partner("acme").exchanges if e.to.system == "ACME-archive"]
    assert (exchange.route, exchange.declared, exchange.status.state) == ("hub-to-ACME-archive", True, "delivering")


def test_nothing_is_overwritten(demo: Lineage, run_cli: Run, tmp_path: Path) -> None:
    file, beside = tmp_path / "mirror.yaml", tmp_path / "mirror.md"
    beside.write_text("mine", "utf-8")
    ran = run_cli("onboard", "mirror", "--out", file)
    assert (ran.code, ran.out, file.exists()) == (5, "", False)
    assert "exists already" in ran.err
    beside.unlink()
    ran = run_cli("onboard", "mirror", "--name", "Mirror", "--zone", "partner", "--out", file)
    assert (ran.code, ran.out) == (0, f"{file}\n{beside}\n")
    assert "mirror-archive" in ran.err
    assert {one.id for one in of_registry(file.read_text("utf-8")) if isinstance(one, System)} == {"mirror-archive"}
    assert run_cli("onboard", "mirror", "--out", file).code == 5
    assert run_cli("onboard", "mirror", "--out", tmp_path / "list.md").code == 2
    assert run_cli("onboard", " ", "--out", tmp_path / "x.yaml").code == 2
