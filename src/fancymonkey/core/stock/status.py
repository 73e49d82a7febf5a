"""The status of a SKU, in one word, and the only definition of low stock."""

from fancymonkey.core.immutable import dataclass
from fancymonkey.core.model import Item, Product
from fancymonkey.core.stock.sku_stock import SkuStock


@dataclass(frozen=True, slots=True)
class StockRow:
    """A SKU with everything that a filter may look at."""

    product: Product
    item: Item
    stock: SkuStock


def at_threshold(available: int, threshold: int) -> bool:
    """Whether no more than the threshold is available; a threshold of 0 is never reached."""
    return threshold > 0 and available <= threshold


def is_low(item: Item, stock: SkuStock) -> bool:
    """Low stock: units are available, but no more than the threshold."""
    return stock.available > 0 and at_threshold(stock.available, item.low_stock_threshold)


def status_of(row: StockRow) -> str:
    """The status of a SKU: the first that fits."""
    if row.item.archived or row.product.archived:
        return "archived"
    if row.item.sold_out:
        return "sold_out"
    if row.stock.backordered:
        return "backordered"
    if row.stock.available <= 0:
        return "out"
    return "low" if is_low(row.item, row.stock) else "in_stock"


STATUSES = ("in_stock", "low", "out", "sold_out", "backordered", "archived")
"""Every status."""
