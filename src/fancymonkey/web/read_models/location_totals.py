"""The stock of each location in a few numbers, for the overview."""

import asyncio
from decimal import Decimal

from typing_extensions import TypedDict

from fancymonkey.core.stock.status import StockRow, status_of
from fancymonkey.engine.view.view import View

PAUSE = 200
"""Sizes between two pauses for other tasks."""


class LocationTotals(TypedDict):
    """The stock of a location: units, sizes that are low or out there, and the value."""

    location: str
    name: str
    units: int
    reserved: int
    available: int
    low: int
    out: int
    value: Decimal


async def stock_of_locations(view: View) -> list[LocationTotals]:
    """The numbers of every open location, in the order of priority.

    A size counts as low or out where it has, or had, units. A bundle counts with its pre-built
    units, and not as low or out: those are the words for all that could be sold.
    """
    totals: dict[str, LocationTotals] = {
        id_: {
            "location": id_,
            "name": location.name,
            "units": 0,
            "reserved": 0,
            "available": 0,
            "low": 0,
            "out": 0,
            "value": Decimal(0),
        }
        for id_, location in view.locations.items()
        if location.active
    }
    for number, item in enumerate(list(view.items.values())):
        product = view.products.get(item.product_id)
        if product is None or product.archived or item.archived:
            continue
        for id_, stock in view.stock_by_location(item.sku).items():
            total = totals.get(id_)
            if total is None:
                continue
            status = "" if item.bundle else status_of(StockRow(product, item, stock))
            total["units"] += stock.on_hand
            total["reserved"] += stock.reserved
            total["available"] += stock.available
            total["low"] += status == "low"
            total["out"] += status in ("out", "sold_out")
            total["value"] += stock.on_hand * (product.price or Decimal(0))
        if not number % PAUSE:
            await asyncio.sleep(0)
    return list(totals.values())
