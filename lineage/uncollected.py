"""Work on many objects without the cyclic garbage collector, whose walks over them take a fifth to a third of the time."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def uncollected() -> Iterator[None]:
    """Without it; it looks at what was made meanwhile as soon as it is back. Other threads of the process are without it too."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
