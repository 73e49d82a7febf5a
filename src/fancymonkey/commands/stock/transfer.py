"""`fancymonkey transfer`: transfers between locations, in a store or through its server."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import click

from fancymonkey.commands.ask_server import address, ask
from fancymonkey.commands.common import (
    choose_store,
    data_option,
    emit,
    json_option,
    run,
)
from fancymonkey.commands.stock.transfer_show import in_one_line, list_transfers, show
from fancymonkey.core.command import Command
from fancymonkey.core.model import Line, split_sku
from fancymonkey.core.transfers.edit import CreateTransfer, EditTransfer
from fancymonkey.core.transfers.finish import CancelTransfer, CloseTransfer
from fancymonkey.core.transfers.receive import ReceivedLine, ReceiveTransfer
from fancymonkey.core.transfers.send import SendTransfer
from fancymonkey.core.transfers.transfer import Missing
from fancymonkey.core.transfers.undo_receipt import UndoReceipt
from fancymonkey.engine.engine import Engine
from fancymonkey.errors import StoreLocked
from fancymonkey.services.container import opened_engine
from fancymonkey.services.locations.transfers import (
    day_or_time,
    new_transfer_id,
    run_transfer,
)
from fancymonkey.settings.settings import Settings

ACTOR = "shell"
PATH = "/api/admin/transfers"


class UnitsType(click.ParamType[tuple[str, int]]):
    """`PRODUCT/SIZE=QUANTITY`, as a SKU and a number."""

    name = "PRODUCT/SIZE=QUANTITY"

    def convert(self, value: Any, param: Any, ctx: Any) -> tuple[str, int]:
        """The SKU and the number of units. Fails for any other text."""
        sku, _, number = str(value).rpartition("=")
        if not all(split_sku(sku)) or not (number.isascii() and number.isdigit()):
            self.fail(f"{value} must be like prod_hoodie_001/M=10.", param, ctx)
        return sku, int(number[:12])


Units = tuple[tuple[str, int], ...]
units_option = click.option(
    "--line", "lines", type=UnitsType(), multiple=True, help="Units of a size; repeatable."
)
url_option = click.option(
    "--url", metavar="URL", help="URL of the running server. [the address of `serve`]"
)
reason_option = click.option("--reason", default="", help="Reason, for the ledger.")


def _options(command: Callable[..., Any]) -> Callable[..., Any]:
    for option in reversed((data_option, url_option, json_option)):
        command = option(command)
    return command


@dataclass(frozen=True)
class TransferStep:
    """A step of a transfer: as a request to a server, and as a command for the store itself."""

    path: str
    body: dict[str, Any]
    make: Callable[[Engine], Command]
    put: bool = False
    """Whether the request is a PUT."""


@click.group()
def transfer() -> None:
    """Plan, send and receive transfers between locations."""


transfer.add_command(list_transfers)
transfer.add_command(show)


@transfer.command()
@click.option("--from", "source", required=True, metavar="ID", help="Location that sends.")
@click.option("--to", "destination", required=True, metavar="ID", help="Location that receives.")
@units_option
@click.option("--expected", default="", metavar="DATE", help="Day when the units should arrive.")
@_options
def create(
    source: str,
    destination: str,
    lines: Units,
    expected: str,
    data: str | None,
    url: str | None,
    as_json: bool,
) -> None:
    """Plan a transfer; no unit moves yet."""
    expected_at = _expected_at(expected)
    body = {"from": source, "to": destination, "lines": _bodies(lines)}
    step = TransferStep(
        "",
        {**body, "expectedAt": expected or None},
        lambda engine: CreateTransfer(
            transfer_id=new_transfer_id(engine),
            from_location=source,
            to_location=destination,
            lines=_lines(lines),
            expected_at=expected_at,
            actor=ACTOR,
        ),
    )
    _do(step, data, url, as_json)


@transfer.command()
@click.argument("id")
@units_option
@click.option("--tracking", default=None, metavar="TEXT", help="Tracking number.")
@click.option("--expected", default=None, metavar="DATE", help="Day of arrival; empty: none.")
@click.option("--note", default=None, metavar="TEXT", help="Note for the receiver.")
@_options
def edit(
    id: str,
    lines: Units,
    tracking: str | None,
    expected: str | None,
    note: str | None,
    data: str | None,
    url: str | None,
    as_json: bool,
) -> None:
    """Change a planned transfer, or the date, tracking number and note of a sent one."""
    fields = {
        "lines": _bodies(lines) if lines else None,
        "trackingNumber": tracking,
        "expectedAt": expected,
        "note": note,
    }
    body = {"id": id, **{name: value for name, value in fields.items() if value is not None}}
    expected_at = 0 if expected == "" else _expected_at(expected)
    step = TransferStep(
        "",
        body,
        lambda engine: EditTransfer(
            transfer_id=id,
            lines=_lines(lines) if lines else None,
            tracking_number=tracking,
            expected_at=expected_at,
            note=note,
            actor=ACTOR,
        ),
        put=True,
    )
    _do(step, data, url, as_json)


@transfer.command()
@click.argument("id")
@click.option("--tracking", default=None, metavar="TEXT", help="Tracking number.")
@_options
def send(id: str, tracking: str | None, data: str | None, url: str | None, as_json: bool) -> None:
    """Send a planned transfer: its units leave."""
    step = TransferStep(
        "/send",
        {"id": id, "trackingNumber": tracking},
        lambda engine: SendTransfer(transfer_id=id, tracking_number=tracking, actor=ACTOR),
    )
    _do(step, data, url, as_json)


@transfer.command()
@click.argument("id")
@units_option
@click.option(
    "--rejected",
    type=UnitsType(),
    multiple=True,
    help="Units that arrived damaged; repeatable.",
)
@reason_option
@_options
def receive(
    id: str,
    lines: Units,
    rejected: Units,
    reason: str,
    data: str | None,
    url: str | None,
    as_json: bool,
) -> None:
    """Receive units of a transfer; more than were sent need a reason."""
    tolerance = Settings.load().stock.transfer_tolerance
    accepted = [{**row, "accepted": row.pop("quantity")} for row in _bodies(lines)]
    refused = [{**row, "rejected": row.pop("quantity")} for row in _bodies(rejected)]
    arrived = (
        *(ReceivedLine(sku, units) for sku, units in lines),
        *(ReceivedLine(sku, 0, units) for sku, units in rejected),
    )
    step = TransferStep(
        "/receive",
        {"id": id, "lines": [*accepted, *refused], "reason": reason},
        lambda engine: ReceiveTransfer(
            transfer_id=id, lines=arrived, reason=reason, tolerance=tolerance, actor=ACTOR
        ),
    )
    _do(step, data, url, as_json)


@transfer.command("undo-receipt")
@click.argument("id")
@_options
def undo_receipt(id: str, data: str | None, url: str | None, as_json: bool) -> None:
    """Put the units of the latest receipt back into transit."""
    step = TransferStep(
        "/undo-receipt", {"id": id}, lambda engine: UndoReceipt(transfer_id=id, actor=ACTOR)
    )
    _do(step, data, url, as_json)


@transfer.command()
@click.argument("id")
@click.option(
    "--outcome",
    type=click.Choice([str(outcome) for outcome in Missing]),
    required=True,
    help="Whereabouts of the units that did not arrive.",
)
@reason_option
@_options
def close(
    id: str, outcome: str, reason: str, data: str | None, url: str | None, as_json: bool
) -> None:
    """Close a transfer whose units did not all arrive."""
    step = TransferStep(
        "/close",
        {"id": id, "outcome": outcome, "reason": reason},
        lambda engine: CloseTransfer(
            transfer_id=id, outcome=Missing(outcome), reason=reason, actor=ACTOR
        ),
    )
    _do(step, data, url, as_json)


@transfer.command()
@click.argument("id")
@click.option(
    "--outcome",
    type=click.Choice([str(Missing.CAME_BACK), str(Missing.LOST)]),
    help="Whereabouts of units that have left.",
)
@reason_option
@_options
def cancel(
    id: str,
    outcome: str | None,
    reason: str,
    data: str | None,
    url: str | None,
    as_json: bool,
) -> None:
    """Cancel a transfer before its first receipt."""
    step = TransferStep(
        "/cancel",
        {"id": id, "outcome": outcome, "reason": reason},
        lambda engine: CancelTransfer(
            transfer_id=id,
            outcome=None if outcome is None else Missing(outcome),
            reason=reason,
            actor=ACTOR,
        ),
    )
    _do(step, data, url, as_json)


def _expected_at(text: str | None) -> int | None:
    """The time in ms of a day in the shop's zone; None without a text."""
    if not text:
        return None
    try:
        return day_or_time(text, Settings.load().schedule.time_zone)
    except (ValueError, OverflowError):
        raise click.BadParameter(f"{text} is not a valid date.") from None


def _lines(units: Units) -> tuple[Line, ...]:
    return tuple(Line(sku, quantity) for sku, quantity in units)


def _bodies(units: Iterable[tuple[str, int]]) -> list[dict[str, Any]]:
    rows = ((*split_sku(sku), quantity) for sku, quantity in units)
    return [{"productId": id_, "size": size, "quantity": units} for id_, size, units in rows]


def _do(step: TransferStep, data: str | None, url: str | None, as_json: bool) -> None:
    """Runs a step and prints the transfer afterwards."""
    choose_store(data)
    answer = run(_run(Settings.load(), step, url))
    if as_json:
        emit(answer)
    else:
        click.echo(in_one_line(answer["transfer"]))


async def _run(settings: Settings, step: TransferStep, url: str | None) -> dict[str, Any]:
    secret, path = settings.accounts.admin_password, PATH + step.path
    if url is not None:
        return await ask(settings, url, path, step.body, secret=secret, put=step.put)
    try:
        async with opened_engine(settings) as engine:
            return await run_transfer(engine, step.make(engine))
    except StoreLocked:
        at = address(settings)
        return await ask(settings, at, path, step.body, secret=secret, put=step.put)
