"""A shop's sales by day, read from a file and divided into probable baskets.

The file is CSV (gzip where it ends in .gz) with the columns `sku, date, units, units_bulk, orders,
price`: pieces sold that day in small lines and in wholesale lines, and in how many orders.
"""

import csv
import gzip
import json
import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

SIZE = "one"
"""The shop knows no sizes: each product has this one."""

LINES_MAX = 5


@dataclass(slots=True)
class Day:
    """The sales of a date: units and orders by SKU."""

    date: str
    units: dict[str, int] = field(default_factory=dict)
    orders: dict[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class History:
    """All days in order, and each SKU's latest price as the file writes it."""

    days: list[Day]
    prices: dict[str, str]

    def sold(self) -> Counter[str]:
        """Units by SKU over all days."""
        units: Counter[str] = Counter()
        for day in self.days:
            units.update(day.units)
        return units

    def products_json(self) -> bytes:
        """The catalogue in the seed's format; nothing is in stock yet."""
        products = [
            {
                "id": sku,
                "name": f"Article {sku}",
                "category": f"range {sku[:2]}",
                "price": round(float(price), 2),  # the file has means of a day
                "sizes": {
                    SIZE: {
                        "skuId": f"sku_{sku}",
                        "priceId": f"price_{sku}",
                        "soldOut": False,
                        "stock": 0,
                        "reserved": 0,
                        "lowStockThreshold": 5,
                    }
                },
                "restockDate": None,
                "lastUpdated": "2010-12-01T00:00:00.000Z",
            }
            for sku, price in self.prices.items()
        ]
        return json.dumps(products, indent=2).encode()


def read(path: Path) -> History:
    """The file's sales; wholesale lines count like the others."""
    days: dict[str, Day] = {}
    prices: dict[str, str] = {}
    with gzip.open(path, "rt") if path.suffix == ".gz" else path.open() as file:
        for row in csv.DictReader(line for line in file if not line.startswith("#")):
            day = days.setdefault(row["date"], Day(row["date"]))
            units = int(row["units"]) + int(row["units_bulk"])
            if units < 1 or row["sku"] in day.units:
                raise ValueError(f"{row['date']} {row['sku']}: no units, or a second row")
            day.units[row["sku"]] = units
            day.orders[row["sku"]] = max(1, min(units, int(row["orders"])))
            prices[row["sku"]] = row["price"]
    return History([days[date] for date in sorted(days)], prices)


def baskets(day: Day, chance: random.Random) -> Iterator[dict[str, int]]:
    """The day's units as orders of one to five SKUs; together they have exactly the units of the
    day.
    """
    lines = [
        (sku, part)
        for sku, units in day.units.items()
        for part in _parts(units, day.orders[sku], chance)
    ]
    chance.shuffle(lines)
    basket: dict[str, int] = {}
    room = chance.randint(1, LINES_MAX)
    for sku, units in lines:
        if sku in basket or len(basket) == room:
            yield basket
            basket, room = {}, chance.randint(1, LINES_MAX)
        basket[sku] = units
    if basket:
        yield basket


def _parts(units: int, orders: int, chance: random.Random) -> list[int]:
    """The units of a day shared out among its orders, at least one each."""
    cuts = sorted(chance.sample(range(1, units), orders - 1))
    return [end - start for start, end in zip([0, *cuts], [*cuts, units], strict=True)]
