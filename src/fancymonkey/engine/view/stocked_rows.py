"""The rows of a shop's stock, in the owner's order."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator

from fancymonkey.core.model import Item, Product
from fancymonkey.core.stock.sku_stock import SkuStock
from fancymonkey.core.stock.status import StockRow


class StockedRows(ABC):
    """A catalogue with its stock, as rows."""

    products: dict[str, Product]
    items: dict[str, Item]
    sizes: dict[str, list[str]]
    order: list[str]

    @abstractmethod
    def stock(self, sku: str) -> SkuStock:
        """The totals over the SKU's locations."""

    def stocked(self, product_ids: Iterable[str] | None = None) -> Iterator[StockRow]:
        """Every size on sale of these products, or of all, in the owner's order."""
        for id_ in self.order if product_ids is None else product_ids:
            product = self.products.get(id_)
            if product is None or product.archived:
                continue
            for sku in self.sizes[id_]:
                item = self.items[sku]
                if not item.archived:
                    yield StockRow(product, item, self.stock(sku))
