"""Parts of answers that several rules give: an unknown SKU, and the stock of one."""

from collections.abc import Iterable
from operator import add
from typing import Any, NamedTuple

from fancymonkey.core.answers import CommandAnswer
from fancymonkey.core.immutable import dataclass
from fancymonkey.core.locations.locations import first_location
from fancymonkey.core.model import Allocation, Item
from fancymonkey.core.outcomes import Code, Refused
from fancymonkey.core.state import State
from fancymonkey.core.stock.sku_stock import SkuStock, by_location


def unknown_item(state: State, sku: str) -> Refused | None:
    """The refusal of a SKU that is not on sale, or None."""
    item = state.get(Item, sku)
    if item is None or item.archived:
        return Refused(Code.UNKNOWN_ITEM, "No such product or size.", [{"sku": sku}])
    return None


def unmovable_item(state: State, sku: str) -> Refused | None:
    """The refusal of a SKU that does not exist, or None. It may be off sale."""
    if state.get(Item, sku) is None:
        return Refused(Code.UNKNOWN_ITEM, "No such product or size.", [{"sku": sku}])
    return None


def bundle_without_stock(state: State, sku: str) -> Refused | None:
    """The refusal of a change of the stock of a bundle without pre-built units, or None."""
    item = state.get(Item, sku)
    if item is None or item.bundle is None or any(row.on_hand for row in state.levels_of(sku)):
        return None
    return Refused(
        Code.IS_BUNDLE,
        "This is a bundle: its stock follows from its parts. Change theirs, or assemble it.",
        {"sku": sku},
    )


MovedLine = tuple[str, int, int, int, int]
"""The units of a SKU that were moved, and its stock then: SKU, quantity, on hand, reserved,
available."""


def moved_lines(state: State, moved: Iterable[Allocation]) -> tuple[MovedLine, ...]:
    """The moved units, one row for each SKU."""
    rows: list[MovedLine] = []
    for units in moved:
        level = state.level(units.sku, units.location)
        rows.append((units.sku, units.quantity, level.on_hand, level.reserved, level.available))
    return tuple(one_for_each_sku(rows))


def one_for_each_sku(rows: list[MovedLine]) -> list[MovedLine]:
    """The rows with those of one SKU, of several locations, added up."""
    if len({row[0] for row in rows}) == len(rows):
        return rows
    sums: dict[str, MovedLine] = {}
    for sku, *numbers in rows:
        before = sums.get(sku, (sku, 0, 0, 0, 0))
        sums[sku] = (sku, *map(add, before[1:], numbers))
    return list(sums.values())


class StockAtLocation(NamedTuple):
    """The units of a SKU at a location."""

    location: str
    stock: int
    reserved: int
    available: int


@dataclass(frozen=True, slots=True)
class StockAnswer(CommandAnswer):
    """The stock of a SKU over its locations, with its settings, at a revision.

    `locations` has each location, unless all units are at the first one.
    """

    sku: str
    on_hand: int
    reserved: int
    available: int
    backordered: int
    short: int
    low_stock_threshold: int
    sold_out: bool
    revision: int
    locations: tuple[StockAtLocation, ...] = ()

    def stored(self) -> dict[str, Any]:
        """The answer as JSON for an `Outcome`."""
        return {
            "sku": self.sku,
            "onHand": self.on_hand,
            "reserved": self.reserved,
            "available": self.available,
            "backordered": self.backordered,
            "short": self.short,
            "lowStockThreshold": self.low_stock_threshold,
            "soldOut": self.sold_out,
            "revision": self.revision,
            **({"locations": [list(row) for row in self.locations]} if self.locations else {}),
        }

    @classmethod
    def restored(cls, value: dict[str, Any]) -> "StockAnswer":
        """The answer of a stored one. Raises KeyError for another kind of answer."""
        return cls(
            value["sku"],
            value["onHand"],
            value["reserved"],
            value["available"],
            value["backordered"],
            value["short"],
            value["lowStockThreshold"],
            value["soldOut"],
            value["revision"],
            tuple(StockAtLocation(*row) for row in value.get("locations", ())),
        )


def stock_of(state: State, sku: str) -> StockAnswer:
    """The stock of a SKU over its locations."""
    item = state.get(Item, sku)
    assert item is not None
    levels = state.levels_of(sku)
    stock = SkuStock.of(sku, levels, item.safety_stock)
    several = len(levels) > 1 or (levels and levels[0].location != first_location().key)
    locations = by_location(sku, levels, item.safety_stock) if several else {}
    return StockAnswer(
        sku,
        stock.on_hand,
        stock.reserved,
        stock.available,
        stock.backordered,
        stock.short,
        item.low_stock_threshold,
        item.sold_out,
        state.revision,
        tuple(
            StockAtLocation(location, there.on_hand, there.reserved, there.available)
            for location, there in locations.items()
        ),
    )
