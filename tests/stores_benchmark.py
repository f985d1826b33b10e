"""What loading and checking many stores costs, and whether the check is right: ``python -m tests.stores_benchmark [--stores 100000]``.

Writes the tables of made-up chains (seeded), in which one store in a hundred breaks a rule and the truth is known; loads them; asks
``compliance``; and compares. The graph must be empty, so it runs on a home of its own (``--home DIR``; by default a new one).
"""

from __future__ import annotations

import argparse
import csv
import random
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import lineage
from lineage.answers.compliance_results import RULES

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
COUNTRIES = ("DE", "AT", "SE", "NO", "FR", "ES", "GB", "NL")
STORES_OF_A_CHAIN = 2000
IN_TRANSIT = 10
"""One store in so many was activated lately, and its activation and its update are on their way or arrived."""

REGISTRY = """
partners:
  - {id: spotify, name: Spotify, zone: spotify, contacts: [{name: Business desk, email: desk@spotify.example}]}
  - {id: relay, name: Relay, zone: middleware, contacts: [{name: Relay operations, email: noc@relay.example}]}
  - {id: players, name: Players, zone: partner, contacts: [{name: Player support, email: help@players.example}]}
systems:
  - {id: spotify-business, partner: spotify}
  - {id: relay-stores, partner: relay}
  - {id: player-cloud, partner: players}
routes:
  - {id: out, from: spotify-business, to: player-cloud, item_kind: activation, after: [], deliver_within: PT1H,
     acknowledgement: http, acknowledge_within: PT1H}
  - {id: back-in, from: player-cloud, to: relay-stores, item_kind: store, after: [], deliver_within: PT1H}
  - {id: back-on, from: relay-stores, to: spotify-business, item_kind: store, deliver_within: PT2H}
"""


@dataclass
class Tables:
    """The rows of each table, and which rules which store breaks."""

    rows: dict[str, list[dict[str, object]]] = field(default_factory=dict)
    truth: dict[str, set[str]] = field(default_factory=dict)

    def add(self, table: str, **row: object) -> None:
        self.rows.setdefault(table, []).append(row)


def _day(draw: random.Random, first: str, days: int) -> str:
    return (datetime.fromisoformat(first) + timedelta(days=draw.randrange(days))).date().isoformat()


def make(stores: int, seed: int) -> Tables:
    """The tables of so many stores."""
    draw, tables = random.Random(seed), Tables()
    chains = max(1, stores // STORES_OF_A_CHAIN)
    for chain in range(chains):
        for country in COUNTRIES[:-1]:
            about = {
                "licence": f"{chain}-{country}",
                "licensor": "society",
                "licensee": f"chain-{chain}",
                "territories": country,
            }
            ended = country == COUNTRIES[-2]
            tables.add(
                "licences",
                **about,
                uses="PlayInPublic",
                valid_from="2024-01-01",
                valid_to="2026-06-30" if ended else "2027-12-31",
            )
    for number in range(stores):
        _store(draw, tables, number, f"chain-{number % chains}", draw.choice(tuple(RULES)) if number % 100 == 37 else None)
    return tables


def _store(draw: random.Random, tables: Tables, number: int, chain: str, rule: str | None) -> None:
    store, on = f"{number:07}", _day(draw, "2024-02-01", 700)
    if rule:
        tables.truth[f"store:{store}"] = {rule}
    country = {"no-licence": COUNTRIES[-1], "licence-lapsed": COUNTRIES[-2]}.get(rule or "", draw.choice(COUNTRIES[:-2]))
    tables.add(
        "locations", store=store, name=f"Store {number}", part_of=chain, territory=country, use="PlayInPublic",
        origin="player-cloud", eligibility="no" if rule == "not-eligible" else "yes",
    )  # fmt: skip
    state = draw.choice(("paused", "cancelled", "expired")) if rule == "not-subscribed" else "active"
    tables.add("subscriptions", store=store, status=state, since=_day(draw, "2026-08-01", 60) if state != "active" else on)
    off = rule == "deactivated-playing"
    new = number % IN_TRANSIT == 0 or rule in {"activation-not-confirmed", "update-not-returned"}
    sent = NOW - timedelta(days=draw.randrange(2, 20), minutes=draw.randrange(600))
    times = {
        "sent": sent.isoformat(),
        "confirmed": "" if rule == "activation-not-confirmed" else (sent + timedelta(minutes=5)).isoformat(),
    }
    since = _day(draw, "2026-10-01", 40) if off else on
    tables.add(
        "activations",
        store=store,
        state="off" if off else "on",
        since=since,
        **(times if new else {"sent": "", "confirmed": ""}),
    )
    if new:
        ends = [("player-cloud", "sent", "back-in", 0), ("relay-stores", "received", "back-in", 1)]
        if rule != "update-not-returned":
            ends += [("relay-stores", "sent", "back-on", 2), ("spotify-business", "received", "back-on", 3)]
        for source, type_, route, minutes in ends:
            about = {
                "id": f"{store}-{route}-{type_}",
                "source": source,
                "type": type_,
                "subject": f"store:{store}",
                "route": route,
            }
            tables.add("updates", **about, time=(sent + timedelta(hours=1, minutes=minutes)).isoformat())
    tables.add("heartbeats", store=store, seen=(NOW - timedelta(minutes=draw.randrange(1, 600))).isoformat())


SETTINGS: dict[str, dict[str, object]] = {
    "locations": {},
    "subscriptions": {"column": {"subscription": "status", "subscription_since": "since"}},
    "activations": {
        "column": {
            "activation": "state",
            "activation_since": "since",
            "activation_sent_at": "sent",
            "activation_confirmed_at": "confirmed",
        },
        "constant": {"sender": "spotify-business", "receiver": "player-cloud"},
    },
    "heartbeats": {"column": {"heard_at": "seen"}},
    "licences": {},
}


def write(tables: Tables, folder: Path) -> Iterator[tuple[str, Path, dict[str, object]]]:
    """Write the tables as CSV files; yields each with its feed and settings, as a load needs them."""
    (folder / "partners.yaml").write_text(REGISTRY, encoding="utf-8")
    yield "partners", folder / "partners.yaml", {}
    for name, rows in tables.rows.items():
        path = folder / f"{name}.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            out = csv.DictWriter(file, list(rows[0]))
            out.writeheader()
            out.writerows(rows)
        yield ("handoffs" if name == "updates" else "stores"), path, SETTINGS.get(name, {})


def main() -> None:
    """Make, load, ask, compare and print."""
    options = argparse.ArgumentParser()
    options.add_argument("--stores", type=int, default=100_000)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--home")
    given = options.parse_args()
    tables = make(given.stores, given.seed)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        session = stack.enter_context(lineage.connect(home=given.home or folder / "home"))
        facts, begun = 0, time.perf_counter()
        for feed, path, settings in write(tables, folder):
            report = session.load(feed, path, settings=settings)
            facts += report.facts
            print(f"load {path.stem:14} {report.facts:8} facts {report.rejected:3} rejects {report.seconds:8.1f} s", flush=True)
        print(f"load in all         {facts:8} facts             {time.perf_counter() - begun:8.1f} s")
        for what, every in (("compliance", False), ("compliance", False), ("compliance --all", True)):
            begun = time.perf_counter()
            answer = session.compliance(as_of=NOW, every=every)
            print(f"{what:17}   {answer.checked:8} stores            {time.perf_counter() - begun:8.1f} s", flush=True)
        begun = time.perf_counter()
        session.compliance(as_of=NOW, store="store:0000037")
        print(f"compliance --store  {1:8} store             {time.perf_counter() - begun:8.1f} s")
    found = {row.store.id: {one.rule for one in row.violations} for row in answer.stores if row.violations}
    print(f"right {sum(found.get(store) == rules for store, rules in tables.truth.items())} of {len(tables.truth)}; "
          f"wrong {sum(store not in tables.truth for store in found)}")  # fmt: skip
    for rule, count in sorted(Counter(rule for rules in tables.truth.values() for rule in rules).items()):
        print(f"  {rule:26} {count:6} true, {sum(rule in rules for rules in found.values()):6} listed")


if __name__ == "__main__":
    main()
