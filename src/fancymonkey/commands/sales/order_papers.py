"""`fancymonkey order pick-list` and `packing-slip`: on the terminal, or as a PDF file."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import click

from fancymonkey.commands.ask_server import address, ask
from fancymonkey.commands.common import choose_store, data_option, emit, json_option, run
from fancymonkey.commands.sales.order_json import PATH, order_json, url_option
from fancymonkey.errors import ConfigError, StoreLocked
from fancymonkey.pdf.papers import PickList, Slip
from fancymonkey.services.container import Services, opened_services
from fancymonkey.services.sales.order_papers import (
    PAPER_ORDERS_MAX,
    as_pdf,
    packing_slips,
    pick_lists,
)
from fancymonkey.settings.settings import Settings
from fancymonkey.text import counted

OrderJson = dict[str, Any]

names_argument = click.argument("names", metavar="[ORDER]...", nargs=-1)
location_option = click.option("--location", metavar="ID", help="Only the units at this location.")
pdf_option = click.option(
    "--pdf",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write a PDF file instead of text.",
)
paper_option = click.option(
    "--paper", type=click.Choice(["a4", "letter"]), default="a4", show_default=True
)


@click.command("pick-list")
@names_argument
@location_option
@pdf_option
@paper_option
@data_option
@url_option
@json_option
def pick_list(
    names: tuple[str, ...],
    location: str | None,
    pdf: Path | None,
    paper: str,
    data: str | None,
    url: str | None,
    as_json: bool,
) -> None:
    """Print the units to take from each location, for all orders together.

    Without an ORDER it means the earliest orders to ship, 200 at most.
    """
    choose_store(data)
    lists = pick_lists(run(_orders(Settings.load(), url, names, location)), location)
    if as_json:
        emit({"pickLists": [_pick_list_out(row) for row in lists]})
    else:
        _show(lists, _pick_list_in_words(lists), pdf, paper)


@click.command("packing-slip")
@names_argument
@location_option
@pdf_option
@paper_option
@data_option
@url_option
@json_option
def packing_slip(
    names: tuple[str, ...],
    location: str | None,
    pdf: Path | None,
    paper: str,
    data: str | None,
    url: str | None,
    as_json: bool,
) -> None:
    """Print a packing slip for each parcel, with the address of the buyer.

    Without an ORDER it means the earliest orders to ship, 200 at most. The slip of an order that
    was shipped shows its shipments.
    """
    choose_store(data)
    settings = Settings.load()
    orders = run(_orders(settings, url, names, location))
    slips = packing_slips(orders, settings.schedule.time_zone, location)
    if as_json:
        emit({"packingSlips": [_slip_out(row) for row in slips]})
    else:
        _show(slips, _slips_in_words(slips), pdf, paper)


def _show(
    papers: Sequence[PickList] | Sequence[Slip], lines: Iterator[str], pdf: Path | None, paper: str
) -> None:
    """Prints the lines, or writes the PDF file. Raises ConfigError without any paper."""
    if not papers:
        raise ConfigError("No unit of these orders is ready to be shipped.")
    if pdf is None:
        click.echo("\n".join(lines))
        return
    body, replaced = as_pdf(papers, paper)
    pdf.write_bytes(body)
    click.echo(f"{pdf} is written.", err=True)
    if replaced:
        click.echo(
            f"The font lacks {counted(replaced, 'character')}: the file has □ in their places.",
            err=True,
        )


def _pick_list_out(row: PickList) -> dict[str, Any]:
    return {
        "title": row.title,
        "rows": [
            {"units": pick.units, "product": pick.product, "sku": pick.sku, "orders": pick.orders}
            for pick in row.rows
        ],
    }


def _slip_out(slip: Slip) -> dict[str, Any]:
    return {
        "number": slip.number,
        "orderedOn": slip.ordered_on,
        "sender": slip.sender,
        "recipient": slip.recipient,
        "rows": [
            {"units": row.units, "product": row.product, "sku": row.sku, "note": row.note}
            for row in slip.rows
        ],
        "remarks": slip.remarks,
    }


def _pick_list_in_words(lists: Sequence[PickList]) -> Iterator[str]:
    for row in lists:
        yield row.title
        for pick in row.rows:
            yield f"  {pick.units:>4} × {pick.product}  {pick.sku}  {pick.orders}"


def _slips_in_words(slips: Sequence[Slip]) -> Iterator[str]:
    for slip in slips:
        yield f"Packing slip, order #{slip.number}, ordered on {slip.ordered_on}"
        yield from (f"  {text}" for text in slip.recipient)
        for row in slip.rows:
            note = f" ({row.note})" if row.note else ""
            yield f"  {row.units:>4} × {row.product}{note}  {row.sku}"
        yield from (f"  {text}" for text in slip.remarks)


async def _orders(
    settings: Settings, url: str | None, names: Sequence[str], location: str | None
) -> list[OrderJson]:
    """The orders of these names, or those to ship, from the store or the server that has it."""
    if len(names) > PAPER_ORDERS_MAX:
        raise ConfigError(f"Name at most {PAPER_ORDERS_MAX} orders.")
    if url is None:
        try:
            async with opened_services(settings) as services:
                return await _orders_here(services, names, location)
        except StoreLocked:
            url = address(settings)
    return await _orders_asked(settings, url, names, location)


async def _orders_here(
    services: Services, names: Sequence[str], location: str | None
) -> list[OrderJson]:
    if not names:
        rows = await services.orders.to_ship(location, (), PAPER_ORDERS_MAX)
        return [await order_json(services, row) for row in rows]
    orders: list[OrderJson] = []
    for name in names:
        order = await services.orders.by_name(name)
        if order is None:
            raise ConfigError(f"There is no order {name}.")
        orders.append(await order_json(services, order))
    return _once(orders)


async def _orders_asked(
    settings: Settings, url: str, names: Sequence[str], location: str | None
) -> list[OrderJson]:
    orders: list[OrderJson] = []
    queries: list[dict[str, Any]] = [{"id": name} for name in names]
    if not names:
        place = {"location": location} if location else {}
        open_states = ("to_ship", "partly_shipped")
        queries = [{"status": status, "limit": 1000, **place} for status in open_states]
    for query in queries:
        path = f"{PATH}?{urlencode(query)}"
        secret = settings.accounts.admin_password
        answer = await ask(settings, url, path, secret=secret, get=True)
        if not answer["orders"] and "id" in query:
            raise ConfigError(f"There is no order {query['id']}.")
        orders += answer["orders"]
    if names:
        return _once(orders)
    return sorted(orders, key=lambda order: order["number"])[:PAPER_ORDERS_MAX]


def _once(orders: Sequence[OrderJson]) -> list[OrderJson]:
    """The orders without repetitions."""
    return list({order["id"]: order for order in orders}.values())
