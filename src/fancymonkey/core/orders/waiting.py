"""Orders that wait for units: a queue for each SKU and location, the earliest payment first."""

import json
from collections.abc import Iterator
from dataclasses import replace

from fancymonkey.core.documents.document import Document
from fancymonkey.core.model import Level, Reservation
from fancymonkey.core.orders.rows import Order
from fancymonkey.core.orders.units import units_at, with_units
from fancymonkey.core.state import Key, State

FOLDER = "waiting_orders"
"""The folder of the queues: each has the ids of its orders as a JSON array."""

LevelKey = tuple[str, str]
"""A SKU and a location: the key of a level."""


def queue_key(level_key: LevelKey) -> Key:
    """The row of the queue for a SKU at a location."""
    sku, location = level_key
    return Document, (FOLDER, f"{location} {sku}")


def needs_waiting(level_key: LevelKey, state: State) -> Iterator[Key]:
    """The rows that `fill_backorders` and `cancel_backorders` read, in addition to the level."""
    level = state.get(Level, level_key)
    if level is None or not level.backordered:
        return
    yield queue_key(level_key)
    for id_ in _ids(state, level_key):
        yield Order, id_
        yield Reservation, id_


def wait_for(state: State, level_key: LevelKey, order_id: str) -> None:
    """Puts an order at the end of the queue."""
    _write(state, level_key, [*_ids(state, level_key), order_id])


def serve(state: State, level_key: LevelKey, units: int) -> list[tuple[Order, int]]:
    """Gives units that came in to the orders that wait for them. Returns each with its units.

    The units of the level that no order waits for were paid before orders were recorded: they come
    first, and are in no row of the answer.
    """
    waiting = _waiting(state, level_key)
    queued = sum(units_at(order, level_key).backordered for order in waiting)
    left = units - max(0, state.level(*level_key).backordered - queued)
    served = []
    for order in waiting:
        count = min(left, units_at(order, level_key).backordered)
        if count > 0:
            served.append((_fewer(state, order, level_key, count, cancelled=0), count))
            left -= count
    _tidy(state, level_key)
    return served


def stop_waiting(state: State, level_key: LevelKey, units: int, order_id: str | None) -> None:
    """Cancels units that an order waits for; without an order, those of the latest ones."""
    waiting = _waiting(state, level_key)
    queued = sum(units_at(order, level_key).backordered for order in waiting)
    if order_id is None:  # units of no order first
        units -= max(0, state.level(*level_key).backordered - queued)
    for order in reversed(waiting):
        count = min(units, units_at(order, level_key).backordered)
        if count > 0 and order_id in (None, order.order_id):
            _fewer(state, order, level_key, count, cancelled=count)
            units -= count
    _tidy(state, level_key)


def _fewer(state: State, order: Order, level_key: LevelKey, count: int, cancelled: int) -> Order:
    units = units_at(order, level_key)
    changed = replace(
        units, backordered=units.backordered - count, cancelled=units.cancelled + cancelled
    )
    after = with_units(replace(order, revision=state.revision + 1), changed)
    state.put(after)
    return after


def _ids(state: State, level_key: LevelKey) -> list[str]:
    kind, key = queue_key(level_key)
    queue = state.get(kind, key)
    return json.loads(queue.body) if isinstance(queue, Document) and queue.body else []


def _waiting(state: State, level_key: LevelKey) -> list[Order]:
    orders = (state.get(Order, id_) for id_ in _ids(state, level_key))
    return [order for order in orders if order and units_at(order, level_key).backordered]


def _tidy(state: State, level_key: LevelKey) -> None:
    before, ids = _ids(state, level_key), [order.order_id for order in _waiting(state, level_key)]
    if ids != before:
        _write(state, level_key, ids)


def _write(state: State, level_key: LevelKey, ids: list[str]) -> None:
    kind, key = queue_key(level_key)
    before = state.get(kind, key)
    version = before.version + 1 if isinstance(before, Document) else 1
    folder, name = FOLDER, f"{level_key[1]} {level_key[0]}"
    state.put(Document(folder, name, version, state.now, json.dumps(ids) if ids else ""))
