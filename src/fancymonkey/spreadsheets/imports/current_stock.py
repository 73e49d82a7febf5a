"""The current state that an import is compared with."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from fancymonkey.core.bundles.sales import BundleSales
from fancymonkey.core.locations.accounts import is_for_sale
from fancymonkey.core.locations.locations import DEFAULT_LOCATION, Location, first_location
from fancymonkey.core.model import Item, Level, Product
from fancymonkey.core.stock.sku_stock import SkuStock
from fancymonkey.store.contract import StockSnapshot


@dataclass(frozen=True, slots=True)
class CurrentStock:
    """The current state: rows by their keys. Rows read from here are never changed.

    `bundles` are the computed stocks of bundles, `sales` the counts of their holds.
    """

    products: Mapping[str, Product]
    items: Mapping[str, Item]
    levels: Mapping[tuple[str, str], Level]
    revision: int
    locations: Mapping[str, Location] = field(
        default_factory=lambda: {DEFAULT_LOCATION: first_location()}
    )
    bundles: Mapping[str, SkuStock] = field(default_factory=dict)
    sales: Mapping[str, BundleSales] = field(default_factory=dict)
    _levels: dict[str, list[Level]] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        for level in self.levels.values():
            if is_for_sale(level.location):
                self._levels.setdefault(level.sku, []).append(level)

    @staticmethod
    def of(snapshot: StockSnapshot) -> "CurrentStock":
        """The rows of a store."""
        return CurrentStock(
            {row.product_id: row for row in snapshot.products},
            {row.sku: row for row in snapshot.items},
            {row.key: row for row in snapshot.levels},
            snapshot.revision,
            {row.location_id: row for row in (first_location(), *snapshot.locations)},
        )

    @property
    def has_several_locations(self) -> bool:
        """Whether more than one location is active."""
        return sum(row.active for row in self.locations.values()) > 1

    def levels_of(self, sku: str, location: str = "") -> Sequence[Level]:
        """The levels of units for sale, at one location or at all."""
        levels = self._levels.get(sku, [])
        return [level for level in levels if location in ("", level.location)]

    def on_hand(self, sku: str, location: str = "") -> int:
        """Units on hand at a location, or at all together, as an export has them."""
        return sum(level.on_hand for level in self.levels_of(sku, location))

    def elsewhere(self, sku: str) -> int:
        """The units at other locations than the default one."""
        return self.on_hand(sku) - self.on_hand(sku, DEFAULT_LOCATION)
