"""`fancymonkey export`: the stock as CSV."""

from pathlib import Path

import click

from fancymonkey.commands.common import data_option, opened, run, store_target
from fancymonkey.core.bulk import Stocked
from fancymonkey.engine import sheet
from fancymonkey.engine.clock import system_clock
from fancymonkey.engine.view import View
from fancymonkey.engine.words import counted
from fancymonkey.store.base import Store


@click.command()
@click.option(
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write to this file instead of the terminal.",
)
@data_option
def export(output: Path | None, data: str | None) -> None:
    """Print every size on sale as CSV: the numbers that the shop shows.

    Reads only, and works beside a running server. `fancymonkey import` takes the file back.
    """
    rows = run(_read(store_target(data)))
    # Bytes: no platform may change the line ends or the encoding.
    text = "".join(sheet.write(rows)).encode()
    if output is None:
        click.echo(text, nl=False)
        return
    output.write_bytes(text)
    click.echo(f"{counted(len(rows), 'size')} written to {output}.", err=True)


async def _read(target: str) -> list[Stocked]:
    async with opened(target, read_only=True) as store:
        return await shown(store)


async def shown(store: Store) -> list[Stocked]:
    """Every size on sale as the shop shows it now, in the owner's order."""
    view = View()
    view.reset(await store.snapshot())
    view.lapse(system_clock())
    return list(view.stocked())
