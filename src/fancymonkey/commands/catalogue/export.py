"""`fancymonkey export`: writes the stock as CSV or XLSX."""

from collections.abc import Sequence
from pathlib import Path

import click

from fancymonkey.commands.common import data_option, opened, run, store_target
from fancymonkey.core.stock.status import StockRow
from fancymonkey.engine.clock import system_clock
from fancymonkey.engine.view.view import View
from fancymonkey.spreadsheets.table import csv_table, xlsx
from fancymonkey.spreadsheets.table.columns import KINDS, columns_with
from fancymonkey.spreadsheets.table.location_rows import location_rows
from fancymonkey.store.contract import Store
from fancymonkey.store.products_file.edits.likely_location import likely_location
from fancymonkey.text import counted

ENDINGS = {".xlsx": "xlsx", ".csv": "csv", ".txt": "csv", "": "csv"}


@click.command()
@click.option(
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write to this file instead of the terminal.",
)
@click.option(
    "--format",
    "format_",
    type=click.Choice(["csv", "xlsx"]),
    help="CSV or XLSX. [from the ending of FILE]",
)
@click.option("--location", metavar="ID", help="Only the stock at this location.")
@click.option("--locations", is_flag=True, help="One row for each size and location.")
@data_option
def export(
    output: Path | None,
    format_: str | None,
    location: str | None,
    locations: bool,
    data: str | None,
) -> None:
    """Print every size on sale as CSV, with the numbers that the shop shows.

    Reads only, and works while a server is running. `fancymonkey import` reads the file back. With
    several locations the numbers are totals, unless --location or --locations asks for a column
    `location`. A FILE that ends in .xlsx becomes a spreadsheet, in which ids and sizes stay the
    texts that they are.
    """
    if format_ is None:
        format_ = "csv" if output is None else ENDINGS.get(output.suffix.lower())
        if format_ is None:
            raise click.UsageError(f"{output} ends in neither .csv nor .xlsx: add --format.")
    revision, rows = run(_read(store_target(data), location, locations))
    by_location, bundles = locations or location is not None, any(row.item.bundle for row in rows)
    names = columns_with(locations=by_location, bundles=bundles)
    if format_ == "xlsx":
        kinds = [KINDS.get(name, "text") for name in names]
        cells = (csv_table.texts_of(row, names, revision) for row in rows)
        made = xlsx.write(names, kinds, cells)
    else:
        # Bytes, so that no platform changes line ends or encoding. Spreadsheet programs need the
        # byte order mark to detect UTF-8 in a file; programs that read a pipe do not.
        mark = "" if output is None else csv_table.BOM
        made = (mark + "".join(csv_table.write(rows, names, revision))).encode()
    if output is None:
        click.echo(made, nl=False)
        return
    output.write_bytes(made)
    what = "row" if by_location else "size"
    click.echo(f"{counted(len(rows), what)} written to {output}.", err=True)


async def _read(
    target: str, location: str | None, locations: bool
) -> tuple[int, Sequence[StockRow]]:
    async with opened(target, read_only=True) as store:
        view = await _current(store)
    rows = list(view.stocked())
    if location is None and not locations:
        return view.revision, rows
    if location is not None and location not in view.locations:
        near = likely_location(location, view.locations.values())
        likely = f" Probably {near} is meant." if near else ""
        raise click.UsageError(f"There is no location {location}.{likely}")
    return view.revision, list(location_rows(view, rows, location))


async def shown(store: Store) -> tuple[int, list[StockRow]]:
    """Returns the revision and the current row of every size on sale, in the owner's order."""
    view = await _current(store)
    return view.revision, list(view.stocked())


async def _current(store: Store) -> View:
    view = View()
    view.reset(await store.snapshot())
    view.stop_counting_due(system_clock())
    return view
