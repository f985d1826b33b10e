"""From one OpenLineage event to facts, whatever it came in (a file, a request): ``event_facts`` is a pure function.

The names: a job is the System ``<namespace>/<name>``, a data set goes by ``loaders._database_tables.place_of``.

A run is an item, ``run:<runId>``, that starts at its job, and these are its handoffs:

* to the scheduler, the namespace of the job: how the run ended. A run that reads and writes nothing has this one alone.
* to the storage, the namespace of each output: the data set was written.
* from the storage of each input to the job: picked up, once the run is complete. A run that failed may not have read it.

==============  ==============================  ====================================
eventType       to storage                      to the scheduler
==============  ==============================  ====================================
START, RUNNING  queued: the job has it in hand  queued
COMPLETE        published                       received
FAIL, ABORT     failed, as the job says it      failed
OTHER, none     unknown                         unknown
==============  ==============================  ====================================

START is not ``sent``: the job has begun, nothing has left it. So a run whose end nobody reports is open at its job. All are the
job's own words; that the data set stands where it should is the storage's answer to it, so COMPLETE secures the handoff (custody:
a receipt counts, whoever recorded it). The evidence of an event has an id made of run, eventType, eventTime and data set, so that
the order of events cannot show, a repetition is none, and the same event with other content is a conflict.

Source: OpenLineage 2-0-2 (spec/OpenLineage.json, spec/OpenLineage.md "Run State Update").
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any, NamedTuple

from pydantic import Field

from lineage.facts import Derivation, Finding, HandoffEvent, Item, System
from loaders._database_tables import Place, place_of
from loaders._logs import time_said
from loaders._openlineage_facets import dataset_facts, explicit_lineage, owner_of
from loaders._shapes import inside, listed, mapping, text
from loaders.base import Reject, Said, Settings, UnusableError, make, shown

_STORAGE = {"START": "queued", "RUNNING": "queued", "COMPLETE": "published", "FAIL": "failed", "ABORT": "failed"}
_SCHEDULER = {**_STORAGE, "COMPLETE": "received"}
_MAX_DETAIL = 500


class OpenLineageSettings(Settings):
    """Which namespaces are which of the operator's systems, and who is who."""

    system: dict[str, str] = Field(default_factory=dict, description="a namespace, of jobs or data sets: your system's id")
    server: dict[str, str] = Field(
        default_factory=dict,
        description="a namespace of tables: what to put in front of their ids (nothing: it is a database under a name of its own)",
    )
    team: dict[str, str] = Field(default_factory=dict, description="an owner's name: your team's id")


class Data(NamedTuple):
    """A data set that an event names, the system that stores it, and what the event says of it."""

    place: Place
    storage: str
    namespace: str
    value: dict[str, Any]


class State(NamedTuple):
    """What one event says of a run. ``word``: its eventType in capitals, as evidence ids have it."""

    run: str
    job: str
    scheduler: str
    word: str
    written: str
    time: datetime | None
    offset: str | None
    detail: str | None
    position: str


class Event(NamedTuple):
    """One event, read. ``state``: None for a JobEvent and a DatasetEvent; ``job``: None for the latter, which is ``about`` a data set."""

    value: dict[str, Any]
    position: str
    job: str | None
    state: State | None
    inputs: tuple[Data, ...]
    outputs: tuple[Data, ...]
    about: Data | None
    odd: tuple[Finding | Reject, ...]


def event_facts(value: Any, position: str, settings: OpenLineageSettings | None = None) -> Iterator[Said]:
    """The facts of one RunEvent, JobEvent or DatasetEvent; a reject where it is none."""
    settings = settings or OpenLineageSettings()
    try:
        event = read_event(value, position, settings)
    except UnusableError as bad:
        yield Reject(position=position, reason=str(bad), hint=bad.hint, record=shown(value))
        return
    yield from facts_of(event, settings)


def read_event(value: Any, position: str, settings: OpenLineageSettings) -> Event:
    """What an event is about. Raises UnusableError."""
    if not isinstance(value, dict):
        raise UnusableError("not an event: a JSON object is needed", "give OpenLineage events as JSON objects")
    if not {"run", "job", "dataset"} & value.keys():
        hint = "give whole events, as a transport writes them; a facet alone does not say whose it is"
        raise UnusableError("no OpenLineage event: it has neither run, job nor dataset", hint)
    odd: list[Finding | Reject] = list(_missing(value, position))
    job = _named(value.get("job"), "the job") if "job" in value or "run" in value else None
    state = None
    if job is not None and "run" in value:
        state = _state(value, job, position, odd, settings)
    sets = {side: tuple(_datasets(value.get(side), f"{position} {side}", odd, settings)) for side in ("inputs", "outputs")}
    about = (
        next(iter(_datasets([value["dataset"]], f"{position} dataset", odd, settings)), None) if "dataset" in value else None
    )
    return Event(value, position, _joined(*job) if job else None, state, sets["inputs"], sets["outputs"], about, tuple(odd))


def _named(value: Any, what: str) -> tuple[str, str]:
    namespace, name = text(inside(value, "namespace")), text(inside(value, "name"))
    if namespace is None or name is None:
        raise UnusableError(f"{what} has no namespace or no name", f"send both: they are what {what} goes by")
    return namespace, name


def _joined(namespace: str, name: str) -> str:
    return f"{namespace.rstrip('/')}/{name}"


def _state(
    value: dict[str, Any], job: tuple[str, str], position: str, odd: list[Finding | Reject], settings: OpenLineageSettings
) -> State:
    run = text(inside(value, "run", "runId"))
    if run is None:
        raise UnusableError("a run without runId: which run this is cannot be told", "send run.runId (a UUID)")
    (moment, offset), fault = time_said(value.get("eventTime"), None, position)
    if fault is not None:
        odd.append(fault)
    elif moment is not None and offset is None:
        odd.append(_finding(position, "no-timezone", "its eventTime has no offset and counts as UTC"))
    said = text(inside(value, "run", "facets", "errorMessage", "message"))
    return State(
        run=run,
        job=_joined(*job),
        scheduler=settings.system.get(job[0], job[0]),
        word=(text(value.get("eventType")) or "").upper(),
        written=str(value.get("eventTime") or ""),
        time=moment,
        offset=offset,
        detail=said[:_MAX_DETAIL] if said else None,
        position=position,
    )


def _missing(value: dict[str, Any], position: str) -> Iterator[Finding]:
    """What an event should have and was read without."""
    if "run" in value and not value.get("eventTime"):
        yield _finding(position, "no-time", "it has no eventTime: its evidence is undated")
    if "run" in value and not text(value.get("eventType")):
        yield _finding(position, "no-event-type", "it has no eventType: the run's state is not known from it")
    if not text(value.get("schemaURL")):
        yield _finding(position, "no-schema-url", "it has no schemaURL: it was read as version 2-0-2")


def _finding(position: str, kind: str, detail: str) -> Finding:
    return Finding(position=position, finding=kind, subject="event", detail=detail)


def _datasets(value: Any, where: str, odd: list[Finding | Reject], settings: OpenLineageSettings) -> Iterator[Data]:
    for index, one in enumerate(listed(value)):
        try:
            namespace, name = _named(one, "a data set")
        except UnusableError as bad:
            odd.append(Reject(position=f"{where}/{index}", reason=str(bad), hint=bad.hint, record=shown(one)))
            continue
        place = place_of(namespace, name, settings.server)
        yield Data(place, settings.system.get(namespace, namespace), namespace, one)


def facts_of(event: Event, settings: OpenLineageSettings) -> Iterator[Said]:
    """All that one event says by itself; what it says together with others of its run, ``loaders._openlineage_runs`` adds."""
    yield from event.odd
    value, position = event.value, event.position
    if event.job is not None:
        owner = owner_of(inside(value, "job", "facets", "ownership"), settings.team)
        yield from owner.facts(position)
        name = inside(value, "job", "name")
        yield make(System, position, name, id=event.job, name=name, kind="job", owner=owner.team)
    for data in (*event.inputs, *event.outputs, *filter(None, (event.about,))):
        yield from dataset_facts(data.value, data.place, position, event.job, settings.server, settings.team)
        source = text(inside(data.value, "facets", "dataSource", "name"))
        if source is not None and data.namespace not in settings.system:
            yield make(System, position, source, id=data.storage, name=source)
    for holder in ("job", "run"):
        yield from explicit_lineage(inside(value, holder, "facets", "lineage"), position, event.job, settings.server)
    if event.job is not None:
        yield from made_from(event.inputs, event.outputs, event.job, position)
    if event.state is not None:
        yield from _run_facts(event, event.state)


def made_from(inputs: Iterable[Data], outputs: Iterable[Data], job: str, position: str) -> Iterator[Said]:
    """Each output is made from each input: an event knows no better, unless its facets do."""
    outputs = list(outputs)
    for start in inputs:
        for end in outputs:
            if start.place.id != end.place.id:
                ends = {"from_label": "Dataset", "from": start.place.id, "to_label": "Dataset", "to": end.place.id}
                yield make(Derivation, position, None, by=job, **ends)


def _run_facts(event: Event, state: State) -> Iterator[Said]:
    run = mapping(event.value.get("run"))
    parent = text(inside(run, "facets", "parent", "run", "runId"))
    item = {"id": f"run:{state.run}", "name": f"{state.job} {state.run}", "origin": state.job}
    if parent is not None and parent != state.run:
        item["part_of"] = f"run:{parent}"
    yield make(Item, event.position, run, **item)
    yield _evidence(state, "run", _SCHEDULER, state.job, state.scheduler, None)
    yield from written(state, event.outputs)
    yield from picked_up(state, event.inputs)


def written(state: State, outputs: Iterable[Data]) -> Iterator[Said]:
    """What a state of a run says of the data sets that it writes."""
    for data in outputs:
        yield _evidence(state, f"out:{data.place.id}", _STORAGE, state.job, data.storage, data.place.id)


def picked_up(state: State, inputs: Iterable[Data]) -> Iterator[Said]:
    """What a state of a run says of the data sets that it reads."""
    for data in inputs if state.word == "COMPLETE" else ():
        yield _evidence(state, f"in:{data.place.id}", {"COMPLETE": "picked_up"}, data.storage, state.job, data.place.id)


def _evidence(state: State, end: str, types: dict[str, str], start: str, to: str, dataset: str | None) -> Said:
    kind = types.get(state.word, "unknown")
    return make(
        HandoffEvent,
        state.position,
        state.run,
        id=f"{state.run}:{state.word}:{state.written}:{end}",
        source=f"urn:lineage:system:{state.job}",
        type=kind,
        raw_type=state.word or None,
        time=state.time,
        offset=state.offset,
        item=f"run:{state.run}",
        dataset=dataset,
        message_id=state.run,
        code=state.word if kind == "failed" else None,
        detail=state.detail,
        **{"from": start, "to": to},
    )
