"""Tunes the garbage collector for many rows that are never part of a cycle.

Rows are freed by their reference counts. Python's default settings still walk all of them
repeatedly: a third of the CPU time of a reserve, and pauses of a second with 200,000 live holds.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

from fancymonkey.free_memory import return_free_memory

YOUNG, MIDDLE, OLD = 20_000, 2, 1_250
"""The thresholds of the collector: new objects per young collection, then the next generation.

The old ones' turn comes after 50 million more objects than were freed.
"""


@contextmanager
def paused() -> Iterator[None]:
    """Pauses collection while modules are loaded: a sixth of the time of a start is for it."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def pause_collection() -> None:
    """Pauses collection while the stock is loaded, because all of it stays."""
    gc.disable()


def freeze_loaded_objects() -> None:
    """Excludes the loaded objects from collection, and resumes it for new ones."""
    gc.collect()
    return_free_memory()
    gc.freeze()
    gc.set_threshold(YOUNG, MIDDLE, OLD)
    gc.enable()
