"""Reads an uploaded table and plans its changes, in threads and processes beside the event loop."""

import asyncio
import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from fancymonkey.engine.engine import Engine
from fancymonkey.errors import DataError
from fancymonkey.spreadsheets.imports.current_stock import CurrentStock
from fancymonkey.spreadsheets.imports.import_plan import ImportOptions, ImportPlan, marks_of
from fancymonkey.spreadsheets.imports.import_planner import Planner
from fancymonkey.spreadsheets.imports.row_identity import with_known_keys
from fancymonkey.spreadsheets.imports.row_location import RowLocations
from fancymonkey.spreadsheets.imports.shopify import is_shopify, read_shopify, shopify_records
from fancymonkey.spreadsheets.imports.stock_changes import stock_changes_since
from fancymonkey.spreadsheets.table import csv_table, xlsx, xlsx_process
from fancymonkey.spreadsheets.table.columns import Record

OnProgress = Callable[[str, int, int], None]
"""Receives the progress: the step, how many rows are done, and of how many."""

REPORT_EVERY = 500
"""Rows after which the progress is reported."""

NO_JSON = (
    "This file is JSON; an import takes a table in CSV or XLSX. To take over a products.json, put "
    "it into an empty folder and run `fancymonkey serve --data FOLDER`; `fancymonkey check FILE` "
    "shows the result first."
)


@dataclass(frozen=True, slots=True)
class TableFile:
    """The content of a file. A spreadsheet has the `sheet` that was read, and all `sheets`."""

    records: list[Record]
    sheet: str | None = None
    sheets: list[str] = field(default_factory=list)


@contextmanager
def steady() -> Iterator[None]:
    """Switches the cyclic garbage collector off inside the block.

    A table is a million small objects without a cycle. Each collection would scan all of them and
    the whole shop, and stop the service for longer than reading a portion takes.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


async def read_table(data: bytes, on_progress: OnProgress, sheet: str | None = None) -> TableFile:
    """The lines of a file. Raises DataError, TooManyRows, WhichSheet."""
    on_progress("read", 0, 1)
    if not xlsx.is_spreadsheet(data):
        if sheet is not None:
            raise DataError("Only a spreadsheet (XLSX) has sheets, and this file is not one.")
        rows = await asyncio.to_thread(lambda: csv_table.read(_text(data)))
        on_progress("read", len(rows), len(rows))
        return TableFile(await asyncio.to_thread(_records, rows))
    rows, name, names = [], "", []
    async for portion in xlsx_process.read(data, sheet):
        rows += portion.rows
        name, names = portion.sheet, portion.sheets
        on_progress("read", len(rows), portion.of)
    try:
        records = await asyncio.to_thread(_records, rows)
    except DataError as error:
        raise DataError(f"Sheet {name[:80]!r}: {error}" if len(names) > 1 else str(error)) from None
    return TableFile(records, name, names)


def _records(rows: list[csv_table.Row]) -> list[Record]:
    """The lines by column, of a table of ours or of Shopify's."""
    if rows and is_shopify(rows[0][1]):
        return shopify_records(rows)
    return csv_table.records(rows)


def _text(data: bytes) -> str:
    text = csv_table.decoded(data)
    if text.lstrip()[:1] in ("[", "{"):
        raise DataError(NO_JSON)
    return text


async def plan_table(
    engine: Engine,
    records: list[Record],
    options: ImportOptions,
    on_progress: OnProgress,
    base: list[Record] | None = None,
) -> ImportPlan:
    """The changes that a table would make to the current stock. Raises DataError.

    `base` is the table as it was exported, where the file itself has no such information.
    """
    view, loop, count = engine.view, asyncio.get_running_loop(), len(records)
    stock = CurrentStock(
        dict(view.products),
        dict(view.items),
        dict(view.levels),
        view.revision,
        dict(view.locations),
        {sku: view.stock(sku) for sku in view.bundles.recipes},
        dict(view.bundles.sales),
    )
    reported = 0

    def progress(done: int) -> None:
        nonlocal reported
        if done - reported >= REPORT_EVERY:
            reported = done
            loop.call_soon_threadsafe(on_progress, "check", done, count)

    on_progress("check", 0, count)
    records = await asyncio.to_thread(with_known_keys, records, stock)
    shopify = None
    if records and is_shopify(records[0].cells):
        shopify = await asyncio.to_thread(read_shopify, records, stock, options.locations)
        records, base = shopify.records, shopify.base
    locations = RowLocations(stock, options.locations)
    records = [locations.resolved(record) for record in records]
    since = await asyncio.to_thread(marks_of, records, stock)
    changes = await stock_changes_since(engine.store, since, stock.revision)
    planner = Planner(stock, options, changes, base, progress=progress)
    plan = await asyncio.to_thread(planner.read, records)
    if shopify is not None:
        plan.notices.include(shopify.notices)
    on_progress("check", count, count)
    return plan
