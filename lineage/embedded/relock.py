"""Write ``jars.lock`` anew: ``python -m lineage.embedded.relock`` (maintainers only; needs Maven on the PATH).

Change the versions below, run it, commit the new ``jars.lock``. Maven resolves the dependencies into an empty
repository of its own, so the checksums are those of the published files and not of whatever a local cache holds.
The list holds the native libraries of all platforms, so it is the same whoever runs it.
"""

from __future__ import annotations

import hashlib
import re
import subprocess
import tempfile
from pathlib import Path

from lineage.embedded.lock import Jar, render

WANTED = (
    ("org.neo4j.app", "neo4j-server", "2026.09.0"),
    ("org.neo4j", "neo4j", "2026.09.0"),
    ("org.neo4j.client", "neo4j-browser", "5.24.0"),
)

# group:artifact:jar[:classifier]:version:scope:/absolute/path.jar, perhaps with a remark on Java modules after it
LISTED = re.compile(r"^\s+([^:\s]+):([^:\s]+):jar:(?:([^:\s]+):)?([^:\s]+):(?:compile|runtime):(\S.*?\.jar)(?: -- .*)?$")


def _pom() -> str:
    wanted = "".join(
        f"<dependency><groupId>{group}</groupId><artifactId>{artifact}</artifactId><version>{version}</version></dependency>"
        for group, artifact, version in WANTED
    )
    return (
        '<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>'
        "<groupId>lineage</groupId><artifactId>embedded</artifactId><version>1</version>"
        f"<dependencies>{wanted}</dependencies></project>"
    )


def resolve() -> tuple[Jar, ...]:
    """Let Maven resolve the runtime dependencies; raises CalledProcessError when it fails."""
    with tempfile.TemporaryDirectory() as temporary:
        work = Path(temporary)
        (work / "pom.xml").write_text(_pom(), "utf-8")
        subprocess.run(
            ["mvn", "-B", "-q", "dependency:list", "-DincludeScope=runtime", "-DoutputFile=list.txt",
             "-DoutputAbsoluteArtifactFilename=true", f"-Dmaven.repo.local={work / 'repository'}"],
            cwd=work, check=True,
        )  # fmt: skip
        # Maven colours its remarks even in a file.
        text = re.sub(r"\x1b\[[0-9;]*m", "", (work / "list.txt").read_text("utf-8"))
        return tuple(_jar(match) for line in text.splitlines() if (match := LISTED.match(line)))


def _jar(match: re.Match[str]) -> Jar:
    group, artifact, classifier, version, path = match.groups()
    content = Path(path).read_bytes()
    return Jar(group, artifact, version, classifier or "", hashlib.sha256(content).hexdigest(), len(content))


if __name__ == "__main__":
    jars = resolve()
    Path(__file__).with_name("jars.lock").write_text(render(jars), "utf-8")
    print(f"{len(jars)} jars, {sum(jar.size for jar in jars):,} bytes")
