"""What the feeds make of the real samples: ``python -m tests.samples [FOLDER]``.

Reads every file of the sample collection (by default ``../shared/samples``) with the feed that it is for, and prints one line a file:
facts, rejects, findings; below it the reason of each reject and finding. A feed that raises, or says nothing at all, is marked
and makes the exit code 1.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

from lineage.facts import Finding, Reject, Said
from lineage.loading import find_feed, settings_for
from loaders.sources import open_source

SAMPLES = Path(__file__).parents[2] / "shared" / "samples"
NONE = "(none)"

FEEDS: tuple[tuple[str, str], ...] = (
    ("*/SOURCES.md", NONE),
    ("*openapi.yaml", "openapi"),
    ("spotify_web_api/*.yml", "openapi"),
    ("*.schema.json", "json-schema"),
    ("bi_metabase/exposures.yml", NONE),
    ("podcast_prefixes/*", NONE),
    ("soundtrack/*.graphql", NONE),
    ("spotify_web_api/*[eE]pisode*", "spotify-catalog"),
    ("spotify_web_api/*Show*", "spotify-catalog"),
    ("spotify_web_api/*", "spotify-playlists"),
    ("ads_txt/*", "supply-chain"),
    ("as2_mdn/*", "as2-mdn"),
    ("asyncapi/*", "asyncapi"),
    ("bi_metabase/*", "metabase"),
    ("bi_tableau/*", "tableau"),
    ("cloud_notifications/*", "s3-events"),
    ("cloudevents/*", "cloudevents"),
    ("dbt/*", "dbt"),
    ("ddex_*/*", "ddex"),
    ("edifact_ack/*", "edifact-ack"),
    ("odcs/*", "odcs"),
    ("odps/*", "odcs"),
    ("openapi/*", "openapi"),
    ("openlineage/*", "openlineage"),
    ("openrtb/*", "supply-chain"),
    ("podcast_rss/*", "podcast"),
    ("podping/*", "podping"),
    ("sellers_json/*", "supply-chain"),
    ("soundtrack/*", "stores"),
    ("spotify_ads_api/*", "ads"),
    ("vast/*", "vast"),
    ("webhooks/*", "webhooks"),
    ("x12_ack/*", "x12-ack"),
    ("xferlog/*", "xferlog"),
)
"""Which feed reads which file of the collection, the first that fits; `NONE` for those that are no feed's."""


def feed_of(name: str) -> str | None:
    """The feed that reads a file of the collection; None where this list does not know it."""
    return next((feed for pattern, feed in FEEDS if fnmatch(name, pattern)), None)


def said_of(feed: str, path: Path) -> Iterator[Said]:
    """All that the feed says of a file."""
    found = find_feed(feed)
    with tempfile.TemporaryDirectory() as scratch:
        source = open_source(str(path), accepts=found.accepts, scratch=Path(scratch))
        yield from found.read(source, settings_for(found, {}))


def line(name: str, feed: str, said: list[Said]) -> str:
    """The counts, and below them what was rejected and found, alike ones once."""
    rejects = [one for one in said if isinstance(one, Reject)]
    findings = [one for one in said if isinstance(one, Finding)]
    reasons = [f"reject: {one.reason}: {one.hint}" for one in rejects]
    reasons += [f"finding: {one.finding}: {one.detail}" for one in findings]
    counts = f"{len(said) - len(reasons):5} facts {len(rejects):3} rejects {len(findings):3} findings"
    alike = [f"    {count} x {why}" for why, count in Counter(reasons).items()]
    return "\n".join([f"{name:75} {feed:17} {counts}", *alike])


def main(folder: Path) -> int:
    """Print a line a file; the number of files that a feed did not bear, or that no line of `FEEDS` names."""
    bad = 0
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        name = path.relative_to(folder).as_posix()
        feed = feed_of(name)
        if feed == NONE:
            continue
        try:
            said = list(said_of(feed, path)) if feed else []
        except Exception as error:
            print(f"{name}: {feed} raised {error!r}")
            bad += 1
            continue
        bad += not said
        print(line(name, feed, said) if feed and said else f"{name}: {feed or 'no feed'} says nothing of it")
    return bad


if __name__ == "__main__":
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("folder", nargs="?", type=Path, default=SAMPLES)
    sys.exit(main(options.parse_args().folder) > 0)
