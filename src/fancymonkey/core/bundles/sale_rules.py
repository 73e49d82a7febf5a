"""The rules of a bundle that refuse its sale: dates, and the most of an order and altogether."""

from fancymonkey.core.bundles.sales import sales_of
from fancymonkey.core.model import Item
from fancymonkey.core.outcomes import Code, Refused
from fancymonkey.core.state import State


def not_for_sale(state: State, item: Item, quantity: int, own: int) -> Refused | None:
    """Why the rules of a bundle refuse this quantity now, or None. The hold has `own` already."""
    bundle = item.bundle
    assert bundle is not None
    fault: dict[str, object] = {"sku": item.sku, "requested": quantity, "available": 0}
    if bundle.sold_from is not None and state.now < bundle.sold_from:
        return Refused(Code.SOLD_OUT, "The sale of this bundle has not begun.", [fault])
    if bundle.sold_until is not None and state.now >= bundle.sold_until:
        return Refused(Code.SOLD_OUT, "The sale of this bundle has ended.", [fault])
    if bundle.max_per_order is not None and quantity > bundle.max_per_order:
        return Refused(
            Code.HOLD_LIMIT,
            f"An order can have at most {bundle.max_per_order} of this bundle.",
            [{"sku": item.sku, "requested": quantity, "limit": bundle.max_per_order}],
        )
    if bundle.max_sold is None or quantity <= own:
        return None
    sales = sales_of(state, item.sku)
    left = max(0, bundle.max_sold - sales.sold - sales.held + own)
    if quantity <= left:
        return None
    return Refused(
        Code.INSUFFICIENT_STOCK,
        "Not enough of this bundle is left.",
        [fault | {"available": left}],
    )
