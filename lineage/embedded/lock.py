"""The locked list of jars: which files make up the server, and the checksum of each.

``jars.lock`` has one line per jar, ``groupId:artifactId:version[:classifier] sha256 size``, sorted. It is the class
path, so resolving dependencies is never left to the user's machine. ``relock.py`` writes it.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files

SERVER = ("org.neo4j.app", "neo4j-server")


@dataclass(frozen=True)
class Jar:
    """One jar of the class path. ``size`` is in bytes, ``sha256`` is hexadecimal."""

    group: str
    artifact: str
    version: str
    classifier: str
    sha256: str
    size: int

    @property
    def coordinates(self) -> str:
        """``groupId:artifactId:version[:classifier]``."""
        return ":".join(filter(None, (self.group, self.artifact, self.version, self.classifier)))

    @property
    def path(self) -> str:
        """Where a Maven repository keeps it, with forward slashes."""
        name = "-".join(filter(None, (self.artifact, self.version, self.classifier)))
        return f"{self.group.replace('.', '/')}/{self.artifact}/{self.version}/{name}.jar"


def parse(text: str) -> tuple[Jar, ...]:
    """Read the lines of a lock file; raises ValueError on a malformed line."""
    jars = []
    for line in text.splitlines():
        coordinates, sha256, size = line.split()
        group, artifact, version, *classifier = coordinates.split(":")
        jars.append(Jar(group, artifact, version, "".join(classifier), sha256, int(size)))
    return tuple(jars)


def render(jars: tuple[Jar, ...]) -> str:
    """The text of a lock file, sorted so that a change of versions is a readable diff."""
    return "".join(sorted(f"{jar.coordinates} {jar.sha256} {jar.size}\n" for jar in jars))


def locked() -> tuple[Jar, ...]:
    """The jars this release of the package runs."""
    return parse(files(__package__).joinpath("jars.lock").read_text("utf-8"))


def neo4j_version(jars: tuple[Jar, ...]) -> str:
    """The version of Neo4j in a list of jars, for example ``2026.09.0``."""
    return next(jar.version for jar in jars if (jar.group, jar.artifact) == SERVER)
