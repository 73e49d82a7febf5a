"""`fancymonkey export`: writes the stock as CSV or XLSX."""

from pathlib import Path

import click

from fancymonkey.commands.common import data_option, opened, run, store_target
from fancymonkey.core.stock.status import StockRow
from fancymonkey.engine.clock import system_clock
from fancymonkey.engine.view import View
from fancymonkey.spreadsheets import csv_table, xlsx
from fancymonkey.spreadsheets.columns import COLUMNS, KINDS
from fancymonkey.store.contract import Store
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
@data_option
def export(output: Path | None, format_: str | None, data: str | None) -> None:
    """Print every size on sale as CSV, with the numbers that the shop shows.

    Reads only, and works while a server is running. `fancymonkey import` reads the file back. A
    FILE
    that ends in .xlsx becomes a spreadsheet, in which ids and sizes stay the texts that they are.
    """
    if format_ is None:
        format_ = "csv" if output is None else ENDINGS.get(output.suffix.lower())
        if format_ is None:
            raise click.UsageError(f"{output} ends in neither .csv nor .xlsx: add --format.")
    revision, rows = run(_read(store_target(data)))
    if format_ == "xlsx":
        kinds = [KINDS.get(name, "text") for name in COLUMNS]
        cells = (csv_table.texts_of(row, COLUMNS, revision) for row in rows)
        made = xlsx.write(COLUMNS, kinds, cells)
    else:
        # Bytes, so that no platform changes line ends or encoding. Spreadsheet programs need the
        # byte order mark to detect UTF-8 in a file; programs that read a pipe do not.
        mark = "" if output is None else csv_table.BOM
        made = (mark + "".join(csv_table.write(rows, COLUMNS, revision))).encode()
    if output is None:
        click.echo(made, nl=False)
        return
    output.write_bytes(made)
    click.echo(f"{counted(len(rows), 'size')} written to {output}.", err=True)


async def _read(target: str) -> tuple[int, list[StockRow]]:
    async with opened(target, read_only=True) as store:
        return await shown(store)


async def shown(store: Store) -> tuple[int, list[StockRow]]:
    """Returns the revision and the current row of every size on sale, in the owner's order."""
    view = View()
    view.reset(await store.snapshot())
    view.stop_counting_due(system_clock())
    return view.revision, list(view.stocked())
