"""`fancymonkey transfer list` and `show`: they read the store, also while a server runs."""

from typing import Any

import click

from fancymonkey.commands.common import (
    choose_store,
    data_option,
    emit,
    json_option,
    opened,
    run,
)
from fancymonkey.core.transfers.transfer import Transfer
from fancymonkey.engine.engine import Engine
from fancymonkey.errors import DataError
from fancymonkey.services.locations.transfers import CHOICES, find_transfers, listed_json
from fancymonkey.settings.settings import Settings
from fancymonkey.text import counted

PARTS = {
    "sent": "sent",
    "accepted": "accepted",
    "rejected": "rejected",
    "inTransit": "on the way",
    "cameBack": "back at the source",
    "lost": "lost",
    "found": "found",
}
"""The units of a line, by field, in words."""


@click.command("list")
@click.option(
    "--status",
    type=click.Choice(list(CHOICES)),
    default="open",
    show_default=True,
    help="Only transfers in this state.",
)
@click.option("--location", metavar="ID", help="Only transfers from or to this location.")
@data_option
@json_option
def list_transfers(status: str, location: str | None, data: str | None, as_json: bool) -> None:
    """List transfers, the newest first."""
    choose_store(data)
    rows = run(_list(Settings.load(), status, location))
    if as_json:
        emit({"transfers": rows})
        return
    for row in rows:
        late = f"  {counted(row['overdueDays'], 'day')} overdue" if row["overdueDays"] else ""
        click.echo(in_one_line(row) + late)


async def _list(settings: Settings, status: str, location: str | None) -> list[dict[str, Any]]:
    async with opened(settings.target, read_only=True) as store:
        engine = Engine(store)
        engine.zone = settings.schedule.time_zone
        engine.view.reset(await store.snapshot())
        return [
            listed_json(engine, row)
            async for row in find_transfers(engine, status, [location] if location else [])
        ]


@click.command()
@click.argument("id")
@data_option
@json_option
def show(id: str, data: str | None, as_json: bool) -> None:
    """Show a transfer, by its id or number, with its lines and receipts.

    Reads only, and works while a server is running.
    """
    choose_store(data)
    row = run(_find(Settings.load(), id))
    if as_json:
        emit({"transfer": row})
    else:
        click.echo("\n".join(_in_words(row)))


async def _find(settings: Settings, name: str) -> dict[str, Any]:
    async with opened(settings.target, read_only=True) as store:
        engine = Engine(store)
        engine.zone = settings.schedule.time_zone
        engine.view.reset(await store.snapshot())
        async for transfer in store.scan(Transfer):
            if name in (transfer.transfer_id, str(transfer.number)):
                return listed_json(engine, transfer)
    raise DataError(f"There is no transfer {name}.")


def _in_words(row: dict[str, Any]) -> list[str]:
    status = row["status"].replace("_", " ")
    lines = [f"Transfer {row['number']}: {row['fromName']} → {row['toName']}, {status}"]
    facts = {
        "id": row["id"],
        "expected": row["expectedAt"],
        "overdue": counted(row["overdueDays"], "day") if row["overdueDays"] else None,
        "tracking": row["trackingNumber"],
        "note": row["note"],
    }
    lines += [f"  {name:<10}{value}" for name, value in facts.items() if value]
    for line in row["lines"]:
        parts = [f"{line[field]} {word}" for field, word in PARTS.items() if line.get(field)]
        which = f"{line['productId']}/{line['size']}"
        lines.append(f"  {which}: {', '.join([str(line['quantity']) + ' planned', *parts])}")
    for receipt in row["receipts"]:
        undone = ", undone" if receipt["undone"] else ""
        which = f"{receipt['productId']}/{receipt['size']}"
        units = f"{receipt['accepted']} accepted, {receipt['rejected']} rejected"
        lines.append(f"  receipt {receipt['number']} at {receipt['at']}: {which} {units}{undone}")
    return lines


def in_one_line(row: dict[str, Any]) -> str:
    """A transfer with its number, status, way and units."""
    units = sum(line["quantity"] for line in row["lines"])
    way = f"{row['from']} → {row['to']}"
    return f"{row['id']}  {row['number']:>5}  {row['status']:<16}{way}  {counted(units, 'unit')}"
