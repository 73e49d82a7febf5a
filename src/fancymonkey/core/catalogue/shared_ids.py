"""Ids of the payment provider that two products or two sizes share by mistake."""

from collections.abc import Iterable

from fancymonkey.core.model import Item


def shared_ids(items: Iterable[Item]) -> list[str]:
    """A sentence for each price id that two products have, and each SKU id that two sizes have.

    Sizes of one product may share a price. Items that are off sale do not count.
    """
    prices: dict[str, list[str]] = {}
    skus: dict[str, list[str]] = {}
    for item in items:
        if item.archived:
            continue
        if item.price_id:
            products = prices.setdefault(item.price_id, [])
            if item.product_id not in products:
                products.append(item.product_id)
        if item.sku_id:
            skus.setdefault(item.sku_id, []).append(item.sku)
    return [
        *(
            f"priceId {id_} is used by {_listed(products)}: a payment cannot show which one was "
            f"bought"
            for id_, products in prices.items()
            if len(products) > 1
        ),
        *(
            f"skuId {id_} is used by {_listed(sizes)}: each size needs its own id"
            for id_, sizes in skus.items()
            if len(sizes) > 1
        ),
    ]


def _listed(names: list[str]) -> str:
    return f"{', '.join(names[:-1])} and {names[-1]}"
