"""Events of one run add up: what one of them names, the states in all others speak of, too.

A start may name the inputs and its completion the outputs; a failure often names neither. So each run's data sets and states are
remembered, and every pair is told as soon as both halves are there: the same pairs in any order of events.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field

from loaders._openlineage import Data, Event, State, made_from, picked_up, written
from loaders.base import Said

_MAX_RUNS = 50_000
"""Runs remembered, those that were heard of last: memory does not grow with the log, and events of one run stand close."""


@dataclass(slots=True)
class _Run:
    states: dict[tuple[str | None, ...], State] = field(default_factory=dict)
    inputs: dict[str, Data] = field(default_factory=dict)
    outputs: dict[str, Data] = field(default_factory=dict)


class Runs:
    """What was heard of runs so far."""

    def __init__(self) -> None:
        self._runs: OrderedDict[str, _Run] = OrderedDict()

    def add(self, event: Event) -> Iterator[Said]:
        """What this event says together with earlier ones of its run."""
        state = event.state
        if state is None:
            return
        run = self._runs.setdefault(state.run, _Run())
        self._runs.move_to_end(state.run)
        if len(self._runs) > _MAX_RUNS:
            self._runs.popitem(last=False)
        inputs, outputs = ({data.place.id: data for data in some} for some in (event.inputs, event.outputs))
        yield from made_from(event.inputs, run.outputs.values(), state.job, event.position)
        yield from made_from(run.inputs.values(), event.outputs, state.job, event.position)
        yield from written(state, (data for id_, data in run.outputs.items() if id_ not in outputs))
        yield from picked_up(state, (data for id_, data in run.inputs.items() if id_ not in inputs))
        for earlier in run.states.values():
            yield from written(earlier, (data for id_, data in outputs.items() if id_ not in run.outputs))
            yield from picked_up(earlier, (data for id_, data in inputs.items() if id_ not in run.inputs))
        run.states[state.word, state.written, state.detail] = state
        run.inputs |= {id_: data._replace(value={}) for id_, data in inputs.items()}
        run.outputs |= {id_: data._replace(value={}) for id_, data in outputs.items()}
