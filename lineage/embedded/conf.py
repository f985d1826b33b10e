"""What the server is told: ``neo4j.conf``, the options of Java, and the class path."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import psutil

from lineage.embedded.home import Home

HOST = "127.0.0.1"
GIB = 1 << 30
MIB = 1 << 20

SETTINGS = """\
# Written by lineage at every start: changes made here are lost.

# A setting that this Neo4j does not know stops it, instead of being ignored.
server.config.strict_validation.enabled=true

# This machine only, with a password.
server.default_listen_address={host}
server.default_advertised_address={host}
dbms.security.auth_enabled=true
server.bolt.enabled=true
server.bolt.listen_address={host}:{bolt}
server.bolt.advertised_address={host}:{bolt}
server.http.enabled=true
server.http.listen_address={host}:{http}
server.http.advertised_address={host}:{http}
server.https.enabled=false
server.http.x_forward.enabled=false

# Nothing is reported to anyone, and no query with its parameters is copied into a log.
dbms.usage_report.enabled=false
server.fleet_discovery.enabled=false
dbms.fleet_manager.enabled=false
client.allow_telemetry=false
db.logs.query.enabled=OFF

# Bounded: memory, and the transaction logs that a server without backups does not need
# (their preallocation alone would take 512 MiB in an empty home).
server.memory.heap.initial_size={heap_initial}m
server.memory.heap.max_size={heap}m
server.memory.pagecache.size={page_cache}m
db.tx_log.preallocate=false
db.tx_log.rotation.retention_policy=100M size

# Otherwise every stop waits 10 seconds for requests that can no longer come.
internal.dbms.bolt.netty_server_shutdown_quiet_period_duration=0s
"""

# Parts of Java that Neo4j and Netty reach into; without them reading off-heap memory fails.
OPENED = ("java.nio", "java.io", "sun.nio.ch", "java.util.concurrent")
JAVA_OPTIONS = (
    *(f"--add-opens=java.base/{package}=ALL-UNNAMED" for package in OPENED),
    "--enable-native-access=ALL-UNNAMED",
    "-Dio.netty.tryReflectionSetAccessible=true",
)


def memory() -> tuple[int, int, int]:
    """Initial heap, largest heap and page cache in MiB, by what this machine has.

    The server takes of the page cache only what its store needs, so a small graph costs a large machine nothing.
    """
    total = psutil.virtual_memory().total
    return (512, 1024, 512) if total < 8 * GIB else (512, 2048, total // 4 // MIB)


def write_settings(home: Home, bolt_port: int, http_port: int) -> None:
    """Write ``conf/neo4j.conf`` for these ports."""
    heap_initial, heap, page_cache = memory()
    text = SETTINGS.format(
        host=HOST, bolt=bolt_port, http=http_port, heap_initial=heap_initial, heap=heap, page_cache=page_cache
    )
    (home.conf / "neo4j.conf").write_text(text, "utf-8")


def write_java_args(home: Home, class_path: Sequence[Path]) -> None:
    """Write ``conf/java.args``: a class path of 231 jars is too long for the command lines of some systems."""
    joined = os.pathsep.join(map(str, class_path)).replace("\\", "\\\\").replace('"', '\\"')
    home.java_args.write_text("\n".join((*JAVA_OPTIONS, "-cp", f'"{joined}"', "")), "utf-8")
