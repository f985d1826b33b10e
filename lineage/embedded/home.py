"""The home directory of one embedded server: what lies where, and what we keep in it.

- ``conf/``: ``neo4j.conf`` and ``java.args``, written by us at every start
- ``data/``, ``logs/``: Neo4j's own; ``logs/console.log`` is what the process printed since its last start
- ``password``: the generated password, readable by its owner only
- ``version``: the Neo4j version that the store belongs to
- ``server.json``: the running process; absent when it was stopped cleanly
- ``lock``: held while a process starts or stops the server
"""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path

import platformdirs

from lineage.errors import ServerError

USER = "neo4j"


@dataclass(frozen=True)
class Record:
    """``server.json``: which process is ours.

    ``started_after_boot`` (seconds) tells it from a reused pid. It counts from the machine's start and not from 1970,
    because a process's time of day moves when the system clock is corrected, and then we would not know our own server.
    """

    pid: int
    started_after_boot: float
    bolt_port: int
    http_port: int
    version: str


@dataclass(frozen=True)
class Home:
    """The paths of a home directory. Making one does not touch the disk."""

    root: Path

    @property
    def conf(self) -> Path:
        """Our settings."""
        return self.root / "conf"

    @property
    def data(self) -> Path:
        """Neo4j's store."""
        return self.root / "data"

    @property
    def logs(self) -> Path:
        """All logs."""
        return self.root / "logs"

    @property
    def log(self) -> Path:
        """Neo4j's own log, which goes back furthest."""
        return self.logs / "neo4j.log"

    @property
    def console(self) -> Path:
        """What the process printed since its last start."""
        return self.logs / "console.log"

    @property
    def java_args(self) -> Path:
        """Java's options and the class path."""
        return self.conf / "java.args"

    @property
    def password_file(self) -> Path:
        """The generated password."""
        return self.root / "password"

    @property
    def version_file(self) -> Path:
        """The Neo4j version of the store."""
        return self.root / "version"

    @property
    def record_file(self) -> Path:
        """``server.json``."""
        return self.root / "server.json"

    @property
    def lock_file(self) -> Path:
        """Held while a process starts or stops the server."""
        return self.root / "lock"

    @property
    def has_store(self) -> bool:
        """Whether a server has run here: from then on the accounts live in the system database."""
        return (self.data / "databases" / "system").exists()

    def create(self) -> None:
        """Make the directories, closed to other users. Raises ServerError when that is impossible."""
        try:
            self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
            for directory in (self.conf, self.data, self.logs):
                directory.mkdir(exist_ok=True)
        except OSError as error:
            raise ServerError(
                f"Cannot use {self.root} as the server's home: {error}.",
                hint="Name another directory with --home or LINEAGE_HOME.",
            ) from error

    def read_record(self) -> Record | None:
        """The process last started here, or None; a damaged file counts as none."""
        try:
            return Record(**json.loads(self.record_file.read_text("utf-8")))
        except (OSError, ValueError, TypeError):
            return None

    def write_record(self, record: Record) -> None:
        """Replace ``server.json`` in one step, so that no reader sees half of it."""
        fresh = self.record_file.with_suffix(".new")
        fresh.write_text(json.dumps(asdict(record)), "utf-8")
        fresh.replace(self.record_file)

    def read_password(self) -> str:
        """The password, or an empty string when the file is missing or empty."""
        try:
            return self.password_file.read_text("ascii").strip()
        except FileNotFoundError:
            return ""

    def new_password(self) -> str:
        """Generate the password and keep it in a file that only its owner can read."""
        password = secrets.token_hex(16)  # letters and digits only: nothing that a command line reads specially
        self.password_file.unlink(missing_ok=True)
        descriptor = os.open(self.password_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as out:
            out.write(password)
        return password

    def claim_version(self, version: str) -> None:
        """Note that the store belongs to ``version``; raises ServerError when it belongs to another one.

        Neo4j would upgrade an older store by itself, which cannot be undone, and cannot open a newer one.
        """
        try:
            theirs = self.version_file.read_text("utf-8").strip()
        except FileNotFoundError:
            theirs = ""
        if self.has_store and theirs != version:
            raise ServerError(
                f"The store in {self.root} belongs to Neo4j {theirs or '(unknown version)'}; this release runs Neo4j "
                f"{version}. Nothing was changed.",
                hint="Use the release of lineage that made it, or load into another home (--home or LINEAGE_HOME). If "
                f"its Neo4j is the older one: copy the directory as a backup, write {version} into "
                f"{self.version_file}, and Neo4j upgrades the store at the next start.",
            )
        if theirs != version:
            self.version_file.write_text(version, "utf-8")


def resolve(home: Path | str | None) -> Home:
    """The home that was named, else ``LINEAGE_HOME``, else the user's data directory for lineage."""
    named = home or os.environ.get("LINEAGE_HOME")
    root = Path(named).expanduser() if named else platformdirs.user_data_path("lineage")
    return Home(root.resolve())
