"""Caches the overview, so that polling it is cheap."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, TypeVar

from fancymonkey.core.model import Row
from fancymonkey.engine.demand.sales_history import SalesHistory
from fancymonkey.engine.engine import Engine

MAX_AGE = 15_000
"""The time for which data from the store is reused, in ms."""

PAUSE = 500
"""Rows between two pauses for other tasks."""

T = TypeVar("T")
R = TypeVar("R", bound=Row)


class OverviewCache:
    """Sales by hour, and results that may be a few seconds old."""

    def __init__(self, engine: Engine) -> None:
        self.sales = SalesHistory(engine)
        self._engine = engine
        self._known: dict[str, tuple[int, Any]] = {}

    async def cached(self, name: str, read: Callable[[], Awaitable[T]]) -> T:
        """Returns the recent result of `read`, or calls it."""
        now = self._engine.clock()
        at, result = self._known.get(name, (-MAX_AGE, None))
        if not 0 <= now - at < MAX_AGE:
            result = await read()
            self._known[name] = (now, result)
        value: T = result
        return value


async def paused(engine: Engine, kind: type[R]) -> AsyncIterator[R]:
    """Reads every row of a kind, with pauses for other tasks."""
    number = 0
    async for row in engine.store.scan(kind):
        yield row
        number += 1
        if not number % PAUSE:
            await asyncio.sleep(0)
