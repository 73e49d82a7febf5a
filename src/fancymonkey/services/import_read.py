"""Reading a table that somebody sent, and planning what it would change, beside the event loop."""

import asyncio
import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from fancymonkey.engine.engine import Engine
from fancymonkey.errors import DataError
from fancymonkey.spreadsheets import csv_table, xlsx, xlsx_process
from fancymonkey.spreadsheets.columns import Record
from fancymonkey.spreadsheets.import_plan import CurrentStock, ImportOptions, ImportPlan, marks_of
from fancymonkey.spreadsheets.import_planner import Planner
from fancymonkey.spreadsheets.row_identity import with_known_keys
from fancymonkey.spreadsheets.stock_changes import stock_changes_since

Tell = Callable[[str, int, int], None]
"""Which step has come how far: done, of."""

TOLD_EVERY = 500
NO_JSON = (
    "This is JSON, and a table is taken: CSV or XLSX. A products.json goes into an empty folder, "
    "and `fancymonkey serve --data FOLDER` takes it in; `fancymonkey check FILE` says what will "
    "come of it."
)


@dataclass(frozen=True, slots=True)
class TableFile:
    """A file as it was read. A spreadsheet has the `sheet` that was read, and all `sheets`."""

    records: list[Record]
    sheet: str | None = None
    sheets: list[str] = field(default_factory=list)


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


async def read_table(data: bytes, tell: Tell, sheet: str | None = None) -> TableFile:
    """The lines of a file. Raises DataError, TooManyRows, WhichSheet."""
    tell("read", 0, 1)
    if not xlsx.is_spreadsheet(data):
        if sheet is not None:
            raise DataError("A sheet can be chosen in a spreadsheet (XLSX); this file is none.")
        rows = await asyncio.to_thread(lambda: csv_table.read(_text(data)))
        tell("read", len(rows), len(rows))
        return TableFile(await asyncio.to_thread(csv_table.records, rows))
    rows, name, names = [], "", []
    async for portion in xlsx_process.read(data, sheet):
        rows += portion.rows
        name, names = portion.sheet, portion.sheets
        tell("read", len(rows), portion.of)
    try:
        records = await asyncio.to_thread(csv_table.records, rows)
    except DataError as error:
        raise DataError(f"Sheet {name[:80]!r}: {error}" if len(names) > 1 else str(error)) from None
    return TableFile(records, name, names)


def _text(data: bytes) -> str:
    found = csv_table.decoded(data)
    if found.lstrip()[:1] in ("[", "{"):
        raise DataError(NO_JSON)
    return found


async def plan_table(
    engine: Engine,
    records: list[Record],
    options: ImportOptions,
    tell: Tell,
    base: list[Record] | None = None,
) -> ImportPlan:
    """What a table would change as things stand now. Raises DataError.

    `base` is the table as it was exported, where the file itself does not say so.
    """
    view, loop, count = engine.view, asyncio.get_running_loop(), len(records)
    stand = CurrentStock(dict(view.products), dict(view.items), dict(view.levels), view.revision)
    told = 0

    def progress(done: int) -> None:
        nonlocal told
        if done - told >= TOLD_EVERY:
            told = done
            loop.call_soon_threadsafe(tell, "check", done, count)

    tell("check", 0, count)
    records = await asyncio.to_thread(with_known_keys, records, stand)
    since = await asyncio.to_thread(marks_of, records, stand)
    said = await stock_changes_since(engine.store, since, stand.revision)
    planner = Planner(stand, options, said, base, progress=progress)
    plan = await asyncio.to_thread(planner.read, records)
    tell("check", count, count)
    return plan
