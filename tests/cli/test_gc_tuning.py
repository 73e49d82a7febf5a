"""Loaded objects are not collected again, and garbage in cycles is still freed."""

import gc
import weakref
from collections.abc import Iterator

import pytest

from fancymonkey import gc_tuning


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    thresholds = gc.get_threshold()
    gc.unfreeze()  # the tests themselves: see conftest.py
    yield
    gc.set_threshold(*thresholds)
    gc.enable()
    gc.freeze()


class CycleNode:
    itself: "CycleNode"


def cycle() -> weakref.ref[CycleNode]:
    node = CycleNode()
    node.itself = node
    return weakref.ref(node)


def test_nothing_is_collected_while_the_stock_is_loaded() -> None:
    assert gc.get_freeze_count() == 0
    gc_tuning.pause_collection()
    collected = cycle()
    rows = [[number] for number in range(100_000)]
    assert collected() is not None
    gc_tuning.freeze_loaded_objects()
    assert collected() is None
    assert gc.get_freeze_count() > len(rows)


@pytest.mark.slow
def test_cycles_that_come_later_are_collected() -> None:
    gc_tuning.pause_collection()
    gc_tuning.freeze_loaded_objects()
    collected = cycle()
    rows = [[number] for number in range(2 * gc_tuning.YOUNG)]
    assert collected() is None
    assert rows
