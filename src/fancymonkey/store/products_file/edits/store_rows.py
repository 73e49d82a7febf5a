"""The rows of the store that a comparison with products.json needs."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from fancymonkey.core.locations.accounts import is_for_sale
from fancymonkey.core.locations.locations import DEFAULT_LOCATION, Location, first_location
from fancymonkey.core.model import Item, Level, Product
from fancymonkey.core.state import Rows
from fancymonkey.store.products_file.fields.size_locations import LocationUnits, listed_levels
from fancymonkey.store.products_file.read import Described, Size


@dataclass(frozen=True, slots=True)
class StoreRows:
    """Products and locations by id, items by product and SKU, levels for sale by SKU."""

    products: Mapping[str, Product]
    items: Mapping[str, dict[str, Item]]
    levels: Mapping[str, list[Level]]
    locations: Mapping[str, Location] = field(default_factory=dict)

    @staticmethod
    def of(rows: Rows) -> "StoreRows":
        """The rows of a store. The default location is there also without a row."""
        items: dict[str, dict[str, Item]] = {}
        for item in rows[Item].values():
            items.setdefault(item.product_id, {})[item.sku] = item
        products: Mapping[str, Product] = rows[Product]  # type: ignore[assignment]
        locations = {row.location_id: row for row in (first_location(), *rows[Location].values())}
        return StoreRows(products, items, levels_by_sku(rows[Level].values()), locations)

    @property
    def is_new(self) -> bool:
        """Whether the store has neither products nor a described location."""
        return not self.products and self.locations.keys() <= {DEFAULT_LOCATION}

    def described(self) -> dict[str, Described]:
        """The products as a file of exactly these rows describes them."""
        return {
            id_: Described(
                product,
                tuple(
                    self._size(item)
                    for item in sorted(self.skus(id_).values(), key=lambda row: row.position)
                    if not item.archived
                ),
            )
            for id_, product in self.products.items()
            if not product.archived
        }

    def _size(self, item: Item) -> Size:
        listed = listed_levels(self.levels.get(item.sku, ()), self.closed)
        units = {row.location: LocationUnits(row.on_hand, row.reserved) for row in listed}
        return Size(item, sum(self.on_hand(item.sku).values()), locations=units)

    @property
    def closed(self) -> list[str]:
        """The ids of the closed locations."""
        return [id_ for id_, location in self.locations.items() if not location.active]

    def keys(self) -> dict[str, list[str]]:
        """The id of every product with its sizes, including archived ones."""
        return {id_: [item.size for item in self.skus(id_).values()] for id_ in self.products}

    def skus(self, product_id: str) -> dict[str, Item]:
        """All items of a product, including archived ones."""
        return self.items.get(product_id, {})

    def live_items(self, product_id: str) -> list[Item]:
        """The sizes of a product that are on sale."""
        product = self.products.get(product_id)
        if product is None or product.archived:
            return []
        return [item for item in self.skus(product_id).values() if not item.archived]

    def on_hand(self, sku: str) -> dict[str, int]:
        """Units on hand for sale, by location."""
        return {level.location: level.on_hand for level in self.levels.get(sku, ())}


def levels_by_sku(levels: Iterable[Level]) -> dict[str, list[Level]]:
    """The levels of units for sale, by SKU."""
    by_sku: dict[str, list[Level]] = {}
    for level in levels:
        if is_for_sale(level.location):
            by_sku.setdefault(level.sku, []).append(level)
    return by_sku
