"""A run: facts in, graph out; rejects kept, unchanged input recognised, vanished declarations retired.

``ingest`` knows no feed. It is handed a stream of facts and rejects, batches it, and lets ``lineage.store`` write each
batch in one managed transaction. A batch that the server has no memory for is halved.
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO

from lineage.errors import ServerError, UsageError
from lineage.facts import Authority, Declared, Fact, Finding, HandoffEvent, Identifier, Reject, Said
from lineage.graph import BatchTooLarge, Graph, Transaction
from lineage.store import Counts, take_turn
from lineage.store.declared import retire, vanished, write_declared
from lineage.store.events import orphans, write_events
from lineage.store.items import write_names
from lineage.store.reading import Reading
from lineage.store.runs import close_run, live_assertions, open_run, previous_runs
from lineage.uncollected import uncollected
from lineage.wording import is_bare

DEFAULT_BATCH = 2000
"""Facts per transaction: a reader beside the load is not held up noticeably (measured in the design notes)."""
MAX_FINDINGS = 1000


@dataclass(frozen=True)
class Load:
    """What one load reads, as the feed's side describes it.

    ``sha256``: of the source's bytes; ``fingerprint``: of the settings and the product's version, which also decide what
    the same bytes mean; an empty ``sha256`` (a live API) is never recognised as unchanged. ``stream``: standard input, neither
    retired nor recognised as unchanged.
    """

    feed: str
    source: str
    authority: Authority
    sha256: str
    fingerprint: str
    stream: bool = False


@dataclass
class Report:
    """The result of a load; ``as_json`` is the command line's contract."""

    run: str
    feed: str
    source: str
    read: int = 0
    facts: int = 0
    created: int = 0
    changed: int = 0
    unchanged: int = 0
    rejected: int = 0
    retired: int = 0
    rejects_file: str | None = None
    findings: list[dict[str, str]] = field(default_factory=list)
    seconds: float = 0.0
    skipped: bool = False

    def as_json(self) -> dict[str, Any]:
        """The object that ``lineage load --format json`` prints."""
        return {
            "run": self.run,
            "feed": self.feed,
            "source": self.source,
            "read": self.read,
            "facts": self.facts,
            "created": self.created,
            "changed": self.changed,
            "unchanged": self.unchanged,
            "rejected": self.rejected,
            "retired": self.retired,
            "rejects_file": self.rejects_file,
            "findings": self.findings,
            "seconds": round(self.seconds, 3),
        }


@dataclass
class Taken:
    """What an offline build took from a source and wrote already: ``ingest`` writes the rest and reports both as one run.

    ``ends``: systems that its events name, with who named them first; ``bare``: keys of its replies without a handoff of their own.
    """

    facts: int = 0
    created: int = 0
    changed: int = 0
    unchanged: int = 0
    findings: list[dict[str, str]] = field(default_factory=list)
    ends: dict[str, str] = field(default_factory=dict)
    bare: list[tuple[str, str]] = field(default_factory=list)


class Rejects:
    """The rejects file of a run: JSON Lines, created with the first reject."""

    def __init__(self, path: Path, source: str) -> None:
        self.path, self.source, self.count = path, source, 0
        self._file: TextIO | None = None

    def add(self, reject: Reject) -> None:
        """Write one reject: {"source", "position", "reason", "hint", "record"}."""
        if self._file is None:
            try:
                self.path.parent.mkdir(parents=True, exist_ok=True)
                self._file = self.path.open("w", encoding="utf-8")
            except OSError as error:
                raise UsageError(
                    f"The rejects file {self.path} cannot be written: {error}.", hint="Name another with --rejects."
                ) from error
        self.count += 1
        line = {"source": self.source, **reject.model_dump(mode="json", include={"position", "reason", "hint"})}
        self._file.write(json.dumps({**line, "record": reject.record}, ensure_ascii=False, default=str) + "\n")

    def close(self) -> None:
        """Flush and close."""
        if self._file is not None:
            self._file.close()


@dataclass
class Written:
    """A source whose facts are in the graph while its run is still open: ``finish`` closes it.

    The two are apart because what a source names and nobody declares, another that is just being written may declare.
    ``reading``: None where the source was recognised as unchanged; ``bare``: keys of its replies without a handoff of their own.
    """

    report: Report
    graph: Graph
    reading: Reading | None = None
    bare: list[tuple[str, str]] = field(default_factory=list)

    def finish(self) -> Report:
        """Say what no source so far has declared or reported, and close the run. Raises ServerError."""
        if self.reading is None:
            return self.report  # recognised as unchanged: closed already
        clock = time.monotonic() - self.report.seconds
        status = "failed"
        try:
            found = [*_undeclared(self.graph, self.reading), *_orphans(self.graph, self.bare)]
            self.report.findings += found[: MAX_FINDINGS - len(self.report.findings)]
            status = "partial" if self.report.rejected else "complete"
        finally:
            _close(self.graph, self.report, clock, status)
        return self.report


def ingest(
    graph: Graph,
    load: Load,
    said: Iterable[Said],
    *,
    rejects: Path,
    batch_size: int = DEFAULT_BATCH,
    progress: Callable[[int], None] = lambda facts: None,
    taken: Taken | None = None,
) -> Report:
    """Write a stream of facts as one run; ``write`` and ``finish`` in one."""
    return write(graph, load, said, rejects=rejects, batch_size=batch_size, progress=progress, taken=taken).finish()


def write(
    graph: Graph,
    load: Load,
    said: Iterable[Said],
    *,
    rejects: Path,
    batch_size: int = DEFAULT_BATCH,
    progress: Callable[[int], None] = lambda facts: None,
    taken: Taken | None = None,
) -> Written:
    """Write a stream of facts as one run, which is left open.

    ``rejects``: where rejected rows go; ``progress`` is called with the number of facts written so far. ``taken``: what else the
    source says, if that is in the graph already; then this is the source's first read, and retires nothing. What was written
    before an error stays (a later run completes it); nothing is retired unless the read was complete. Raises ServerError.
    """
    graph.prepare()
    started, clock = datetime.now(UTC), time.monotonic()
    earlier = previous_runs(graph, load.feed, load.source)
    report = Report(run=f"run-{uuid.uuid4().hex[:12]}", feed=load.feed, source=load.source)
    same = None if taken or load.stream or not load.sha256 else _same_input(load, earlier)
    opened = {
        "id": report.run,
        "feed": load.feed,
        "source": load.source,
        "sha256": load.sha256,
        "fingerprint": load.fingerprint,
        "started": started,
    }
    if same is not None:
        report = replace(report, read=same["read"], facts=same["facts"], unchanged=same["facts"], skipped=True)
        graph.write(lambda tx: _record(tx, opened, report, clock, "complete"))
        return Written(report, graph)
    graph.write(lambda tx: open_run(tx, opened))
    first_read = taken or load.stream or not any(run["status"] == "complete" for run in earlier)
    reading = Reading(load.feed, load.source, load.authority, started, None if first_read else started)
    writer = _Writer(graph, reading, Reading("evidence", "evidence", "observed", started, None, replaces=False))
    kept = Rejects(rejects, load.source)
    written = Written(report, graph, reading)
    bare = written.bare
    if taken is not None:
        _take(report, reading, taken)
        bare += taken.bare
    whole = False
    try:
        for batch in _batches(_noting(said, report), kept, batch_size):
            report.facts += len(batch)
            _add(report, writer.write(batch))
            bare += [(e.source, e.id) for e in batch if isinstance(e, HandoffEvent) and is_bare(e)][: MAX_FINDINGS - len(bare)]
            progress(report.facts)
        if not kept.count and not load.stream and taken is None:
            report.retired = _retire(graph, reading, batch_size)
        whole = True
    finally:
        kept.close()
        report.rejected = kept.count
        report.read = report.facts + report.rejected
        report.rejects_file = str(kept.path) if kept.count else None
        report.seconds = time.monotonic() - clock
        if not whole:
            _close(graph, report, clock, "failed")
    return written


def _close(graph: Graph, report: Report, clock: float, status: str) -> None:
    report.seconds = time.monotonic() - clock
    try:
        graph.write(lambda tx: close_run(tx, report.run, _result(report, status)))
    except ServerError:
        # The error that ended the run is the one to show; the run stays "running", which is true of what is known.
        if status != "failed":
            raise


def _take(report: Report, reading: Reading, taken: Taken) -> None:
    report.facts += taken.facts
    _add(report, Counts(taken.created, taken.changed, taken.unchanged, taken.findings))
    reading.named["System"].update(taken.ends)


def _same_input(load: Load, earlier: list[dict[str, Any]]) -> dict[str, Any] | None:
    """The run that read the very same input last, if it read it completely: then there is nothing to write."""
    last = earlier[0] if earlier else None
    if last and last["status"] == "complete" and (last["sha256"], last["fingerprint"]) == (load.sha256, load.fingerprint):
        return last
    return None


def _record(tx: Transaction, opened: dict[str, Any], report: Report, clock: float, status: str) -> None:
    report.seconds = time.monotonic() - clock
    open_run(tx, opened)
    close_run(tx, report.run, _result(report, status))


def _result(report: Report, status: str) -> dict[str, Any]:
    return {
        "finished": datetime.now(UTC),
        "status": status,
        "findings": len(report.findings),
        **{
            name: getattr(report, name)
            for name in ("read", "facts", "created", "changed", "unchanged", "rejected", "retired", "rejects_file", "seconds")
        },
    }


def _add(report: Report, counts: Counts) -> None:
    report.created += counts.created
    report.changed += counts.changed
    report.unchanged += counts.unchanged
    report.findings += counts.findings[: MAX_FINDINGS - len(report.findings)]


def _noting(said: Iterable[Said], report: Report) -> Iterator[Fact | Reject]:
    """The same stream without its findings, which go to the report."""
    for one in said:
        if not isinstance(one, Finding):
            yield one
        elif len(report.findings) < MAX_FINDINGS:
            report.findings.append(one.model_dump(include={"finding", "subject", "detail", "position"}))


Batch = list[Declared | Identifier | HandoffEvent]


def _batches(said: Iterable[Fact | Reject], rejects: Rejects, size: int) -> Iterator[Batch]:
    batch: Batch = []
    for one in said:
        if isinstance(one, Reject):
            rejects.add(one)
            continue
        assert isinstance(one, Declared | Identifier | HandoffEvent)
        batch.append(one)
        if len(batch) >= size:
            yield batch
            batch = []
    if batch:
        yield batch


def _retire(graph: Graph, reading: Reading, size: int) -> int:
    gone = vanished(reading, live_assertions(graph, reading.feed, reading.source))
    for start in range(0, len(gone), size):

        def close(tx: Transaction, rows: list[dict[str, Any]] = gone[start : start + size]) -> int:
            take_turn(tx)
            return retire(tx, reading, rows)

        graph.write(close)
    return len(gone)


def _undeclared(graph: Graph, reading: Reading) -> list[dict[str, str]]:
    """Findings: ends that this source names and that nobody declares, in any source so far."""
    findings = []
    for label, named in sorted(reading.named.items()):
        rows = graph.read(
            f"UNWIND $ids AS id MATCH (n:{label} {{id: id}}) WHERE n.declared = false RETURN id ORDER BY id", ids=sorted(named)
        ).rows
        findings += [
            {
                "finding": "undeclared",
                "subject": f"{label}:{row['id']}",
                "detail": f"named by {named[row['id']]}, declared nowhere",
                "position": "",
            }
            for row in rows
        ]
    return findings


def _orphans(graph: Graph, bare: list[tuple[str, str]]) -> list[dict[str, str]]:
    """Findings: replies of this source to messages that nobody has reported, in any source so far."""
    return [
        {
            "finding": "orphan",
            "subject": f"{row['source']} {row['id']}",
            "detail": f"it answers {row['answers']}, which no evidence has mentioned so far; it waits for that",
            "position": row["position"] or "",
        }
        for row in orphans(graph, bare)
    ]


@dataclass
class _Writer:
    """Writes batches; what the readings remember is kept only of transactions that were committed."""

    graph: Graph
    reading: Reading
    observing: Reading

    def write(self, batch: Batch) -> Counts:
        try:
            with uncollected():
                counts = self.graph.write(lambda tx: self._write(tx, batch))
        except BatchTooLarge:
            if len(batch) < 2:
                raise ServerError(
                    "Neo4j has no memory for a transaction of one fact.", hint="Raise its heap or transaction memory limit."
                ) from None
            half = len(batch) // 2
            counts = self.write(batch[:half])
            counts.add(self.write(batch[half:]))
            return counts
        self.reading.keep()
        self.observing.keep()
        return counts

    def _write(self, tx: Transaction, batch: Batch) -> Counts:
        # The driver runs this again after a transient error: start from what is committed.
        self.reading.forget()
        self.observing.forget()
        take_turn(tx)
        counts = Counts()
        names = [(fact.item, fact.identifier) for fact in batch if isinstance(fact, Identifier)]
        if names:
            counts.add(write_names(tx, names))
        declared = [fact for fact in batch if isinstance(fact, Declared)]
        if declared:
            counts.add(write_declared(tx, self.reading, declared))
        events = [fact for fact in batch if isinstance(fact, HandoffEvent)]
        if events:
            counts.add(write_events(tx, self.observing, events))
            self.reading.name_ends(events)
        return counts
