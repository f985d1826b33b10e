"""Impact in process, with the whole map in memory: the fastest that it can be where nothing has to be asked for."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterable


def networkx_impact(edges: Iterable[tuple[str, str]]) -> Callable[[str], dict[str, int]]:
    """Distances from a node, by networkx."""
    import networkx

    graph = networkx.DiGraph(edges)
    return lambda start: dict(networkx.single_source_shortest_path_length(graph, start, cutoff=30))


def rustworkx_impact(edges: Iterable[tuple[str, str]]) -> Callable[[str], dict[str, int]]:
    """Distances from a node, by rustworkx."""
    import rustworkx

    graph: rustworkx.PyDiGraph[str, None] = rustworkx.PyDiGraph()
    places: dict[str, int] = {}
    for pair in edges:
        for name in pair:
            if name not in places:
                places[name] = graph.add_node(name)
        graph.add_edge(places[pair[0]], places[pair[1]], None)

    def impact(start: str) -> dict[str, int]:
        lengths = rustworkx.digraph_dijkstra_shortest_path_lengths(graph, places[start], lambda _: 1.0)
        return {graph[place]: int(length) for place, length in lengths.items()}

    return impact


LIBRARIES = {"networkx": networkx_impact, "rustworkx": rustworkx_impact}


def installed() -> dict[str, Callable[[Iterable[tuple[str, str]]], Callable[[str], dict[str, int]]]]:
    """Those of the libraries that are installed."""
    return {name: make for name, make in LIBRARIES.items() if importlib.util.find_spec(name)}
