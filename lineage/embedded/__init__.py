"""The embedded Neo4j: a real Neo4j Community server in a process of its own, without Docker or a system Java."""

from lineage.embedded.server import Running, Status, down, status, stopped, up

__all__ = ["Running", "Status", "down", "status", "stopped", "up"]
