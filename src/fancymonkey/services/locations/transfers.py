"""Transfers as the endpoints and the command line show them: names, times, value and ageing."""

from collections.abc import AsyncIterator, Collection
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from fancymonkey.core.command import Command
from fancymonkey.core.model import split_sku
from fancymonkey.core.outcomes import Refused
from fancymonkey.core.transfers.answers import TransferChanged, as_json
from fancymonkey.core.transfers.transfer import OPEN, Transfer, TransferStatus
from fancymonkey.engine.engine import Engine
from fancymonkey.engine.queries.transfers import overdue_days, value_in_transit
from fancymonkey.services.changes.change_runner import ChangeRefused, new_change_id
from fancymonkey.timestamps import in_ms, iso

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
    others = {key: value for key, value in row.items() if key != "sku"}
    return {"productId": product_id, "size": size, "name": name, **others}


@dataclass(slots=True)
class OverdueTransfers:
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
    choice: str,
    locations: Collection[str] = (),
    after: str = "",
) -> AsyncIterator[Transfer]:
    """Yields the transfers that a filter chooses, the newest first; empty `locations` mean all."""
    statuses: Collection[TransferStatus] = CHOICES[choice]
    now = engine.clock()
    async for transfer in engine.store.scan(Transfer, after):
        if transfer.status not in statuses:
            continue
        if locations and not {transfer.from_location, transfer.to_location} & set(locations):
            continue
        if choice != "overdue" or transfer.is_overdue(now):
            yield transfer


async def overdue_transfers(engine: Engine, locations: Collection[str] = ()) -> OverdueTransfers:
    """The numbers of all overdue transfers, or of those from or to some locations."""
    overdue = OverdueTransfers()
    async for transfer in find_transfers(engine, "overdue", locations):
        overdue.add(engine, transfer)
    return overdue


async def run_transfer(engine: Engine, command: Command) -> dict[str, Any]:
    """Runs a command of transfers; returns the transfer afterwards, and the revision.

    Raises ChangeRefused.
    """
    answer = await engine.submit(command)
    if isinstance(answer, Refused):
        detail = answer.detail
        if isinstance(detail, dict) and "transfer" in detail:
            shown = {**detail, "transfer": transfer_json(engine, detail["transfer"])}
            answer = replace(answer, detail=shown)
        raise ChangeRefused(answer)
    changed: TransferChanged = answer.data
    transfer = transfer_json(engine, changed.transfer)
    return {"success": True, "transfer": transfer, "revision": changed.revision}


def day_or_time(text: str, zone: ZoneInfo) -> int:
    """A time in ms: of a day its end in this zone. Raises ValueError, OverflowError."""
    at = in_ms(text)
    if len(text) > len("2026-01-31") or at < 0:
        return at
    day = datetime.fromtimestamp(at // 1000, UTC).date()
    return int(datetime.combine(day, time(23, 59, 59), zone).timestamp()) * 1000 + 999
