"""`fancymonkey order`: lists, shows, ships, moves, cancels and takes back orders."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import click

from fancymonkey.commands.ask_server import address, ask
from fancymonkey.commands.common import choose_store, data_option, emit, json_option, run
from fancymonkey.commands.numbers import WholeNumber
from fancymonkey.commands.sales.order_json import PATH, order_json, url_option
from fancymonkey.commands.sales.order_papers import packing_slip, pick_list
from fancymonkey.core.command import Command
from fancymonkey.core.locations.accounts import StockState
from fancymonkey.core.model import Line
from fancymonkey.core.orders.cancel import CancelOrderLine, ReturnOrder
from fancymonkey.core.orders.rows import Order, OrderStatus
from fancymonkey.core.orders.ship import MoveOrderAllocation, ShipOrder
from fancymonkey.core.orders.unship import CancelShipment
from fancymonkey.core.outcomes import Refused
from fancymonkey.errors import ConfigError, StoreLocked
from fancymonkey.services.container import Services, opened_services
from fancymonkey.services.sales.orders import OrderFilter
from fancymonkey.settings.settings import Settings

ACTOR = "shell"
STATES = ("for_sale", *(str(state) for state in StockState if state is not StockState.IN_TRANSIT))
line_option = click.option(
    "--line",
    "sizes",
    metavar="PRODUCT/SIZE=N",
    multiple=True,
    help="Units of a size; several times for several. [all units]",
)
reason_option = click.option("--reason", default="", help="Reason, shown in the history.")


@click.group()
def order() -> None:
    """List orders, show one, ship it or take it back.

    If a running server uses the store, it is asked over HTTP with ADMIN_PASSWORD.
    """


order.add_command(pick_list)
order.add_command(packing_slip)


@order.command("list")
@data_option
@url_option
@click.option("--status", type=click.Choice([str(status) for status in OrderStatus]))
@click.option("--location", metavar="ID", help="Only orders with units to ship there.")
@click.option("--search", default="", help="Words of a number, product, payment or buyer.")
@click.option("--limit", type=WholeNumber(1, 1000), default=100, show_default=True)
@json_option
def list_orders(
    data: str | None,
    url: str | None,
    status: str | None,
    location: str | None,
    search: str,
    limit: int,
    as_json: bool,
) -> None:
    """List orders, the newest first."""
    choose_store(data)
    wanted = OrderFilter(None if status is None else OrderStatus(status), location, search, True)
    query = {"status": status, "location": location, "q": search, "limit": limit}
    path = f"{PATH}?{urlencode({name: value for name, value in query.items() if value})}"

    async def here(services: Services) -> list[dict[str, Any]]:
        rows, _ = await services.orders.page(wanted, limit)
        return [await order_json(services, row) for row in rows]

    rows = run(_local_or_asked(url, here, path, None, "orders"))
    if as_json:
        emit({"orders": rows})
        return
    for row in rows:
        units = sum(line["quantity"] for line in row["lines"])
        buyer = (row["buyer"] or {}).get("name", "")
        click.echo(
            f"#{row['number']:<7}{row['status']:<16}{row['orderedAt'][:16]}  {units:>4}  {buyer}"
        )


@order.command()
@click.argument("name", metavar="ORDER")
@data_option
@url_option
@json_option
def show(name: str, data: str | None, url: str | None, as_json: bool) -> None:
    """Show an order by its number, its id or the id of its payment."""
    choose_store(data)

    async def here(services: Services) -> list[dict[str, Any]]:
        order = await services.orders.by_name(name)
        return [] if order is None else [await order_json(services, order)]

    rows = run(_local_or_asked(url, here, f"{PATH}?{urlencode({'id': name})}", None, "orders"))
    if not rows:
        raise ConfigError("This order does not exist.")
    _print(rows[0], as_json)


@order.command()
@click.argument("name", metavar="ORDER")
@data_option
@url_option
@line_option
@click.option("--location", metavar="ID", help="The location that they leave. [their own]")
@click.option("--carrier", default="")
@click.option("--tracking", default="", help="Tracking number of the parcel.")
@json_option
def ship(
    name: str,
    data: str | None,
    url: str | None,
    sizes: tuple[str, ...],
    location: str | None,
    carrier: str,
    tracking: str,
    as_json: bool,
) -> None:
    """Record that units have left, all of them or some."""
    values = {"location": location, "carrier": carrier, "tracking_number": tracking}
    _print(_changed(data, url, name, sizes, "ship", ShipOrder, values), as_json)


@order.command()
@click.argument("name", metavar="ORDER")
@click.argument("shipment", type=WholeNumber(1), metavar="SHIPMENT")
@data_option
@url_option
@reason_option
@json_option
def unship(
    name: str, shipment: int, data: str | None, url: str | None, reason: str, as_json: bool
) -> None:
    """Cancel a shipment that was recorded by mistake, by its number in the order."""
    values = {"shipment": shipment, "reason": reason}
    _print(_changed(data, url, name, (), "unship", CancelShipment, values), as_json)


@order.command()
@click.argument("name", metavar="ORDER")
@click.argument("to", metavar="LOCATION")
@data_option
@url_option
@line_option
@reason_option
@json_option
def move(
    name: str,
    to: str,
    data: str | None,
    url: str | None,
    sizes: tuple[str, ...],
    reason: str,
    as_json: bool,
) -> None:
    """Let another location ship units of an order."""
    values = {"location": None, "to": to, "reason": reason}
    _print(_changed(data, url, name, sizes, "move", MoveOrderAllocation, values), as_json)


@order.command()
@click.argument("name", metavar="ORDER")
@data_option
@url_option
@line_option
@reason_option
@json_option
def cancel(
    name: str,
    data: str | None,
    url: str | None,
    sizes: tuple[str, ...],
    reason: str,
    as_json: bool,
) -> None:
    """Cancel units before they ship. It refunds nothing."""
    values = {"location": None, "reason": reason}
    _print(_changed(data, url, name, sizes, "cancel", CancelOrderLine, values), as_json)


@order.command("return")
@click.argument("name", metavar="ORDER")
@data_option
@url_option
@line_option
@click.option("--location", metavar="ID", help="The location that has them now. [their own]")
@click.option("--state", type=click.Choice(STATES), default="for_sale", show_default=True)
@reason_option
@json_option
def take_back(
    name: str,
    data: str | None,
    url: str | None,
    sizes: tuple[str, ...],
    location: str | None,
    state: str,
    reason: str,
    as_json: bool,
) -> None:
    """Take back units that have left, each at most once."""
    values = {"location": location, "state": state, "reason": reason}
    _print(_changed(data, url, name, sizes, "return", ReturnOrder, values), as_json)


def _changed(
    data: str | None,
    url: str | None,
    name: str,
    sizes: tuple[str, ...],
    action: str,
    kind: type[Command],
    values: dict[str, Any],
) -> dict[str, Any]:
    """Runs a command about an order here, or on the running server; returns the order after it."""
    choose_store(data)
    lines = tuple(map(_line, sizes))
    camel = {"tracking_number": "trackingNumber"}
    body: dict[str, Any] = {camel.get(key, key): value for key, value in values.items()}
    body["id"] = name
    if kind is not CancelShipment:  # it means a whole shipment
        body["lines"] = [
            dict(zip(("productId", "size"), line.sku.split("/", 1), strict=True))
            | {"quantity": line.quantity}
            for line in lines
        ]
    if "state" in values:
        state = values["state"]
        values = {**values, "state": None if state == "for_sale" else StockState(state)}

    async def here(services: Services) -> dict[str, Any]:
        order = await services.orders.by_name(name)
        if order is None:
            raise ConfigError("This order does not exist.")
        make: Any = kind
        command = make(order_id=order.order_id, lines=lines, actor=ACTOR, **values)
        answer = await services.engine.submit(command)
        if isinstance(answer, Refused):
            raise ConfigError(answer.message)
        after = await services.engine.store.find(Order, order.order_id)
        return await order_json(services, after or order)

    result: dict[str, Any] = run(_local_or_asked(url, here, f"{PATH}/{action}", body, "order"))
    return result


async def _local_or_asked(
    url: str | None,
    here: Callable[[Services], Any],
    path: str,
    body: dict[str, Any] | None,
    field: str,
) -> Any:
    """The result of `here`, or this field of the server's answer where a server has the store."""
    settings = Settings.load()
    if url is None:
        try:
            async with opened_services(settings) as services:
                return await here(services)
        except StoreLocked:
            url = address(settings)
    secret = settings.accounts.admin_password
    answer = await ask(settings, url, path, body, secret=secret, get=body is None)
    return answer[field]


def _line(text: str) -> Line:
    sku, _, number = text.rpartition("=")
    valid = number.isascii() and number.isdigit() and len(number) < 10 and int(number) > 0
    if not valid or not 0 < sku.find("/") < len(sku) - 1:
        raise ConfigError("--line needs the form PRODUCT/SIZE=N, such as prod_hoodie_001/M=2.")
    return Line(sku, int(number))


def _print(row: dict[str, Any], as_json: bool) -> None:
    if as_json:
        emit({"order": row})
        return
    click.echo(f"Order #{row['number']}  {row['status']}  {row['orderedAt']}")
    for units in row["allocations"]:
        done = [
            f"{units[word]} {word}"
            for word in ("open", "shipped", "cancelled", "returned", "backordered")
            if units[word]
        ]
        which = f"{units['productId']}/{units['size']}"
        click.echo(f"  {units['quantity']} × {which} at {units['location']}: {', '.join(done)}")
    for parcel in row["shipments"]:
        words = f"{parcel['carrier']} {parcel['trackingNumber']}".strip() or "no tracking number"
        click.echo(f"  parcel {parcel['number']} from {parcel['location']}: {words}")
    refund = row["refund"]
    if refund is not None and (refund["due"] or refund["refunded"]):
        currency = row["currency"].upper()
        click.echo(f"  refunded {refund['refunded']} {currency}, due {refund['due']} {currency}")
    for step in row["history"]:
        click.echo(
            f"  {step['at']}  {step['action']}: {step['text']} ({step['actor'] or 'system'})"
        )
