"""Reading a table that somebody sent, and planning what it would change, beside the event loop."""

import asyncio
import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from fancymonkey.engine.engine import Engine
from fancymonkey.errors import DataError
from fancymonkey.tables import child, spreadsheet, text
from fancymonkey.tables.columns import Record
from fancymonkey.tables.plan import Plan, Stand, Wish, marks_of
from fancymonkey.tables.planner import Planner
from fancymonkey.tables.said import said_since
from fancymonkey.web.http import Problem

Tell = Callable[[str, int, int], None]
"""Which step has come how far: done, of."""

TOLD_EVERY = 500


@contextmanager
def steady() -> Iterator[None]:
    """A time without the collector of cycles.

    A table is a million small objects without a cycle; each look through all of them, and through
    the whole shop besides, would stop everybody for longer than reading a portion takes.
    """
    on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if on:
            gc.enable()


async def read_table(data: bytes, tell: Tell) -> list[Record]:
    """The lines of a file. Raises Problem 400, 422."""
    tell("read", 0, 1)
    try:
        if spreadsheet.is_spreadsheet(data):
            rows: list[text.Row] = []
            async for total, portion in child.read(data):
                rows += portion
                tell("read", len(rows), total)
        else:
            rows = await asyncio.to_thread(lambda: text.read(text.decoded(data)))
            tell("read", len(rows), len(rows))
        return await asyncio.to_thread(text.records, rows)
    except text.TooManyRows as error:
        raise Problem(422, "too_many_rows", str(error)) from None
    except DataError as error:
        raise Problem(400, "bad_table", str(error)) from None


async def plan_table(engine: Engine, records: list[Record], wish: Wish, tell: Tell) -> Plan:
    """What a table would change as things stand now. Raises Problem 400."""
    view, loop, count = engine.view, asyncio.get_running_loop(), len(records)
    stand = Stand(dict(view.products), dict(view.items), dict(view.levels), view.revision)
    told = 0

    def progress(done: int) -> None:
        nonlocal told
        if done - told >= TOLD_EVERY:
            told = done
            loop.call_soon_threadsafe(tell, "check", done, count)

    tell("check", 0, count)
    since = await asyncio.to_thread(marks_of, records, stand)
    try:
        said = await said_since(engine.store, since, stand.revision)
    except DataError as error:
        raise Problem(400, "bad_table", str(error)) from None
    planner = Planner(stand, wish, said, progress=progress)
    plan = await asyncio.to_thread(planner.read, records)
    tell("check", count, count)
    return plan
