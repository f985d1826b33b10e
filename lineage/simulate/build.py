"""Building the network of a simulation: its size follows the number of items, its habits the seed."""

from __future__ import annotations

import math
from random import Random

from lineage.simulate.network import HOUR, MINUTE, SECOND, Network, Partner, Route, System

# fmt: off
NAMES = (
    "harbour", "tidewater", "northwind", "soundgrid", "birchwood", "tonewave", "larkspur", "meadowlark",
    "redwood", "stonebridge", "bluefin", "copperfield", "dunmore", "eastgate", "fairlight", "glasshouse",
    "highmoor", "ironwood", "juniper", "kestrel", "lowland", "marigold", "nightjar", "oakhurst", "pinecrest",
    "quarry", "riverbend", "saltmarsh", "thornbury", "umbra", "vantage", "westerly", "yarrow", "zephyr",
    "ashdown", "brightwater", "cloudberry", "driftwood",
)
# fmt: on
MIDDLEWARE = ("relay", "meridian", "crosswire")
SHARES = {"episode": 0.25, "asset": 0.2, "report": 0.2, "playlist": 0.13, "licence": 0.12, "store": 0.1}
ACKNOWLEDGEMENTS = ("http", "http", "http", "mdn", "functional", "functional", "none")
ACKNOWLEDGE_WITHIN = {"http": 10 * MINUTE, "mdn": HOUR, "functional": 4 * HOUR, "none": 0}
RETRIES = (
    (MINUTE, 5 * MINUTE, 30 * MINUTE, 2 * HOUR),
    (5 * MINUTE, 15 * MINUTE, HOUR, 4 * HOUR),
    (30 * SECOND, 2 * MINUTE, 10 * MINUTE),
    (15 * MINUTE, HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR),
)


def build(items: int, random: Random) -> Network:
    """A network for this many items: about 20 systems for 50 of them, 65 for 20,000, 100 for a million."""
    return _Builder(items, random).network()


class _Builder:
    def __init__(self, items: int, random: Random) -> None:
        self._scale = math.log10(max(items, 50) / 50)
        self._random = random
        self._partners = {"spotify": Partner("spotify", "Spotify", "spotify", "platform")}
        self._systems: list[System] = []
        self._routes: list[Route] = []
        self._origins: dict[str, list[System]] = {kind: [] for kind in SHARES}

    def network(self) -> Network:
        self._episodes()
        self._ads()
        self._players()
        origins = {kind: self._weighted(systems) for kind, systems in self._origins.items()}
        network = Network(self._partners, self._systems, self._routes, origins, SHARES)
        network.link()
        return network

    def _weighted(self, systems: list[System]) -> list[tuple[System, float]]:
        # Traffic in the wild is skewed: few senders make most of it.
        order = systems[:]
        self._random.shuffle(order)
        return [(system, 1 / (rank + 1)) for rank, system in enumerate(order)]

    def _episodes(self) -> None:
        relays = self._many("relay", 1, 0.4, "middleware", "distribution")
        ingests = [self._spotify("episode-ingest", "ingestion") for _ in range(1)]
        catalogue = self._spotify("catalogue", "catalogue")
        search = self._spotify("search-index", "search")
        hosts = self._many("host", 2, 0.8, "partner", "podcast-host")
        for number, host in enumerate(hosts):
            self._route(host, relays[number % len(relays)], "show-feed", "episode")
        for number, studio in enumerate(self._many("cms", 3, 2.0, "partner", "cms")):
            # Some studios leave out the host; none sends an item two ways to the same system.
            direct = number % 4 == 3
            receiver = relays[number % len(relays)] if direct else hosts[number % len(hosts)]
            self._route(studio, receiver, "episode-master", "episode", starts=True)
            self._origins["episode"].append(studio)
        for relay in relays:
            self._route(relay, ingests[0], "show-feed", "episode")
        self._route(ingests[0], catalogue, "show-feed", "episode", publishes=True)
        self._route(catalogue, search, "catalogue-entry", "episode")
        for number, directory in enumerate(self._many("directory", 2, 1.2, "partner", "directory")):
            # A directory hears from every relay or from one; an item comes through one relay only.
            for relay in relays if number % 2 == 0 else relays[:1]:
                self._route(relay, directory, "directory-entry", "episode", listed=number % 3 == 1, leaf=True)

    def _ads(self) -> None:
        exchanges = self._many("ad-exchange", 1, 0.4, "middleware", "ad-trafficking")
        manager = self._spotify("ads-manager", "ads")
        server = self._spotify("ad-server", "ads")
        for number, agency in enumerate(self._many("agency", 3, 1.6, "partner", "agency")):
            receiver = manager if number % 4 == 3 else exchanges[number % len(exchanges)]
            self._route(agency, receiver, "ad-creative", "asset", starts=True)
            self._origins["asset"].append(agency)
        for exchange in exchanges:
            self._route(exchange, manager, "ad-creative", "asset")
        self._route(manager, server, "ad-creative", "asset", publishes=True)
        for number, verifier in enumerate(self._many("verifier", 2, 0.8, "partner", "verification")):
            self._route(server, verifier, "ad-delivery", "asset", listed=number % 2 == 0, leaf=True)

    def _players(self) -> None:
        gateways = self._many("gateway", 2, 0.5, "middleware", "gateway")
        publisher = self._spotify("playlist-publisher", "publishing")
        licensing = self._spotify("licensing", "rights")
        analytics = self._spotify("analytics", "reporting")
        royalties = self._spotify("royalties", "reporting")
        self._origins["playlist"].append(publisher)
        self._origins["licence"].append(licensing)
        for gateway in gateways:
            self._route(publisher, gateway, "playlist-snapshot", "playlist", starts=True)
            self._route(licensing, gateway, "activation", "licence", starts=True, listed=True)
            self._route(gateway, licensing, "store-state", "store")
            self._route(gateway, analytics, "usage-report", "report")
        for number, player in enumerate(self._many("player", 5, 4.5, "partner", "player")):
            gateway = gateways[number % len(gateways)]
            if number < len(gateways) or self._random.random() < 0.7:
                self._route(gateway, player, "playlist-snapshot", "playlist", listed=number % 4 != 0, leaf=True)
            if number < len(gateways) or self._random.random() < 0.65:
                # Half of them get their licences through another gateway than their playlists.
                other = gateways[(number + number // len(gateways) % 2) % len(gateways)]
                self._route(other, player, "activation", "licence", listed=True, leaf=True)
                self._route(player, gateway, "store-state", "store", starts=True)
                self._origins["store"].append(player)
            if number < len(gateways) or self._random.random() < 0.8:
                self._route(player, gateway, "usage-report", "report", starts=True)
                self._origins["report"].append(player)
        self._route(analytics, royalties, "usage-report", "report", publishes=True)
        for label in self._many("label", 2, 0.8, "partner", "rights-holder"):
            self._route(royalties, label, "royalty-statement", "report", listed=True, leaf=True)

    def _many(self, role: str, fewest: int, per_decade: float, zone: str, kind: str) -> list[System]:
        return [self._system(role, zone, kind, number) for number in range(round(fewest + per_decade * self._scale))]

    def _spotify(self, role: str, kind: str) -> System:
        return self._add(f"spotify-{role}", f"Spotify {role.replace('-', ' ')}", "spotify", "spotify", kind)

    def _system(self, role: str, zone: str, kind: str, number: int) -> System:
        if zone == "middleware":
            name = MIDDLEWARE[number % len(MIDDLEWARE)]
        else:
            # Partners run several systems: a player's owner may have a studio as well.
            name = NAMES[(number + {"cms": 3, "host": 20, "directory": 9, "agency": 15}.get(role, 0)) % len(NAMES)]
        if name not in self._partners:
            self._partners[name] = Partner(name, name.capitalize(), zone, "middleware" if zone == "middleware" else kind)
        system_id = f"{name}-{role}"
        if any(system.id == system_id for system in self._systems):
            system_id = f"{system_id}-{number + 1}"
        return self._add(system_id, f"{name.capitalize()} {role.replace('-', ' ')}", name, zone, kind)

    def _add(self, system_id: str, name: str, partner: str, zone: str, kind: str) -> System:
        random = self._random
        # Most clocks are right to seconds, some off by up to ten minutes.
        skew = random.uniform(-3, 3) * SECOND if random.random() < 0.7 else random.uniform(-10, 10) * MINUTE
        system = System(
            index=len(self._systems),
            id=system_id,
            name=name,
            partner=partner,
            zone=zone,
            kind=kind,
            skew=int(skew),
            names_route=random.random() < 0.7,
            logs_queue=random.random() < 0.5,
            logs_attempts=random.random() < 0.5,
            preparation=int(math.exp(random.uniform(math.log(5), math.log(300))) * SECOND),
        )
        self._systems.append(system)
        return system

    def _route(
        self,
        sender: System,
        receiver: System,
        dataset: str,
        kind: str,
        *,
        starts: bool = False,
        listed: bool = False,
        leaf: bool = False,
        publishes: bool = False,
    ) -> None:
        random = self._random
        acknowledgement = random.choice(ACKNOWLEDGEMENTS)
        without_deadline = leaf and random.random() < 0.12
        if leaf and acknowledgement == "none" and not without_deadline and random.random() < 0.8:
            # Nobody agrees on a deadline where nobody could ever tell whether it was kept; a few do.
            acknowledgement = "http"
        within = random.choice((2, 3, 4, 6, 6, 8, 12)) * HOUR
        if acknowledgement == "functional":
            within = max(within, 6 * HOUR)
        batch = random.random() < 0.2
        self._routes.append(
            Route(
                index=len(self._routes),
                id=f"{sender.id}-to-{receiver.id}-{kind}",
                sender=sender,
                receiver=receiver,
                dataset=dataset,
                kind=kind,
                starts=starts,
                explicit_after=not starts and random.random() < 0.3,
                listed=listed,
                deliver_within=None if without_deadline else within,
                acknowledgement=acknowledgement,
                acknowledge_within=ACKNOWLEDGE_WITHIN[acknowledgement],
                batch=batch,
                transit=random.randint(100, 4000) if acknowledgement == "http" else random.randint(1, 60) * SECOND,
                retries=random.choice(RETRIES),
                same_message=random.random() < 0.35,
                resends=random.choice((0, 0, 0, 1, 2)) if acknowledgement != "none" else 0,
                retries_refusals=random.random() < 0.7,
                retries_rejections=random.random() < 0.3,
                times_out=acknowledgement == "http" and random.random() < 0.5,
                receiver_logs=acknowledgement != "none" and random.random() < 0.35,
                reply_at_receiver=acknowledgement == "functional" and random.random() < 0.6,
                bare_reply=acknowledgement == "functional" and random.random() < 0.3,
                publishes=publishes,
            )
        )
