"""Transfers as the endpoints and the command line show them: names, times, value and ageing."""

from collections.abc import AsyncIterator, Collection
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from fancymonkey.core.model import split_sku
from fancymonkey.core.transfers.answers import as_json
from fancymonkey.core.transfers.transfer import OPEN, Transfer, TransferStatus
from fancymonkey.engine.engine import Engine
from fancymonkey.services.change_runner import new_change_id
from fancymonkey.timestamps import iso, local_day

TIMES = ("expectedAt", "createdAt", "sentAt", "endedAt", "updatedAt")

CHOICES: dict[str, tuple[TransferStatus, ...]] = {
    **{str(status): (status,) for status in TransferStatus},
    "open": OPEN,
    "overdue": OPEN,
    "all": tuple(TransferStatus),
}
"""The states that each value of the filter chooses; `overdue` also looks at the date."""


def new_transfer_id(engine: Engine) -> str:
    """An id that sorts before those of earlier transfers."""
    return f"tr_{new_change_id(engine).removeprefix('act_')}"


def overdue_days(engine: Engine, transfer: Transfer) -> int:
    """The days since units should have arrived; 0 if they are not overdue. Days of the shop."""
    now = engine.clock()
    if transfer.expected_at is None or not transfer.is_overdue(now):
        return 0
    days = local_day(now, engine.zone) - local_day(transfer.expected_at, engine.zone)
    return max(1, days.days)


def value_in_transit(engine: Engine, transfer: Transfer) -> Decimal:
    """The units on the way at the prices of today; a product without a price counts as nothing."""
    value = Decimal(0)
    for line in transfer.lines:
        product = engine.view.products.get(split_sku(line.sku)[0])
        if product is not None and product.price is not None:
            value += product.price * line.in_transit
    return value


def transfer_json(engine: Engine, data: dict[str, Any]) -> dict[str, Any]:
    """A transfer of an answer of the core with product names and times as text."""
    times = {name: None if data[name] is None else iso(data[name]) for name in TIMES}
    receipts = [
        {**_spelled(engine, receipt), "at": iso(receipt["at"])} for receipt in data["receipts"]
    ]
    lines = [_spelled(engine, line) for line in data["lines"]]
    return {**data, **times, "lines": lines, "receipts": receipts}


def listed_json(engine: Engine, transfer: Transfer) -> dict[str, Any]:
    """A transfer of a list: also the days that it is overdue, and the value on the way."""
    return {
        **transfer_json(engine, as_json(transfer)),
        "overdueDays": overdue_days(engine, transfer),
        "inTransit": transfer.in_transit,
        "value": value_in_transit(engine, transfer),
    }


def _spelled(engine: Engine, row: dict[str, Any]) -> dict[str, Any]:
    product_id, size = split_sku(row["sku"])
    product = engine.view.products.get(product_id)
    name = product.name if product is not None and product.name else product_id
    rest = {key: value for key, value in row.items() if key != "sku"}
    return {"productId": product_id, "size": size, "name": name, **rest}


@dataclass(slots=True)
class Overdue:
    """The overdue transfers: how many, for how many days at most, their units and their value."""

    transfers: int = 0
    days: int = 0
    units: int = 0
    value: Decimal = Decimal(0)

    def add(self, engine: Engine, transfer: Transfer) -> None:
        """Counts a transfer if it is overdue."""
        days = overdue_days(engine, transfer)
        if days:
            self.transfers += 1
            self.days = max(self.days, days)
            self.units += transfer.in_transit
            self.value += value_in_transit(engine, transfer)

    def as_json(self) -> dict[str, Any]:
        """The numbers as answers have them."""
        return {
            "transfers": self.transfers,
            "days": self.days,
            "units": self.units,
            "value": self.value,
        }


async def find_transfers(
    engine: Engine,
    choice: str = "open",
    location: str | None = None,
    after: str = "",
) -> AsyncIterator[Transfer]:
    """Yields the transfers that a filter chooses, the newest first."""
    statuses: Collection[TransferStatus] = CHOICES[choice]
    now = engine.clock()
    async for transfer in engine.store.scan(Transfer, after):
        if transfer.status not in statuses:
            continue
        if location not in (None, transfer.from_location, transfer.to_location):
            continue
        if choice != "overdue" or transfer.is_overdue(now):
            yield transfer


async def overdue_transfers(engine: Engine, location: str | None = None) -> Overdue:
    """The numbers of all overdue transfers, or of those from or to a location."""
    overdue = Overdue()
    async for transfer in find_transfers(engine, "overdue", location):
        overdue.add(engine, transfer)
    return overdue
