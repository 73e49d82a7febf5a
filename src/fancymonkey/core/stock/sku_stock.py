"""The stock of a SKU: the totals over all its locations."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from fancymonkey.core.immutable import dataclass
from fancymonkey.core.item_parts import SafetyStock
from fancymonkey.core.locations.accounts import StockState, is_for_sale, split_account
from fancymonkey.core.model import Level


@dataclass(frozen=True, slots=True)
class SkuStock:
    """The units of a SKU at several locations together, and the promised ones among them.

    `withheld` is the safety stock that the shop withholds, less the units that locations are short
    of: a location with missing units does not reduce the others. `damaged`, `quarantine`,
    `returned` and `in_transit` units are not for sale and not part of `on_hand`. `updated_at` is
    the time of the latest change at any location, in ms, or 0. A SKU without a level has no units.

    `bundles_unsold` is None except for a bundle: the number that could be sold if there were no
    holds.
    """

    sku: str
    on_hand: int = 0
    reserved: int = 0
    allocated: int = 0
    incoming: int = 0
    backordered: int = 0
    short: int = 0
    updated_at: int = 0
    withheld: int = 0
    damaged: int = 0
    quarantine: int = 0
    returned: int = 0
    in_transit: int = 0
    bundles_unsold: int | None = None

    @property
    def unsold(self) -> int:
        """The units that were not sold, including held ones."""
        if self.bundles_unsold is not None:
            return self.bundles_unsold
        return self.on_hand - self.allocated

    @property
    def available(self) -> int:
        """The units that can be sold now. Negative while the only location has too few units."""
        return self.on_hand - self.reserved - self.allocated - self.withheld

    @classmethod
    def of(
        cls, sku: str, levels: Iterable[Level], safety_stock: tuple[SafetyStock, ...] = ()
    ) -> "SkuStock":
        """The totals of these levels, one an account, less the units that are withheld."""
        on_hand = reserved = allocated = incoming = backordered = short = updated_at = 0
        locations = available = positive = 0
        states: dict[str, int] = {}
        for level in levels:
            updated_at = max(updated_at, level.updated_at)
            if not is_for_sale(level.location):
                state = split_account(level.location)[1]
                states[str(state)] = states.get(str(state), 0) + level.on_hand
                continue
            on_hand += level.on_hand
            reserved += level.reserved
            allocated += level.allocated
            incoming += level.incoming
            backordered += level.backordered
            short += level.short
            locations += 1
            free = level.available
            if safety_stock:
                free = offered(free, safety_at(safety_stock, level.location))
            available += free
            if free > 0:
                positive += free
        return cls(
            sku,
            on_hand,
            reserved,
            allocated,
            incoming,
            backordered,
            short,
            updated_at,
            on_hand - reserved - allocated - (available if locations == 1 else positive),
            **states,
        )


Totals = tuple[int, int, int]
"""The units of a SKU on hand, reserved and available."""


def totals(levels: Iterable[Level], safety_stock: tuple[SafetyStock, ...] = ()) -> Totals:
    """The same numbers as those of `SkuStock.of`, without the others: each reserve asks."""
    on_hand = reserved = locations = available = positive = 0
    for level in levels:
        if not is_for_sale(level.location):
            continue
        on_hand += level.on_hand
        reserved += level.reserved
        locations += 1
        free = level.on_hand - level.reserved - level.allocated
        if safety_stock:
            free = offered(free, safety_at(safety_stock, level.location))
        available += free
        if free > 0:
            positive += free
    return on_hand, reserved, available if locations == 1 else positive


def by_location(
    sku: str, levels: Iterable[Level], safety_stock: tuple[SafetyStock, ...] = ()
) -> dict[str, SkuStock]:
    """The stock of a SKU at each location that has, or had, units of it."""
    locations: dict[str, list[Level]] = {}
    for level in levels:
        locations.setdefault(split_account(level.location)[0], []).append(level)
    return {
        location: SkuStock.of(sku, there, safety_stock) for location, there in locations.items()
    }


def best_of(stock: SkuStock, locations: Sequence[SkuStock]) -> SkuStock:
    """The stock of several locations if buyers may have only the units of the best single one."""
    if len(locations) < 2:
        return stock
    best = max(0, *(there.available for there in locations))
    return replace(stock, withheld=stock.withheld + stock.available - best)


def safety_at(safety_stock: tuple[SafetyStock, ...], location: str) -> int:
    """The units of an item that the shop withholds at a location."""
    return sum(row.quantity for row in safety_stock if row.location == location)


def offered(available: int, safety: int) -> int:
    """The available units less the withheld ones, which never make the number negative."""
    return available if available <= 0 else max(0, available - safety)


assert {str(state) for state in StockState} <= set(SkuStock.__dataclass_fields__)
